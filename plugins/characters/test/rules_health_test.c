/*
 * rules_health_test.c - hitpoints, unconsciousness, rests, potions, and what a match reports.
 */
#include "rules_fixture.h"

/* Constitution 14: a fighter of 12 hitpoints. */
static const int32_t sturdy[ABILITY_COUNT] = {10, 10, 14, 10, 10, 10};
static const int32_t frail[ABILITY_COUNT] = {10, 10, 1, 10, 10, 10};

static enum rules_refusal hitpoints(struct character_draft *c, int64_t delta)
{
    return fixture_apply(c, &(struct rules_intent){.kind = INTENT_HITPOINTS, .amount = delta});
}

static enum rules_refusal roll(struct character_draft *c, struct rules_intent intent,
                               const uint32_t *faces, size_t count)
{
    struct faces script = {faces, count, 0};
    struct character_draft next;
    enum rules_refusal refusal =
        rules_apply(fixture_rules(), &c->character, &intent, fixture_dice(&script), &next);
    if (refusal == RULES_OK)
        character_draft_init(c, &next.character);
    return refusal;
}

static void deltas_clamp(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    assert_int_equal(c.character.hitpoints, 12);
    assert_int_equal(hitpoints(&c, 5), RULES_OK);
    assert_int_equal(c.character.hitpoints, 12);
    assert_int_equal(hitpoints(&c, -5), RULES_OK);
    assert_int_equal(c.character.hitpoints, 7);
    assert_int_equal(hitpoints(&c, 0), RULES_OK);
    assert_int_equal(c.character.hitpoints, 7);
    assert_int_equal(hitpoints(&c, -(INT64_C(1) << 53) + 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 0);
    assert_int_equal(hitpoints(&c, (INT64_C(1) << 53) - 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 12);
}

static void unconscious_allows_only_what_helps(void **state)
{
    static const uint32_t one[] = {1};
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    character_add_item(&c.character, POTION, 1);
    assert_int_equal(hitpoints(&c, -12), RULES_OK);
    assert_int_equal(hitpoints(&c, -1), RULES_CHARACTER_UNCONSCIOUS);
    assert_int_equal(hitpoints(&c, 0), RULES_CHARACTER_UNCONSCIOUS);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_USE, .item_id = POTION}, one, 1),
                     RULES_CHARACTER_UNCONSCIOUS);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_SHORT_REST}, one, 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 3);
    assert_int_equal(hitpoints(&c, -3), RULES_OK);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_SHORT_REST}, one, 1),
                     RULES_NO_HIT_DICE);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_LONG_REST}, one, 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 12);
    assert_int_equal(hitpoints(&c, -12), RULES_OK);
    assert_int_equal(hitpoints(&c, 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 1);
}

static void short_rest_spends_a_hit_die(void **state)
{
    static const uint32_t four[] = {4}, one[] = {1};
    const struct rules_intent rest = {.kind = INTENT_SHORT_REST};
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    assert_int_equal(hitpoints(&c, -10), RULES_OK);
    assert_int_equal(roll(&c, rest, four, 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, 2 + 4 + 2);
    assert_int_equal(c.character.hit_dice, 0);
    assert_int_equal(roll(&c, rest, four, 1), RULES_NO_HIT_DICE);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_LONG_REST}, one, 1), RULES_OK);
    assert_int_equal(c.character.hit_dice, 1);

    fixture_character(&c, "Human", "Fighter", frail); /* 1 - 5 heals nothing, and hurts nobody */
    assert_int_equal(hitpoints(&c, -2), RULES_OK);
    int32_t before = c.character.hitpoints;
    assert_int_equal(roll(&c, rest, one, 1), RULES_OK);
    assert_int_equal(c.character.hitpoints, before);
}

static void potion_of_healing_is_2d4_plus_2(void **state)
{
    static const uint32_t faces[] = {1, 3};
    const struct rules_intent drink = {.kind = INTENT_USE, .item_id = POTION};
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    character_add_item(&c.character, POTION, 2);
    character_add_item(&c.character, DAGGER, 1);
    assert_int_equal(hitpoints(&c, -11), RULES_OK);
    assert_int_equal(roll(&c, drink, faces, 2), RULES_OK);
    assert_int_equal(c.character.hitpoints, 1 + 4 + 2);
    assert_int_equal(character_quantity(&c.character, POTION), 1);
    assert_int_equal(roll(&c, drink, faces, 2), RULES_OK);
    assert_int_equal(c.character.hitpoints, 12); /* clamped, and used up all the same */
    assert_int_equal(character_quantity(&c.character, POTION), 0);
    assert_int_equal(c.character.item_count, 1);
    assert_int_equal(roll(&c, drink, faces, 2), RULES_ITEM_NOT_OWNED);
    assert_int_equal(
        roll(&c, (struct rules_intent){.kind = INTENT_USE, .item_id = DAGGER}, faces, 2),
        RULES_NOT_CONSUMABLE);
    assert_int_equal(roll(&c, (struct rules_intent){.kind = INTENT_USE, .item_id = 7}, faces, 2),
                     RULES_ITEM_NOT_OWNED);
}

static enum rules_refusal event(struct character_draft *c, enum rules_event_kind kind,
                                int64_t amount, int64_t item)
{
    return rules_apply_event(
        fixture_rules(), &(struct rules_event){.kind = kind, .amount = amount, .item_id = item}, c);
}

static void events_touch_the_unconscious_and_clamp(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    assert_int_equal(event(&c, EVENT_DAMAGE, 500, 0), RULES_OK);
    assert_int_equal(event(&c, EVENT_DAMAGE, 1, 0), RULES_OK);
    assert_int_equal(c.character.hitpoints, 0);
    assert_int_equal(event(&c, EVENT_HEAL, 500, 0), RULES_OK);
    assert_int_equal(c.character.hitpoints, 12);
    assert_int_equal(event(&c, EVENT_LOOT, 3, POTION), RULES_OK);
    assert_int_equal(event(&c, EVENT_LOOT, 20000, POTION), RULES_OK);
    assert_int_equal(character_quantity(&c.character, POTION), CHARACTER_MAX_QUANTITY);
    assert_int_equal(event(&c, EVENT_LOOT, 1, 7), RULES_UNKNOWN_ITEM);
}

static void experience_raises_the_level_and_its_hit_dice(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    c.character.hit_dice = 0;
    assert_int_equal(event(&c, EVENT_EXPERIENCE, 899, 0), RULES_OK);
    assert_int_equal(c.character.derived.level, 2);
    assert_int_equal(c.character.derived.max_hitpoints, 20);
    assert_int_equal(c.character.hit_dice, 1);
    assert_int_equal(event(&c, EVENT_EXPERIENCE, 1, 0), RULES_OK);
    assert_int_equal(c.character.derived.level, 3);
    assert_int_equal(event(&c, EVENT_EXPERIENCE, (INT64_C(1) << 53) - 1, 0), RULES_OK);
    assert_int_equal(c.character.experience, CHARACTER_MAX_EXPERIENCE);
    assert_int_equal(c.character.derived.level, 20);
    assert_int_equal(c.character.derived.max_hitpoints, 12 + 19 * 8);
}

static void inventory_has_an_end(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", sturdy);
    for (int32_t i = 0; i < CHARACTER_MAX_ITEMS; i++)
        assert_int_equal(character_add_item(&c.character, 100000 + i, 1), 1);
    assert_int_equal(event(&c, EVENT_LOOT, 1, POTION), RULES_INVENTORY_FULL);
    c.character.items[0].id = POTION;
    assert_int_equal(event(&c, EVENT_LOOT, 1, POTION), RULES_OK);
    assert_int_equal(character_quantity(&c.character, POTION), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deltas_clamp),
        cmocka_unit_test(unconscious_allows_only_what_helps),
        cmocka_unit_test(short_rest_spends_a_hit_die),
        cmocka_unit_test(potion_of_healing_is_2d4_plus_2),
        cmocka_unit_test(events_touch_the_unconscious_and_clamp),
        cmocka_unit_test(experience_raises_the_level_and_its_hit_dice),
        cmocka_unit_test(inventory_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
