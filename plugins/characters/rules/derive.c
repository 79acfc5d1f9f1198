/*
 * derive.c - every value that follows from others: modifiers, hitpoints, armour class, speed,
 * saving throws, attack. One place, so that a character cannot contradict itself.
 */
#include "rules.h"

#include <string.h>

int32_t rules_modifier(int32_t score)
{
    return score >= 10 ? (score - 10) / 2 : (score - 11) / 2;
}

int32_t rules_level(const struct ruleset *rules, int64_t experience)
{
    size_t level = 1;
    while (level < rules->level_count && experience >= rules->experience[level])
        level++;
    return (int32_t)level;
}

int32_t rules_max_hitpoints(int32_t level, int32_t hit_die, int32_t constitution_modifier)
{
    int32_t first = hit_die + constitution_modifier;
    int32_t further = hit_die / 2 + 1 + constitution_modifier;
    return (first > 1 ? first : 1) + (level - 1) * (further > 1 ? further : 1);
}

static const struct rules_item *worn(const struct ruleset *rules, const struct character *c,
                                     enum rules_slot slot)
{
    return c->equipment[slot] ? ruleset_item(rules, c->equipment[slot]) : NULL;
}

static int32_t armor_class(const struct ruleset *rules, const struct character *c,
                           const struct rules_class *class_data)
{
    const struct rules_item *armor = worn(rules, c, SLOT_ARMOR);
    const struct rules_item *shield = worn(rules, c, SLOT_SHIELD);
    const int32_t *modifiers = c->derived.modifiers;
    int32_t dexterity = modifiers[ABILITY_DEXTERITY];
    int32_t total = 10 + dexterity;
    if (armor) {
        if (armor->armor.category == ARMOR_HEAVY)
            dexterity = 0;
        else if (armor->armor.category == ARMOR_MEDIUM && dexterity > 2)
            dexterity = 2;
        total = armor->armor.base + dexterity;
    } else if (class_data && class_data->unarmored >= 0 &&
               (!shield || class_data->unarmored_with_shield)) {
        total += modifiers[class_data->unarmored];
    }
    return total + (shield ? shield->shield.bonus : 0);
}

static int32_t speed(const struct ruleset *rules, const struct character *c,
                     const struct rules_race *race)
{
    const struct rules_sub_race *sub_race =
        rules_race_sub_race(race, c->sub_race, strlen(c->sub_race));
    int32_t feet = sub_race && sub_race->speed ? sub_race->speed : race->speed;
    const struct rules_item *armor = worn(rules, c, SLOT_ARMOR);
    if (armor && armor->armor.category == ARMOR_HEAVY && !race->ignores_armor_weight &&
        c->scores[ABILITY_STRENGTH] < armor->armor.strength)
        feet -= 10;
    return feet > 0 ? feet : 0;
}

static int is_proficient(const struct ruleset *rules, const struct character *c,
                         const struct rules_item *weapon)
{
    const struct rules_class *class_data =
        ruleset_class(rules, c->class_name, strlen(c->class_name));
    if (!class_data)
        return 0;
    if (class_data->weapons & 1u << weapon->weapon.category)
        return 1;
    for (size_t i = 0; i < class_data->weapon_item_count; i++) {
        if (class_data->weapon_items[i] == weapon->id)
            return 1;
    }
    return 0;
}

static void unarmed_attack(const struct character *c, struct character_attack *out)
{
    int32_t strength = c->derived.modifiers[ABILITY_STRENGTH];
    *out = (struct character_attack){.ability = ABILITY_STRENGTH,
                                     .bonus = strength + c->derived.proficiency,
                                     .flat = 1,
                                     .modifier = strength};
}

void rules_attack(const struct ruleset *rules, const struct character *c, enum rules_slot hand,
                  struct character_attack *out)
{
    const struct rules_item *weapon = worn(rules, c, hand);
    if (!weapon) {
        unarmed_attack(c, out);
        return;
    }
    const int32_t *modifiers = c->derived.modifiers;
    uint32_t properties = weapon->weapon.properties;
    int dexterity =
        weapon->weapon.ranged || ((properties & WEAPON_FINESSE) &&
                                  modifiers[ABILITY_DEXTERITY] > modifiers[ABILITY_STRENGTH]);
    enum rules_ability ability = dexterity ? ABILITY_DEXTERITY : ABILITY_STRENGTH;
    int both_hands = !c->equipment[SLOT_SHIELD] && !c->equipment[SLOT_OFF_HAND];
    const struct weapon_damage *damage = (properties & WEAPON_VERSATILE) && both_hands
                                             ? &weapon->weapon.versatile
                                             : &weapon->weapon.damage;
    int32_t proficiency = is_proficient(rules, c, weapon) ? c->derived.proficiency : 0;
    *out = (struct character_attack){.ability = (int32_t)ability,
                                     .bonus = modifiers[ability] + proficiency,
                                     .dice = damage->dice,
                                     .sides = damage->sides,
                                     .flat = damage->flat,
                                     .modifier = hand == SLOT_OFF_HAND ? 0 : modifiers[ability]};
}

static void take_off_what_is_gone(const struct ruleset *rules, struct character *c)
{
    static const enum item_kind kinds[SLOT_COUNT] = {ITEM_ARMOR, ITEM_SHIELD, ITEM_WEAPON,
                                                     ITEM_WEAPON};
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const struct rules_item *item = worn(rules, c, (enum rules_slot)slot);
        if (!item || item->kind != kinds[slot])
            rules_unequip(c, (enum rules_slot)slot);
    }
}

static void derive_class(const struct rules_class *class_data, struct character *c)
{
    struct character_derived *d = &c->derived;
    d->max_hitpoints =
        rules_max_hitpoints(d->level, class_data->hit_die, d->modifiers[ABILITY_CONSTITUTION]);
    for (int i = 0; i < ABILITY_COUNT; i++)
        d->saves[i] = d->modifiers[i] + (class_data->saves & 1u << i ? d->proficiency : 0);
}

void rules_derive(const struct ruleset *rules, struct character *c)
{
    struct character_derived *d = &c->derived;
    const struct rules_race *race = ruleset_race(rules, c->race, strlen(c->race));
    const struct rules_class *class_data =
        ruleset_class(rules, c->class_name, strlen(c->class_name));
    int32_t level_before = d->level;
    take_off_what_is_gone(rules, c);
    d->level = rules_level(rules, c->experience);
    if (level_before > 0 && d->level > level_before)
        c->hit_dice += d->level - level_before;
    d->proficiency = 2 + (d->level - 1) / 4;
    for (int i = 0; i < ABILITY_COUNT; i++)
        d->modifiers[i] = rules_modifier(c->scores[i]);
    d->initiative = d->modifiers[ABILITY_DEXTERITY];
    d->armor_class = armor_class(rules, c, class_data);
    if (race) {
        d->speed = speed(rules, c, race);
        d->perception = 10 + d->modifiers[ABILITY_WISDOM] + (race->perception ? d->proficiency : 0);
    }
    if (class_data)
        derive_class(class_data, c);
    rules_attack(rules, c, SLOT_MAIN_HAND, &d->attack);
    if (c->hitpoints > d->max_hitpoints)
        c->hitpoints = d->max_hitpoints;
    if (c->hit_dice > d->level)
        c->hit_dice = d->level;
    memcpy(c->gamedata, rules->version, sizeof(c->gamedata));
}
