/*
 * seats.c - who gets, keeps and gives back a seat. See instance.h.
 */
#include "instance.h"

#include <stdlib.h>
#include <string.h>

/* About what a session and a member take in the document; for refusing before it is too large. */
#define BODY_HEAD    1024u
#define BODY_SESSION 256u
#define BODY_MEMBER  300u

bool instance_is_crowded(const struct instance *instance)
{
    size_t size = BODY_HEAD;
    for (uint32_t i = 0; i < instance->session_count; i++)
        size += BODY_SESSION + BODY_MEMBER * (size_t)instance->sessions[i].member_count;
    return size + BODY_SESSION + BODY_MEMBER > INSTANCE_BODY_MAX;
}

/* The lowest free seat, -1: none. A seat of one who leaves is not free yet. */
static int free_seat(const struct instance *instance, const struct game_session *session)
{
    uint64_t taken = 0;
    for (uint32_t i = 0; i < session->member_count; i++) {
        if (session->members[i].seat >= 0)
            taken |= UINT64_C(1) << session->members[i].seat;
    }
    for (int seat = 0; seat < (int)instance->players; seat++) {
        if (!(taken >> seat & 1))
            return seat;
    }
    return -1;
}

static struct member *member_add(struct game_session *session)
{
    struct member *grown =
        realloc(session->members, (session->member_count + 1) * sizeof(*session->members));
    if (!grown)
        return NULL;
    session->members = grown;
    memset(&grown[session->member_count], 0, sizeof(*grown));
    return &grown[session->member_count++];
}

/* The user's seat here, NULL: none; else the member he was with this character, in `former`. */
static struct member *seat_of(const struct game_session *session, const struct player *player,
                              struct member **former)
{
    *former = NULL;
    for (uint32_t i = 0; i < session->member_count; i++) {
        struct member *member = &session->members[i];
        if (strcmp(member->user, player->user) != 0)
            continue;
        if (member->seat >= 0)
            return member;
        if (strcmp(member->character, player->character) == 0)
            *former = member;
    }
    return NULL;
}

/* Somebody who left may come back, also with another character: then he is another member, so that
 * late reports of the one he had still find it. */
static enum seating seat_player(struct instance *instance, struct game_session *session,
                                const struct player *player)
{
    struct member *former, *member = seat_of(session, player, &former);
    if (member && strcmp(member->character, player->character) != 0)
        return SEATING_OTHER;
    if (!member) {
        int seat = free_seat(instance, session);
        bool grows = !former && session->member_count > 0; /* else room was looked for already */
        if (seat < 0 ||
            (grows && (session->member_count >= MEMBERS_MAX || instance_is_crowded(instance))))
            return SEATING_FULL;
        member = former ? former : member_add(session);
        if (!member)
            return SEATING_NO_MEMORY;
        memset(member, 0, sizeof(*member));
        memcpy(member->user, player->user, sizeof(member->user));
        memcpy(member->character, player->character, sizeof(member->character));
        member->seat = (int8_t)seat;
    }
    member->leaving = false;
    member->kick_beat = 0;
    member->token_expires_ms = player->token_expires_ms;
    memcpy(member->name, player->name, sizeof(member->name));
    session->admissions++;
    return SEATED;
}

static struct game_session *session_add(struct instance *instance)
{
    struct game_session *grown =
        realloc(instance->sessions, (instance->session_count + 1) * sizeof(*instance->sessions));
    if (!grown)
        return NULL;
    instance->sessions = grown;
    memset(&grown[instance->session_count], 0, sizeof(*grown));
    return &grown[instance->session_count++];
}

enum seating instance_open_session(struct instance *instance, const char *id, uint64_t seed,
                                   bool is_private, const struct player *player, int64_t now_ms)
{
    if (instance_session(instance, id))
        return instance_join_session(instance, id, player);
    if (!instance_has_room(instance))
        return SEATING_CLOSED;
    struct game_session *session = session_add(instance);
    if (!session)
        return SEATING_NO_MEMORY;
    strcpy(session->id, id);
    session->seed = seed;
    session->created_ms = now_ms;
    session->is_private = is_private;
    enum seating seating = seat_player(instance, session, player);
    if (seating != SEATED)
        instance_forget_session(instance, id);
    return seating;
}

enum seating instance_join_session(struct instance *instance, const char *id,
                                   const struct player *player)
{
    struct game_session *session = instance_session(instance, id);
    if (!session)
        return SEATING_ABSENT;
    if (session_outcome(instance, session) != OUTCOME_NONE)
        return SEATING_ENDED;
    return seat_player(instance, session, player);
}

static struct member *seated(const struct game_session *session, const char *user)
{
    struct member *member = session ? session_member(session, user) : NULL;
    return member && member->seat >= 0 ? member : NULL;
}

bool instance_unseat(struct instance *instance, const char *id, const char *user)
{
    struct game_session *session = instance_session(instance, id);
    struct member *member = seated(session, user);
    bool played = false;
    if (!member)
        return false;
    member->seat = -1;
    for (uint32_t i = 0; i < session->member_count; i++)
        played = played || session->members[i].seen;
    if (session_taken(session) > 0 || session->outcome != OUTCOME_NONE)
        return true;
    if (played)
        session->outcome = OUTCOME_ABANDONED;
    else
        instance_forget_session(instance, id);
    return true;
}

/* Nobody was ever connected, as far as is known, and nobody is to come: there is none whom the
 * instance would have to put out first. Who comes all the same, with a token that he had, comes to
 * a session that has ended, and the instance is told so. */
static bool is_deserted(const struct game_session *session)
{
    for (uint32_t i = 0; i < session->member_count; i++) {
        const struct member *member = &session->members[i];
        if (member->seen || (member->seat >= 0 && !member->leaving))
            return false;
    }
    return true;
}

bool instance_leave(struct instance *instance, const char *id, const char *user)
{
    struct game_session *session = instance_session(instance, id);
    struct member *member = seated(session, user);
    if (!member || !seat_stands(instance, session, member))
        return false;
    member->leaving = true;
    if (is_deserted(session)) /* else one player could open all the sessions that there may be */
        session->outcome = OUTCOME_ABANDONED;
    return true;
}

bool instance_forget_session(struct instance *instance, const char *id)
{
    struct game_session *session = instance_session(instance, id);
    if (!session)
        return false;
    free(session->members);
    size_t behind = (size_t)(&instance->sessions[--instance->session_count] - session);
    memmove(session, session + 1, behind * sizeof(*session));
    return true;
}
