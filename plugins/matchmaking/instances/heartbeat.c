/*
 * heartbeat.c - PUT /gamesim-instances/{id}/heartbeat: which sessions an instance runs and who is
 * connected, and what it is to do about them.
 */
#include "heartbeat.h"

#include "register.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An instance names also sessions that have ended, until it could report that. */
#define SESSIONS_MAX (5u * INSTANCE_SIMS_MAX)

enum { FIELD_SEQUENCE, FIELD_STATE, FIELD_GAME_SIMS, FIELD_COUNT };
enum { SESSION_ID, SESSION_PLAYERS, SESSION_FIELD_COUNT };

static const body_field session_fields[SESSION_FIELD_COUNT] = {
    [SESSION_ID] = {"id", BODY_UUID, 1, 0, 0},
    [SESSION_PLAYERS] = {"players", BODY_ARRAY, 1, 0, 0},
};

static bool refuse(struct mm_loop *loop, hearth_req *req, const char *where, const char *expected)
{
    (void)loop->api.http->error(req, 400, "INVALID_REQUEST", "%s: expected %s.", where, expected);
    return false;
}

static bool no_memory(struct mm_loop *loop, hearth_req *req)
{
    (void)loop->api.http->error(req, 503, "OVERLOADED", "The server is short of memory.");
    return false;
}

static bool take_state(struct mm_loop *loop, hearth_req *req, hearth_str state, struct beat *beat)
{
    static const hearth_str ready = {"ready", 5}, draining = {"draining", 8};
    beat->draining = state.len == draining.len && memcmp(state.ptr, draining.ptr, state.len) == 0;
    return beat->draining ||
           (state.len == ready.len && memcmp(state.ptr, ready.ptr, state.len) == 0) ||
           refuse(loop, req, "state", "ready or draining");
}

/* Reads session number `index` and its players, which take their places from *next on. */
static bool take_session(struct mm_loop *loop, hearth_req *req, const hearth_json_value *value,
                         size_t index, struct beat_session *session,
                         char (**next)[HEARTH_UUID_SIZE])
{
    const hearth_json *json = loop->api.json;
    body_value values[SESSION_FIELD_COUNT];
    char path[32];
    snprintf(path, sizeof(path), "gameSims.%zu", index);
    if (!body_read_object(&loop->api, req, path, value, session_fields, SESSION_FIELD_COUNT,
                          values))
        return false;
    const hearth_json_value *players = values[SESSION_PLAYERS].json;
    if (json->size(players) > INSTANCE_PLAYERS_MAX)
        return refuse(loop, req, path, "at most 64 players");
    memcpy(session->id, values[SESSION_ID].uuid, sizeof(session->id));
    session->players = *next;
    for (size_t i = 0; i < json->size(players); i++) {
        if (!body_uuid(json->as_string(json->at(players, i)), **next)) {
            (void)loop->api.http->error(req, 400, "INVALID_ID",
                                        "%s.players: expected UUIDs of users.", path);
            return false;
        }
        (*next)++;
        session->player_count++;
    }
    return true;
}

/* How many players the sessions name, as far as they are arrays. */
static size_t count_players(const hearth_json *json, const hearth_json_value *list)
{
    size_t count = 0;
    for (size_t i = 0; i < json->size(list); i++) {
        const hearth_json_value *players = json->get(json->at(list, i), "players");
        count += players ? json->size(players) : 0;
    }
    return count;
}

static bool take_sessions(struct mm_loop *loop, hearth_req *req, const hearth_json_value *list,
                          struct heartbeat *heartbeat)
{
    const hearth_json *json = loop->api.json;
    size_t count = json->size(list);
    if (count > SESSIONS_MAX)
        return refuse(loop, req, "gameSims", "at most 5000");
    heartbeat->sessions = calloc(count + 1, sizeof(*heartbeat->sessions));
    heartbeat->players = calloc(count_players(json, list) + 1, sizeof(*heartbeat->players));
    if (!heartbeat->sessions || !heartbeat->players)
        return no_memory(loop, req);
    char(*next)[HEARTH_UUID_SIZE] = heartbeat->players;
    for (size_t i = 0; i < count; i++) {
        if (!take_session(loop, req, json->at(list, i), i, &heartbeat->sessions[i], &next))
            return false;
    }
    heartbeat->beat.sessions = heartbeat->sessions;
    heartbeat->beat.session_count = (uint32_t)count;
    return true;
}

static bool take_body(struct mm_loop *loop, hearth_req *req, struct heartbeat *heartbeat)
{
    static const body_field fields[FIELD_COUNT] = {
        [FIELD_SEQUENCE] = {"sequence", BODY_INTEGER, 1, 1, (INT64_C(1) << 53) - 1},
        [FIELD_STATE] = {"state", BODY_STRING, 1, 0, 0},
        [FIELD_GAME_SIMS] = {"gameSims", BODY_ARRAY, 1, 0, 0},
    };
    body_value values[FIELD_COUNT];
    if (!body_read(&loop->api, req, fields, FIELD_COUNT, BODY_NEEDED, values))
        return false;
    heartbeat->beat.sequence = (uint64_t)values[FIELD_SEQUENCE].integer;
    return take_state(loop, req, values[FIELD_STATE].string, &heartbeat->beat) &&
           take_sessions(loop, req, values[FIELD_GAME_SIMS].json, heartbeat);
}

static void destroy(struct errand *errand)
{
    struct heartbeat *heartbeat = (struct heartbeat *)errand;
    free(heartbeat->sessions);
    free(heartbeat->players);
    free(heartbeat->freed);
    free(heartbeat->ends);
    free(heartbeat->kicks);
    token_destroy(heartbeat->token);
    free(heartbeat);
}

hearth_status handle_heartbeat(hearth_ctx *ctx, hearth_req *req)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    struct heartbeat *heartbeat = errand_create(sizeof(*heartbeat));
    if (!heartbeat)
        return HEARTH_ENOMEM;
    heartbeat->errand.destroy = destroy;
    heartbeat->token_expires_s = loop->api.http->identity(req)->expires;
    if (!body_read_id(&loop->api, req, "id", heartbeat->errand.id) ||
        !take_body(loop, req, heartbeat)) {
        destroy(&heartbeat->errand);
        return HEARTH_OK;
    }
    return errand_start_own(ctx, req, &heartbeat->errand, pulse);
}

/* ---- the reply ---- */

static void write_orders(const struct heartbeat *heartbeat, const hearth_json *json,
                         hearth_json_writer *writer)
{
    json->key(writer, HEARTH_STR("drain"));
    json->boolean(writer, heartbeat->drain);
    json->key(writer, HEARTH_STR("end"));
    json->array_begin(writer);
    for (uint32_t i = 0; i < heartbeat->end_count; i++)
        json->string(writer, str_of(heartbeat->ends[i]));
    json->array_end(writer);
    json->key(writer, HEARTH_STR("kick"));
    json->array_begin(writer);
    for (uint32_t i = 0; i < heartbeat->kick_count; i++) {
        json->object_begin(writer);
        json->key(writer, HEARTH_STR("gameSimId"));
        json->string(writer, str_of(heartbeat->kicks[i].game_sim));
        json->key(writer, HEARTH_STR("userId"));
        json->string(writer, str_of(heartbeat->kicks[i].user));
        json->object_end(writer);
    }
    json->array_end(writer);
    if (heartbeat->token) {
        json->key(writer, HEARTH_STR("instanceToken"));
        json->string(writer, str_of(heartbeat->token));
    }
}

void heartbeat_reply(struct errand *errand, hearth_req *req)
{
    const struct heartbeat *heartbeat = (const struct heartbeat *)errand;
    struct mm_loop *loop = errand->loop;
    const hearth_json *json = loop->api.json;
    hearth_json_writer *writer = json->writer(loop->api.http->arena(req), DOCUMENT_ARENA);
    hearth_str text;
    if (!writer) {
        (void)no_memory(loop, req);
        return;
    }
    json->object_begin(writer);
    write_orders(heartbeat, json, writer);
    json->object_end(writer);
    if (json->finish(writer, &text) == HEARTH_OK)
        (void)loop->api.http->reply(req, 200, HEARTH_STR("application/json"), text);
    else
        (void)no_memory(loop, req);
}
