/*
 * create_internal.h - what the two halves of a create share: create.c (who waits, receipts, the
 * entity itself) and create_claims.c (taking what must be unique).
 */
#ifndef ENTITIES_CREATE_INTERNAL_H
#define ENTITIES_CREATE_INTERNAL_H

#include "claims.h"
#include "create.h"

#define CREATE_GIVE_UP_MS 20000 /* well before its claims count as orphans */
#define CREATE_RETRY_MS   50
#define CREATE_ARENA      32768

struct create {
    struct list node;
    struct parked parked;
    struct local *local;
    struct collection *collection;
    struct keys *keys; /* the entity, its claims, the receipt's document */
    size_t claim_count, taken;
    hearth_receipt receipt;
    bool has_receipt, running, late;
    bool counted; /* it is among those that max_entities allows */
    uint32_t max_entities;
    bool doubtful;    /* a write of it may have been applied */
    bool owner_there; /* who holds the claim that it wants is in storage */
    int64_t receipt_ttl_ms;
    void *state; /* until it belongs to the entity */
    size_t state_size;
    uint64_t started_ms;
    uint32_t failures;
    void (*again)(struct create *create); /* what `retry` does */
    hearth_timer *deadline, *retry;
    void (*done)(hearth_status status, const hearth_create_result *result, void *arg);
    void *arg;
    size_t body_len;
    char body[]; /* the envelope */
};

static inline const hearth_key *create_key(const struct create *create)
{
    return &create->keys->items[0];
}

static inline const hearth_key *create_receipt_key(const struct create *create)
{
    return &create->keys->items[1 + create->claim_count];
}

static inline const hearth_key *create_claim(const struct create *create, size_t index)
{
    return &create->keys->items[1 + index];
}

/* It is news: counts what there is, then takes the claims. */
void create_begin(struct create *create);
/* Takes the claims from create->taken on, then goes on with create_write. */
void create_take_claims(struct create *create);
/* Writes the entity and its receipt. */
void create_write(struct create *create);
/* Answers as the create that left this receipt was answered. */
void create_replay(struct create *create, hearth_str receipt);
/* Gives back what was taken, including a claim whose answer was lost; nobody waits for it. */
void create_give_back(struct create *create);
/* Tries again later, or false when it is too late for that. */
bool create_again(struct create *create, void (*again)(struct create *create));
/* The end. `result` may be NULL. */
void create_finish(struct create *create, hearth_status status, const hearth_create_result *result);
/* The end with an outcome that has no entity. */
void create_end(struct create *create, hearth_create_outcome outcome, size_t claim);

#endif
