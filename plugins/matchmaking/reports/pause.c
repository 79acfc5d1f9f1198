/*
 * pause.c - see pause.h.
 */
#include "pause.h"

#include <backoff.h>

#define PAUSE_MIN_MS 4
#define PAUSE_MAX_MS 500

void pause_init(struct pause *pause, struct mm_loop *loop)
{
    *pause = (struct pause){.loop = loop,
                            .deadline_ms = loop->clock->loop_ms(loop->ctx) + WORK_DEADLINE_MS};
}

static void on_timer(hearth_ctx *ctx, void *arg)
{
    struct pause *pause = arg;
    (void)ctx;
    pause->resume(pause->arg);
}

bool pause_begin(struct pause *pause, void (*resume)(void *arg), void *arg)
{
    struct mm_loop *loop = pause->loop;
    uint64_t delay = backoff_ms(loop->ctx, PAUSE_MIN_MS, PAUSE_MAX_MS, pause->times++);
    if (loop->clock->loop_ms(loop->ctx) + delay > pause->deadline_ms)
        return false;
    pause->resume = resume;
    pause->arg = arg;
    return loop->timer->start(loop->ctx, delay, 0, on_timer, pause) != NULL;
}
