/*
 * dungeon.c - dungeon.json into a struct. Every number has bounds, unknown keys are refused, and
 * what is read is checked as a whole: entries and exits lie in their rooms, monsters fit.
 */
#include "sim/dungeon.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file as it is being read; the first error stays. */
struct source {
    const char *path;
    char *error;
    bool failed;
};

HEARTH_PRINTF(2, 3) static void fail(struct source *s, const char *format, ...)
{
    char what[256];
    va_list args;
    if (s->failed)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    snprintf(s->error, 512, "%.250s: %s", s->path, what);
    s->failed = true;
}

static void only_keys(struct source *s, const json_t *object, const char *where,
                      const char *const *known)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        fail(s, "%s: expected an object", where);
        return;
    }
    json_object_foreach((json_t *)object, key, value)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0)
            k++;
        if (!*k)
            fail(s, "%s.%s: no such key", where, key);
    }
}

static int32_t bounded(struct source *s, const json_t *value, const char *where, const char *key,
                       int32_t min, int32_t max)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < min || number > max) {
        fail(s, "%s.%s: expected a whole number from %d to %d", where, key, min, max);
        return min;
    }
    return (int32_t)number;
}

static int32_t number(struct source *s, const json_t *object, const char *where, const char *key,
                      int32_t min, int32_t max)
{
    return bounded(s, json_object_get(object, key), where, key, min, max);
}

/* "2d6+1", "1d4", "3" */
static session_dice dice(struct source *s, const json_t *object, const char *where, const char *key)
{
    session_dice out = {0};
    unsigned count = 0, sides = 0;
    int modifier = 0, used = 0;
    const char *text = json_string_value(json_object_get(object, key));
    if (text && (sscanf(text, "%2ud%3u%n", &count, &sides, &used) == 2)) {
        if (text[used] == '+' || text[used] == '-') {
            int tail = 0;
            if (sscanf(text + used, "%4d%n", &modifier, &tail) == 1)
                used += tail;
        }
    } else if (!text || sscanf(text, "%4d%n", &modifier, &used) != 1) {
        used = -1;
    }
    if (used < 1 || text[used] || count > 20 || sides > 255 || (count > 0 && sides == 0) ||
        modifier < -100 || modifier > 100) {
        fail(s, "%s.%s: expected dice such as \"2d6+1\"", where, key);
        return out;
    }
    out = (session_dice){(uint8_t)count, (uint8_t)sides, (int8_t)modifier};
    return out;
}

static const char *name(struct source *s, const json_t *object, const char *where, const char *key,
                        size_t max)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text || !*text || strlen(text) > max) {
        fail(s, "%s.%s: expected a text of 1 to %zu bytes", where, key, max);
        return "?";
    }
    return text;
}

/* An array with 0..max (min..max) elements; the count is 0 once something is wrong. */
static size_t list(struct source *s, const json_t *object, const char *where, const char *key,
                   size_t min, size_t max)
{
    const json_t *array = json_object_get(object, key);
    size_t count = json_array_size(array);
    if ((array && !json_is_array(array)) || count < min || count > max) {
        fail(s, "%s.%s: expected a list of %zu to %zu entries", where, key, min, max);
        return 0;
    }
    return count;
}

static void read_drop(struct source *s, const json_t *in, const char *where,
                      struct dungeon_drop *out)
{
    static const char *const keys[] = {"itemId", "quantity", "percent", NULL};
    only_keys(s, in, where, keys);
    out->item_id = (uint32_t)number(s, in, where, "itemId", 1, INT32_MAX);
    out->quantity = (uint16_t)number(s, in, where, "quantity", 1, 1000);
    out->percent = (uint8_t)number(s, in, where, "percent", 1, 100);
}

static void read_monster(struct source *s, const json_t *in, const char *where,
                         struct dungeon_monster *out)
{
    static const char *const keys[] = {"name",        "armorClass", "hitpoints", "speed",
                                       "attackBonus", "damage",     "range",     "experience",
                                       "gold",        "drops",      NULL};
    only_keys(s, in, where, keys);
    snprintf(out->name, sizeof(out->name), "%s", name(s, in, where, "name", sizeof(out->name) - 1));
    out->armor_class = (uint8_t)number(s, in, where, "armorClass", 1, 40);
    out->hitpoints = dice(s, in, where, "hitpoints");
    out->speed = FEET(number(s, in, where, "speed", 0, 200));
    out->attack_bonus = (int8_t)number(s, in, where, "attackBonus", -10, 40);
    out->damage = dice(s, in, where, "damage");
    out->range = FEET(number(s, in, where, "range", 1, 300));
    out->experience = (uint32_t)number(s, in, where, "experience", 0, 200000);
    out->gold = dice(s, in, where, "gold");
    out->drop_count = (uint8_t)list(s, in, where, "drops", 0, DUNGEON_DROPS_MAX);
    for (uint8_t i = 0; i < out->drop_count; i++)
        read_drop(s, json_array_get(json_object_get(in, "drops"), i), where, &out->drops[i]);
}

static struct dungeon_point point(struct source *s, const json_t *in, const char *where,
                                  const char *key, const struct dungeon_room *room)
{
    const json_t *pair = json_object_get(in, key);
    struct dungeon_point out = {0, 0};
    if (json_array_size(pair) != 2) {
        fail(s, "%s.%s: expected [x, y] in feet", where, key);
        return out;
    }
    out.x = FEET(bounded(s, json_array_get(pair, 0), where, key, 1, room->width / 100 - 1));
    out.y = FEET(bounded(s, json_array_get(pair, 1), where, key, 1, room->height / 100 - 1));
    for (uint8_t i = 0; i < room->block_count; i++) {
        const struct dungeon_block *b = &room->blocks[i];
        if (out.x >= b->x && out.x <= b->x + b->width && out.y >= b->y && out.y <= b->y + b->height)
            fail(s, "%s.%s: lies inside a block", where, key);
    }
    return out;
}

static void read_blocks(struct source *s, const json_t *in, const char *where,
                        struct dungeon_room *out)
{
    out->block_count = (uint8_t)list(s, in, where, "blocks", 0, DUNGEON_BLOCKS_MAX);
    for (uint8_t i = 0; i < out->block_count; i++) {
        const json_t *b = json_array_get(json_object_get(in, "blocks"), i);
        int32_t width = out->width / 100, height = out->height / 100;
        if (json_array_size(b) != 4)
            fail(s, "%s.blocks: expected [x, y, width, height] in feet", where);
        out->blocks[i] = (struct dungeon_block){
            FEET(bounded(s, json_array_get(b, 0), where, "blocks", 0, width)),
            FEET(bounded(s, json_array_get(b, 1), where, "blocks", 0, height)),
            FEET(bounded(s, json_array_get(b, 2), where, "blocks", 1, width)),
            FEET(bounded(s, json_array_get(b, 3), where, "blocks", 1, height))};
    }
}

static void read_spawns(struct source *s, const json_t *in, const char *where,
                        const struct dungeon *dungeon, struct dungeon_room *out)
{
    static const char *const keys[] = {"monster", "count", NULL};
    unsigned total = 0;
    out->spawn_count = (uint8_t)list(s, in, where, "monsters", 1, DUNGEON_SPAWNS_MAX);
    for (uint8_t i = 0; i < out->spawn_count; i++) {
        const json_t *spawn = json_array_get(json_object_get(in, "monsters"), i);
        only_keys(s, spawn, where, keys);
        const char *kind = name(s, spawn, where, "monster", 31);
        uint8_t k = 0;
        while (k < dungeon->kind_count && strcmp(dungeon->kinds[k].name, kind) != 0)
            k++;
        if (k == dungeon->kind_count)
            fail(s, "%s.monsters: there is no monster \"%s\"", where, kind);
        out->spawns[i] = (struct dungeon_spawn){
            k, (uint8_t)number(s, spawn, where, "count", 1, DUNGEON_MONSTERS_MAX)};
        total += out->spawns[i].count;
    }
    if (total > DUNGEON_MONSTERS_MAX)
        fail(s, "%s.monsters: %u are too many, at most %d fit", where, total, DUNGEON_MONSTERS_MAX);
}

static void read_room(struct source *s, const json_t *in, const char *where,
                      const struct dungeon *dungeon, struct dungeon_room *out)
{
    static const char *const keys[] = {"name", "width",  "height",   "entry",
                                       "exit", "blocks", "monsters", NULL};
    only_keys(s, in, where, keys);
    out->width = FEET(number(s, in, where, "width", 10, 300));
    out->height = FEET(number(s, in, where, "height", 10, 300));
    read_blocks(s, in, where, out);
    out->entry = point(s, in, where, "entry", out);
    out->exit = point(s, in, where, "exit", out);
    read_spawns(s, in, where, dungeon, out);
}

static void read_hero(struct source *s, const json_t *in, session_combat *out)
{
    static const char *const keys[] = {"name",        "level",  "armorClass", "speed", "hitpoints",
                                       "attackBonus", "damage", "range",      NULL};
    only_keys(s, in, "hero", keys);
    snprintf(out->name, sizeof(out->name), "%s",
             name(s, in, "hero", "name", sizeof(out->name) - 1));
    out->level = (uint8_t)number(s, in, "hero", "level", 1, 20);
    out->armor_class = (uint8_t)number(s, in, "hero", "armorClass", 1, 40);
    out->speed_feet = (uint16_t)number(s, in, "hero", "speed", 1, 200);
    out->max_hitpoints = (uint16_t)number(s, in, "hero", "hitpoints", 1, 1000);
    out->hitpoints = out->max_hitpoints;
    out->attack_bonus = (int8_t)number(s, in, "hero", "attackBonus", -10, 40);
    out->damage = dice(s, in, "hero", "damage");
    out->range_feet = (uint16_t)number(s, in, "hero", "range", 1, 300);
}

static void read_dungeon(struct source *s, const json_t *in, struct dungeon *out)
{
    static const char *const keys[] = {"attribution", "roundTicks", "matchTicks", "restTicks",
                                       "hero",        "monsters",   "rooms",      NULL};
    char where[32];
    only_keys(s, in, "dungeon", keys);
    out->round_ticks = (uint32_t)number(s, in, "dungeon", "roundTicks", 1, 300);
    out->match_ticks = (uint32_t)number(s, in, "dungeon", "matchTicks", 30, 1000000);
    out->rest_ticks = (uint32_t)number(s, in, "dungeon", "restTicks", 1, 10000);
    read_hero(s, json_object_get(in, "hero"), &out->hero);
    out->kind_count = (uint8_t)list(s, in, "dungeon", "monsters", 1, DUNGEON_KINDS_MAX);
    for (uint8_t i = 0; i < out->kind_count; i++) {
        snprintf(where, sizeof(where), "monsters[%u]", i);
        read_monster(s, json_array_get(json_object_get(in, "monsters"), i), where, &out->kinds[i]);
    }
    out->room_count = (uint8_t)list(s, in, "dungeon", "rooms", 1, DUNGEON_ROOMS_MAX);
    for (uint8_t i = 0; i < out->room_count; i++) {
        snprintf(where, sizeof(where), "rooms[%u]", i);
        read_room(s, json_array_get(json_object_get(in, "rooms"), i), where, out, &out->rooms[i]);
    }
}

hearth_status dungeon_load(struct dungeon *out, const char *dir, char error[512])
{
    char path[4096];
    json_error_t where;
    struct source s = {path, error, false};
    memset(out, 0, sizeof(*out));
    snprintf(path, sizeof(path), "%s/dungeon.json", dir);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!root) {
        snprintf(error, 512, "%.300s:%d: %s", path, where.line, where.text);
        return HEARTH_EINVAL;
    }
    read_dungeon(&s, root, out);
    char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    if (text) {
        uint8_t hash[8];
        crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, strlen(text), NULL, 0);
        for (unsigned i = 0; i < 8; i++)
            out->version |= (uint64_t)hash[i] << (8 * i);
        free(text);
    }
    json_decref(root);
    return s.failed ? HEARTH_EINVAL : HEARTH_OK;
}
