/*
 * instances_test.c - registration, leaving, draining and the list, through the plugin's routes.
 */
#include "plugin_fixture.h"

#define GOOD                                                                                       \
    "\"address\":\"192.0.2.7\",\"port\":40000,\"version\":\"1.0.0\",\"wireVersion\":1,"            \
    "\"capacity\":{\"gameSims\":2,\"players\":3}"

static hearth_test_call *register_with(struct world *world, const char *body)
{
    return send_as(world, "fleet", "gamesim", "POST", "/gamesim-instances", body);
}

/* ---- registering ---- */

static void an_instance_is_told_what_it_needs(void **state)
{
    struct world *world = *state;
    hearth_test_call *call = register_with(world, "{" GOOD ",\"region\":\"eu-1\"}");
    char expected[128], id[64];
    assert_status(call, 201);
    keep(string_of(call, "id"), id);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(number_of(call, "heartbeatSeconds"), 30);
    assert_int_equal(number_of(call, "tokenLifetimeSeconds"), 30);
    assert_int_equal(number_of(call, "rejoinSeconds"), 120);
    assert_int_equal(strlen(string_of(call, "connectKey")), 64);
    assert_string_equal(string_of(call, "protocolId"), "4865617274680001");
    snprintf(expected, sizeof(expected), "token-%s-1", id);
    assert_string_equal(string_of(call, "instanceToken"), expected);

    call = list_instances(world);
    assert_string_equal(string_of(call, "instances.0.id"), id);
    assert_string_equal(string_of(call, "instances.0.address"), "192.0.2.7");
    assert_int_equal(number_of(call, "instances.0.port"), 40000);
    assert_string_equal(string_of(call, "instances.0.region"), "eu-1");
    assert_string_equal(string_of(call, "instances.0.version"), "1.0.0");
    assert_string_equal(string_of(call, "instances.0.state"), "ready");
    assert_int_equal(number_of(call, "instances.0.activeGameSims"), 0);
    assert_int_equal(number_of(call, "instances.0.players"), 0);
    assert_int_equal(number_of(call, "instances.0.capacity.gameSims"), 2);
    assert_int_equal(number_of(call, "instances.0.capacity.players"), 3);
    assert_null(strstr(hearth_test_body(call).ptr, "onnectKey"));
}

static void a_region_may_be_left_out_and_ipv6_has_one_spelling(void **state)
{
    struct world *world = *state;
    hearth_test_call *call = register_with(
        world, "{\"address\":\"2001:DB8:0::1\",\"port\":1,\"version\":\"v\",\"wireVersion\":7,"
               "\"addresses\":[\"192.0.2.9:5\",\"[2001:db8::2]:65535\"],"
               "\"capacity\":{\"gameSims\":1000,\"players\":64}}");
    assert_status(call, 201);
    call = list_instances(world);
    assert_string_equal(string_of(call, "instances.0.region"), "local");
    assert_string_equal(string_of(call, "instances.0.address"), "2001:db8::1");
}

static void bad_registrations_are_named(void **state)
{
    static const char *const rows[][3] = {
        {"", "INVALID_JSON", ""},
        {"[]", "INVALID_REQUEST", ""},
        {"{" GOOD ",\"connectKey\":\"00\"}", "INVALID_REQUEST", "connectKey"},
        {"{" GOOD ",\"region\":\"\"}", "INVALID_REQUEST", "region"},
        {"{" GOOD ",\"region\":null}", "INVALID_REQUEST", "region"},
        {"{" GOOD ",\"region\":\"eu west\"}", "INVALID_REQUEST", "region"},
        {"{" GOOD ",\"region\":\"123456789012345678901234567890123\"}", "INVALID_REQUEST",
         "region"},
        {"{" GOOD ",\"addresses\":[\"192.0.2.9\"]}", "INVALID_REQUEST", "addresses"},
        {"{" GOOD ",\"addresses\":[\"192.0.2.9:0\"]}", "INVALID_REQUEST", "addresses"},
        {"{" GOOD ",\"addresses\":[7]}", "INVALID_REQUEST", "addresses"},
        {"{" GOOD ",\"addresses\":[\"192.0.2.1:1\",\"192.0.2.1:2\",\"192.0.2.1:3\","
         "\"192.0.2.1:4\",\"192.0.2.1:5\"]}",
         "INVALID_REQUEST", "addresses"},
        {"{\"port\":1,\"version\":\"1\",\"wireVersion\":1,\"capacity\":{\"gameSims\":1,"
         "\"players\":1}}",
         "INVALID_REQUEST", "address"},
#define BUT(address_, port_, version_, wire_, capacity_)                                           \
    "{\"address\":" address_ ",\"port\":" port_ ",\"version\":" version_ ",\"wireVersion\":" wire_ \
    ",\"capacity\":" capacity_ "}"
#define A "\"192.0.2.7\""
#define C "{\"gameSims\":1,\"players\":1}"
        {BUT("\"gamesim.example\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"192.0.2\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"192.0.2.7:1\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"[::1]\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"0.0.0.0\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"::\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"192.0.2.7\\u0000\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT("\"\"", "1", "\"1\"", "1", C), "INVALID_REQUEST", "address"},
        {BUT(A, "0", "\"1\"", "1", C), "INVALID_REQUEST", "port"},
        {BUT(A, "65536", "\"1\"", "1", C), "INVALID_REQUEST", "port"},
        {BUT(A, "\"1\"", "\"1\"", "1", C), "INVALID_REQUEST", "port"},
        {BUT(A, "1", "\"\"", "1", C), "INVALID_REQUEST", "version"},
        {BUT(A, "1", "\"1/2\"", "1", C), "INVALID_REQUEST", "version"},
        {BUT(A, "1", "\"1\"", "0", C), "INVALID_REQUEST", "wireVersion"},
        {BUT(A, "1", "\"1\"", "4294967296", C), "INVALID_REQUEST", "wireVersion"},
        {BUT(A, "1", "\"1\"", "1", "[]"), "INVALID_REQUEST", "capacity"},
        {BUT(A, "1", "\"1\"", "1", "{\"gameSims\":0,\"players\":1}"), "INVALID_REQUEST",
         "capacity.gameSims"},
        {BUT(A, "1", "\"1\"", "1", "{\"gameSims\":1001,\"players\":1}"), "INVALID_REQUEST",
         "capacity.gameSims"},
        {BUT(A, "1", "\"1\"", "1", "{\"gameSims\":1,\"players\":65}"), "INVALID_REQUEST",
         "capacity.players"},
        {BUT(A, "1", "\"1\"", "1", "{\"gameSims\":1}"), "INVALID_REQUEST", "capacity.players"},
        {BUT(A, "1", "\"1\"", "1", "{\"gameSims\":1,\"players\":1,\"bots\":1}"), "INVALID_REQUEST",
         "capacity.bots"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hearth_test_call *call = register_with(world, rows[i][0]);
        if (hearth_test_status(call) != 400 || strcmp(code_of(call), rows[i][1]) != 0 ||
            !strstr(hearth_test_body(call).ptr, rows[i][2]))
            fail_msg("%s: expected %s %s, found %d %s", rows[i][0], rows[i][1], rows[i][2],
                     hearth_test_status(call), hearth_test_body(call).ptr);
    }
    assert_null(hearth_test_json(list_instances(world), "instances.0"));
}

static void only_instances_register(void **state)
{
    assert_refused(send_as(*state, ALICE, "player", "POST", "/gamesim-instances", "{" GOOD "}"),
                   403, "FORBIDDEN");
}

static void who_comes_to_an_address_replaces_who_was_there(void **state)
{
    struct world *world = *state;
    char first[64], second[64], game_sim[64];
    keep(register_at(world, 40000), first);
    keep(open_session(world), game_sim);
    keep(register_at(world, 40000), second);
    assert_string_not_equal(first, second);
    assert_refused(beat(world, first, 1, "[]"), 404, "INSTANCE_NOT_FOUND");
    assert_status(beat(world, second, 1, "[]"), 200);
    hearth_test_call *call = list_instances(world);
    assert_string_equal(string_of(call, "instances.0.id"), second);
    assert_null(hearth_test_json(call, "instances.1"));
    assert_int_equal(releases_of(world, ALICES_HERO, game_sim), 1);
    assert_int_equal(
        hearth_test_metric(world->host, "hearth_matchmaking_instances_lost_total", NULL), 1);
    /* Another port, or another spelling of another address, is another instance. */
    register_at(world, 40001);
    assert_status(beat(world, second, 2, "[]"), 200);
}

static void without_storage_or_key_nothing_is_registered(void **state)
{
    struct world *world = *state;
    world->issue_fails = 1;
    assert_refused(register_with(world, "{" GOOD "}"), 503, "STORAGE_UNAVAILABLE");
    world->issue_fails = 0;
    world->store.down = true;
    hearth_test_call *call = register_with(world, "{" GOOD "}");
    hearth_test_advance(world->host, 9500);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    assert_non_null(hearth_test_header(call, "Retry-After"));
    call = list_instances(world);
    hearth_test_advance(world->host, 9500);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.down = false;
    assert_null(hearth_test_json(list_instances(world), "instances.0"));
    assert_non_null(register_at(world, 40000));
}

static void a_lost_answer_of_storage_makes_no_second_instance(void **state)
{
    struct world *world = *state;
    world->store.only = NULL;
    world->store.always = SCRIPT_LOST;
    hearth_test_call *call = register_with(world, "{" GOOD "}");
    hearth_test_advance(world->host, 2000);
    assert_status(call, 201);
    world->store.always = SCRIPT_OK;
    call = list_instances(world);
    assert_non_null(hearth_test_json(call, "instances.0"));
    assert_null(hearth_test_json(call, "instances.1"));
}

/* ---- leaving and draining ---- */

static void an_instance_leaves_and_its_sessions_are_lost(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64], path[128];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    assert_status(call_instance(world, id, "gamesim", "DELETE", id, ""), 204);
    assert_int_equal(releases_of(world, ALICES_HERO, game_sim), 1);
    assert_null(hearth_test_json(list_instances(world), "instances.0"));
    snprintf(path, sizeof(path), "/gamesims/%s", game_sim);
    hearth_test_call *call = send_as(world, BOB, "player", "GET", path, NULL);
    assert_string_equal(string_of(call, "outcome"), "lost");
    assert_refused(beat(world, id, 1, "[]"), 404, "INSTANCE_NOT_FOUND");
    assert_status(call_instance(world, id, "gamesim", "DELETE", id, ""), 204);
    assert_refused(call_instance(world, NOBODY, "gamesim", "DELETE", NOBODY, ""), 404,
                   "INSTANCE_NOT_FOUND");
}

static void who_left_does_not_touch_who_came_to_his_address(void **state)
{
    struct world *world = *state;
    char first[64], second[64];
    keep(register_at(world, 40000), first);
    keep(register_at(world, 40000), second);
    assert_status(call_instance(world, first, "gamesim", "DELETE", first, ""), 204);
    register_at(world, 40000); /* the address still names the second one */
    assert_refused(beat(world, second, 1, "[]"), 404, "INSTANCE_NOT_FOUND");
}

static void the_address_of_who_is_gone_or_lost_is_forgotten(void **state)
{
    struct world *world = *state;
    char first[64], second[64];
    keep(register_at(world, 40000), first);
    keep(register_at(world, 40001), second);
    register_at(world, 40001);
    assert_int_equal(count_stored(world, "gamesim-addresses"), 2);
    assert_status(call_instance(world, first, "gamesim", "DELETE", first, ""), 204);
    assert_int_equal(count_stored(world, "gamesim-addresses"), 1);
    assert_status(call_instance(world, second, "gamesim", "DELETE", second, ""), 204);
    assert_int_equal(count_stored(world, "gamesim-addresses"), 1);
    hearth_test_advance(world->host, 95000);
    assert_null(hearth_test_json(list_instances(world), "instances.0"));
    assert_int_equal(count_stored(world, "gamesim-addresses"), 0);
}

static void an_operator_drains(void **state)
{
    struct world *world = *state;
    char id[64];
    keep(register_at(world, 40000), id);
    assert_refused(call_instance(world, id, "gamesim", "POST", id, "/drain"), 403, "FORBIDDEN");
    assert_status(call_instance(world, ALICE, "admin", "POST", id, "/drain"), 204);
    assert_status(call_instance(world, ALICE, "admin", "POST", id, "/drain"), 204);
    assert_string_equal(string_of(list_instances(world), "instances.0.state"), "draining");
    hearth_test_call *call = beat(world, id, 1, "[]");
    assert_string_equal(hearth_test_json(call, "drain"), "true");
    assert_string_equal(string_of(list_instances(world), "instances.0.state"), "draining");
    assert_refused(send_as(world, ALICE, "player", "POST", "/gamesims",
                           "{\"characterId\":\"" ALICES_HERO "\"}"),
                   503, "NO_CAPACITY");
    assert_refused(call_instance(world, ALICE, "admin", "POST", NOBODY, "/drain"), 404,
                   "INSTANCE_NOT_FOUND");
    assert_refused(call_instance(world, ALICE, "admin", "POST", "7", "/drain"), 400, "INVALID_ID");
    assert_status(call_instance(world, id, "gamesim", "DELETE", id, ""), 204);
    assert_refused(call_instance(world, ALICE, "admin", "POST", id, "/drain"), 404,
                   "INSTANCE_NOT_FOUND");
}

static void admins_and_instances_see_the_list(void **state)
{
    struct world *world = *state;
    assert_status(list_as(world, ALICE, "admin"), 200);
    assert_refused(list_as(world, ALICE, "player"), 403, "FORBIDDEN");
    for (unsigned i = 0; i < 40; i++)
        register_at(world, 40000 + i);
    hearth_test_call *call = list_instances(world);
    assert_non_null(hearth_test_json(call, "instances.39.id"));
    assert_null(hearth_test_json(call, "instances.40"));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start_heartbeats, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(an_instance_is_told_what_it_needs),
        TEST(a_region_may_be_left_out_and_ipv6_has_one_spelling),
        TEST(bad_registrations_are_named),
        TEST(only_instances_register),
        TEST(who_comes_to_an_address_replaces_who_was_there),
        TEST(without_storage_or_key_nothing_is_registered),
        TEST(a_lost_answer_of_storage_makes_no_second_instance),
        TEST(an_instance_leaves_and_its_sessions_are_lost),
        TEST(who_left_does_not_touch_who_came_to_his_address),
        TEST(the_address_of_who_is_gone_or_lost_is_forgotten),
        TEST(an_operator_drains),
        TEST(admins_and_instances_see_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
