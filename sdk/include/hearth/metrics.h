/*
 * metrics.h - hearth.metrics/1: counters, gauges and histograms of the descriptor's `metrics`
 * table. Each loop writes its own cells without locks; a reader adds them up.
 */
#ifndef HEARTH_METRICS_H
#define HEARTH_METRICS_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_METRICS_ID "hearth.metrics/1"

/* One family with one combination of label values, on this loop. Valid until stop. */
typedef struct hearth_series hearth_series;

/* What a reader sees of one series, all loops together. */
typedef struct hearth_metric_sample {
    uint32_t struct_size;
    uint32_t label_count;
    const char *plugin;          /* id, "host" for the host's own */
    const hearth_metric *metric; /* the family */
    const hearth_str *label_names;
    const hearth_str *label_values;
    double value;            /* COUNTER, GAUGE; HISTOGRAM: the sum of the observations */
    uint64_t count;          /* HISTOGRAM: number of observations */
    const uint64_t *buckets; /* HISTOGRAM: per bound, not cumulative, plus one for +Inf */
} hearth_metric_sample;

typedef struct hearth_metrics {
    uint32_t struct_size;
    /* The series of family `index` (in the plugin's table) for these label values, in the order of
     * the family's label names; copied. Look it up in start and keep it. Never NULL: past the
     * family's ceiling it is the series whose values are all "other". [loop] */
    hearth_series *(*series)(hearth_ctx *ctx, uint32_t index, const hearth_str *values,
                             size_t count);
    /* What does not fit (another kind, a counter that shrinks, NaN) is logged and not counted. */
    void (*add)(hearth_series *series, double delta);     /* COUNTER (>= 0), GAUGE [loop] */
    void (*set)(hearth_series *series, double value);     /* GAUGE; loops are added up [loop] */
    void (*observe)(hearth_series *series, double value); /* HISTOGRAM [loop] */
    /* Runs `before` on this loop at each collect, for gauges that are read, not kept. One per
     * plugin and loop. [loop] */
    void (*on_collect)(hearth_ctx *ctx, void (*before)(hearth_ctx *ctx));
    /* Visits every series of every plugin and of the host, family by family, then calls done; the
     * on_collect functions of all loops have run before the first visit. [loop] */
    hearth_status (*collect)(hearth_ctx *ctx,
                             void (*visit)(hearth_ctx *ctx, const hearth_metric_sample *sample,
                                           void *arg),
                             void (*done)(hearth_ctx *ctx, void *arg), void *arg) HEARTH_MUST_CHECK;
} hearth_metrics;

static inline const hearth_metrics *hearth_metrics_get(hearth_ctx *ctx)
{
    return (const hearth_metrics *)ctx->host->get(ctx, HEARTH_METRICS_ID, sizeof(hearth_metrics));
}

#ifdef __cplusplus
}
#endif
#endif
