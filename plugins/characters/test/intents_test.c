/*
 * intents_test.c - the routes that change a character: versions, refusals, and the order in which a
 * request is judged.
 */
#include "plugin_fixture.h"

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

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_intent_adds_one_to_the_version_and_gives_the_whole_state),
        TEST(a_stale_client_gets_the_truth),
        TEST(versions_and_if_match),
        TEST(emptying_a_slot_needs_only_a_version),
        TEST(a_request_is_judged_in_order),
        TEST(every_route_changes_what_it_names),
        TEST(malformed_intents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
