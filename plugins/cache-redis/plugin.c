/*
 * plugin.c - cache-redis: hearth.cache/1 in one Redis. It may be away, full, slow or frozen: that
 * costs hits, never a request.
 */
#include "plugin.h"

#include <stdlib.h>

#include "script.h"

static const hearth_conf_field config[] = {
    REDIS_CONFIG_FIELDS(struct config, redis, "1s", "20000"),
    {"prefix", HEARTH_CONF_STR, 0, offsetof(struct config, prefix), "hearth-cache:", 0, 64, NULL,
     "begins every key, so that a Redis can be shared"},
    {"call_timeout", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE,
     offsetof(struct config, call_timeout), "50ms", 10, 10000, NULL,
     "what is not read by then is taken for absent"},
    {"ttl", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE, offsetof(struct config, ttl), "1h", 1000,
     2592000000, NULL, "how long a document is kept after it was last put"},
    {"refuse_older", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE,
     offsetof(struct config, refuse_older), "1m", 1000, 3600000, NULL,
     "how long after an invalidation older versions are refused"},
    {"max_body", HEARTH_CONF_SIZE, HEARTH_CONF_RELOADABLE, offsetof(struct config, max_body), "64k",
     0, HEARTH_STORAGE_MAX_BODY, NULL, "larger documents are not kept"},
    {"max_buffered", HEARTH_CONF_SIZE, HEARTH_CONF_RELOADABLE,
     offsetof(struct config, max_buffered), "16m", 1024, 1073741824, NULL,
     "bytes on their way to Redis on one loop; past it documents are not kept"},
    {0},
};

static const double seconds_buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                         0.005,  0.01,    0.025,  0.05,  0.1};

static const hearth_metric metrics[] = {
    [METRIC_GETS] =
        {"hearth_cache_redis_gets_total", HEARTH_COUNTER, GET_RESULTS, NULL,
         "Documents asked for: hit, miss, late (no answer in time), or not asked: away, "
         "slow, busy; error",
         NULL, 0, "result"},
    [METRIC_WRITES] = {"hearth_cache_redis_writes_total", HEARTH_COUNTER, WRITE_RESULTS, NULL,
                       "Puts and invalidations: kept, older (than what is there), refused, lost",
                       NULL, 0, "result"},
    [METRIC_GET_SECONDS] = {"hearth_cache_redis_get_seconds", HEARTH_HISTOGRAM, 1, "seconds",
                            "Time until Redis answered a get", seconds_buckets,
                            sizeof(seconds_buckets) / sizeof(seconds_buckets[0]), NULL},
    REDIS_CONNECTION_METRICS(METRIC_CONNECTION, "hearth_cache_redis"),
    {0},
};

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    return redis_config_check(&((const struct config *)conf)->redis, err, err_size);
}

static const hearth_cache cache = {
    .struct_size = sizeof(hearth_cache),
    .get = cache_get,
    .put = cache_put,
    .invalidate = cache_invalidate,
};

/* ---- life ---- */

static hearth_status open_plugin(hearth_ctx *ctx)
{
    const struct config *conf = ctx->conf;
    struct shared *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return HEARTH_ENOMEM;
    hearth_status status = redis_place_init(&shared->place, ctx, &conf->redis);
    if (status != HEARTH_OK) {
        free(shared);
        return status;
    }
    ctx->shared = shared;
    shared->log = hearth_log_get(ctx);
    shared->loop = hearth_loop_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->timer = hearth_timer_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    hearth_random_get(ctx)->uuid(ctx, shared->start);
    for (int i = 0; i < SCRIPT_COUNT; i++)
        redis_script_init(&scripts[i]);
    return HEARTH_OK;
}

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared;
    if (shared)
        redis_place_finish(&shared->place);
    free(shared);
    ctx->shared = NULL;
}

static void find_series(hearth_ctx *ctx)
{
    static const hearth_str gets[GET_RESULTS] = {
        [GET_HIT] = HEARTH_STR("hit"),     [GET_MISS] = HEARTH_STR("miss"),
        [GET_LATE] = HEARTH_STR("late"),   [GET_AWAY] = HEARTH_STR("away"),
        [GET_SLOW] = HEARTH_STR("slow"),   [GET_BUSY] = HEARTH_STR("busy"),
        [GET_ERROR] = HEARTH_STR("error"),
    };
    static const hearth_str writes[WRITE_RESULTS] = {
        [WRITE_KEPT] = HEARTH_STR("kept"),
        [WRITE_OLDER] = HEARTH_STR("older"),
        [WRITE_REFUSED] = HEARTH_STR("refused"),
        [WRITE_LOST] = HEARTH_STR("lost"),
    };
    const hearth_metrics *api = shared_of(ctx)->metrics;
    struct local *local = local_of(ctx);

    for (size_t i = 0; i < GET_RESULTS; i++)
        local->gets[i] = api->series(ctx, METRIC_GETS, &gets[i], 1);
    for (size_t i = 0; i < WRITE_RESULTS; i++)
        local->writes[i] = api->series(ctx, METRIC_WRITES, &writes[i], 1);
    local->get_seconds = api->series(ctx, METRIC_GET_SECONDS, NULL, 0);
}

static hearth_status start(hearth_ctx *ctx)
{
    struct local *local = calloc(1, sizeof(*local));

    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    TAILQ_INIT(&local->waiting);
    find_series(ctx);
    struct redis_owner owner = {
        .config = &conf_of(ctx)->redis,
        .place = &shared_of(ctx)->place,
        .component = "cache",
        .loss = HEARTH_LOG_WARNING,
        .metrics = METRIC_CONNECTION,
    };
    local->connection = redis_connection_create(ctx, &owner);
    if (local->connection)
        return HEARTH_OK;
    free(local);
    ctx->state = NULL;
    return HEARTH_ENOMEM;
}

static hearth_status drain(hearth_ctx *ctx)
{
    return redis_connection_drain(local_of(ctx)->connection);
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (!local)
        return;
    redis_connection_destroy(local->connection);
    shared_of(ctx)->timer->stop(local->deadline);
    free(local);
    ctx->state = NULL;
}

static const hearth_use uses[] = {
    REDIS_CONNECTION_USES,
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_CACHE_ID, &cache}, {0}};

HEARTH_PLUGIN("cache-redis", "1.0.0", .summary = "A second level of memory in Redis.", .uses = uses,
              .provides = provides, .config = config, .config_size = sizeof(struct config),
              .metrics = metrics, .check = check, .open = open_plugin, .start = start,
              .drain = drain, .stop = stop, .close = close_plugin);
