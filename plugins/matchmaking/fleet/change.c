/*
 * change.c - changes of instances: gathered, tried on a copy of the document, written with a
 * condition on its version, and tried again on what is there instead.
 */
#include "view.h"

#include <backoff.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MIN_MS 2
#define PAUSE_MAX_MS 500

static void pump(struct entry *entry);

static uint64_t now_ms(const struct entry *entry)
{
    return entry->fleet->loop->clock->loop_ms(entry->fleet->loop->ctx);
}

static void set_busy(struct entry *entry, bool busy)
{
    if (entry->busy == busy)
        return;
    entry->busy = busy;
    entry->fleet->busy += busy ? 1u : UINT32_MAX;
}

static struct change **end_of(struct change **list)
{
    while (*list)
        list = &(*list)->next;
    return list;
}

static void move(struct change **from, struct change **to)
{
    struct change *change = *from;
    *from = change->next;
    change->next = NULL;
    *end_of(to) = change;
}

/* Ends every change of the list. They may submit others, which wait until this is over. */
static void finish(struct entry *entry, struct change *list, hearth_status status)
{
    while (list) {
        struct change *change = list;
        list = change->next;
        change->next = NULL;
        change->done(change, status, entry->instance);
    }
}

static void finish_late(struct entry *entry)
{
    struct change **at = &entry->waiting, *late = NULL;
    uint64_t now = now_ms(entry);
    while (*at) {
        if ((*at)->deadline_ms <= now)
            move(at, &late);
        else
            at = &(*at)->next;
    }
    finish(entry, late, HEARTH_EUNAVAILABLE);
}

/* What was being written goes back to the front of those who wait. */
static void requeue(struct entry *entry)
{
    *end_of(&entry->writing) = entry->waiting;
    entry->waiting = entry->writing;
    entry->writing = NULL;
    instance_destroy(entry->draft);
    entry->draft = NULL;
}

static void on_paused(hearth_ctx *ctx, void *arg)
{
    struct entry *entry = arg;
    (void)ctx;
    set_busy(entry, false);
    pump(entry);
}

/* Waits before it tries again. */
static void pause_for(struct entry *entry, unsigned times)
{
    struct mm_loop *loop = entry->fleet->loop;
    uint64_t delay = backoff_ms(loop->ctx, PAUSE_MIN_MS, PAUSE_MAX_MS, times);
    set_busy(entry, true);
    if (!loop->timer->start(loop->ctx, delay, 0, on_paused, entry)) {
        struct change *all = entry->waiting;
        entry->waiting = NULL;
        finish(entry, all, HEARTH_EUNAVAILABLE);
        set_busy(entry, false);
        pump(entry);
    }
}

/* ---- reading ---- */

static void on_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct entry *entry = arg;
    struct change *all;
    if (status == HEARTH_OK && entry_read(entry, doc, true)) {
        entry->failures = 0;
        entry->stale = false;
    } else if (status == HEARTH_OK || status == HEARTH_ENOTFOUND) {
        all = entry->waiting;
        entry->waiting = NULL;
        if (status == HEARTH_ENOTFOUND) {
            entry_unindex(entry);
            instance_destroy(entry->instance);
            entry->instance = NULL;
        }
        finish(entry, all, status == HEARTH_OK ? HEARTH_EINTERNAL : HEARTH_ENOTFOUND);
    } else {
        finish_late(entry);
        pause_for(entry, ++entry->failures);
        return;
    }
    set_busy(entry, false);
    pump(entry);
}

static void read_again(struct entry *entry)
{
    struct mm_loop *loop = entry->fleet->loop;
    char bucket[2];
    hearth_key key = instance_key(entry->id, bucket);
    for (struct change *change = entry->waiting; change; change = change->next)
        change->current = true;
    set_busy(entry, true);
    loop->storage->get(loop->storage_ctx, &key, on_read, entry);
}

/* ---- writing ---- */

static void written(struct entry *entry)
{
    struct change *all = entry->writing;
    entry->writing = NULL;
    entry->failures = entry->conflicts = 0;
    struct instance *draft = entry->draft;
    entry->draft = NULL;
    entry_set(entry, draft, entry->version + 1);
    finish(entry, all, HEARTH_OK);
    set_busy(entry, false);
    pump(entry);
}

/* Somebody else was faster. Those who may go elsewhere do; the others are tried on what is there
 * now, which is newer than all of them. */
static void beaten(struct entry *entry, const hearth_doc *current)
{
    struct fleet *fleet = entry->fleet;
    struct change **at = &entry->writing, *movable = NULL;
    fleet->loop->metrics->add(fleet->conflicts, 1);
    for (; *at;) {
        (*at)->current = true;
        if ((*at)->movable)
            move(at, &movable);
        else
            at = &(*at)->next;
    }
    requeue(entry);
    entry->stale = !current || !entry_read(entry, current, true);
    finish(entry, movable, HEARTH_ECONFLICT);
    finish_late(entry);
    pause_for(entry, entry->conflicts++);
}

static void on_written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct entry *entry = arg;
    const hearth_storage_result *result = results[0];
    struct mm_loop *loop = entry->fleet->loop;
    struct change *all;
    (void)count;
    switch (result->outcome) {
    case HEARTH_STORAGE_OK:
        written(entry);
        return;
    case HEARTH_STORAGE_CONFLICT:
        beaten(entry, result->current);
        return;
    case HEARTH_STORAGE_RETRY: /* it may have happened: look before trying again */
        requeue(entry);
        entry->stale = true;
        finish_late(entry);
        pause_for(entry, ++entry->failures);
        return;
    case HEARTH_STORAGE_FAILED:
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "instance %s: expected storage to take its document, found: %s", entry->id,
                   result->error ? result->error : "no reason");
        requeue(entry);
        all = entry->waiting;
        entry->waiting = NULL;
        finish(entry, all, HEARTH_EINTERNAL);
        set_busy(entry, false);
        pump(entry);
        return;
    }
}

static hearth_status write_draft(struct entry *entry)
{
    struct mm_loop *loop = entry->fleet->loop;
    const struct instance *draft = entry->draft;
    char bucket[2];
    hearth_storage_op op = {.struct_size = sizeof(op),
                            .action = HEARTH_PUT,
                            .condition = HEARTH_IF_VERSION,
                            .base_version = entry->version};
    const hearth_storage_op *ops[] = {&op};
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    if (!arena)
        return HEARTH_ENOMEM;
    op.doc = (hearth_doc){.struct_size = sizeof(op.doc),
                          .key = instance_key(entry->id, bucket),
                          .version = entry->version + 1};
    if (instance_is_final(draft))
        op.doc.expires_ms = draft->ended_ms + mm_conf(loop)->report_window_ms;
    hearth_status status = instance_write(draft, loop->api.json, arena, &op.doc.body);
    if (status == HEARTH_OK) {
        set_busy(entry, true);
        loop->storage->write(loop->storage_ctx, ops, 1, on_written, entry);
    }
    loop->arena->destroy(arena);
    return status;
}

/* Tries everything that waits on one copy. What was refused waits for the write, which proves that
 * the copy was current, or for a read. So does what an earlier one has left nothing to do: that is
 * true when it is written. Who may as well go elsewhere does not wait for it. */
static void attempt(struct entry *entry)
{
    struct mm_loop *loop = entry->fleet->loop;
    int64_t wall_ms = loop->clock->wall_ms(loop->ctx);
    struct change *all = entry->waiting, *answered = NULL, *unsure = NULL;
    bool changed = false;
    entry->waiting = NULL;
    entry->draft = instance_copy(entry->instance);
    set_busy(entry, true);
    while (all && entry->draft) {
        enum verdict verdict = all->apply(all, entry->draft, wall_ms);
        changed = changed || verdict == CHANGED;
        if (verdict == CHANGED)
            move(&all, &entry->writing);
        else if ((verdict == UNCHANGED || all->current) && (!changed || all->movable))
            move(&all, &answered);
        else
            move(&all, &unsure);
    }
    for (struct change *change = unsure; change && changed; change = change->next)
        change->current = true; /* the write proves it */
    *end_of(&entry->waiting) = unsure;
    hearth_status status = !entry->draft ? HEARTH_ENOMEM : changed ? write_draft(entry) : HEARTH_OK;
    finish(entry, answered, HEARTH_OK);
    if (changed && status == HEARTH_OK)
        return;
    *end_of(&all) = entry->writing;
    entry->writing = NULL;
    instance_destroy(entry->draft);
    entry->draft = NULL;
    finish(entry, all, HEARTH_EUNAVAILABLE);
    entry->stale = entry->stale || unsure != NULL;
    set_busy(entry, false);
    pump(entry);
}

static void pump(struct entry *entry)
{
    struct fleet *fleet = entry->fleet;
    if (entry->busy)
        return;
    if (!entry->waiting)
        entry_release(entry);
    else if (!entry->instance || entry->stale)
        read_again(entry);
    else
        attempt(entry);
    changes_idle(fleet);
}

void changes_idle(struct fleet *fleet)
{
    if (fleet->busy > 0 || !fleet->drained)
        return;
    void (*done)(void *arg) = fleet->drained;
    fleet->drained = NULL;
    done(fleet->drained_arg);
}

void fleet_change(struct fleet *fleet, const char *id, struct change *change)
{
    struct mm_loop *loop = fleet->loop;
    struct entry *entry = entry_get(fleet, id);
    change->next = NULL;
    change->current = false;
    change->deadline_ms = loop->clock->loop_ms(loop->ctx) + WORK_DEADLINE_MS;
    if (!entry) {
        change->done(change, HEARTH_EUNAVAILABLE, NULL);
        return;
    }
    *end_of(&entry->waiting) = change;
    pump(entry);
}
