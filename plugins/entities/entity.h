/*
 * entity.h - one live entity: what everybody may see, what is on its way to storage, and who waits
 * for it. Everything here belongs to one loop.
 */
#ifndef ENTITIES_ENTITY_H
#define ENTITIES_ENTITY_H

#include "plugin.h"

#define RECEIPTS    32
#define WRITES      8 /* of mode shared: the newest changes that a document names */
#define NONCE_SIZE  16
#define WRITES_SIZE (WRITES * NONCE_SIZE)

struct collection {
    struct list node;
    uint32_t index; /* bit of struct partition's `complete` */
    hearth_collection def;
    char name[];
};

/* A user: who is cached, and which collections are cached completely. */
struct partition {
    struct table_node node;
    struct list entities;
    uint64_t complete; /* bit per collection */
    hearth_str name;
    char bytes[];
};

/* The newest ones, oldest first. */
struct receipts {
    size_t count;
    hearth_receipt items[];
};

/* A version that is on its way: to the journal, to storage, or to the dead letters. */
struct change {
    struct journal_entry entry; /* its key is the entity's */
    struct entity *entity;
    uint64_t version;
    uint64_t start;    /* number of the start that made it: part of the write id */
    uint64_t acked_ns; /* 0: acknowledged in a former life */
    hearth_str body;   /* the envelope; lies behind this struct */
    char bytes[];
};

/* Whoever waits for an entity to be loaded, or for its turn. */
struct waiter {
    struct list node;
    bool turn;
    hearth_entity_fn done;
    void *arg;
};

/* A dead letter on its way to the journal. */
struct burial {
    struct change *change;
    bool conflict, found; /* storage's document counts instead, and there is one */
    uint64_t version;     /* of that document */
    hearth_str body;
    char bytes[];
};

struct commit;
struct remove;

struct entity {
    struct table_node node;
    struct list lru; /* alone: pinned */
    struct list of_partition;
    struct list dirty_node;
    struct partition *partition;
    struct collection *collection;
    hearth_entity view; /* state NULL: not loaded, or not decoded yet */
    size_t size;        /* of struct, key, receipts and state, for the ceiling */
    size_t state_size;
    struct receipts *receipts;
    char *writes;   /* mode shared: as in the envelope; or NULL */
    uint64_t print; /* of the document that storage has, if a cache is asked; 0: not known */

    struct change *dirty;      /* newest version for storage */
    struct change *flying;     /* the one that a write is under way for; may be `dirty` */
    uint64_t row, row_version; /* newest row of the journal; 0: none */
    uint64_t confirmed;        /* local->confirmations when storage last confirmed a change */
    uint64_t retry_at_ms;
    uint16_t attempts, failures;

    uint32_t pins;
    bool loading;
    bool removed;          /* gone for everybody; the struct lives on until its work is done */
    bool turn;             /* somebody's turn */
    bool turn_open;        /* its callback runs now: commit and remove are allowed */
    bool turn_used;        /* it has been called in this turn */
    bool dead;             /* `dirty` is a dead letter: not written until revived */
    struct burial *burial; /* a dead letter of it is on its way to the journal */
    struct commit *commit; /* of the present turn */
    struct remove *remove;
    struct list waiters; /* for the load */
    struct list turns;
    char bytes[];
};

/* ---- cache.c ---- */

struct collection *collection_find(struct local *local, hearth_str name);

struct entity *entity_find(struct local *local, const hearth_key *key);
/* When an entity of this partition, or of one that shares its slot, left memory with a change that
 * storage had confirmed: what was read before shows it as it was. In local->confirmations. */
uint64_t partition_departed(struct local *local, hearth_str partition);
/* Nothing in memory shows the change any more that storage has confirmed. */
void entity_departs(struct local *local, const struct entity *entity);
/* A new one in the table, pinned by nothing. NULL: out of memory. */
struct entity *entity_create(struct local *local, struct collection *collection,
                             const hearth_key *key);
/* Decides after every change of what holds an entity: frees what is gone, queues what is clean for
 * eviction, and keeps below the ceiling. */
void entity_settle(struct local *local, struct entity *entity);
void entity_pin(struct local *local, struct entity *entity);
void entity_unpin(struct local *local, struct entity *entity);
/* Most recently used. */
void entity_touch(struct local *local, struct entity *entity);
/* Makes a state visible and releases the one before it. Takes state and receipts. */
void entity_show(struct local *local, struct entity *entity, uint64_t version, void *state,
                 size_t state_size, struct receipts *receipts);
/* Forgets the state: the next load reads it again. */
void entity_forget(struct local *local, struct entity *entity);
bool entity_visible(const struct entity *entity);
bool entity_idle(const struct entity *entity);                /* nothing holds it */
void entity_gone(struct local *local, struct entity *entity); /* removed is true from now on */
void entity_free(struct local *local, struct entity *entity);
/* One of nobody's but the caller's: in no table, ended by entity_free. NULL: out of memory. */
struct entity *entity_alone(struct local *local, struct collection *collection,
                            const hearth_key *key);

struct partition *partition_find(struct local *local, hearth_str name);
void cache_shrink(struct local *local);
/* Drops everything that is clean: somebody else may have written meanwhile. */
void cache_drop(struct local *local);

/* ---- envelope.c ---- */

/* What a stored document says. Strings are parts of the body. */
struct envelope {
    uint32_t body_version;
    hearth_str receipts; /* hex */
    hearth_str writes;   /* nonces of the newest changes of mode shared, the newest last */
    hearth_str state;
};

bool envelope_open(hearth_str body, struct envelope *out);
size_t envelope_size(hearth_str state, const struct receipts *receipts, hearth_str writes);
/* Writes it into at least envelope_size bytes; the length. */
size_t envelope_write(char *out, uint32_t body_version, hearth_str state,
                      const struct receipts *receipts, hearth_str writes);
/* NULL with *ok for none. */
struct receipts *receipts_parse(hearth_str hex, bool *ok);
/* A copy with one more, without the oldest past 32. NULL: out of memory. */
struct receipts *receipts_with(const struct receipts *old, const hearth_receipt *more);

/* A stored body, turned into a state of the collection's present version. */
struct decoded {
    void *state; /* the caller's to show or release */
    size_t size;
    struct receipts *receipts; /* the caller's */
    hearth_str body;           /* of the present version; valid until decoded_free */
    hearth_arena *arena;
};

hearth_status decode_body(struct local *local, struct entity *entity, uint64_t version,
                          hearth_str body, struct decoded *out);
/* Frees what an upgrade needed; state and receipts stay. */
void decoded_free(struct local *local, struct decoded *decoded);

/* Makes the visible state of an entity from a document's body, upgrading it. */
hearth_status entity_decode(struct local *local, struct entity *entity, uint64_t version,
                            hearth_str body);

/* ---- load.c ---- */

hearth_status service_load(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done,
                           void *arg);
hearth_status service_turn(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done,
                           void *arg);
/* Gives turns to those who wait, until one keeps it. */
void turns_run(struct local *local, struct entity *entity);
/* Ends the present turn and goes on with the next. */
void turn_end(struct local *local, struct entity *entity);
/* What a status of storage.get means to who asked. */
hearth_status load_status(hearth_status status);
/* Answers all who wait for the load. */
void entity_loaded(struct local *local, struct entity *entity, hearth_status status);

/* ---- gate.c ---- */

/* Runs parked->go, now or when the gate opens; a status other than OK: it stays shut. */
void gate_pass(struct local *local, struct parked *parked);
void gate_set(struct local *local, enum gate gate);

#endif
