/*
 * write.h - a write or transact on its way, as writes.c and batch.c share it.
 */
#ifndef STORAGE_DYNAMO_WRITE_H
#define STORAGE_DYNAMO_WRITE_H

#include <storage_op.h>

#include "plugin.h"
#include "request.h"

#define BATCH_MAX      25        /* statements of BatchExecuteStatement */
#define BATCH_SIZE     (1 << 20) /* bytes of bodies in one */

#define WRITE_BODY_MAX ((size_t)64 << 20)

struct write_call {
    storage_call call;
    hearth_ctx *ctx;
    size_t waiting;     /* requests that have not been answered */
    size_t *next;       /* for each op, the following one on the same key, or SIZE_MAX */
    size_t *round;      /* the ops that are on their way, each on another key */
    size_t round_count; /* the next round is those that follow them */
    char error[320];    /* the last problem; results point to it */
};

/* What one request carries. */
struct write_unit {
    struct write_call *call;
    size_t count;
    size_t ops[BATCH_MAX];
};

/* Sends op i by itself. `flags` are those of a request. */
void write_single(struct write_call *call, size_t i, unsigned flags);
/* Sends ops with a condition as one batch. Takes the unit. */
void write_batch(struct write_unit *unit);
/* A request has been answered: goes on when it was the last of its round. */
void write_answered(struct write_call *call);

/* Gives op i this result; the error is copied. */
void write_result(struct write_call *call, size_t i, hearth_storage_outcome outcome,
                  const char *error);
/* Makes op i a CONFLICT with what `item` holds (NULL: with nothing). */
void write_conflict(struct write_call *call, size_t i, const hearth_json_value *item);

#endif
