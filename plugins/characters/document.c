/*
 * document.c - a character in storage: what the rules need, and what they made of it when it last
 * changed; short, because every kilobyte of it is paid for at each flush.
 */
#include "state.h"

#include <string.h>

#include "text.h"

static void put_numbers(struct text *out, const char *key, const int32_t *values, size_t count)
{
    text_raw(out, ",\"");
    text_raw(out, key);
    text_raw(out, "\":[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_raw(out, ",");
        text_integer(out, values[i]);
    }
    text_raw(out, "]");
}

static void put_number(struct text *out, const char *key, int64_t value)
{
    text_raw(out, ",\"");
    text_raw(out, key);
    text_raw(out, "\":");
    text_integer(out, value);
}

static void put_name(struct text *out, const char *key, const char *value)
{
    text_raw(out, ",\"");
    text_raw(out, key);
    text_raw(out, "\":");
    text_string(out, (hearth_str){value, strlen(value)});
}

static void put_belongings(struct text *out, const struct character *c)
{
    put_numbers(out, "equipment", c->equipment, SLOT_COUNT);
    text_raw(out, ",\"inventory\":[");
    for (uint32_t i = 0; i < c->item_count; i++) {
        text_raw(out, i ? ",[" : "[");
        text_integer(out, c->items[i].id);
        text_raw(out, ",");
        text_integer(out, c->items[i].quantity);
        text_raw(out, "]");
    }
    text_raw(out, "],\"coins\":[");
    for (int i = 0; i < COIN_COUNT; i++) {
        if (i)
            text_raw(out, ",");
        text_integer(out, c->coins[i]);
    }
    text_raw(out, "]");
}

static void put_derived(struct text *out, const struct character_derived *d)
{
    const int32_t numbers[] = {d->level, d->max_hitpoints, d->proficiency, d->armor_class,
                               d->speed, d->initiative,    d->perception};
    const struct character_attack *a = &d->attack;
    const int32_t attack[] = {a->ability, a->bonus, a->dice, a->sides, a->flat, a->modifier};
    put_numbers(out, "derived", numbers, sizeof(numbers) / sizeof(numbers[0]));
    put_numbers(out, "modifiers", d->modifiers, ABILITY_COUNT);
    put_numbers(out, "saves", d->saves, ABILITY_COUNT);
    put_numbers(out, "attack", attack, sizeof(attack) / sizeof(attack[0]));
}

static void put_private(struct text *out, const struct character_private *hidden)
{
    if (hidden->holder[0])
        put_name(out, "holder", hidden->holder);
    if (hidden->source_count == 0)
        return;
    text_raw(out, ",\"sources\":[");
    for (uint32_t i = 0; i < hidden->source_count; i++) {
        text_raw(out, i ? ",[" : "[");
        text_string(out, (hearth_str){hidden->sources[i].id, strlen(hidden->sources[i].id)});
        text_raw(out, ",");
        text_integer(out, (int64_t)hidden->sources[i].sequence);
        text_raw(out, "]");
    }
    text_raw(out, "]");
}

hearth_str state_document(const struct character *c, const struct character_private *hidden,
                          char buffer[STATE_TEXT_SIZE])
{
    struct text out = {.ptr = buffer, .size = STATE_TEXT_SIZE};
    text_raw(&out, "{\"name\":");
    text_string(&out, (hearth_str){c->name, strlen(c->name)});
    put_name(&out, "race", c->race);
    put_name(&out, "subRace", c->sub_race);
    put_name(&out, "class", c->class_name);
    put_number(&out, "experience", c->experience);
    put_number(&out, "hitpoints", c->hitpoints);
    put_number(&out, "hitDice", c->hit_dice);
    put_numbers(&out, "abilities", c->scores, ABILITY_COUNT);
    put_belongings(&out, c);
    put_derived(&out, &c->derived);
    put_name(&out, "gamedata", c->gamedata);
    put_number(&out, "created", c->created_ms);
    put_number(&out, "updated", c->updated_ms);
    put_private(&out, hidden);
    text_raw(&out, "}");
    return out.overflow ? (hearth_str){NULL, 0} : (hearth_str){buffer, out.len};
}
