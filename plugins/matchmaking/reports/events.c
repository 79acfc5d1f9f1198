/*
 * events.c - see events.h. Each kind of event has its own fields; any other is refused by name, so
 * that a typing error in an instance's code is not silently half of a report.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((INT64_C(1) << 53) - 1) /* the largest integer of a JSON document */
#define NAME_MAX   64                       /* bytes of the name of an `event` */

#define FIELDS_MAX 7
#define HEAD                                                                                       \
    {"type", BODY_STRING, 1, 0, 0},                                                                \
    {                                                                                              \
        "characterId", BODY_UUID, 1, 0, 0                                                          \
    }
#define COIN(name_)                                                                                \
    {                                                                                              \
        name_, BODY_INTEGER, 0, 0, 0                                                               \
    }

enum { FIELD_CHARACTER = 1, FIELD_FIRST };

static const struct kind {
    const char *name;
    int change; /* enum hearth_character_change_kind; 0: none */
    size_t field_count;
    body_field fields[FIELDS_MAX];
} kinds[] = {
    {"damage", HEARTH_CHANGE_DAMAGE, 3, {HEAD, {"amount", BODY_INTEGER, 1, 1, NUMBER_MAX}}},
    {"heal", HEARTH_CHANGE_HEAL, 3, {HEAD, {"amount", BODY_INTEGER, 1, 1, NUMBER_MAX}}},
    {"experience", HEARTH_CHANGE_EXPERIENCE, 3, {HEAD, {"amount", BODY_INTEGER, 1, 1, NUMBER_MAX}}},
    {"loot",
     HEARTH_CHANGE_LOOT,
     4,
     {HEAD,
      {"itemId", BODY_INTEGER, 1, 1, NUMBER_MAX},
      {"quantity", BODY_INTEGER, 1, 1, NUMBER_MAX}}},
    {"currency",
     HEARTH_CHANGE_CURRENCY,
     7,
     {HEAD, COIN("copper"), COIN("silver"), COIN("electrum"), COIN("gold"), COIN("platinum")}},
    {"event", 0, 3, {HEAD, {"name", BODY_STRING, 1, 1, NAME_MAX}}},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *kind_of(hearth_str name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strlen(kinds[i].name) == name.len && memcmp(kinds[i].name, name.ptr, name.len) == 0)
            return &kinds[i];
    }
    return NULL;
}

static bool refuse(const body_api *api, hearth_req *req, const char *path, const char *expected)
{
    (void)api->http->error(req, 400, "INVALID_REQUEST", "%s: expected %s.", path, expected);
    return false;
}

static bool read_coins(const body_value *values, hearth_character_change *change)
{
    bool any = false;
    for (int i = 0; i < 5; i++) {
        change->coins[i] = values[i].integer;
        any = any || values[i].present;
    }
    return any;
}

static bool read_event(const body_api *api, hearth_req *req, const char *path,
                       const hearth_json_value *json, struct event *event)
{
    body_value values[FIELDS_MAX];
    const hearth_json_value *type = api->json->get(json, "type");
    const struct kind *kind = type ? kind_of(api->json->as_string(type)) : NULL;
    if (api->json->type(json) != HEARTH_JSON_OBJECT)
        return refuse(api, req, path, "an object");
    if (!kind)
        return refuse(api, req, path,
                      "\"type\" to be damage, heal, experience, loot, currency or event");
    if (!body_read_object(api, req, path, json, kind->fields, kind->field_count, values))
        return false;
    memset(event, 0, sizeof(*event));
    memcpy(event->character, values[FIELD_CHARACTER].uuid, sizeof(event->character));
    event->change.struct_size = sizeof(event->change);
    event->change.kind = (hearth_character_change_kind)kind->change;
    if (kind->change == HEARTH_CHANGE_CURRENCY) {
        if (!read_coins(&values[FIELD_FIRST], &event->change))
            return refuse(api, req, path, "at least one coin");
    } else if (kind->change == HEARTH_CHANGE_LOOT) {
        event->change.item_id = values[FIELD_FIRST].integer;
        event->change.amount = values[FIELD_FIRST + 1].integer;
    } else {
        event->change.amount = values[FIELD_FIRST].integer;
        event->name = values[FIELD_FIRST].string;
    }
    return true;
}

/* By character, then as they came: they lie in one array, so that addresses tell. */
static int compare(const void *left, const void *right)
{
    const struct event *a = *(const struct event *const *)left;
    const struct event *b = *(const struct event *const *)right;
    int order = strcmp(a->character, b->character);
    return order != 0 ? order : a < b ? -1 : a > b;
}

bool events_read(const body_api *api, const hearth_arena_api *arena, hearth_req *req,
                 const hearth_json_value *list, struct events *events)
{
    hearth_arena *memory = api->http->arena(req);
    size_t count = list ? api->json->size(list) : 0;
    if (count > EVENTS_MAX) {
        (void)api->http->error(req, 400, "INVALID_REQUEST", "events: expected at most %d.",
                               EVENTS_MAX);
        return false;
    }
    events->count = count;
    events->items = arena->alloc(memory, (count + 1) * sizeof(*events->items));
    events->order = arena->alloc(memory, (count + 1) * sizeof(*events->order));
    if (!events->items || !events->order) {
        (void)api->http->error(req, 413, "BODY_TOO_LARGE",
                               "This body takes more memory than a request may have.");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char path[32];
        snprintf(path, sizeof(path), "events.%zu", i);
        events->order[i] = &events->items[i];
        if (!read_event(api, req, path, api->json->at(list, i), &events->items[i]))
            return false;
    }
    qsort(events->order, count, sizeof(*events->order), compare);
    return true;
}
