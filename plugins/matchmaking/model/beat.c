/*
 * beat.c - what a heartbeat says of seats, and how sessions and instances end. See instance.h.
 */
#include "instance.h"

#include <string.h>

static const struct beat_session *named_session(const struct beat *beat, const char *id)
{
    for (uint32_t i = 0; i < beat->session_count; i++) {
        if (strcmp(beat->sessions[i].id, id) == 0)
            return &beat->sessions[i];
    }
    return NULL;
}

static bool names(const struct beat_session *named, const char *user)
{
    for (uint32_t i = 0; named && i < named->player_count; i++) {
        if (strcmp(named->players[i], user) == 0)
            return true;
    }
    return false;
}

/* Nobody comes back to this seat, or could still come to it. */
static bool is_over(const struct member *member, const struct beat *beat,
                    const struct beat_rules *rules, int64_t now_ms)
{
    bool token_is_dead = now_ms >= member->token_expires_ms + rules->grace_ms;
    if (member->leaving && member->kick_beat > 0 && member->kick_beat < beat->sequence)
        return true;
    if (member->leaving || !member->seen)
        return token_is_dead;
    return token_is_dead && now_ms >= member->left_ms + rules->rejoin_ms;
}

static void update_member(struct member *member, bool named, const struct beat *beat,
                          const struct beat_rules *rules, int64_t now_ms)
{
    if (!named && member->connected)
        member->left_ms = now_ms;
    member->connected = named;
    member->seen = member->seen || named;
    if (!named && is_over(member, beat, rules, now_ms))
        member->seat = -1;
    else if (member->leaving && member->kick_beat == 0)
        member->kick_beat = beat->sequence;
}

static void update_session(struct game_session *session, const struct beat *beat,
                           const struct beat_rules *rules, int64_t now_ms)
{
    const struct beat_session *named = named_session(beat, session->id);
    if (session->outcome != OUTCOME_NONE)
        return;
    for (uint32_t i = 0; i < session->member_count; i++) {
        struct member *member = &session->members[i];
        if (member->seat >= 0)
            update_member(member, names(named, member->user), beat, rules, now_ms);
    }
    if (session_taken(session) == 0)
        session->outcome = OUTCOME_ABANDONED;
}

bool instance_beat(struct instance *instance, const struct beat *beat,
                   const struct beat_rules *rules, int64_t now_ms)
{
    if (instance_is_final(instance) || beat->sequence <= instance->beat)
        return false;
    instance->beat = beat->sequence;
    instance->state = beat->draining ? INSTANCE_DRAINING : INSTANCE_READY;
    for (uint32_t i = 0; i < instance->session_count; i++)
        update_session(&instance->sessions[i], beat, rules, now_ms);
    return true;
}

bool beat_must_end(const struct instance *instance, const struct beat_session *named)
{
    const struct game_session *session = instance_session(instance, named->id);
    return !session || session_outcome(instance, session) != OUTCOME_NONE;
}

bool instance_finish(struct instance *instance, enum instance_state state, int64_t now_ms)
{
    if (instance_is_final(instance))
        return false;
    instance->state = (uint8_t)state;
    instance->ended_ms = now_ms;
    return true;
}
