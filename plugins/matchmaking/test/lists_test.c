/*
 * lists_test.c - what players and operators are shown of the fleet: sessions, regions, metrics, and
 * when to come back.
 */
#include "plugin_fixture.h"

#include <sodium.h>

#define CREATE "{\"characterId\":\"" ALICES_HERO "\"}"

static hearth_test_call *get(struct world *world, const char *path)
{
    hearth_test_call *call = send_as(world, "operator", "admin", "GET", path, NULL);
    hearth_test_advance(world->host, 200); /* the pause between two looks at storage */
    assert_status(call, 200);
    return call;
}

static void a_list_has_its_limit(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    open_session(world);
    assert_status(
        send_as(world, BOB, "player", "POST", "/gamesims", "{\"characterId\":\"" BOBS_HERO "\"}"),
        201);
    assert_non_null(hearth_test_json(get(world, "/gamesims"), "gameSims.1"));
    assert_int_equal(hearth_test_reload(world->host, "matchmaking", "list_limit=1"), HEARTH_OK);
    hearth_test_call *call = get(world, "/gamesims");
    assert_non_null(hearth_test_json(call, "gameSims.0"));
    assert_null(hearth_test_json(call, "gameSims.1"));
}

static void regions_are_those_of_ready_instances(void **state)
{
    struct world *world = *state;
    char path[96];
    snprintf(path, sizeof(path), "/gamesim-instances/%s/drain", register_at(world, 7000));
    assert_string_equal(hearth_test_json(get(world, "/regions"), "regions"), "[\"local\"]");
    assert_status(send_as(world, "operator", "admin", "POST", path, NULL), 204);
    assert_string_equal(hearth_test_json(get(world, "/regions"), "regions"), "[]");
}

static double allocations(struct world *world, const char *result)
{
    char label[64];
    snprintf(label, sizeof(label), "result=%s", result);
    return hearth_test_metric(world->host, "hearth_matchmaking_allocations_total", label);
}

static void seats_are_counted_by_what_came_of_them(void **state)
{
    struct world *world = *state;
    hearth_test_call *call = send_as(world, ALICE, "player", "POST", "/gamesims", CREATE);
    hearth_test_advance(world->host, 200);
    assert_refused(call, 503, "NO_CAPACITY");
    assert_non_null(hearth_test_header(call, "Retry-After"));
    register_at(world, 7000);
    join_session(world, open_session(world), BOB, BOBS_HERO);
    assert_true(allocations(world, "created") == 1);
    assert_true(allocations(world, "joined") == 1);
    assert_true(allocations(world, "no_capacity") == 1);
}

static void who_has_too_many_tokens_is_told_when_one_dies(void **state)
{
    struct world *world = *state;
    char path[128];
    register_at(world, 7000);
    snprintf(path, sizeof(path), "/gamesims/%s/join", open_session(world));
    hearth_test_advance(world->host, 10000);
    for (int i = 1; i < 10; i++)
        assert_status(send_as(world, ALICE, "player", "POST", path, CREATE), 200);
    hearth_test_call *call = send_as(world, ALICE, "player", "POST", path, CREATE);
    assert_refused(call, 429, "TOO_MANY_REQUESTS");
    assert_string_equal(hearth_test_header(call, "Retry-After"), "20");
    hearth_test_advance(world->host, 20000);
    assert_status(send_as(world, ALICE, "player", "POST", path, CREATE), 200);
}

static void the_characters_of_a_lost_instance_are_released(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    join_session(world, open_session(world), BOB, BOBS_HERO);
    hearth_test_advance(world->host, 4 * 3600000); /* three intervals, and a tick */
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_int_equal(hero_of(world, BOBS_HERO)->releases, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(a_list_has_its_limit),
        TEST(regions_are_those_of_ready_instances),
        TEST(seats_are_counted_by_what_came_of_them),
        TEST(who_has_too_many_tokens_is_told_when_one_dies),
        TEST(the_characters_of_a_lost_instance_are_released),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
