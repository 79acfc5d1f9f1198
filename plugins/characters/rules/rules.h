/*
 * rules.h - the game rules as pure functions: (ruleset, character, intent, dice) gives the next
 * character or a refusal. No I/O and no clock; chance comes from the dice that are passed in.
 */
#ifndef HEARTH_CHARACTERS_RULES_RULES_H
#define HEARTH_CHARACTERS_RULES_RULES_H

#include "character.h"
#include "ruleset.h"

enum rules_refusal {
    RULES_OK,
    RULES_INSUFFICIENT_FUNDS,
    RULES_CURRENCY_LIMIT,
    RULES_NOT_EXCHANGEABLE,
    RULES_ITEM_NOT_OWNED,
    RULES_NOT_EQUIPPABLE,
    RULES_NOT_PROFICIENT,
    RULES_NOT_CONSUMABLE,
    RULES_HANDS_OCCUPIED,
    RULES_NO_HIT_DICE,
    RULES_CHARACTER_UNCONSCIOUS,
    RULES_UNKNOWN_ITEM,  /* loot that is not in the data */
    RULES_INVENTORY_FULL /* loot of another kind than CHARACTER_MAX_ITEMS */
};

/* [any] "INSUFFICIENT_FUNDS", and one sentence for people. RULES_OK has neither. */
const char *rules_refusal_code(enum rules_refusal refusal);
const char *rules_refusal_text(enum rules_refusal refusal);

/* Where chance comes from: uniform in 0 .. bound - 1. */
struct rules_dice {
    uint32_t (*below)(void *source, uint32_t bound);
    void *source;
};

/* [any] The sum of `count` dice. */
int32_t rules_roll(struct rules_dice dice, int32_t count, int32_t sides);

/* ---- making one ---- */

struct rules_recipe {
    const struct rules_race *race;
    const struct rules_sub_race *sub_race; /* or NULL */
    const struct rules_class *class_data;
};

/* [any] Rolls abilities, hands out equipment and gold, wears what may be worn. Leaves id, name and
 * times alone. */
void rules_create(const struct ruleset *rules, const struct rules_recipe *recipe,
                  struct rules_dice dice, struct character_draft *out);

/* ---- changing one ---- */

enum rules_intent_kind {
    INTENT_HITPOINTS,
    INTENT_EQUIP_ARMOR,
    INTENT_EQUIP_SHIELD,
    INTENT_EQUIP_WEAPON,
    INTENT_UNEQUIP,
    INTENT_USE,
    INTENT_CURRENCY_MODIFY,
    INTENT_CURRENCY_EXCHANGE,
    INTENT_SHORT_REST,
    INTENT_LONG_REST
};

struct rules_intent {
    enum rules_intent_kind kind;
    enum rules_slot slot; /* UNEQUIP */
    int off_hand;         /* EQUIP_WEAPON */
    enum rules_coin from, to;
    int64_t amount;            /* HITPOINTS: the delta; EXCHANGE: coins of `from` */
    int64_t item_id;           /* EQUIP_*, USE */
    int64_t coins[COIN_COUNT]; /* CURRENCY_MODIFY */
};

/* [any] Refused: `next` is of no use. */
enum rules_refusal rules_apply(const struct ruleset *rules, const struct character *now,
                               const struct rules_intent *intent, struct rules_dice dice,
                               struct character_draft *next);

enum rules_event_kind { EVENT_DAMAGE, EVENT_HEAL, EVENT_EXPERIENCE, EVENT_LOOT, EVENT_CURRENCY };

/* What the server itself decides. Amounts are not negative; coins may be. */
struct rules_event {
    enum rules_event_kind kind;
    int64_t amount;
    int64_t item_id;
    int64_t coins[COIN_COUNT];
};

/* [any] Applies one event to a draft; it may touch the unconscious and clamps at ceilings. Refused:
 * the draft is unchanged. */
enum rules_refusal rules_apply_event(const struct ruleset *rules, const struct rules_event *event,
                                     struct character_draft *draft);

/* ---- the parts ---- */

/* [any] floor((score - 10) / 2). */
int32_t rules_modifier(int32_t score);
/* [any] 1 for no experience at all. */
int32_t rules_level(const struct ruleset *rules, int64_t experience);
int32_t rules_max_hitpoints(int32_t level, int32_t hit_die, int32_t constitution_modifier);

/* [any] Recomputes everything derived with this ruleset, takes off what is not in it any more, and
 * clamps hitpoints and hit dice. A race or class that is gone leaves its share as it was. */
void rules_derive(const struct ruleset *rules, struct character *c);

/* [any] The attack of one hand; SLOT_OFF_HAND without the modifier on the damage. */
void rules_attack(const struct ruleset *rules, const struct character *c, enum rules_slot hand,
                  struct character_attack *out);

/* [any] Equipment alone; see rules.c for who calls it and when. */
enum rules_refusal rules_equip(const struct ruleset *rules, struct character *c,
                               const struct rules_intent *intent);
void rules_unequip(struct character *c, enum rules_slot slot);

/* [any] Coins alone. */
enum rules_refusal rules_coins_modify(const struct ruleset *rules, struct character *c,
                                      const int64_t coins[COIN_COUNT]);
enum rules_refusal rules_coins_exchange(const struct ruleset *rules, struct character *c,
                                        enum rules_coin from, enum rules_coin to, int64_t amount);

/* ---- names ---- */

enum rules_name_verdict { NAME_OK, NAME_MALFORMED, NAME_BLOCKED };

/* [any] 1 to 15 letters, and not on the block list. */
enum rules_name_verdict rules_name_check(const struct ruleset *rules, const char *name, size_t len);

/* [any] Makes a name up. Later attempts draw from ever larger sets, so that one is always found. */
void rules_name_make(const struct ruleset *rules, unsigned attempt, struct rules_dice dice,
                     char out[CHARACTER_NAME_SIZE]);

#endif
