/*
 * rules.c - one intent, or one event that the server decided, applied to a character.
 */
#include "rules.h"

#include <string.h>

static const struct {
    const char *code, *text;
} refusals[] = {
    [RULES_INSUFFICIENT_FUNDS] = {"INSUFFICIENT_FUNDS", "There are not enough coins for this."},
    [RULES_CURRENCY_LIMIT] = {"CURRENCY_LIMIT", "Nobody can carry that many coins of one kind."},
    [RULES_NOT_EXCHANGEABLE] = {"NOT_EXCHANGEABLE", "This amount does not make whole coins."},
    [RULES_ITEM_NOT_OWNED] = {"ITEM_NOT_OWNED", "The character does not have this item."},
    [RULES_NOT_EQUIPPABLE] = {"NOT_EQUIPPABLE", "This item does not go there."},
    [RULES_NOT_PROFICIENT] = {"NOT_PROFICIENT", "The character's class is not trained for this."},
    [RULES_NOT_CONSUMABLE] = {"NOT_CONSUMABLE", "This item cannot be used up."},
    [RULES_HANDS_OCCUPIED] = {"HANDS_OCCUPIED", "The off hand is free only beside a light weapon."},
    [RULES_NO_HIT_DICE] = {"NO_HIT_DICE", "No hit dice are left; take a long rest."},
    [RULES_CHARACTER_UNCONSCIOUS] = {"CHARACTER_UNCONSCIOUS", "The character is unconscious."},
    [RULES_UNKNOWN_ITEM] = {"UNKNOWN_ITEM", "There is no such item."},
    [RULES_INVENTORY_FULL] = {"INVENTORY_FULL", "The character cannot carry any more of this."},
};

const char *rules_refusal_code(enum rules_refusal refusal)
{
    return refusals[refusal].code;
}

const char *rules_refusal_text(enum rules_refusal refusal)
{
    return refusals[refusal].text;
}

int32_t rules_roll(struct rules_dice dice, int32_t count, int32_t sides)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += 1 + (int32_t)dice.below(dice.source, (uint32_t)sides);
    return sum;
}

static void change_hitpoints(struct character *c, int64_t delta)
{
    int64_t max = c->derived.max_hitpoints;
    int64_t next = c->hitpoints + delta;
    c->hitpoints = (int32_t)(next < 0 ? 0 : next > max ? max : next);
}

static enum rules_refusal use(const struct ruleset *rules, struct character *c, int64_t item_id,
                              struct rules_dice dice)
{
    const struct rules_item *item = ruleset_item(rules, item_id);
    if (!item || character_quantity(c, item->id) < 1)
        return RULES_ITEM_NOT_OWNED;
    if (item->kind != ITEM_CONSUMABLE)
        return RULES_NOT_CONSUMABLE;
    change_hitpoints(c, item->consumable.bonus +
                            rules_roll(dice, item->consumable.dice, item->consumable.sides));
    character_take_item(c, item->id);
    return RULES_OK;
}

static enum rules_refusal short_rest(const struct ruleset *rules, struct character *c,
                                     struct rules_dice dice)
{
    const struct rules_class *class_data =
        ruleset_class(rules, c->class_name, strlen(c->class_name));
    if (c->hit_dice < 1 || !class_data)
        return RULES_NO_HIT_DICE;
    int32_t healed =
        rules_roll(dice, 1, class_data->hit_die) + c->derived.modifiers[ABILITY_CONSTITUTION];
    c->hit_dice--;
    change_hitpoints(c, healed > 0 ? healed : 0);
    return RULES_OK;
}

static void long_rest(struct character *c)
{
    c->hitpoints = c->derived.max_hitpoints;
    c->hit_dice = c->derived.level;
}

static int works_unconscious(const struct rules_intent *intent)
{
    return (intent->kind == INTENT_HITPOINTS && intent->amount > 0) ||
           intent->kind == INTENT_SHORT_REST || intent->kind == INTENT_LONG_REST;
}

enum rules_refusal rules_apply(const struct ruleset *rules, const struct character *now,
                               const struct rules_intent *intent, struct rules_dice dice,
                               struct character_draft *next)
{
    enum rules_refusal refusal = RULES_OK;
    struct character *c = &next->character;
    if (now->hitpoints == 0 && !works_unconscious(intent))
        return RULES_CHARACTER_UNCONSCIOUS;
    character_draft_init(next, now);
    rules_derive(rules, c);
    switch (intent->kind) {
    case INTENT_HITPOINTS:
        change_hitpoints(c, intent->amount);
        break;
    case INTENT_EQUIP_ARMOR:
    case INTENT_EQUIP_SHIELD:
    case INTENT_EQUIP_WEAPON:
        refusal = rules_equip(rules, c, intent);
        break;
    case INTENT_UNEQUIP:
        rules_unequip(c, intent->slot);
        break;
    case INTENT_USE:
        refusal = use(rules, c, intent->item_id, dice);
        break;
    case INTENT_CURRENCY_MODIFY:
        refusal = rules_coins_modify(rules, c, intent->coins);
        break;
    case INTENT_CURRENCY_EXCHANGE:
        refusal = rules_coins_exchange(rules, c, intent->from, intent->to, intent->amount);
        break;
    case INTENT_SHORT_REST:
        refusal = short_rest(rules, c, dice);
        break;
    case INTENT_LONG_REST:
        long_rest(c);
        break;
    }
    if (refusal == RULES_OK)
        rules_derive(rules, c);
    return refusal;
}

static enum rules_refusal loot(const struct ruleset *rules, struct character *c, int64_t item_id,
                               int64_t quantity)
{
    const struct rules_item *item = ruleset_item(rules, item_id);
    if (!item)
        return RULES_UNKNOWN_ITEM;
    if (!character_quantity(c, item->id) && c->item_count == CHARACTER_MAX_ITEMS)
        return RULES_INVENTORY_FULL;
    character_add_item(c, item->id, quantity);
    return RULES_OK;
}

static enum rules_refusal currency(const struct ruleset *rules, struct character *c,
                                   const int64_t coins[COIN_COUNT])
{
    int64_t clamped[COIN_COUNT];
    for (int i = 0; i < COIN_COUNT; i++) {
        int64_t room = rules->coin_ceiling > c->coins[i] ? rules->coin_ceiling - c->coins[i] : 0;
        clamped[i] = coins[i] > room ? room : coins[i];
    }
    return rules_coins_modify(rules, c, clamped);
}

enum rules_refusal rules_apply_event(const struct ruleset *rules, const struct rules_event *event,
                                     struct character_draft *draft)
{
    enum rules_refusal refusal = RULES_OK;
    struct character *c = &draft->character;
    rules_derive(rules, c);
    switch (event->kind) {
    case EVENT_DAMAGE:
        change_hitpoints(c, -event->amount);
        break;
    case EVENT_HEAL:
        change_hitpoints(c, event->amount);
        break;
    case EVENT_EXPERIENCE:
        c->experience = event->amount > CHARACTER_MAX_EXPERIENCE - c->experience
                            ? CHARACTER_MAX_EXPERIENCE
                            : c->experience + event->amount;
        break;
    case EVENT_LOOT:
        refusal = loot(rules, c, event->item_id, event->amount);
        break;
    case EVENT_CURRENCY:
        refusal = currency(rules, c, event->coins);
        break;
    }
    rules_derive(rules, c);
    return refusal;
}
