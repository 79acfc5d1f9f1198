/*
 * routes_test.c - the routes as a client sees them: creating, reading, listing, deleting, and what
 * strangers are told.
 */
#include "plugin_fixture.h"

#define WIZARD "{\"name\":\"Pykey\",\"race\":\"Elf\",\"subRace\":\"High\",\"class\":\"Wizard\"}"

static void every_key_of_the_example_is_there(void **state)
{
    static const char *const keys[] = {"id",
                                       "userId",
                                       "name",
                                       "race",
                                       "subRace",
                                       "class",
                                       "level",
                                       "experience",
                                       "hitpoints",
                                       "maxHitpoints",
                                       "unconscious",
                                       "abilityScores.strength",
                                       "abilityScores.dexterity",
                                       "abilityScores.constitution",
                                       "abilityScores.intelligence",
                                       "abilityScores.wisdom",
                                       "abilityScores.charisma",
                                       "abilityModifiers.strength",
                                       "abilityModifiers.charisma",
                                       "savingThrows.strength",
                                       "savingThrows.charisma",
                                       "proficiencyBonus",
                                       "hitDice",
                                       "armorClass",
                                       "movementSpeed",
                                       "initiative",
                                       "passivePerception",
                                       "attack.ability",
                                       "attack.bonus",
                                       "attack.damage",
                                       "equipment.armor",
                                       "equipment.shield",
                                       "equipment.mainHand",
                                       "equipment.offHand",
                                       "inventory.0.itemId",
                                       "inventory.0.quantity",
                                       "currency.copper",
                                       "currency.silver",
                                       "currency.electrum",
                                       "currency.gold",
                                       "currency.platinum",
                                       "gamedataVersion",
                                       "version",
                                       "createdAt",
                                       "updatedAt"};
    struct world *world = *state;
    hearth_test_call *call = send_as(world, ALICE, "POST", "/characters", NULL, WIZARD);
    char location[64];
    assert_status(call, 201);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!hearth_test_json(call, keys[i]))
            fail_msg("%s is missing", keys[i]);
    }
    snprintf(location, sizeof(location), "/characters/%.36s", hearth_test_json(call, "id") + 1);
    assert_string_equal(hearth_test_header(call, "Location"), location);
    assert_string_equal(hearth_test_header(call, "ETag"), "\"1\"");
    assert_string_equal(hearth_test_header(call, "Hearth-Durable-Version"), "1");
    assert_string_equal(hearth_test_json(call, "userId"), "\"" ALICE "\"");
    assert_string_equal(hearth_test_json(call, "equipment.mainHand"), "1478");
    assert_string_equal(hearth_test_json(call, "equipment.armor"), "null");
    assert_string_equal(hearth_test_json(call, "createdAt"), "\"2026-01-01T00:00:00Z\"");
}

static void a_get_gives_the_bytes_of_the_create(void **state)
{
    struct world *world = *state;
    hearth_test_call *made = send_as(world, ALICE, "POST", "/characters", NULL, WIZARD);
    hearth_test_call *got =
        send_as(world, ALICE, "GET", hearth_test_header(made, "Location"), NULL, NULL);
    assert_status(got, 200);
    assert_string_equal(hearth_test_body(got).ptr, hearth_test_body(made).ptr);
    assert_string_equal(hearth_test_header(got, "ETag"), "\"1\"");
}

static void if_none_match(void **state)
{
    static const struct {
        const char *header;
        int status;
    } table[] = {{"\"1\"", 304},          {"W/\"1\"", 304},   {"\"0\", W/\"1\"", 304},
                 {"\"7\",\"1\"", 304},    {"*", 304},         {"\"2\"", 200},
                 {"\"11\"", 200},         {"1", 200},         {"\"1", 200},
                 {"W/\"2\", \"3\"", 200}, {"junk \"1\"", 200}};
    struct world *world = *state;
    const char *id = create_as(world, ALICE, WIZARD);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char header[64];
        snprintf(header, sizeof(header), "If-None-Match: %s", table[i].header);
        hearth_test_call *call = send_as(world, ALICE, "GET", at(id, ""), header, NULL);
        assert_status(call, table[i].status);
        assert_string_equal(hearth_test_header(call, "ETag"), "\"1\"");
        if (table[i].status == 304)
            assert_int_equal(hearth_test_body(call).len, 0);
    }
}

static void malformed_creates(void **state)
{
    static const struct {
        const char *body, *code;
    } table[] = {
        {"{\"race\":\"Human\"}", "INVALID_REQUEST"},
        {"{\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Orc\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"human\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Human\",\"class\":\"Hero\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Human\",\"subRace\":\"High\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"subRace\":\"Hill\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"subRace\":null,\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"name\":null,\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"name\":\"\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"name\":\"A B\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"name\":\"Admin\",\"class\":\"Fighter\"}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"class\":\"Fighter\",\"hitpoints\":9}", "INVALID_REQUEST"},
        {"{\"race\":\"Elf\",\"class\":7}", "INVALID_REQUEST"},
        {"[]", "INVALID_REQUEST"},
        {"{", "INVALID_JSON"}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_refused(send_as(world, ALICE, "POST", "/characters", NULL, table[i].body), 400,
                       table[i].code);
    assert_refused(send_as(world, ALICE, "POST", "/characters", NULL, NULL), 400, "INVALID_JSON");
    assert_int_equal(world->script.commits, 0);
}

static void names_are_unique_without_regard_to_case(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, WIZARD);
    assert_refused(send_as(world, BOB, "POST", "/characters", NULL,
                           "{\"name\":\"pYKEY\",\"race\":\"Human\",\"class\":\"Bard\"}"),
                   409, "NAME_TAKEN");
    assert_status(send_as(world, ALICE, "DELETE", at(id, ""), NULL, NULL), 204);
    create_as(world, BOB, "{\"name\":\"pYKEY\",\"race\":\"Human\",\"class\":\"Bard\"}");
}

static void a_name_is_made_up_and_made_anew_when_taken(void **state)
{
    static const uint32_t first_words[26] = {0}; /* 24 dice, then the name's two syllables */
    struct world *world = *state;
    hearth_test_roll(world->host, first_words, 26);
    hearth_test_call *call = send_as(world, ALICE, "POST", "/characters", NULL, FIGHTER);
    assert_status(call, 201);
    assert_string_equal(hearth_test_json(call, "name"), "\"Adbar\"");
    hearth_test_roll(world->host, first_words, 26);
    call = send_as(world, BOB, "POST", "/characters", NULL, FIGHTER);
    assert_status(call, 201);
    assert_string_not_equal(hearth_test_json(call, "name"), "\"Adbar\"");
}

static void the_list_is_the_callers_own_by_creation_time(void **state)
{
    struct world *world = *state;
    char first[64], second[64];
    snprintf(first, sizeof(first), "\"%s\"", create_as(world, ALICE, FIGHTER));
    hearth_test_advance(world->host, 1000);
    snprintf(second, sizeof(second), "\"%s\"", create_as(world, ALICE, FIGHTER));
    create_as(world, BOB, FIGHTER);
    hearth_test_call *call = send_as(world, ALICE, "GET", "/characters", NULL, NULL);
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "characters.0.id"), first);
    assert_string_equal(hearth_test_json(call, "characters.1.id"), second);
    assert_null(hearth_test_json(call, "characters.2"));
    call = send_as(world, NOBODY, "GET", "/characters", NULL, NULL);
    assert_string_equal(hearth_test_body(call).ptr, "{\"characters\":[]}");
}

static void ids_are_taken_in_any_case(void **state)
{
    struct world *world = *state;
    char upper[64];
    snprintf(upper, sizeof(upper), "%s", create_as(world, ALICE, FIGHTER));
    for (char *c = upper; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
    assert_status(send_as(world, ALICE, "GET", at(upper, ""), NULL, NULL), 200);
}

/* Every route with another player's token: 403 for what is there, 404 for what is not, and nothing
 * of a stranger's is ever loaded. */
static void ownership_matrix(void **state)
{
    static const struct {
        const char *method, *rest, *body;
    } routes[] = {
        {"GET", "", NULL},
        {"DELETE", "", NULL},
        {"PATCH", "/stats/hitpoints", "{\"version\":1,\"delta\":-1}"},
        {"POST", "/equipment/armor", "{\"version\":1,\"itemId\":1410}"},
        {"POST", "/equipment/shield", "{\"version\":1,\"itemId\":1420}"},
        {"POST", "/equipment/weapon", "{\"version\":1,\"itemId\":1498}"},
        {"DELETE", "/equipment/armor", "{\"version\":1}"},
        {"POST", "/inventory/use", "{\"version\":1,\"itemId\":1601}"},
        {"PATCH", "/currency/modify", "{\"version\":1,\"gold\":1}"},
        {"POST", "/currency/exchange",
         "{\"version\":1,\"from\":\"gold\",\"to\":\"silver\",\"amount\":1}"},
        {"POST", "/rest", "{\"version\":1,\"type\":\"long\"}"},
    };
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    size_t commits = world->script.commits;
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        assert_refused(
            send_as(world, BOB, routes[i].method, at(id, routes[i].rest), NULL, routes[i].body),
            403, "FORBIDDEN");
        assert_refused(
            send_as(world, BOB, routes[i].method, at(NOBODY, routes[i].rest), NULL, routes[i].body),
            404, "CHARACTER_NOT_FOUND");
    }
    assert_int_equal(world->script.commits, commits);
    hearth_test_call *call = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    assert_int_equal(number_of(call, "version"), 1);
}

static void deleting(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    assert_refused(send_as(world, ALICE, "DELETE", at(id, ""), "If-Match: \"2\"", NULL), 409,
                   "VERSION_MISMATCH");
    hearth_test_call *call = send_as(world, ALICE, "DELETE", at(id, ""), NULL, NULL);
    assert_status(call, 204);
    assert_int_equal(hearth_test_body(call).len, 0);
    assert_refused(send_as(world, ALICE, "DELETE", at(id, ""), NULL, NULL), 404,
                   "CHARACTER_NOT_FOUND");
    assert_refused(send_as(world, ALICE, "GET", at(id, ""), NULL, NULL), 404,
                   "CHARACTER_NOT_FOUND");
}

static void rule_data_is_served_by_version(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    hearth_test_call *call = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    char path[128];
    snprintf(path, sizeof(path), "/gamedata/%s", hearth_test_json(call, "gamedataVersion") + 1);
    path[strlen(path) - 1] = 0;
    call = hearth_test_request(world->host, "GET", path, NULL, NULL);
    assert_status(call, 200);
    assert_string_equal(hearth_test_header(call, "Cache-Control"),
                        "public, max-age=31536000, immutable");
    assert_non_null(hearth_test_json(call, "items.0.id"));
    assert_non_null(hearth_test_json(call, "attribution"));
    char header[128];
    snprintf(header, sizeof(header), "If-None-Match: %s", hearth_test_header(call, "ETag"));
    assert_status(hearth_test_request(world->host, "GET", path, header, NULL), 304);
    assert_refused(hearth_test_request(world->host, "GET", "/gamedata/0", NULL, NULL), 404,
                   "NOT_FOUND");
}

static void last_logout_evicts(void **state)
{
    struct world *world = *state;
    world_last_logout(ALICE);
    assert_int_equal(world->script.evictions, 1);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_key_of_the_example_is_there),
        TEST(a_get_gives_the_bytes_of_the_create),
        TEST(if_none_match),
        TEST(malformed_creates),
        TEST(names_are_unique_without_regard_to_case),
        TEST(a_name_is_made_up_and_made_anew_when_taken),
        TEST(the_list_is_the_callers_own_by_creation_time),
        TEST(ids_are_taken_in_any_case),
        TEST(ownership_matrix),
        TEST(deleting),
        TEST(rule_data_is_served_by_version),
        TEST(last_logout_evicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
