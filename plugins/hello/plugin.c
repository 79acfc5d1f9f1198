/*
 * plugin.c - hello, the reference plugin: configuration, state per loop without locks, routes,
 * a metric, a timer, and an answer that comes later.
 */
#include <stdlib.h>

#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/timer.h>

typedef struct hello_conf {
    hearth_str greeting;
    int64_t report_ms, delay_ms;
} hello_conf;

typedef struct hello_state { /* one per loop: no other thread sees it, so nothing is locked */
    const hearth_http *http;
    const hearth_arena_api *arena;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_log *log;
    hearth_series *greetings;
    unsigned long long greeted;
} hello_state;

static hearth_status greet(hearth_ctx *ctx, hearth_req *req)
{
    hello_state *self = ctx->state;
    const hello_conf *conf = ctx->conf;
    hearth_str text =
        self->arena->printf(self->http->arena(req), "%.*s, %.*s!\n", HEARTH_ARG(conf->greeting),
                            HEARTH_ARG(self->http->param(req, "name")));
    if (!text.ptr)
        return HEARTH_ENOMEM;
    self->greeted++;
    self->metrics->add(self->greetings, 1);
    return self->http->reply(req, 200, HEARTH_STR("text/plain; charset=utf-8"), text);
}

static void answer(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    (void)arg;
    if (req && greet(ctx, req) < 0) /* no req: the client has gone */
        ((hello_state *)ctx->state)->http->error(req, 500, "INTERNAL", "Out of memory.");
}

static void wait_is_over(hearth_ctx *ctx, void *async)
{
    ((hello_state *)ctx->state)->http->complete(async, answer, NULL);
}

static hearth_status greet_later(hearth_ctx *ctx, hearth_req *req)
{
    hello_state *self = ctx->state;
    hearth_async *async = self->http->defer(req, NULL, NULL);
    if (!async)
        return HEARTH_ENOMEM;
    uint64_t delay = (uint64_t)((const hello_conf *)ctx->conf)->delay_ms;
    if (!self->timer->start(ctx, delay, 0, wait_is_over, async))
        self->http->complete(async, answer, NULL);
    return HEARTH_DEFERRED;
}

static void report(hearth_ctx *ctx, void *arg)
{
    hello_state *self = arg;
    HEARTH_LOG(self->log, ctx, NULL, HEARTH_LOG_DEBUG, "%llu greetings", self->greeted);
}

static hearth_status start(hearth_ctx *ctx)
{
    hello_state *self = ctx->state = calloc(1, sizeof(*self));
    if (!self)
        return HEARTH_ENOMEM;
    *self = (hello_state){hearth_http_get(ctx),
                          hearth_arena_get(ctx),
                          hearth_timer_get(ctx),
                          hearth_metrics_get(ctx),
                          hearth_log_get(ctx),
                          NULL,
                          0};
    self->greetings = self->metrics->series(ctx, 0, NULL, 0);
    uint64_t every = (uint64_t)((const hello_conf *)ctx->conf)->report_ms;
    return self->timer->start(ctx, every, every, report, self) ? HEARTH_OK : HEARTH_ENOMEM;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state); /* the host has no more use for it, and stops the timer itself */
}

HEARTH_PLUGIN(
    "hello", "1.0.0", .summary = "Says hello.",
    .uses = (const hearth_use[]){{HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
                                 {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
                                 {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
                                 {0}},
    .config = (const hearth_conf_field[]){{"greeting", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE,
                                           offsetof(hello_conf, greeting), "Hello", 1, 64, NULL,
                                           "Word before the name"},
                                          {"delay", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE,
                                           offsetof(hello_conf, delay_ms), "100ms", 0, 5000, NULL,
                                           "Wait of /hello/{name}/later"},
                                          {"report", HEARTH_CONF_DURATION, 0,
                                           offsetof(hello_conf, report_ms), "1m", 10, 3600000, NULL,
                                           "Time between two log lines"},
                                          {0}},
    .config_size = sizeof(hello_conf),
    .routes = (const hearth_route[]){{"GET", "/hello/{name}", greet, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Greets"},
                                     {"GET", "/hello/{name}/later", greet_later, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Greets after a while"},
                                     {0}},
    .metrics = (const hearth_metric[]){{"hello_greetings_total", HEARTH_COUNTER, 0, NULL,
                                        "Greetings sent", NULL, 0, NULL},
                                       {0}},
    .start = start, .stop = stop);
