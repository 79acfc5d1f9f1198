/*
 * allocate_test.c - one player who asks twice: through two hearthd at the same time, or while his
 * former seat is still being given up.
 */
#include "fleet_fixture.h"

static struct world world;

static int begin(void **state)
{
    (void)state;
    world_init(&world);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_finish(&world);
    return 0;
}

static bool stands(const struct asking *asking)
{
    struct instance *instance = world_stored(&world, 0);
    const struct game_session *session =
        instance_session(instance, asking->allocation.seat.game_sim);
    const struct member *member =
        session ? session_member(session, asking->allocation.player.user) : NULL;
    bool found = member && seat_stands(instance, session, member);
    instance_destroy(instance);
    return found;
}

static void a_seat_that_was_his_already_is_not_given_back(void **state)
{
    (void)state;
    static struct asking first, second;
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *one = world_fleet(&world, 0), *two = world_fleet(&world, 1);
    ask(&world, one, &first, 1, true);
    wait_for(&world, &first, 1);
    hearth_test_advance(world.host, 1000); /* the other sees it */
    ask(&world, two, &second, 1, true);
    wait_for(&world, &second, 1);
    assert_int_equal(second.result, ALLOCATED_JOINED);
    assert_string_equal(second.allocation.seat.game_sim, first.allocation.seat.game_sim);
    allocate_undo(two, &second.allocation.seat, second.allocation.player.user);
    hearth_test_advance(world.host, 1000);
    assert_true(stands(&first));
}

static void a_seat_with_a_newer_token_is_not_given_back(void **state)
{
    (void)state;
    static struct asking first, second;
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *one = world_fleet(&world, 0), *two = world_fleet(&world, 1);
    ask(&world, one, &first, 1, true);
    wait_for(&world, &first, 1);
    hearth_test_advance(world.host, 1000);
    ask(&world, two, &second, 1, true);
    wait_for(&world, &second, 1);
    allocate_undo(one, &first.allocation.seat, first.allocation.player.user);
    hearth_test_advance(world.host, 1000);
    assert_true(stands(&second));
}

static void left(hearth_status status, void *arg)
{
    assert_int_equal(status, HEARTH_OK);
    *(int *)arg = 1;
}

static void who_leaves_finds_another_session_with_another_character(void **state)
{
    (void)state;
    static struct asking first, second;
    int has_left = 0;
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    ask(&world, fleet, &first, 1, true);
    wait_for(&world, &first, 1);
    const struct seat *seat = &first.allocation.seat;
    allocate_leave(fleet, seat->instance, seat->game_sim, first.allocation.player.user, left,
                   &has_left);
    hearth_test_advance(world.host, 100);
    assert_true(has_left);
    second = first;
    second.done = 0;
    second.allocation.player.character[0] = 'd';
    allocate(fleet, &second.allocation);
    wait_for(&world, &second, 1);
    assert_int_equal(second.result, ALLOCATED_CREATED);
    assert_string_not_equal(second.allocation.seat.game_sim, seat->game_sim);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_seat_that_was_his_already_is_not_given_back),
        TEST(a_seat_with_a_newer_token_is_not_given_back),
        TEST(who_leaves_finds_another_session_with_another_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
