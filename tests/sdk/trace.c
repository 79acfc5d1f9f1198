/* trace.c - hearth.trace/1: the request's context, a child span, and an exporter that shows both.
 */
#include <stdio.h>

#include <hearth/trace.h>

#include "check.h"

typedef struct seen {
    char text[4096];
    size_t used;
} seen;

static void on_span(hearth_ctx *ctx, const hearth_span_record *span, void *arg)
{
    seen *s = arg;
    char context[HEARTH_TRACEPARENT_SIZE];
    hearth_trace_get(ctx)->traceparent(&span->context, context);
    int n = snprintf(s->text + s->used, sizeof(s->text) - s->used, "%.*s %s %zu %02x\n",
                     HEARTH_ARG(span->name), context, span->attribute_count, span->parent_id[0]);
    if (n > 0 && s->used + (size_t)n < sizeof(s->text))
        s->used += (size_t)n;
}

static hearth_status work(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_trace *api = hearth_trace_get(ctx);
    char text[HEARTH_TRACEPARENT_SIZE];
    hearth_span *span = api->start(ctx, api->of(req), HEARTH_STR("child"));
    api->attribute(span, HEARTH_STR("key"), HEARTH_STR("value"));
    api->end(span, HEARTH_OK);
    api->end(NULL, HEARTH_OK);
    api->traceparent(api->of(req), text);
    return hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("text/plain"),
                                       (hearth_str){text, strlen(text)});
}

static hearth_status show(hearth_ctx *ctx, hearth_req *req)
{
    seen *s = ctx->state;
    return hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("text/plain"),
                                       (hearth_str){s->text, s->used});
}

static hearth_status start(hearth_ctx *ctx)
{
    ctx->state = calloc(1, sizeof(seen));
    return ctx->state ? hearth_trace_get(ctx)->on_span(ctx, on_span, ctx->state) : HEARTH_ENOMEM;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
}

static const hearth_use uses[] = {
    USE(HEARTH_TRACE_ID, hearth_trace), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/trace", .handler = work},
                                      {.method = "GET", .path = "/trace/seen", .handler = show},
                                      {0}};
HEARTH_PLUGIN("sdk-trace", "1.0.0", .uses = uses, .routes = routes, .start = start, .stop = stop);
