/*
 * claims.h - documents that stand for something unique (a name, an id) and name the entity that
 * holds it.
 */
#ifndef ENTITIES_CLAIMS_H
#define ENTITIES_CLAIMS_H

#include "entity.h"

#define CLAIM_ORPHAN_MS 60000 /* seen for so long without its entity, a claim is free again */

/* Keys with their strings behind them, in one block. */
struct keys {
    size_t count;
    hearth_key items[];
};

/* Copies of keys that lie `stride` bytes apart; NULL: out of memory. */
struct keys *keys_copy(const hearth_key *first, size_t count, size_t stride);

/* The body of a claim; in the arena, {NULL, 0} when that is full. */
hearth_str claim_body(const struct shared *shared, hearth_arena *arena, const hearth_key *owner,
                      int64_t at_ms);
/* What a claim's body says; the strings live in the arena. */
bool claim_parse(const struct shared *shared, hearth_arena *arena, hearth_str body,
                 hearth_key *owner, int64_t *at_ms);

/* Gives a claim back if it is still the owner's. `done`: false, storage has to be asked again. */
void claim_release(struct local *local, const hearth_key *claim, const hearth_key *owner,
                   void (*done)(bool ok, void *arg), void *arg);

hearth_status service_claimant(hearth_ctx *ctx, const hearth_key *claim,
                               void (*done)(hearth_status status, const hearth_key *entity,
                                            void *arg),
                               void *arg);
/* Forgets, on every loop, who holds these. */
void claimants_forget(struct local *local, const struct keys *claims);
void claimants_finish(struct local *local);

#endif
