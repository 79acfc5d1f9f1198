/*
 * plugin.c - @ID@: answers GET /@ID@/{name}, counts its answers.
 * Everything that Hearth can check before it runs this code stands in the tables at the end.
 */
#include <hearth/metrics.h>
#include <hearth/plugin.h>

#include <stdlib.h>

typedef struct @NAME@_conf {
    hearth_str greeting;
} @NAME@_conf;

/* One per loop. No other thread sees it, so nothing is locked. */
typedef struct @NAME@_state {
    const hearth_http *http;
    const hearth_arena_api *arena;
    const hearth_metrics *metrics;
    hearth_series *answers;
} @NAME@_state;

static hearth_status greet(hearth_ctx *ctx, hearth_req *req)
{
    const @NAME@_conf *conf = ctx->conf;
    @NAME@_state *self = ctx->state;
    hearth_str name = self->http->param(req, "name");
    hearth_str text = self->arena->printf(self->http->arena(req),
                                          "%" HEARTH_PRIS ", %" HEARTH_PRIS "!\n",
                                          HEARTH_ARG(conf->greeting), HEARTH_ARG(name));
    if (!text.ptr)
        return HEARTH_ENOMEM;
    self->metrics->add(self->answers, 1);
    return self->http->reply(req, 200, HEARTH_STR("text/plain; charset=utf-8"), text);
}

static hearth_status start(hearth_ctx *ctx)
{
    @NAME@_state *self = calloc(1, sizeof(*self));
    if (!self)
        return HEARTH_ENOMEM;
    self->http = hearth_http_get(ctx);
    self->arena = hearth_arena_get(ctx);
    self->metrics = hearth_metrics_get(ctx);
    self->answers = self->metrics->series(ctx, 0, NULL, 0);
    ctx->state = self;
    return HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
}

static const hearth_use uses[] = {
    {HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_conf_field config[] = {
    {"greeting", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE, offsetof(@NAME@_conf, greeting), "Hello",
     1, 64, NULL, "Word before the name"},
    {0},
};

static const hearth_route routes[] = {
    {"GET", "/@ID@/{name}", greet, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0, "Greets by name"},
    {0},
};

static const hearth_metric metrics[] = {
    {"@NAME@_answers_total", HEARTH_COUNTER, 0, NULL, "Greetings sent", NULL, 0, NULL},
    {0},
};

HEARTH_PLUGIN("@ID@", "0.1.0", .summary = "Greets by name.", .uses = uses, .config = config,
              .config_size = sizeof(@NAME@_conf), .routes = routes, .metrics = metrics,
              .start = start, .stop = stop);
