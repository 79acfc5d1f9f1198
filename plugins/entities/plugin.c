/*
 * plugin.c - entities: the tables that describe the plugin, and its life.
 */
#include "plugin.h"

#include <hearth/service/cache.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "commit.h"
#include "create.h"
#include "dlq.h"
#include "drain.h"
#include "evict.h"
#include "flush.h"
#include "lease.h"
#include "listing.h"
#include "remove.h"
#include "replay.h"
#include "second.h"

#define GATE_MS 5000 /* calls wait that long for the first contact with storage */

static const hearth_conf_field config[] = {
    {"mode", HEARTH_CONF_ENUM, 0, offsetof(struct config, mode), "exclusive", 0, 0,
     "exclusive|shared",
     "who may write: one data directory, which holds a lease in storage, or several"},
    {"flush_interval", HEARTH_CONF_DURATION, 0, offsetof(struct config, flush_interval), "1s", 10,
     60000, NULL, "how often changes are written to storage"},
    {"flush_max", HEARTH_CONF_INT, 0, offsetof(struct config, flush_max), "1000", 1, 1000000, NULL,
     "changed entities of a loop that are written before the interval is over"},
    {"max_pending", HEARTH_CONF_INT, 0, offsetof(struct config, max_pending), "100000", 1, 10000000,
     NULL, "changes that may wait for storage; past it they are refused"},
    {"cache_size", HEARTH_CONF_SIZE, 0, offsetof(struct config, cache_size), "256m", 65536,
     1099511627776, NULL, "memory for cached entities, shared by the loops"},
    {"max_attempts", HEARTH_CONF_INT, 0, offsetof(struct config, max_attempts), "10", 1, 1000, NULL,
     "writes of a change that a healthy storage may put off before it is a dead letter"},
    {"retry_max", HEARTH_CONF_DURATION, 0, offsetof(struct config, retry_max), "10s", 10, 600000,
     NULL, "longest wait between two attempts"},
    {"lease", HEARTH_CONF_DURATION, 0, offsetof(struct config, lease), "5m", 500, 3600000, NULL,
     "how long this data directory may go on without reaching storage; mode shared: at most 30s"},
    {"drain_flush", HEARTH_CONF_DURATION, 0, offsetof(struct config, drain_flush), "10s", 0, 600000,
     NULL, "how long a shutdown waits for storage before it leaves changes in the journal"},
    {"cache_wait", HEARTH_CONF_DURATION, 0, offsetof(struct config, cache_wait), "20ms", 1, 1000,
     NULL, "how long a load waits for services.cache before it asks storage"},
    {0},
};

static const double seconds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                 0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
#define SECONDS seconds, sizeof(seconds) / sizeof(seconds[0]), NULL

static const hearth_metric metrics[] = {
    [METRIC_HITS] = {"hearth_entities_cache_hits_total", HEARTH_COUNTER, 1, NULL,
                     "Loads answered from memory", NULL, 0, NULL},
    [METRIC_MISSES] = {"hearth_entities_cache_misses_total", HEARTH_COUNTER, 1, NULL,
                       "Loads that had to ask storage", NULL, 0, NULL},
    [METRIC_EVICTIONS] = {"hearth_entities_cache_evictions_total", HEARTH_COUNTER, 1, NULL,
                          "Entities evicted for lack of room", NULL, 0, NULL},
    [METRIC_CACHED] = {"hearth_entities_cached", HEARTH_GAUGE, 1, NULL, "Entities in memory", NULL,
                       0, NULL},
    [METRIC_CACHED_BYTES] = {"hearth_entities_cached_bytes", HEARTH_GAUGE, 1, "bytes",
                             "Memory held by cached entities", NULL, 0, NULL},
    [METRIC_PENDING] = {"hearth_entities_pending", HEARTH_GAUGE, 1, NULL,
                        "Entities with changes that storage has not confirmed", NULL, 0, NULL},
    [METRIC_PERSISTENCE] = {"hearth_entities_persistence_duration_seconds", HEARTH_HISTOGRAM, 1,
                            "seconds", "From a change's acknowledgement to its confirmation",
                            SECONDS},
    [METRIC_WRITE] = {"hearth_entities_storage_write_duration_seconds", HEARTH_HISTOGRAM, 1,
                      "seconds", "Duration of a batch of writes to storage", SECONDS},
    [METRIC_FAILURES] = {"hearth_entities_storage_write_failures_total", HEARTH_COUNTER, 1, NULL,
                         "Writes that storage put off or did not answer", NULL, 0, NULL},
    [METRIC_CONFLICTS] = {"hearth_entities_conflicts_total", HEARTH_COUNTER, 1, NULL,
                          "Changes lost to a state that somebody else wrote", NULL, 0, NULL},
    [METRIC_DEAD] = {"hearth_entities_dead_letters", HEARTH_GAUGE, 1, NULL,
                     "Changes that wait for an operator", NULL, 0, NULL},
    [METRIC_FSYNC] = {"hearth_entities_journal_fsync_duration_seconds", HEARTH_HISTOGRAM, 1,
                      "seconds", "Duration of a group commit of the journal with its fsync",
                      SECONDS},
    [METRIC_JOURNAL_ROWS] = {"hearth_entities_journal_rows", HEARTH_GAUGE, 1, NULL,
                             "Rows in the journal", NULL, 0, NULL},
    [METRIC_JOURNAL_FAILURES] = {"hearth_entities_journal_failures_total", HEARTH_COUNTER, 1, NULL,
                                 "Changes that the journal refused", NULL, 0, NULL},
    [METRIC_OVERTAKEN] = {"hearth_entities_overtaken_total", HEARTH_COUNTER, 1, NULL,
                          "Changes of mode shared that another hearthd was ahead of; judged anew",
                          NULL, 0, NULL},
    [METRIC_SECOND_HITS] = {"hearth_entities_second_level_hits_total", HEARTH_COUNTER, 1, NULL,
                            "Evicted entities that services.cache still had", NULL, 0, NULL},
    [METRIC_SECOND_MISSES] = {"hearth_entities_second_level_misses_total", HEARTH_COUNTER, 1, NULL,
                              "Evicted entities that it did not have, or not in time", NULL, 0,
                              NULL},
    {0},
};

/* ---- the service ---- */

static hearth_status define(hearth_ctx *ctx, const hearth_collection *def)
{
    struct local *local = local_of(ctx);
    uint32_t index = 0;

    if (!def->name || !def->name[0] || def->body_version < 1 || !def->decode)
        return HEARTH_EINVAL;
    if (collection_find(local, (hearth_str){def->name, strlen(def->name)}))
        return HEARTH_ECONFLICT;
    for (struct list *n = local->collections.next; n != &local->collections; n = n->next)
        index++;
    struct collection *collection = malloc(sizeof(*collection) + strlen(def->name) + 1);
    if (!collection)
        return HEARTH_ENOMEM;
    collection->def = *def;
    collection->index = index;
    memcpy(collection->name, def->name, strlen(def->name) + 1);
    list_append(&local->collections, &collection->node);
    return HEARTH_OK;
}

static const hearth_entities service = {
    .struct_size = sizeof(hearth_entities),
    .define = define,
    .load = service_load,
    .list = service_list,
    .turn = service_turn,
    .receipt = service_receipt,
    .commit = service_commit,
    .create = service_create,
    .remove = service_remove,
    .claimant = service_claimant,
    .evict = service_evict,
};

/* ---- one process ---- */

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    if (!shared)
        return;
    replay_finish(ctx);
    journal_close(shared->journal);
    free(shared);
    ctx->shared = NULL;
}

static hearth_status open_journal(hearth_ctx *ctx, struct shared *shared)
{
    char path[4096], id[HEARTH_UUID_SIZE], error[1024] = "out of memory";
    hearth_str dir = ctx->host->data_dir(ctx);

    shared->random->uuid(ctx, id);
    snprintf(path, sizeof(path), "%" HEARTH_PRIS "/journal.db", HEARTH_ARG(dir));
    shared->journal = journal_open(path, id, shared->caps->identity, error, sizeof(error));
    hearth_status status = shared->journal ? HEARTH_OK : HEARTH_EINTERNAL;
    if (status == HEARTH_OK)
        status = replay_read(ctx, error, sizeof(error));
    if (status == HEARTH_OK && !journal_run(shared->journal, ctx, shared->loop, shared->clock)) {
        snprintf(error, sizeof(error), "journal: cannot start its thread");
        status = HEARTH_EINTERNAL;
    }
    if (status != HEARTH_OK)
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR, "%s", error);
#ifdef HEARTH_UNSAFE_ACK_BEFORE_FSYNC
    shared->log->write(ctx, NULL, HEARTH_LOG_ERROR,
                       "UNSAFE BUILD (HEARTH_UNSAFE_ACK_BEFORE_FSYNC): changes are acknowledged "
                       "before they are on disk and WILL be lost; for tests only");
#endif
    return status;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared = calloc(1, sizeof(*shared));
    if (!shared)
        return HEARTH_ENOMEM;
    shared->log = hearth_log_get(ctx);
    shared->loop = hearth_loop_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->timer = hearth_timer_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->random = hearth_random_get(ctx);
    shared->json = hearth_json_get(ctx);
    shared->arena = hearth_arena_get(ctx);
    shared->mail = hearth_mail_get(ctx);
    shared->command = hearth_command_get(ctx);
    shared->storage = hearth_storage_get(ctx);
    shared->caps = shared->storage->caps(ctx->host->provider(ctx, HEARTH_STORAGE_ID));
    shared->random->bytes(ctx, shared->seed, sizeof(shared->seed));
    hearth_status status = open_journal(ctx, shared);
    if (status != HEARTH_OK)
        close_plugin(ctx);
    return status;
}

/* ---- one loop ---- */

static void before_collect(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    struct shared *shared = shared_of(ctx);
    const hearth_metrics *m = shared->metrics;

    m->set(local->series[METRIC_CACHED], (double)local->entities.count);
    m->set(local->series[METRIC_CACHED_BYTES], (double)local->bytes);
    m->set(local->series[METRIC_PENDING], (double)(local->dirty_count - local->dead_count));
    m->set(local->series[METRIC_DEAD], (double)(local->dead_count + local->conflict_count));
    if (ctx->loop == 0)
        m->set(local->series[METRIC_JOURNAL_ROWS], (double)journal_rows(shared->journal));
}

static void interval(hearth_ctx *ctx, void *arg)
{
    struct local *local = arg;
    (void)ctx;
    lease_resume(local);
    flush_run(local);
    flush_probe(local);
    (void)commit_allowed(local); /* tells health when a full backlog has drained */
}

static void gate_late(hearth_ctx *ctx, void *arg)
{
    struct local *local = arg;
    (void)ctx;
    local->gate_timer = NULL;
    if (local->gate == GATE_WAITING)
        gate_set(local, GATE_SHUT);
}

static void free_entities(struct local *local)
{
    for (size_t i = 0; i <= local->entities.mask; i++) {
        while (local->entities.buckets[i]) {
            struct entity *entity = CONTAINER_OF(local->entities.buckets[i], struct entity, node);
            if (entity->flying != entity->dirty)
                free(entity->flying);
            free(entity->dirty);
            free(entity->burial);
            free(entity->commit);
            entity_free(local, entity);
        }
    }
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (!local)
        return;
    lease_stop(local);
    create_free_all(local);
    remove_free_all(local);
    if (local->entities.buckets)
        free_entities(local);
    if (local->claims.buckets)
        claimants_finish(local);
    struct list *node;
    while ((node = list_pop(&local->collections)))
        free(CONTAINER_OF(node, struct collection, node));
    second_stop(local);
    table_finish(&local->entities);
    table_finish(&local->partitions);
    table_finish(&local->claims);
    free(local);
    ctx->state = NULL;
}

static bool init(hearth_ctx *ctx, struct local *local)
{
    struct shared *shared = shared_of(ctx);
    struct list *lists[] = {&local->parked,     &local->collections, &local->lru,
                            &local->claims_lru, &local->dirty,       &local->evictions,
                            &local->creates,    &local->removes};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        list_init(lists[i]);
    local->ctx = ctx;
    local->started_ms = now_ms(ctx);
    local->storage = ctx->host->provider(ctx, HEARTH_STORAGE_ID);
    local->ceiling = (size_t)config_of(ctx)->cache_size / ctx->loops;
    for (uint32_t i = 0; i < METRIC_COUNT; i++)
        local->series[i] = shared->metrics->series(ctx, i, NULL, 0);
    shared->metrics->on_collect(ctx, before_collect);
    return table_init(&local->entities, shared->seed) &&
           table_init(&local->partitions, shared->seed) && table_init(&local->claims, shared->seed);
}

static hearth_status start(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    struct local *local = ctx->state = calloc(1, sizeof(*local));
    uint64_t every = (uint64_t)config_of(ctx)->flush_interval;

    if (!local)
        return HEARTH_ENOMEM;
    if (!init(ctx, local) || !second_start(local) || replay_start(local) != HEARTH_OK)
        goto stop;
    local->flush_timer = shared->timer->start(ctx, every, every, interval, local);
    local->gate_timer = shared->timer->start(ctx, GATE_MS, 0, gate_late, local);
    if (!local->flush_timer || !local->gate_timer || (ctx->loop == 0 && !lease_start(local)))
        goto stop;
    return HEARTH_OK;
stop:
    stop(ctx);
    return HEARTH_ENOMEM;
}

/* ---- the plugin ---- */

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    const struct config *c = conf;
    if (c->lease >= c->flush_interval)
        return HEARTH_OK;
    snprintf(err, err_size, "entities.lease: expected at least entities.flush_interval");
    return HEARTH_EINVAL;
}

static const hearth_use uses[] = {
    {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
    {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0},
    {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {HEARTH_MAIL_ID, sizeof(hearth_mail), HEARTH_REQUIRED, 0},
    {HEARTH_COMMAND_ID, sizeof(hearth_command_api), HEARTH_REQUIRED, 0},
    {HEARTH_STORAGE_ID, sizeof(hearth_storage), HEARTH_REQUIRED, 0},
    {HEARTH_CACHE_ID, sizeof(hearth_cache), HEARTH_OPTIONAL, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_ENTITIES_ID, &service}, {0}};

static const hearth_command commands[] = {
    {"dlq list", "", "Lists changes that storage did not take", dlq_list},
    {"dlq show", "LETTER", "Shows one of them with its body", dlq_show},
    {"dlq retry", "LETTER [--version N]", "Writes it again, over version N of a conflict",
     dlq_retry},
    {"dlq discard", "LETTER", "Forgets it for good", dlq_discard},
    {0},
};

HEARTH_PLUGIN("entities", "1.0.0", .summary = "Cached, versioned state of users, written behind.",
              .uses = uses, .provides = provides, .config = config,
              .config_size = sizeof(struct config), .metrics = metrics, .commands = commands,
              .check = check, .open = open_plugin, .start = start, .drain = plugin_drain,
              .stop = stop, .close = close_plugin);
