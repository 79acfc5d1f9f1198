/*
 * players_memory_test.c - memory is out at any point of a player's or an instance's request: it is
 * answered, nothing of it is used afterwards, and the next one finds things in order.
 */
#include "plugin_fixture.h"

#include <sodium.h>

#define CREATE    "{\"characterId\":\"" ALICES_HERO "\"}"
#define SETTLE_MS 31000 /* until every deadline has passed, and no token is alive */

static hearth_test_call *keyed(struct world *world, const char *path, const char *body,
                               const char *key)
{
    char headers[128];
    snprintf(headers, sizeof(headers), "Content-Type: application/json\nIdempotency-Key: %s", key);
    const hearth_test_request_spec spec = {.method = "POST",
                                           .path = path,
                                           .headers = headers,
                                           .body = {body, strlen(body)},
                                           .user = ALICE,
                                           .scope = "player"};
    return hearth_test_send(world->host, &spec);
}

static void settle(struct world *world)
{
    hearth_test_advance(world->host, SETTLE_MS);
    hearth_test_fail_allocation(world->host, 0);
}

/* Two of them, naming nobody: who has left is out, and his seat is free. */
static void beat_twice(struct world *world, const char *instance)
{
    static unsigned sequence;
    for (int i = 0; i < 2; i++)
        assert_status(beat(world, instance, ++sequence, "[]"), 200);
}

static void a_player_is_seated_or_not(void **state)
{
    struct world *world = *state;
    char path[96], key[16], instance[64];
    unsigned failed = 0;
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    for (size_t nth = 1; nth <= 80; nth++) {
        snprintf(key, sizeof(key), "%zu", nth);
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call = keyed(world, "/gamesims", CREATE, key);
        settle(world);
        failed += hearth_test_status(call) != 201;
        assert_int_not_equal(hearth_test_status(call), 0);
        call = keyed(world, "/gamesims", CREATE, key);
        assert_status(call, 201);
        const char *id = hearth_test_json(call, "gameSimId");
        snprintf(path, sizeof(path), "/gamesims/%.36s/leave", id + 1);
        hearth_test_fail_allocation(world->host, nth);
        call = send_as(world, ALICE, "player", "POST", path, NULL);
        settle(world);
        assert_int_not_equal(hearth_test_status(call), 0);
        assert_status(send_as(world, ALICE, "player", "POST", path, NULL), 204);
        beat_twice(world, instance);
    }
    assert_true(failed > 10);
}

static void an_instance_is_registered_or_not(void **state)
{
    struct world *world = *state;
    unsigned failed = 0;
    for (size_t nth = 1; nth <= 60; nth++) {
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call =
            send_as(world, "fleet", "gamesim", "POST", "/gamesim-instances",
                    "{\"address\":\"192.0.2.7\",\"port\":7000,\"version\":\"1\",\"wireVersion\":1,"
                    "\"capacity\":{\"gameSims\":2,\"players\":3}}");
        settle(world);
        failed += hearth_test_status(call) != 201;
        assert_int_not_equal(hearth_test_status(call), 0);
        register_at(world, 7000);
        call = send_as(world, "operator", "admin", "GET", "/gamesim-instances", NULL);
        hearth_test_advance(world->host, 200);
        assert_status(call, 200);
        assert_non_null(hearth_test_json(call, "instances.0"));
        assert_null(hearth_test_json(call, "instances.1")); /* one address, one instance */
    }
    assert_true(failed > 5);
}

/* A player who comes, is named, leaves and is not named any more, in two heartbeats. */
static void a_heartbeat_is_taken_in_or_not(void **state)
{
    struct world *world = *state;
    char instance[64], path[96], body[256], leave[96];
    unsigned failed = 0, sequence = 0;
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", instance);
    for (size_t nth = 1; nth <= 60; nth++) {
        char session[64];
        snprintf(session, sizeof(session), "%s", open_session(world));
        snprintf(leave, sizeof(leave), "/gamesims/%s/leave", session);
        assert_status(send_as(world, ALICE, "player", "POST", leave, NULL), 204);
        for (int i = 0; i < 2; i++) {
            snprintf(body, sizeof(body),
                     "{\"sequence\":%u,\"state\":\"ready\",\"gameSims\":[{\"id\":\"%s\","
                     "\"players\":[]}]}",
                     ++sequence, session);
            hearth_test_fail_allocation(world->host, nth);
            hearth_test_call *call = send_as(world, instance, "gamesim", "PUT", path, body);
            settle(world);
            failed += hearth_test_status(call) != 200;
            assert_int_not_equal(hearth_test_status(call), 0);
        }
        snprintf(body, sizeof(body), "{\"sequence\":%u,\"state\":\"ready\",\"gameSims\":[]}",
                 ++sequence);
        assert_status(send_as(world, instance, "gamesim", "PUT", path, body), 200);
        assert_false(is_listed(world, instance, session));
    }
    assert_true(failed > 10);
}

static void a_list_is_shown_or_not(void **state)
{
    static const char *const paths[] = {"/gamesims", "/regions", "/gamesim-instances"};
    struct world *world = *state;
    unsigned failed = 0;
    register_at(world, 7000);
    open_session(world);
    for (size_t nth = 1; nth <= 40; nth++) {
        for (int i = 0; i < 3; i++) {
            hearth_test_fail_allocation(world->host, nth);
            hearth_test_call *call = send_as(world, "operator", "admin", "GET", paths[i], NULL);
            settle(world);
            failed += hearth_test_status(call) != 200;
            assert_int_not_equal(hearth_test_status(call), 0);
            hearth_test_advance(world->host, 450000); /* an eighth of the heartbeat's interval */
            call = send_as(world, "operator", "admin", "GET", paths[i], NULL);
            hearth_test_advance(world->host, 200);
            assert_status(call, 200);
        }
    }
    assert_true(failed > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(a_player_is_seated_or_not),
        TEST(an_instance_is_registered_or_not),
        TEST(a_heartbeat_is_taken_in_or_not),
        TEST(a_list_is_shown_or_not),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
