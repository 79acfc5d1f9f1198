/*
 * summary.c - see summary.h.
 */
#include "summary.h"

struct summary summary_of(const struct instance *instance, const struct game_session *session)
{
    return (struct summary){.id = session->id,
                            .region = instance->region,
                            .state = session_state_name(instance, session),
                            .outcome = session_outcome(instance, session),
                            .members = session->members,
                            .member_count = session->member_count};
}

static void put(const hearth_json *json, hearth_json_writer *writer, const char *key,
                const char *value)
{
    json->key(writer, str_of(key));
    json->string(writer, str_of(value));
}

static void write_player(const struct member *member, bool running, const hearth_json *json,
                         hearth_json_writer *writer)
{
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("seat"));
    json->integer(writer, member->seat);
    put(json, writer, "characterId", member->character);
    put(json, writer, "name", member->name);
    json->key(writer, HEARTH_STR("connected"));
    json->boolean(writer, running && member->connected);
    json->object_end(writer);
}

static void write_instance(const struct instance *instance, const hearth_json *json,
                           hearth_json_writer *writer)
{
    json->key(writer, HEARTH_STR("instance"));
    json->object_begin(writer);
    put(json, writer, "id", instance->id);
    put(json, writer, "address", instance->address);
    json->key(writer, HEARTH_STR("port"));
    json->integer(writer, instance->port);
    json->object_end(writer);
}

static const struct member *sitting_in(const struct summary *summary, int seat)
{
    bool running = summary->outcome == OUTCOME_NONE;
    for (uint32_t i = 0; i < summary->member_count; i++) {
        const struct member *member = &summary->members[i];
        if (member->seat == seat && !(running && member->leaving))
            return member;
    }
    return NULL;
}

void summary_write(const struct summary *summary, const hearth_json *json,
                   hearth_json_writer *writer)
{
    bool running = summary->outcome == OUTCOME_NONE;
    json->object_begin(writer);
    put(json, writer, "gameSimId", summary->id);
    put(json, writer, "state", summary->state);
    if (!running)
        put(json, writer, "outcome", outcome_name(summary->outcome));
    put(json, writer, "region", summary->region);
    json->key(writer, HEARTH_STR("players"));
    json->array_begin(writer);
    for (int seat = 0; seat < INSTANCE_PLAYERS_MAX; seat++) {
        const struct member *member = sitting_in(summary, seat);
        if (member)
            write_player(member, running, json, writer);
    }
    json->array_end(writer);
    if (summary->instance)
        write_instance(summary->instance, json, writer);
    json->object_end(writer);
}
