/*
 * instance_read.c - the way back from storage. A document that does not look as instance_write.c
 * wrote it is refused as a whole.
 */
#include "instance_json.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

struct reader {
    const hearth_json *json;
    bool bad, no_memory;
};

static int64_t integer(struct reader *reader, const hearth_json_value *value, int64_t least,
                       int64_t most)
{
    int64_t number = value ? reader->json->as_integer(value) : 0;
    if (!value || reader->json->type(value) != HEARTH_JSON_INTEGER || number < least ||
        number > most) {
        reader->bad = true;
        return least;
    }
    return number;
}

static void string(struct reader *reader, const hearth_json_value *value, char *out, size_t size)
{
    hearth_str text = value ? reader->json->as_string(value) : (hearth_str){NULL, 0};
    if (!text.ptr || text.len >= size || memchr(text.ptr, 0, text.len)) {
        reader->bad = true;
        text = (hearth_str){"", 0};
    }
    memcpy(out, text.ptr, text.len);
    memset(out + text.len, 0, size - text.len);
}

static bool flag(struct reader *reader, const hearth_json_value *value)
{
    if (!value || reader->json->type(value) != HEARTH_JSON_BOOL)
        reader->bad = true;
    return value && reader->json->as_boolean(value);
}

/* Zeroed memory for the items of an array of at most `most`; NULL: bad, or no memory. */
static void *items(struct reader *reader, const hearth_json_value *list, size_t most, size_t size,
                   uint32_t *count)
{
    size_t found = list ? reader->json->size(list) : 0;
    if (!list || reader->json->type(list) != HEARTH_JSON_ARRAY || found > most) {
        reader->bad = true;
        return NULL;
    }
    void *memory = calloc(found + 1, size);
    if (!memory) {
        reader->bad = reader->no_memory = true;
        return NULL;
    }
    *count = (uint32_t)found;
    return memory;
}

static void read_member(struct reader *reader, const hearth_json_value *row, struct member *member)
{
    const hearth_json *json = reader->json;
    member->seat = (int8_t)integer(reader, json->at(row, 0), -1, INSTANCE_PLAYERS_MAX - 1);
    string(reader, json->at(row, 1), member->user, sizeof(member->user));
    string(reader, json->at(row, 2), member->character, sizeof(member->character));
    string(reader, json->at(row, 3), member->name, sizeof(member->name));
    int64_t flags = integer(reader, json->at(row, 4), 0, 7);
    member->connected = flags & FLAG_CONNECTED;
    member->seen = flags & FLAG_SEEN;
    member->leaving = flags & FLAG_LEAVING;
    member->token_expires_ms = integer(reader, json->at(row, 5), 0, NUMBER_MAX);
    member->left_ms = integer(reader, json->at(row, 6), 0, NUMBER_MAX);
    member->kick_beat = (uint64_t)integer(reader, json->at(row, 7), 0, NUMBER_MAX);
}

static struct member *read_members(struct reader *reader, const hearth_json_value *list,
                                   uint32_t *count)
{
    struct member *members = items(reader, list, MEMBERS_MAX, sizeof(*members), count);
    for (uint32_t i = 0; members && i < *count; i++)
        read_member(reader, reader->json->at(list, i), &members[i]);
    return members;
}

bool members_read(const hearth_json_value *list, const hearth_json *json, struct member **members,
                  uint32_t *count)
{
    struct reader reader = {.json = json};
    *count = 0;
    *members = read_members(&reader, list, count);
    if (!reader.bad)
        return true;
    free(*members);
    *members = NULL;
    *count = 0;
    return false;
}

static void read_session(struct reader *reader, const hearth_json_value *value,
                         struct game_session *session)
{
    const hearth_json *json = reader->json;
    char seed[17];
    string(reader, json->get(value, "id"), session->id, sizeof(session->id));
    string(reader, json->get(value, "seed"), seed, sizeof(seed));
    session->seed = strtoull(seed, NULL, 16);
    session->created_ms = integer(reader, json->get(value, "created"), 0, NUMBER_MAX);
    session->is_private = flag(reader, json->get(value, "private"));
    session->outcome =
        (uint8_t)integer(reader, json->get(value, "outcome"), OUTCOME_NONE, OUTCOME_LOST);
    session->admissions = (uint32_t)integer(reader, json->get(value, "admissions"), 0, UINT32_MAX);
    session->members = read_members(reader, json->get(value, "members"), &session->member_count);
}

static void read_addresses(struct reader *reader, const hearth_json_value *list,
                           struct instance *instance)
{
    size_t count = list ? reader->json->size(list) : 0;
    if (count > INSTANCE_ADDRESSES_MAX) {
        reader->bad = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        string(reader, reader->json->at(list, i), instance->addresses[i],
               sizeof(instance->addresses[i]));
    instance->address_count = (uint32_t)count;
}

static void read_key(struct reader *reader, const hearth_json_value *value,
                     struct instance *instance)
{
    hearth_str hex = value ? reader->json->as_string(value) : (hearth_str){NULL, 0};
    size_t len = 0;
    if (!hex.ptr ||
        sodium_hex2bin(instance->connect_key, sizeof(instance->connect_key), hex.ptr, hex.len, NULL,
                       &len, NULL) != 0 ||
        len != sizeof(instance->connect_key))
        reader->bad = true;
}

static void read_head(struct reader *reader, const hearth_json_value *root,
                      struct instance *instance)
{
    const hearth_json *json = reader->json;
    string(reader, json->get(root, "id"), instance->id, sizeof(instance->id));
    instance->state =
        (uint8_t)integer(reader, json->get(root, "state"), INSTANCE_READY, INSTANCE_GONE);
    instance->drain = flag(reader, json->get(root, "drain"));
    string(reader, json->get(root, "address"), instance->address, sizeof(instance->address));
    instance->port = (uint16_t)integer(reader, json->get(root, "port"), 1, UINT16_MAX);
    read_addresses(reader, json->get(root, "addresses"), instance);
    string(reader, json->get(root, "region"), instance->region, sizeof(instance->region));
    string(reader, json->get(root, "version"), instance->version, sizeof(instance->version));
    instance->wire_version =
        (uint32_t)integer(reader, json->get(root, "wireVersion"), 0, UINT32_MAX);
    instance->game_sims =
        (uint32_t)integer(reader, json->get(root, "gameSims"), 1, INSTANCE_SIMS_MAX);
    instance->players =
        (uint32_t)integer(reader, json->get(root, "players"), 1, INSTANCE_PLAYERS_MAX);
    const hearth_json_value *heartbeat = json->get(root, "heartbeat"); /* older ones have none */
    instance->heartbeat_ms = heartbeat ? (uint32_t)integer(reader, heartbeat, 0, UINT32_MAX) : 0;
    read_key(reader, json->get(root, "connectKey"), instance);
    instance->beat = (uint64_t)integer(reader, json->get(root, "beat"), 0, NUMBER_MAX);
    instance->registered_ms = integer(reader, json->get(root, "registered"), 0, NUMBER_MAX);
    instance->ended_ms = integer(reader, json->get(root, "ended"), 0, NUMBER_MAX);
}

struct instance *instance_read(hearth_str body, const hearth_json *json, hearth_arena *arena,
                               hearth_status *status)
{
    struct reader reader = {.json = json};
    const hearth_json_value *root, *list;
    struct instance *instance = instance_create();
    *status = instance ? json->parse(arena, body, &root, NULL) : HEARTH_ENOMEM;
    if (*status == HEARTH_OK) {
        read_head(&reader, root, instance);
        list = json->get(root, "sessions");
        instance->sessions = items(&reader, list, (size_t)2 * INSTANCE_SIMS_MAX,
                                   sizeof(*instance->sessions), &instance->session_count);
        for (uint32_t i = 0; instance->sessions && i < instance->session_count; i++)
            read_session(&reader, json->at(list, i), &instance->sessions[i]);
        if (reader.bad)
            *status = reader.no_memory ? HEARTH_ENOMEM : HEARTH_EINTERNAL;
    }
    if (*status == HEARTH_OK)
        return instance;
    instance_destroy(instance);
    return NULL;
}
