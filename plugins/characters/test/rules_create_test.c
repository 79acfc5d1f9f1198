/*
 * rules_create_test.c - new characters: dice, bonuses, starting equipment, and made-up names.
 */
#include "rules_fixture.h"

static void create(const char *race, const char *sub_race, const char *class_name,
                   const uint32_t *faces, size_t count, struct character_draft *out)
{
    struct faces script = {faces, count, 0};
    const struct rules_race *race_data = ruleset_race(fixture_rules(), race, strlen(race));
    assert_non_null(race_data);
    struct rules_recipe recipe = {
        race_data, sub_race ? rules_race_sub_race(race_data, sub_race, strlen(sub_race)) : NULL,
        ruleset_class(fixture_rules(), class_name, strlen(class_name))};
    assert_true(!sub_race == !recipe.sub_race);
    assert_non_null(recipe.class_data);
    rules_create(fixture_rules(), &recipe, fixture_dice(&script), out);
}

static void assert_scores(const struct character_draft *c, int32_t strength, int32_t dexterity,
                          int32_t constitution, int32_t intelligence, int32_t wisdom,
                          int32_t charisma)
{
    const int32_t expected[] = {strength, dexterity, constitution, intelligence, wisdom, charisma};
    for (int i = 0; i < ABILITY_COUNT; i++)
        assert_int_equal(c->character.scores[i], expected[i]);
}

/* Six rolls of 4d6: 9, 18, 6, 12, 15, 3 without the lowest die of each. */
static const uint32_t dice[] = {3, 3, 3, 1, 6, 6, 6, 6, 2, 2, 1, 2,
                                4, 4, 4, 4, 5, 1, 5, 5, 1, 1, 1, 1};

static void scores_go_by_the_class_s_priority_and_the_race_s_bonuses(void **state)
{
    struct character_draft c;
    (void)state;
    /* Wizard: INT DEX CON WIS CHA... of 18 15 12 9 6 3 */
    create("Elf", "High", "Wizard", dice, 24, &c);
    assert_scores(&c, 6, 15 + 2, 12, 18 + 1, 9, 3);
    create("Human", NULL, "Fighter", dice, 24, &c); /* STR CON DEX WIS CHA INT */
    assert_scores(&c, 19, 13, 16, 4, 10, 7);
    create("Half-Elf", NULL, "Fighter", dice, 24, &c); /* CHA + 2, and + 1 to STR and CON */
    assert_scores(&c, 19, 12, 16, 3, 9, 6 + 2);
    create("Half-Elf", NULL, "Bard", dice, 24, &c); /* CHA has its own: + 1 to DEX and CON */
    assert_scores(&c, 3, 16, 13, 6, 9, 20);
}

static void race_bonuses_as_in_the_data_reference(void **state)
{
    static const struct {
        const char *race, *sub_race;
        int32_t bonuses[ABILITY_COUNT];
    } table[] = {
        {"Dwarf", "Hill", {0, 0, 2, 0, 1, 0}},         {"Elf", "High", {0, 2, 0, 1, 0, 0}},
        {"Halfling", "Lightfoot", {0, 2, 0, 0, 0, 1}}, {"Human", NULL, {1, 1, 1, 1, 1, 1}},
        {"Dragonborn", NULL, {2, 0, 0, 0, 0, 1}},      {"Gnome", "Rock", {0, 0, 1, 2, 0, 0}},
        {"Half-Orc", NULL, {2, 0, 1, 0, 0, 0}},        {"Tiefling", NULL, {0, 0, 0, 1, 0, 2}}};
    static const uint32_t threes[] = {1};
    struct character_draft c;
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        create(table[i].race, table[i].sub_race, "Cleric", threes, 1, &c);
        for (int a = 0; a < ABILITY_COUNT; a++)
            assert_int_equal(c.character.scores[a], 3 + table[i].bonuses[a]);
    }
}

static void all_named_races_and_classes_are_there(void **state)
{
    static const char *const races[][2] = {
        {"Dwarf", "Hill"},         {"Dwarf", "Mountain"}, {"Elf", "High"},   {"Elf", "Wood"},
        {"Elf", "Drow"},           {"Halfling", "Stout"}, {"Human", NULL},   {"Dragonborn", NULL},
        {"Halfling", "Lightfoot"}, {"Gnome", "Forest"},   {"Gnome", "Rock"}, {"Gnome", "Deep"},
        {"Half-Elf", NULL},        {"Half-Orc", NULL},    {"Tiefling", NULL}};
    static const struct {
        const char *name;
        int32_t die;
    } classes[] = {{"Barbarian", 12}, {"Fighter", 10}, {"Paladin", 10}, {"Ranger", 10},
                   {"Bard", 8},       {"Cleric", 8},   {"Druid", 8},    {"Monk", 8},
                   {"Rogue", 8},      {"Warlock", 8},  {"Sorcerer", 6}, {"Wizard", 6}};
    static const uint32_t average[] = {3};
    struct character_draft c;
    (void)state;
    assert_int_equal(fixture_rules()->race_count, 9);
    assert_int_equal(fixture_rules()->class_count, 12);
    for (size_t i = 0; i < 15; i++) {
        for (size_t j = 0; j < 12; j++) {
            create(races[i][0], races[i][1], classes[j].name, average, 1, &c);
            int32_t constitution = c.character.derived.modifiers[ABILITY_CONSTITUTION];
            assert_int_equal(c.character.derived.max_hitpoints, classes[j].die + constitution);
            assert_int_equal(c.character.hitpoints, c.character.derived.max_hitpoints);
            assert_int_equal(c.character.hit_dice, 1);
        }
    }
}

static void first_armor_shield_and_weapon_are_worn(void **state)
{
    static const struct {
        const char *class_name;
        int32_t armor, shield, weapon;
    } table[] = {{"Barbarian", 0, 0, 1494},
                 {"Bard", LEATHER, 0, RAPIER},
                 {"Cleric", SCALE_MAIL, SHIELD, 1483},
                 {"Druid", LEATHER, SHIELD, 1503},
                 {"Fighter", CHAIN_MAIL, SHIELD, LONGSWORD},
                 {"Monk", 0, 0, SHORTSWORD},
                 {"Paladin", CHAIN_MAIL, SHIELD, LONGSWORD},
                 {"Ranger", LEATHER, 0, SHORTSWORD},
                 {"Rogue", LEATHER, 0, SHORTSWORD},
                 {"Sorcerer", 0, 0, LIGHT_CROSSBOW},
                 {"Warlock", LEATHER, 0, LIGHT_CROSSBOW},
                 {"Wizard", 0, 0, DAGGER}};
    static const uint32_t average[] = {3};
    struct character_draft c;
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        create("Human", NULL, table[i].class_name, average, 1, &c);
        assert_int_equal(c.character.equipment[SLOT_ARMOR], table[i].armor);
        assert_int_equal(c.character.equipment[SLOT_SHIELD], table[i].shield);
        assert_int_equal(c.character.equipment[SLOT_MAIN_HAND], table[i].weapon);
        assert_int_equal(c.character.equipment[SLOT_OFF_HAND], 0);
        assert_true(c.character.coins[COIN_GOLD] > 0);
    }
    create("Human", NULL, "Cleric", average, 1, &c);
    assert_int_equal(character_quantity(&c.character, POTION), 1);
    create("Human", NULL, "Ranger", average, 1, &c);
    assert_int_equal(character_quantity(&c.character, SHORTSWORD), 2);
}

static void the_example_wizard(void **state)
{
    /* 15, 12, 12, 10, 10, 8 for INT DEX CON WIS STR CHA, and a High Elf's bonuses */
    static const uint32_t faces[] = {5, 5, 5, 1, 4, 4, 4, 1, 4, 4, 4, 1,
                                     4, 3, 3, 1, 4, 3, 3, 1, 3, 3, 2, 1};
    struct character_draft c;
    (void)state;
    create("Elf", "High", "Wizard", faces, 24, &c);
    assert_scores(&c, 10, 14, 12, 16, 10, 8);
    assert_int_equal(c.character.derived.max_hitpoints, 7);
    assert_int_equal(c.character.derived.armor_class, 12);
    assert_int_equal(c.character.derived.perception, 12);
    assert_int_equal(c.character.derived.attack.bonus, 4);
    assert_int_equal(c.character.item_count, 1);
    assert_int_equal(c.character.coins[COIN_GOLD], 15);
}

static void names_are_letters_and_not_blocked(void **state)
{
    static const struct {
        const char *name;
        enum rules_name_verdict verdict;
    } table[] = {{"Pykey", NAME_OK},           {"a", NAME_OK},
                 {"ABCDEFGHIJKLMNO", NAME_OK}, {"ABCDEFGHIJKLMNOP", NAME_MALFORMED},
                 {"", NAME_MALFORMED},         {"Two Words", NAME_MALFORMED},
                 {"J0n", NAME_MALFORMED},      {"Zo\xc3\xab", NAME_MALFORMED},
                 {"[\\]", NAME_MALFORMED},     {"aDmIn", NAME_BLOCKED},
                 {"Adminton", NAME_OK},        {"xShItx", NAME_BLOCKED}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(rules_name_check(fixture_rules(), table[i].name, strlen(table[i].name)),
                         table[i].verdict);
    assert_int_equal(rules_name_check(fixture_rules(), "a\0b", 3), NAME_MALFORMED);
}

static void made_up_names_are_good_names(void **state)
{
    char name[CHARACTER_NAME_SIZE];
    uint64_t seed = 7;
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        rules_name_make(fixture_rules(), i % 9, fixture_random(&seed), name);
        assert_int_equal(rules_name_check(fixture_rules(), name, strlen(name)), NAME_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_go_by_the_class_s_priority_and_the_race_s_bonuses),
        cmocka_unit_test(race_bonuses_as_in_the_data_reference),
        cmocka_unit_test(all_named_races_and_classes_are_there),
        cmocka_unit_test(first_armor_shield_and_weapon_are_worn),
        cmocka_unit_test(the_example_wizard),
        cmocka_unit_test(names_are_letters_and_not_blocked),
        cmocka_unit_test(made_up_names_are_good_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
