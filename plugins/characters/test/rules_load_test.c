/*
 * rules_load_test.c - the shipped data loads; every kind of fault in it is one clear sentence.
 */
#include "rules_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const files[] = {"rules", "items", "races", "classes", "names"};

static char folder[] = "/tmp/hearth-gamedata-XXXXXX";

static char *read_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), GAMEDATA "/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* Writes a copy of the data in which `from` is replaced by `to` in one file. */
static void write_changed(const char *changed, const char *from, const char *to)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512], *text = read_file(files[i]), *at = NULL;
        snprintf(path, sizeof(path), "%s/%s.json", folder, files[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        if (changed && strcmp(files[i], changed) == 0) {
            at = strstr(text, from);
            if (!at)
                fail_msg("%s.json does not contain %s", changed, from);
            fprintf(file, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        } else {
            fputs(text, file);
        }
        fclose(file);
        free(text);
    }
}

static void refused(const char *changed, const char *from, const char *to, const char *sentence)
{
    char error[RULESET_ERROR_SIZE] = "", expected[RULESET_ERROR_SIZE];
    write_changed(changed, from, to);
    struct ruleset *rules = ruleset_load(folder, 100, error);
    ruleset_destroy(rules);
    snprintf(expected, sizeof(expected), "%s/%s.json: %s", folder, changed, sentence);
    if (rules || strncmp(error, expected, strlen(expected)) != 0)
        fail_msg("expected \"%s\", found \"%s\"", expected, error);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[512];
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s.json", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void faults_are_named_with_file_and_path(void **state)
{
    (void)state;
    refused("items", "\"id\": 1478", "\"id\": \"1478\"",
            "/items/14/id: expected an integer, found \"1478\"");
    refused("items", "\"id\": 1478", "\"id\": 0",
            "/items/14/id: expected an integer from 1 to 2147483647, found 0");
    refused("items", "\"id\": 1478", "\"id\": 1477",
            "/items: expected every id once, found 1477 twice");
    refused("items", "\"kind\": \"shield\"", "\"kind\": \"sheeld\"",
            "/items/12/kind: expected one of \"armor\", \"shield\", \"weapon\", \"consumable\", "
            "\"gear\", found \"sheeld\"");
    refused("items", "\"kind\": \"shield\"", "\"kind\": \"armor\"",
            "/items/12: expected the key \"armor\" in an item of kind \"armor\"");
    refused("items", "\"kind\": \"gear\"", "\"kind\": \"gear\", \"magic\": 1",
            "/items/54: expected no key \"magic\", found ");
    refused("items", "{\"dice\": 1, \"sides\": 4}", "{\"dice\": 1}",
            "/items/13/weapon: expected damage with dice and sides");
    refused("items", "\"properties\": [\"versatile\"], \"versatile\"",
            "\"properties\": [], \"versatile\"",
            "/items/20/weapon: expected the property \"versatile\" and the damage");
    refused("items", "\"attribution\"", "\"author\"",
            "/: expected the key \"attribution\", found {");
    refused("items", "\"items\": [", "\"items\": [,",
            "line 4, column 13: expected readable JSON, found: ");
    refused("races", "\"name\": \"Elf\"", "\"name\": \"Dwarf\"",
            "/races/1: expected a new name, found \"Dwarf\"");
    refused("races", "\"name\": \"Wood\"", "\"name\": \"High\"",
            "/races/1/subRaces/1: expected a new name, found \"High\"");
    refused("races", "\"name\": \"Elf\"", "\"name\": \"El\\\"f\"",
            "/races/1/name: expected a string like ");
    refused("races", "{\"constitution\": 2}", "{\"luck\": 2}",
            "/races/0/abilityBonuses: expected no key \"luck\"");
    refused("classes", "\"itemId\": 1494", "\"itemId\": 7",
            "/classes/0/startingEquipment/0/itemId: expected an id of items.json, found 7");
    refused("classes", "\"items\": [1498", "\"items\": [1402",
            "/classes/1/weaponProficiencies/items/0: expected a weapon of items.json, found 1402");
    refused("classes", "\"abilityPriority\": [\"strength\", \"constitution\"",
            "\"abilityPriority\": [\"strength\", \"strength\"",
            "/classes/0/abilityPriority: expected every ability once");
    refused("classes", "\"hitDie\": 12", "\"hitDie\": 7",
            "/classes/0/hitDie: expected one of 4, 6, 8, 10, 12, 20, found 7");
    refused("rules", "[0, 300,", "[0, 0,",
            "/experience/1: expected 0 and then growing numbers, found 0");
    refused("rules", "\"1.0.0\"", "\"\"", "/version: expected 1 to 20 characters, found \"\"");
    refused("names", "\"starts\": [\"Ad\"", "\"starts\": [\"A d\"",
            "/starts/0: expected a string like ^[A-Za-z]+$, found \"A d\"");
}

static void missing_files_are_named(void **state)
{
    char error[RULESET_ERROR_SIZE] = "";
    (void)state;
    assert_null(ruleset_load("/nowhere", 100, error));
    assert_non_null(strstr(error, "/nowhere/rules.json: "));
}

static void version_changes_with_the_content(void **state)
{
    char error[RULESET_ERROR_SIZE] = "";
    (void)state;
    write_changed(NULL, NULL, NULL);
    struct ruleset *same = ruleset_load(folder, 100, error);
    assert_non_null(same);
    assert_string_equal(same->version, fixture_rules()->version);
    write_changed("items", "\"armorClass\": 18", "\"armorClass\": 19");
    struct ruleset *other = ruleset_load(folder, 100, error);
    assert_non_null(other);
    assert_string_not_equal(other->version, same->version);
    assert_int_equal(strncmp(other->version, "1.0.0-", 6), 0);
    ruleset_destroy(same);
    ruleset_destroy(other);
}

static void published_data_carries_attribution_and_no_block_list(void **state)
{
    const struct ruleset *rules = fixture_rules();
    json_t *published = json_loadb(rules->published, rules->published_len, 0, NULL);
    (void)state;
    assert_non_null(published);
    assert_string_equal(json_string_value(json_object_get(published, "version")), rules->version);
    const char *attribution = json_string_value(json_object_get(published, "attribution"));
    assert_non_null(strstr(attribution, "System Reference Document 5.1"));
    assert_non_null(strstr(attribution, "creativecommons.org/licenses/by/4.0"));
    assert_int_equal(json_array_size(json_object_get(published, "items")), rules->item_count);
    assert_int_equal(json_array_size(json_object_get(published, "classes")), 12);
    assert_null(strstr(rules->published, "blocked"));
    json_decref(published);
}

static void all_reference_armor_and_weapons_are_there(void **state)
{
    size_t kinds[ITEM_GEAR + 1] = {0}, ranged = 0, simple = 0;
    (void)state;
    for (size_t i = 0; i < fixture_rules()->item_count; i++) {
        const struct rules_item *item = &fixture_rules()->items[i];
        kinds[item->kind]++;
        if (item->kind == ITEM_WEAPON) {
            ranged += item->weapon.ranged ? 1 : 0;
            simple += item->weapon.category == WEAPON_SIMPLE ? 1 : 0;
        }
    }
    assert_int_equal(kinds[ITEM_ARMOR], 12);
    assert_int_equal(kinds[ITEM_SHIELD], 1);
    assert_int_equal(kinds[ITEM_WEAPON], 37);
    assert_int_equal(simple, 14);
    assert_int_equal(ranged, 9);
    assert_int_equal(kinds[ITEM_CONSUMABLE], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_named_with_file_and_path),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(version_changes_with_the_content),
        cmocka_unit_test(published_data_carries_attribution_and_no_block_list),
        cmocka_unit_test(all_reference_armor_and_weapons_are_there),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
