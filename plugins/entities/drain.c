/*
 * drain.c - every loop flushes what it has, class memory too; what storage does not take in time is
 * written to the journal. The last loop to be ready lets loop 0 give the lease back.
 */
#include "drain.h"

#include "commit.h"
#include "evict.h"
#include "flush.h"
#include "lease.h"

#define POLL_MS 20

enum drain_step { DRAIN_NO, DRAIN_FLUSH, DRAIN_KEEP, DRAIN_READY, DRAIN_DONE };

static void done(struct local *local)
{
    local->drain = DRAIN_DONE;
    if (local->drain_deferred)
        local->ctx->host->drained(local->ctx);
}

static void release(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    lease_release(local_of(ctx), atomic_load(&shared_of(ctx)->unflushed) == 0, done);
}

static void ready(struct local *local)
{
    hearth_ctx *ctx = local->ctx;
    struct shared *shared = shared_of(ctx);

    local->drain = DRAIN_READY;
    shared->timer->stop(local->drain_timer);
    shared->timer->stop(local->drain_deadline);
    local->drain_timer = local->drain_deadline = NULL;
    evict_cancel(local);
    atomic_fetch_add(&shared->unflushed, (uint32_t)local->drain_left);
    bool last = atomic_fetch_add(&shared->flushed_loops, 1) + 1 == ctx->loops;
    if (ctx->loop != 0)
        done(local);
    if (last && shared->loop->post(ctx, 0, release, NULL) != HEARTH_OK)
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR, "out of memory: the lease stays");
}

/* ---- what storage did not take ---- */

static void kept(hearth_ctx *ctx, struct journal_entry *entry)
{
    struct local *local = local_of(ctx);
    struct change *change = CONTAINER_OF(entry, struct change, entry);
    struct entity *entity = change->entity;

    change_appended(local, entry);
    if (!entry->failed) {
        entity->row = entry->row.seq;
        entity->row_version = change->version;
    }
    entity_unpin(local, entity);
    drain_progress(local);
}

static void keep_rest(struct local *local)
{
    local->drain = DRAIN_KEEP;
    local->drain_left = local->dirty_count - local->dead_count;
    for (struct list *n = local->removes.next; n != &local->removes; n = n->next)
        local->drain_left++;
    for (struct list *n = local->dirty.next; n != &local->dirty; n = n->next) {
        struct entity *entity = CONTAINER_OF(n, struct entity, dirty_node);
        if (entity->dirty && !entity->dead && !entity->burial && !entity->commit &&
            (entity->row == 0 || entity->row_version < entity->dirty->version))
            change_append(local, entity->dirty, ROW_LIVE, kept);
    }
    if (local->drain_left > 0)
        shared_of(local->ctx)
            ->log->write(local->ctx, NULL, HEARTH_LOG_WARNING,
                         "storage did not take %zu changes in time; they stay in the journal",
                         local->drain_left);
    drain_progress(local);
}

static void too_late(hearth_ctx *ctx, void *arg)
{
    struct local *local = arg;
    (void)ctx;
    local->drain_deadline = NULL;
    if (local->drain == DRAIN_FLUSH)
        keep_rest(local);
}

/* ---- progress ---- */

void drain_progress(struct local *local)
{
    if (local->drain == DRAIN_FLUSH) {
        if (local->dirty_count == local->dead_count && local->flying == 0 &&
            local->journaling == 0 && !local->probing && list_empty(&local->creates) &&
            list_empty(&local->removes))
            ready(local);
    } else if (local->drain == DRAIN_KEEP && local->journaling == 0 && local->flying == 0 &&
               !local->probing) {
        ready(local);
    }
}

static void poll(hearth_ctx *ctx, void *arg)
{
    struct local *local = arg;
    (void)ctx;
    flush_run(local);
    drain_progress(local);
}

hearth_status plugin_drain(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    struct shared *shared = shared_of(ctx);
    uint64_t patience = (uint64_t)config_of(ctx)->drain_flush;

    local->drain = DRAIN_FLUSH;
    for (struct list *n = local->dirty.next; n != &local->dirty; n = n->next)
        CONTAINER_OF(n, struct entity, dirty_node)->retry_at_ms = 0;
    local->drain_timer = shared->timer->start(ctx, POLL_MS, POLL_MS, poll, local);
    local->drain_deadline = shared->timer->start(ctx, patience, 0, too_late, local);
    if (local->gate == GATE_OPEN)
        flush_run(local);
    if (!local->drain_timer || !local->drain_deadline || local->gate != GATE_OPEN)
        keep_rest(local);
    else
        drain_progress(local);
    if (local->drain == DRAIN_DONE)
        return HEARTH_OK;
    local->drain_deferred = 1;
    return HEARTH_DEFERRED;
}
