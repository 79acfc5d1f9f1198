/*
 * state.c - makes the state that entities keeps, with the JSON that a GET copies.
 */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const abilities[ABILITY_COUNT] = {"strength",     "dexterity", "constitution",
                                                     "intelligence", "wisdom",    "charisma"};
static const char *const coins[COIN_COUNT] = {"copper", "silver", "electrum", "gold", "platinum"};
static const char *const slots[SLOT_COUNT] = {"armor", "shield", "mainHand", "offHand"};

void state_damage(const struct character_attack *attack, char out[STATE_DAMAGE_SIZE])
{
    char modifier[16] = "";
    if (attack->modifier != 0)
        snprintf(modifier, sizeof(modifier), "%+d", attack->modifier);
    if (attack->dice)
        snprintf(out, STATE_DAMAGE_SIZE, "%dd%d%s", attack->dice, attack->sides, modifier);
    else
        snprintf(out, STATE_DAMAGE_SIZE, "%d%s", attack->flat, attack->flat ? modifier : "");
}

static void put_key(struct text *out, int first, const char *key)
{
    text_raw(out, first ? "{\"" : ",\"");
    text_raw(out, key);
    text_raw(out, "\":");
}

static void put_abilities(struct text *out, const int32_t values[ABILITY_COUNT])
{
    for (int i = 0; i < ABILITY_COUNT; i++) {
        put_key(out, i == 0, abilities[i]);
        text_integer(out, values[i]);
    }
    text_raw(out, "}");
}

static void put_number(struct text *out, const char *key, int64_t value)
{
    put_key(out, 0, key);
    text_integer(out, value);
}

static void put_name(struct text *out, const char *key, const char *value)
{
    put_key(out, 0, key);
    text_string_or_null(out, value);
}

static void put_who(struct text *out, const struct character *c, hearth_str user)
{
    put_key(out, 1, "id");
    text_string_or_null(out, c->id);
    put_key(out, 0, "userId");
    text_string(out, user);
    put_name(out, "name", c->name);
    put_name(out, "race", c->race);
    put_name(out, "subRace", c->sub_race);
    put_name(out, "class", c->class_name);
}

static void put_numbers(struct text *out, const struct character *c)
{
    const struct character_derived *d = &c->derived;
    put_number(out, "level", d->level);
    put_number(out, "experience", c->experience);
    put_number(out, "hitpoints", c->hitpoints);
    put_number(out, "maxHitpoints", d->max_hitpoints);
    put_key(out, 0, "unconscious");
    text_raw(out, c->hitpoints == 0 ? "true" : "false");
    put_key(out, 0, "abilityScores");
    put_abilities(out, c->scores);
    put_key(out, 0, "abilityModifiers");
    put_abilities(out, d->modifiers);
    put_key(out, 0, "savingThrows");
    put_abilities(out, d->saves);
    put_number(out, "proficiencyBonus", d->proficiency);
    put_number(out, "hitDice", c->hit_dice);
    put_number(out, "armorClass", d->armor_class);
    put_number(out, "movementSpeed", d->speed);
    put_number(out, "initiative", d->initiative);
    put_number(out, "passivePerception", d->perception);
}

static void put_attack(struct text *out, const struct character_attack *attack)
{
    char damage[STATE_DAMAGE_SIZE];
    state_damage(attack, damage);
    put_key(out, 0, "attack");
    text_raw(out, attack->ability == ABILITY_DEXTERITY ? "{\"ability\":\"DEX\""
                                                       : "{\"ability\":\"STR\"");
    put_number(out, "bonus", attack->bonus);
    put_name(out, "damage", damage);
    text_raw(out, "}");
}

static void put_belongings(struct text *out, const struct character *c)
{
    put_key(out, 0, "equipment");
    for (int i = 0; i < SLOT_COUNT; i++) {
        put_key(out, i == 0, slots[i]);
        if (c->equipment[i])
            text_integer(out, c->equipment[i]);
        else
            text_raw(out, "null");
    }
    text_raw(out, "},\"inventory\":[");
    for (uint32_t i = 0; i < c->item_count; i++) {
        text_raw(out, i ? ",{\"itemId\":" : "{\"itemId\":");
        text_integer(out, c->items[i].id);
        put_number(out, "quantity", c->items[i].quantity);
        text_raw(out, "}");
    }
    text_raw(out, "],\"currency\":");
    for (int i = 0; i < COIN_COUNT; i++) {
        put_key(out, i == 0, coins[i]);
        text_integer(out, c->coins[i]);
    }
    text_raw(out, "}");
}

static void put_character(struct text *out, const struct character *c, hearth_str user,
                          uint64_t version, state_date date)
{
    char created[HEARTH_RFC3339_SIZE], updated[HEARTH_RFC3339_SIZE];
    date(c->created_ms, created);
    date(c->updated_ms, updated);
    put_who(out, c, user);
    put_numbers(out, c);
    put_attack(out, &c->derived.attack);
    put_belongings(out, c);
    put_name(out, "gamedataVersion", c->gamedata);
    put_number(out, "version", (int64_t)version);
    put_name(out, "createdAt", created);
    put_name(out, "updatedAt", updated);
    text_raw(out, "}");
}

/* Cuts the next piece out of one allocation. */
static void *piece(char **at, const void *from, size_t size)
{
    char *start = *at;
    if (size > 0)
        memcpy(start, from, size);
    *at += (size + 7) & ~(size_t)7;
    return start;
}

struct character_state *state_create(const struct character *c,
                                     const struct character_private *hidden, hearth_str user,
                                     uint64_t version, state_date date)
{
    char json[STATE_TEXT_SIZE], etag[32];
    struct text out = {.ptr = json, .size = sizeof(json)};
    put_character(&out, c, user, version, date);
    if (out.overflow)
        return NULL;
    size_t etag_len = (size_t)snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)version);
    size_t holder_size = strlen(hidden->holder) + 1;
    size_t items_size = c->item_count * sizeof(*c->items);
    size_t sources_size = hidden->source_count * sizeof(*hidden->sources);
    size_t size = sizeof(struct character_state) + items_size + sources_size + out.len + etag_len +
                  holder_size + (size_t)5 * 8; /* what rounding each piece up to 8 bytes may add */
    struct character_state *state = malloc(size);
    if (!state)
        return NULL;
    char *at = (char *)(state + 1);
    state->character = *c;
    state->character.items = piece(&at, c->items, items_size);
    state->sources = piece(&at, hidden->sources, sources_size);
    state->source_count = hidden->source_count;
    state->size = (uint32_t)size;
    state->holder = piece(&at, hidden->holder, holder_size);
    state->json = (hearth_str){piece(&at, json, out.len), out.len};
    state->etag = (hearth_str){piece(&at, etag, etag_len), etag_len};
    return state;
}

void state_destroy(struct character_state *state)
{
    free(state);
}

void state_private(const struct character_state *state, struct character_private *out)
{
    memset(out, 0, sizeof(*out));
    out->source_count = state->source_count;
    memcpy(out->sources, state->sources, state->source_count * sizeof(*state->sources));
    memcpy(out->holder, state->holder, strlen(state->holder) + 1);
}
