/*
 * store_call.h - one call of a store that is asynchronous on the host's loop, made to wait for on
 * a thread of the tool. A call belongs to one thread at a time: to the waiting one until it is
 * sent, to the loop until the last answer, and then to the waiting one again.
 */
#ifndef HEARTH_TOOL_STORE_CALL_H
#define HEARTH_TOOL_STORE_CALL_H

#include <pthread.h>

#include "store.h"

typedef enum store_call_kind { STORE_SCAN, STORE_GET, STORE_WRITE } store_call_kind;

typedef struct store_call {
    store *store;
    store_call_kind kind;
    hearth_str collection, cursor;       /* STORE_SCAN */
    const hearth_doc *const *keys;       /* STORE_GET */
    const hearth_storage_op *const *ops; /* STORE_WRITE */
    size_t count;                        /* of keys, of ops */
    store_docs docs;                     /* found; STORE_GET: the caller made `count` items */
    store_result *results;               /* `count` of the caller's */
    hearth_status status;                /* of STORE_SCAN and STORE_GET */
    /* the handing over */
    hearth_letter letter;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t pending; /* answers that are still to come; under the lock */
} store_call;

/*
 * Waits for all answers. When none has come for the store's patience, the process ends with a
 * sentence: what the loop may still write to cannot be given back. A negative status: the call was
 * not made. Not on the loop.
 */
HEARTH_MUST_CHECK hearth_status store_call_run(store_call *call, hearth_error *error);

/* Memory or the end of the process: a copy can be run again. */
void *store_must(void *pointer);

#endif
