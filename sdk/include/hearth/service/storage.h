/*
 * storage.h - hearth.storage/1: where documents live. SQLite, Redis, DynamoDB or a studio's own;
 * the conformance suite runs unchanged against each.
 *
 * The first argument of every function is the provider's ctx: host->provider(ctx,
 * HEARTH_STORAGE_ID). All calls are asynchronous: what is passed is copied before the call returns,
 * the callback runs exactly once on the calling loop, and what it is given is borrowed until it
 * returns. It never runs before the call has returned, except when memory is out: then at once,
 * with RETRY or EUNAVAILABLE. Reads are consistent: they see every write that was confirmed before
 * they began. Callbacks receive the `arg` of the call.
 */
#ifndef HEARTH_SERVICE_STORAGE_H
#define HEARTH_SERVICE_STORAGE_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_STORAGE_ID           "hearth.storage/1"

#define HEARTH_STORAGE_MAX_KEY      512 /* bytes of each part of a key; every backend takes them */
#define HEARTH_STORAGE_MAX_BODY     350000 /* bytes of JSON; every backend takes them */
#define HEARTH_STORAGE_MAX_WRITE_ID 128    /* bytes */

/*
 * Names a document. Any UTF-8 without NUL; collection and partition are not empty, sort may be.
 * Documents of one partition string, of whatever collection, can be written in one transaction.
 */
typedef struct hearth_key {
    hearth_str collection;
    hearth_str partition;
    hearth_str sort;
} hearth_key;

typedef struct hearth_doc {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_key key;
    hearth_str body;     /* a JSON object that hearth.json/1 reads; comes back equal as a value */
    uint64_t version;    /* given by the writer, at most 2^63 - 1; grows, never a hash */
    uint64_t epoch;      /* the owner's fencing number; 0: unused */
    hearth_str write_id; /* names the write that made this version; may be empty */
    int64_t expires_ms;  /* unix milliseconds, not negative; 0: never. From that moment on it is as
                            if it had been deleted, also to conditions, queries and scans */
} hearth_doc;

typedef enum hearth_storage_action { HEARTH_PUT = 1, HEARTH_DELETE = 2 } hearth_storage_action;

enum { /* conditions, combined by | ; all must hold */
       HEARTH_IF_ANY = 0,
       HEARTH_IF_ABSENT = 1,  /* no document, or an expired one; excludes the others */
       HEARTH_IF_VERSION = 2, /* a document is there and its version equals base_version */
       HEARTH_IF_EPOCH = 4    /* a document is there and its epoch equals base_epoch */
};

typedef struct hearth_storage_op {
    uint32_t struct_size;
    hearth_storage_action action;
    uint32_t condition;
    uint32_t reserved;
    uint64_t base_version;
    uint64_t base_epoch;
    hearth_doc doc; /* DELETE: only the key counts */
} hearth_storage_op;

typedef enum hearth_storage_outcome {
    HEARTH_STORAGE_OK = 0,
    HEARTH_STORAGE_CONFLICT = 1, /* the condition does not hold; nothing changed */
    HEARTH_STORAGE_RETRY = 2,    /* throttled or timed out: it may or may not have happened */
    HEARTH_STORAGE_FAILED = 3    /* it cannot succeed as it is (too large, malformed, a condition or
                                    action that there is not) */
} hearth_storage_outcome;

typedef struct hearth_storage_result {
    uint32_t struct_size;
    hearth_storage_outcome outcome;
    const hearth_doc *current; /* CONFLICT: the document that is there now, NULL if there is none */
    const char *error;         /* RETRY, FAILED: one sentence, else NULL */
} hearth_storage_result;

typedef struct hearth_storage_caps {
    uint32_t struct_size;
    uint32_t max_transact; /* ops of one transact, at least 8 */
    uint64_t max_body;     /* bytes, at least HEARTH_STORAGE_MAX_BODY */
    uint32_t max_batch;    /* ops that one round trip carries; write() takes any number */
    uint32_t reserved;
    const char *name;     /* "sqlite" */
    const char *identity; /* names this very store ("sqlite:/srv/…/hearth.db"); no secrets */
} hearth_storage_caps;

/* status: OK, ENOTFOUND, EUNAVAILABLE or ETIMEOUT (try again), EINTERNAL, EINVAL (a malformed key).
 */
typedef void (*hearth_storage_get_fn)(hearth_status status, const hearth_doc *doc, void *arg);

/* A page. cursor: empty on the last one, else to be passed for the next. */
typedef void (*hearth_storage_page_fn)(hearth_status status, const hearth_doc *const *docs,
                                       size_t count, hearth_str cursor, void *arg);

/* One result per op, in the order of the ops. transact: when it is refused, the ops that were to
 * blame say so and the others are CONFLICT without document. */
typedef void (*hearth_storage_write_fn)(const hearth_storage_result *const *results, size_t count,
                                        void *arg);

typedef struct hearth_storage {
    uint32_t struct_size;
    uint32_t reserved;

    /* [loop] */
    void (*get)(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg);

    /* Documents of one partition of one collection whose sort begins with prefix, in bytewise order
     * of sort, at most `limit` (1..1000) a page and fewer when they are large. A cursor is opaque,
     * and good for this call only. A malformed one is EINVAL, as are a malformed collection,
     * partition or prefix and another limit. [loop] */
    void (*query)(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);

    /* Everything of one collection (all when empty), in pages, in no particular order; documents
     * that stay unchanged meanwhile appear exactly once. EINVAL as of query. For copying and
     * repair. [loop] */
    void (*scan)(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg);

    /* Independent conditional puts and deletes; any number. Ops on one key take effect in their
     * order. A delete of what is not there is OK unless its condition says otherwise. [loop] */
    void (*write)(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg);

    /* All or nothing; every key has the same partition, no key twice, count <= caps.max_transact;
     * otherwise every result is FAILED. [loop] */
    void (*transact)(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg);

    /* Immutable, valid until the provider's close. [main, loop] */
    const hearth_storage_caps *(*caps)(hearth_ctx *ctx);

    /* Whether the last contact succeeded; cheap, no I/O. [loop] */
    int (*healthy)(hearth_ctx *ctx);
} hearth_storage;

static inline const hearth_storage *hearth_storage_get(hearth_ctx *ctx)
{
    return (const hearth_storage *)ctx->host->get(ctx, HEARTH_STORAGE_ID, sizeof(hearth_storage));
}

#ifdef __cplusplus
}
#endif
#endif
