/*
 * plugin.c - storage-redis: hearth.storage/1 in one Redis, conditions judged by Lua where the data
 * is.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>

#include "keeping.h"
#include "refusal.h"
#include "scripts.h"

static const hearth_conf_field config[] = {
    REDIS_CONFIG_FIELDS(struct config, redis, "2s", "20000"),
    {"prefix", HEARTH_CONF_STR, 0, offsetof(struct config, prefix), "hearth:", 0, 64, NULL,
     "begins every key, so that a Redis can be shared"},
    {0},
};

static const hearth_metric metrics[] = {
    [METRIC_REFUSED] = {"hearth_storage_redis_refusals_total", HEARTH_COUNTER, 1, NULL,
                        "Answers of Redis that were errors", NULL, 0, NULL},
    REDIS_CONNECTION_METRICS(METRIC_CONNECTION, "hearth_storage_redis"),
    {0},
};

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    return redis_config_check(&((const struct config *)conf)->redis, err, err_size);
}

/* ---- the service ---- */

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &shared_of(ctx)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return redis_connection_healthy(local_of(ctx)->connection) &&
           !refusal_lasts(local_of(ctx)->refusal);
}

static const hearth_storage storage = {
    .struct_size = sizeof(hearth_storage),
    .get = redis_get,
    .query = redis_query,
    .scan = redis_scan,
    .write = redis_write,
    .transact = redis_transact,
    .caps = caps,
    .healthy = healthy,
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
    shared->timer = hearth_timer_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->json = hearth_json_get(ctx);
    shared->arena = hearth_arena_get(ctx);
    snprintf(shared->identity, sizeof(shared->identity), "redis:%s:%u/%lld/%" HEARTH_PRIS,
             shared->place.host, shared->place.port, (long long)conf->redis.database,
             HEARTH_ARG(conf->prefix));
    shared->caps = (hearth_storage_caps){
        .struct_size = sizeof(hearth_storage_caps),
        .max_transact = MAX_TRANSACT,
        .max_body = HEARTH_STORAGE_MAX_BODY,
        .max_batch = 1000,
        .name = "redis",
        .identity = shared->identity,
    };
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

static hearth_status start(hearth_ctx *ctx)
{
    struct redis_owner owner = {
        .config = &((const struct config *)ctx->conf)->redis,
        .place = &shared_of(ctx)->place,
        .component = "storage",
        .loss = HEARTH_LOG_ERROR,
        .problem = keeping_problem,
        .metrics = METRIC_CONNECTION,
    };
    struct local *local = calloc(1, sizeof(*local));
    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    local->refused = shared_of(ctx)->metrics->series(ctx, METRIC_REFUSED, NULL, 0);
    local->refusal = refusal_create(ctx);
    local->connection = local->refusal ? redis_connection_create(ctx, &owner) : NULL;
    if (local->connection)
        return HEARTH_OK;
    refusal_destroy(local->refusal);
    free(local);
    ctx->state = NULL;
    return HEARTH_ENOMEM;
}

void plugin_call_begun(hearth_ctx *ctx)
{
    redis_connection_call_begun(local_of(ctx)->connection);
}

void plugin_call_ended(hearth_ctx *ctx)
{
    redis_connection_call_ended(local_of(ctx)->connection);
}

static hearth_status drain(hearth_ctx *ctx)
{
    refusal_close(local_of(ctx)->refusal);
    return redis_connection_drain(local_of(ctx)->connection);
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (!local)
        return;
    redis_connection_destroy(local->connection);
    refusal_destroy(local->refusal);
    free(local);
    ctx->state = NULL;
}

static const hearth_use uses[] = {
    REDIS_CONNECTION_USES,
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_STORAGE_ID, &storage}, {0}};

HEARTH_PLUGIN("storage-redis", "1.0.0", .summary = "Documents in Redis.", .uses = uses,
              .provides = provides, .config = config, .config_size = sizeof(struct config),
              .metrics = metrics, .check = check, .open = open_plugin, .start = start,
              .drain = drain, .stop = stop, .close = close_plugin);
