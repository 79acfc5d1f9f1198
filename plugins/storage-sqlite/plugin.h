/*
 * plugin.h - what the files of this plugin share: the configuration, the host's interfaces, the one
 * writer of the process and the reader of each loop.
 */
#ifndef STORAGE_SQLITE_PLUGIN_H
#define STORAGE_SQLITE_PLUGIN_H

#include <hearth/json.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/storage.h>
#include <hearth/task.h>
#include <hearth/timer.h>

#include "database.h"

struct config {
    hearth_str path;
    int64_t max_queue;
    int64_t purge_interval;
};

enum metric { METRIC_COMMIT_SECONDS, METRIC_COMMIT_OPS, METRIC_READ_SECONDS, METRIC_QUEUE };

struct writer;
struct reader;

/* One per process, immutable after open but for the writer's own insides. */
struct shared {
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_task *task;
    const hearth_clock *clock;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_json *json;
    const hearth_arena_api *arena;
    char *path;
    char identity[STORE_ID_SIZE + 8];
    hearth_storage_caps caps;
    struct writer *writer;
};

/* One per loop. */
struct local {
    struct reader *reader;
    hearth_timer *purge;   /* loop 0 only */
    size_t writes_pending; /* jobs whose callback has not run yet */
    int draining;
    int healthy;
    hearth_series *commit_seconds, *commit_ops, *read_seconds, *queue;
};

static inline struct shared *shared_of(hearth_ctx *ctx)
{
    return (struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

/* Records whether the last contact succeeded; tells health and log when that changes. `error` is
 * NULL on success. [loop] */
void plugin_report_contact(hearth_ctx *ctx, const char *error);

/* Ends a drain that waits, if nothing is in flight on this loop any more. [loop] */
void plugin_check_drained(hearth_ctx *ctx);

#endif
