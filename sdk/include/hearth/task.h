/*
 * task.h - hearth.task/1: the thread pool, for what would hold a loop: hashing, files, fsync.
 */
#ifndef HEARTH_TASK_H
#define HEARTH_TASK_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_TASK_ID "hearth.task/1"

typedef struct hearth_task {
    uint32_t struct_size;
    /* Runs work(arg) on a pool thread, then done(ctx, arg) on this loop, always, also in shutdown:
     * drain waits for it. EUNAVAILABLE: the queue is full, and neither will run. [loop] */
    hearth_status (*run)(hearth_ctx *ctx, void (*work)(void *arg),
                         void (*done)(hearth_ctx *ctx, void *arg), void *arg) HEARTH_MUST_CHECK;
} hearth_task;

static inline const hearth_task *hearth_task_get(hearth_ctx *ctx)
{
    return (const hearth_task *)ctx->host->get(ctx, HEARTH_TASK_ID, sizeof(hearth_task));
}

#ifdef __cplusplus
}
#endif
#endif
