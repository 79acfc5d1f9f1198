/*
 * instance_write.c - an instance as its document. Members are rows without keys: a full instance
 * has dozens, and storage is paid for by the kilobyte.
 *   [seat, user, character, name, flags, token expires, left, kick beat]
 */
#include "instance_json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct out {
    const hearth_json *json;
    hearth_json_writer *writer;
};

static hearth_str text(const char *value)
{
    return (hearth_str){value, strlen(value)};
}

static void put_text(const struct out *out, const char *key, const char *value)
{
    out->json->key(out->writer, text(key));
    out->json->string(out->writer, text(value));
}

static void put_number(const struct out *out, const char *key, int64_t value)
{
    out->json->key(out->writer, text(key));
    out->json->integer(out->writer, value);
}

static void put_flag(const struct out *out, const char *key, bool value)
{
    out->json->key(out->writer, text(key));
    out->json->boolean(out->writer, value);
}

static void put_member(const struct out *out, const struct member *member)
{
    const hearth_json *json = out->json;
    int flags = (member->connected ? FLAG_CONNECTED : 0) | (member->seen ? FLAG_SEEN : 0) |
                (member->leaving ? FLAG_LEAVING : 0);
    json->array_begin(out->writer);
    json->integer(out->writer, member->seat);
    json->string(out->writer, text(member->user));
    json->string(out->writer, text(member->character));
    json->string(out->writer, text(member->name));
    json->integer(out->writer, flags);
    json->integer(out->writer, member->token_expires_ms);
    json->integer(out->writer, member->left_ms);
    json->integer(out->writer, (int64_t)member->kick_beat);
    json->array_end(out->writer);
}

void members_write(const struct member *members, uint32_t count, const hearth_json *json,
                   hearth_json_writer *writer)
{
    const struct out out = {json, writer};
    json->array_begin(writer);
    for (uint32_t i = 0; i < count; i++)
        put_member(&out, &members[i]);
    json->array_end(writer);
}

static void put_session(const struct out *out, const struct game_session *session)
{
    char seed[17];
    snprintf(seed, sizeof(seed), "%016llx", (unsigned long long)session->seed);
    out->json->object_begin(out->writer);
    put_text(out, "id", session->id);
    put_text(out, "seed", seed);
    put_number(out, "created", session->created_ms);
    put_flag(out, "private", session->is_private);
    put_number(out, "outcome", session->outcome);
    put_number(out, "admissions", session->admissions);
    out->json->key(out->writer, text("members"));
    members_write(session->members, session->member_count, out->json, out->writer);
    out->json->object_end(out->writer);
}

static void put_head(const struct out *out, const struct instance *instance)
{
    char key[2 * INSTANCE_KEY_SIZE + 1];
    put_text(out, "id", instance->id);
    put_number(out, "state", instance->state);
    put_flag(out, "drain", instance->drain);
    put_text(out, "address", instance->address);
    put_number(out, "port", instance->port);
    out->json->key(out->writer, text("addresses"));
    out->json->array_begin(out->writer);
    for (uint32_t i = 0; i < instance->address_count; i++)
        out->json->string(out->writer, text(instance->addresses[i]));
    out->json->array_end(out->writer);
    put_text(out, "region", instance->region);
    put_text(out, "version", instance->version);
    put_number(out, "wireVersion", instance->wire_version);
    put_number(out, "gameSims", instance->game_sims);
    put_number(out, "players", instance->players);
    put_number(out, "heartbeat", instance->heartbeat_ms);
    sodium_bin2hex(key, sizeof(key), instance->connect_key, sizeof(instance->connect_key));
    put_text(out, "connectKey", key);
    sodium_memzero(key, sizeof(key));
    put_number(out, "beat", (int64_t)instance->beat);
    put_number(out, "registered", instance->registered_ms);
    put_number(out, "ended", instance->ended_ms);
}

hearth_status instance_write(const struct instance *instance, const hearth_json *json,
                             hearth_arena *arena, hearth_str *out)
{
    const struct out to = {json, json->writer(arena, HEARTH_STORAGE_MAX_BODY)};
    if (!to.writer)
        return HEARTH_ENOMEM;
    json->object_begin(to.writer);
    put_head(&to, instance);
    json->key(to.writer, HEARTH_STR("sessions"));
    json->array_begin(to.writer);
    for (uint32_t i = 0; i < instance->session_count; i++)
        put_session(&to, &instance->sessions[i]);
    json->array_end(to.writer);
    json->object_end(to.writer);
    return json->finish(to.writer, out);
}
