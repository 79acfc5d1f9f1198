/*
 * plugin.c - storage-dynamo: hearth.storage/1 in one DynamoDB table.
 */
#include "plugin.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "request.h"
#include "table.h"
#include "transport.h"

static const hearth_conf_field config[] = {
    {"region", HEARTH_CONF_STR, 0, offsetof(struct config, region), "", 0, 40, NULL,
     "AWS region, like eu-central-1; empty: AWS_REGION or AWS_DEFAULT_REGION of the environment"},
    {"endpoint", HEARTH_CONF_STR, 0, offsetof(struct config, endpoint), "", 0, 400, NULL,
     "URL of DynamoDB; empty: that of the region"},
    {"table", HEARTH_CONF_STR, 0, offsetof(struct config, table), "hearth", 3, 255, NULL,
     "name of the table"},
    {"create_table", HEARTH_CONF_BOOL, 0, offsetof(struct config, create_table), "false", 0, 0,
     NULL, "make the table when it is missing, for development"},
    {"credentials", HEARTH_CONF_ENUM, 0, offsetof(struct config, credentials), "auto", 0, 0,
     "auto|environment|file|container|instance",
     "where credentials come from; auto: the first of them that is there"},
    {"profile", HEARTH_CONF_STR, 0, offsetof(struct config, profile), "", 0, 200, NULL,
     "profile of the credentials file; empty: AWS_PROFILE or default"},
    {"ca_file", HEARTH_CONF_STR, 0, offsetof(struct config, ca_file), "", 0, 1000, NULL,
     "PEM file of the authorities to trust; empty: the system's"},
    {"timeout", HEARTH_CONF_DURATION, 0, offsetof(struct config, timeout), "2s", 50, 60000, NULL,
     "time for one attempt, from its first byte to the whole answer"},
    {"connect_timeout", HEARTH_CONF_DURATION, 0, offsetof(struct config, connect_timeout), "1s", 10,
     60000, NULL, "time to connect, TLS included"},
    {"retry_for", HEARTH_CONF_DURATION, 0, offsetof(struct config, retry_for), "5s", 1, 60000, NULL,
     "a request is tried again for so long, where that can do no harm"},
    {"max_in_flight", HEARTH_CONF_INT, 0, offsetof(struct config, max_in_flight), "64", 1, 1000,
     NULL, "requests, and so connections, of one loop at a time"},
    {"max_queued", HEARTH_CONF_INT, 0, offsetof(struct config, max_queued), "20000", 1, 1000000,
     NULL, "requests that may wait for their turn on one loop"},
    {0},
};

static const double seconds_buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,   0.25,   0.5,   1,    2.5,   5};

static const hearth_metric metrics[] = {
    [METRIC_REQUESTS] = {"hearth_storage_dynamo_requests_total", HEARTH_COUNTER,
                         OPERATION_COUNT *OUTCOME_COUNT, NULL,
                         "Requests to DynamoDB that came to an end, by their outcome", NULL, 0,
                         "operation outcome"},
    [METRIC_SECONDS] = {"hearth_storage_dynamo_request_seconds", HEARTH_HISTOGRAM, OPERATION_COUNT,
                        "seconds", "Time that one attempt took", seconds_buckets,
                        sizeof(seconds_buckets) / sizeof(seconds_buckets[0]), "operation"},
    [METRIC_RETRIES] = {"hearth_storage_dynamo_retries_total", HEARTH_COUNTER, 1, NULL,
                        "Attempts after the first", NULL, 0, NULL},
    [METRIC_RETRIES_DENIED] = {"hearth_storage_dynamo_retries_denied_total", HEARTH_COUNTER, 1,
                               NULL, "Attempts that were not made because too many had failed",
                               NULL, 0, NULL},
    [METRIC_CAPACITY] = {"hearth_storage_dynamo_consumed_capacity_units_total", HEARTH_COUNTER, 2,
                         NULL, "Capacity units consumed, as DynamoDB counts them", NULL, 0, "kind"},
    [METRIC_REFRESHES] = {"hearth_storage_dynamo_credentials_fetched_total", HEARTH_COUNTER, 1,
                          NULL, "Times that credentials were fetched", NULL, 0, NULL},
    [METRIC_IN_FLIGHT] = {"hearth_storage_dynamo_requests_in_flight", HEARTH_GAUGE, 1, NULL,
                          "Requests that wait for an answer", NULL, 0, NULL},
    [METRIC_QUEUED] = {"hearth_storage_dynamo_requests_queued", HEARTH_GAUGE, 1, NULL,
                       "Requests that wait for their turn", NULL, 0, NULL},
    {0},
};

/* ---- configuration ---- */

static bool only(hearth_str text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (!c || !strchr(allowed, c)))
            return false;
    }
    return true;
}

static hearth_status refuse(char *err, size_t err_size, const char *key, const char *expected,
                            hearth_str found)
{
    snprintf(err, err_size, "%s: expected %s, found \"%" HEARTH_PRIS "\"", key, expected,
             HEARTH_ARG(found));
    return HEARTH_EINVAL;
}

static bool is_url(hearth_str url)
{
    return (url.len > 7 && memcmp(url.ptr, "http://", 7) == 0) ||
           (url.len > 8 && memcmp(url.ptr, "https://", 8) == 0);
}

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    const struct config *read = conf;

    if (!only(read->region, "-"))
        return refuse(err, err_size, "region", "letters, digits and dashes", read->region);
    if (!only(read->table, "_-."))
        return refuse(err, err_size, "table", "letters, digits, _, - and .", read->table);
    if (read->endpoint.len > 0 && (!is_url(read->endpoint) || !only(read->endpoint, ":/.-_[]")))
        return refuse(err, err_size, "endpoint", "http://HOST[:PORT] or https://HOST[:PORT]",
                      read->endpoint);
    return HEARTH_OK;
}

/* ---- the service ---- */

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &shared_of(ctx)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return table_healthy(local_of(ctx)->table);
}

static const hearth_storage storage = {
    .struct_size = sizeof(hearth_storage),
    .get = dynamo_get,
    .query = dynamo_query,
    .scan = dynamo_scan,
    .write = dynamo_write,
    .transact = dynamo_transact,
    .caps = caps,
    .healthy = healthy,
};

/* ---- life ---- */

static void get_interfaces(hearth_ctx *ctx, struct shared *shared)
{
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
    shared->client = hearth_client_get(ctx);
}

/* Region, endpoint and table as text; false: there is no region. */
static bool settle(struct shared *shared, const struct config *conf)
{
    const char *region = conf->region.ptr;

    if (conf->region.len == 0)
        region = getenv("AWS_REGION");
    if (!region || !*region)
        region = getenv("AWS_DEFAULT_REGION");
    if (!region || !*region || strlen(region) > 40 ||
        !only((hearth_str){region, strlen(region)}, "-"))
        return false;
    snprintf(shared->region, sizeof(shared->region), "%s", region);
    snprintf(shared->table, sizeof(shared->table), "%" HEARTH_PRIS, HEARTH_ARG(conf->table));
    if (conf->endpoint.len > 0)
        snprintf(shared->endpoint, sizeof(shared->endpoint), "%" HEARTH_PRIS,
                 HEARTH_ARG(conf->endpoint));
    else
        snprintf(shared->endpoint, sizeof(shared->endpoint), "https://dynamodb.%s.amazonaws.com%s",
                 region, strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
    snprintf(shared->identity, sizeof(shared->identity), "dynamodb:%s/%s/%s", shared->endpoint,
             shared->region, shared->table);
    return true;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = calloc(1, sizeof(*shared));
    char problem[256];

    if (!shared)
        return HEARTH_ENOMEM;
    ctx->shared = shared;
    get_interfaces(ctx, shared);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(shared);
        ctx->shared = NULL;
        return HEARTH_EINTERNAL;
    }
    shared->sources = sources_create(ctx, problem, sizeof(problem));
    if (shared->sources && !settle(shared, ctx->conf)) {
        snprintf(problem, sizeof(problem),
                 "region: expected one, here or in AWS_REGION, found none");
        sources_destroy(shared->sources);
        shared->sources = NULL;
    }
    if (!shared->sources) {
        HEARTH_LOG(shared->log, ctx, NULL, HEARTH_LOG_ERROR, "%s", problem);
        curl_global_cleanup();
        free(shared);
        ctx->shared = NULL;
        return HEARTH_EINVAL;
    }
    shared->caps = (hearth_storage_caps){
        .struct_size = sizeof(hearth_storage_caps),
        .max_transact = MAX_TRANSACT,
        .max_body = HEARTH_STORAGE_MAX_BODY,
        .max_batch = 25,
        .name = "dynamodb",
        .identity = shared->identity,
    };
    return HEARTH_OK;
}

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared;

    if (!shared)
        return;
    sources_destroy(shared->sources);
    curl_global_cleanup();
    free(shared);
    ctx->shared = NULL;
}

static void get_series(hearth_ctx *ctx, struct local *local)
{
    static const char *const operations[OPERATION_COUNT] = {
        "get", "query", "scan", "put", "delete", "batch", "transact", "create_table", "expiry"};
    const hearth_metrics *api = shared_of(ctx)->metrics;
    const hearth_str kinds[] = {HEARTH_STR("read"), HEARTH_STR("write")};

    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        hearth_str labels[2] = {{operations[i], strlen(operations[i])}};
        local->seconds[i] = api->series(ctx, METRIC_SECONDS, labels, 1);
        for (size_t j = 0; j < OUTCOME_COUNT; j++) {
            labels[1] = (hearth_str){outcome_names[j], strlen(outcome_names[j])};
            local->requests_total[i][j] = api->series(ctx, METRIC_REQUESTS, labels, 2);
        }
    }
    local->capacity[0] = api->series(ctx, METRIC_CAPACITY, &kinds[0], 1);
    local->capacity[1] = api->series(ctx, METRIC_CAPACITY, &kinds[1], 1);
    local->retries = api->series(ctx, METRIC_RETRIES, NULL, 0);
    local->retries_denied = api->series(ctx, METRIC_RETRIES_DENIED, NULL, 0);
    local->refreshes = api->series(ctx, METRIC_REFRESHES, NULL, 0);
    local->in_flight = api->series(ctx, METRIC_IN_FLIGHT, NULL, 0);
    local->queued = api->series(ctx, METRIC_QUEUED, NULL, 0);
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    if (!local)
        return;
    table_destroy(local->table);
    credentials_destroy(local->credentials);
    requests_destroy(local->requests);
    transport_destroy(local->transport);
    free(local);
    ctx->state = NULL;
}

static hearth_status start(hearth_ctx *ctx)
{
    struct local *local = calloc(1, sizeof(*local));

    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    get_series(ctx, local);
    local->transport = transport_create(ctx);
    local->requests = requests_create(ctx);
    local->credentials = credentials_create(ctx);
    local->table = table_create(ctx);
    if (local->transport && local->requests && local->credentials && local->table)
        return HEARTH_OK;
    stop(ctx);
    return HEARTH_ENOMEM;
}

void plugin_check_drained(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    if (!local->draining || local->pending > 0)
        return;
    credentials_close(local->credentials);
    if (!credentials_busy(local->credentials) && local->draining) {
        local->draining = false;
        ctx->host->drained(ctx);
    }
}

void plugin_call_begun(hearth_ctx *ctx)
{
    local_of(ctx)->pending++;
}

void plugin_call_ended(hearth_ctx *ctx)
{
    local_of(ctx)->pending--;
    plugin_check_drained(ctx);
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    table_close(local->table);
    if (local->pending == 0)
        credentials_close(local->credentials);
    if (local->pending == 0 && !credentials_busy(local->credentials))
        return HEARTH_OK;
    local->draining = true;
    return HEARTH_DEFERRED;
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
    {HEARTH_CLIENT_ID, sizeof(hearth_client), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_STORAGE_ID, &storage}, {0}};

HEARTH_PLUGIN("storage-dynamo", "1.0.0", .summary = "Documents in DynamoDB.", .uses = uses,
              .provides = provides, .config = config, .config_size = sizeof(struct config),
              .metrics = metrics, .check = check, .open = open_plugin, .start = start,
              .drain = drain, .stop = stop, .close = close_plugin);
