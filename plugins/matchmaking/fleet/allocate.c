/*
 * allocate.c - see allocate.h.
 */
#include "allocate.h"

#include <stdlib.h>
#include <string.h>

#define JITTER_MS 10u

static void choose(struct allocation *a);

static struct allocation *of_change(struct change *change)
{
    return (struct allocation *)(void *)((char *)change - offsetof(struct allocation, change));
}

static void answer(struct allocation *a, enum allocated result)
{
    a->done(a, result);
}

/* ---- on one instance ---- */

static bool sits_in(const struct instance *draft, const char *game_sim, const char *user)
{
    const struct game_session *session = instance_session(draft, game_sim);
    const struct member *member = session ? session_member(session, user) : NULL;
    return member && member->seat >= 0;
}

/* A search takes the fullest open session of the draft, also one that another allocation of the
 * same write has just opened. Where the player sits already, an earlier try has succeeded. */
static enum seating try_seat(struct allocation *a, struct instance *draft, int64_t now_ms)
{
    const struct game_session *open = a->search ? choose_session(draft) : NULL;
    if (!a->instance[0] && !sits_in(draft, a->game_sim, a->player.user)) {
        a->created = a->seat.given = !open;
        memcpy(a->game_sim, open ? open->id : a->fresh_id, sizeof(a->game_sim));
        memcpy(a->game_sim, draft->id, ID_PREFIX);
        if (!open)
            return instance_open_session(draft, a->game_sim, a->seed, a->is_private, &a->player,
                                         now_ms);
    }
    a->seat.given = a->seat.given || !sits_in(draft, a->game_sim, a->player.user);
    return instance_join_session(draft, a->game_sim, &a->player);
}

static enum verdict apply_seat(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct allocation *a = of_change(change);
    a->seating = try_seat(a, draft, now_ms);
    if (a->seating == SEATED) {
        a->seat.admission = instance_session(draft, a->game_sim)->admissions;
        return CHANGED;
    }
    return a->instance[0] ? REFUSED : UNCHANGED; /* who may go elsewhere does not insist */
}

/* The seat as it was written. It may have been given for nothing: the same write holds what others
 * did behind it, and they may have ended the session. */
static bool take_seat(struct allocation *a, const struct instance *instance)
{
    struct seat *seat = &a->seat;
    if (!sits_in(instance, a->game_sim, a->player.user))
        return false;
    const struct game_session *session = instance_session(instance, a->game_sim);
    const struct member *member = session_member(session, a->player.user);
    memcpy(seat->game_sim, session->id, sizeof(seat->game_sim));
    memcpy(seat->instance, instance->id, sizeof(seat->instance));
    seat->number = (uint8_t)member->seat;
    seat->seed = session->seed;
    memcpy(seat->address, instance->address, sizeof(seat->address));
    seat->port = instance->port;
    memcpy(seat->addresses, instance->addresses, sizeof(seat->addresses));
    seat->address_count = instance->address_count;
    memcpy(seat->connect_key, instance->connect_key, sizeof(seat->connect_key));
    a->token_expires_ms = member->token_expires_ms;
    return true;
}

static void on_retry(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    choose(arg);
}

static void elsewhere(struct allocation *a)
{
    struct mm_loop *loop = a->fleet->loop;
    uint64_t delay = 1 + loop->random->below(loop->ctx, JITTER_MS);
    if (!loop->timer->start(loop->ctx, delay, 0, on_retry, a))
        answer(a, ALLOCATED_UNAVAILABLE);
}

static void on_seated(struct change *change, hearth_status status, const struct instance *now)
{
    struct allocation *a = of_change(change);
    static const enum allocated refusals[] = {
        [SEATED] = ALLOCATED_JOINED,
        [SEATING_FULL] = ALLOCATED_FULL,
        [SEATING_ENDED] = ALLOCATED_ENDED,
        [SEATING_ABSENT] = ALLOCATED_ABSENT,
        [SEATING_CLOSED] = ALLOCATED_FULL,
        [SEATING_OTHER] = ALLOCATED_OTHER,
        [SEATING_NO_MEMORY] = ALLOCATED_UNAVAILABLE,
    };
    if (a->opening) {
        a->opening->opening--;
        entry_index(a->opening);
        a->opening = NULL;
    }
    if (status == HEARTH_OK && a->seating == SEATED && !take_seat(a, now))
        a->seating = SEATING_ABSENT;
    if (status == HEARTH_OK && a->seating == SEATED) {
        answer(a, a->created ? ALLOCATED_CREATED : ALLOCATED_JOINED);
    } else if (!a->instance[0] &&
               (status == HEARTH_OK || status == HEARTH_ECONFLICT || status == HEARTH_ENOTFOUND)) {
        a->contended = a->contended || status == HEARTH_ECONFLICT;
        if (status == HEARTH_OK && a->seating == SEATING_OTHER)
            a->search = false; /* he is just leaving it: it would be found again and again */
        elsewhere(a);
    } else if (status == HEARTH_ENOTFOUND) {
        answer(a, ALLOCATED_ABSENT);
    } else {
        answer(a, status == HEARTH_OK ? refusals[a->seating] : ALLOCATED_UNAVAILABLE);
    }
}

/* ---- which instance ---- */

static void on_refreshed(hearth_status status, void *arg)
{
    struct allocation *a = arg;
    a->refreshed = true;
    if (status == HEARTH_OK)
        choose(a);
    else
        answer(a, ALLOCATED_UNAVAILABLE);
}

/* Before it says that there is no room it looks at what storage has. */
static void choose(struct allocation *a)
{
    struct fleet *fleet = a->fleet;
    struct mm_loop *loop = fleet->loop;
    struct entry *entry = a->search ? choose_open(fleet, &a->wish) : NULL;
    char id[HEARTH_UUID_SIZE];
    if (loop->clock->loop_ms(loop->ctx) >= a->deadline_ms) {
        answer(a, ALLOCATED_UNAVAILABLE);
        return;
    }
    if (!entry) {
        entry = choose_room(fleet, &a->wish, a->contended);
        if (entry && a->search)
            entry->pool->finding = entry;
        else if (entry)
            a->opening = entry;
    }
    if (!entry && a->refreshed)
        answer(a, ALLOCATED_NO_CAPACITY);
    else if (!entry)
        fleet_refresh(fleet, on_refreshed, a);
    else {
        if (a->opening) {
            entry->opening++;
            entry_index(entry);
        }
        a->game_sim[0] = 0;
        memcpy(id, entry->id, sizeof(id));
        fleet_change(fleet, id, &a->change);
    }
}

void allocate(struct fleet *fleet, struct allocation *a)
{
    struct mm_loop *loop = fleet->loop;
    a->fleet = fleet;
    a->change = (struct change){.apply = apply_seat, .done = on_seated, .movable = !a->instance[0]};
    a->deadline_ms = loop->clock->loop_ms(loop->ctx) + WORK_DEADLINE_MS;
    a->opening = NULL;
    a->refreshed = a->contended = a->created = a->seat.given = false;
    loop->random->uuid(loop->ctx, a->fresh_id);
    a->player.token_expires_ms =
        (loop->clock->wall_ms(loop->ctx) + mm_conf(loop)->token_lifetime_ms) / 1000 * 1000;
    loop->random->bytes(loop->ctx, &a->seed, sizeof(a->seed));
    if (a->instance[0])
        fleet_change(fleet, a->instance, &a->change);
    else
        choose(a);
}

/* ---- seats given back ---- */

struct giving_up {
    struct change change;
    bool at_once;
    uint32_t admission; /* at once: of the token that nobody has seen */
    char game_sim[HEARTH_UUID_SIZE], user[HEARTH_UUID_SIZE];
    void (*done)(hearth_status status, void *arg);
    void *arg;
};

/* Unless a token was issued since, perhaps to this player: he may have asked another hearthd at the
 * same time, and sits there by right. */
static bool unseat(struct instance *draft, const struct giving_up *up)
{
    const struct game_session *session = instance_session(draft, up->game_sim);
    return session && session->admissions == up->admission &&
           instance_unseat(draft, up->game_sim, up->user);
}

static enum verdict apply_giving_up(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct giving_up *up = (struct giving_up *)change;
    (void)now_ms;
    bool changed = up->at_once ? unseat(draft, up) : instance_leave(draft, up->game_sim, up->user);
    return changed ? CHANGED : REFUSED;
}

static void on_given_up(struct change *change, hearth_status status, const struct instance *now)
{
    struct giving_up *up = (struct giving_up *)change;
    (void)now;
    if (up->done)
        up->done(status, up->arg);
    free(up);
}

static void give_up(struct fleet *fleet, const char *instance, const struct giving_up *what)
{
    struct giving_up *up = malloc(sizeof(*up));
    if (!up) {
        if (what->done)
            what->done(HEARTH_EUNAVAILABLE, what->arg);
        return;
    }
    *up = *what;
    up->change = (struct change){.apply = apply_giving_up, .done = on_given_up};
    fleet_change(fleet, instance, &up->change);
}

void allocate_undo(struct fleet *fleet, const struct seat *seat, const char *user)
{
    struct giving_up up = {.at_once = true, .admission = seat->admission};
    strcpy(up.game_sim, seat->game_sim);
    strcpy(up.user, user);
    if (seat->given)
        give_up(fleet, seat->instance, &up);
}

void allocate_leave(struct fleet *fleet, const char *instance, const char *game_sim,
                    const char *user, void (*done)(hearth_status status, void *arg), void *arg)
{
    struct giving_up up = {.done = done, .arg = arg};
    strcpy(up.game_sim, game_sim);
    strcpy(up.user, user);
    give_up(fleet, instance, &up);
}
