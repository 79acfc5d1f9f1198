/*
 * beat_test.c - what heartbeats do to seats: the token's grace, the way back, the kick, and the end
 * of a session that nobody is left in.
 */
#include "model_fixture.h"

#define GRACE  INT64_C(10000)
#define REJOIN INT64_C(120000)

static const struct beat_rules rules = {.rejoin_ms = REJOIN, .grace_ms = GRACE};
static struct instance *instance;
static uint64_t sequence;

static int begin(void **state)
{
    (void)state;
    instance = instance_of(2, 3);
    sequence = 0;
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    return 0;
}

static int end(void **state)
{
    (void)state;
    instance_destroy(instance);
    return 0;
}

/* A heartbeat that names session ONE with player n there; n == 0: nobody. */
static bool beat_with(unsigned n, int64_t now_ms)
{
    struct player player = player_of(n, 0);
    struct beat_session named = {.id = ONE, .players = &player.user, .player_count = n > 0};
    struct beat beat = {++sequence, false, &named, 1};
    return instance_beat(instance, &beat, &rules, now_ms);
}

static bool has_seat(unsigned n)
{
    return member_of(instance, ONE, n)->seat >= 0;
}

static void a_seat_waits_for_its_token_and_ten_seconds(void **state)
{
    (void)state;
    assert_true(beat_with(0, EXPIRES + GRACE - 1));
    assert_true(has_seat(1));
    assert_true(beat_with(0, EXPIRES + GRACE));
    assert_false(has_seat(1));
    assert_int_equal(instance_session(instance, ONE)->outcome, OUTCOME_ABANDONED);
}

static void one_who_was_there_may_come_back(void **state)
{
    (void)state;
    assert_true(beat_with(1, 2000));
    assert_true(member_of(instance, ONE, 1)->connected);
    assert_true(beat_with(0, 50000));
    assert_false(member_of(instance, ONE, 1)->connected);
    assert_true(beat_with(0, 50000 + REJOIN - 1));
    assert_true(has_seat(1));
    assert_true(beat_with(1, 50000 + REJOIN)); /* he is back: the clock starts anew */
    assert_true(beat_with(0, 300000));
    assert_true(beat_with(0, 300000 + REJOIN - 1));
    assert_true(has_seat(1));
    assert_true(beat_with(0, 300000 + REJOIN));
    assert_false(has_seat(1));
}

static void a_newer_token_keeps_the_seat(void **state)
{
    (void)state;
    struct player player = player_of(1, 0);
    player.token_expires_ms = 90000;
    assert_int_equal(instance_join_session(instance, ONE, &player), SEATED);
    assert_true(beat_with(0, EXPIRES + GRACE));
    assert_true(has_seat(1));
    assert_true(beat_with(0, 90000 + GRACE));
    assert_false(has_seat(1));
}

static void a_kick_is_confirmed_by_the_next_heartbeat_without_him(void **state)
{
    (void)state;
    struct player player = player_of(1, 0);
    assert_int_equal(join_by(instance, ONE, 2), SEATED);
    assert_true(beat_with(1, 2000));
    assert_true(instance_leave(instance, ONE, player.user));
    assert_true(beat_with(1, 3000)); /* its reply carries the kick */
    assert_true(has_seat(1));
    assert_true(beat_with(1, 4000)); /* still there */
    assert_true(has_seat(1));
    assert_true(beat_with(0, 5000));
    assert_false(has_seat(1));
    assert_true(has_seat(2));
    assert_int_equal(instance_session(instance, ONE)->outcome, OUTCOME_NONE);
}

static void one_who_never_came_is_free_one_heartbeat_after_the_kick(void **state)
{
    (void)state;
    struct player player = player_of(1, 0);
    assert_int_equal(join_by(instance, ONE, 2), SEATED);
    assert_true(instance_leave(instance, ONE, player.user));
    assert_true(beat_with(0, 2000));
    assert_true(has_seat(1));
    assert_true(beat_with(0, 3000));
    assert_false(has_seat(1));
}

static void older_heartbeats_are_ignored(void **state)
{
    (void)state;
    assert_true(beat_with(1, 2000));
    assert_true(beat_with(0, 3000));
    sequence -= 2;
    assert_false(beat_with(1, 4000));
    assert_false(member_of(instance, ONE, 1)->connected);
    assert_int_equal(instance->beat, 2);
}

static void sessions_that_are_over_must_end(void **state)
{
    (void)state;
    struct beat_session one = {.id = ONE}, stranger = {.id = THREE};
    assert_false(beat_must_end(instance, &one));
    assert_true(beat_must_end(instance, &stranger));
    instance_session(instance, ONE)->outcome = OUTCOME_VICTORY;
    assert_true(beat_must_end(instance, &one));
}

static void a_draining_instance_takes_nothing_new_but_those_who_belong_there(void **state)
{
    (void)state;
    struct beat beat = {++sequence, true, NULL, 0};
    assert_true(instance_beat(instance, &beat, &rules, 2000));
    assert_string_equal(instance_state_name(instance), "draining");
    assert_int_equal(open_by(instance, TWO, 2), SEATING_CLOSED);
    assert_int_equal(join_by(instance, ONE, 2), SEATED);
    assert_false(session_is_open(instance, instance_session(instance, ONE)));
}

static void a_lost_instance_is_not_heard_of_again(void **state)
{
    (void)state;
    assert_true(instance_finish(instance, INSTANCE_LOST, 2000));
    assert_false(beat_with(1, 3000));
    assert_true(instance_is_final(instance));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_seat_waits_for_its_token_and_ten_seconds),
        TEST(one_who_was_there_may_come_back),
        TEST(a_newer_token_keeps_the_seat),
        TEST(a_kick_is_confirmed_by_the_next_heartbeat_without_him),
        TEST(one_who_never_came_is_free_one_heartbeat_after_the_kick),
        TEST(older_heartbeats_are_ignored),
        TEST(sessions_that_are_over_must_end),
        TEST(a_draining_instance_takes_nothing_new_but_those_who_belong_there),
        TEST(a_lost_instance_is_not_heard_of_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
