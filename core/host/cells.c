/* cells.c - see cells.h. */
#include "host/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define ARENA_CEILING (256u * 1024 * 1024)
#define KEY_SIZE      (sizeof(uint32_t) + CELLS_MAX_LABELS * (CELLS_MAX_LABEL + 1))

void cells_family_init(cells_family *family, const char *plugin, const hearth_metric *metric)
{
    *family = (cells_family){.plugin = plugin, .metric = metric};
    family->max_series = metric->max_series ? metric->max_series : CELLS_DEFAULT_SERIES;
    if (family->max_series > CELLS_MAX_SERIES)
        family->max_series = CELLS_MAX_SERIES;
    hearth_str rest = str_from(metric->labels), part;
    while (family->label_count < CELLS_MAX_LABELS && str_split(&rest, ' ', &part))
        family->labels[family->label_count++] = part;
}

hearth_status cells_init(host_cells *cells, const cells_families *families)
{
    memset(cells, 0, sizeof(*cells));
    cells->families = families;
    arena_init(&cells->arena, NULL, ARENA_CEILING);
    map_init(&cells->index, (size_t)1 << 24);
    cells->used = arena_calloc(&cells->arena, families->count + 1, sizeof(uint32_t));
    return cells->used ? HEARTH_OK : HEARTH_ENOMEM;
}

void cells_finish(host_cells *cells)
{
    map_finish(&cells->index);
    arena_finish(&cells->arena);
    cells->newest = NULL;
}

/* Cuts at a character, so that a label stays UTF-8. */
static hearth_str cut(hearth_str value)
{
    if (value.len <= CELLS_MAX_LABEL)
        return value;
    size_t len = CELLS_MAX_LABEL;
    while (len > 0 && ((unsigned char)value.ptr[len] & 0xc0) == 0x80)
        len--;
    return (hearth_str){value.ptr, len};
}

static hearth_str make_key(char key[KEY_SIZE], uint32_t family, const hearth_str *values,
                           size_t count)
{
    size_t len = sizeof(family);
    memcpy(key, &family, sizeof(family));
    for (size_t i = 0; i < count; i++) {
        key[len++] = (char)(unsigned char)values[i].len;
        if (values[i].len > 0)
            memcpy(key + len, values[i].ptr, values[i].len);
        len += values[i].len;
    }
    return (hearth_str){key, len};
}

static hearth_series *create(host_cells *cells, uint32_t index, hearth_str key,
                             const hearth_str *values, size_t count)
{
    const cells_family *family = &cells->families->items[index];
    size_t buckets =
        family->metric->kind == HEARTH_HISTOGRAM ? family->metric->bucket_count + 1 : 0;
    hearth_series *series =
        arena_calloc(&cells->arena, 1, sizeof(*series) + buckets * sizeof(uint64_t));
    hearth_str own_key = arena_dup_str(&cells->arena, key);
    if (!series || !own_key.ptr)
        return NULL;
    series->family = family;
    const char *at = own_key.ptr + sizeof(uint32_t);
    for (size_t i = 0; i < count; i++) { /* the values stand in the key already */
        series->values[i] = (hearth_str){at + 1, values[i].len};
        at += 1 + values[i].len;
    }
    if (map_put(&cells->index, own_key, series, NULL) != HEARTH_OK)
        return NULL;
    series->next = cells->newest;
    cells->newest = series;
    return series;
}

hearth_series *cells_series(host_cells *cells, uint32_t index, const hearth_str *values,
                            size_t count)
{
    const cells_family *family = &cells->families->items[index];
    hearth_str given[CELLS_MAX_LABELS] = {{0}};
    for (size_t i = 0; i < count && i < family->label_count; i++)
        given[i] = cut(values[i]);
    char buffer[KEY_SIZE];
    hearth_str key = make_key(buffer, index, given, family->label_count);
    hearth_series *series = map_get(&cells->index, key);
    if (series)
        return series;
    if (cells->used[index] < family->max_series) {
        series = create(cells, index, key, given, family->label_count);
        cells->used[index] += series != NULL;
        if (series)
            return series;
    }
    for (size_t i = 0; i < family->label_count; i++)
        given[i] = HEARTH_STR("other");
    key = make_key(buffer, index, given, family->label_count);
    series = map_get(&cells->index, key);
    return series ? series : create(cells, index, key, given, family->label_count);
}

void cells_observe(hearth_series *series, double value)
{
    const hearth_metric *metric = series->family->metric;
    size_t low = 0, high = metric->bucket_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (value <= metric->buckets[middle])
            high = middle;
        else
            low = middle + 1;
    }
    series->buckets[low]++;
    series->count++;
    series->value += value;
}

hearth_status cells_merge(host_cells *to, const host_cells *from)
{
    size_t cursor = 0;
    for (hearth_map_entry *e; (e = map_next(&from->index, &cursor)) != NULL;) {
        const hearth_series *series = e->value;
        const cells_family *family = series->family;
        hearth_series *sum = cells_series(to, (uint32_t)(family - from->families->items),
                                          series->values, family->label_count);
        if (!sum)
            return HEARTH_ENOMEM;
        sum->value += series->value;
        sum->count += series->count;
        for (size_t i = 0;
             family->metric->kind == HEARTH_HISTOGRAM && i <= family->metric->bucket_count; i++)
            sum->buckets[i] += series->buckets[i];
    }
    return HEARTH_OK;
}

static void visit_series(const hearth_series *series,
                         void (*visit)(const hearth_metric_sample *sample, void *arg), void *arg)
{
    const cells_family *family = series->family;
    hearth_metric_sample sample = {
        .struct_size = sizeof(sample),
        .label_count = family->label_count,
        .plugin = family->plugin,
        .metric = family->metric,
        .label_names = family->labels,
        .label_values = series->values,
        .value = series->value,
        .count = series->count,
        .buckets = family->metric->kind == HEARTH_HISTOGRAM ? series->buckets : NULL,
    };
    visit(&sample, arg);
}

void cells_visit(const host_cells *cells,
                 void (*visit)(const hearth_metric_sample *sample, void *arg), void *arg)
{
    for (size_t f = 0; f < cells->families->count; f++) {
        size_t cursor = 0;
        for (hearth_map_entry *e; (e = map_next(&cells->index, &cursor)) != NULL;) {
            const hearth_series *series = e->value;
            if (series->family == &cells->families->items[f])
                visit_series(series, visit, arg);
        }
    }
}
