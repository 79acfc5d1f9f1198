/*
 * fleet_test.c - allocation under contention, with lost answers, without storage; and
 * choice.
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

static size_t count_results(const struct asking *askings, size_t count, enum allocated result)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += askings[i].result == result;
    return found;
}

/* Running sessions in storage; fails where one instance has more than its capacity. */
static uint32_t count_stored(unsigned instances)
{
    uint32_t found = 0;
    for (unsigned n = 0; n < instances; n++) {
        struct instance *instance = world_stored(&world, n);
        assert_true(instance_active(instance) <= instance->game_sims);
        for (uint32_t i = 0; i < instance->session_count; i++)
            assert_true(session_taken(&instance->sessions[i]) <= instance->players);
        found += instance_active(instance);
        instance_destroy(instance);
    }
    return found;
}

static void what_waits_for_a_write_goes_together_in_the_next(void **state)
{
    (void)state;
    static struct asking askings[40];
    world_instance(&world, 0, 50, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    size_t before = world.store.writes;
    for (unsigned n = 0; n < 40; n++)
        ask(&world, fleet, &askings[n], n, false);
    wait_for(&world, askings, 40);
    assert_int_equal(count_results(askings, 40, ALLOCATED_CREATED), 40);
    assert_int_equal(count_stored(1), 40);
    assert_int_equal(world.store.writes - before, 2);
}

struct step {
    struct change change;
    const char *game_sim;
    int done; /* as the so many-th */
};

static int steps_done;

static enum verdict apply_end(struct change *change, struct instance *draft, int64_t now_ms)
{
    (void)now_ms;
    return instance_forget_session(draft, ((struct step *)change)->game_sim) ? CHANGED : REFUSED;
}

static void on_step(struct change *change, hearth_status status, const struct instance *now)
{
    struct step *step = (struct step *)change;
    assert_int_equal(status, HEARTH_OK);
    assert_null(instance_session(now, step->game_sim));
    step->done = ++steps_done;
}

static void nobody_is_answered_by_what_is_not_written_yet(void **state)
{
    (void)state;
    static struct asking askings[2];
    static struct step first = {.change = {.apply = apply_end, .done = on_step}};
    static struct step second = {.change = {.apply = apply_end, .done = on_step}};
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    char id[HEARTH_UUID_SIZE];
    instance_number(0, id);
    ask(&world, fleet, &askings[0], 0, false);
    wait_for(&world, askings, 1);
    first.game_sim = second.game_sim = askings[0].allocation.seat.game_sim;
    steps_done = 0;
    ask(&world, fleet, &askings[1], 1, false); /* its write is on its way: both wait for it */
    fleet_change(fleet, id, &first.change);
    fleet_change(fleet, id, &second.change);
    for (int i = 0; steps_done < 2; i++) {
        if (i < 1000)
            world_beat(&world, 0); /* conflicts: by now both know what storage has */
        hearth_test_advance(world.host, 3);
    }
    wait_for(&world, askings, 2);
    assert_int_equal(first.done, 1);
    assert_int_equal(second.done, 2);
}

static void a_session_may_end_in_the_write_that_gives_a_seat_in_it(void **state)
{
    (void)state;
    static struct asking askings[3];
    static struct step end_it = {.change = {.apply = apply_end, .done = on_step}};
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    char id[HEARTH_UUID_SIZE], old[HEARTH_UUID_SIZE];
    instance_number(0, id);
    ask(&world, fleet, &askings[0], 0, true);
    wait_for(&world, askings, 1);
    memcpy(old, askings[0].allocation.seat.game_sim, sizeof(old));
    end_it.game_sim = old;
    ask(&world, fleet, &askings[1], 1, false); /* its write is on its way: both wait for it */
    ask(&world, fleet, &askings[2], 2, true);
    fleet_change(fleet, id, &end_it.change);
    wait_for(&world, askings, 3);
    assert_string_not_equal(askings[2].allocation.seat.game_sim, old);
    assert_int_equal(count_stored(1), 1 + (askings[2].result == ALLOCATED_CREATED));
}

static void seekers_fill_one_session_after_another(void **state)
{
    (void)state;
    static struct asking askings[12];
    for (unsigned n = 0; n < 5; n++)
        world_instance(&world, n, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    for (unsigned n = 0; n < 12; n++)
        ask(&world, fleet, &askings[n], n, true);
    wait_for(&world, askings, 12);
    assert_int_equal(count_results(askings, 12, ALLOCATED_CREATED), 3);
    assert_int_equal(count_results(askings, 12, ALLOCATED_JOINED), 9);
    assert_int_equal(count_stored(5), 3);
}

static void several_processes_never_exceed_capacity(void **state)
{
    (void)state;
    static struct asking askings[60];
    struct fleet *fleets[FLEETS];
    for (unsigned n = 0; n < 12; n++)
        world_instance(&world, n, 3, 4, "1");
    for (int i = 0; i < FLEETS; i++)
        fleets[i] = world_fleet(&world, i);
    for (unsigned n = 0; n < 60; n++)
        ask(&world, fleets[n % FLEETS], &askings[n], n, false);
    wait_for(&world, askings, 60);
    assert_int_equal(count_results(askings, 60, ALLOCATED_CREATED), 36);
    assert_int_equal(count_results(askings, 60, ALLOCATED_NO_CAPACITY), 24);
    assert_int_equal(count_stored(12), 36);
    assert_true(metric(METRIC_CONFLICTS) > 0);
}

static void a_lost_answer_doubles_nothing(void **state)
{
    (void)state;
    static const enum script script[] = {SCRIPT_LOST, SCRIPT_RETRY, SCRIPT_LOST, SCRIPT_LOST};
    static struct asking askings[6];
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    store_script(&world.store, script, 4);
    for (unsigned n = 0; n < 6; n++)
        ask(&world, fleet, &askings[n], n, false);
    wait_for(&world, askings, 6);
    assert_int_equal(count_results(askings, 6, ALLOCATED_CREATED), 6);
    assert_int_equal(count_stored(1), 6);
}

static void without_storage_nothing_is_promised(void **state)
{
    (void)state;
    struct asking asking, later;
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    world.store.down = true;
    ask(&world, fleet, &asking, 1, false);
    wait_for(&world, &asking, 1);
    assert_int_equal(asking.result, ALLOCATED_UNAVAILABLE);
    world.store.down = false;
    ask(&world, fleet, &later, 2, false);
    wait_for(&world, &later, 1);
    assert_int_equal(later.result, ALLOCATED_CREATED);
}

static void on_drained(void *arg)
{
    ++*(int *)arg;
}

static void memory_that_is_out_does_not_hold_up_a_drain(void **state)
{
    (void)state;
    static const enum script script[] = {SCRIPT_RETRY};
    struct asking asking;
    int drained = 0;
    world_instance(&world, 0, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    store_script(&world.store, script, 1);
    ask(&world, fleet, &asking, 1, false);
    fleet_drain(fleet, on_drained, &drained);
    hearth_test_fail_allocation(world.host, 1); /* of the timer that would try again */
    wait_for(&world, &asking, 1);
    assert_int_equal(asking.result, ALLOCATED_UNAVAILABLE);
    assert_int_equal(drained, 1);
}

static void a_seat_given_back_is_free_at_once(void **state)
{
    (void)state;
    struct asking first, second;
    world_instance(&world, 0, 1, 1, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    ask(&world, fleet, &first, 1, false);
    wait_for(&world, &first, 1);
    allocate_undo(fleet, &first.allocation.seat, first.allocation.player.user);
    ask(&world, fleet, &second, 2, false);
    wait_for(&world, &second, 1);
    assert_int_equal(second.result, ALLOCATED_CREATED);
}

/* How many of `count` instances have sessions after `sessions` creates. */
static unsigned spread_over(unsigned count, unsigned sessions)
{
    static struct asking askings[64];
    unsigned used = 0;
    for (unsigned n = 0; n < count; n++)
        world_instance(&world, n, 10, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    for (unsigned n = 0; n < sessions; n++) {
        ask(&world, fleet, &askings[n], n, false);
        wait_for(&world, &askings[n], 1);
    }
    for (unsigned n = 0; n < count; n++) {
        struct instance *instance = world_stored(&world, n);
        used += instance_active(instance) > 0;
        instance_destroy(instance);
    }
    return used;
}

static void pack_fills_one_instance_after_another(void **state)
{
    (void)state;
    assert_int_equal(spread_over(8, 16), 2);
}

static void spread_uses_all(void **state)
{
    (void)state;
    world.conf.policy = POLICY_SPREAD;
    assert_int_equal(spread_over(8, 16), 8);
}

static void weights_divide_new_sessions(void **state)
{
    (void)state;
    static struct asking askings[200];
    static const hearth_conf_pair pairs[] = {{HEARTH_STR("1.0"), HEARTH_STR("90")},
                                             {HEARTH_STR("1.1"), HEARTH_STR("10")},
                                             {HEARTH_STR("0.9"), HEARTH_STR("0")}};
    world_instance(&world, 0, 1000, 4, "1.0");
    world_instance(&world, 1, 1000, 4, "1.1");
    world_instance(&world, 2, 1000, 4, "0.9");
    world_instance(&world, 3, 1000, 4, "unnamed");
    world.conf.weights = (hearth_conf_map){pairs, 3};
    struct fleet *fleet = world_fleet(&world, 0);
    for (unsigned n = 0; n < 200; n++)
        ask(&world, fleet, &askings[n], n, false);
    wait_for(&world, askings, 200);
    struct instance *canary = world_stored(&world, 1), *zero = world_stored(&world, 2);
    struct instance *unnamed = world_stored(&world, 3);
    assert_in_range(instance_active(canary), 5, 40);
    assert_int_equal(instance_active(zero), 0);
    assert_int_equal(instance_active(unnamed), 0);
    instance_destroy(canary);
    instance_destroy(zero);
    instance_destroy(unnamed);
}

static void versions_that_are_not_named_are_the_last_resort(void **state)
{
    (void)state;
    static struct asking askings[3];
    static const hearth_conf_pair pairs[] = {{HEARTH_STR("1.0"), HEARTH_STR("1")},
                                             {HEARTH_STR("0.9"), HEARTH_STR("0")}};
    world_instance(&world, 0, 1, 4, "1.0");
    world_instance(&world, 1, 1, 4, "unnamed");
    world_instance(&world, 2, 1, 4, "0.9");
    world.conf.weights = (hearth_conf_map){pairs, 2};
    struct fleet *fleet = world_fleet(&world, 0);
    for (unsigned n = 0; n < 3; n++) {
        ask(&world, fleet, &askings[n], n, false);
        wait_for(&world, &askings[n], 1);
    }
    assert_int_equal(askings[0].allocation.seat.port, 40000);
    assert_int_equal(askings[1].allocation.seat.port, 40001);
    assert_int_equal(askings[2].result, ALLOCATED_NO_CAPACITY);
}

static void join_where(struct fleet *fleet, const struct asking *other, unsigned n)
{
    struct asking asking = {0};
    ask_to_join(&asking, &other->allocation.seat, n);
    allocate(fleet, &asking.allocation);
    wait_for(&world, &asking, 1);
    assert_int_equal(asking.result, ALLOCATED_JOINED);
}

static void who_searches_gets_into_the_fullest(void **state)
{
    (void)state;
    struct asking made[3], seeker;
    static const unsigned expected[] = {2, 1, 1, 0};
    world_instance(&world, 0, 2, 4, "1");
    world_instance(&world, 1, 1, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    for (unsigned n = 0; n < 3; n++) {
        ask(&world, fleet, &made[n], n, false);
        wait_for(&world, &made[n], 1);
    }
    join_where(fleet, &made[1], 10);
    join_where(fleet, &made[2], 11);
    join_where(fleet, &made[2], 12);
    for (unsigned n = 0; n < 4; n++) {
        ask(&world, fleet, &seeker, 20 + n, true);
        wait_for(&world, &seeker, 1);
        assert_string_equal(seeker.allocation.seat.game_sim,
                            made[expected[n]].allocation.seat.game_sim);
    }
}

static void an_instance_that_vanished_is_forgotten(void **state)
{
    (void)state;
    char id[HEARTH_UUID_SIZE], bucket[2];
    instance_number(0, id);
    world_instance(&world, 0, 1, 4, "1");
    struct fleet *fleet = world_fleet(&world, 0);
    assert_non_null(fleet_peek(fleet, id));
    assert_non_null(fleet->pools);
    hearth_key key = instance_key(id, bucket);
    store_delete(&world.store, &key);
    hearth_test_advance(world.host, 1500);
    assert_null(fleet_peek(fleet, id));
    assert_null(fleet->pools);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_waits_for_a_write_goes_together_in_the_next),
        TEST(nobody_is_answered_by_what_is_not_written_yet),
        TEST(a_session_may_end_in_the_write_that_gives_a_seat_in_it),
        TEST(seekers_fill_one_session_after_another),
        TEST(several_processes_never_exceed_capacity),
        TEST(a_lost_answer_doubles_nothing),
        TEST(without_storage_nothing_is_promised),
        TEST(memory_that_is_out_does_not_hold_up_a_drain),
        TEST(a_seat_given_back_is_free_at_once),
        TEST(pack_fills_one_instance_after_another),
        TEST(spread_uses_all),
        TEST(weights_divide_new_sessions),
        TEST(versions_that_are_not_named_are_the_last_resort),
        TEST(who_searches_gets_into_the_fullest),
        TEST(an_instance_that_vanished_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
