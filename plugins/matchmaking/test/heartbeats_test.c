/*
 * heartbeats_test.c - what an instance tells with a heartbeat and learns from its answer, through
 * the plugin's routes.
 */
#include "plugin_fixture.h"

static void bad_heartbeats_are_named(void **state)
{
    static const char *const rows[][3] = {
        {"", "INVALID_JSON", ""},
        {"{\"sequence\":1,\"state\":\"ready\"}", "INVALID_REQUEST", "gameSims"},
        {"{\"sequence\":0,\"state\":\"ready\",\"gameSims\":[]}", "INVALID_REQUEST", "sequence"},
        {"{\"sequence\":1,\"state\":\"lost\",\"gameSims\":[]}", "INVALID_REQUEST", "state"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[],\"drain\":true}", "INVALID_REQUEST",
         "drain"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[7]}", "INVALID_REQUEST", "gameSims.0"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[{\"players\":[]}]}", "INVALID_REQUEST",
         "gameSims.0.id"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[{\"id\":\"7\",\"players\":[]}]}",
         "INVALID_ID", "gameSims.0.id"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[{\"id\":\"" NOBODY
         "\",\"players\":[7]}]}",
         "INVALID_ID", "gameSims.0.players"},
        {"{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[{\"id\":\"" NOBODY
         "\",\"players\":{}}]}",
         "INVALID_REQUEST", "gameSims.0.players"},
    };
    struct world *world = *state;
    char path[128];
    const char *id = register_at(world, 40000);
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", id);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hearth_test_call *call = send_as(world, id, "gamesim", "PUT", path, rows[i][0]);
        if (hearth_test_status(call) != 400 || strcmp(code_of(call), rows[i][1]) != 0 ||
            !strstr(hearth_test_body(call).ptr, rows[i][2]))
            fail_msg("%s: expected %s %s, found %d %s", rows[i][0], rows[i][1], rows[i][2],
                     hearth_test_status(call), hearth_test_body(call).ptr);
    }
    assert_refused(send_as(world, id, "gamesim", "PUT", "/gamesim-instances/7/heartbeat",
                           "{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[]}"),
                   400, "INVALID_ID");
}

static void a_session_has_at_most_64_players(void **state)
{
    struct world *world = *state;
    char id[64], list_of[4000] = "[{\"id\":\"" NOBODY "\",\"players\":[";
    keep(register_at(world, 40000), id);
    for (int i = 0; i < 64; i++)
        snprintf(list_of + strlen(list_of), sizeof(list_of) - strlen(list_of), "%s\"" ALICE "\"",
                 i ? "," : "");
    size_t len = strlen(list_of);
    strcpy(list_of + len, "]}]");
    assert_status(beat(world, id, 1, list_of), 200);
    strcpy(list_of + len, ",\"" ALICE "\"]}]");
    assert_refused(beat(world, id, 2, list_of), 400, "INVALID_REQUEST");
}

static void only_the_instance_itself_is_heard(void **state)
{
    struct world *world = *state;
    char first[64], second[64], path[128];
    const char *body = "{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[]}";
    keep(register_at(world, 40000), first);
    keep(register_at(world, 40001), second);
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", first);
    assert_refused(send_as(world, second, "gamesim", "PUT", path, body), 403, "FORBIDDEN");
    assert_refused(send_as(world, "fleet", "gamesim", "PUT", path, body), 403, "FORBIDDEN");
    assert_refused(send_as(world, first, "player", "PUT", path, body), 403, "FORBIDDEN");
    assert_refused(call_instance(world, second, "gamesim", "DELETE", first, ""), 403, "FORBIDDEN");
    assert_refused(
        send_as(world, second, "gamesim", "PUT", "/gamesim-instances/" NOBODY "/heartbeat", body),
        404, "INSTANCE_NOT_FOUND");
    assert_refused(beat(world, NOBODY, 1, "[]"), 404, "INSTANCE_NOT_FOUND");
    for (char *c = path + 19; *c != '/'; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    assert_status(send_as(world, first, "gamesim", "PUT", path, body), 200);
}

static void a_heartbeat_learns_what_is_to_end(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64], body[512];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    snprintf(body, sizeof(body),
             "[{\"id\":\"%s\",\"players\":[\"" ALICE "\",\"" BOB "\"]},"
             "{\"id\":\"" NOBODY "\",\"players\":[]}]",
             game_sim);
    hearth_test_call *call = beat(world, id, 1, body);
    assert_status(call, 200);
    assert_string_equal(hearth_test_json(call, "drain"), "false");
    assert_string_equal(string_of(call, "end.0"), NOBODY);
    assert_null(hearth_test_json(call, "end.1"));
    assert_string_equal(string_of(call, "kick.0.gameSimId"), game_sim); /* Bob has no seat */
    assert_string_equal(string_of(call, "kick.0.userId"), BOB);
    assert_null(hearth_test_json(call, "kick.1"));
    assert_null(hearth_test_json(call, "instanceToken"));
    call = list_instances(world);
    assert_int_equal(number_of(call, "instances.0.activeGameSims"), 1);
    assert_int_equal(number_of(call, "instances.0.players"), 1);
}

static void who_leaves_is_kicked_and_then_his_seat_is_free(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64], path[128], with_both[256], with_bob[256];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    join_session(world, game_sim, BOB, BOBS_HERO);
    snprintf(with_both, sizeof(with_both),
             "[{\"id\":\"%s\",\"players\":[\"" ALICE "\",\"" BOB "\"]}]", game_sim);
    snprintf(with_bob, sizeof(with_bob), "[{\"id\":\"%s\",\"players\":[\"" BOB "\"]}]", game_sim);
    assert_status(beat(world, id, 1, with_both), 200);
    snprintf(path, sizeof(path), "/gamesims/%s/leave", game_sim);
    assert_status(send_as(world, ALICE, "player", "POST", path, NULL), 204);
    hearth_test_call *call = beat(world, id, 2, with_both);
    assert_string_equal(string_of(call, "kick.0.userId"), ALICE);
    assert_int_equal(number_of(list_instances(world), "instances.0.players"), 2);
    call = beat(world, id, 3, with_bob);
    assert_null(hearth_test_json(call, "kick.0"));
    assert_int_equal(number_of(list_instances(world), "instances.0.players"), 1);
    assert_int_equal(releases_of(world, BOBS_HERO, game_sim), 0);
    /* An older one, late on its way, changes nothing; it is answered all the same. */
    call = beat(world, id, 2, with_both);
    assert_status(call, 200);
    assert_string_equal(string_of(call, "kick.0.userId"), ALICE);
    assert_int_equal(number_of(list_instances(world), "instances.0.players"), 1);
}

static void a_session_without_players_ends_and_is_recorded(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64], path[128];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    snprintf(path, sizeof(path), "/gamesims/%s", game_sim);
    hearth_test_advance(world->host, 39000); /* her token, and nearly the grace */
    assert_status(beat(world, id, 1, "[]"), 200);
    assert_string_equal(string_of(send_as(world, BOB, "player", "GET", path, NULL), "state"),
                        "open");
    hearth_test_advance(world->host, 2000);
    assert_status(beat(world, id, 2, "[]"), 200);
    hearth_test_call *call = send_as(world, BOB, "player", "GET", path, NULL);
    assert_string_equal(string_of(call, "state"), "ended");
    assert_string_equal(string_of(call, "outcome"), "abandoned");
    assert_int_equal(count_stored(world, "gamesims"), 1);
    assert_int_equal(number_of(list_instances(world), "instances.0.activeGameSims"), 0);
    assert_int_equal(releases_of(world, ALICES_HERO, game_sim), 1);
    assert_status(beat(world, id, 3, "[]"), 200);
    assert_int_equal(releases_of(world, ALICES_HERO, game_sim), 1); /* it was forgotten */
}

static void what_could_not_be_recorded_is_recorded_later(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64], path[128];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    snprintf(path, sizeof(path), "/gamesims/%s", game_sim);
    hearth_test_advance(world->host, 41000);
    world->store.always = SCRIPT_FAILED;
    hearth_test_call *call = beat(world, id, 1, "[]");
    hearth_test_advance(world->host, 9500);
    assert_status(call, 200);
    world->store.always = SCRIPT_OK;
    assert_int_equal(count_stored(world, "gamesims"), 0);
    call = send_as(world, BOB, "player", "GET", path, NULL);
    assert_string_equal(string_of(call, "outcome"), "abandoned"); /* the list has it still */
    assert_status(beat(world, id, 2, "[]"), 200);
    call = send_as(world, BOB, "player", "GET", path, NULL);
    assert_string_equal(string_of(call, "outcome"), "abandoned");
    assert_int_equal(count_stored(world, "gamesims"), 1);
}

static void a_write_whose_answer_is_lost_counts_once(void **state)
{
    struct world *world = *state;
    char id[64], game_sim[64];
    keep(register_at(world, 40000), id);
    keep(open_session(world), game_sim);
    hearth_test_advance(world->host, 41000);
    world->store.only = "gamesim-instances";
    world->store.always = SCRIPT_LOST;
    hearth_test_call *call = beat(world, id, 1, "[]");
    hearth_test_advance(world->host, 3000);
    assert_status(call, 200);
    world->store.always = SCRIPT_OK;
    assert_true(releases_of(world, ALICES_HERO, game_sim) >= 1);
    assert_int_equal(number_of(list_instances(world), "instances.0.activeGameSims"), 0);
}

static void a_token_is_renewed_in_the_second_half_of_its_life(void **state)
{
    struct world *world = *state;
    char id[64], expected[128];
    keep(register_at(world, 40000), id);
    assert_null(hearth_test_json(beat(world, id, 1, "[]"), "instanceToken"));
    /* The fake host's identities live for an hour: without the report window less than half of it.
     */
    assert_int_equal(hearth_test_reload(world->host, "matchmaking", "instance_token_ttl=119m"),
                     HEARTH_OK);
    hearth_test_call *call = beat(world, id, 2, "[]");
    snprintf(expected, sizeof(expected), "token-%s-2", id);
    assert_string_equal(string_of(call, "instanceToken"), expected);
    world->issue_fails = 1;
    call = beat(world, id, 3, "[]");
    assert_status(call, 200);
    assert_null(hearth_test_json(call, "instanceToken"));
}

static void without_storage_a_heartbeat_is_told_so(void **state)
{
    struct world *world = *state;
    char id[64];
    keep(register_at(world, 40000), id);
    world->store.down = true;
    hearth_test_call *call = beat(world, id, 1, "[]");
    hearth_test_advance(world->host, 9900);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.down = false;
    assert_status(beat(world, id, 1, "[]"), 200);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start_heartbeats, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(bad_heartbeats_are_named),
        TEST(a_session_has_at_most_64_players),
        TEST(only_the_instance_itself_is_heard),
        TEST(a_heartbeat_learns_what_is_to_end),
        TEST(who_leaves_is_kicked_and_then_his_seat_is_free),
        TEST(a_session_without_players_ends_and_is_recorded),
        TEST(what_could_not_be_recorded_is_recorded_later),
        TEST(a_write_whose_answer_is_lost_counts_once),
        TEST(a_token_is_renewed_in_the_second_half_of_its_life),
        TEST(without_storage_a_heartbeat_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
