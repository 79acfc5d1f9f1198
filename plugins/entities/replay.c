/*
 * replay.c - rows are read by the main thread before any loop runs; each loop takes its own in
 * `start`, so the first request already sees them. Collections are not defined yet then: bodies are
 * decoded at their first use.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flush.h"
#include "remove.h"

struct replayed {
    struct replayed *next;
    struct journal_row row;
    char bytes[];
};

struct reading {
    hearth_ctx *ctx;
    struct shared *shared;
    size_t count, unwritten;
};

static hearth_str place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

static bool keep(const struct journal_row *row, void *arg)
{
    struct reading *reading = arg;
    const hearth_key *key = &row->key;
    size_t size = key->collection.len + key->partition.len + key->sort.len + row->write_id.len +
                  row->body.len;
    uint32_t loop = reading->shared->loop->home(reading->ctx, key->partition);

    reading->unwritten += row->state != ROW_CONFLICT;
    if (row->state == ROW_CONFLICT)
        size = 0; /* only counted; `hearth dlq` reads it from the journal */
    struct replayed *replayed = malloc(sizeof(*replayed) + size);
    if (!replayed)
        return false;
    char *end = replayed->bytes;
    replayed->row = *row;
    if (size > 0) {
        replayed->row.key.collection = place(&end, key->collection);
        replayed->row.key.partition = place(&end, key->partition);
        replayed->row.key.sort = place(&end, key->sort);
        replayed->row.write_id = place(&end, row->write_id);
        replayed->row.body = place(&end, row->body);
    }
    replayed->next = reading->shared->replayed[loop];
    reading->shared->replayed[loop] = replayed;
    reading->count++;
    return true;
}

hearth_status replay_read(hearth_ctx *ctx, char *error, size_t error_size)
{
    struct shared *shared = ctx->shared;
    struct reading reading = {.ctx = ctx, .shared = shared};

    shared->replayed = calloc(ctx->loops, sizeof(*shared->replayed));
    if (!shared->replayed)
        return HEARTH_ENOMEM;
    if (journal_replay(shared->journal, keep, &reading, error, error_size) < 0)
        return HEARTH_EINTERNAL;
    if (reading.unwritten > 0 && mode_shared(ctx)) {
        snprintf(
            error, error_size,
            "journal: %zu changes of mode exclusive are not in storage yet: start once with "
            "entities.mode exclusive and stop it cleanly (`hearth dlq list` shows what storage "
            "does not take)",
            reading.unwritten);
        return HEARTH_EINTERNAL;
    }
    if (reading.count > 0)
        shared->log->write(ctx, NULL, HEARTH_LOG_INFO, "journal: %zu entities replayed",
                           reading.count);
    return HEARTH_OK;
}

static struct change *revive(struct local *local, struct entity *entity,
                             const struct journal_row *row)
{
    uint64_t start, version;
    struct change *change = calloc(1, sizeof(*change) + row->body.len);

    if (!change)
        return NULL;
    change->entity = entity;
    change->version = row->version;
    if (write_id_parse(shared_of(local->ctx), row->write_id, &start, &version))
        change->start = start;
    change->body = (hearth_str){change->bytes, row->body.len};
    memcpy(change->bytes, row->body.ptr, row->body.len);
    return change;
}

static bool start_row(struct local *local, const struct journal_row *row)
{
    if (row->state == ROW_CONFLICT) {
        local->conflict_count++;
        return true;
    }
    struct entity *entity = entity_create(local, NULL, &row->key);
    if (!entity)
        return false;
    entity->row = row->seq;
    entity->row_version = row->version;
    entity->view.version = row->version;
    entity->view.durable_version = row->base;
    if (row->state == ROW_REMOVED)
        return remove_replay(local, entity, row->body);
    struct change *change = revive(local, entity, row);
    if (!change)
        return false;
    atomic_fetch_add(&shared_of(local->ctx)->pending, 1);
    flush_add(local, entity, change);
    if (row->state == ROW_DEAD) {
        entity->dead = true;
        local->dead_count++;
    }
    return true;
}

hearth_status replay_start(struct local *local)
{
    struct replayed **mine = &shared_of(local->ctx)->replayed[local->ctx->loop];

    for (struct replayed *row = *mine; row; row = *mine) {
        if (!start_row(local, &row->row))
            return HEARTH_ENOMEM;
        *mine = row->next;
        free(row);
    }
    return HEARTH_OK;
}

void replay_finish(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared;

    for (uint32_t i = 0; shared->replayed && i < ctx->loops; i++) {
        while (shared->replayed[i]) {
            struct replayed *next = shared->replayed[i]->next;
            free(shared->replayed[i]);
            shared->replayed[i] = next;
        }
    }
    free(shared->replayed);
}
