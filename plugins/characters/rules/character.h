/*
 * character.h - a character as the rules see it: plain values, no pointers but its items.
 * `derived` is what the rules made of the rest when the character last changed; it is kept, so that
 * one version of a character always shows the same values, whatever the rule data says by then.
 */
#ifndef HEARTH_CHARACTERS_RULES_CHARACTER_H
#define HEARTH_CHARACTERS_RULES_CHARACTER_H

#include <stdint.h>

enum rules_ability {
    ABILITY_STRENGTH,
    ABILITY_DEXTERITY,
    ABILITY_CONSTITUTION,
    ABILITY_INTELLIGENCE,
    ABILITY_WISDOM,
    ABILITY_CHARISMA,
    ABILITY_COUNT
};

enum rules_coin { COIN_COPPER, COIN_SILVER, COIN_ELECTRUM, COIN_GOLD, COIN_PLATINUM, COIN_COUNT };

enum rules_slot { SLOT_ARMOR, SLOT_SHIELD, SLOT_MAIN_HAND, SLOT_OFF_HAND, SLOT_COUNT };

#define CHARACTER_UUID_SIZE      37
#define CHARACTER_NAME_SIZE      16 /* 15 letters and NUL */
#define RULES_NAME_SIZE          24 /* of a race or class, with NUL */
#define RULES_VERSION_SIZE       32
#define CHARACTER_MAX_ITEMS      128 /* different items in one inventory */
#define CHARACTER_MAX_QUANTITY   9999
#define CHARACTER_MAX_EXPERIENCE INT64_C(999999999)

struct character_item {
    int32_t id;
    int32_t quantity;
};

/* `dice` d `sides` + modifier; without dice `flat` + modifier, and a flat 0 is no damage at all. */
struct character_attack {
    int32_t ability; /* ABILITY_STRENGTH or ABILITY_DEXTERITY */
    int32_t bonus;
    int32_t dice, sides;
    int32_t flat;
    int32_t modifier;
};

struct character_derived {
    int32_t level;
    int32_t max_hitpoints;
    int32_t proficiency;
    int32_t modifiers[ABILITY_COUNT];
    int32_t saves[ABILITY_COUNT];
    int32_t armor_class;
    int32_t speed;
    int32_t initiative;
    int32_t perception;
    struct character_attack attack;
};

struct character {
    char id[CHARACTER_UUID_SIZE];
    char name[CHARACTER_NAME_SIZE];
    char race[RULES_NAME_SIZE];
    char sub_race[RULES_NAME_SIZE]; /* empty: none */
    char class_name[RULES_NAME_SIZE];
    char gamedata[RULES_VERSION_SIZE]; /* the data that `derived` was made with */
    int64_t created_ms, updated_ms;
    int64_t experience;
    int64_t coins[COIN_COUNT];
    int32_t scores[ABILITY_COUNT];
    int32_t hitpoints;
    int32_t hit_dice;              /* left to spend in short rests */
    int32_t equipment[SLOT_COUNT]; /* item ids; 0: empty */
    struct character_derived derived;
    uint32_t item_count;
    struct character_item *items; /* in the order in which they came */
};

/* A character with room for every item that it may come to have: the next state, while it is made.
 */
struct character_draft {
    struct character character; /* its items point into this struct */
    struct character_item items[CHARACTER_MAX_ITEMS];
};

/* [any] A copy to work on. The draft must not move afterwards. */
void character_draft_init(struct character_draft *draft, const struct character *from);

/* [any] How many of an item it owns. */
int32_t character_quantity(const struct character *c, int32_t item_id);

/* [any] Puts items into a draft, up to the ceilings; how many went in. */
int32_t character_add_item(struct character *c, int32_t item_id, int64_t quantity);

/* [any] Takes one away; the caller knows that it is there. */
void character_take_item(struct character *c, int32_t item_id);

#endif
