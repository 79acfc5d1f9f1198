/* timer.c - hearth.timer/1: not early, repeating, stopped from inside and outside. */
#include <hearth/timer.h>

#include "check.h"

typedef struct ticks {
    pending *answer;
    hearth_timer *timer, *never;
    int count;
} ticks;

static void tick(hearth_ctx *ctx, void *arg)
{
    ticks *t = arg;
    if (++t->count < 3)
        return;
    const hearth_timer_api *api = hearth_timer_get(ctx);
    api->stop(t->timer);
    api->stop(t->never);
    uint64_t ms = (hearth_clock_get(ctx)->mono_ns(ctx) - t->answer->begun) / 1000000;
    settle(ctx, t->answer, ms >= 60 && ms < 2000);
    free(t);
}

static void must_not_run(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    abort();
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_timer_api *api = hearth_timer_get(ctx);
    ticks *t = calloc(1, sizeof(*t));
    CHECK(t);
    t->answer = pend(ctx, req);
    t->answer->begun = hearth_clock_get(ctx)->mono_ns(ctx);
    t->never = api->start(ctx, 5000, 0, must_not_run, NULL);
    t->timer = api->start(ctx, 20, 20, tick, t);
    api->stop(NULL);
    return HEARTH_DEFERRED;
}

/* Left running: the host stops it. */
static hearth_status start(hearth_ctx *ctx)
{
    return hearth_timer_get(ctx)->start(ctx, 3600000, 0, must_not_run, NULL) ? HEARTH_OK
                                                                             : HEARTH_ENOMEM;
}

static const hearth_use uses[] = {USE(HEARTH_TIMER_ID, hearth_timer_api),
                                  USE(HEARTH_CLOCK_ID, hearth_clock),
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/timer", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-timer", "1.0.0", .uses = uses, .routes = routes, .start = start);
