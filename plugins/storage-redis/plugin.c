/*
 * plugin.c - storage-redis: hearth.storage/1 in one Redis, conditions judged by Lua where the data
 * is.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scripts.h"

static const hearth_conf_field config[] = {
    {"address", HEARTH_CONF_STR, 0, offsetof(struct config, address), "127.0.0.1:6379", 3, 260,
     NULL, "HOST:PORT of the Redis, [HOST]:PORT for IPv6"},
    {"username", HEARTH_CONF_STR, 0, offsetof(struct config, username), "", 0, 256, NULL,
     "ACL user; empty: the default user"},
    {"password", HEARTH_CONF_STR, HEARTH_CONF_SECRET, offsetof(struct config, password), NULL, 0,
     1024, NULL, "password of the user"},
    {"database", HEARTH_CONF_INT, 0, offsetof(struct config, database), "0", 0, 65535, NULL,
     "database number"},
    {"prefix", HEARTH_CONF_STR, 0, offsetof(struct config, prefix), "hearth:", 0, 64, NULL,
     "begins every key, so that a Redis can be shared"},
    {"timeout", HEARTH_CONF_DURATION, 0, offsetof(struct config, timeout), "2s", 10, 60000, NULL,
     "a Redis that owes an answer for longer is taken for lost"},
    {"connect_timeout", HEARTH_CONF_DURATION, 0, offsetof(struct config, connect_timeout), "1s", 10,
     60000, NULL, "time to connect and log in"},
    {"max_in_flight", HEARTH_CONF_INT, 0, offsetof(struct config, max_in_flight), "20000", 1,
     1000000, NULL, "commands that may wait for an answer on one loop"},
    {0},
};

static const hearth_metric metrics[] = {
    [METRIC_COMMANDS] = {"hearth_storage_redis_commands_total", HEARTH_COUNTER, 1, NULL,
                         "Commands sent to Redis", NULL, 0, NULL},
    [METRIC_CONNECTS] = {"hearth_storage_redis_connects_total", HEARTH_COUNTER, 1, NULL,
                         "Connections to Redis that came up", NULL, 0, NULL},
    [METRIC_LOST] = {"hearth_storage_redis_connections_lost_total", HEARTH_COUNTER, 1, NULL,
                     "Connections to Redis that broke", NULL, 0, NULL},
    [METRIC_IN_FLIGHT] = {"hearth_storage_redis_calls_in_flight", HEARTH_GAUGE, 1, NULL,
                          "Calls that wait for an answer of Redis", NULL, 0, NULL},
    {0},
};

/* HOST:PORT or [HOST]:PORT. */
static int split_address(hearth_str address, char host[256], uint16_t *port)
{
    size_t colon = address.len;
    unsigned long number = 0;

    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon == address.len || colon > 255)
        return -1;
    for (size_t i = colon; i < address.len; i++) {
        if (address.ptr[i] < '0' || address.ptr[i] > '9' || number > 65535)
            return -1;
        number = number * 10 + (unsigned long)(address.ptr[i] - '0');
    }
    if (number == 0 || number > 65535)
        return -1;
    hearth_str name = {address.ptr, colon - 1};
    if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = (hearth_str){name.ptr + 1, name.len - 2};
    else if (memchr(name.ptr, ':', name.len))
        return -1;
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    *port = (uint16_t)number;
    return 0;
}

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    const struct config *config_read = conf;
    char host[256];
    uint16_t port;

    if (split_address(config_read->address, host, &port) < 0) {
        snprintf(err, err_size, "address: expected HOST:PORT, found \"%" HEARTH_PRIS "\"",
                 HEARTH_ARG(config_read->address));
        return HEARTH_EINVAL;
    }
    if (config_read->username.len > 0 && config_read->password.len == 0) {
        snprintf(err, err_size, "username: expected a password with it, found none");
        return HEARTH_EINVAL;
    }
    return HEARTH_OK;
}

/* ---- the service ---- */

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &shared_of(ctx)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return connection_healthy(local_of(ctx)->connection);
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
    ctx->shared = shared;
    shared->log = hearth_log_get(ctx);
    shared->loop = hearth_loop_get(ctx);
    shared->task = hearth_task_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->timer = hearth_timer_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->poll = hearth_poll_get(ctx);
    shared->random = hearth_random_get(ctx);
    shared->json = hearth_json_get(ctx);
    shared->arena = hearth_arena_get(ctx);
    if (split_address(conf->address, shared->host, &shared->port) < 0)
        return HEARTH_EINVAL;
    snprintf(shared->identity, sizeof(shared->identity), "redis:%s:%u/%lld/%" HEARTH_PRIS,
             shared->host, shared->port, (long long)conf->database, HEARTH_ARG(conf->prefix));
    shared->caps = (hearth_storage_caps){
        .struct_size = sizeof(hearth_storage_caps),
        .max_transact = MAX_TRANSACT,
        .max_body = HEARTH_STORAGE_MAX_BODY,
        .max_batch = 1000,
        .name = "redis",
        .identity = shared->identity,
    };
    scripts_init();
    return HEARTH_OK;
}

static void close_plugin(hearth_ctx *ctx)
{
    free(ctx->shared);
    ctx->shared = NULL;
}

static void before_collect(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    shared_of(ctx)->metrics->set(local->in_flight, (double)local->pending);
}

static hearth_status start(hearth_ctx *ctx)
{
    const hearth_metrics *api = shared_of(ctx)->metrics;
    struct local *local = calloc(1, sizeof(*local));

    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    local->commands = api->series(ctx, METRIC_COMMANDS, NULL, 0);
    local->connects = api->series(ctx, METRIC_CONNECTS, NULL, 0);
    local->lost = api->series(ctx, METRIC_LOST, NULL, 0);
    local->in_flight = api->series(ctx, METRIC_IN_FLIGHT, NULL, 0);
    api->on_collect(ctx, before_collect);
    local->connection = connection_create(ctx);
    if (local->connection)
        return HEARTH_OK;
    free(local);
    ctx->state = NULL;
    return HEARTH_ENOMEM;
}

static int idle(const struct local *local)
{
    return local->pending == 0 && !connection_busy(local->connection);
}

void plugin_check_drained(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (local->draining && idle(local)) {
        local->draining = 0;
        ctx->host->drained(ctx);
    }
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    connection_close(local->connection);
    if (idle(local))
        return HEARTH_OK;
    local->draining = 1;
    return HEARTH_DEFERRED;
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (!local)
        return;
    connection_destroy(local->connection);
    free(local);
    ctx->state = NULL;
}

static const hearth_use uses[] = {
    {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_TASK_ID, sizeof(hearth_task), HEARTH_REQUIRED, 0},
    {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
    {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_POLL_ID, sizeof(hearth_poll_api), HEARTH_REQUIRED, 0},
    {HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0},
    {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_STORAGE_ID, &storage}, {0}};

HEARTH_PLUGIN("storage-redis", "1.0.0", .summary = "Documents in Redis.", .uses = uses,
              .provides = provides, .config = config, .config_size = sizeof(struct config),
              .metrics = metrics, .check = check, .open = open_plugin, .start = start,
              .drain = drain, .stop = stop, .close = close_plugin);
