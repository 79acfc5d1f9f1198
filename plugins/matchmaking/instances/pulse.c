/*
 * pulse.c - takes a heartbeat into the registry: one change of the instance's document. What it
 * means for the sessions and seats is decided in model/beat.c; here it is carried out.
 */
#include "heartbeat.h"

#include "../fleet/holds.h"
#include "register.h"

#include <stdlib.h>
#include <string.h>

static struct heartbeat *heartbeat_of(void *errand)
{
    return errand;
}

/* ---- seats that become free ---- */

static uint32_t count_taken(const struct instance *instance)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < instance->session_count; i++)
        count += session_taken(&instance->sessions[i]);
    return count;
}

/* Notes who has a seat. Out of memory nobody is noted: their holds end when they are asked for. */
static void note_taken(struct heartbeat *heartbeat, const struct instance *instance)
{
    free(heartbeat->freed);
    heartbeat->freed_count = 0;
    heartbeat->freed = calloc(count_taken(instance) + 1, sizeof(*heartbeat->freed));
    for (uint32_t i = 0; heartbeat->freed && i < instance->session_count; i++) {
        const struct game_session *session = &instance->sessions[i];
        for (uint32_t k = 0; k < session->member_count; k++) {
            struct freed_seat *seat = &heartbeat->freed[heartbeat->freed_count];
            if (session->members[k].seat < 0)
                continue;
            memcpy(seat->game_sim, session->id, sizeof(seat->game_sim));
            seat->member = session->members[k];
            heartbeat->freed_count++;
        }
    }
}

static bool has_seat(const struct instance *instance, const struct freed_seat *seat)
{
    const struct game_session *session = instance_session(instance, seat->game_sim);
    const struct member *member = session ? session_member(session, seat->member.user) : NULL;
    return member && member->seat >= 0;
}

/* Of those who were noted, they stay who have no seat any more. */
static void keep_freed(struct heartbeat *heartbeat, const struct instance *instance)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < heartbeat->freed_count; i++) {
        if (!has_seat(instance, &heartbeat->freed[i]))
            heartbeat->freed[kept++] = heartbeat->freed[i];
    }
    heartbeat->freed_count = kept;
}

/* ---- the change ---- */

static enum verdict apply(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct heartbeat *heartbeat = heartbeat_of(change);
    const struct matchmaking_conf *conf = mm_conf(heartbeat->errand.loop);
    const struct beat_rules rules = {.rejoin_ms = conf->rejoin_ms, .grace_ms = conf->grace_ms};
    if (instance_is_final(draft))
        return UNCHANGED;
    if (draft->beat >= heartbeat->beat.sequence)
        return REFUSED; /* an old one, or this one, in a write whose outcome was not known */
    note_taken(heartbeat, draft);
    instance_beat(draft, &heartbeat->beat, &rules, now_ms);
    keep_freed(heartbeat, draft);
    return CHANGED;
}

/* ---- orders ---- */

static bool is_to_leave(const struct instance *instance, const struct beat_session *named,
                        const char *user)
{
    const struct game_session *session = instance_session(instance, named->id);
    const struct member *member = session ? session_member(session, user) : NULL;
    return !member || member->seat < 0;
}

static uint32_t count_kicks_at_most(const struct heartbeat *heartbeat,
                                    const struct instance *instance)
{
    uint32_t count = count_taken(instance);
    for (uint32_t i = 0; i < heartbeat->beat.session_count; i++)
        count += heartbeat->sessions[i].player_count;
    return count;
}

static void add_kick(struct heartbeat *heartbeat, const char *game_sim, const char *user)
{
    struct kick *kick = &heartbeat->kicks[heartbeat->kick_count++];
    memcpy(kick->game_sim, game_sim, sizeof(kick->game_sim));
    memcpy(kick->user, user, sizeof(kick->user));
}

/* Whoever leaves, connected or not: he may be on his way with a token. */
static void kick_leaving(struct heartbeat *heartbeat, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->session_count; i++) {
        const struct game_session *session = &instance->sessions[i];
        for (uint32_t k = 0; session->outcome == OUTCOME_NONE && k < session->member_count; k++) {
            const struct member *member = &session->members[k];
            if (member->seat >= 0 && member->leaving)
                add_kick(heartbeat, session->id, member->user);
        }
    }
}

static bool give_orders(struct heartbeat *heartbeat, const struct instance *instance)
{
    const struct beat *beat = &heartbeat->beat;
    heartbeat->ends = calloc(beat->session_count + 1, sizeof(*heartbeat->ends));
    heartbeat->kicks =
        calloc(count_kicks_at_most(heartbeat, instance) + 1, sizeof(*heartbeat->kicks));
    if (!heartbeat->ends || !heartbeat->kicks)
        return false;
    heartbeat->drain = instance->drain;
    kick_leaving(heartbeat, instance);
    for (uint32_t i = 0; i < beat->session_count; i++) {
        const struct beat_session *named = &heartbeat->sessions[i];
        if (beat_must_end(instance, named)) {
            heartbeat->ends[heartbeat->end_count++] = named->id;
            continue;
        }
        for (uint32_t k = 0; k < named->player_count; k++) {
            if (is_to_leave(instance, named, named->players[k]))
                add_kick(heartbeat, named->id, named->players[k]);
        }
    }
    return true;
}

/* ---- the way ---- */

static void on_token(char *token, void *arg)
{
    struct heartbeat *heartbeat = arg;
    heartbeat->token = token; /* NULL: the next heartbeat asks again */
    errand_answer(&heartbeat->errand, heartbeat_reply);
}

/* What is left behind the report window, which an instance that is lost needs for its reports. */
static void on_ended(void *arg)
{
    struct heartbeat *heartbeat = arg;
    struct mm_loop *loop = heartbeat->errand.loop;
    const struct matchmaking_conf *conf = mm_conf(loop);
    int64_t life_ms = heartbeat->token_expires_s * 1000 - loop->clock->wall_ms(loop->ctx);
    if ((life_ms - conf->report_window_ms) * 2 < conf->instance_token_ttl_ms)
        issue_token(loop, heartbeat->errand.id, on_token, heartbeat);
    else
        errand_answer(&heartbeat->errand, heartbeat_reply);
}

static void on_applied(struct change *change, hearth_status status, const struct instance *now)
{
    struct heartbeat *heartbeat = heartbeat_of(change);
    struct errand *errand = &heartbeat->errand;
    struct mm_loop *loop = errand->loop;
    if (status == HEARTH_OK && instance_is_final(now))
        status = HEARTH_ENOTFOUND;
    if (status == HEARTH_OK && !give_orders(heartbeat, now))
        status = HEARTH_ENOMEM;
    if (status != HEARTH_OK) {
        errand_fail(errand, status);
        return;
    }
    keep_freed(heartbeat, now);
    for (uint32_t i = 0; i < heartbeat->freed_count; i++)
        holds_release(loop, heartbeat->freed[i].game_sim, &heartbeat->freed[i].member);
    end_sessions(loop, now, on_ended, heartbeat);
}

void pulse(struct errand *errand)
{
    errand->change.apply = apply;
    errand->change.done = on_applied;
    fleet_change(errand->loop->fleet, errand->id, &errand->change);
}
