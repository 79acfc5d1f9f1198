/* metrics.c - hearth.metrics/1: cells per loop, a ceiling of series, one collection over all. */
#include <hearth/metrics.h>

#include "check.h"

enum { HITS, LEVEL, TIMES };

static hearth_status count(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_metrics *api = hearth_metrics_get(ctx);
    hearth_str label = hearth_http_get(ctx)->param(req, "label");
    api->add(api->series(ctx, HITS, &label, 1), 1);
    api->observe(api->series(ctx, TIMES, NULL, 0), 0.5);
    api->observe(api->series(ctx, TIMES, NULL, 0), 1.0);
    api->observe(api->series(ctx, TIMES, NULL, 0), 7.0);
    return ok(ctx, req);
}

typedef struct sums {
    pending *answer;
    double a, other, level;
    uint64_t observed, low, high;
    size_t series, host;
} sums;

static void visit(hearth_ctx *ctx, const hearth_metric_sample *sample, void *arg)
{
    sums *s = arg;
    (void)ctx;
    if (strcmp(sample->plugin, "host") == 0)
        s->host++;
    if (strcmp(sample->plugin, "sdk-metrics") != 0)
        return;
    if (strcmp(sample->metric->name, "test_hits_total") == 0) {
        s->series++;
        if (same(sample->label_values[0], "a"))
            s->a += sample->value;
        if (same(sample->label_values[0], "other"))
            s->other += sample->value;
    } else if (strcmp(sample->metric->name, "test_level") == 0) {
        s->level += sample->value;
    } else {
        s->observed += sample->count;
        s->low += sample->buckets[0];
        s->high += sample->buckets[1];
    }
}

static void tell(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    sums *s = arg;
    hearth_str text = hearth_arena_get(ctx)->printf(
        hearth_http_get(ctx)->arena(req),
        "{\"a\":%g,\"other\":%g,\"level\":%g,\"observed\":%llu,"
        "\"low\":%llu,\"high\":%llu,\"series\":%zu,\"host\":%zu}",
        s->a, s->other, s->level, (unsigned long long)s->observed, (unsigned long long)s->low,
        (unsigned long long)s->high, s->series, s->host);
    (void)hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("application/json"), text);
    free(s->answer);
    free(s);
}

static void collected(hearth_ctx *ctx, void *arg)
{
    hearth_http_get(ctx)->complete(((sums *)arg)->answer->async, tell, arg);
}

static hearth_status read_all(hearth_ctx *ctx, hearth_req *req)
{
    sums *s = calloc(1, sizeof(*s));
    CHECK(s);
    s->answer = pend(ctx, req);
    if (hearth_metrics_get(ctx)->collect(ctx, visit, collected, s) != HEARTH_OK)
        abort();
    return HEARTH_DEFERRED;
}

static void before(hearth_ctx *ctx)
{
    const hearth_metrics *api = hearth_metrics_get(ctx);
    api->set(api->series(ctx, LEVEL, NULL, 0), 2);
}

static hearth_status start(hearth_ctx *ctx)
{
    hearth_metrics_get(ctx)->on_collect(ctx, before);
    return HEARTH_OK;
}

static const double buckets[] = {1, 5};
static const hearth_metric metrics[] = {
    [HITS] = {.name = "test_hits_total",
              .kind = HEARTH_COUNTER,
              .max_series = 2,
              .help = "Hits",
              .labels = "label"},
    [LEVEL] = {.name = "test_level", .kind = HEARTH_GAUGE, .help = "Read, not kept"},
    [TIMES] = {.name = "test_seconds",
               .kind = HEARTH_HISTOGRAM,
               .help = "Times",
               .buckets = buckets,
               .bucket_count = 2},
    {0}};
static const hearth_use uses[] = {USE(HEARTH_METRICS_ID, hearth_metrics),
                                  USE(HEARTH_ARENA_ID, hearth_arena_api),
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  {0}};
static const hearth_route routes[] = {
    {.method = "GET", .path = "/metrics/count/{label}", .handler = count},
    {.method = "GET", .path = "/metrics/read", .handler = read_all},
    {0}};
HEARTH_PLUGIN("sdk-metrics", "1.0.0", .uses = uses, .routes = routes, .metrics = metrics,
              .start = start);
