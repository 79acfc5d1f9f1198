/* host_metrics.c - see host_metrics.h. */
#include "host/host_metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/health.h"

#ifndef HEARTH_VERSION
#error "HEARTH_VERSION comes from CMake"
#endif

static const double duration_buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                          0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                          1,      2.5,     5,      10};

#define METRIC(kind_, name_, unit_, help_)                                                         \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .unit = (unit_), .help = (help_)                         \
    }

const hearth_metric host_metric_table[HOST_METRIC_COUNT] = {
    [HOST_METRIC_REQUESTS] = {.name = "hearth_http_requests_total",
                              .kind = HEARTH_COUNTER,
                              .max_series = 2000,
                              .help = "Requests answered",
                              .labels = "route method status"},
    [HOST_METRIC_DURATION] = {.name = "hearth_http_request_duration_seconds",
                              .kind = HEARTH_HISTOGRAM,
                              .max_series = 500,
                              .unit = "seconds",
                              .help = "From a request's complete head to its reply",
                              .buckets = duration_buckets,
                              .bucket_count = HEARTH_COUNT(duration_buckets),
                              .labels = "route"},
    [HOST_METRIC_IN_FLIGHT] =
        METRIC(HEARTH_GAUGE, "hearth_http_requests_in_flight", NULL, "Requests being handled"),
    [HOST_METRIC_CONNECTIONS] =
        METRIC(HEARTH_GAUGE, "hearth_http_connections", NULL, "Open connections"),
    [HOST_METRIC_CONNECTIONS_TOTAL] =
        METRIC(HEARTH_COUNTER, "hearth_http_connections_total", NULL, "Connections accepted"),
    [HOST_METRIC_CONNECTIONS_REFUSED] =
        METRIC(HEARTH_COUNTER, "hearth_http_connections_refused_total", NULL,
               "Connections closed at once because there were too many"),
    [HOST_METRIC_OVERLOADED] = METRIC(HEARTH_COUNTER, "hearth_http_overloaded_total", NULL,
                                      "Requests refused because too many were in flight"),
    [HOST_METRIC_MALFORMED] = METRIC(HEARTH_COUNTER, "hearth_http_malformed_total", NULL,
                                     "Requests that were not valid HTTP"),
    [HOST_METRIC_TIMEOUTS] = METRIC(HEARTH_COUNTER, "hearth_http_timeouts_total", NULL,
                                    "Connections cut off because the client was too slow"),
    [HOST_METRIC_RECEIVED] = METRIC(HEARTH_COUNTER, "hearth_http_received_bytes_total", "bytes",
                                    "Bytes received on connections"),
    [HOST_METRIC_SENT] =
        METRIC(HEARTH_COUNTER, "hearth_http_sent_bytes_total", "bytes", "Bytes sent"),
    [HOST_METRIC_STALLS] = {.name = "hearth_loop_stalls_total",
                            .kind = HEARTH_COUNTER,
                            .max_series = 500,
                            .help = "Times that a loop was held too long",
                            .labels = "plugin route"},
    [HOST_METRIC_STALL_SECONDS] = {.name = "hearth_loop_stall_seconds_total",
                                   .kind = HEARTH_COUNTER,
                                   .max_series = 500,
                                   .unit = "seconds",
                                   .help = "Time that loops were held too long",
                                   .labels = "plugin route"},
    [HOST_METRIC_TASKS] = METRIC(HEARTH_GAUGE, "hearth_tasks_in_flight", NULL,
                                 "Tasks waiting for or running on the thread pool"),
    [HOST_METRIC_LOG_DROPPED] = METRIC(HEARTH_COUNTER, "hearth_log_dropped_lines_total", NULL,
                                       "Log lines that nobody took"),
    [HOST_METRIC_START_TIME] = METRIC(HEARTH_GAUGE, "hearth_start_time_seconds", "seconds",
                                      "When this process started, in unix time"),
    [HOST_METRIC_BUILD_INFO] = {.name = "hearth_build_info",
                                .kind = HEARTH_GAUGE,
                                .help = "1, with the versions as labels",
                                .labels = "version sdk"},
    [HOST_METRIC_LOOPS] = METRIC(HEARTH_GAUGE, "hearth_loops", NULL, "Event loops"),
    [HOST_METRIC_READY] =
        METRIC(HEARTH_GAUGE, "hearth_ready", NULL, "1 while /health/ready answers 200"),
    [HOST_METRIC_HEALTH] = {.name = "hearth_health",
                            .kind = HEARTH_GAUGE,
                            .max_series = 256,
                            .help =
                                "0 healthy, 1 degraded, 2 not ready; /health/ready has the reason",
                            .labels = "plugin component"},
};

static void put(host_loop *loop, uint32_t family, double value)
{
    hearth_series *series = cells_series(&loop->cells, family, NULL, 0);
    if (series)
        series->value = value;
}

static void put_health(void *arg, const char *plugin, const char *component, hearth_health state)
{
    host_loop *loop = arg;
    hearth_str values[] = {str_from(plugin), str_from(component)};
    hearth_series *series = cells_series(&loop->cells, HOST_METRIC_HEALTH, values, 2);
    if (series)
        series->value = (double)state;
}

/* Of the whole process: told by loop 0 alone, because loops are added up. */
static void update_process(host_loop *loop)
{
    put(loop, HOST_METRIC_LOG_DROPPED, (double)log_dropped());
    double age = (double)(clock_mono_ns() - loop->host->started_ns) / 1e9;
    static double start; /* only loop 0 comes here */
    if (start == 0)
        start = (double)clock_wall_ms() / 1000 - age;
    put(loop, HOST_METRIC_START_TIME, start);
    host_state *host = loop->host;
    put(loop, HOST_METRIC_READY, health_is_ready_now(host));
    health_visit(host->health, put_health, loop);
    char sdk[16];
    (void)snprintf(sdk, sizeof(sdk), "%u.%u", HEARTH_ABI_MAJOR, HEARTH_ABI_MINOR);
    hearth_str values[] = {HEARTH_STR(HEARTH_VERSION), str_from(sdk)};
    hearth_series *build = cells_series(&loop->cells, HOST_METRIC_BUILD_INFO, values, 2);
    if (build)
        build->value = 1;
}

void host_metrics_update(host_loop *loop)
{
    if (loop->index == 0)
        update_process(loop);
    put(loop, HOST_METRIC_LOOPS, 1);
    put(loop, HOST_METRIC_TASKS, (double)loop->tasks);
    if (!loop->worker)
        return;
    const http_counters *counters = worker_counters(loop->worker);
    put(loop, HOST_METRIC_IN_FLIGHT, (double)counters->in_flight);
    put(loop, HOST_METRIC_CONNECTIONS, (double)counters->connections);
    put(loop, HOST_METRIC_CONNECTIONS_TOTAL, (double)counters->connections_total);
    put(loop, HOST_METRIC_CONNECTIONS_REFUSED, (double)counters->connections_refused);
    put(loop, HOST_METRIC_OVERLOADED, (double)counters->overloaded);
    put(loop, HOST_METRIC_MALFORMED, (double)counters->malformed);
    put(loop, HOST_METRIC_TIMEOUTS, (double)counters->timeouts);
    put(loop, HOST_METRIC_RECEIVED, (double)counters->bytes_in);
    put(loop, HOST_METRIC_SENT, (double)counters->bytes_out);
}

/* A stall travels from the watchdog's thread to the loop that was held, whose cells count it. */
typedef struct stall {
    hearth_letter letter;
    const char *plugin, *route;
    uint64_t duration_ms;
} stall;

static void count_stall(hearth_loop *loop, hearth_letter *letter)
{
    stall *item = HEARTH_CONTAINER_OF(letter, stall, letter);
    host_loop *owner = loop->owner;
    hearth_str values[] = {item->plugin ? str_from(item->plugin) : HEARTH_STR("host"),
                           item->route ? str_from(item->route) : HEARTH_STR("")};
    hearth_series *count = cells_series(&owner->cells, HOST_METRIC_STALLS, values, 2);
    hearth_series *seconds = cells_series(&owner->cells, HOST_METRIC_STALL_SECONDS, values, 2);
    if (count)
        cells_add(count, 1);
    if (seconds)
        cells_add(seconds, (double)item->duration_ms / 1000);
    free(item);
}

void metrics_stall(void *arg, hearth_loop *loop, const char *plugin, const char *route,
                   uint64_t duration_ms)
{
    (void)arg;
    stall *item = malloc(sizeof(*item));
    if (!item)
        return;
    *item = (stall){.letter = {.fn = count_stall},
                    .plugin = plugin,
                    .route = route,
                    .duration_ms = duration_ms};
    if (loop_send(loop, &item->letter) < 0)
        free(item);
}
