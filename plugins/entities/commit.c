/*
 * commit.c - the next state stays beside the present one until its class is reached: nobody sees
 * what a crash could take back, and what the journal refuses never happened.
 */
#include "commit.h"

#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "drain.h"
#include "evict.h"
#include "flush.h"
#include "remove.h"

#define GIVE_UP_MS 20000 /* a commit of mode shared that has no deadline */

/* ---- changes ---- */

struct change *change_create(struct local *local, struct entity *entity, uint64_t version,
                             uint32_t body_version, hearth_str state,
                             const struct receipts *receipts, hearth_str writes)
{
    struct change *change = malloc(sizeof(*change) + envelope_size(state, receipts, writes));
    if (!change)
        return NULL;
    memset(change, 0, sizeof(*change));
    change->entity = entity;
    change->version = version;
    change->start = journal_start_number(shared_of(local->ctx)->journal);
    change->body.ptr = change->bytes;
    change->body.len = envelope_write(change->bytes, body_version, state, receipts, writes);
    return change;
}

void change_append(struct local *local, struct change *change, enum row_state state,
                   void (*done)(hearth_ctx *ctx, struct journal_entry *entry))
{
    struct shared *shared = shared_of(local->ctx);
    struct journal_entry *entry = &change->entry;

    entry->loop = local->ctx->loop;
    entry->done = done;
    entry->obsolete = change->entity->row;
    entry->row.state = state;
    entry->row.key = change->entity->view.key;
    entry->row.version = change->version;
    entry->row.base = change->entity->view.durable_version;
    entry->row.write_id = write_id_format(shared, change->start, change->version, entry->write_id);
    entry->row.body = change->body;
    entry->row.time_ms = shared->clock->wall_ms(local->ctx);
    local->journaling++;
    entity_pin(local, change->entity);
    journal_append(shared->journal, entry);
}

void change_appended(struct local *local, struct journal_entry *entry)
{
    struct shared *shared = shared_of(local->ctx);

    local->journaling--;
    if (entry->seconds > 0)
        shared->metrics->observe(local->series[METRIC_FSYNC], entry->seconds);
    if (entry->failed) {
        shared->metrics->add(local->series[METRIC_JOURNAL_FAILURES], 1);
        shared->log->write(local->ctx, NULL, HEARTH_LOG_ERROR, "%s", entry->error);
        local->ctx->host->health(local->ctx, "journal", HEARTH_DEGRADED, entry->error);
    } else if (local->journal_reported) {
        local->ctx->host->health(local->ctx, "journal", HEARTH_HEALTHY, "");
    }
    local->journal_reported = entry->failed;
}

/* ---- admission ---- */

hearth_status commit_allowed(struct local *local)
{
    hearth_ctx *ctx = local->ctx;
    bool full = atomic_load(&shared_of(ctx)->pending) >= config_of(ctx)->max_pending;

    if (full != (local->backlog_reported != 0)) {
        local->backlog_reported = full;
        ctx->host->health(ctx, "backlog", full ? HEARTH_NOT_READY : HEARTH_HEALTHY,
                          full ? "too many changes wait for storage" : "");
    }
    return full || local->gate != GATE_OPEN || !lease_held(ctx) ? HEARTH_EUNAVAILABLE : HEARTH_OK;
}

/* ---- the end of a commit ---- */

void commit_finish(struct local *local, struct entity *entity, hearth_status status, bool visible)
{
    struct commit *commit = entity->commit;
    const hearth_collection *def = &entity->collection->def;

    entity_pin(local, entity);
    entity->commit = NULL;
    shared_of(local->ctx)->timer->stop(commit->timer);
    if (visible) {
        entity_show(local, entity, commit->version, commit->state, commit->state_size,
                    commit->receipts);
    } else {
        if (def->release)
            def->release(def->owner, commit->state);
        free(commit->receipts);
    }
    commit->done(status, status == HEARTH_OK ? &entity->view : NULL, commit->arg);
    free(commit);
    turn_end(local, entity);
    entity_unpin(local, entity);
}

void commit_confirmed(struct local *local, struct entity *entity)
{
    struct commit *commit = entity->commit;
    if (commit && commit->durability == HEARTH_DURABLE && commit->journaled &&
        entity->view.durable_version >= commit->version)
        commit_finish(local, entity, HEARTH_OK, true);
}

void commit_landed(struct local *local, struct entity *entity)
{
    if (entity->commit && entity->commit->journaled && entity->dirty)
        flush_entity(local, entity);
    if (entity->remove)
        remove_landed(local, entity);
}

static void deadline_passed(hearth_ctx *ctx, void *arg)
{
    struct commit *commit = arg;
    commit->timer = NULL;
    commit->late = true;
    if (commit->direct) {
        struct direct *direct = commit->direct;
        commit_finish(local_of(ctx), commit->entity, HEARTH_ETIMEOUT, false);
        direct_abandon(direct);
    } else if (commit->journaled) /* else: nobody may see it yet */
        commit_finish(local_of(ctx), commit->entity, HEARTH_ETIMEOUT, true);
}

static void journaled(hearth_ctx *ctx, struct journal_entry *entry)
{
    struct local *local = local_of(ctx);
    struct change *change = CONTAINER_OF(entry, struct change, entry);
    struct entity *entity = change->entity;
    struct commit *commit = entity->commit;
    struct shared *shared = shared_of(ctx);

    change_appended(local, entry);
    if (entry->failed) {
        atomic_fetch_sub(&shared->pending, 1);
        free(change);
        commit_finish(local, entity, HEARTH_EUNAVAILABLE, false);
        goto unpin;
    }
    if (entity->row && entity->row != entry->obsolete)
        journal_forget(shared->journal, entity->row);
    entity->row = entry->row.seq;
    entity->row_version = change->version;
    change->acked_ns = shared->clock->mono_ns(ctx);
    commit->journaled = true;
    commit->change = NULL;
    flush_add(local, entity, change);
    if (commit->durability == HEARTH_DURABLE && !commit->late)
        flush_entity(local, entity);
    else
        commit_finish(local, entity, lease_held(ctx) && !commit->late ? HEARTH_OK : HEARTH_ETIMEOUT,
                      true);
unpin:
    entity_unpin(local, entity);
    evict_progress(local);
    drain_progress(local);
}

/* ---- the service ---- */

static hearth_status refuse(struct entity *entity, const hearth_entity_next *next,
                            hearth_status status)
{
    const hearth_collection *def = &entity->collection->def;
    if (next->state && def->release)
        def->release(def->owner, next->state);
    return status;
}

static struct commit *commit_create(struct local *local, struct entity *entity,
                                    const hearth_entity_next *next)
{
    struct commit *commit = calloc(1, sizeof(*commit));
    if (!commit)
        return NULL;
    if (entity->receipts || next->receipt) {
        commit->receipts = receipts_with(entity->receipts, next->receipt);
        if (!commit->receipts)
            goto free_commit;
    }
    commit->local = local;
    commit->entity = entity;
    commit->version = entity->view.version + 1;
    commit->state = next->state;
    commit->state_size = next->state_size;
    if (mode_shared(local->ctx))
        commit->direct = direct_create(local, commit, next->body);
    else
        commit->change =
            change_create(local, entity, commit->version, entity->collection->def.body_version,
                          next->body, commit->receipts, (hearth_str){NULL, 0});
    if (commit->change || commit->direct)
        return commit;
    free(commit->receipts);
free_commit:
    free(commit);
    return NULL;
}

static void commit_in_memory(struct local *local, struct entity *entity, struct commit *commit)
{
    struct change *change = commit->change;

    change->acked_ns = shared_of(local->ctx)->clock->mono_ns(local->ctx);
    commit->change = NULL;
    flush_add(local, entity, change);
    commit_finish(local, entity, HEARTH_OK, true);
}

hearth_status service_commit(hearth_ctx *ctx, const hearth_entity *view,
                             const hearth_entity_next *next, hearth_durability durability,
                             uint32_t deadline_ms, hearth_entity_fn done, void *arg)
{
    struct local *local = local_of(ctx);
    struct shared *shared = shared_of(ctx);
    struct entity *entity = CONTAINER_OF((uintptr_t)view, struct entity, view);

    if (!entity->turn_open || entity->turn_used || !next->state || next->body.len == 0 ||
        next->body.len + 100 + RECEIPTS * 64 + WRITES_SIZE > shared->caps->max_body)
        return refuse(entity, next, HEARTH_EINVAL);
    hearth_status status = commit_allowed(local);
    if (status != HEARTH_OK)
        return refuse(entity, next, status);
    struct commit *commit = commit_create(local, entity, next);
    if (!commit)
        return refuse(entity, next, HEARTH_ENOMEM);
    if (commit->direct) {
        durability = HEARTH_DURABLE;
        deadline_ms = deadline_ms > 0 ? deadline_ms : GIVE_UP_MS;
    }
    commit->durability = durability;
    commit->done = done;
    commit->arg = arg;
    if (durability == HEARTH_DURABLE && deadline_ms > 0)
        commit->timer = shared->timer->start(ctx, deadline_ms, 0, deadline_passed, commit);
    entity->turn_used = true;
    entity->commit = commit;
    atomic_fetch_add(&shared->pending, 1);
    if (commit->direct) {
        direct_begin(commit->direct);
        return HEARTH_DEFERRED;
    }
    if (durability == HEARTH_MEMORY) {
        commit_in_memory(local, entity, commit);
        return HEARTH_OK;
    }
    change_append(local, commit->change, ROW_LIVE, journaled);
    return HEARTH_DEFERRED;
}

hearth_status commit_letter(struct local *local, const hearth_entity *view, hearth_str body,
                            hearth_entity_fn done, void *arg)
{
    struct entity *entity = CONTAINER_OF((uintptr_t)view, struct entity, view);
    struct decoded decoded;

    hearth_status status = decode_body(local, entity, view->version + 1, body, &decoded);
    if (status != HEARTH_OK)
        return status;
    free(decoded.receipts); /* those of the present state go on */
    hearth_entity_next next = {.struct_size = sizeof(next),
                               .body = decoded.body,
                               .state = decoded.state,
                               .state_size = decoded.size};
    status = service_commit(local->ctx, view, &next, HEARTH_JOURNAL, 0, done, arg);
    decoded_free(local, &decoded);
    return status;
}

const hearth_receipt *service_receipt(hearth_ctx *ctx, const hearth_entity *view,
                                      const uint8_t key[16])
{
    const struct entity *entity = CONTAINER_OF((uintptr_t)view, struct entity, view);
    (void)ctx;
    for (size_t i = 0; entity->receipts && i < entity->receipts->count; i++) {
        if (memcmp(entity->receipts->items[i].key, key, 16) == 0)
            return &entity->receipts->items[i];
    }
    return NULL;
}
