/*
 * load_items.c - items.json and rules.json.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"armor", "shield", "weapon", "consumable", "gear", NULL};
static const char *const armor_categories[] = {"light", "medium", "heavy", NULL};
static const char *const weapon_categories[] = {"simple", "martial", NULL};

static int32_t number(const json_t *object, const char *key)
{
    return (int32_t)json_integer_value(json_object_get(object, key));
}

static void read_armor(const json_t *row, struct rules_item *item)
{
    item->armor.category =
        (enum armor_category)load_word(json_object_get(row, "category"), armor_categories);
    item->armor.base = number(row, "armorClass");
    item->armor.strength = number(row, "strength");
}

static uint32_t read_properties(const json_t *list)
{
    static const char *const words[] = {"light", "finesse", "two-handed", "versatile", NULL};
    uint32_t properties = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        int bit = load_word(json_array_get(list, i), words);
        if (bit >= 0)
            properties |= 1u << bit;
    }
    return properties;
}

static struct weapon_damage read_damage(const json_t *damage)
{
    return (struct weapon_damage){number(damage, "dice"), number(damage, "sides"),
                                  number(damage, "flat")};
}

/* Dice and sides come together, and instead of a flat value. */
static int is_damage(struct weapon_damage damage)
{
    return (damage.dice > 0) == (damage.sides > 0) && !(damage.dice > 0 && damage.flat > 0);
}

#define REACH_FEET 5

/* A ranged weapon's normal range; hand to hand five feet, and five more with reach (SRD 5.1,
 * "Weapons"). */
static int32_t read_range(const json_t *row, int ranged)
{
    const json_t *range = json_object_get(row, "range"), *word;
    int32_t feet = REACH_FEET;
    size_t i;
    if (ranged && json_array_size(range) > 0)
        return (int32_t)json_integer_value(json_array_get(range, 0));
    json_array_foreach(json_object_get(row, "properties"), i, word)
    {
        if (strcmp(json_string_value(word), "reach") == 0)
            feet += REACH_FEET;
    }
    return feet;
}

static int read_weapon(struct load *load, size_t index, const json_t *row, struct rules_item *item)
{
    const json_t *versatile = json_object_get(row, "versatile");
    item->weapon.category =
        (enum weapon_category)load_word(json_object_get(row, "category"), weapon_categories);
    item->weapon.properties = read_properties(json_object_get(row, "properties"));
    item->weapon.ranged = json_is_true(json_object_get(row, "ranged"));
    item->weapon.range = read_range(row, item->weapon.ranged);
    item->weapon.damage = read_damage(json_object_get(row, "damage"));
    item->weapon.versatile = read_damage(versatile);
    if (!is_damage(item->weapon.damage) || !is_damage(item->weapon.versatile))
        return load_refuse(load,
                           "/items/%zu/weapon: expected damage with dice and sides, or with flat, "
                           "found another mixture",
                           index);
    if (!versatile != !(item->weapon.properties & WEAPON_VERSATILE))
        return load_refuse(load,
                           "/items/%zu/weapon: expected the property \"versatile\" and the damage "
                           "\"versatile\" together, found one of them",
                           index);
    return 0;
}

static int read_item(struct load *load, size_t index, const json_t *row, struct rules_item *item)
{
    item->id = number(row, "id");
    item->kind = (enum item_kind)load_word(json_object_get(row, "kind"), kinds);
    const json_t *details = json_object_get(row, kinds[item->kind]);
    for (int kind = 0; kind < ITEM_GEAR; kind++) {
        int expected = kind == (int)item->kind, found = json_object_get(row, kinds[kind]) != NULL;
        if (expected != found)
            return load_refuse(load, "/items/%zu: expected %s key \"%s\" in an item of kind \"%s\"",
                               index, expected ? "the" : "no", kinds[kind], kinds[item->kind]);
    }
    if (item->kind == ITEM_ARMOR)
        read_armor(details, item);
    if (item->kind == ITEM_SHIELD)
        item->shield.bonus = number(details, "armorClass");
    if (item->kind == ITEM_CONSUMABLE) {
        const json_t *heal = json_object_get(details, "heal");
        item->consumable.dice = number(heal, "dice");
        item->consumable.sides = number(heal, "sides");
        item->consumable.bonus = number(heal, "bonus");
    }
    return item->kind == ITEM_WEAPON ? read_weapon(load, index, details, item) : 0;
}

static int by_id(const void *a, const void *b)
{
    const struct rules_item *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

int load_items(struct load *load, const json_t *root)
{
    const json_t *rows = json_object_get(root, "items");
    struct ruleset *rules = load->rules;
    rules->items = calloc(json_array_size(rows), sizeof(*rules->items));
    if (!rules->items)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (read_item(load, i, json_array_get(rows, i), &rules->items[i]) != 0)
            return -1;
        rules->item_count++;
    }
    qsort(rules->items, rules->item_count, sizeof(*rules->items), by_id);
    for (size_t i = 1; i < rules->item_count; i++) {
        if (rules->items[i].id == rules->items[i - 1].id)
            return load_refuse(load, "/items: expected every id once, found %d twice",
                               rules->items[i].id);
    }
    return 0;
}

int load_rules(struct load *load, const json_t *root)
{
    const json_t *rows = json_object_get(root, "experience");
    struct ruleset *rules = load->rules;
    rules->experience = calloc(json_array_size(rows), sizeof(*rules->experience));
    if (!rules->experience)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        int64_t needed = json_integer_value(json_array_get(rows, i));
        if (i == 0 ? needed != 0 : needed <= rules->experience[i - 1])
            return load_refuse(load,
                               "/experience/%zu: expected 0 and then growing numbers, found %lld",
                               i, (long long)needed);
        rules->experience[i] = needed;
        rules->level_count++;
    }
    return 0;
}
