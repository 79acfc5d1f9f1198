/*
 * registry_test.c - the connection to hearthd by the clock: registrations, heartbeats and drains
 * that are refused, lost, or put off. What goes over a real connection is in
 * tests/integration/test_gamesim_registered.py and test_gamesim_away.py.
 */
#include "registry_fixture.h"

/* ---- registering, and being heard of ---- */

static void a_registered_instance_is_heard_of_every_interval(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    assert_string_equal(client.sent[0].bearer, "registering");
    assert_string_equal(client.sent[1].bearer, "first");
    pass(rig, 29.5);
    assert_int_equal(waiting("PUT", "/heartbeat"), 0);
    pass(rig, 1);
    assert_int_equal(waiting("PUT", "/" INSTANCE "/heartbeat"), 1);
    pass(rig, 60); /* one at a time, however long it takes */
    assert_int_equal(waiting("PUT", "/heartbeat"), 1);
}

static void a_change_is_told_within_a_second_and_many_of_them_together(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 5);
    size_t before = client.count;
    for (int i = 0; i < 30; i++) { /* one in each tick, for a second */
        registry_changed(rig->registry);
        pass(rig, 1.0 / 30);
        if (waiting("PUT", "/heartbeat") > 0)
            answer(next("PUT", "/heartbeat"), 200, BEATEN);
    }
    assert_in_range(client.count - before, 1, 2);
    pass(rig, 1);
    assert_in_range(client.count - before, 2, 3);
}

static void a_registration_that_is_refused_for_now_is_tried_again_when_it_was_told_to(void **state)
{
    struct rig *rig = *state;
    pass(rig, 0.1);
    answer_later(next("POST", "/gamesim-instances"), 503, "{}", 50);
    pass(rig, 49.5);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 0);
    pass(rig, 1);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 1);
}

static void a_service_that_is_away_is_asked_less_and_less_often(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < 600; i++) {
        pass(rig, 1);
        if (waiting("POST", "/gamesim-instances") > 0)
            answer(next("POST", "/gamesim-instances"), 0, "");
    }
    assert_in_range(client.count, 20, 50); /* up to half a minute between two */
}

static void a_404_is_a_loss(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 404, "{\"code\":\"INSTANCE_NOT_FOUND\"}");
    assert_int_equal(rig->lost, 1);
    pass(rig, 0.1);
    struct sent *again = next("POST", "/gamesim-instances");
    assert_string_equal(again->bearer, "registering");
    answer(again, 201, TERMS("second"));
    pass(rig, 0.1);
    assert_string_equal(next("PUT", "/heartbeat")->bearer, "second");
    assert_non_null(strstr(next("PUT", "/heartbeat")->body, "\"sequence\":1,"));
}

static void a_token_that_is_refused_three_times_is_a_loss(void **state)
{
    static const int answers[] = {401, 401, 200, 401, 401, 401};
    struct rig *rig = *state;
    enter(rig);
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        assert_int_equal(rig->lost, 0);
        pass(rig, 31);
        answer(next("PUT", "/heartbeat"), answers[i], BEATEN);
    }
    assert_int_equal(rig->lost, 1);
    pass(rig, 0.1);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 1);
}

static void a_heartbeat_that_fails_is_repeated_long_before_the_next_one_is_due(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 31);
    for (int i = 0; i < 8; i++) {
        answer(next("PUT", "/heartbeat"), 503, "{}");
        pass(rig, 10.1); /* a third of the interval */
        assert_int_equal(waiting("PUT", "/heartbeat"), 1);
    }
    assert_int_equal(rig->lost, 0);
}

static void a_renewed_token_is_used_from_then_on(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 200,
           "{\"drain\":false,\"end\":[],\"kick\":[],\"instanceToken\":\"renewed\"}");
    report(stream, 1);
    pass(rig, 31);
    assert_string_equal(next("PUT", "/heartbeat")->bearer, "renewed");
    assert_string_equal(next("POST", "/updates")->bearer, "renewed");
}

/* ---- draining ---- */

static void a_drained_instance_is_vacant_when_hearthd_says_so(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    registry_drain(rig->registry);
    pass(rig, 1);
    assert_int_equal(waiting("GET", "/gamesim-instances"), 0); /* hearthd has not heard of it */
    assert_non_null(strstr(next("PUT", "/heartbeat")->body, "\"draining\""));
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    pass(rig, 0.1);
    answer(next("GET", "/gamesim-instances"), 200,
           "{\"instances\":[{\"id\":\"" INSTANCE "\",\"activeGameSims\":1}]}");
    assert_false(registry_is_vacant(rig->registry));
    pass(rig, 1.1);
    answer(next("GET", "/gamesim-instances"), 200,
           "{\"instances\":[{\"id\":\"" INSTANCE "\",\"activeGameSims\":0}]}");
    assert_true(registry_is_vacant(rig->registry));
}

static void a_hearthd_that_does_not_say_is_waited_for_as_long_as_tokens_live(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    registry_drain(rig->registry);
    pass(rig, 1);
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    for (int second = 0; second < 39; second++) {
        pass(rig, 1);
        assert_false(registry_is_vacant(rig->registry));
        if (waiting("GET", "/gamesim-instances") > 0)
            answer(next("GET", "/gamesim-instances"), 503, "{}");
    }
    pass(rig, 2);
    assert_true(registry_is_vacant(rig->registry));
}

static void who_drains_does_not_register_any_more(void **state)
{
    struct rig *rig = *state;
    pass(rig, 0.1);
    registry_drain(rig->registry);
    answer(next("POST", "/gamesim-instances"), 0, "");
    pass(rig, 120);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 0);
    assert_true(registry_is_vacant(rig->registry));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)
    const struct CMUnitTest tests[] = {
        TEST(a_registered_instance_is_heard_of_every_interval),
        TEST(a_change_is_told_within_a_second_and_many_of_them_together),
        TEST(a_registration_that_is_refused_for_now_is_tried_again_when_it_was_told_to),
        TEST(a_service_that_is_away_is_asked_less_and_less_often),
        TEST(a_404_is_a_loss),
        TEST(a_token_that_is_refused_three_times_is_a_loss),
        TEST(a_heartbeat_that_fails_is_repeated_long_before_the_next_one_is_due),
        TEST(a_renewed_token_is_used_from_then_on),
        TEST(a_drained_instance_is_vacant_when_hearthd_says_so),
        TEST(a_hearthd_that_does_not_say_is_waited_for_as_long_as_tokens_live),
        TEST(who_drains_does_not_register_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
