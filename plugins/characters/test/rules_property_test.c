/*
 * rules_property_test.c - whatever intents and events come, in whatever order, a character stays
 * possible. The expectations are computed here anew, not by the functions under test.
 */
#include "rules_fixture.h"

#include <math.h>

static const int64_t worth[COIN_COUNT] = {1, 10, 50, 100, 1000};

static const struct rules_item *item(int32_t id)
{
    return id ? ruleset_item(fixture_rules(), id) : NULL;
}

static int is_weapon(const struct rules_item *held, uint32_t property)
{
    return held && held->kind == ITEM_WEAPON && (!property || (held->weapon.properties & property));
}

static void assert_equipment(const struct character *c)
{
    static const enum item_kind kinds[] = {ITEM_ARMOR, ITEM_SHIELD, ITEM_WEAPON, ITEM_WEAPON};
    const struct rules_item *main_hand = item(c->equipment[SLOT_MAIN_HAND]);
    const struct rules_item *off_hand = item(c->equipment[SLOT_OFF_HAND]);
    const struct rules_class *class_data =
        ruleset_class(fixture_rules(), c->class_name, strlen(c->class_name));
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        if (!c->equipment[slot])
            continue;
        assert_non_null(item(c->equipment[slot]));
        assert_int_equal(item(c->equipment[slot])->kind, kinds[slot]);
        assert_true(character_quantity(c, c->equipment[slot]) >= 1);
    }
    if (c->equipment[SLOT_ARMOR])
        assert_true(class_data->armor >> item(c->equipment[SLOT_ARMOR])->armor.category & 1);
    if (c->equipment[SLOT_SHIELD]) {
        assert_true(class_data->armor & PROFICIENT_SHIELD);
        assert_null(off_hand);
        assert_false(is_weapon(main_hand, WEAPON_TWO_HANDED));
    }
    if (off_hand) {
        assert_true(is_weapon(off_hand, WEAPON_LIGHT));
        assert_true(is_weapon(main_hand, WEAPON_LIGHT));
        assert_false(is_weapon(main_hand, WEAPON_TWO_HANDED));
        if (off_hand == main_hand)
            assert_true(character_quantity(c, off_hand->id) >= 2);
    }
}

static int32_t modifier(const struct character *c, enum rules_ability ability)
{
    return (int32_t)floor((c->scores[ability] - 10) / 2.0);
}

static int32_t expected_armor_class(const struct character *c)
{
    const struct rules_item *armor = item(c->equipment[SLOT_ARMOR]);
    int32_t dexterity = modifier(c, ABILITY_DEXTERITY);
    int32_t shield = c->equipment[SLOT_SHIELD] ? 2 : 0;
    if (!armor && strcmp(c->class_name, "Barbarian") == 0)
        return 10 + dexterity + modifier(c, ABILITY_CONSTITUTION) + shield;
    if (!armor && strcmp(c->class_name, "Monk") == 0 && !shield)
        return 10 + dexterity + modifier(c, ABILITY_WISDOM);
    if (!armor)
        return 10 + dexterity + shield;
    if (armor->armor.category == ARMOR_LIGHT)
        return armor->armor.base + dexterity + shield;
    if (armor->armor.category == ARMOR_MEDIUM)
        return armor->armor.base + (dexterity > 2 ? 2 : dexterity) + shield;
    return armor->armor.base + shield;
}

static int32_t expected_max_hitpoints(const struct character *c, int32_t level)
{
    const struct rules_class *class_data =
        ruleset_class(fixture_rules(), c->class_name, strlen(c->class_name));
    int32_t constitution = modifier(c, ABILITY_CONSTITUTION);
    int32_t sum = class_data->hit_die + constitution < 1 ? 1 : class_data->hit_die + constitution;
    int32_t step = (int32_t)ceil((class_data->hit_die + 1) / 2.0) + constitution;
    for (int32_t i = 1; i < level; i++)
        sum += step < 1 ? 1 : step;
    return sum;
}

static void assert_possible(const struct character *c)
{
    const struct character_derived *d = &c->derived;
    int32_t level = 1;
    while (level < 20 && c->experience >= fixture_rules()->experience[level])
        level++;
    assert_int_equal(d->level, level);
    assert_int_equal(d->proficiency, 2 + (level - 1) / 4);
    assert_int_equal(d->max_hitpoints, expected_max_hitpoints(c, level));
    assert_int_equal(d->armor_class, expected_armor_class(c));
    assert_int_equal(d->initiative, modifier(c, ABILITY_DEXTERITY));
    assert_in_range(c->hitpoints, 0, d->max_hitpoints);
    assert_in_range(c->hit_dice, 0, level);
    for (int i = 0; i < COIN_COUNT; i++)
        assert_in_range(c->coins[i], 0, 9999999);
    assert_true(c->item_count <= CHARACTER_MAX_ITEMS);
    for (uint32_t i = 0; i < c->item_count; i++) {
        assert_in_range(c->items[i].quantity, 1, CHARACTER_MAX_QUANTITY);
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(c->items[i].id, c->items[j].id);
    }
    assert_equipment(c);
}

static int64_t some_amount(uint64_t *seed)
{
    static const int64_t edges[] = {0, 1, 10, 9999999, INT64_C(9007199254740991)};
    int64_t amount =
        fixture_below(seed, 3) ? (int64_t)fixture_below(seed, 30) : edges[fixture_below(seed, 5)];
    return fixture_below(seed, 2) ? amount : -amount;
}

static int32_t some_item(uint64_t *seed, const struct character *c)
{
    if (c->item_count > 0 && fixture_below(seed, 4))
        return c->items[fixture_below(seed, c->item_count)].id;
    return fixture_rules()->items[fixture_below(seed, (uint32_t)fixture_rules()->item_count)].id;
}

static struct rules_intent some_intent(uint64_t *seed, const struct character *c)
{
    struct rules_intent intent = {
        .kind = (enum rules_intent_kind)fixture_below(seed, INTENT_LONG_REST + 1),
        .slot = (enum rules_slot)fixture_below(seed, SLOT_COUNT),
        .off_hand = (int)fixture_below(seed, 2),
        .from = (enum rules_coin)fixture_below(seed, COIN_COUNT),
        .amount = some_amount(seed),
        .item_id = some_item(seed, c),
    };
    intent.to =
        (enum rules_coin)((intent.from + 1 + fixture_below(seed, COIN_COUNT - 1)) % COIN_COUNT);
    if (intent.kind == INTENT_CURRENCY_EXCHANGE && intent.amount < 1)
        intent.amount = 1 - intent.amount;
    for (int i = 0; i < COIN_COUNT; i++)
        intent.coins[i] = fixture_below(seed, 2) ? some_amount(seed) : 0;
    return intent;
}

static int64_t wealth(const struct character *c)
{
    int64_t copper = 0;
    for (int i = 0; i < COIN_COUNT; i++)
        copper += c->coins[i] * worth[i];
    return copper;
}

static void step(uint64_t *seed, struct character_draft *c)
{
    struct character_draft next, before;
    struct rules_intent intent = some_intent(seed, &c->character);
    character_draft_init(&before, &c->character);
    enum rules_refusal refusal =
        rules_apply(fixture_rules(), &c->character, &intent, fixture_random(seed), &next);
    /* the present state is never touched */
    assert_memory_equal(before.items, c->items, c->character.item_count * sizeof(c->items[0]));
    before.character.items = c->character.items;
    assert_memory_equal(&before.character, &c->character, sizeof(before.character));
    if (refusal != RULES_OK) {
        assert_non_null(rules_refusal_code(refusal));
        assert_non_null(rules_refusal_text(refusal));
        return;
    }
    assert_possible(&next.character);
    if (intent.kind == INTENT_CURRENCY_EXCHANGE)
        assert_int_equal(wealth(&next.character), wealth(&c->character));
    character_draft_init(c, &next.character);
}

static void report(uint64_t *seed, struct character_draft *c)
{
    struct character_draft before;
    int64_t amount = some_amount(seed);
    struct rules_event event = {.kind =
                                    (enum rules_event_kind)fixture_below(seed, EVENT_CURRENCY + 1),
                                .amount = amount < 0 ? -amount : amount,
                                .item_id = some_item(seed, &c->character)};
    for (int i = 0; i < COIN_COUNT; i++)
        event.coins[i] = some_amount(seed);
    if (event.kind == EVENT_LOOT && event.amount == 0)
        return;
    character_draft_init(&before, &c->character);
    if (rules_apply_event(fixture_rules(), &event, c) != RULES_OK) {
        before.character.items = c->character.items;
        assert_memory_equal(&before.character, &c->character, sizeof(before.character));
    }
    assert_possible(&c->character);
}

static void no_sequence_of_intents_reaches_an_impossible_state(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 400; run++) {
        uint64_t seed = run * UINT64_C(0x9E3779B97F4A7C15);
        const struct ruleset *rules = fixture_rules();
        const struct rules_race *race = &rules->races[fixture_below(&seed, 9)];
        struct rules_recipe recipe = {race, NULL, &rules->classes[fixture_below(&seed, 12)]};
        struct character_draft c;
        if (race->sub_race_count)
            recipe.sub_race =
                &race->sub_races[fixture_below(&seed, (uint32_t)race->sub_race_count)];
        rules_create(rules, &recipe, fixture_random(&seed), &c);
        assert_possible(&c.character);
        for (int i = 0; i < 300; i++) {
            if (fixture_below(&seed, 5))
                step(&seed, &c);
            else
                report(&seed, &c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sequence_of_intents_reaches_an_impossible_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
