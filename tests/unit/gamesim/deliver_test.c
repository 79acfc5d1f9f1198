/*
 * deliver_test.c - reports on their way to hearthd, which is slow, forgets, or is away for a day.
 */
#include "registry_fixture.h"

static uint64_t acknowledged(const struct rig *rig)
{
    registry_status status;
    registry_status_get(rig->registry, &status);
    return status.reports_acknowledged;
}

static void what_happens_gathers_for_a_second_but_an_end_goes_at_once(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    pass(rig, 0.9);
    assert_int_equal(waiting("POST", "/updates"), 0);
    pass(rig, 0.2);
    answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    report(stream, 2);
    stream_close(stream, STREAM_VICTORY);
    pass(rig, 0.1);
    struct sent *last = next("POST", "/end");
    assert_non_null(strstr(last->body, "\"sequence\":2,"));
    assert_non_null(strstr(last->body, "\"outcome\":\"victory\""));
    answer(last, 200, "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(acknowledged(rig), 2);
    assert_true(registry_is_flushed(rig->registry));
}

static void a_batch_is_repeated_as_it_was_when_it_was_told_to(void **state)
{
    struct rig *rig = *state;
    char body[4096];
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    pass(rig, 1.1);
    snprintf(body, sizeof(body), "%s", next("POST", "/updates")->body);
    answer_later(next("POST", "/updates"), 503, "{}", 40);
    report(stream, 7);
    pass(rig, 39.5);
    assert_int_equal(waiting("POST", "/updates"), 0);
    pass(rig, 1);
    assert_string_equal(next("POST", "/updates")->body, body);
}

static void what_hearthd_has_forgotten_goes_on_under_the_number_that_it_expects(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    for (int i = 0; i < 2; i++) {
        report(stream, 1);
        pass(rig, 1.1);
        answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    }
    report(stream, 5);
    pass(rig, 1.1);
    answer(next("POST", "/updates"), 409, "{\"code\":\"SEQUENCE_GAP\",\"expected\":2}");
    pass(rig, 1.1);
    assert_non_null(strstr(next("POST", "/updates")->body, "\"sequence\":2,"));
    assert_non_null(strstr(next("POST", "/updates")->body, "\"amount\":5"));
}

static void a_lost_instance_reports_in_its_old_name(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 404, "{}");
    report(stream, 1);
    stream_close(stream, STREAM_RUNNING); /* hearthd has ended it */
    pass(rig, 0.1);
    answer(next("POST", "/gamesim-instances"), 201, TERMS("second"));
    pass(rig, 1.1);
    assert_string_equal(next("POST", "/updates")->bearer, "first");
    answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    assert_true(registry_is_flushed(rig->registry));
}

static void reports_are_given_up_after_a_day(void **state)
{
    struct rig *rig = *state;
    registry_status status;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    stream_close(stream, STREAM_VICTORY);
    for (int hour = 0; hour <= 24; hour++) {
        assert_false(registry_is_flushed(rig->registry));
        rig->now_ns += 3600 * SECOND_NS;
        registry_tick(rig->registry, rig->now_ns);
        if (waiting("POST", "/end") > 0)
            answer(next("POST", "/end"), 401, "{}");
    }
    registry_status_get(rig->registry, &status);
    assert_true(registry_is_flushed(rig->registry));
    assert_int_equal(status.reports_failed, 1);
}

static void reports_leave_connections_for_heartbeats(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    for (uint8_t i = 1; i <= 12; i++)
        report(open_session(rig, i), 1);
    pass(rig, 3);
    assert_in_range(waiting("POST", "/updates"), 1, HTTPS_CONNECTIONS_MAX - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)
    const struct CMUnitTest tests[] = {
        TEST(what_happens_gathers_for_a_second_but_an_end_goes_at_once),
        TEST(a_batch_is_repeated_as_it_was_when_it_was_told_to),
        TEST(what_hearthd_has_forgotten_goes_on_under_the_number_that_it_expects),
        TEST(a_lost_instance_reports_in_its_old_name),
        TEST(reports_are_given_up_after_a_day),
        TEST(reports_leave_connections_for_heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
