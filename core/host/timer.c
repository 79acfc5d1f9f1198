/* timer.c - hearth.timer/1 over the loop's timing wheel. */
#include <stdlib.h>

#include "base/clock.h"
#include "host/interfaces.h"
#include "host/resources.h"
#include "host/state.h"

struct hearth_timer {
    hearth_wheel_timer wheel;
    hearth_list link;
    hearth_ctx *ctx;
    hearth_timer_fn fn;
    void *arg;
    uint64_t repeat_ms;
};

/* From now, not from the start of the turn: a timer is never early, also after a long callback. */
static void arm(hearth_timer *timer, uint64_t delay_ms)
{
    uint64_t now = (clock_mono_ns() + 999999) / 1000000;
    uint64_t limit = UINT64_C(1) << 40; /* 34 years */
    wheel_set(&host_loop_of(timer->ctx)->net.wheel, &timer->wheel,
              now + (delay_ms < limit ? delay_ms : limit));
}

static void destroy(hearth_timer *timer)
{
    wheel_stop(&host_loop_of(timer->ctx)->net.wheel, &timer->wheel);
    list_remove(&timer->link);
    free(timer);
}

static void on_due(hearth_wheel_timer *wheel)
{
    hearth_timer *timer = HEARTH_CONTAINER_OF(wheel, hearth_timer, wheel);
    hearth_ctx *ctx = timer->ctx;
    hearth_timer_fn fn = timer->fn;
    void *arg = timer->arg;
    host_scope outer =
        scope_enter(&host_loop_of(ctx)->net, plugin_ctx_of(ctx)->plugin->id, "timer");
    if (timer->repeat_ms > 0)
        arm(timer, timer->repeat_ms); /* fn may stop it */
    else
        destroy(timer);
    fn(ctx, arg);
    scope_leave(outer);
}

static hearth_timer *start(hearth_ctx *ctx, uint64_t delay_ms, uint64_t repeat_ms,
                           hearth_timer_fn fn, void *arg)
{
    CTX_ASSERT(ctx, "hearth_timer.start");
    if (ctx->loop == HEARTH_LOOP_MAIN)
        return NULL;
    hearth_timer *timer = malloc(sizeof(*timer));
    if (!timer)
        return NULL;
    *timer = (hearth_timer){.ctx = ctx, .fn = fn, .arg = arg, .repeat_ms = repeat_ms};
    wheel_timer_init(&timer->wheel, on_due);
    list_push_back(&host_slot_of(ctx)->timers, &timer->link);
    arm(timer, delay_ms);
    return timer;
}

static void stop(hearth_timer *timer)
{
    if (!timer)
        return;
    CTX_ASSERT(timer->ctx, "hearth_timer.stop");
    destroy(timer);
}

void timers_stop_all(host_slot *slot)
{
    HEARTH_LIST_EACH(link, &slot->timers)
    destroy(HEARTH_LIST_ENTRY(link, hearth_timer, link));
}

const hearth_timer_api host_timer_api = {
    .struct_size = sizeof(hearth_timer_api), .start = start, .stop = stop};
