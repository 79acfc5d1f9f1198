/*
 * waiting_test.c - what happens around a commit: repeats with an Idempotency-Key, many clients on
 * one version, storage that is late or away, clients that go, memory that runs out.
 */
#include "plugin_fixture.h"

#define NAMED "{\"name\":\"Once\",\"race\":\"Human\",\"class\":\"Fighter\"}"

static void a_repeated_intent_is_applied_once(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    const char *body = "{\"version\":1,\"delta\":-1}";
    hearth_test_call *first = hitpoints(world, id, "Idempotency-Key: k1", body);
    assert_status(first, 200);
    assert_null(hearth_test_header(first, "Idempotency-Replayed"));
    assert_status(hitpoints(world, id, NULL, "{\"version\":2,\"delta\":-1}"), 200);
    hearth_test_call *again = hitpoints(world, id, "Idempotency-Key: k1", body);
    assert_status(again, 200);
    assert_string_equal(hearth_test_header(again, "Idempotency-Replayed"), "true");
    assert_int_equal(number_of(again, "version"), 3); /* as it stands */
    assert_string_equal(hearth_test_header(again, "ETag"), "\"3\"");
    assert_refused(hitpoints(world, id, "Idempotency-Key: k1", "{\"version\":1,\"delta\":-2}"), 409,
                   "IDEMPOTENCY_MISMATCH");
    /* If-Match is not compared */
    assert_status(hitpoints(world, id, "Idempotency-Key: k1\nIf-Match: \"1\"", body), 200);
    /* another method or path is another scope */
    assert_refused(send_as(world, ALICE, "POST", at(id, "/rest"), "Idempotency-Key: k1",
                           "{\"version\":1,\"type\":\"long\"}"),
                   409, "VERSION_MISMATCH");
}

static void only_successes_count(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    assert_refused(hitpoints(world, id, "Idempotency-Key: k", "{\"version\":9,\"delta\":-1}"), 409,
                   "VERSION_MISMATCH");
    hearth_test_call *call =
        hitpoints(world, id, "Idempotency-Key: k", "{\"version\":1,\"delta\":-1}");
    assert_status(call, 200);
    assert_null(hearth_test_header(call, "Idempotency-Replayed"));
}

static void keys_have_a_length(void **state)
{
    struct world *world = *state;
    const char *id = create_as(world, ALICE, FIGHTER);
    char header[128] = "Idempotency-Key: ";
    size_t start = strlen(header);
    memset(header + start, 'k', 65);
    assert_refused(hitpoints(world, id, header, "{\"version\":1,\"delta\":-1}"), 400,
                   "INVALID_REQUEST");
    header[start + 64] = 0;
    assert_status(hitpoints(world, id, header, "{\"version\":1,\"delta\":-1}"), 200);
    assert_refused(hitpoints(world, id, "Idempotency-Key: ", "{\"version\":2,\"delta\":-1}"), 400,
                   "INVALID_REQUEST");
    assert_refused(send_as(world, ALICE, "POST", "/characters", "Idempotency-Key: ", FIGHTER), 400,
                   "INVALID_REQUEST");
    /* elsewhere it is ignored */
    assert_status(send_as(world, ALICE, "DELETE", at(id, "/equipment/armor"),
                          "Idempotency-Key: ", "{\"version\":2}"),
                  200);
    assert_status(send_as(world, ALICE, "GET", at(id, ""), "Idempotency-Key: ", NULL), 200);
}

static void a_repeated_create_answers_as_the_first_time(void **state)
{
    struct world *world = *state;
    hearth_test_call *first =
        send_as(world, ALICE, "POST", "/characters", "Idempotency-Key: c", NAMED);
    assert_status(first, 201);
    hearth_test_call *again =
        send_as(world, ALICE, "POST", "/characters", "Idempotency-Key: c", NAMED);
    assert_status(again, 201);
    assert_string_equal(hearth_test_header(again, "Idempotency-Replayed"), "true");
    assert_string_equal(hearth_test_header(again, "Location"),
                        hearth_test_header(first, "Location"));
    assert_string_equal(hearth_test_body(again).ptr, hearth_test_body(first).ptr);
    assert_refused(send_as(world, ALICE, "POST", "/characters", "Idempotency-Key: c", FIGHTER), 409,
                   "IDEMPOTENCY_MISMATCH");
    /* another user's key of the same name is another key */
    assert_status(send_as(world, BOB, "POST", "/characters", "Idempotency-Key: c", FIGHTER), 201);
    assert_status(
        send_as(world, ALICE, "DELETE", hearth_test_header(first, "Location"), NULL, NULL), 204);
    assert_refused(send_as(world, ALICE, "POST", "/characters", "Idempotency-Key: c", NAMED), 404,
                   "CHARACTER_NOT_FOUND");
}

static hearth_test_call *start_hitpoints(struct world *world, const char *id, const char *headers,
                                         uint32_t loop)
{
    char all[128];
    snprintf(all, sizeof(all), "Content-Type: application/json%s%s", headers ? "\n" : "",
             headers ? headers : "");
    return hearth_test_send(
        world->host, &(hearth_test_request_spec){.method = "PATCH",
                                                 .path = at(id, "/stats/hitpoints"),
                                                 .headers = all,
                                                 .body = HEARTH_STR("{\"version\":1,\"delta\":-1}"),
                                                 .user = ALICE,
                                                 .loop = loop});
}

static void sixteen_clients_on_one_version_have_one_winner(void **state)
{
    struct world *world = *state;
    hearth_test_call *calls[16];
    int winners = 0, stale = 0;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    world->script.hold_commits = 1;
    for (uint32_t i = 0; i < 16; i++) {
        calls[i] = start_hitpoints(world, id, NULL, i % 2);
        assert_status(calls[i], 0); /* nobody sees a state that is not acknowledged */
    }
    hearth_test_call *reader = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    assert_int_equal(number_of(reader, "version"), 1);
    script_release(world);
    for (size_t i = 0; i < 16; i++) {
        winners += hearth_test_status(calls[i]) == 200;
        stale += hearth_test_status(calls[i]) == 409;
        if (hearth_test_status(calls[i]) == 409)
            assert_int_equal(number_of(calls[i], "character.version"), 2);
    }
    assert_int_equal(winners, 1);
    assert_int_equal(stale, 15);
}

static void a_repeat_waits_for_the_first(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    world->script.hold_commits = 1;
    hearth_test_call *first = start_hitpoints(world, id, "Idempotency-Key: w", 0);
    hearth_test_call *second = start_hitpoints(world, id, "Idempotency-Key: w", 1);
    assert_status(second, 0);
    script_release(world);
    assert_status(first, 200);
    assert_status(second, 200);
    assert_string_equal(hearth_test_header(second, "Idempotency-Replayed"), "true");
    assert_int_equal(number_of(second, "version"), 2);
}

/* The first was answered 504, or its answer was lost, and storage does not have the change yet. */
static void a_repeat_in_class_durable_waits_for_storage(void **state)
{
    struct world *world = world_create("durability=durable");
    char id[64];
    (void)state;
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    world->script.lag = 1;
    assert_status(start_hitpoints(world, id, "Idempotency-Key: d", 0), 200);
    hearth_test_call *again = start_hitpoints(world, id, "Idempotency-Key: d", 0);
    hearth_test_advance(world->host, 1000);
    assert_status(again, 0);
    world->script.lag = 0;
    assert_status(hitpoints(world, id, NULL, "{\"version\":2,\"delta\":-1}"), 200);
    hearth_test_advance(world->host, 100);
    assert_status(again, 200);
    assert_string_equal(hearth_test_header(again, "Idempotency-Replayed"), "true");
    assert_string_equal(hearth_test_header(again, "Hearth-Durable-Version"), "3");
    world->script.lag = 1;
    assert_status(hitpoints(world, id, "Idempotency-Key: e", "{\"version\":3,\"delta\":-1}"), 200);
    again = hitpoints(world, id, "Idempotency-Key: e", "{\"version\":3,\"delta\":-1}");
    hearth_test_advance(world->host, 9400);
    assert_status(again, 0);
    hearth_test_advance(world->host, 200);
    assert_refused(again, 504, "TIMEOUT");
    world_destroy(world);
}

static void clients_that_go_leave_the_change_standing(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    world->script.hold_commits = 1;
    hearth_test_call *call = start_hitpoints(world, id, NULL, 1);
    hearth_test_disconnect(call);
    hearth_test_call *late = start_hitpoints(world, id, NULL, 1);
    hearth_test_advance(world->host, 10001); /* the route's timeout */
    assert_status(late, 504);
    script_release(world);
    world->script.hold_commits = 0;
    hearth_test_call *reader = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    assert_int_equal(number_of(reader, "version"), 2);
}

static void what_entities_says_becomes_a_code(void **state)
{
    static const struct {
        hearth_status status;
        int http;
        const char *code;
    } table[] = {{HEARTH_EUNAVAILABLE, 503, "STORAGE_UNAVAILABLE"},
                 {HEARTH_ETIMEOUT, 504, "TIMEOUT"},
                 {HEARTH_EINTERNAL, 500, "INTERNAL"},
                 {HEARTH_ENOMEM, 503, "OVERLOADED"}};
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        world->script.load_status = table[i].status;
        assert_refused(send_as(world, ALICE, "GET", at(id, ""), NULL, NULL), table[i].http,
                       table[i].code);
        assert_refused(send_as(world, ALICE, "GET", "/characters", NULL, NULL), table[i].http,
                       table[i].code);
        assert_refused(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-1}"), table[i].http,
                       table[i].code);
        world->script.load_status = HEARTH_OK;
        world->script.commit_status = table[i].status;
        hearth_test_call *call = hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-1}");
        assert_refused(call, table[i].http, table[i].code);
        assert_true(!hearth_test_header(call, "Retry-After") == (table[i].http != 503));
        assert_refused(send_as(world, ALICE, "POST", "/characters", NULL, FIGHTER), table[i].http,
                       table[i].code);
        assert_refused(send_as(world, ALICE, "DELETE", at(id, ""), NULL, NULL), table[i].http,
                       table[i].code);
        world->script.commit_status = HEARTH_OK;
    }
    hearth_test_call *reader = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    assert_int_equal(number_of(reader, "version"), 1);
}

static void durability_is_configured(void **state)
{
    static const struct {
        const char *setting;
        hearth_durability durability;
    } table[] = {{"durability=memory", HEARTH_MEMORY},
                 {"durability=journal", HEARTH_JOURNAL},
                 {"durability=durable", HEARTH_DURABLE}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct world *world = world_create(table[i].setting);
        const char *id = create_as(world, ALICE, FIGHTER);
        assert_status(hitpoints(world, id, NULL, "{\"version\":1,\"delta\":-1}"), 200);
        assert_int_equal(world->script.durability, table[i].durability);
        world_destroy(world);
    }
}

static void memory_that_runs_out_changes_nothing(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    for (size_t nth = 1; nth < 40; nth++) {
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call = hitpoints(world, id, NULL, "{\"version\":7,\"delta\":-1}");
        int status = hearth_test_status(call);
        assert_true(status == 409 || status == 503 || status == 413 || status == 500);
        call = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
        hearth_test_fail_allocation(world->host, 0);
    }
    hearth_test_call *reader = send_as(world, ALICE, "GET", at(id, ""), NULL, NULL);
    assert_int_equal(number_of(reader, "version"), 1);
}

static void a_reload_changes_the_ceiling_and_keeps_old_characters_as_they_are(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    assert_int_equal(hearth_test_reload(world->host, "characters", "currency_limit=20"), HEARTH_OK);
    hearth_test_pump(world->host);
    assert_refused(send_as(world, ALICE, "PATCH", at(id, "/currency/modify"), NULL,
                           "{\"version\":1,\"gold\":11}"),
                   422, "CURRENCY_LIMIT");
    assert_int_equal(hearth_test_reload(world->host, "characters", "gamedata=/nowhere"),
                     HEARTH_EINVAL);
    assert_non_null(strstr(hearth_test_error(world->host), "/nowhere/rules.json: "));
    assert_status(send_as(world, ALICE, "PATCH", at(id, "/currency/modify"), NULL,
                          "{\"version\":1,\"gold\":10}"),
                  200);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_repeated_intent_is_applied_once),
        TEST(only_successes_count),
        TEST(keys_have_a_length),
        TEST(a_repeated_create_answers_as_the_first_time),
        TEST(sixteen_clients_on_one_version_have_one_winner),
        TEST(a_repeat_waits_for_the_first),
        cmocka_unit_test(a_repeat_in_class_durable_waits_for_storage),
        TEST(clients_that_go_leave_the_change_standing),
        TEST(what_entities_says_becomes_a_code),
        cmocka_unit_test(durability_is_configured),
        TEST(memory_that_runs_out_changes_nothing),
        TEST(a_reload_changes_the_ceiling_and_keeps_old_characters_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
