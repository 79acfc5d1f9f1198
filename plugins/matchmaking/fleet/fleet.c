/*
 * fleet.c - the life of the fleet on its loop.
 */
#include "view.h"

#include <stdlib.h>

static void find_series(struct fleet *fleet)
{
    struct mm_loop *loop = fleet->loop;
    const hearth_metrics *metrics = loop->metrics;
    hearth_str ready = HEARTH_STR("ready"), draining = HEARTH_STR("draining");
    fleet->conflicts = metrics->series(loop->ctx, METRIC_CONFLICTS, NULL, 0);
    fleet->lost = metrics->series(loop->ctx, METRIC_LOST, NULL, 0);
    fleet->silent = metrics->series(loop->ctx, METRIC_SILENT, NULL, 0);
    fleet->ready = metrics->series(loop->ctx, METRIC_INSTANCES, &ready, 1);
    fleet->draining = metrics->series(loop->ctx, METRIC_INSTANCES, &draining, 1);
    fleet->sessions = metrics->series(loop->ctx, METRIC_SESSIONS, NULL, 0);
    fleet->players = metrics->series(loop->ctx, METRIC_PLAYERS, NULL, 0);
}

struct fleet *fleet_create(struct mm_loop *loop)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    if (!fleet)
        return NULL;
    fleet->loop = loop;
    find_series(fleet);
    if (watch_start(fleet) != HEARTH_OK) {
        free(fleet);
        return NULL;
    }
    refresh_start(fleet);
    return fleet;
}

void fleet_drain(struct fleet *fleet, void (*done)(void *arg), void *arg)
{
    fleet->stopped = true;
    watch_stop(fleet);
    if (!fleet->passing)
        refresh_stop(fleet);
    fleet->drained = done;
    fleet->drained_arg = arg;
    changes_idle(fleet);
}

void fleet_destroy(struct fleet *fleet)
{
    if (!fleet)
        return;
    fleet->stopped = true;
    watch_stop(fleet);
    refresh_stop(fleet);
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        while (fleet->entries[i])
            entry_remove(fleet->entries[i]);
    }
    pools_destroy(fleet);
    free(fleet);
}
