/*
 * ruleset.h - the rule data in memory: items, races, classes, names. An immutable snapshot that any
 * thread may read; a reload makes another one beside it.
 */
#ifndef HEARTH_CHARACTERS_RULES_RULESET_H
#define HEARTH_CHARACTERS_RULES_RULESET_H

#include <stddef.h>

#include "character.h"

enum item_kind { ITEM_ARMOR, ITEM_SHIELD, ITEM_WEAPON, ITEM_CONSUMABLE, ITEM_GEAR };
enum armor_category { ARMOR_LIGHT, ARMOR_MEDIUM, ARMOR_HEAVY };
enum weapon_category { WEAPON_SIMPLE, WEAPON_MARTIAL };

enum { /* struct weapon.properties */
       WEAPON_LIGHT = 1,
       WEAPON_FINESSE = 2,
       WEAPON_TWO_HANDED = 4,
       WEAPON_VERSATILE = 8
};

enum { /* struct rules_class.armor: armour categories by their bit, and shields */
       PROFICIENT_SHIELD = 1 << 3
};

struct weapon_damage {
    int32_t dice, sides, flat;
};

struct rules_item {
    int32_t id;
    enum item_kind kind;
    union {
        struct {
            enum armor_category category;
            int32_t base;
            int32_t strength; /* below it heavy armour slows down; 0: no requirement */
        } armor;
        struct {
            int32_t bonus;
        } shield;
        struct {
            enum weapon_category category;
            uint32_t properties;
            int ranged;
            int32_t range; /* feet, without disadvantage */
            struct weapon_damage damage;
            struct weapon_damage versatile;
        } weapon;
        struct {
            int32_t dice, sides, bonus;
        } consumable;
    };
};

struct rules_sub_race {
    char name[RULES_NAME_SIZE];
    int32_t bonuses[ABILITY_COUNT];
    int32_t speed; /* 0: the race's */
};

struct rules_race {
    char name[RULES_NAME_SIZE];
    int32_t speed;
    int32_t bonuses[ABILITY_COUNT];
    int32_t free_bonuses; /* + 1 to this many of the class's first abilities that get none yet */
    int perception;
    int ignores_armor_weight;
    size_t sub_race_count;
    struct rules_sub_race *sub_races;
};

struct rules_class {
    char name[RULES_NAME_SIZE];
    int32_t hit_die;
    uint32_t saves;   /* bit per ability */
    uint32_t armor;   /* bit per armour category, PROFICIENT_SHIELD */
    uint32_t weapons; /* bit per weapon category */
    int32_t *weapon_items;
    size_t weapon_item_count;
    enum rules_ability priority[ABILITY_COUNT];
    int unarmored; /* the ability added to the armour class without armour, or -1 */
    int unarmored_with_shield;
    struct character_item *equipment;
    size_t equipment_count;
    int64_t gold;
};

struct rules_words {
    char **items;
    size_t count;
};

struct ruleset {
    char version[RULES_VERSION_SIZE]; /* the data's own version and a hash of its content */
    int64_t coin_ceiling;             /* of each kind */
    struct rules_item *items;         /* by id */
    size_t item_count;
    struct rules_race *races;
    size_t race_count;
    struct rules_class *classes;
    size_t class_count;
    int64_t *experience; /* [n]: needed for level n + 1 */
    size_t level_count;
    struct rules_words blocked, blocked_parts; /* lower case */
    struct rules_words starts, middles, ends;
    char *published; /* what GET /gamedata/{version} answers */
    size_t published_len;
};

#define RULESET_ERROR_SIZE 512

/*
 * [main] or on the task pool: reads and checks the files of a folder. NULL: `error` holds one
 * sentence, "file: path: expected ..., found ...".
 */
struct ruleset *ruleset_load(const char *folder, int64_t coin_ceiling,
                             char error[RULESET_ERROR_SIZE]);

/* [any] NULL is fine. */
void ruleset_destroy(struct ruleset *rules);

/* [any] NULL: not in the data. Names are compared exactly. */
const struct rules_item *ruleset_item(const struct ruleset *rules, int64_t id);
const struct rules_race *ruleset_race(const struct ruleset *rules, const char *name, size_t len);
const struct rules_sub_race *rules_race_sub_race(const struct rules_race *race, const char *name,
                                                 size_t len);
const struct rules_class *ruleset_class(const struct ruleset *rules, const char *name, size_t len);

#endif
