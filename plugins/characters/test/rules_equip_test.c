/*
 * rules_equip_test.c - a test per rule and refusal of the equipment.
 */
#include "rules_fixture.h"

static const int32_t average[ABILITY_COUNT] = {10, 10, 10, 10, 10, 10};

static void fighter(struct character_draft *c)
{
    fixture_character(c, "Human", "Fighter", average);
}

static void give(struct character_draft *c, int32_t item, int32_t quantity)
{
    assert_int_equal(character_add_item(&c->character, item, quantity), quantity);
}

static enum rules_refusal equip(struct character_draft *c, enum rules_intent_kind kind,
                                int32_t item, int off_hand)
{
    return fixture_apply(
        c, &(struct rules_intent){.kind = kind, .item_id = item, .off_hand = off_hand});
}

#define MAIN(c_, item_)  equip((c_), INTENT_EQUIP_WEAPON, (item_), 0)
#define OFF(c_, item_)   equip((c_), INTENT_EQUIP_WEAPON, (item_), 1)
#define ARMOR(c_, item_) equip((c_), INTENT_EQUIP_ARMOR, (item_), 0)
#define SHIELD_(c_)      equip((c_), INTENT_EQUIP_SHIELD, SHIELD, 0)
#define EMPTY(c_, slot_)                                                                           \
    fixture_apply((c_), &(struct rules_intent){.kind = INTENT_UNEQUIP, .slot = (slot_)})

static void assert_worn(const struct character_draft *c, int32_t armor, int32_t shield,
                        int32_t main_hand, int32_t off_hand)
{
    const int32_t expected[SLOT_COUNT] = {armor, shield, main_hand, off_hand};
    for (int i = 0; i < SLOT_COUNT; i++)
        assert_int_equal(c->character.equipment[i], expected[i]);
}

static void armor_replaces_armor(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, LEATHER, 1);
    give(&c, PLATE, 1);
    assert_int_equal(ARMOR(&c, LEATHER), RULES_OK);
    assert_int_equal(ARMOR(&c, PLATE), RULES_OK);
    assert_worn(&c, PLATE, 0, 0, 0);
    assert_int_equal(character_quantity(&c.character, LEATHER), 1);
    assert_int_equal(character_quantity(&c.character, PLATE), 1); /* worn and still owned */
    assert_int_equal(ARMOR(&c, PLATE), RULES_OK);                 /* what is worn: succeeds */
}

static void shield_takes_the_place_of_a_two_handed_weapon(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, GREATSWORD, 1);
    give(&c, SHIELD, 1);
    assert_int_equal(MAIN(&c, GREATSWORD), RULES_OK);
    assert_int_equal(SHIELD_(&c), RULES_OK);
    assert_worn(&c, 0, SHIELD, 0, 0);
}

static void shield_takes_the_place_of_the_off_hand_weapon(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, DAGGER, 2);
    give(&c, SHIELD, 1);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_int_equal(SHIELD_(&c), RULES_OK);
    assert_worn(&c, 0, SHIELD, DAGGER, 0);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK); /* and back */
    assert_worn(&c, 0, 0, DAGGER, DAGGER);
}

static void two_handed_weapon_empties_shield_and_off_hand(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, GREATSWORD, 1);
    give(&c, SHIELD, 1);
    give(&c, DAGGER, 2);
    assert_int_equal(SHIELD_(&c), RULES_OK);
    assert_int_equal(MAIN(&c, GREATSWORD), RULES_OK);
    assert_worn(&c, 0, 0, GREATSWORD, 0);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_int_equal(MAIN(&c, GREATSWORD), RULES_OK);
    assert_worn(&c, 0, 0, GREATSWORD, 0);
}

static void off_hand_takes_light_beside_light(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, LONGSWORD, 1);
    give(&c, DAGGER, 1);
    give(&c, HANDAXE, 1);
    give(&c, ARROW, 20);
    assert_int_equal(OFF(&c, DAGGER), RULES_HANDS_OCCUPIED); /* nothing in the main hand */
    assert_int_equal(MAIN(&c, LONGSWORD), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_HANDS_OCCUPIED);
    assert_int_equal(MAIN(&c, HANDAXE), RULES_OK);
    assert_int_equal(OFF(&c, LONGSWORD), RULES_NOT_EQUIPPABLE);
    assert_int_equal(OFF(&c, ARROW), RULES_NOT_EQUIPPABLE);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_worn(&c, 0, 0, HANDAXE, DAGGER);
}

static void main_hand_that_is_empty_or_heavy_empties_the_off_hand(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, LONGSWORD, 1);
    give(&c, DAGGER, 3);
    give(&c, HANDAXE, 1);
    assert_int_equal(MAIN(&c, HANDAXE), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK); /* light for light: the off hand stays */
    assert_worn(&c, 0, 0, DAGGER, DAGGER);
    assert_int_equal(MAIN(&c, LONGSWORD), RULES_OK);
    assert_worn(&c, 0, 0, LONGSWORD, 0);
    assert_int_equal(MAIN(&c, HANDAXE), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_int_equal(EMPTY(&c, SLOT_MAIN_HAND), RULES_OK);
    assert_worn(&c, 0, 0, 0, 0);
    assert_int_equal(EMPTY(&c, SLOT_MAIN_HAND), RULES_OK); /* emptying what is empty succeeds */
}

static void one_item_in_both_hands_needs_two(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, DAGGER, 1);
    give(&c, HANDAXE, 1);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_ITEM_NOT_OWNED);
    assert_int_equal(MAIN(&c, HANDAXE), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    assert_int_equal(MAIN(&c, DAGGER), RULES_ITEM_NOT_OWNED);
    assert_worn(&c, 0, 0, HANDAXE, DAGGER);
    give(&c, DAGGER, 1);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK);
    assert_worn(&c, 0, 0, DAGGER, DAGGER);
}

static void armor_and_shields_need_proficiency_weapons_do_not(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Wizard", average);
    give(&c, LEATHER, 1);
    give(&c, SHIELD, 1);
    give(&c, GREATSWORD, 1);
    assert_int_equal(ARMOR(&c, LEATHER), RULES_NOT_PROFICIENT);
    assert_int_equal(SHIELD_(&c), RULES_NOT_PROFICIENT);
    assert_int_equal(MAIN(&c, GREATSWORD), RULES_OK);
    fixture_character(&c, "Human", "Rogue", average);
    give(&c, LEATHER, 1);
    give(&c, CHAIN_SHIRT, 1);
    assert_int_equal(ARMOR(&c, CHAIN_SHIRT), RULES_NOT_PROFICIENT);
    assert_int_equal(ARMOR(&c, LEATHER), RULES_OK);
}

static void refusals_come_in_their_order(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Wizard", average);
    give(&c, DAGGER, 1);
    give(&c, POTION, 1);
    assert_int_equal(ARMOR(&c, PLATE), RULES_ITEM_NOT_OWNED);  /* and not trained for it */
    assert_int_equal(ARMOR(&c, DAGGER), RULES_NOT_EQUIPPABLE); /* and not trained for armour */
    assert_int_equal(ARMOR(&c, 7), RULES_ITEM_NOT_OWNED);      /* not in the data */
    assert_int_equal(ARMOR(&c, -1), RULES_ITEM_NOT_OWNED);
    assert_int_equal(equip(&c, INTENT_EQUIP_SHIELD, POTION, 0), RULES_NOT_EQUIPPABLE);
    assert_int_equal(MAIN(&c, POTION), RULES_NOT_EQUIPPABLE);
    c.character.hitpoints = 0;
    assert_int_equal(ARMOR(&c, PLATE), RULES_CHARACTER_UNCONSCIOUS);
    assert_int_equal(EMPTY(&c, SLOT_ARMOR), RULES_CHARACTER_UNCONSCIOUS);
}

static void what_is_not_in_the_data_any_more_comes_off_at_the_next_intent(void **state)
{
    struct character_draft c;
    (void)state;
    fighter(&c);
    give(&c, DAGGER, 2);
    assert_int_equal(MAIN(&c, DAGGER), RULES_OK);
    assert_int_equal(OFF(&c, DAGGER), RULES_OK);
    c.character.equipment[SLOT_MAIN_HAND] = 7;
    assert_int_equal(fixture_apply(&c, &(struct rules_intent){.kind = INTENT_HITPOINTS}), RULES_OK);
    assert_worn(&c, 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(armor_replaces_armor),
        cmocka_unit_test(shield_takes_the_place_of_a_two_handed_weapon),
        cmocka_unit_test(shield_takes_the_place_of_the_off_hand_weapon),
        cmocka_unit_test(two_handed_weapon_empties_shield_and_off_hand),
        cmocka_unit_test(off_hand_takes_light_beside_light),
        cmocka_unit_test(main_hand_that_is_empty_or_heavy_empties_the_off_hand),
        cmocka_unit_test(one_item_in_both_hands_needs_two),
        cmocka_unit_test(armor_and_shields_need_proficiency_weapons_do_not),
        cmocka_unit_test(refusals_come_in_their_order),
        cmocka_unit_test(what_is_not_in_the_data_any_more_comes_off_at_the_next_intent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
