/* task.c - hearth.task/1 over libuv's thread pool, with a bounded queue per loop. */
#include <stdlib.h>

#include "host/interfaces.h"
#include "host/state.h"

typedef struct task {
    uv_work_t work; /* first: uv casts */
    hearth_ctx *ctx;
    void (*run)(void *arg);
    void (*done)(hearth_ctx *ctx, void *arg);
    void *arg;
} task;

static void on_pool(uv_work_t *work)
{
    task *item = (task *)work;
    item->run(item->arg);
}

static void on_loop(uv_work_t *work, int status)
{
    (void)status; /* tasks are never cancelled, so it ran */
    task *item = (task *)work;
    host_loop *loop = host_loop_of(item->ctx);
    host_scope outer = scope_enter(&loop->net, plugin_ctx_of(item->ctx)->plugin->id, "task");
    item->done(item->ctx, item->arg);
    scope_leave(outer);
    free(item);
    loop->tasks--;
}

static hearth_status run(hearth_ctx *ctx, void (*work)(void *arg),
                         void (*done)(hearth_ctx *ctx, void *arg), void *arg)
{
    CTX_ASSERT(ctx, "hearth_task.run");
    if (ctx->loop == HEARTH_LOOP_MAIN)
        return HEARTH_EINVAL;
    host_loop *loop = host_loop_of(ctx);
    if (loop->tasks >= (size_t)loop->settings->task_queue)
        return HEARTH_EUNAVAILABLE;
    task *item = malloc(sizeof(*item));
    if (!item)
        return HEARTH_EUNAVAILABLE;
    *item = (task){.ctx = ctx, .run = work, .done = done, .arg = arg};
    if (uv_queue_work(&loop->net.uv, &item->work, on_pool, on_loop) != 0) {
        free(item);
        return HEARTH_EUNAVAILABLE;
    }
    loop->tasks++;
    return HEARTH_OK;
}

const hearth_task host_task_api = {.struct_size = sizeof(hearth_task), .run = run};
