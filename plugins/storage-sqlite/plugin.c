/*
 * plugin.c - storage-sqlite: hearth.storage/1 in one file of one machine, the embedded default.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "reader.h"
#include "writer.h"

static const hearth_conf_field config[] = {
    {"path", HEARTH_CONF_STR, 0, offsetof(struct config, path), "hearth.db", 1, 4000, NULL,
     "database file; a relative path is inside data_dir"},
    {"max_queue", HEARTH_CONF_INT, 0, offsetof(struct config, max_queue), "100000", 1, 10000000,
     NULL, "writes that may wait; past it they are answered with RETRY"},
    {"purge_interval", HEARTH_CONF_DURATION, 0, offsetof(struct config, purge_interval), "10s", 100,
     86400000, NULL, "how often expired documents are removed"},
    {0},
};

static const double seconds[] = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                 0.05,   0.1,    0.25,  0.5,    1,     2.5};
static const double sizes[] = {1, 4, 16, 64, 256, 1024, 4096};

static const hearth_metric metrics[] = {
    [METRIC_COMMIT_SECONDS] = {"hearth_storage_sqlite_commit_duration_seconds", HEARTH_HISTOGRAM, 1,
                               "seconds", "Duration of a group commit with its fsync", seconds,
                               sizeof(seconds) / sizeof(seconds[0]), NULL},
    [METRIC_COMMIT_OPS] = {"hearth_storage_sqlite_commit_operations", HEARTH_HISTOGRAM, 1, NULL,
                           "Operations in a group commit", sizes, sizeof(sizes) / sizeof(sizes[0]),
                           NULL},
    [METRIC_READ_SECONDS] = {"hearth_storage_sqlite_read_duration_seconds", HEARTH_HISTOGRAM, 1,
                             "seconds", "Duration of a batch of reads on the task pool", seconds,
                             sizeof(seconds) / sizeof(seconds[0]), NULL},
    [METRIC_QUEUE] = {"hearth_storage_sqlite_queue_operations", HEARTH_GAUGE, 1, NULL,
                      "Operations that wait for the writer or are being written", NULL, 0, NULL},
    {0},
};

void plugin_report_contact(hearth_ctx *ctx, const char *error)
{
    struct local *local = local_of(ctx);

    if (error) {
        HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_ERROR, "%s: %s", shared_of(ctx)->path,
                   error);
        ctx->host->health(ctx, "storage", HEARTH_DEGRADED, error);
    } else if (!local->healthy) {
        ctx->host->health(ctx, "storage", HEARTH_HEALTHY, "");
    }
    local->healthy = error == NULL;
}

static int idle(const struct local *local)
{
    return local->writes_pending == 0 && !reader_busy(local->reader);
}

void plugin_check_drained(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (local->draining && idle(local)) {
        local->draining = 0;
        ctx->host->drained(ctx);
    }
}

/* ---- the service ---- */

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &shared_of(ctx)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return local_of(ctx)->healthy;
}

static const hearth_storage storage = {
    .struct_size = sizeof(hearth_storage),
    .get = reader_get,
    .query = reader_query,
    .scan = reader_scan,
    .write = writer_write,
    .transact = writer_transact,
    .caps = caps,
    .healthy = healthy,
};

/* ---- life ---- */

static char *resolve(hearth_ctx *ctx, hearth_str path)
{
    hearth_str dir = ctx->host->data_dir(ctx);
    char *full = malloc(dir.len + path.len + 2);

    if (full && path.ptr[0] == '/')
        snprintf(full, path.len + 1, "%" HEARTH_PRIS, HEARTH_ARG(path));
    else if (full)
        snprintf(full, dir.len + path.len + 2, "%" HEARTH_PRIS "/%" HEARTH_PRIS, HEARTH_ARG(dir),
                 HEARTH_ARG(path));
    return full;
}

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    if (!shared)
        return;
    writer_destroy(shared->writer);
    free(shared->path);
    free(shared);
    ctx->shared = NULL;
}

static hearth_status open_store(hearth_ctx *ctx, struct shared *shared)
{
    const struct config *conf = ctx->conf;
    char error[512] = "out of memory", id[STORE_ID_SIZE], new_id[HEARTH_UUID_SIZE];

    hearth_random_get(ctx)->uuid(ctx, new_id);
    shared->path = resolve(ctx, conf->path);
    sqlite3 *database =
        shared->path ? database_open_writer(shared->path, new_id, id, error, sizeof(error)) : NULL;
    if (!database) {
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR, "%s", error);
        return HEARTH_EINTERNAL;
    }
    snprintf(shared->identity, sizeof(shared->identity), "sqlite:%s", id);
    shared->writer = writer_create(shared, database, (size_t)conf->max_queue);
    if (!shared->writer) {
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR, "%s: cannot start the writer",
                           shared->path);
        return HEARTH_EINTERNAL;
    }
    return HEARTH_OK;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return HEARTH_ENOMEM;
    ctx->shared = shared;
    shared->log = hearth_log_get(ctx);
    shared->loop = hearth_loop_get(ctx);
    shared->task = hearth_task_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->timer = hearth_timer_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->json = hearth_json_get(ctx);
    shared->arena = hearth_arena_get(ctx);
    hearth_status status = open_store(ctx, shared);
    if (status != HEARTH_OK) {
        close_plugin(ctx);
        return status;
    }
    shared->caps = (hearth_storage_caps){
        .struct_size = sizeof(hearth_storage_caps),
        .max_transact = MAX_TRANSACT,
        .max_body = HEARTH_STORAGE_MAX_BODY,
        .max_batch = 4096,
        .name = "sqlite",
        .identity = shared->identity,
    };
    return HEARTH_OK;
}

static void on_purge(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    writer_purge(ctx);
}

static void before_collect(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    if (ctx->loop == 0) /* loops are added up, and the queue is everybody's */
        shared->metrics->set(local_of(ctx)->queue, (double)writer_depth(shared->writer));
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (!local)
        return;
    shared_of(ctx)->timer->stop(local->purge);
    reader_destroy(local->reader);
    free(local);
    ctx->state = NULL;
}

static hearth_status start(hearth_ctx *ctx)
{
    const struct config *conf = ctx->conf;
    struct shared *shared = shared_of(ctx);
    struct local *local = calloc(1, sizeof(*local));
    char error[512];

    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    local->healthy = 1;
    local->commit_seconds = shared->metrics->series(ctx, METRIC_COMMIT_SECONDS, NULL, 0);
    local->commit_ops = shared->metrics->series(ctx, METRIC_COMMIT_OPS, NULL, 0);
    local->read_seconds = shared->metrics->series(ctx, METRIC_READ_SECONDS, NULL, 0);
    local->queue = shared->metrics->series(ctx, METRIC_QUEUE, NULL, 0);
    shared->metrics->on_collect(ctx, before_collect);
    local->reader = reader_create(ctx, error, sizeof(error));
    if (!local->reader) {
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR, "%s", error);
        stop(ctx);
        return HEARTH_EINTERNAL;
    }
    if (ctx->loop == 0) {
        uint64_t interval = (uint64_t)conf->purge_interval;
        local->purge = shared->timer->start(ctx, interval, interval, on_purge, NULL);
        if (!local->purge) {
            stop(ctx);
            return HEARTH_ENOMEM;
        }
    }
    return HEARTH_OK;
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    shared_of(ctx)->timer->stop(local->purge);
    local->purge = NULL;
    if (idle(local))
        return HEARTH_OK;
    local->draining = 1;
    return HEARTH_DEFERRED;
}

static const hearth_use uses[] = {
    {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_TASK_ID, sizeof(hearth_task), HEARTH_REQUIRED, 0},
    {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
    {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0},
    {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_STORAGE_ID, &storage}, {0}};

HEARTH_PLUGIN("storage-sqlite", "1.0.0", .summary = "Documents in one SQLite file.", .uses = uses,
              .provides = provides, .config = config, .config_size = sizeof(struct config),
              .metrics = metrics, .open = open_plugin, .start = start, .drain = drain, .stop = stop,
              .close = close_plugin);
