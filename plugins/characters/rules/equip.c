/*
 * equip.c - what is worn and held. Two hands, one body, and the rules that keep them possible.
 */
#include "rules.h"

#include <string.h>

static int has(const struct rules_item *item, uint32_t property)
{
    return item && item->kind == ITEM_WEAPON && (item->weapon.properties & property);
}

void rules_unequip(struct character *c, enum rules_slot slot)
{
    c->equipment[slot] = 0;
    if (slot == SLOT_MAIN_HAND)
        c->equipment[SLOT_OFF_HAND] = 0;
}

static enum rules_refusal equip_armor(const struct ruleset *rules, struct character *c,
                                      const struct rules_item *item)
{
    const struct rules_class *class_data =
        ruleset_class(rules, c->class_name, strlen(c->class_name));
    if (item->kind != ITEM_ARMOR)
        return RULES_NOT_EQUIPPABLE;
    if (!class_data || !(class_data->armor & 1u << item->armor.category))
        return RULES_NOT_PROFICIENT;
    c->equipment[SLOT_ARMOR] = item->id;
    return RULES_OK;
}

static enum rules_refusal equip_shield(const struct ruleset *rules, struct character *c,
                                       const struct rules_item *item)
{
    const struct rules_class *class_data =
        ruleset_class(rules, c->class_name, strlen(c->class_name));
    if (item->kind != ITEM_SHIELD)
        return RULES_NOT_EQUIPPABLE;
    if (!class_data || !(class_data->armor & PROFICIENT_SHIELD))
        return RULES_NOT_PROFICIENT;
    if (has(ruleset_item(rules, c->equipment[SLOT_MAIN_HAND]), WEAPON_TWO_HANDED))
        rules_unequip(c, SLOT_MAIN_HAND);
    rules_unequip(c, SLOT_OFF_HAND);
    c->equipment[SLOT_SHIELD] = item->id;
    return RULES_OK;
}

static enum rules_refusal equip_main_hand(struct character *c, const struct rules_item *item)
{
    int stays = has(item, WEAPON_LIGHT) && !has(item, WEAPON_TWO_HANDED);
    if (stays && c->equipment[SLOT_OFF_HAND] == item->id && character_quantity(c, item->id) < 2)
        return RULES_ITEM_NOT_OWNED;
    if (!stays)
        rules_unequip(c, SLOT_OFF_HAND);
    if (has(item, WEAPON_TWO_HANDED))
        rules_unequip(c, SLOT_SHIELD);
    c->equipment[SLOT_MAIN_HAND] = item->id;
    return RULES_OK;
}

static enum rules_refusal equip_off_hand(const struct ruleset *rules, struct character *c,
                                         const struct rules_item *item)
{
    const struct rules_item *held = ruleset_item(rules, c->equipment[SLOT_MAIN_HAND]);
    if (!has(item, WEAPON_LIGHT) || has(item, WEAPON_TWO_HANDED))
        return RULES_NOT_EQUIPPABLE;
    if (!has(held, WEAPON_LIGHT) || has(held, WEAPON_TWO_HANDED))
        return RULES_HANDS_OCCUPIED;
    if (held->id == item->id && character_quantity(c, item->id) < 2)
        return RULES_ITEM_NOT_OWNED;
    rules_unequip(c, SLOT_SHIELD);
    c->equipment[SLOT_OFF_HAND] = item->id;
    return RULES_OK;
}

enum rules_refusal rules_equip(const struct ruleset *rules, struct character *c,
                               const struct rules_intent *intent)
{
    const struct rules_item *item = ruleset_item(rules, intent->item_id);
    if (!item || character_quantity(c, item->id) < 1)
        return RULES_ITEM_NOT_OWNED;
    if (intent->kind == INTENT_EQUIP_ARMOR)
        return equip_armor(rules, c, item);
    if (intent->kind == INTENT_EQUIP_SHIELD)
        return equip_shield(rules, c, item);
    if (item->kind != ITEM_WEAPON)
        return RULES_NOT_EQUIPPABLE;
    return intent->off_hand ? equip_off_hand(rules, c, item) : equip_main_hand(c, item);
}
