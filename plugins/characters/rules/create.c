/*
 * create.c - a new character: rolled abilities, race bonuses, starting equipment already worn where
 * the rules allow.
 */
#include "rules.h"

#include <string.h>

/* 4d6 without the lowest. */
static int32_t roll_score(struct rules_dice dice)
{
    int32_t sum = 0, lowest = 6;
    for (int i = 0; i < 4; i++) {
        int32_t roll = rules_roll(dice, 1, 6);
        sum += roll;
        if (roll < lowest)
            lowest = roll;
    }
    return sum - lowest;
}

static void sort_descending(int32_t scores[ABILITY_COUNT])
{
    for (int i = 1; i < ABILITY_COUNT; i++) {
        int32_t score = scores[i];
        int at = i;
        for (; at > 0 && scores[at - 1] < score; at--)
            scores[at] = scores[at - 1];
        scores[at] = score;
    }
}

static void roll_abilities(const struct rules_recipe *recipe, struct rules_dice dice,
                           struct character *c)
{
    const struct rules_race *race = recipe->race;
    int32_t rolled[ABILITY_COUNT], bonuses[ABILITY_COUNT], free_bonuses = race->free_bonuses;
    for (int i = 0; i < ABILITY_COUNT; i++)
        rolled[i] = roll_score(dice);
    sort_descending(rolled);
    for (int i = 0; i < ABILITY_COUNT; i++)
        bonuses[i] = race->bonuses[i] + (recipe->sub_race ? recipe->sub_race->bonuses[i] : 0);
    for (int i = 0; i < ABILITY_COUNT; i++) {
        enum rules_ability ability = recipe->class_data->priority[i];
        if (bonuses[ability] == 0 && free_bonuses > 0) {
            bonuses[ability] = 1;
            free_bonuses--;
        }
        c->scores[ability] = rolled[i] + bonuses[ability];
        if (c->scores[ability] < 1)
            c->scores[ability] = 1;
    }
}

/* Puts on the first of a kind for which there is leave; what is held already is not let go. */
static void wear_first(const struct ruleset *rules, struct character *c,
                       enum rules_intent_kind kind)
{
    for (uint32_t i = 0; i < c->item_count; i++) {
        const struct rules_item *item = ruleset_item(rules, c->items[i].id);
        if (kind == INTENT_EQUIP_WEAPON && c->equipment[SLOT_SHIELD] && item->kind == ITEM_WEAPON &&
            (item->weapon.properties & WEAPON_TWO_HANDED))
            continue;
        struct rules_intent intent = {.kind = kind, .item_id = c->items[i].id};
        if (rules_equip(rules, c, &intent) == RULES_OK)
            return;
    }
}

void rules_create(const struct ruleset *rules, const struct rules_recipe *recipe,
                  struct rules_dice dice, struct character_draft *out)
{
    const struct rules_class *class_data = recipe->class_data;
    struct character *c = &out->character;
    memset(c, 0, sizeof(*c));
    c->items = out->items;
    memcpy(c->race, recipe->race->name, sizeof(c->race));
    if (recipe->sub_race)
        memcpy(c->sub_race, recipe->sub_race->name, sizeof(c->sub_race));
    memcpy(c->class_name, class_data->name, sizeof(c->class_name));
    roll_abilities(recipe, dice, c);
    for (size_t i = 0; i < class_data->equipment_count; i++)
        character_add_item(c, class_data->equipment[i].id, class_data->equipment[i].quantity);
    wear_first(rules, c, INTENT_EQUIP_ARMOR);
    wear_first(rules, c, INTENT_EQUIP_SHIELD);
    wear_first(rules, c, INTENT_EQUIP_WEAPON);
    c->coins[COIN_GOLD] = class_data->gold;
    rules_derive(rules, c);
    c->hitpoints = c->derived.max_hitpoints;
    c->hit_dice = c->derived.level;
}
