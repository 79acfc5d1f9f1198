/*
 * seats_test.c - who gets a seat, keeps it, gives it back; and that no sequence of changes puts an
 * instance over its capacity.
 */
#include "model_fixture.h"

static void capacity_is_a_length(void **state)
{
    (void)state;
    struct instance *instance = instance_of(2, 2);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(open_by(instance, TWO, 2), SEATED);
    assert_int_equal(open_by(instance, THREE, 3), SEATING_CLOSED);
    assert_int_equal(instance_active(instance), 2);
    assert_false(instance_has_room(instance));
    assert_int_equal(join_by(instance, ONE, 3), SEATED);
    assert_int_equal(join_by(instance, ONE, 4), SEATING_FULL);
    assert_int_equal(join_by(instance, THREE, 4), SEATING_ABSENT);
    assert_int_equal(member_of(instance, ONE, 1)->seat, 0);
    assert_int_equal(member_of(instance, ONE, 3)->seat, 1);
    assert_string_equal(session_state_name(instance, instance_session(instance, ONE)), "full");
    assert_string_equal(session_state_name(instance, instance_session(instance, TWO)), "open");
    instance_destroy(instance);
}

static void a_member_keeps_his_seat_and_counts_a_token(void **state)
{
    (void)state;
    struct instance *instance = instance_of(1, 1);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(instance_session(instance, ONE)->admissions, 1);
    assert_int_equal(join_by(instance, ONE, 1), SEATED);
    assert_int_equal(open_by(instance, ONE, 1), SEATED); /* a repeat of the same write */
    assert_int_equal(instance_session(instance, ONE)->admissions, 3);
    assert_int_equal(session_taken(instance_session(instance, ONE)), 1);
    struct player other = player_of(1, 5);
    assert_int_equal(instance_join_session(instance, ONE, &other), SEATING_OTHER);
    instance_destroy(instance);
}

static void a_seat_left_is_taken_until_confirmed(void **state)
{
    (void)state;
    struct instance *instance = instance_of(1, 1);
    struct player player = player_of(1, 0);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    session_member(instance_session(instance, ONE), player.user)->seen = true;
    assert_true(instance_leave(instance, ONE, player.user));
    assert_false(instance_leave(instance, ONE, player.user));
    assert_false(
        seat_stands(instance, instance_session(instance, ONE), member_of(instance, ONE, 1)));
    assert_int_equal(join_by(instance, ONE, 2), SEATING_FULL);
    assert_int_equal(join_by(instance, ONE, 1), SEATED); /* he changed his mind */
    assert_true(
        seat_stands(instance, instance_session(instance, ONE), member_of(instance, ONE, 1)));
    instance_destroy(instance);
}

static void who_opens_and_leaves_does_not_use_up_the_capacity(void **state)
{
    (void)state;
    struct instance *instance = instance_of(2, 2);
    struct player one = player_of(1, 0), two = player_of(2, 0);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(open_by(instance, TWO, 2), SEATED);
    assert_int_equal(join_by(instance, TWO, 1), SEATED);
    assert_true(instance_leave(instance, ONE, one.user)); /* nobody was ever there */
    assert_int_equal(instance_session(instance, ONE)->outcome, OUTCOME_ABANDONED);
    assert_int_equal(instance_active(instance), 1);
    assert_int_equal(join_by(instance, ONE, 1), SEATING_ENDED);
    assert_true(instance_leave(instance, TWO, one.user));
    assert_int_equal(instance_session(instance, TWO)->outcome, OUTCOME_NONE); /* one is to come */
    session_member(instance_session(instance, TWO), one.user)->seen = true;
    assert_true(instance_leave(instance, TWO, two.user));
    assert_int_equal(instance_session(instance, TWO)->outcome, OUTCOME_NONE); /* one was there */
    instance_destroy(instance);
}

static void an_unseated_player_leaves_no_trace(void **state)
{
    (void)state;
    struct instance *instance = instance_of(1, 2);
    struct player one = player_of(1, 0), two = player_of(2, 0);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_true(instance_unseat(instance, ONE, one.user));
    assert_null(instance_session(instance, ONE));
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(join_by(instance, ONE, 2), SEATED);
    assert_true(instance_unseat(instance, ONE, two.user));
    assert_false(instance_unseat(instance, ONE, two.user));
    assert_int_equal(session_taken(instance_session(instance, ONE)), 1);
    instance_destroy(instance);
}

static void a_session_that_has_seen_too_many_is_not_found_any_more(void **state)
{
    (void)state;
    struct instance *instance = instance_of(1, 2);
    struct game_session *session;
    assert_int_equal(open_by(instance, ONE, 0), SEATED);
    for (unsigned n = 1; n < MEMBERS_MAX; n++) {
        struct player player = player_of(n, 0);
        session = instance_session(instance, ONE);
        assert_true(session_is_open(instance, session));
        assert_int_equal(join_by(instance, ONE, n), SEATED);
        assert_true(instance_unseat(instance, ONE, player.user));
    }
    session = instance_session(instance, ONE);
    assert_false(session_is_open(instance, session));
    assert_int_equal(join_by(instance, ONE, MEMBERS_MAX), SEATING_FULL);
    assert_int_equal(join_by(instance, ONE, 1), SEATED); /* he is on the list already */
    instance_destroy(instance);
}

static void who_drains_takes_nobody_who_does_not_ask_for_him(void **state)
{
    (void)state;
    struct instance *instance = instance_of(2, 2);
    assert_int_equal(open_by(instance, ONE, 0), SEATED);
    assert_true(session_is_open(instance, instance_session(instance, ONE)));
    instance->drain = true;
    assert_false(session_is_open(instance, instance_session(instance, ONE)));
    assert_int_equal(open_by(instance, TWO, 1), SEATING_CLOSED);
    assert_int_equal(join_by(instance, ONE, 1), SEATED);
    instance_destroy(instance);
}

static void ends_are_final(void **state)
{
    (void)state;
    struct instance *instance = instance_of(2, 2);
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(open_by(instance, TWO, 2), SEATED);
    instance_session(instance, ONE)->outcome = OUTCOME_VICTORY;
    assert_int_equal(join_by(instance, ONE, 3), SEATING_ENDED);
    assert_int_equal(instance_active(instance), 1);
    assert_true(instance_finish(instance, INSTANCE_LOST, 5));
    assert_false(instance_finish(instance, INSTANCE_GONE, 6));
    assert_int_equal(session_outcome(instance, instance_session(instance, ONE)), OUTCOME_VICTORY);
    assert_int_equal(session_outcome(instance, instance_session(instance, TWO)), OUTCOME_LOST);
    assert_int_equal(join_by(instance, TWO, 3), SEATING_ENDED);
    assert_int_equal(open_by(instance, THREE, 3), SEATING_CLOSED);
    assert_int_equal(instance_active(instance), 0);
    assert_true(instance_forget_session(instance, ONE));
    assert_false(instance_forget_session(instance, ONE));
    instance_destroy(instance);
}

static void nobody_is_seated_where_no_document_could_say_so(void **state)
{
    (void)state;
    struct instance *instance = instance_of(INSTANCE_SIMS_MAX, INSTANCE_PLAYERS_MAX);
    char id[HEARTH_UUID_SIZE];
    unsigned opened = 0;
    for (; opened < INSTANCE_SIMS_MAX; opened++) {
        snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012u", opened);
        if (open_by(instance, id, opened) != SEATED)
            break;
    }
    assert_in_range(opened, 400, INSTANCE_SIMS_MAX - 1);
    assert_false(instance_has_room(instance));
    assert_int_equal(join_by(instance, "aaaaaaaa-0000-4000-8000-000000000000", 5000), SEATING_FULL);
    instance_destroy(instance);
}

static void check_invariants(const struct instance *instance)
{
    assert_true(instance_active(instance) <= instance->game_sims);
    for (uint32_t i = 0; i < instance->session_count; i++) {
        const struct game_session *session = &instance->sessions[i];
        uint64_t seats = 0;
        assert_true(session_taken(session) <= instance->players);
        for (uint32_t k = 0; k < session->member_count; k++) {
            int seat = session->members[k].seat;
            assert_true(seat < (int)instance->players);
            if (seat >= 0) {
                assert_false(seats >> seat & 1);
                seats |= UINT64_C(1) << seat;
            }
        }
    }
}

/* Any order of changes, with copies in between as the fleet makes them. */
static void no_order_of_changes_exceeds_capacity(void **state)
{
    static const char *const ids[] = {ONE, TWO, THREE};
    static const struct beat_rules rules = {.rejoin_ms = 500, .grace_ms = 100};
    (void)state;
    srand(20261121);
    for (int round = 0; round < 200; round++) {
        struct instance *instance = instance_of(2, 3);
        for (int step = 0; step < 300; step++) {
            const char *id = ids[rand() % 3];
            unsigned n = (unsigned)rand() % 6;
            struct player player = player_of(n, (unsigned)rand() % 2);
            int64_t now = step * 200;
            struct beat_session named = {.players = &player.user, .player_count = 1};
            struct beat beat = {(uint64_t)step + 1, false, &named, 1};
            player.token_expires_ms = now + 300;
            strcpy(named.id, id);
            switch (rand() % 7) {
            case 0:
                (void)instance_open_session(instance, id, 1, false, &player, now);
                break;
            case 1:
            case 2:
                (void)instance_join_session(instance, id, &player);
                break;
            case 3:
                (void)instance_leave(instance, id, player.user);
                break;
            case 4:
                (void)instance_beat(instance, &beat, &rules, now);
                break;
            case 5:
                (void)instance_unseat(instance, id, player.user);
                break;
            case 6:
                (void)instance_forget_session(instance, id);
                break;
            }
            check_invariants(instance);
            struct instance *copy = instance_copy(instance);
            assert_non_null(copy);
            instance_destroy(instance);
            instance = copy;
        }
        instance_destroy(instance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_is_a_length),
        cmocka_unit_test(a_member_keeps_his_seat_and_counts_a_token),
        cmocka_unit_test(a_seat_left_is_taken_until_confirmed),
        cmocka_unit_test(who_opens_and_leaves_does_not_use_up_the_capacity),
        cmocka_unit_test(an_unseated_player_leaves_no_trace),
        cmocka_unit_test(a_session_that_has_seen_too_many_is_not_found_any_more),
        cmocka_unit_test(who_drains_takes_nobody_who_does_not_ask_for_him),
        cmocka_unit_test(ends_are_final),
        cmocka_unit_test(nobody_is_seated_where_no_document_could_say_so),
        cmocka_unit_test(no_order_of_changes_exceeds_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
