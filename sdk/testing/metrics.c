/*
 * metrics.c - hearth.metrics/1 with one series per loop and label values, readable by name. Wrong
 * use (a counter that shrinks, the wrong kind, the wrong number of labels) ends the test.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LABELS 4

struct hearth_series {
    struct hearth_series *next;
    hearth_ctx *ctx;
    uint32_t family;
    const hearth_metric *metric;
    size_t label_count;
    hearth_str names[MAX_LABELS], values[MAX_LABELS];
    double value;
    uint64_t count;
    uint64_t *buckets;
};

static const hearth_metric *metric_at(const hearth_plugin_desc *desc, uint32_t index)
{
    if (!desc || !desc->metrics)
        return NULL;
    const char *row = (const char *)desc->metrics + (size_t)index * desc->metric_size;
    const hearth_metric *metric = (const hearth_metric *)(const void *)row;
    return metric->name ? metric : NULL;
}

static const hearth_metric *family_of(hearth_ctx *ctx, uint32_t index)
{
    const hearth_plugin_desc *desc = fake_of(ctx)->plugin->desc;
    for (uint32_t i = 0; i <= index; i++)
        if (!metric_at(desc, i))
            fake_rule("hearth_metrics.series: %s has no metric %u", fake_id(ctx), index);
    return metric_at(desc, index);
}

static size_t split_labels(const char *labels, hearth_str names[MAX_LABELS])
{
    size_t count = 0;
    while (labels && *labels && count < MAX_LABELS) {
        size_t len = strcspn(labels, " ");
        names[count++] = (hearth_str){labels, len};
        labels += len + (labels[len] == ' ');
    }
    return count;
}

static bool same(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static hearth_series *find(hearth_ctx *ctx, uint32_t index, const hearth_str *values, size_t count,
                           uint32_t *found)
{
    *found = 0;
    for (hearth_series *series = fake_of(ctx)->host->series; series; series = series->next) {
        if (series->ctx != ctx || series->family != index)
            continue;
        (*found)++;
        size_t i = 0;
        while (i < count && same(series->values[i], values[i]))
            i++;
        if (i == count)
            return series;
    }
    return NULL;
}

static hearth_series *metrics_series(hearth_ctx *ctx, uint32_t index, const hearth_str *values,
                                     size_t count)
{
    fake_check_loop(ctx, "hearth_metrics.series");
    hearth_test_host *host = fake_of(ctx)->host;
    const hearth_metric *metric = family_of(ctx, index);
    hearth_str names[MAX_LABELS];
    if (split_labels(metric->labels, names) != count)
        fake_rule("hearth_metrics.series: %s: %zu values for the labels \"%s\"", metric->name,
                  count, metric->labels ? metric->labels : "");
    uint32_t existing;
    hearth_series *series = find(ctx, index, values, count, &existing);
    if (series)
        return series;
    static const hearth_str other = {"other", 5};
    const hearth_str others[MAX_LABELS] = {other, other, other, other};
    if (existing >= (metric->max_series ? metric->max_series : 64)) {
        values = others;
        series = find(ctx, index, values, count, &existing);
        if (series)
            return series;
    }
    series = fake_new(sizeof(*series));
    *series = (hearth_series){host->series, ctx, index, metric, count, {{0}}, {{0}}, 0, 0, NULL};
    for (size_t i = 0; i < count; i++) {
        series->names[i] = names[i];
        series->values[i] = (hearth_str){fake_copy_str(values[i]), values[i].len};
    }
    series->buckets = fake_new((metric->bucket_count + 1) * sizeof(uint64_t));
    host->series = series;
    return series;
}

static void check_series(const hearth_series *series, bool fits, const char *what)
{
    fake_check_loop(series->ctx, what);
    if (!fits)
        fake_rule("%s: %s is of another kind, or the value is not allowed", what,
                  series->metric->name);
}

static void metrics_add(hearth_series *series, double delta)
{
    hearth_metric_kind kind = series->metric->kind;
    check_series(series, kind == HEARTH_GAUGE || (kind == HEARTH_COUNTER && delta >= 0),
                 "hearth_metrics.add");
    series->value += delta;
}

static void metrics_set(hearth_series *series, double value)
{
    check_series(series, series->metric->kind == HEARTH_GAUGE, "hearth_metrics.set");
    series->value = value;
}

static void metrics_observe(hearth_series *series, double value)
{
    const hearth_metric *metric = series->metric;
    check_series(series, metric->kind == HEARTH_HISTOGRAM, "hearth_metrics.observe");
    size_t i = 0;
    while (i < metric->bucket_count && value > metric->buckets[i])
        i++;
    series->buckets[i]++;
    series->count++;
    series->value += value;
}

static void metrics_on_collect(hearth_ctx *ctx, void (*before)(hearth_ctx *ctx))
{
    fake_check_loop(ctx, "hearth_metrics.on_collect");
    fake_of(ctx)->on_collect = before;
}

static void run_collectors(hearth_test_host *host)
{
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        for (uint32_t i = 0; i < host->loops; i++) {
            fake_ctx *ctx = &plugin->loops[i];
            uint32_t before = fake_enter(host, i);
            if (ctx->on_collect && !ctx->stopped)
                ctx->on_collect(&ctx->pub);
            fake_leave(host, before);
        }
    }
}

/* Adds the other loops' share of a series into sample and buckets; first: this loop's is the first
 * of them in the list, so that each combination is visited once. */
static bool sum_loops(const hearth_test_host *host, const hearth_series *one, double *value,
                      uint64_t *count, uint64_t *buckets)
{
    for (const hearth_series *s = host->series; s; s = s->next) {
        if (fake_of(s->ctx)->plugin != fake_of(one->ctx)->plugin || s->family != one->family)
            continue;
        size_t i = 0;
        while (i < s->label_count && same(s->values[i], one->values[i]))
            i++;
        if (i < s->label_count)
            continue;
        if (*count == UINT64_MAX) {
            if (s != one)
                return false;
            *count = 0;
        }
        *value += s->value;
        *count += s->count;
        for (size_t b = 0; b <= s->metric->bucket_count; b++)
            buckets[b] += s->buckets[b];
    }
    return true;
}

typedef struct collect_job {
    void (*visit)(hearth_ctx *ctx, const hearth_metric_sample *sample, void *arg);
    void (*done)(hearth_ctx *ctx, void *arg);
    void *arg;
} collect_job;

static void visit_series(hearth_ctx *ctx, const collect_job *job, const hearth_series *series)
{
    uint64_t *buckets = fake_new((series->metric->bucket_count + 1) * sizeof(uint64_t));
    double value = 0;
    uint64_t count = UINT64_MAX;
    if (sum_loops(fake_of(ctx)->host, series, &value, &count, buckets)) {
        hearth_metric_sample sample = {sizeof(sample),
                                       (uint32_t)series->label_count,
                                       fake_id(series->ctx),
                                       series->metric,
                                       series->names,
                                       series->values,
                                       value,
                                       count,
                                       buckets};
        job->visit(ctx, &sample, job->arg);
    }
    free(buckets);
}

static void collect(hearth_ctx *ctx, void *arg)
{
    collect_job *job = arg;
    hearth_test_host *host = fake_of(ctx)->host;
    run_collectors(host);
    for (const fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next)
        for (uint32_t family = 0; metric_at(plugin->desc, family); family++)
            for (const hearth_series *s = host->series; s; s = s->next)
                if (fake_of(s->ctx)->plugin == plugin && s->family == family)
                    visit_series(ctx, job, s);
    job->done(ctx, job->arg);
    free(job);
}

static hearth_status metrics_collect(hearth_ctx *ctx,
                                     void (*visit)(hearth_ctx *ctx,
                                                   const hearth_metric_sample *sample, void *arg),
                                     void (*done)(hearth_ctx *ctx, void *arg), void *arg)
{
    fake_check_loop(ctx, "hearth_metrics.collect");
    collect_job *job = fake_new(sizeof(*job));
    *job = (collect_job){visit, done, arg};
    hearth_status status = fake_post(ctx, collect, job);
    if (status != HEARTH_OK)
        free(job);
    return status;
}

const hearth_metrics fake_metrics_api = {
    sizeof(hearth_metrics), metrics_series,     metrics_add,     metrics_set,
    metrics_observe,        metrics_on_collect, metrics_collect,
};

/* ---- for the test --------------------------------------------------------------------------- */

static bool has_label(const hearth_series *series, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    if (!equals)
        fake_rule("hearth_test_metric: a label is name=value, not %.*s", (int)len, text);
    hearth_str name = {text, (size_t)(equals - text)};
    hearth_str value = {equals + 1, len - name.len - 1};
    for (size_t i = 0; i < series->label_count; i++)
        if (same(series->names[i], name))
            return same(series->values[i], value);
    return false;
}

static double sum(hearth_test_host *host, const char *name, const char *labels, bool of_sum)
{
    bool known = false;
    for (const fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next)
        for (uint32_t i = 0; metric_at(plugin->desc, i); i++)
            known |= strcmp(metric_at(plugin->desc, i)->name, name) == 0;
    if (!known)
        fake_rule("hearth_test_metric: no plugin has a metric %s", name);
    run_collectors(host);
    double total = 0;
    for (const hearth_series *series = host->series; series; series = series->next) {
        bool match = strcmp(series->metric->name, name) == 0;
        for (const char *at = labels; match && at && *at;) {
            size_t len = strcspn(at, ",");
            match = has_label(series, at, len);
            at += len + (at[len] == ',');
        }
        if (match)
            total += series->metric->kind == HEARTH_HISTOGRAM && !of_sum ? (double)series->count
                                                                         : series->value;
    }
    return total;
}

double hearth_test_metric(hearth_test_host *host, const char *name, const char *labels)
{
    return sum(host, name, labels, false);
}

double hearth_test_metric_sum(hearth_test_host *host, const char *name, const char *labels)
{
    return sum(host, name, labels, true);
}

void fake_metrics_finish(hearth_test_host *host)
{
    while (host->series) {
        hearth_series *series = host->series;
        host->series = series->next;
        for (size_t i = 0; i < series->label_count; i++)
            free((char *)(uintptr_t)series->values[i].ptr);
        free(series->buckets);
        free(series);
    }
}
