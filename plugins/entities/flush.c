/*
 * flush.c - one write per key is under way at most, always of the newest version, and conditional
 * on the version that storage confirmed last. An answer that never came is harmless: the write is
 * repeated, and storage's document tells by its write id that it is ours.
 */
#include "flush.h"

#include <backoff.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "drain.h"
#include "evict.h"
#include "lease_doc.h"
#include "second.h"

#define RETRY_FIRST_MS 50
#define PROBE          8 /* operations that try whether storage is back */

struct flight {
    struct local *local;
    uint64_t start_ns;
    size_t count;
    struct entity *entities[];
};

/* ---- write ids ---- */

hearth_str write_id_format(const struct shared *shared, uint64_t start, uint64_t version,
                           char out[WRITE_ID_SIZE])
{
    int len = snprintf(out, WRITE_ID_SIZE, "%s/%" PRIu64 "/%" PRIu64,
                       journal_directory(shared->journal), start, version);
    return (hearth_str){out, (size_t)len};
}

bool write_id_parse(const struct shared *shared, hearth_str id, uint64_t *start, uint64_t *version)
{
    const char *directory = journal_directory(shared->journal);
    size_t len = strlen(directory);
    char text[WRITE_ID_SIZE];

    if (id.len >= sizeof(text) || id.len <= len || memcmp(id.ptr, directory, len) != 0)
        return false;
    memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
    return sscanf(text + len, "/%" SCNu64 "/%" SCNu64, start, version) == 2;
}

/* ---- the dirty set ---- */

static void run_posted(hearth_ctx *ctx, void *arg)
{
    struct local *local = arg;
    (void)ctx;
    local->flush_posted = 0;
    flush_run(local);
}

/* Later in this turn of the loop, so that what is committed meanwhile comes along. */
static void run_soon(struct local *local)
{
    if (!local->flush_posted &&
        shared_of(local->ctx)->loop->post(local->ctx, local->ctx->loop, run_posted, local) ==
            HEARTH_OK)
        local->flush_posted = 1;
}

static void free_change(struct entity *entity, struct change *change)
{
    bool buried = entity->burial && entity->burial->change == change;
    if (change && change != entity->dirty && change != entity->flying && !buried)
        free(change);
}

void flush_add(struct local *local, struct entity *entity, struct change *change)
{
    struct change *old = entity->dirty;

    entity->dirty = change;
    entity->attempts = 0;
    entity->print = 0;
    if (entity->dead) {
        entity->dead = false;
        local->dead_count--;
    }
    if (old) {
        atomic_fetch_sub(&shared_of(local->ctx)->pending, 1);
        free_change(entity, old);
    } else {
        list_append(&local->dirty, &entity->dirty_node);
        local->dirty_count++;
        list_remove(&entity->lru);
    }
    if (local->dirty_count >= (size_t)config_of(local->ctx)->flush_max)
        run_soon(local);
}

void flush_drop(struct local *local, struct entity *entity)
{
    struct change *old = entity->dirty;

    if (!old)
        return;
    entity->dirty = NULL;
    entity->attempts = entity->failures = 0;
    entity->retry_at_ms = 0;
    if (entity->dead) {
        entity->dead = false;
        local->dead_count--;
    }
    list_remove(&entity->dirty_node);
    local->dirty_count--;
    atomic_fetch_sub(&shared_of(local->ctx)->pending, 1);
    free_change(entity, old);
}

/* ---- results ---- */

static void confirmed(struct local *local, struct entity *entity, struct change *change)
{
    struct shared *shared = shared_of(local->ctx);

    entity->view.durable_version = change->version;
    entity->confirmed = ++local->confirmations;
    if (!entity->view.state) /* replayed, and not decoded yet */
        entity_departs(local, entity);
    entity->attempts = entity->failures = 0;
    if (change->acked_ns)
        shared->metrics->observe(local->series[METRIC_PERSISTENCE],
                                 (double)(shared->clock->mono_ns(local->ctx) - change->acked_ns) /
                                     1e9);
    if (entity->row && entity->row_version <= change->version) {
        journal_forget(shared->journal, entity->row);
        entity->row = 0;
    }
    if (entity->dirty == change) {
        char id[WRITE_ID_SIZE];
        second_keep(local, entity, change->body, change->version,
                    write_id_format(shared, change->start, change->version, id));
        flush_drop(local, entity);
    } else {
        free_change(entity, change);
    }
    commit_confirmed(local, entity);
}

static void retry(struct local *local, struct entity *entity, const char *error)
{
    const struct config *conf = config_of(local->ctx);

    if (entity->failures < UINT16_MAX)
        entity->failures++;
    if (shared_of(local->ctx)->storage->healthy(local->storage))
        entity->attempts++;
    if (entity->attempts >= conf->max_attempts) {
        flush_refused(local, entity, error ? error : "storage asked to try again too often");
        return;
    }
    entity->retry_at_ms =
        now_ms(local->ctx) +
        backoff_ms(local->ctx, RETRY_FIRST_MS, (uint64_t)conf->retry_max, entity->failures);
}

/* What became of the version that was under way. It is still entity->flying here. */
static void judge(struct local *local, struct entity *entity, const hearth_storage_result *result)
{
    struct change *change = entity->flying;

    entity->flying = NULL;
    if (result->outcome == HEARTH_STORAGE_OK) {
        confirmed(local, entity, change);
        return;
    }
    if (change != entity->dirty) {
        /* A newer version takes its place: what storage thinks of this one matters no more. */
        free_change(entity, change);
        if (result->outcome != HEARTH_STORAGE_CONFLICT)
            return;
    }
    if (!entity->dirty || entity->remove)
        return;
    if (result->outcome == HEARTH_STORAGE_CONFLICT)
        flush_conflict(local, entity, result->current);
    else if (result->outcome == HEARTH_STORAGE_FAILED)
        flush_refused(local, entity, result->error);
    else
        retry(local, entity, result->error);
}

static void landed(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct flight *flight = arg;
    struct local *local = flight->local;
    struct shared *shared = shared_of(local->ctx);
    size_t failed = 0;

    shared->metrics->observe(local->series[METRIC_WRITE],
                             (double)(shared->clock->mono_ns(local->ctx) - flight->start_ns) / 1e9);
    for (size_t i = 0; i < count; i++)
        failed += results[i]->outcome == HEARTH_STORAGE_RETRY;
    if (failed > 0)
        shared->metrics->add(local->series[METRIC_FAILURES], (double)failed);
    flush_contact(local, failed == count);
    for (size_t i = 0; i < count; i++) {
        struct entity *entity = flight->entities[i];
        local->flying--;
        judge(local, entity, results[i]);
        commit_landed(local, entity);
        if (results[i]->outcome == HEARTH_STORAGE_RETRY)
            evict_failed(local, entity);
        entity_unpin(local, entity);
    }
    free(flight);
    evict_progress(local);
    drain_progress(local);
}

/* ---- writing ---- */

static bool due(struct entity *entity, uint64_t now)
{
    return !entity->flying && !entity->dead && !entity->burial && !entity->remove &&
           entity->retry_at_ms <= now;
}

/* Sends one call for these entities, each with a version to write. */
static void send(struct local *local, struct entity **entities, size_t count)
{
    struct shared *shared = shared_of(local->ctx);
    hearth_storage_op ops[FLUSH_CHUNK];
    const hearth_storage_op *list[FLUSH_CHUNK];
    char ids[FLUSH_CHUNK][WRITE_ID_SIZE];
    struct flight *flight = malloc(sizeof(*flight) + count * sizeof(struct entity *));

    if (!flight)
        return; /* the next interval tries again */
    flight->local = local;
    flight->start_ns = shared->clock->mono_ns(local->ctx);
    flight->count = count;
    for (size_t i = 0; i < count; i++) {
        struct entity *entity = flight->entities[i] = entities[i];
        struct change *change = entity->flying = entity->dirty;
        ops[i] = (hearth_storage_op){
            .struct_size = sizeof(hearth_storage_op),
            .action = HEARTH_PUT,
            .condition = HEARTH_IF_VERSION,
            .base_version = entity->view.durable_version,
            .doc = {.struct_size = sizeof(hearth_doc),
                    .key = entity->view.key,
                    .body = change->body,
                    .version = change->version,
                    .write_id = write_id_format(shared, change->start, change->version, ids[i])}};
        list[i] = &ops[i];
        entity_pin(local, entity);
    }
    local->flying += count;
    shared->storage->write(local->storage, list, count, landed, flight);
}

static size_t chunk_size(struct local *local)
{
    uint32_t batch = shared_of(local->ctx)->caps->max_batch;
    size_t size = batch > 0 && batch < FLUSH_CHUNK ? batch : FLUSH_CHUNK;
    return local->outage_failures > 0 && size > PROBE ? PROBE : size;
}

void flush_run(struct local *local)
{
    struct entity *chunk[FLUSH_CHUNK];
    size_t count = 0, size = chunk_size(local);
    uint64_t now = now_ms(local->ctx);

    if (local->gate != GATE_OPEN || !lease_held(local->ctx) || now < local->outage_until_ms ||
        (local->outage_failures > 0 && local->flying > 0))
        return;
    for (struct list *n = local->dirty.next; n != &local->dirty; n = n->next) {
        struct entity *entity = CONTAINER_OF(n, struct entity, dirty_node);
        if (!due(entity, now))
            continue;
        chunk[count++] = entity;
        if (count < size)
            continue;
        send(local, chunk, count);
        count = 0;
        if (local->outage_failures > 0)
            return;
    }
    if (count > 0)
        send(local, chunk, count);
}

void flush_entity(struct local *local, struct entity *entity)
{
    if (local->gate != GATE_OPEN || !lease_held(local->ctx) || !entity->dirty)
        return;
    if (local->outage_failures == 0)
        entity->retry_at_ms = 0;
    if (due(entity, now_ms(local->ctx)))
        send(local, &entity, 1);
}

/* ---- storage away ---- */

void flush_contact(struct local *local, bool failed)
{
    hearth_ctx *ctx = local->ctx;
    bool away = failed && !shared_of(ctx)->storage->healthy(local->storage);

    local->write_outage = failed;
    if (!failed)
        local->outage_failures = 0;
    else if (away) {
        local->outage_until_ms =
            now_ms(ctx) + backoff_ms(ctx, RETRY_FIRST_MS, (uint64_t)config_of(ctx)->retry_max,
                                     local->outage_failures);
        local->outage_failures++;
    }
    if (mode_shared(ctx) && away && !local->storage_reported) { /* others may reach it */
        ctx->host->health(
            ctx, "storage", HEARTH_NOT_READY,
            "storage does not answer, or refuses, and mode shared says nothing without it");
        local->storage_reported = 1;
    } else if (failed && !mode_shared(ctx) && !local->storage_reported) {
        ctx->host->health(ctx, "storage", HEARTH_DEGRADED,
                          "storage does not answer, or refuses; cache and journal go on serving");
        local->storage_reported = 1;
    } else if (!failed && local->storage_reported) {
        ctx->host->health(ctx, "storage", HEARTH_HEALTHY, "");
        local->storage_reported = 0;
        local->outage_until_ms = 0;
    }
}

void flush_read_contact(struct local *local, hearth_status status)
{
    bool failed = status == HEARTH_EUNAVAILABLE || status == HEARTH_ETIMEOUT;

    if (!failed && local->storage_reported &&
        !shared_of(local->ctx)->storage->healthy(local->storage))
        return;
    if (!failed && local->write_outage && local->dirty_count > local->dead_count)
        local->outage_until_ms = 0; /* the next interval tries a write */
    else
        flush_contact(local, failed);
}

static void probed(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct local *local = arg;
    (void)doc;
    local->probing = 0;
    flush_read_contact(local, status);
    drain_progress(local);
}

void flush_probe(struct local *local)
{
    if (!local->storage_reported || local->probing || local->flying > 0 ||
        now_ms(local->ctx) < local->outage_until_ms)
        return;
    local->probing = 1;
    shared_of(local->ctx)->storage->get(local->storage, &lease_key, probed, local);
}
