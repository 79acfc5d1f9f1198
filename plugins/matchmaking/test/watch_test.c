/*
 * watch_test.c - how silent instances are found and marked, and when silence means nothing.
 */
#include "fleet_fixture.h"
#include "fleet/view.h"

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

/* Time passes; those of `alive` instances from number `first` on are heard of. */
static void pass(unsigned first, unsigned alive, unsigned ms)
{
    for (unsigned at = 0; at < ms; at += 500) {
        for (unsigned n = first; n < first + alive; n++)
            world_beat(&world, n);
        hearth_test_advance(world.host, 500);
    }
}

static bool is_lost(unsigned n)
{
    struct instance *instance = world_stored(&world, n);
    bool lost = instance->state == INSTANCE_LOST;
    instance_destroy(instance);
    return lost;
}

static void three_silent_intervals_and_it_is_lost_once(void **state)
{
    (void)state;
    struct asking asking;
    for (unsigned n = 0; n < 4; n++)
        world_instance(&world, n, 1, 4, "1");
    struct fleet *one = world_fleet(&world, 0), *two = world_fleet(&world, 1);
    pass(1, 3, 2000);
    assert_false(is_lost(0));
    for (unsigned n = 1; n < 4; n++) { /* a quiet one is not chosen */
        ask(&world, one, &asking, n, false);
        wait_for(&world, &asking, 1);
        assert_int_equal(asking.result, ALLOCATED_CREATED);
        assert_string_not_equal(asking.allocation.seat.instance,
                                "00000000-0000-4000-8000-000000000000");
    }
    pass(1, 3, 3000);
    assert_true(is_lost(0));
    assert_false(is_lost(1));
    assert_true(metric(METRIC_LOST) == 1);
    assert_int_equal(fleet_peek(two, "00000000-0000-4000-8000-000000000000")->state, INSTANCE_LOST);
}

static void when_most_are_silent_none_is_marked(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 4; n++)
        world_instance(&world, n, 1, 4, "1");
    (void)world_fleet(&world, 0);
    pass(0, 1, 6000);
    for (unsigned n = 0; n < 4; n++)
        assert_false(is_lost(n));
    assert_true(metric(METRIC_SILENT) == 1);
    pass(0, 3, 4000); /* two come back: the fourth is the only one now */
    assert_true(is_lost(3));
    assert_true(metric(METRIC_SILENT) == 0);
}

static void those_who_fell_silent_long_ago_do_not_protect_others(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 13; n++)
        world_instance(&world, n, 1, 4, "1");
    (void)world_fleet(&world, 0);
    pass(0, 4, 6000); /* nine at once */
    assert_true(metric(METRIC_SILENT) == 1);
    pass(1, 3, 4500); /* one of four */
    assert_true(is_lost(0));
    pass(3, 1, 6000); /* two of three, at once */
    for (unsigned n = 1; n < 13; n++)
        assert_false(is_lost(n));
    assert_true(metric(METRIC_LOST) == 1);
}

static void silence_does_not_count_while_the_registry_cannot_be_read(void **state)
{
    (void)state;
    world_instance(&world, 0, 1, 4, "1");
    (void)world_fleet(&world, 0);
    world.store.down = true;
    hearth_test_advance(world.host, 20000);
    world.store.down = false;
    pass(1, 0, 2000);
    assert_false(is_lost(0));
    pass(1, 0, 3000);
    assert_true(is_lost(0));
}

static void silence_does_not_count_while_a_look_at_the_registry_hangs(void **state)
{
    (void)state;
    world_instance(&world, 0, 1, 4, "1");
    (void)world_fleet(&world, 0);
    world.store.hold = true;
    hearth_test_advance(world.host, 20000);
    store_release(&world.store);
    pass(1, 0, 2000);
    assert_false(is_lost(0));
    pass(1, 0, 3000);
    assert_true(is_lost(0));
}

/* This process stood still in the middle of a look, whose end is the first that it then hears of.
 */
static void a_look_that_ends_after_a_standstill_does_not_make_silence_count(void **state)
{
    (void)state;
    world_instance(&world, 0, 1, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    world.store.hold = true;
    hearth_test_advance(world.host, 2000);
    watch_stop(fleet);
    hearth_test_advance(world.host, 20000);
    store_release(&world.store);
    assert_int_equal(watch_start(fleet), HEARTH_OK);
    pass(1, 0, 2000);
    assert_false(is_lost(0));
    pass(1, 0, 3000);
    assert_true(is_lost(0));
}

static void an_instance_keeps_the_interval_that_it_was_told(void **state)
{
    (void)state;
    world_instance(&world, 0, 1, 4, "1");
    world_told(&world, 0, 5000);
    (void)world_fleet(&world, 0);
    pass(1, 0, 14000); /* of 1 s would have been lost long ago */
    assert_false(is_lost(0));
    pass(1, 0, 2500);
    assert_true(is_lost(0));
}

static void a_draining_instance_is_not_counted_as_ready(void **state)
{
    (void)state;
    world_instance(&world, 0, 1, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    struct asking asking;
    ask(&world, fleet, &asking, 1, false); /* full, too */
    wait_for(&world, &asking, 1);
    pass(0, 1, 1000);
    assert_true(instances_in("ready") == 1);
    assert_true(instances_in("draining") == 0);
    world_drain(&world, 0);
    pass(0, 1, 1000);
    assert_true(instances_in("ready") == 0);
    assert_true(instances_in("draining") == 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(three_silent_intervals_and_it_is_lost_once),
        TEST(when_most_are_silent_none_is_marked),
        TEST(those_who_fell_silent_long_ago_do_not_protect_others),
        TEST(silence_does_not_count_while_the_registry_cannot_be_read),
        TEST(silence_does_not_count_while_a_look_at_the_registry_hangs),
        TEST(a_look_that_ends_after_a_standstill_does_not_make_silence_count),
        TEST(an_instance_keeps_the_interval_that_it_was_told),
        TEST(a_draining_instance_is_not_counted_as_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
