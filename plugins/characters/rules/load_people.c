/*
 * load_people.c - races.json, classes.json and names.json.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static int read_sub_races(struct load *load, size_t index, const json_t *rows,
                          struct rules_race *race)
{
    race->sub_races = calloc(json_array_size(rows) + 1, sizeof(*race->sub_races));
    if (!race->sub_races)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *name = json_object_get(row, "name");
        if (rules_race_sub_race(race, json_string_value(name), json_string_length(name)))
            return load_refuse(load, "/races/%zu/subRaces/%zu: expected a new name, found \"%s\"",
                               index, i, json_string_value(name));
        struct rules_sub_race *sub_race = &race->sub_races[i];
        load_copy(sub_race->name, sizeof(sub_race->name), name);
        load_abilities_of(json_object_get(row, "abilityBonuses"), sub_race->bonuses);
        sub_race->speed = (int32_t)json_integer_value(json_object_get(row, "speed"));
        race->sub_race_count++;
    }
    return 0;
}

int load_races(struct load *load, const json_t *root)
{
    const json_t *rows = json_object_get(root, "races");
    struct ruleset *rules = load->rules;
    rules->races = calloc(json_array_size(rows), sizeof(*rules->races));
    if (!rules->races)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *name = json_object_get(row, "name");
        if (ruleset_race(rules, json_string_value(name), json_string_length(name)))
            return load_refuse(load, "/races/%zu: expected a new name, found \"%s\"", i,
                               json_string_value(name));
        struct rules_race *race = &rules->races[rules->race_count++];
        load_copy(race->name, sizeof(race->name), name);
        load_abilities_of(json_object_get(row, "abilityBonuses"), race->bonuses);
        race->speed = (int32_t)json_integer_value(json_object_get(row, "speed"));
        race->free_bonuses = (int32_t)json_integer_value(json_object_get(row, "freeBonuses"));
        race->perception = json_is_true(json_object_get(row, "perception"));
        race->ignores_armor_weight = json_is_true(json_object_get(row, "ignoresArmorWeight"));
        if (read_sub_races(load, i, json_object_get(row, "subRaces"), race) != 0)
            return -1;
    }
    return 0;
}

static uint32_t bits(const json_t *list, const char *const *words)
{
    uint32_t set = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        set |= 1u << load_word(json_array_get(list, i), words);
    return set;
}

static int read_equipment(struct load *load, size_t index, const json_t *rows,
                          struct rules_class *class_data)
{
    class_data->equipment = calloc(json_array_size(rows) + 1, sizeof(*class_data->equipment));
    if (!class_data->equipment)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        int64_t id = json_integer_value(json_object_get(row, "itemId"));
        if (!ruleset_item(load->rules, id))
            return load_refuse(load,
                               "/classes/%zu/startingEquipment/%zu/itemId: expected an id of "
                               "items.json, found %lld",
                               index, i, (long long)id);
        class_data->equipment[i] = (struct character_item){
            (int32_t)id, (int32_t)json_integer_value(json_object_get(row, "quantity"))};
        class_data->equipment_count++;
    }
    return 0;
}

static int read_weapon_items(struct load *load, size_t index, const json_t *ids,
                             struct rules_class *class_data)
{
    class_data->weapon_items = calloc(json_array_size(ids) + 1, sizeof(int32_t));
    if (!class_data->weapon_items)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        int64_t id = json_integer_value(json_array_get(ids, i));
        const struct rules_item *item = ruleset_item(load->rules, id);
        if (!item || item->kind != ITEM_WEAPON)
            return load_refuse(load,
                               "/classes/%zu/weaponProficiencies/items/%zu: expected a weapon of "
                               "items.json, found %lld",
                               index, i, (long long)id);
        class_data->weapon_items[i] = (int32_t)id;
        class_data->weapon_item_count++;
    }
    return 0;
}

static int read_priority(struct load *load, size_t index, const json_t *list,
                         struct rules_class *class_data)
{
    if (bits(list, load_abilities) != (1u << ABILITY_COUNT) - 1)
        return load_refuse(load,
                           "/classes/%zu/abilityPriority: expected every ability once, found "
                           "some twice",
                           index);
    for (size_t i = 0; i < ABILITY_COUNT; i++)
        class_data->priority[i] =
            (enum rules_ability)load_word(json_array_get(list, i), load_abilities);
    return 0;
}

static int read_class(struct load *load, size_t index, const json_t *row,
                      struct rules_class *class_data)
{
    static const char *const armor[] = {"light", "medium", "heavy", "shield", NULL};
    static const char *const weapons[] = {"simple", "martial", NULL};
    const json_t *proficiencies = json_object_get(row, "weaponProficiencies");
    const json_t *unarmored = json_object_get(row, "unarmoredDefense");
    load_copy(class_data->name, sizeof(class_data->name), json_object_get(row, "name"));
    class_data->hit_die = (int32_t)json_integer_value(json_object_get(row, "hitDie"));
    class_data->saves = bits(json_object_get(row, "savingThrows"), load_abilities);
    class_data->armor = bits(json_object_get(row, "armorProficiencies"), armor);
    class_data->weapons = bits(json_object_get(proficiencies, "categories"), weapons);
    class_data->unarmored =
        unarmored ? load_word(json_object_get(unarmored, "ability"), load_abilities) : -1;
    class_data->unarmored_with_shield = json_is_true(json_object_get(unarmored, "withShield"));
    class_data->gold = json_integer_value(json_object_get(row, "startingGold"));
    if (read_priority(load, index, json_object_get(row, "abilityPriority"), class_data) != 0 ||
        read_weapon_items(load, index, json_object_get(proficiencies, "items"), class_data) != 0)
        return -1;
    return read_equipment(load, index, json_object_get(row, "startingEquipment"), class_data);
}

int load_classes(struct load *load, const json_t *root)
{
    const json_t *rows = json_object_get(root, "classes");
    struct ruleset *rules = load->rules;
    rules->classes = calloc(json_array_size(rows), sizeof(*rules->classes));
    if (!rules->classes)
        return load_refuse(load, "out of memory");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *name = json_object_get(row, "name");
        if (ruleset_class(rules, json_string_value(name), json_string_length(name)))
            return load_refuse(load, "/classes/%zu: expected a new name, found \"%s\"", i,
                               json_string_value(name));
        if (read_class(load, i, row, &rules->classes[rules->class_count++]) != 0)
            return -1;
    }
    return 0;
}

static int read_words(const json_t *list, int lower_case, struct rules_words *out)
{
    out->items = calloc(json_array_size(list) + 1, sizeof(*out->items));
    if (!out->items)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *word = strdup(json_string_value(json_array_get(list, i)));
        if (!word)
            return -1;
        for (char *letter = word; lower_case && *letter; letter++)
            *letter = (char)(*letter | 0x20); /* the schema allows letters only */
        out->items[out->count++] = word;
    }
    return 0;
}

int load_names(struct load *load, const json_t *root)
{
    struct ruleset *rules = load->rules;
    if (read_words(json_object_get(root, "blocked"), 1, &rules->blocked) != 0 ||
        read_words(json_object_get(root, "blockedParts"), 1, &rules->blocked_parts) != 0 ||
        read_words(json_object_get(root, "starts"), 0, &rules->starts) != 0 ||
        read_words(json_object_get(root, "middles"), 0, &rules->middles) != 0 ||
        read_words(json_object_get(root, "ends"), 0, &rules->ends) != 0)
        return load_refuse(load, "out of memory");
    return 0;
}
