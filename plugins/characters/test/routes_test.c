/*
 * routes_test.c - the routes as a client sees them: shapes, headers, codes, and the order in which
 * a request is judged.
 */
#include "plugin_fixture.h"

#define WIZARD  "{\"name\":\"Pykey\",\"race\":\"Elf\",\"subRace\":\"High\",\"class\":\"Wizard\"}"
#define FIGHTER "{\"race\":\"Human\",\"class\":\"Fighter\"}"
#define NOBODY  "99999999-9999-4999-8999-999999999999"

static char path_buffer[256];

static const char *at(const char *id, const char *rest)
{
    snprintf(path_buffer, sizeof(path_buffer), "/characters/%s%s", id, rest);
    return path_buffer;
}

static hearth_test_call *hitpoints(struct world *world, const char *id, const char *headers,
                                   const char *body)
{
    return send_as(world, ALICE, "PATCH", at(id, "/stats/hitpoints"), headers, body);
}

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
    struct world *world = *state;
    create_as(world, ALICE, "{\"name\":\"Adbar\",\"race\":\"Human\",\"class\":\"Bard\"}");
    for (int i = 0; i < 50; i++) {
        hearth_test_call *call = send_as(world, ALICE, "POST", "/characters", NULL, FIGHTER);
        assert_status(call, 201);
        assert_true(strlen(hearth_test_json(call, "name")) > 2);
        hearth_test_release(call);
    }
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

static void an_intent_adds_one_to_the_version_and_gives_the_whole_state(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    hearth_test_advance(world->host, 5000);
    world->script.lag = 1;
    hearth_test_call *call = hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-3}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "version"), 2);
    assert_int_equal(number_of(call, "hitpoints"), number_of(call, "maxHitpoints") - 3);
    assert_string_equal(hearth_test_header(call, "ETag"), "\"2\"");
    assert_string_equal(hearth_test_header(call, "Hearth-Durable-Version"), "1");
    assert_string_equal(hearth_test_json(call, "updatedAt"), "\"2026-01-01T00:00:05Z\"");
    assert_string_equal(hearth_test_json(call, "createdAt"), "\"2026-01-01T00:00:00Z\"");
    assert_int_equal(world->script.durability, HEARTH_JOURNAL);
    call = hitpoints(world, id, "If-Match: \"2\"", "{\"delta\":1}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "version"), 3);
    assert_int_equal((int)hearth_test_metric(world->host, "hearth_characters_intents_total", NULL),
                     2);
}

static void a_stale_client_gets_the_truth(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    assert_status(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-3}"), 200);
    hearth_test_call *call = hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-3}");
    assert_refused(call, 409, "VERSION_MISMATCH");
    assert_string_equal(hearth_test_json(call, "error"), "\"Version mismatch. Please refresh.\"");
    assert_int_equal(number_of(call, "character.version"), 2);
    assert_int_equal(number_of(call, "character.hitpoints"),
                     number_of(call, "character.maxHitpoints") - 3);
    assert_refused(hitpoints(world, id, NULL, "{\"version\":3,\"delta\":1}"), 409,
                   "VERSION_MISMATCH"); /* the future */
    assert_refused(hitpoints(world, id, "If-Match: \"1\"", "{\"delta\":1}"), 409,
                   "VERSION_MISMATCH");
}

static void versions_and_if_match(void **state)
{
    static const char *const bad_tags[] = {"1",
                                           "W/\"1\"",
                                           "*",
                                           "\"\"",
                                           "\"a\"",
                                           "\"01\"",
                                           "\"1\", \"2\"",
                                           "\"-1\"",
                                           "\"1",
                                           "\"0\"",
                                           "\"9007199254740992\""};
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    for (size_t i = 0; i < sizeof(bad_tags) / sizeof(bad_tags[0]); i++) {
        char header[64];
        snprintf(header, sizeof(header), "If-Match: %s", bad_tags[i]);
        assert_refused(hitpoints(world, id, header, "{\"delta\":1}"), 400, "INVALID_REQUEST");
    }
    assert_refused(hitpoints(world, id, "If-Match: \"2\"", "{\"version\":1,\"delta\":1}"), 400,
                   "INVALID_REQUEST");
    assert_refused(hitpoints(world, id, NULL, "{\"delta\":1}"), 428, "VERSION_REQUIRED");
    assert_refused(hitpoints(world, id, NULL, "{\"version\":0,\"delta\":1}"), 400,
                   "INVALID_REQUEST");
    assert_refused(hitpoints(world, id, NULL, "{\"version\":1.0,\"delta\":1}"), 400,
                   "INVALID_REQUEST");
    assert_refused(hitpoints(world, id, NULL, "{\"version\":9007199254740992,\"delta\":1}"), 400,
                   "INVALID_REQUEST");
    assert_status(hitpoints(world, id, "If-Match: \"1\"", "{\"version\":1,\"delta\":1}"), 200);
}

static void emptying_a_slot_needs_only_a_version(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    assert_refused(send_as(world, ALICE, "DELETE", at(id, "/equipment/armor"), NULL, NULL), 428,
                   "VERSION_REQUIRED");
    assert_refused(send_as(world, ALICE, "DELETE", at(id, "/equipment/armor"), NULL, "{}"), 428,
                   "VERSION_REQUIRED");
    assert_refused(send_as(world, ALICE, "DELETE", at(id, "/equipment/hat"), NULL, NULL), 400,
                   "INVALID_REQUEST");
    hearth_test_call *call =
        send_as(world, ALICE, "DELETE", at(id, "/equipment/armor"), "If-Match: \"1\"", NULL);
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "equipment.armor"), "null");
    call = send_as(world, ALICE, "DELETE", at(id, "/equipment/mainHand"), NULL, "{\"version\":2}");
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "equipment.mainHand"), "null");
    assert_int_equal(number_of(call, "attack.bonus"),
                     2 + number_of(call, "abilityModifiers.strength"));
}

/* The order: body, existence and ownership, Idempotency-Key, version, rules. */
static void a_request_is_judged_in_order(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    const char *bad = "{\"delta\":\"x\"}", *good = "{\"delta\":1}";
    assert_refused(send_as(world, BOB, "PATCH", at("nonsense", "/stats/hitpoints"), NULL, bad), 400,
                   "INVALID_ID");
    assert_refused(send_as(world, BOB, "PATCH", at(id, "/stats/hitpoints"), NULL, bad), 400,
                   "INVALID_REQUEST");
    assert_refused(send_as(world, BOB, "PATCH", at(id, "/stats/hitpoints"), NULL, good), 403,
                   "FORBIDDEN"); /* before 428 */
    assert_refused(send_as(world, BOB, "PATCH", at(NOBODY, "/stats/hitpoints"), NULL, good), 404,
                   "CHARACTER_NOT_FOUND");
    assert_refused(
        send_as(world, BOB, "PATCH", at(NOBODY, "/stats/hitpoints"), "Idempotency-Key: ", good),
        400, "INVALID_REQUEST"); /* a malformed key is judged with the body */
    assert_status(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-999}"), 200);
    assert_refused(hitpoints(world, id, NULL, "{\"delta\":-1}"), 428, "VERSION_REQUIRED");
    assert_refused(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-1}"), 409,
                   "VERSION_MISMATCH"); /* before the rules */
    assert_refused(hitpoints(world, id, NULL, "{\"version\":2,\"delta\":-1}"), 422,
                   "CHARACTER_UNCONSCIOUS");
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

static void every_route_changes_what_it_names(void **state)
{
    struct world *world = *state;
    char id[64];
    hearth_test_call *call;
    snprintf(id, sizeof(id), "%s",
             create_as(world, ALICE, "{\"race\":\"Dwarf\",\"class\":\"Cleric\"}"));
    assert_status(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-7}"), 200);
    call = send_as(world, ALICE, "POST", at(id, "/inventory/use"), NULL,
                   "{\"version\":2,\"itemId\":1601}");
    assert_status(call, 200);
    assert_true(number_of(call, "hitpoints") >= 4);
    call = send_as(world, ALICE, "POST", at(id, "/inventory/use"), NULL,
                   "{\"version\":3,\"itemId\":1601}");
    assert_refused(call, 422, "ITEM_NOT_OWNED");
    call = send_as(world, ALICE, "POST", at(id, "/equipment/weapon"), NULL,
                   "{\"version\":3,\"itemId\":1487,\"offHand\":false}");
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "equipment.mainHand"), "1487");
    assert_string_equal(hearth_test_json(call, "equipment.shield"), "null");
    call = send_as(world, ALICE, "POST", at(id, "/equipment/shield"), NULL,
                   "{\"version\":4,\"itemId\":1420}");
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "equipment.mainHand"), "null");
    call = send_as(world, ALICE, "POST", at(id, "/equipment/armor"), NULL,
                   "{\"version\":5,\"itemId\":1406}");
    assert_status(call, 200);
    call = send_as(world, ALICE, "PATCH", at(id, "/currency/modify"), NULL,
                   "{\"version\":6,\"gold\":-5,\"copper\":0,\"silver\":3}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "currency.gold"), 10);
    assert_int_equal(number_of(call, "currency.silver"), 3);
    call = send_as(world, ALICE, "POST", at(id, "/currency/exchange"), NULL,
                   "{\"version\":7,\"from\":\"gold\",\"to\":\"platinum\",\"amount\":10}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "currency.platinum"), 1);
    call =
        send_as(world, ALICE, "POST", at(id, "/rest"), NULL, "{\"version\":8,\"type\":\"short\"}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "hitDice"), 0);
    call =
        send_as(world, ALICE, "POST", at(id, "/rest"), NULL, "{\"version\":9,\"type\":\"short\"}");
    assert_refused(call, 422, "NO_HIT_DICE");
    call =
        send_as(world, ALICE, "POST", at(id, "/rest"), NULL, "{\"version\":9,\"type\":\"long\"}");
    assert_status(call, 200);
    assert_int_equal(number_of(call, "hitDice"), 1);
    assert_int_equal(number_of(call, "version"), 10);
}

static void malformed_intents(void **state)
{
    static const struct {
        const char *method, *rest, *body;
    } table[] = {
        {"PATCH", "/stats/hitpoints", "{\"version\":1}"},
        {"PATCH", "/stats/hitpoints", "{\"version\":1,\"delta\":1e2}"},
        {"PATCH", "/stats/hitpoints", "{\"version\":1,\"delta\":1,\"armorClass\":30}"},
        {"POST", "/equipment/armor", "{\"version\":1,\"itemId\":null}"},
        {"POST", "/equipment/weapon", "{\"version\":1,\"itemId\":1498,\"offHand\":null}"},
        {"POST", "/equipment/weapon", "{\"version\":1,\"itemId\":1498,\"offHand\":1}"},
        {"PATCH", "/currency/modify", "{\"version\":1}"},
        {"PATCH", "/currency/modify", "{\"version\":1,\"bitcoin\":1}"},
        {"POST", "/currency/exchange",
         "{\"version\":1,\"from\":\"gold\",\"to\":\"gold\",\"amount\":1}"},
        {"POST", "/currency/exchange",
         "{\"version\":1,\"from\":\"gold\",\"to\":\"euro\",\"amount\":1}"},
        {"POST", "/currency/exchange",
         "{\"version\":1,\"from\":\"gold\",\"to\":\"silver\",\"amount\":0}"},
        {"POST", "/rest", "{\"version\":1,\"type\":\"nap\"}"},
        {"POST", "/rest", "{\"version\":1}"},
    };
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    size_t commits = world->script.commits;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_refused(
            send_as(world, ALICE, table[i].method, at(id, table[i].rest), NULL, table[i].body), 400,
            "INVALID_REQUEST");
    assert_refused(hearth_test_send(world->host,
                                    &(hearth_test_request_spec){.method = "PATCH",
                                                                .path = at(id, "/stats/hitpoints"),
                                                                .user = ALICE,
                                                                .body = HEARTH_STR("{}")}),
                   415, "UNSUPPORTED_MEDIA_TYPE");
    assert_int_equal(world->script.commits, commits);
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
        TEST(an_intent_adds_one_to_the_version_and_gives_the_whole_state),
        TEST(a_stale_client_gets_the_truth),
        TEST(versions_and_if_match),
        TEST(emptying_a_slot_needs_only_a_version),
        TEST(a_request_is_judged_in_order),
        TEST(ids_are_taken_in_any_case),
        TEST(ownership_matrix),
        TEST(every_route_changes_what_it_names),
        TEST(malformed_intents),
        TEST(deleting),
        TEST(rule_data_is_served_by_version),
        TEST(last_logout_evicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
