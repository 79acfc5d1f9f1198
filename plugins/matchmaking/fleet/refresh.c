/*
 * refresh.c - keeps the view near what storage has: passes over all buckets, one after another with
 * a pause between them. Whoever needs the present state waits for the next pass that begins; all
 * who wait share it.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define PAGE        200u
#define PASS_GAP_MS 100u /* between passes, however many wait for the next one */

struct refresh_waiter {
    struct refresh_waiter *next;
    void (*done)(hearth_status status, void *arg);
    void *arg;
};

struct bucket_read {
    struct fleet *fleet;
    char name[2];
};

static void begin_pass(struct fleet *fleet);

static void set_health(struct fleet *fleet)
{
    struct mm_loop *loop = fleet->loop;
    if (fleet->registry_failed == fleet->pass_failed)
        return;
    if (fleet->pass_failed && fleet->pass == 1) /* storage connects just now: no outage yet */
        return;
    fleet->registry_failed = fleet->pass_failed;
    HEARTH_LOG(loop->log, loop->ctx, NULL,
               fleet->pass_failed ? HEARTH_LOG_WARNING : HEARTH_LOG_INFO,
               fleet->pass_failed ? "the registry of instances cannot be read from storage"
                                  : "the registry of instances can be read again");
    loop->ctx->host->health(loop->ctx, "registry",
                            fleet->pass_failed ? HEARTH_DEGRADED : HEARTH_HEALTHY,
                            fleet->pass_failed ? "the registry of instances cannot be read" : "");
}

/* What this pass did not meet has expired or been deleted. */
static void remove_unseen(struct fleet *fleet)
{
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        struct entry *next;
        for (struct entry *entry = fleet->entries[i]; entry; entry = next) {
            next = entry->next;
            if (entry->pass < fleet->pass && !entry->busy && !entry->waiting && !entry->opening)
                entry_remove(entry);
        }
    }
    pools_trim(fleet);
}

static void end_waiters(struct refresh_waiter *list, hearth_status status)
{
    while (list) {
        struct refresh_waiter *waiter = list;
        list = waiter->next;
        waiter->done(status, waiter->arg);
        free(waiter);
    }
}

static void on_pause_over(hearth_ctx *ctx, void *arg)
{
    struct fleet *fleet = arg;
    (void)ctx;
    fleet->refresh_timer = NULL;
    begin_pass(fleet);
}

static void begin_pass_in(struct fleet *fleet, uint64_t ms)
{
    struct mm_loop *loop = fleet->loop;
    loop->timer->stop(fleet->refresh_timer);
    fleet->refresh_timer = loop->timer->start(loop->ctx, ms, 0, on_pause_over, fleet);
}

static void pause_or_stop(struct fleet *fleet)
{
    uint64_t pause_ms = (uint64_t)mm_conf(fleet->loop)->refresh_ms;
    if (fleet->stopped)
        refresh_stop(fleet);
    else
        begin_pass_in(fleet, fleet->next_served && !fleet->pass_failed ? PASS_GAP_MS : pause_ms);
}

static void end_pass(struct fleet *fleet)
{
    struct refresh_waiter *served = fleet->served;
    fleet->served = NULL;
    set_health(fleet);
    if (fleet->pass_failed || watch_is_blind(fleet))
        watch_restart(fleet);
    if (!fleet->pass_failed)
        remove_unseen(fleet);
    end_waiters(served, fleet->pass_failed ? HEARTH_EUNAVAILABLE : HEARTH_OK);
    fleet->passing = false;
    fleet->pass_ended_ms = fleet->loop->clock->loop_ms(fleet->loop->ctx);
    pause_or_stop(fleet);
    fleet->busy--;
    changes_idle(fleet);
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    struct bucket_read *read = arg;
    struct fleet *fleet = read->fleet;
    struct mm_loop *loop = fleet->loop;
    for (size_t i = 0; status == HEARTH_OK && i < count; i++) {
        char id[HEARTH_UUID_SIZE];
        struct entry *entry = body_uuid(docs[i]->key.sort, id) ? entry_get(fleet, id) : NULL;
        if (!entry) {
            fleet->pass_failed = true;
            continue;
        }
        entry->pass = fleet->pass;
        if (!entry->writing && entry_read(entry, docs[i], false))
            entry_release(entry);
    }
    if (status == HEARTH_OK && cursor.len > 0) {
        loop->storage->query(loop->storage_ctx, HEARTH_STR(COLLECTION_INSTANCES),
                             str_of(read->name), HEARTH_STR(""), PAGE, cursor, on_page, read);
        return;
    }
    if (status != HEARTH_OK)
        fleet->pass_failed = true;
    free(read);
    if (--fleet->reading == 0)
        end_pass(fleet);
}

static void begin_pass(struct fleet *fleet)
{
    struct mm_loop *loop = fleet->loop;
    static const char buckets[] = BUCKETS;
    fleet->pass++;
    fleet->busy++;
    fleet->passing = true;
    fleet->pass_failed = false;
    fleet->served = fleet->next_served;
    fleet->next_served = NULL;
    fleet->reading = 1; /* so that the pass does not end before every bucket was asked */
    for (size_t i = 0; i < sizeof(buckets) - 1; i++) {
        struct bucket_read *read = calloc(1, sizeof(*read));
        if (!read) {
            fleet->pass_failed = true;
            break;
        }
        *read = (struct bucket_read){fleet, {buckets[i], 0}};
        fleet->reading++;
        loop->storage->query(loop->storage_ctx, HEARTH_STR(COLLECTION_INSTANCES),
                             str_of(read->name), HEARTH_STR(""), PAGE, HEARTH_STR(""), on_page,
                             read);
    }
    if (--fleet->reading == 0)
        end_pass(fleet);
}

void fleet_refresh(struct fleet *fleet, void (*done)(hearth_status status, void *arg), void *arg)
{
    struct refresh_waiter *waiter = fleet->stopped ? NULL : malloc(sizeof(*waiter));
    if (!waiter) {
        done(HEARTH_EUNAVAILABLE, arg);
        return;
    }
    *waiter = (struct refresh_waiter){fleet->next_served, done, arg};
    fleet->next_served = waiter;
    if (fleet->passing || waiter->next)
        return; /* that pass has begun before this call; or others wait for the next one already */
    uint64_t since_ms = fleet->loop->clock->loop_ms(fleet->loop->ctx) - fleet->pass_ended_ms;
    begin_pass_in(fleet, since_ms < PASS_GAP_MS ? PASS_GAP_MS - since_ms : 0);
}

void refresh_start(struct fleet *fleet)
{
    begin_pass(fleet);
}

void refresh_resume(struct fleet *fleet)
{
    if (!fleet->passing && !fleet->refresh_timer && !fleet->stopped)
        begin_pass(fleet);
}

void refresh_stop(struct fleet *fleet)
{
    fleet->loop->timer->stop(fleet->refresh_timer);
    fleet->refresh_timer = NULL;
    end_waiters(fleet->next_served, HEARTH_ECANCELED);
    fleet->next_served = NULL;
}
