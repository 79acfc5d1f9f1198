/*
 * plugin.c - metrics-prometheus: GET /metrics, everything that the host and its plugins count, in
 * the text format of Prometheus or OpenMetrics, and what the kernel says of the process.
 *
 * A scrape goes to the task pool (reading /proc), to every loop (hearth_metrics.collect), and back.
 */
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/task.h>

#include <stdlib.h>

#include "process.h"
#include "text.h"

/* Not in the descriptor: these are read for each scrape, and have no cells on the loops. */
static const hearth_metric families[] = {
    {"process_cpu_seconds_total", HEARTH_COUNTER, 1, "seconds", "User and system CPU time spent",
     NULL, 0, NULL},
    {"process_resident_memory_bytes", HEARTH_GAUGE, 1, "bytes", "Resident memory size", NULL, 0,
     NULL},
    {"process_virtual_memory_bytes", HEARTH_GAUGE, 1, "bytes", "Virtual memory size", NULL, 0,
     NULL},
    {"process_open_fds", HEARTH_GAUGE, 1, NULL, "Open file descriptors", NULL, 0, NULL},
    {"process_max_fds", HEARTH_GAUGE, 1, NULL, "Limit of open file descriptors", NULL, 0, NULL},
    {"process_start_time_seconds", HEARTH_GAUGE, 1, "seconds",
     "Start of the process, in seconds since the epoch", NULL, 0, NULL},
};

/* Set in open, the same for every loop. */
struct shared {
    const hearth_http *http;
    const hearth_metrics *metrics;
    const hearth_task *task;
};

struct scrape {
    const struct shared *shared;
    hearth_async *async;
    struct text text;
    struct process process;
    bool sampled;
};

static void answer(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct scrape *scrape = arg;
    const hearth_http *http = scrape->shared->http;

    (void)ctx;
    if (req && scrape->text.failed)
        http->error(req, 503, "OVERLOADED", "There is not enough memory for the metrics.");
    else if (req)
        http->reply(req, 200, text_content_type(scrape->text.format),
                    (hearth_str){scrape->text.bytes, scrape->text.len});
    text_finish(&scrape->text);
    free(scrape);
}

static void visit(hearth_ctx *ctx, const hearth_metric_sample *sample, void *arg)
{
    struct scrape *scrape = arg;
    (void)ctx;
    text_sample(&scrape->text, sample);
}

static void add_process(struct scrape *scrape)
{
    const struct process *process = &scrape->process;
    const double values[] = {process->cpu_seconds, process->resident_bytes, process->virtual_bytes,
                             process->open_fds,    process->max_fds,        process->start_seconds};

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        hearth_metric_sample sample = {
            .struct_size = sizeof(sample), .metric = &families[i], .value = values[i]};
        text_sample(&scrape->text, &sample);
    }
}

static void collected(hearth_ctx *ctx, void *arg)
{
    struct scrape *scrape = arg;

    (void)ctx;
    if (scrape->sampled)
        add_process(scrape);
    text_end(&scrape->text);
    scrape->shared->http->complete(scrape->async, answer, scrape);
}

static void sample(void *arg)
{
    struct scrape *scrape = arg;
    scrape->sampled = process_sample(&scrape->process);
}

static void collect(hearth_ctx *ctx, void *arg)
{
    struct scrape *scrape = arg;

    if (scrape->shared->metrics->collect(ctx, visit, collected, scrape) == HEARTH_OK)
        return;
    scrape->text.failed = true;
    scrape->shared->http->complete(scrape->async, answer, scrape);
}

static hearth_status get_metrics(hearth_ctx *ctx, hearth_req *req)
{
    const struct shared *shared = ctx->shared;
    struct scrape *scrape = calloc(1, sizeof(*scrape));

    if (!scrape)
        return HEARTH_ENOMEM;
    scrape->shared = shared;
    text_init(&scrape->text, text_negotiate(shared->http->header(req, "Accept")));
    scrape->async = shared->http->defer(req, NULL, NULL);
    if (!scrape->async) {
        free(scrape);
        return HEARTH_ENOMEM;
    }
    if (shared->task->run(ctx, sample, collect, scrape) != HEARTH_OK)
        collect(ctx, scrape); /* a busy pool costs the process's own numbers, not the scrape */
    return HEARTH_DEFERRED;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return HEARTH_ENOMEM;
    shared->http = hearth_http_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->task = hearth_task_get(ctx);
    ctx->shared = shared;
    return HEARTH_OK;
}

static void close_plugin(hearth_ctx *ctx)
{
    free(ctx->shared);
    ctx->shared = NULL;
}

static const hearth_use uses[] = {
    {HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_TASK_ID, sizeof(hearth_task), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_route routes[] = {
    {.method = "GET",
     .path = "/metrics",
     .handler = get_metrics,
     .access = HEARTH_PUBLIC,
     .help = "Metrics in the text format of Prometheus or OpenMetrics"},
    {0},
};

HEARTH_PLUGIN("metrics-prometheus", "1.0.0", .summary = "Serves GET /metrics.", .uses = uses,
              .routes = routes, .open = open_plugin, .close = close_plugin);
