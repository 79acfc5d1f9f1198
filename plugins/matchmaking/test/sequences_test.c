/*
 * sequences_test.c - reports in their order: repeats, gaps, the end of a session and what comes
 * after it, whose reports they have to be, and one at a time.
 */
#include "match.h"

/* ---- sequences ---- */

static void a_repeat_has_the_first_answer(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    static const char first[] = "{\"applied\":1,\"rejected\":[{\"index\":0,\"code\":"
                                "\"CHARACTER_NOT_FOUND\"}]}";
    const char *events = "\"events\":[" LOOT(NOBODY, 7, 1) "," LOOT(ALICES_HERO, 7, 1) "]";
    assert_answer(match_updates(world, &match, 1, events), first);
    assert_answer(match_updates(world, &match, 2, NOTHING), "{\"applied\":0,\"rejected\":[]}");
    assert_answer(match_updates(world, &match, 1, events), first);
    assert_answer(match_updates(world, &match, 2, NOTHING), "{\"applied\":0,\"rejected\":[]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 1);
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 1);
    assert_true(hearth_test_metric(world->host, "hearth_matchmaking_reports_total",
                                   "result=repeated") == 2);
    assert_true(
        hearth_test_metric(world->host, "hearth_matchmaking_reports_total", "result=applied") == 2);
}

static void a_gap_names_what_is_expected(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    hearth_test_call *call =
        match_updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]");
    assert_refused(call, 409, "SEQUENCE_GAP");
    assert_int_equal(number_of(call, "expected"), 1);
    assert_status(match_updates(world, &match, 1, NOTHING), 200);
    call = match_end(world, &match, 3, VICTORY);
    assert_refused(call, 409, "SEQUENCE_GAP");
    assert_int_equal(number_of(call, "expected"), 2);
    assert_true(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 0);
    assert_true(hearth_test_metric(world->host, "hearth_matchmaking_reports_total", "result=gap") ==
                2);
}

static void after_the_end_nothing_is_new(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    char path[128];
    join_session(world, match.session, BOB, BOBS_HERO);
    assert_status(match_updates(world, &match, 1, NOTHING), 200);
    assert_answer(match_end(world, &match, 2,
                            "\"outcome\":\"defeat\",\"results\":{\"ticks\":9,\"deep\":[1.5,null]},"
                            "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_int_equal(hero_of(world, BOBS_HERO)->releases, 1);
    assert_non_null(
        strstr(stored_answer(world, match.session, 2)->body.ptr, "\\\"deep\\\":[1.5,null]"));

    assert_refused(match_updates(world, &match, 3, NOTHING), 410, "SESSION_ENDED");
    assert_refused(match_updates(world, &match, 4, NOTHING), 410, "SESSION_ENDED");
    assert_refused(match_end(world, &match, 3, VICTORY), 410, "SESSION_ENDED");
    assert_answer(match_updates(world, &match, 1, NOTHING), "{\"applied\":0,\"rejected\":[]}");
    assert_answer(match_end(world, &match, 2, VICTORY), "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 1);

    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"defeat\"");
}

static void an_end_is_answered_behind_the_releases(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    world->hold = 1;
    hearth_test_call *call = match_end(world, &match, 1, VICTORY);
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_status(call, 0);
    heroes_release(world);
    assert_status(call, 200);
}

static void an_end_needs_no_events(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    assert_answer(match_end(world, &match, 1, "\"outcome\":\"abandoned\""),
                  "{\"applied\":0,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
}

static void a_record_lasts_for_the_report_window(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    int64_t now_ms = hearth_clock_get(hearth_test_own_ctx(world->host, 0))
                         ->wall_ms(hearth_test_own_ctx(world->host, 0));
    assert_status(match_updates(world, &match, 1, NOTHING), 200);
    assert_true(stored_record(world, match.session)->expires_ms > now_ms + 20 * 86400000LL);
    assert_status(match_end(world, &match, 2, VICTORY), 200);
    assert_int_equal(stored_record(world, match.session)->expires_ms, now_ms + 86400000);
    assert_int_equal(stored_answer(world, match.session, 2)->expires_ms, now_ms + 86400000);
    hearth_test_set_wall(world->host, now_ms + 86400001);
    assert_refused(match_end(world, &match, 2, VICTORY), 404, "GAMESIM_NOT_FOUND");
}

/* ---- whose session it is ---- */

static void only_its_own_instance_reports(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    char other[64];
    snprintf(other, sizeof(other), "%s", register_at(world, 7001));
    const char *loot = "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]";
    for (int ended = 0; ended < 2; ended++) {
        assert_refused(report_as(world, other, match.session, "updates", 1, loot), 403,
                       "FORBIDDEN");
        assert_refused(report_as(world, "fleet", match.session, "end", 1, VICTORY), 403,
                       "FORBIDDEN");
        assert_refused(report_as(world, other, NOBODY, "updates", 1, loot), 404,
                       "GAMESIM_NOT_FOUND");
        assert_refused(report_as(world, match.instance, NOBODY, "end", 1, VICTORY), 404,
                       "GAMESIM_NOT_FOUND");
        assert_status(match_end(world, &match, 1, VICTORY), 200);
    }
    assert_refused(report_as(world, match.instance, "seven", "end", 1, VICTORY), 400, "INVALID_ID");
    assert_refused(report_as(world, ALICE, match.session, "end", 9, VICTORY), 403, "FORBIDDEN");
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 0);
}

static void players_do_not_report(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesims/%s/updates", match.session);
    assert_refused(send_as(world, ALICE, "player", "POST", path, "{\"sequence\":1,\"events\":[]}"),
                   403, "FORBIDDEN");
}

static void a_lost_session_still_takes_reports(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    char path[128];
    assert_status(match_updates(world, &match, 1, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]"), 200);
    register_at(world, 7000); /* the same place: the older one is lost */
    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"lost\"");

    assert_status(match_updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]"), 200);
    assert_status(match_updates(world, &match, 3, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]"), 200);
    assert_answer(match_updates(world, &match, 3, NOTHING), "{\"applied\":1,\"rejected\":[]}");
    assert_status(match_end(world, &match, 4, VICTORY), 200);
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"outcome\":4"));
    assert_refused(match_updates(world, &match, 5, NOTHING), 410, "SESSION_ENDED");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 3);
    call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"lost\"");
}

static void a_lost_session_is_forgotten_after_the_window(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
    assert_status(match_updates(world, &match, 1, NOTHING), 200);
    register_at(world, 7000);
    hearth_test_set_wall(world->host, hearth_clock_get(own)->wall_ms(own) + 86400001);
    assert_refused(match_updates(world, &match, 2, NOTHING), 404, "GAMESIM_NOT_FOUND");
}

static void a_lost_session_whose_end_is_all_that_comes(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    register_at(world, 7000);
    assert_status(match_end(world, &match, 1, VICTORY), 200);
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"outcome\":4"));
}

static void a_session_that_hearthd_ended_takes_reports(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", match.instance);
    assert_status(match_updates(world, &match, 1, NOTHING), 200);
    hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
    hearth_test_set_wall(world->host, hearth_clock_get(own)->wall_ms(own) + 60000);
    assert_status(send_as(world, match.instance, "gamesim", "PUT", path,
                          "{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[]}"),
                  200);
    assert_false(is_listed(world, match.instance, match.session));
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"sequence\":1"));

    assert_answer(match_updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 7, 2) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_status(match_end(world, &match, 3, VICTORY), 200);
    assert_refused(match_end(world, &match, 4, VICTORY), 410, "SESSION_ENDED");
    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"abandoned\"");
}

/* ---- one at a time ---- */

static void a_repeat_waits_for_the_first(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    const char *loot = "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]";
    hearth_test_call *calls[3];
    world->hold = 1;
    for (int i = 0; i < 3; i++)
        calls[i] = match_updates(world, &match, 1, loot);
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 1);
    assert_status(calls[0], 0);
    heroes_release(world);
    for (int i = 0; i < 3; i++)
        assert_answer(calls[i], "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 1);
}

static void nothing_is_begun_for_one_who_has_gone(void **state)
{
    struct world *world = *state;
    struct match match = match_begin(world);
    world->hold = 1;
    hearth_test_call *first =
        match_updates(world, &match, 1, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]");
    hearth_test_call *second =
        match_updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 7, 1) "]");
    hearth_test_disconnect(first);
    hearth_test_disconnect(second);
    heroes_release(world);
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 1); /* what was begun is finished */
    assert_non_null(stored_answer(world, match.session, 1));
    assert_null(stored_answer(world, match.session, 2));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_repeat_has_the_first_answer),
        TEST(a_gap_names_what_is_expected),
        TEST(after_the_end_nothing_is_new),
        TEST(an_end_is_answered_behind_the_releases),
        TEST(an_end_needs_no_events),
        TEST(a_record_lasts_for_the_report_window),
        TEST(only_its_own_instance_reports),
        TEST(players_do_not_report),
        TEST(a_lost_session_still_takes_reports),
        TEST(a_lost_session_is_forgotten_after_the_window),
        TEST(a_lost_session_whose_end_is_all_that_comes),
        TEST(a_session_that_hearthd_ended_takes_reports),
        TEST(a_repeat_waits_for_the_first),
        TEST(nothing_is_begun_for_one_who_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
