/*
 * store.h - one conditional write, tried again while storage only asks for patience. A write whose
 * answer was lost is recognised by its write id, so that nobody is told "taken" by his own request.
 */
#ifndef AUTH_STORE_H
#define AUTH_STORE_H

#include "auth.h"

enum store_outcome {
    STORE_OK,
    STORE_CONFLICT,    /* `current` is what is there, or NULL */
    STORE_UNAVAILABLE, /* it may or may not have happened */
    STORE_FAILED       /* it cannot succeed */
};

/* `current` is borrowed until it returns. */
typedef void (*store_fn)(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                         void *arg);

/* Copies op; done runs exactly once, later. ENOMEM: it does not run. [loop] */
hearth_status store_write(hearth_ctx *ctx, const hearth_storage_op *op, store_fn done,
                          void *arg) HEARTH_MUST_CHECK;

#endif
