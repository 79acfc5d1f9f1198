/*
 * metrics.h - the host's own metric families, and the cells of all loops put together.
 */
#ifndef HEARTH_HOST_METRICS_H
#define HEARTH_HOST_METRICS_H

#include "host/state.h"

/* Indices into the host's own table, which comes before those of the plugins. */
enum {
    HOST_METRIC_REQUESTS,
    HOST_METRIC_DURATION,
    HOST_METRIC_IN_FLIGHT,
    HOST_METRIC_CONNECTIONS,
    HOST_METRIC_CONNECTIONS_TOTAL,
    HOST_METRIC_CONNECTIONS_REFUSED,
    HOST_METRIC_OVERLOADED,
    HOST_METRIC_MALFORMED,
    HOST_METRIC_TIMEOUTS,
    HOST_METRIC_RECEIVED,
    HOST_METRIC_SENT,
    HOST_METRIC_STALLS,
    HOST_METRIC_STALL_SECONDS,
    HOST_METRIC_TASKS,
    HOST_METRIC_LOG_DROPPED,
    HOST_METRIC_START_TIME,
    HOST_METRIC_BUILD_INFO,
    HOST_METRIC_LOOPS,
    HOST_METRIC_READY,
    HOST_METRIC_HEALTH,
    HOST_METRIC_COUNT
};

/* The families of the host and of every plugin, in that order. [main] */
HEARTH_MUST_CHECK hearth_status metrics_declare(host_state *host, hearth_error *error);

/* This loop's cells. [main], before its thread runs */
HEARTH_MUST_CHECK hearth_status metrics_init(host_loop *loop);
void metrics_finish(host_loop *loop);

/* watchdog_fn: counts a stall. On the watchdog's thread. */
void metrics_stall(void *host, hearth_loop *loop, const char *plugin, const char *route,
                   uint64_t duration_ms);

#endif
