/* misuse.c - what a plugin may do wrong with the host: each must be named, and hurt nobody else. */
#include <hearth/client.h>
#include <hearth/metrics.h>
#include <hearth/timer.h>

#include "check.h"

enum { HITS, LEVEL, TIMES };

static hearth_series *series[64]; /* of HITS, one per loop: shared, as it must not be */
static hearth_ctx *ctxs[64];

static hearth_status wrong_metrics(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_metrics *api = hearth_metrics_get(ctx);
    const hearth_str two[] = {HEARTH_STR("a"), HEARTH_STR("b")};
    hearth_series *hits = api->series(ctx, HITS, NULL, 0);
    hearth_series *level = api->series(ctx, LEVEL, NULL, 0);
    hearth_series *times = api->series(ctx, TIMES, NULL, 0);

    api->observe(hits, 1e9);
    api->observe(level, 1e9);
    api->set(hits, 1e9);
    api->set(times, 1e9);
    api->add(times, 1e9);
    api->add(hits, -5);
    api->add(hits, (double)__builtin_nan(""));
    api->observe(times, (double)__builtin_nan(""));
    api->add(api->series(ctx, HITS, two, 2), 1);
    api->add(api->series(ctx, 99, NULL, 0), 1);
    api->observe(api->series(ctx, 99, NULL, 0), 1);
    return ok(ctx, req);
}

static hearth_status answer_number(hearth_ctx *ctx, hearth_req *req)
{
    return (hearth_status)atoi(hearth_http_get(ctx)->param(req, "number").ptr);
}

/* As many headers as go, each of `size` bytes; the last answer is in the body. */
static hearth_status many_headers(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = hearth_http_get(ctx);
    static char value[70000];
    size_t size = strtoul(http->param(req, "size").ptr, NULL, 10), count = 0;
    hearth_status status = HEARTH_OK;

    memset(value, 'v', sizeof(value));
    while (status == HEARTH_OK && ++count < 100000)
        status = http->set_header(req, "X-Many", (hearth_str){value, size});
    CHECK(status == HEARTH_ENOMEM && (count - 1) * (size + 10) <= 65536);
    CHECK(http->set_header(req, "Content-Length", HEARTH_STR("5")) == HEARTH_EINVAL);
    CHECK(http->reply(req, 99, HEARTH_STR("text/plain"), HEARTH_STR("")) == HEARTH_EINVAL);
    CHECK(http->reply(req, 200, (hearth_str){value, 2000}, HEARTH_STR("")) == HEARTH_EINVAL);
    return ok(ctx, req);
}

static void never(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                  void *arg)
{
    (void)ctx;
    (void)status;
    (void)response;
    (void)arg;
    abort();
}

static hearth_status no_size(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_client_request request = {.url = HEARTH_STR("http://127.0.0.1:1/")};
    CHECK(!hearth_client_get(ctx)->send(ctx, &request, never, NULL));
    return ok(ctx, req);
}

static hearth_status header_after(hearth_ctx *ctx, hearth_req *req)
{
    (void)ok(ctx, req);
    if (hearth_http_get(ctx)->set_header(req, "X-Late", HEARTH_STR("v")) != HEARTH_ECONFLICT)
        abort();
    return HEARTH_OK;
}

static hearth_status never_completed(hearth_ctx *ctx, hearth_req *req)
{
    CHECK(hearth_http_get(ctx)->defer(req, NULL, NULL));
    return HEARTH_DEFERRED;
}

static hearth_status reply_hook(hearth_ctx *ctx, hearth_req *req)
{
    if (same(hearth_http_get(ctx)->path(req), "/misuse/hook"))
        return ok(ctx, req); /* a hook of this phase cannot */
    return HEARTH_OK;
}

static void nothing(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
}

/* What belongs to another loop. A debug host ends with a sentence. */
static hearth_status another_loop(hearth_ctx *ctx, hearth_req *req)
{
    uint32_t other = (ctx->loop + 1) % ctx->loops;
    hearth_str what = hearth_http_get(ctx)->param(req, "what");
    if (same(what, "series"))
        hearth_metrics_get(ctx)->add(series[other], 1);
    else
        (void)hearth_timer_get(ctx)->start(ctxs[other], 1, 0, nothing, NULL);
    return ok(ctx, req);
}

static hearth_status start(hearth_ctx *ctx)
{
    ctxs[ctx->loop % 64] = ctx;
    series[ctx->loop % 64] = hearth_metrics_get(ctx)->series(ctx, HITS, NULL, 0);
    return HEARTH_OK;
}

static const double buckets[] = {1};
static const hearth_metric metrics[] = {
    [HITS] = {.name = "misuse_hits_total", .kind = HEARTH_COUNTER, .help = "Hits"},
    [LEVEL] = {.name = "misuse_level", .kind = HEARTH_GAUGE, .help = "Level"},
    [TIMES] = {.name = "misuse_seconds",
               .kind = HEARTH_HISTOGRAM,
               .help = "Times",
               .buckets = buckets,
               .bucket_count = 1},
    {0}};
static const hearth_use uses[] = {USE(HEARTH_METRICS_ID, hearth_metrics),
                                  USE(HEARTH_TIMER_ID, hearth_timer_api),
                                  USE(HEARTH_CLIENT_ID, hearth_client),
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  {0}};
static const hearth_route routes[] = {
    {.method = "GET", .path = "/misuse/metrics", .handler = wrong_metrics},
    {.method = "GET", .path = "/misuse/status/{number}", .handler = answer_number},
    {.method = "GET", .path = "/misuse/headers/{size}", .handler = many_headers},
    {.method = "GET", .path = "/misuse/header-after", .handler = header_after},
    {.method = "GET", .path = "/misuse/no-size", .handler = no_size},
    {.method = "GET", .path = "/misuse/hook", .handler = ok},
    {.method = "GET", .path = "/misuse/never", .handler = never_completed, .timeout_ms = 100},
    {.method = "GET", .path = "/misuse/another-loop/{what}", .handler = another_loop},
    {0}};
static const hearth_hook hooks[] = {{HEARTH_PHASE_REPLY, 0, reply_hook}, {0}};
HEARTH_PLUGIN("sdk-misuse", "1.0.0", .uses = uses, .routes = routes, .hooks = hooks,
              .metrics = metrics, .start = start);
