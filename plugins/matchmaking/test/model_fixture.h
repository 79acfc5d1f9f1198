/*
 * model_fixture.h - an instance of two sessions of three seats, and players to seat there.
 */
#ifndef MATCHMAKING_MODEL_FIXTURE_H
#define MATCHMAKING_MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "instance.h"

#define ONE     "aaaaaaaa-0000-4000-8000-000000000001"
#define TWO     "aaaaaaaa-0000-4000-8000-000000000002"
#define THREE   "aaaaaaaa-0000-4000-8000-000000000003"
#define EXPIRES INT64_C(30000) /* of every player's token */

static inline struct instance *instance_of(uint32_t game_sims, uint32_t players)
{
    struct instance *instance = instance_create();
    assert_non_null(instance);
    strcpy(instance->id, "aaaaaaaa-0000-4000-8000-00000000000a");
    strcpy(instance->address, "192.0.2.7");
    strcpy(instance->region, "local");
    strcpy(instance->version, "1.0.0");
    instance->port = 40000;
    instance->wire_version = 1;
    instance->game_sims = game_sims;
    instance->players = players;
    return instance;
}

/* Player number n, with his character number m. */
static inline struct player player_of(unsigned n, unsigned m)
{
    struct player player = {.token_expires_ms = EXPIRES};
    snprintf(player.user, sizeof(player.user), "bbbbbbbb-0000-4000-8000-%012u", n);
    snprintf(player.character, sizeof(player.character), "cccccccc-0000-4000-8000-%06u%06u", n, m);
    snprintf(player.name, sizeof(player.name), "Player%u", n);
    return player;
}

static inline enum seating open_by(struct instance *instance, const char *id, unsigned n)
{
    struct player player = player_of(n, 0);
    return instance_open_session(instance, id, 7, false, &player, 1000);
}

static inline enum seating join_by(struct instance *instance, const char *id, unsigned n)
{
    struct player player = player_of(n, 0);
    return instance_join_session(instance, id, &player);
}

static inline const struct member *member_of(const struct instance *instance, const char *id,
                                             unsigned n)
{
    struct player player = player_of(n, 0);
    const struct game_session *session = instance_session(instance, id);
    assert_non_null(session);
    return session_member(session, player.user);
}

#endif
