/* plugin.c - hello, the reference plugin: README.md walks through it. */
#include <stdlib.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/timer.h>

typedef struct hello_conf {
    hearth_str greeting;
    int64_t delay;
} hello_conf;

typedef struct hello_state { /* one per loop: no other thread sees it */
    const hearth_http *http;
    const hearth_arena_api *arena;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    hearth_series *greetings;
    unsigned greeted;
} hello_state;

static hearth_status greet(hearth_ctx *ctx, hearth_req *req)
{
    hello_state *self = ctx->state;
    hearth_str greeting = ((const hello_conf *)ctx->conf)->greeting;
    hearth_str name = self->http->param(req, "name");
    self->metrics->add(self->greetings, 1);
    hearth_str text =
        self->arena->printf(self->http->arena(req), "%.*s, %.*s! (%u on loop %u)\n",
                            HEARTH_ARG(greeting), HEARTH_ARG(name), ++self->greeted, ctx->loop);
    return text.ptr ? self->http->reply(req, 200, HEARTH_STR("text/plain; charset=utf-8"), text)
                    : HEARTH_ENOMEM;
}

static void answer(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    (void)arg;
    if (req) /* else the client has gone */
        (void)greet(ctx, req);
}

static void wait_is_over(hearth_ctx *ctx, void *async)
{
    ((hello_state *)ctx->state)->http->complete(async, answer, NULL);
}

static hearth_status greet_later(hearth_ctx *ctx, hearth_req *req)
{
    hello_state *self = ctx->state;
    uint64_t delay = (uint64_t)((const hello_conf *)ctx->conf)->delay;
    hearth_async *async = self->http->defer(req, NULL, NULL);
    if (!async)
        return HEARTH_ENOMEM;
    if (!self->timer->start(ctx, delay, 0, wait_is_over, async))
        wait_is_over(ctx, async);
    return HEARTH_DEFERRED;
}

static hearth_status start(hearth_ctx *ctx)
{
    hello_state *self = ctx->state = calloc(1, sizeof(*self));
    if (!self)
        return HEARTH_ENOMEM;
    self->http = hearth_http_get(ctx);
    self->arena = hearth_arena_get(ctx);
    self->timer = hearth_timer_get(ctx);
    self->metrics = hearth_metrics_get(ctx);
    self->greetings = self->metrics->series(ctx, 0, NULL, 0);
    return HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
}

static const hearth_use uses[] = {{.id = HEARTH_HTTP_ID, .min_size = sizeof(hearth_http)},
                                  {.id = HEARTH_ARENA_ID, .min_size = sizeof(hearth_arena_api)},
                                  {.id = HEARTH_TIMER_ID, .min_size = sizeof(hearth_timer_api)},
                                  {.id = HEARTH_METRICS_ID, .min_size = sizeof(hearth_metrics)},
                                  {0}};
static const hearth_conf_field config[] = {
    {"greeting", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE, offsetof(hello_conf, greeting), "Hello",
     1, 64, NULL, "Word before the name"},
    {"delay", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE, offsetof(hello_conf, delay), "100ms", 0,
     5000, NULL, "How long /hello/{name}/later waits"},
    {0}};
static const hearth_route routes[] = {
    {.method = "GET", .path = "/hello/{name}", .handler = greet, .help = "Greets"},
    {.method = "GET",
     .path = "/hello/{name}/later",
     .handler = greet_later,
     .help = "Greets, later"},
    {0}};
static const hearth_metric metrics[] = {
    {.name = "hello_greetings_total", .kind = HEARTH_COUNTER, .help = "Greetings sent"}, {0}};

HEARTH_PLUGIN("hello", "1.0.0", .summary = "Says hello.", .uses = uses, .config = config,
              .config_size = sizeof(hello_conf), .routes = routes, .metrics = metrics,
              .start = start, .stop = stop);
