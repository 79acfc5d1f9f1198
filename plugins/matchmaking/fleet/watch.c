/*
 * watch.c - notices instances that have fallen silent. One and a half intervals: no new sessions
 * there. Three, by our monotonic clock and only while the registry can be read: lost. The interval
 * is what the instance was told when it registered, whatever the configuration says now. When more
 * than half fall silent at once it is rather us, or the network, and none of them is marked. Those
 * who fell silent before do not count: else as many dead ones as are well would hide every later
 * loss for ever.
 */
#include "address.h"
#include "holds.h"
#include "view.h"

#include <stdlib.h>

#define TICKS_PER_INTERVAL 8
#define HALF_COUNTS_FROM   3u /* instances */

/* Marks one instance lost, unless it has been heard of since. */
struct marking {
    struct change change;
    struct entry *entry;
    uint64_t beat;
    bool marked;
};

static uint64_t silence_of(const struct entry *entry, uint64_t now_ms)
{
    return now_ms - entry->beat_at_ms;
}

static uint64_t interval_of(const struct entry *entry)
{
    uint32_t told_ms = entry->instance->heartbeat_ms;
    return told_ms > 0 ? told_ms : (uint64_t)mm_conf(entry->fleet->loop)->heartbeat_ms;
}

void watch_beat(struct entry *entry)
{
    struct mm_loop *loop = entry->fleet->loop;
    if (entry->beat == entry->instance->beat)
        return;
    entry->beat = entry->instance->beat;
    entry->beat_at_ms = loop->clock->loop_ms(loop->ctx);
    entry->quiet = false;
}

void watch_restart(struct fleet *fleet)
{
    uint64_t now_ms = fleet->loop->clock->loop_ms(fleet->loop->ctx);
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        for (struct entry *entry = fleet->entries[i]; entry; entry = entry->next)
            entry->beat_at_ms = now_ms;
    }
}

/* Heartbeats may have come meanwhile, or would have, had anybody been there to take them. */
bool watch_is_blind(const struct fleet *fleet)
{
    const struct matchmaking_conf *conf = mm_conf(fleet->loop);
    uint64_t now_ms = fleet->loop->clock->loop_ms(fleet->loop->ctx);
    return now_ms - fleet->pass_ended_ms > (uint64_t)(conf->heartbeat_ms + conf->refresh_ms);
}

static enum verdict apply_lost(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct marking *marking = (struct marking *)change;
    marking->marked = false;
    if (draft->beat != marking->beat)
        return UNCHANGED;
    marking->marked = instance_finish(draft, INSTANCE_LOST, now_ms);
    return marking->marked ? CHANGED : UNCHANGED;
}

static void on_address_forgotten(void *arg)
{
    struct fleet *fleet = arg;
    fleet->busy--;
    changes_idle(fleet);
}

static void on_lost(struct change *change, hearth_status status, const struct instance *now)
{
    struct marking *marking = (struct marking *)change;
    struct fleet *fleet = marking->entry->fleet;
    struct mm_loop *loop = fleet->loop;
    marking->entry->marking = NULL;
    if (status == HEARTH_OK && marking->marked) {
        loop->metrics->add(fleet->lost, 1);
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_WARNING,
                   "instance %s at %s:%u is lost: no heartbeat for three intervals; its sessions "
                   "have ended",
                   now->id, now->address, (unsigned)now->port);
        holds_release_instance(loop, now);
        fleet->busy++;
        address_forget(loop, now, on_address_forgotten, fleet);
    }
    free(marking);
}

static void mark(struct entry *entry)
{
    struct marking *marking = entry->marking ? NULL : calloc(1, sizeof(*marking));
    if (!marking)
        return;
    *marking = (struct marking){{.apply = apply_lost, .done = on_lost}, entry, entry->beat, false};
    entry->marking = marking;
    fleet_change(entry->fleet, entry->id, &marking->change);
}

static void report_silence(struct fleet *fleet, bool mass_silence)
{
    struct mm_loop *loop = fleet->loop;
    if (mass_silence == fleet->mass_silence)
        return;
    fleet->mass_silence = mass_silence;
    loop->metrics->set(fleet->silent, mass_silence);
    HEARTH_LOG(loop->log, loop->ctx, NULL, mass_silence ? HEARTH_LOG_ERROR : HEARTH_LOG_INFO,
               mass_silence ? "more than half of the instances are silent at once: none is marked "
                              "lost; is the network between them and us well?"
                            : "most instances are heard of again");
    loop->ctx->host->health(loop->ctx, "fleet", mass_silence ? HEARTH_DEGRADED : HEARTH_HEALTHY,
                            mass_silence ? "more than half of the instances are silent" : "");
}

struct census {
    uint32_t known, quiet, ready, draining, sessions, players;
    uint64_t *heard_ms;   /* of the quiet ones, when each was last heard of; in order */
    uint64_t interval_ms; /* the longest */
};

static void count(struct entry *entry, uint64_t now_ms, struct census *census)
{
    const struct instance *instance = entry->instance;
    bool quiet = silence_of(entry, now_ms) * 2 > interval_of(entry) * 3;
    if (quiet != entry->quiet) {
        entry->quiet = quiet;
        entry_index(entry);
    }
    census->known++;
    if (quiet)
        census->heard_ms[census->quiet++] = entry->beat_at_ms;
    if (interval_of(entry) > census->interval_ms)
        census->interval_ms = interval_of(entry);
    if (instance->state == INSTANCE_READY && !instance->drain)
        census->ready++;
    else
        census->draining++;
    census->sessions += instance_active(instance);
    for (uint32_t i = 0; i < instance->session_count; i++) {
        if (instance->sessions[i].outcome == OUTCOME_NONE)
            census->players += session_taken(&instance->sessions[i]);
    }
}

static int earlier(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* How many of the quiet ones were last heard of before this time. */
static uint32_t quiet_before(const struct census *census, uint64_t ms)
{
    uint32_t low = 0, high = census->quiet;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (census->heard_ms[middle] < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether more than half of those who were left fell silent at once with one who was last heard of
 * at this time. When the network goes, the latest heartbeat of each is less than one and a half
 * intervals old, or it was quiet before. */
static bool most_fell_silent(const struct census *census, uint64_t heard_ms)
{
    uint64_t window_ms = census->interval_ms * 3 / 2;
    uint32_t gone = quiet_before(census, heard_ms > window_ms ? heard_ms - window_ms : 0);
    uint32_t at_once = quiet_before(census, heard_ms + window_ms + 1) - gone;
    uint32_t left = census->known - gone;
    return left >= HALF_COUNTS_FROM && at_once * 2 > left;
}

static bool is_mass_silence(const struct census *census)
{
    for (uint32_t i = 0; i < census->quiet; i++) {
        if (most_fell_silent(census, census->heard_ms[i]))
            return true;
    }
    return false;
}

static void show(struct fleet *fleet, const struct census *census)
{
    const hearth_metrics *metrics = fleet->loop->metrics;
    metrics->set(fleet->ready, census->ready);
    metrics->set(fleet->draining, census->draining);
    metrics->set(fleet->sessions, census->sessions);
    metrics->set(fleet->players, census->players);
}

static void mark_lost(struct fleet *fleet, const struct census *census, uint64_t now_ms)
{
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        struct entry *next;
        for (struct entry *entry = fleet->entries[i]; entry; entry = next) {
            next = entry->next;
            if (entry->instance && !instance_is_final(entry->instance) &&
                silence_of(entry, now_ms) >= 3 * interval_of(entry) &&
                !most_fell_silent(census, entry->beat_at_ms))
                mark(entry);
        }
    }
}

static void on_tick(hearth_ctx *ctx, void *arg)
{
    struct fleet *fleet = arg;
    struct census census = {.heard_ms = malloc((fleet->count + 1) * sizeof(*census.heard_ms))};
    uint64_t now_ms = fleet->loop->clock->loop_ms(ctx);
    refresh_resume(fleet);
    if (!census.heard_ms)
        return;
    if (watch_is_blind(fleet))
        watch_restart(fleet);
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        for (struct entry *entry = fleet->entries[i]; entry; entry = entry->next) {
            if (entry->instance && !instance_is_final(entry->instance))
                count(entry, now_ms, &census);
        }
    }
    qsort(census.heard_ms, census.quiet, sizeof(*census.heard_ms), earlier);
    show(fleet, &census);
    report_silence(fleet, is_mass_silence(&census));
    if (!fleet->registry_failed)
        mark_lost(fleet, &census, now_ms);
    free(census.heard_ms);
}

hearth_status watch_start(struct fleet *fleet)
{
    struct mm_loop *loop = fleet->loop;
    uint64_t period_ms = (uint64_t)mm_conf(loop)->heartbeat_ms / TICKS_PER_INTERVAL;
    fleet->watch_timer = loop->timer->start(loop->ctx, period_ms, period_ms, on_tick, fleet);
    return fleet->watch_timer ? HEARTH_OK : HEARTH_ENOMEM;
}

void watch_stop(struct fleet *fleet)
{
    fleet->loop->timer->stop(fleet->watch_timer);
    fleet->watch_timer = NULL;
}
