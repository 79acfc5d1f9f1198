/*
 * instance.c - see instance.h. Life of an instance in memory, and what can be read off it.
 */
#include "instance.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct instance *instance_create(void)
{
    return calloc(1, sizeof(struct instance));
}

void instance_destroy(struct instance *instance)
{
    if (!instance)
        return;
    for (uint32_t i = 0; i < instance->session_count; i++)
        free(instance->sessions[i].members);
    free(instance->sessions);
    sodium_memzero(instance->connect_key, sizeof(instance->connect_key));
    free(instance);
}

static void *copy_of(const void *items, size_t count, size_t size)
{
    void *copy = malloc(count * size + 1);
    if (copy && count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

struct instance *instance_copy(const struct instance *instance)
{
    struct instance *copy = copy_of(instance, 1, sizeof(*instance));
    if (!copy)
        return NULL;
    copy->session_count = 0;
    copy->sessions = copy_of(instance->sessions, instance->session_count, sizeof(*copy->sessions));
    if (!copy->sessions) {
        instance_destroy(copy);
        return NULL;
    }
    for (uint32_t i = 0; i < instance->session_count; i++) {
        const struct game_session *from = &instance->sessions[i];
        struct game_session *to = &copy->sessions[i];
        to->members = copy_of(from->members, from->member_count, sizeof(*to->members));
        if (!to->members) {
            instance_destroy(copy);
            return NULL;
        }
        copy->session_count++;
    }
    return copy;
}

bool instance_is_final(const struct instance *instance)
{
    return instance->state == INSTANCE_LOST || instance->state == INSTANCE_GONE;
}

uint32_t instance_active(const struct instance *instance)
{
    uint32_t count = 0;
    if (instance_is_final(instance))
        return 0;
    for (uint32_t i = 0; i < instance->session_count; i++)
        count += instance->sessions[i].outcome == OUTCOME_NONE;
    return count;
}

bool instance_has_room(const struct instance *instance)
{
    return instance->state == INSTANCE_READY && !instance->drain &&
           instance_active(instance) < instance->game_sims && !instance_is_crowded(instance);
}

uint32_t session_taken(const struct game_session *session)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < session->member_count; i++)
        count += session->members[i].seat >= 0;
    return count;
}

bool session_is_open(const struct instance *instance, const struct game_session *session)
{
    return instance->state == INSTANCE_READY && !instance->drain &&
           session->outcome == OUTCOME_NONE && !session->is_private &&
           session->member_count < MEMBERS_MAX && session_taken(session) < instance->players &&
           !instance_is_crowded(instance);
}

enum outcome session_outcome(const struct instance *instance, const struct game_session *session)
{
    if (session->outcome == OUTCOME_NONE && instance_is_final(instance))
        return OUTCOME_LOST;
    return (enum outcome)session->outcome;
}

struct game_session *instance_session(const struct instance *instance, const char *id)
{
    for (uint32_t i = 0; i < instance->session_count; i++) {
        if (strcmp(instance->sessions[i].id, id) == 0)
            return &instance->sessions[i];
    }
    return NULL;
}

struct member *session_member(const struct game_session *session, const char *user)
{
    struct member *found = NULL;
    for (uint32_t i = 0; i < session->member_count; i++) {
        struct member *member = &session->members[i];
        if (strcmp(member->user, user) == 0 && (!found || member->seat >= 0))
            found = member;
    }
    return found;
}

struct member *session_character(const struct game_session *session, const char *character)
{
    for (uint32_t i = 0; i < session->member_count; i++) {
        if (strcmp(session->members[i].character, character) == 0)
            return &session->members[i];
    }
    return NULL;
}

bool seat_stands(const struct instance *instance, const struct game_session *session,
                 const struct member *member)
{
    return session_outcome(instance, session) == OUTCOME_NONE && member->seat >= 0 &&
           !member->leaving;
}

const char *session_state_name(const struct instance *instance, const struct game_session *session)
{
    if (session_outcome(instance, session) != OUTCOME_NONE)
        return "ended";
    return session_taken(session) < instance->players ? "open" : "full";
}

static const char *const outcomes[] = {
    [OUTCOME_NONE] = "none",           [OUTCOME_VICTORY] = "victory", [OUTCOME_DEFEAT] = "defeat",
    [OUTCOME_ABANDONED] = "abandoned", [OUTCOME_LOST] = "lost",
};

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome];
}

enum outcome outcome_reported(hearth_str name)
{
    for (int i = OUTCOME_VICTORY; i <= OUTCOME_ABANDONED; i++) {
        if (strlen(outcomes[i]) == name.len && memcmp(outcomes[i], name.ptr, name.len) == 0)
            return (enum outcome)i;
    }
    return OUTCOME_NONE;
}

const char *instance_state_name(const struct instance *instance)
{
    static const char *const names[] = {
        [INSTANCE_READY] = "ready",
        [INSTANCE_DRAINING] = "draining",
        [INSTANCE_LOST] = "lost",
        [INSTANCE_GONE] = "gone",
    };
    if (instance->state == INSTANCE_READY && instance->drain)
        return "draining";
    return names[instance->state];
}
