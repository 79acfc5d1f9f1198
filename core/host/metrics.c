/* metrics.c - hearth.metrics/1: series in this loop's cells, and collecting those of all loops. */
#include "host/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/host_metrics.h"
#include "host/interfaces.h"

static bool is_passed_over(const host_state *host, const char *id)
{
    for (size_t i = 0; i < host->plugins.count; i++) {
        if (strcmp(host->plugins.items[i]->id, id) == 0)
            return host->plugins.items[i]->passed_over;
    }
    return false;
}

/* Two families of one name could not be told apart by who reads them. A studio's fork of a backend
 * may stand beside it all the same: `services` picks one of the two. */
static hearth_status check_name(const host_state *host, const cells_family *family,
                                hearth_error *error)
{
    for (const cells_family *other = host->families.items; other < family; other++) {
        if (strcmp(other->metric->name, family->metric->name) == 0 &&
            !is_passed_over(host, other->plugin) && !is_passed_over(host, family->plugin))
            return error_set(error, HEARTH_EINVAL, "metric %s of %s has the name of one of %s",
                             family->metric->name, family->plugin, other->plugin);
    }
    return HEARTH_OK;
}

hearth_status metrics_declare(host_state *host, hearth_error *error)
{
    size_t count = HOST_METRIC_COUNT;
    for (size_t i = 0; i < host->plugins.count; i++)
        count += host->plugins.items[i]->desc.metric_count;
    host->families.items = arena_calloc(&host->arena, count, sizeof(cells_family));
    host->family_base = arena_calloc(&host->arena, host->plugins.count + 1, sizeof(uint32_t));
    if (!host->families.items || !host->family_base)
        return error_set(error, HEARTH_ENOMEM, "metrics: out of memory");
    hearth_status status = HEARTH_OK;
    cells_family *next = host->families.items;
    for (size_t i = 0; i < HOST_METRIC_COUNT; i++)
        cells_family_init(next++, "host", &host_metric_table[i]);
    for (size_t i = 0; i < host->plugins.count; i++) {
        const hearth_plugin *item = host->plugins.items[i];
        host->family_base[i] = (uint32_t)(next - host->families.items);
        for (size_t k = 0; status == HEARTH_OK && k < item->desc.metric_count; k++) {
            cells_family_init(next, item->id, &item->desc.head.metrics[k]);
            status = check_name(host, next++, error);
        }
    }
    host->families.count = count;
    return status;
}

hearth_status metrics_init(host_loop *loop)
{
    loop->route_cells =
        arena_calloc(&loop->host->arena, loop->host->route_count + 1, sizeof(host_route_cells));
    if (!loop->route_cells)
        return HEARTH_ENOMEM;
    return cells_init(&loop->cells, &loop->host->families);
}

void metrics_finish(host_loop *loop)
{
    cells_finish(&loop->cells);
}

/* ---- series ---------------------------------------------------------------------------------- */

/* Stands in when there is no memory for a series, so that nobody has to test for NULL. */
static _Thread_local hearth_series nowhere;

static hearth_series *series(hearth_ctx *ctx, uint32_t index, const hearth_str *values,
                             size_t count)
{
    CTX_ASSERT(ctx, "hearth_metrics.series");
    const hearth_plugin *item = plugin_ctx_of(ctx)->plugin;
    host_loop *loop = host_loop_of(ctx);
    hearth_series *found = NULL;
    if (loop && index < item->desc.metric_count) {
        uint32_t number = loop->host->family_base[item->index] + index;
        const cells_family *family = &loop->host->families.items[number];
        if (count != family->label_count)
            log_error(item->id, "%s has %u labels, and was asked for with %zu",
                      family->metric->name, family->label_count, count);
        found = cells_series(&loop->cells, number, values, count);
    } else {
        log_error(item->id, "metric %u does not exist: the table has %zu", index,
                  item->desc.metric_count);
    }
    if (!found)
        found = &nowhere;
    found->loop = ctx->loop;
    return found;
}

/* Whether the value may be counted there; what may not is the plugin's mistake, and left out. A
 * series of the wrong kind has no room for it. */
static bool fits(const hearth_series *to, bool right, const char *call, double value)
{
    if (!to->family)
        return false;
    THREAD_ASSERT(to->family->plugin, to->loop, call);
    if (!right)
        log_error(to->family->plugin, "%s: %s is of another kind, or %g is not allowed", call,
                  to->family->metric->name, value);
    return right;
}

static hearth_metric_kind kind_of(const hearth_series *series_)
{
    return series_->family ? series_->family->metric->kind : HEARTH_METRIC_END;
}

static void add(hearth_series *series_, double delta)
{
    hearth_metric_kind kind = kind_of(series_);
    if (fits(series_, kind == HEARTH_GAUGE || (kind == HEARTH_COUNTER && delta >= 0),
             "hearth_metrics.add", delta))
        cells_add(series_, delta);
}

static void set(hearth_series *series_, double value)
{
    if (fits(series_, kind_of(series_) == HEARTH_GAUGE, "hearth_metrics.set", value))
        series_->value = value;
}

static void observe(hearth_series *series_, double value)
{
    if (fits(series_, kind_of(series_) == HEARTH_HISTOGRAM && value == value,
             "hearth_metrics.observe", value))
        cells_observe(series_, value);
}

static void on_collect(hearth_ctx *ctx, void (*before)(hearth_ctx *ctx))
{
    CTX_ASSERT(ctx, "hearth_metrics.on_collect");
    host_slot_of(ctx)->on_collect = before;
}

/* ---- collecting ------------------------------------------------------------------------------ */

/* One collection: every loop leaves a copy of its cells, the caller adds them up. */
typedef struct collection {
    hearth_ctx *ctx;
    void (*visit)(hearth_ctx *ctx, const hearth_metric_sample *sample, void *arg);
    void (*done)(hearth_ctx *ctx, void *arg);
    void *arg;
    host_cells copies[]; /* one per loop */
} collection;

static void copy_cells(hearth_ctx *ctx, void *arg)
{
    collection *c = arg;
    host_loop *loop = host_loop_of(ctx);
    host_metrics_update(loop);
    for (size_t i = 0; i < loop->host->plugins.count; i++) {
        plugin_ctx *other = &loop->host->plugins.items[i]->loops[loop->index];
        if (other->started && loop->slots[i].on_collect)
            loop->slots[i].on_collect(&other->public);
    }
    if (cells_merge(&c->copies[loop->index], &loop->cells) != HEARTH_OK)
        log_warn("host", "out of memory: some metrics of loop %u are missing", loop->index);
}

static void visit_one(const hearth_metric_sample *sample, void *arg)
{
    collection *c = arg;
    c->visit(c->ctx, sample, c->arg);
}

static void destroy(collection *c, uint32_t loops)
{
    for (uint32_t i = 0; i < loops; i++)
        cells_finish(&c->copies[i]);
    free(c);
}

static void add_up(hearth_ctx *ctx, void *arg)
{
    collection *c = arg;
    for (uint32_t i = 1; i < ctx->loops; i++) {
        if (cells_merge(&c->copies[0], &c->copies[i]) != HEARTH_OK)
            log_warn("host", "out of memory: some metrics of loop %u are missing", i);
    }
    cells_visit(&c->copies[0], visit_one, c);
    c->done(ctx, c->arg);
    destroy(c, ctx->loops);
}

static hearth_status collect(hearth_ctx *ctx,
                             void (*visit)(hearth_ctx *ctx, const hearth_metric_sample *sample,
                                           void *arg),
                             void (*done)(hearth_ctx *ctx, void *arg), void *arg)
{
    CTX_ASSERT(ctx, "hearth_metrics.collect");
    collection *c = calloc(1, sizeof(*c) + ctx->loops * sizeof(c->copies[0]));
    if (!c)
        return HEARTH_ENOMEM;
    c->ctx = ctx;
    c->visit = visit;
    c->done = done;
    c->arg = arg;
    hearth_status status = HEARTH_OK;
    for (uint32_t i = 0; status == HEARTH_OK && i < ctx->loops; i++)
        status = cells_init(&c->copies[i], &host_current->families);
    if (status == HEARTH_OK)
        status = host_loop_api.each(ctx, copy_cells, add_up, c);
    if (status != HEARTH_OK)
        destroy(c, ctx->loops);
    return status;
}

const hearth_metrics host_metrics_api = {.struct_size = sizeof(hearth_metrics),
                                         .series = series,
                                         .add = add,
                                         .set = set,
                                         .observe = observe,
                                         .on_collect = on_collect,
                                         .collect = collect};
