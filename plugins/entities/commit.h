/*
 * commit.h - a change on its way to its class, and what it does when it gets there.
 */
#ifndef ENTITIES_COMMIT_H
#define ENTITIES_COMMIT_H

#include "entity.h"

struct direct;

/* The next state, not visible to anybody yet. */
struct commit {
    struct change *change; /* while the journal has it */
    struct direct *direct; /* mode shared */
    void *state;
    size_t state_size;
    struct receipts *receipts;
    uint64_t version;
    hearth_durability durability;
    bool journaled;
    bool late; /* its deadline has passed */
    hearth_timer *timer;
    struct local *local;
    struct entity *entity;
    hearth_entity_fn done;
    void *arg;
};

hearth_status service_commit(hearth_ctx *ctx, const hearth_entity *entity,
                             const hearth_entity_next *next, hearth_durability durability,
                             uint32_t deadline_ms, hearth_entity_fn done, void *arg);
const hearth_receipt *service_receipt(hearth_ctx *ctx, const hearth_entity *entity,
                                      const uint8_t key[16]);

/* Inside a turn: a state whose envelope is known, from a dead letter, in class JOURNAL. */
hearth_status commit_letter(struct local *local, const hearth_entity *entity, hearth_str body,
                            hearth_entity_fn done, void *arg);

/* Storage has confirmed a version: ends a durable commit that waits for it. */
void commit_confirmed(struct local *local, struct entity *entity);
/* A write of this entity has its answer: a removal or a durable commit may have waited for it. */
void commit_landed(struct local *local, struct entity *entity);
/* Ends the commit: its state becomes visible, or is dropped. */
void commit_finish(struct local *local, struct entity *entity, hearth_status status, bool visible);

/* A version with its envelope; its journal entry is filled but for state and done. */
struct change *change_create(struct local *local, struct entity *entity, uint64_t version,
                             uint32_t body_version, hearth_str state,
                             const struct receipts *receipts, hearth_str writes);
/* Hands the entry of a change to the journal. */
void change_append(struct local *local, struct change *change, enum row_state state,
                   void (*done)(hearth_ctx *ctx, struct journal_entry *entry));
/* First thing in each of those `done`s. */
void change_appended(struct local *local, struct journal_entry *entry);

/* EUNAVAILABLE when nothing may be changed now: the lease is gone, the backlog full. */
hearth_status commit_allowed(struct local *local);

#endif
