/*
 * store.h - a storage provider as straight-line code: each call runs on the host's loop 0 and waits
 * for its answer on the caller's own thread. What may be tried again is, with back-off and jitter.
 */
#ifndef HEARTH_TOOL_STORE_H
#define HEARTH_TOOL_STORE_H

#include <hearth/service/storage.h>

#include "host/state.h"

typedef struct store {
    host_loop *loop;
    hearth_ctx *ctx;
    const hearth_storage *api;
    const char *id, *identity;
    uint64_t patience_ms; /* how long nothing may move */
} store;

/* Documents with memory of their own; a NULL one was not there. */
typedef struct store_docs {
    hearth_doc **items;
    size_t count;
    char *cursor; /* of a scan; freed with the rest */
    size_t cursor_len;
} store_docs;

typedef struct store_result {
    hearth_storage_outcome outcome;
    hearth_doc *current; /* freed with free() */
    char error[256];
} store_result;

/* The plugin `id` of this host as a store; EINVAL: it is no storage. The caller has set
 * patience_ms. [main] */
HEARTH_MUST_CHECK hearth_status store_find(store *s, host_state *host, const char *id,
                                           hearth_error *error);

/* The next page of a collection (all when empty) behind docs->cursor, which it replaces with all
 * else in docs. */
HEARTH_MUST_CHECK hearth_status store_scan(store *s, hearth_str collection, store_docs *docs,
                                           hearth_error *error);
/* The documents of these keys, in their order. */
HEARTH_MUST_CHECK hearth_status store_get(store *s, const store_docs *keys, store_docs *found,
                                          hearth_error *error);
/* Until none of the results is RETRY, or patience ends. */
HEARTH_MUST_CHECK hearth_status store_write(store *s, const hearth_storage_op *ops, size_t count,
                                            store_result *results, hearth_error *error);

void store_docs_free(store_docs *docs);
void store_results_free(store_result *results, size_t count);

/* The same version, epoch, write id, expiry, and body as a JSON value. */
bool store_same(const hearth_doc *a, const hearth_doc *b);

#endif
