/*
 * entities.h - hearth.entities/1: cached, versioned state of users, written behind and never lost
 * within its class, once for every plugin that has any.
 *
 * The first argument of every function is the provider's ctx: host->provider(ctx,
 * HEARTH_ENTITIES_ID). An entity belongs to a user: key.partition is the user's id, and every call
 * is made on that user's home loop (hearth_loop_api.home). What is passed is copied before the call
 * returns.
 *
 * A function whose callback may come at once says so: it answers HEARTH_OK when the callback has
 * run before it returned (the state was in memory), HEARTH_DEFERRED when it will run later, and a
 * negative status when it will not run at all. A handler therefore defers its request on
 * HEARTH_DEFERRED only.
 */
#ifndef HEARTH_SERVICE_ENTITIES_H
#define HEARTH_SERVICE_ENTITIES_H

#include <hearth/service/storage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_ENTITIES_ID "hearth.entities/1"

/* When a commit is acknowledged. */
typedef enum hearth_durability {
    HEARTH_MEMORY = 0,  /* the cache has it; survives nothing */
    HEARTH_JOURNAL = 1, /* fsynced in the local journal; survives kill -9, power loss, reboot */
    HEARTH_DURABLE = 2  /* storage has confirmed it; survives the loss of the machine */
} hearth_durability;

/* An entity as everybody may see it. Valid during the callback that shows it; read only. */
typedef struct hearth_entity {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_key key;
    uint64_t version;         /* 1 after the create, + 1 by each commit */
    uint64_t durable_version; /* the newest version that storage has confirmed */
    void *state; /* the collection's own form of it, made by decode or given to commit */
} hearth_entity;

/* Remembers that a request was applied: a digest of what names it and one of its body. */
typedef struct hearth_receipt {
    uint8_t key[16];
    uint8_t body[16];
} hearth_receipt;

/* The next state of an entity, in both of its forms. */
typedef struct hearth_entity_next {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_str body; /* JSON object, of the collection's body_version; copied */
    void *state;     /* taken: released by the collection's release when it is replaced, evicted or
                        refused, on any outcome of the call */
    size_t state_size;             /* bytes that it holds, for the memory ceiling */
    const hearth_receipt *receipt; /* stored with the state, in the same commit; or NULL */
} hearth_entity_next;

/* How a collection's bodies become states. Defined in start, on every loop. */
typedef struct hearth_collection {
    uint32_t struct_size;
    uint32_t body_version; /* >= 1; a stored body with a newer one is refused and kept as it is */
    const char *name;
    void *owner; /* passed to the functions below */
    /* Makes the state of a body of this body_version. Any negative status: the body is refused, the
     * load fails with EINTERNAL, storage keeps what it has. [loop] */
    hearth_status (*decode)(void *owner, const hearth_key *key, uint64_t version, hearth_str body,
                            void **state, size_t *state_size);
    /* Frees a state; NULL is not passed. [loop] */
    void (*release)(void *owner, void *state);
    /* Turns a body of an older version into one of version + 1; called repeatedly. May be NULL
     * while body_version is 1. Allocates the result in the arena. [loop] */
    hearth_status (*upgrade)(void *owner, uint32_t from, hearth_str body, hearth_arena *arena,
                             hearth_str *out);
} hearth_collection;

/* A document that must not exist yet, taken for an entity when it is created and given back when it
 * is deleted: a unique name, or the index from an id to its user. Its body is the entity's key. */
typedef struct hearth_claim {
    hearth_key key;
} hearth_claim;

typedef struct hearth_entity_create {
    uint32_t struct_size;
    uint32_t claim_count;
    hearth_key key;
    const hearth_claim *claims; /* taken in this order */
    hearth_entity_next next;    /* its receipt is kept for receipt_ttl_ms, apart from the entity */
    int64_t receipt_ttl_ms;
    /* Appended. CREATE_FULL when the partition has that many of the collection; 0: any number. In
     * mode shared creates through several processes at the same moment may go past it. */
    uint32_t max_entities;
    uint32_t reserved;
} hearth_entity_create;

typedef enum hearth_create_outcome {
    HEARTH_CREATED = 0,
    HEARTH_CREATE_REPLAYED = 1, /* the receipt is known: `entity` is what it made then, or NULL if
                                   that is gone */
    HEARTH_CREATE_MISMATCH = 2, /* the receipt's key is known with another body */
    HEARTH_CREATE_CLAIMED = 3,  /* claim number `claim` belongs to another entity */
    HEARTH_CREATE_FULL = 4      /* there are max_entities already */
} hearth_create_outcome;

typedef struct hearth_create_result {
    uint32_t struct_size;
    hearth_create_outcome outcome;
    const hearth_entity *entity;
    size_t claim;
} hearth_create_result;

/* status: OK; ENOTFOUND; EUNAVAILABLE (storage away and not cached, backlog full, journal refused:
 * nothing changed); ETIMEOUT (a durable write whose outcome is not known yet: it stands, or in
 * mode shared may have been made); ECONFLICT (commit and remove in mode shared: another process
 * was ahead and nothing changed; ask for a turn again, which shows what it made); EINTERNAL (a
 * body that cannot be read). entity is NULL unless OK. */
typedef void (*hearth_entity_fn)(hearth_status status, const hearth_entity *entity, void *arg);

typedef struct hearth_entities {
    uint32_t struct_size;
    uint32_t reserved;

    /* Declares a collection on this loop; once, in start. ECONFLICT: the name is taken. [loop] */
    hearth_status (*define)(hearth_ctx *ctx, const hearth_collection *collection) HEARTH_MUST_CHECK;

    /* The visible state, for reading. May call back at once. Concurrent loads share one read.
     * [loop] */
    hearth_status (*load)(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done,
                          void *arg) HEARTH_MUST_CHECK;

    /* All entities of one partition of a collection, in order of sort. May call back at once.
     * status as of load. [loop] */
    hearth_status (*list)(hearth_ctx *ctx, hearth_str collection, hearth_str partition,
                          void (*done)(hearth_status status, const hearth_entity *const *entities,
                                       size_t count, void *arg),
                          void *arg) HEARTH_MUST_CHECK;

    /* The state for changing: calls back when no commit of this entity is on its way, in order of
     * asking, and the turn lasts until that callback returns, or, if it committed or removed, until
     * that has its outcome. May call back at once. [loop] */
    hearth_status (*turn)(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done,
                          void *arg) HEARTH_MUST_CHECK;

    /* Inside the callback of turn: the same key with the same or another body was applied before?
     * NULL, or the receipt as it was stored. An entity remembers its newest 32. [loop] */
    const hearth_receipt *(*receipt)(hearth_ctx *ctx, const hearth_entity *entity,
                                     const uint8_t key[16]);

    /* Inside the callback of turn, once: the next state, version + 1. It becomes visible when its
     * class is reached (MEMORY: at once); done runs then, may run at once, with the new state.
     * DURABLE past deadline_ms (0: none): ETIMEOUT, and the change stands. [loop] */
    hearth_status (*commit)(hearth_ctx *ctx, const hearth_entity *entity,
                            const hearth_entity_next *next, hearth_durability durability,
                            uint32_t deadline_ms, hearth_entity_fn done,
                            void *arg) HEARTH_MUST_CHECK;

    /* A new entity, always DURABLE. status as of load; `result` is NULL unless OK. Creates with the
     * same receipt key wait for each other. deadline_ms as of commit. [loop] */
    hearth_status (*create)(hearth_ctx *ctx, const hearth_entity_create *create,
                            uint32_t deadline_ms,
                            void (*done)(hearth_status status, const hearth_create_result *result,
                                         void *arg),
                            void *arg) HEARTH_MUST_CHECK;

    /* Inside the callback of turn, instead of commit: deletes it and gives `claims` back, always
     * DURABLE. entity is NULL in done. [loop] */
    hearth_status (*remove)(hearth_ctx *ctx, const hearth_entity *entity,
                            const hearth_claim *claims, size_t claim_count, uint32_t deadline_ms,
                            hearth_entity_fn done, void *arg) HEARTH_MUST_CHECK;

    /* Who holds a claim: the key of its entity, ENOTFOUND if nobody. Claims never change hands
     * while held, so answers are cached. Any loop. May call back at once. [loop] */
    hearth_status (*claimant)(hearth_ctx *ctx, const hearth_key *claim,
                              void (*done)(hearth_status status, const hearth_key *entity,
                                           void *arg),
                              void *arg) HEARTH_MUST_CHECK;

    /* Flushes what is dirty of this partition, then forgets it. Done when nothing of it is cached,
     * or at the first failure to flush (EUNAVAILABLE; it stays cached and dirty). done may be NULL.
     * [loop] */
    hearth_status (*evict)(hearth_ctx *ctx, hearth_str partition,
                           void (*done)(hearth_status status, void *arg),
                           void *arg) HEARTH_MUST_CHECK;
} hearth_entities;

static inline const hearth_entities *hearth_entities_get(hearth_ctx *ctx)
{
    return (const hearth_entities *)ctx->host->get(ctx, HEARTH_ENTITIES_ID,
                                                   sizeof(hearth_entities));
}

#ifdef __cplusplus
}
#endif
#endif
