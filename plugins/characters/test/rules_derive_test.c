/*
 * rules_derive_test.c - a row per derived value of the rules.
 */
#include "rules_fixture.h"

static const int32_t average[ABILITY_COUNT] = {10, 10, 10, 10, 10, 10};

static void modifier_is_the_floor_of_half_the_distance_to_ten(void **state)
{
    static const int32_t table[][2] = {{1, -5}, {2, -4}, {3, -4}, {8, -1}, {9, -1},
                                       {10, 0}, {11, 0}, {12, 1}, {13, 1}, {20, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(rules_modifier(table[i][0]), table[i][1]);
}

static void level_follows_the_experience_table(void **state)
{
    static const int64_t needed[] = {0,      300,    900,    2700,   6500,   14000,  23000,
                                     34000,  48000,  64000,  85000,  100000, 120000, 140000,
                                     165000, 195000, 225000, 265000, 305000, 355000};
    (void)state;
    for (int32_t i = 0; i < 20; i++) {
        assert_int_equal(rules_level(fixture_rules(), needed[i]), i + 1);
        if (i > 0)
            assert_int_equal(rules_level(fixture_rules(), needed[i] - 1), i);
    }
    assert_int_equal(rules_level(fixture_rules(), CHARACTER_MAX_EXPERIENCE), 20);
}

static void proficiency_grows_every_four_levels(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", average);
    assert_int_equal(c.character.derived.proficiency, 2);
    c.character.experience = 6500;
    rules_derive(fixture_rules(), &c.character);
    assert_int_equal(c.character.derived.level, 5);
    assert_int_equal(c.character.derived.proficiency, 3);
    c.character.experience = 355000;
    rules_derive(fixture_rules(), &c.character);
    assert_int_equal(c.character.derived.proficiency, 6);
}

static void max_hitpoints(void **state)
{
    (void)state;
    assert_int_equal(rules_max_hitpoints(1, 6, 1), 7);
    assert_int_equal(rules_max_hitpoints(1, 12, 3), 15);
    assert_int_equal(rules_max_hitpoints(3, 10, 2), 12 + 2 * 8);
    assert_int_equal(rules_max_hitpoints(4, 6, -4), 2 + 3 * 1); /* at least 1 per level */
    assert_int_equal(rules_max_hitpoints(1, 4, -5), 1);
}

static int32_t armor_class(const char *class_name, const int32_t scores[ABILITY_COUNT],
                           int32_t armor, int32_t shield)
{
    struct character_draft c;
    fixture_character(&c, "Human", class_name, scores);
    if (armor)
        fixture_wear(&c, INTENT_EQUIP_ARMOR, armor);
    if (shield) { /* a monk has to be handed one: the class is not trained for it */
        c.character.equipment[SLOT_SHIELD] = shield;
        rules_derive(fixture_rules(), &c.character);
    }
    return c.character.derived.armor_class;
}

static void armor_class_by_what_is_worn(void **state)
{
    static const int32_t quick[ABILITY_COUNT] = {10, 18, 14, 10, 16, 10};
    static const int32_t slow[ABILITY_COUNT] = {10, 6, 14, 10, 16, 10};
    (void)state;
    assert_int_equal(armor_class("Fighter", quick, 0, 0), 14);
    assert_int_equal(armor_class("Fighter", quick, 0, SHIELD), 16);
    assert_int_equal(armor_class("Fighter", quick, LEATHER, 0), 15);
    assert_int_equal(armor_class("Fighter", quick, CHAIN_SHIRT, 0), 15);
    assert_int_equal(armor_class("Fighter", slow, CHAIN_SHIRT, 0), 11);
    assert_int_equal(armor_class("Fighter", quick, CHAIN_MAIL, 0), 16);
    assert_int_equal(armor_class("Fighter", slow, CHAIN_MAIL, SHIELD), 18);
    assert_int_equal(armor_class("Barbarian", quick, 0, 0), 16);
    assert_int_equal(armor_class("Barbarian", quick, 0, SHIELD), 18);
    assert_int_equal(armor_class("Barbarian", quick, LEATHER, 0), 15);
    assert_int_equal(armor_class("Monk", quick, 0, 0), 17);
    assert_int_equal(armor_class("Monk", quick, 0, SHIELD), 16); /* no wisdom behind a shield */
}

static int32_t speed_of(const char *race, const char *sub_race, int32_t strength, int32_t armor)
{
    int32_t scores[ABILITY_COUNT] = {strength, 10, 10, 10, 10, 10};
    struct character_draft c;
    fixture_character(&c, race, "Fighter", scores);
    memcpy(c.character.sub_race, sub_race, strlen(sub_race) + 1);
    rules_derive(fixture_rules(), &c.character);
    if (armor)
        fixture_wear(&c, INTENT_EQUIP_ARMOR, armor);
    return c.character.derived.speed;
}

static void speed_by_race_and_heavy_armor(void **state)
{
    static const char *const slow[] = {"Dwarf", "Halfling", "Gnome"};
    static const char *const fast[] = {"Elf",      "Human",    "Dragonborn",
                                       "Half-Elf", "Half-Orc", "Tiefling"};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(speed_of(slow[i], "", 10, 0), 25);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(speed_of(fast[i], "", 10, 0), 30);
    assert_int_equal(speed_of("Elf", "Wood", 10, 0), 35);
    assert_int_equal(speed_of("Elf", "High", 10, 0), 30);
    assert_int_equal(speed_of("Human", "", 12, CHAIN_MAIL), 20);
    assert_int_equal(speed_of("Human", "", 13, CHAIN_MAIL), 30);
    assert_int_equal(speed_of("Human", "", 8, LEATHER), 30);
    assert_int_equal(speed_of("Dwarf", "Hill", 8, PLATE), 25);
}

static void saving_throws_add_proficiency_where_the_class_has_it(void **state)
{
    static const struct {
        const char *class_name;
        enum rules_ability first, second;
    } table[] = {{"Barbarian", ABILITY_STRENGTH, ABILITY_CONSTITUTION},
                 {"Bard", ABILITY_DEXTERITY, ABILITY_CHARISMA},
                 {"Cleric", ABILITY_WISDOM, ABILITY_CHARISMA},
                 {"Druid", ABILITY_INTELLIGENCE, ABILITY_WISDOM},
                 {"Fighter", ABILITY_STRENGTH, ABILITY_CONSTITUTION},
                 {"Monk", ABILITY_STRENGTH, ABILITY_DEXTERITY},
                 {"Paladin", ABILITY_WISDOM, ABILITY_CHARISMA},
                 {"Ranger", ABILITY_STRENGTH, ABILITY_DEXTERITY},
                 {"Rogue", ABILITY_DEXTERITY, ABILITY_INTELLIGENCE},
                 {"Sorcerer", ABILITY_CONSTITUTION, ABILITY_CHARISMA},
                 {"Warlock", ABILITY_WISDOM, ABILITY_CHARISMA},
                 {"Wizard", ABILITY_INTELLIGENCE, ABILITY_WISDOM}};
    static const int32_t scores[ABILITY_COUNT] = {8, 9, 10, 12, 14, 16};
    static const int32_t modifiers[ABILITY_COUNT] = {-1, -1, 0, 1, 2, 3};
    struct character_draft c;
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fixture_character(&c, "Human", table[i].class_name, scores);
        for (int a = 0; a < ABILITY_COUNT; a++) {
            int has = a == (int)table[i].first || a == (int)table[i].second;
            assert_int_equal(c.character.derived.modifiers[a], modifiers[a]);
            assert_int_equal(c.character.derived.saves[a], modifiers[a] + (has ? 2 : 0));
        }
    }
}

static void initiative_and_passive_perception(void **state)
{
    static const int32_t scores[ABILITY_COUNT] = {10, 16, 10, 10, 14, 10};
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Rogue", scores);
    assert_int_equal(c.character.derived.initiative, 3);
    assert_int_equal(c.character.derived.perception, 12);
    fixture_character(&c, "Elf", "Rogue", scores);
    assert_int_equal(c.character.derived.perception, 14);
}

static void assert_attack(const char *class_name, int32_t strength, int32_t dexterity,
                          int32_t weapon, const struct character_attack *expected)
{
    int32_t scores[ABILITY_COUNT] = {strength, dexterity, 10, 10, 10, 10};
    struct character_draft c;
    fixture_character(&c, "Human", class_name, scores);
    if (weapon)
        fixture_wear(&c, INTENT_EQUIP_WEAPON, weapon);
    assert_memory_equal(&c.character.derived.attack, expected, sizeof(*expected));
}

#define ATTACK(...) (&(struct character_attack){__VA_ARGS__})

static void attack_by_weapon(void **state)
{
    (void)state;
    enum { S = ABILITY_STRENGTH, D = ABILITY_DEXTERITY };
    /* ability, bonus, dice, sides, flat, modifier */
    assert_attack("Fighter", 16, 10, LONGSWORD, ATTACK(S, 5, 1, 10, 0, 3)); /* both hands */
    assert_attack("Fighter", 16, 18, LONGSWORD, ATTACK(S, 5, 1, 10, 0, 3));
    assert_attack("Fighter", 10, 16, RAPIER, ATTACK(D, 5, 1, 8, 0, 3));
    assert_attack("Fighter", 16, 10, RAPIER, ATTACK(S, 5, 1, 8, 0, 3));
    assert_attack("Fighter", 16, 16, RAPIER, ATTACK(S, 5, 1, 8, 0, 3)); /* no better: strength */
    assert_attack("Fighter", 16, 8, LIGHT_CROSSBOW, ATTACK(D, 1, 1, 8, 0, -1));
    assert_attack("Fighter", 16, 10, GREATSWORD, ATTACK(S, 5, 2, 6, 0, 3));
    assert_attack("Fighter", 16, 14, BLOWGUN, ATTACK(D, 4, 0, 0, 1, 2));
    assert_attack("Fighter", 16, 14, NET, ATTACK(D, 4, 0, 0, 0, 2));
    assert_attack("Fighter", 16, 14, 0, ATTACK(S, 5, 0, 0, 1, 3));
    assert_attack("Wizard", 10, 14, DAGGER, ATTACK(D, 4, 1, 4, 0, 2));
    assert_attack("Wizard", 10, 14, LONGSWORD, ATTACK(S, 0, 1, 10, 0, 0)); /* not trained */
    assert_attack("Rogue", 10, 14, LONGSWORD, ATTACK(S, 2, 1, 10, 0, 0));  /* trained by name */
}

static void versatile_needs_the_other_hand(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", average);
    fixture_wear(&c, INTENT_EQUIP_SHIELD, SHIELD);
    fixture_wear(&c, INTENT_EQUIP_WEAPON, LONGSWORD);
    assert_int_equal(c.character.derived.attack.sides, 8);
    assert_int_equal(
        fixture_apply(&c, &(struct rules_intent){.kind = INTENT_UNEQUIP, .slot = SLOT_SHIELD}),
        RULES_OK);
    assert_int_equal(c.character.derived.attack.sides, 10);
}

static void off_hand_strikes_without_the_modifier(void **state)
{
    static const int32_t scores[ABILITY_COUNT] = {16, 10, 10, 10, 10, 10};
    struct character_attack attack;
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Human", "Fighter", scores);
    fixture_wear(&c, INTENT_EQUIP_WEAPON, HANDAXE);
    character_add_item(&c.character, DAGGER, 1);
    assert_int_equal(fixture_apply(&c, &(struct rules_intent){.kind = INTENT_EQUIP_WEAPON,
                                                              .item_id = DAGGER,
                                                              .off_hand = 1}),
                     RULES_OK);
    rules_attack(fixture_rules(), &c.character, SLOT_OFF_HAND, &attack);
    assert_memory_equal(&attack, ATTACK(ABILITY_STRENGTH, 5, 1, 4, 0, 0), sizeof(attack));
}

static void data_that_is_gone_leaves_its_share_as_it_was(void **state)
{
    struct character_draft c;
    (void)state;
    fixture_character(&c, "Elf", "Fighter", average);
    fixture_wear(&c, INTENT_EQUIP_ARMOR, CHAIN_MAIL);
    memcpy(c.character.race, "Orc", 4);
    memcpy(c.character.class_name, "Gone", 5);
    c.character.equipment[SLOT_ARMOR] = 7;
    rules_derive(fixture_rules(), &c.character);
    assert_int_equal(c.character.equipment[SLOT_ARMOR], 0);
    assert_int_equal(c.character.derived.armor_class, 10);
    assert_int_equal(c.character.derived.max_hitpoints, 10);
    assert_int_equal(c.character.derived.speed, 20);
    assert_int_equal(c.character.derived.perception, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modifier_is_the_floor_of_half_the_distance_to_ten),
        cmocka_unit_test(level_follows_the_experience_table),
        cmocka_unit_test(proficiency_grows_every_four_levels),
        cmocka_unit_test(max_hitpoints),
        cmocka_unit_test(armor_class_by_what_is_worn),
        cmocka_unit_test(speed_by_race_and_heavy_armor),
        cmocka_unit_test(saving_throws_add_proficiency_where_the_class_has_it),
        cmocka_unit_test(initiative_and_passive_perception),
        cmocka_unit_test(attack_by_weapon),
        cmocka_unit_test(versatile_needs_the_other_hand),
        cmocka_unit_test(off_hand_strikes_without_the_modifier),
        cmocka_unit_test(data_that_is_gone_leaves_its_share_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
