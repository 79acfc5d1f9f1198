/*
 * document_read.c - the way back from storage. What does not look as document.c wrote it is refused
 * as a whole: entities then keeps the document as it is, for somebody to look at.
 */
#include "state.h"

#include <limits.h>
#include <string.h>

struct reader {
    const hearth_json *json;
    const hearth_json_value *root;
    int bad;
};

static int64_t integer(struct reader *reader, const hearth_json_value *value, int64_t least,
                       int64_t most)
{
    int64_t number = value ? reader->json->as_integer(value) : 0;
    if (!value || reader->json->type(value) != HEARTH_JSON_INTEGER || number < least ||
        number > most) {
        reader->bad = 1;
        return least;
    }
    return number;
}

static int64_t member(struct reader *reader, const char *key, int64_t least, int64_t most)
{
    return integer(reader, reader->json->get(reader->root, key), least, most);
}

static void string(struct reader *reader, const hearth_json_value *value, char *out, size_t size)
{
    hearth_str text = value ? reader->json->as_string(value) : (hearth_str){NULL, 0};
    if (!text.ptr || text.len >= size || memchr(text.ptr, 0, text.len)) {
        reader->bad = 1;
        text = (hearth_str){"", 0};
    }
    memcpy(out, text.ptr, text.len);
    memset(out + text.len, 0, size - text.len);
}

static const hearth_json_value *array(struct reader *reader, const char *key, size_t least,
                                      size_t most)
{
    const hearth_json_value *value = reader->json->get(reader->root, key);
    if (!value || reader->json->type(value) != HEARTH_JSON_ARRAY ||
        reader->json->size(value) < least || reader->json->size(value) > most) {
        reader->bad = 1;
        return NULL;
    }
    return value;
}

static void numbers(struct reader *reader, const char *key, int32_t *out, size_t count)
{
    const hearth_json_value *list = array(reader, key, count, count);
    for (size_t i = 0; list && i < count; i++)
        out[i] = (int32_t)integer(reader, reader->json->at(list, i), INT32_MIN, INT32_MAX);
}

static void read_inventory(struct reader *reader, struct character *c)
{
    const hearth_json *json = reader->json;
    const hearth_json_value *list = array(reader, "inventory", 0, CHARACTER_MAX_ITEMS);
    for (size_t i = 0; list && i < json->size(list); i++) {
        const hearth_json_value *row = json->at(list, i);
        c->items[c->item_count++] = (struct character_item){
            (int32_t)integer(reader, json->at(row, 0), 1, INT32_MAX),
            (int32_t)integer(reader, json->at(row, 1), 1, CHARACTER_MAX_QUANTITY)};
    }
}

static void read_derived(struct reader *reader, struct character_derived *d)
{
    int32_t list[7] = {0}, attack[6] = {0};
    numbers(reader, "derived", list, 7);
    numbers(reader, "attack", attack, 6);
    numbers(reader, "modifiers", d->modifiers, ABILITY_COUNT);
    numbers(reader, "saves", d->saves, ABILITY_COUNT);
    d->level = list[0];
    d->max_hitpoints = list[1];
    d->proficiency = list[2];
    d->armor_class = list[3];
    d->speed = list[4];
    d->initiative = list[5];
    d->perception = list[6];
    d->attack =
        (struct character_attack){attack[0], attack[1], attack[2], attack[3], attack[4], attack[5]};
    if (d->level < 1 || d->max_hitpoints < 1)
        reader->bad = 1;
}

static void read_private(struct reader *reader, struct character_private *hidden)
{
    const hearth_json *json = reader->json;
    if (json->get(reader->root, "holder"))
        string(reader, json->get(reader->root, "holder"), hidden->holder, STATE_ID_SIZE);
    if (!json->get(reader->root, "sources"))
        return;
    const hearth_json_value *list = array(reader, "sources", 0, STATE_MAX_SOURCES);
    for (size_t i = 0; list && i < json->size(list); i++) {
        struct character_source *source = &hidden->sources[hidden->source_count++];
        string(reader, json->at(json->at(list, i), 0), source->id, sizeof(source->id));
        source->sequence =
            (uint64_t)integer(reader, json->at(json->at(list, i), 1), 0, (INT64_C(1) << 53) - 1);
    }
}

hearth_status state_read(const hearth_json *json, const hearth_json_value *document,
                         struct character_draft *draft, struct character_private *hidden)
{
    struct reader reader = {.json = json, .root = document};
    struct character *c = &draft->character;
    memset(c, 0, sizeof(*c));
    memset(hidden, 0, sizeof(*hidden));
    c->items = draft->items;
    string(&reader, json->get(document, "name"), c->name, sizeof(c->name));
    string(&reader, json->get(document, "race"), c->race, sizeof(c->race));
    string(&reader, json->get(document, "subRace"), c->sub_race, sizeof(c->sub_race));
    string(&reader, json->get(document, "class"), c->class_name, sizeof(c->class_name));
    string(&reader, json->get(document, "gamedata"), c->gamedata, sizeof(c->gamedata));
    c->experience = member(&reader, "experience", 0, CHARACTER_MAX_EXPERIENCE);
    c->hitpoints = (int32_t)member(&reader, "hitpoints", 0, INT32_MAX);
    c->hit_dice = (int32_t)member(&reader, "hitDice", 0, INT32_MAX);
    c->created_ms = member(&reader, "created", 0, (INT64_C(1) << 53) - 1);
    c->updated_ms = member(&reader, "updated", 0, (INT64_C(1) << 53) - 1);
    numbers(&reader, "abilities", c->scores, ABILITY_COUNT);
    numbers(&reader, "equipment", c->equipment, SLOT_COUNT);
    const hearth_json_value *coins = array(&reader, "coins", COIN_COUNT, COIN_COUNT);
    for (size_t i = 0; coins && i < COIN_COUNT; i++)
        c->coins[i] = integer(&reader, json->at(coins, i), 0, (INT64_C(1) << 53) - 1);
    read_inventory(&reader, c);
    read_derived(&reader, &c->derived);
    read_private(&reader, hidden);
    return reader.bad ? HEARTH_EINVAL : HEARTH_OK;
}
