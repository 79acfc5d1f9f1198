/*
 * cells.h - where metrics are counted: each loop writes cells of its own, without locks or atomics.
 * A reader asks every loop for a copy of its cells and adds the copies up.
 */
#ifndef HEARTH_HOST_CELLS_H
#define HEARTH_HOST_CELLS_H

#include <stdbool.h>

#include <hearth/metrics.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"

#define CELLS_MAX_LABELS     4
#define CELLS_MAX_LABEL      128 /* bytes of a label value; longer ones are cut */
#define CELLS_DEFAULT_SERIES 64
#define CELLS_MAX_SERIES     10000

/* One family of the host or of a plugin; the same index on every loop. */
typedef struct cells_family {
    const char *plugin;
    const hearth_metric *metric;
    hearth_str labels[CELLS_MAX_LABELS];
    uint32_t label_count;
    uint32_t max_series;
} cells_family;

typedef struct cells_families {
    cells_family *items;
    size_t count;
} cells_families;

struct hearth_series {
    const cells_family *family;
    struct hearth_series *next; /* of the same loop, newest first */
    uint32_t loop;              /* whose cells these are, once a plugin has asked for them */
    hearth_str values[CELLS_MAX_LABELS];
    double value;
    uint64_t count;
    uint64_t buckets[]; /* bucket_count + 1 */
};

/* The cells of one loop, or the sum of several. */
typedef struct host_cells {
    const cells_families *families;
    hearth_arena arena;
    hearth_map index; /* family and values -> series */
    uint32_t *used;   /* per family: series without "other" */
    hearth_series *newest;
} host_cells;

/* Fills a family from its declaration. */
void cells_family_init(cells_family *family, const char *plugin, const hearth_metric *metric);

HEARTH_MUST_CHECK hearth_status cells_init(host_cells *cells, const cells_families *families);
void cells_finish(host_cells *cells);

/* The series of these values; past the family's ceiling, or without memory, the one of "other".
 * NULL only when there is no memory even for that. */
hearth_series *cells_series(host_cells *cells, uint32_t family, const hearth_str *values,
                            size_t count);

static inline void cells_add(hearth_series *series, double delta)
{
    series->value += delta;
}
void cells_observe(hearth_series *series, double value);

/* Adds every cell of `from` to `to`, which has the same families. */
HEARTH_MUST_CHECK hearth_status cells_merge(host_cells *to, const host_cells *from);

/* Visits all series, family by family, series in order of their first appearance. */
void cells_visit(const host_cells *cells,
                 void (*visit)(const hearth_metric_sample *sample, void *arg), void *arg);

#endif
