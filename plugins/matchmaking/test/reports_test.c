/*
 * reports_test.c - the rules of reports: who may report what, in which order, and what comes back.
 */
#include "plugin_fixture.h"

#define LOOT(hero_, count_)                                                                        \
    "{\"type\":\"loot\",\"characterId\":\"" hero_ "\",\"itemId\":7,\"quantity\":" #count_ "}"
#define NOTHING "\"events\":[]"
#define VICTORY "\"outcome\":\"victory\",\"events\":[]"

struct match {
    char instance[64], session[64];
};

static struct match begin(struct world *world)
{
    struct match match;
    snprintf(match.instance, sizeof(match.instance), "%s", register_at(world, 7000));
    snprintf(match.session, sizeof(match.session), "%s", open_session(world));
    return match;
}

static hearth_test_call *updates(struct world *world, const struct match *match, unsigned sequence,
                                 const char *rest)
{
    return report_as(world, match->instance, match->session, "updates", sequence, rest);
}

static hearth_test_call *end(struct world *world, const struct match *match, unsigned sequence,
                             const char *rest)
{
    return report_as(world, match->instance, match->session, "end", sequence, rest);
}

/* ---- bodies ---- */

static void bad_bodies_change_nothing(void **state)
{
    static const struct {
        const char *kind, *body, *code, *says;
    } rows[] = {
        {"updates", "[]", "INVALID_REQUEST", "object"},
        {"updates", "{\"events\":[]}", "INVALID_REQUEST", "sequence"},
        {"updates", "{\"sequence\":1}", "INVALID_REQUEST", "events"},
        {"updates", "{\"sequence\":0,\"events\":[]}", "INVALID_REQUEST", "sequence"},
        {"updates", "{\"sequence\":1.0,\"events\":[]}", "INVALID_REQUEST", "sequence"},
        {"updates", "{\"sequence\":1,\"events\":{}}", "INVALID_REQUEST", "events"},
        {"updates", "{\"sequence\":1,\"events\":[],\"outcome\":\"victory\"}", "INVALID_REQUEST",
         "outcome"},
        {"updates", "{\"sequence\":1,\"events\":[1]}", "INVALID_REQUEST", "events.0"},
        {"updates", "{\"sequence\":1,\"events\":[{}]}", "INVALID_REQUEST", "events.0"},
        {"updates", "{\"sequence\":1,\"events\":[" LOOT(ALICES_HERO, 1) ",{\"type\":\"bless\"}]}",
         "INVALID_REQUEST", "events.1"},
        {"updates", "{\"sequence\":1,\"events\":[{\"type\":\"heal\",\"amount\":1}]}",
         "INVALID_REQUEST", "events.0.characterId"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"heal\",\"characterId\":\"7\",\"amount\":1}]}",
         "INVALID_ID", "events.0.characterId"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"heal\",\"characterId\":\"" ALICES_HERO
         "\",\"amount\":0}]}",
         "INVALID_REQUEST", "events.0.amount"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"damage\",\"characterId\":\"" ALICES_HERO
         "\",\"amount\":-3}]}",
         "INVALID_REQUEST", "events.0.amount"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"damage\",\"characterId\":\"" ALICES_HERO
         "\",\"amount\":3,\"itemId\":1}]}",
         "INVALID_REQUEST", "events.0.itemId"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"loot\",\"characterId\":\"" ALICES_HERO
         "\",\"itemId\":7}]}",
         "INVALID_REQUEST", "events.0.quantity"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"currency\",\"characterId\":\"" ALICES_HERO
         "\"}]}",
         "INVALID_REQUEST", "coin"},
        {"updates",
         "{\"sequence\":1,\"events\":[{\"type\":\"event\",\"characterId\":\"" ALICES_HERO
         "\",\"name\":\"\"}]}",
         "INVALID_REQUEST", "events.0.name"},
        {"end", "{\"sequence\":1,\"events\":[]}", "INVALID_REQUEST", "outcome"},
        {"end", "{\"sequence\":1,\"events\":[],\"outcome\":\"lost\"}", "INVALID_REQUEST",
         "outcome"},
        {"end", "{\"sequence\":1,\"outcome\":\"victory\",\"results\":[]}", "INVALID_REQUEST",
         "results"},
    };
    struct world *world = *state;
    struct match match = begin(world);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/gamesims/%s/%s", match.session, rows[i].kind);
        hearth_test_call *call =
            send_as(world, match.instance, "gamesim", "POST", path, rows[i].body);
        assert_refused(call, 400, rows[i].code);
        if (!strstr(hearth_test_body(call).ptr, rows[i].says))
            fail_msg("%s: expected it to name %s, found %s", rows[i].body, rows[i].says,
                     hearth_test_body(call).ptr);
    }
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 0);
    assert_null(stored_record(world, match.session));
    assert_answer(updates(world, &match, 1, NOTHING), "{\"applied\":0,\"rejected\":[]}");
}

static void more_events_than_a_report_may_hold(void **state)
{
    static char body[1100 * 120];
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesims/%s/updates", match.session);
    for (int count = 1000; count <= 1001; count++) {
        size_t at = (size_t)snprintf(body, sizeof(body), "{\"sequence\":1,\"events\":[");
        for (int i = 0; i < count; i++)
            at += (size_t)snprintf(body + at, sizeof(body) - at, "%s%s", i ? "," : "",
                                   LOOT(ALICES_HERO, 1));
        snprintf(body + at, sizeof(body) - at, "]}");
        hearth_test_call *call = send_as(world, match.instance, "gamesim", "POST", path, body);
        if (count == 1000)
            assert_answer(call, "{\"applied\":1000,\"rejected\":[]}");
        else
            assert_refused(call, 400, "INVALID_REQUEST");
    }
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 1000);
}

/* ---- events ---- */

static void one_call_for_each_character_in_order(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    join_session(world, match.session, BOB, BOBS_HERO);
    hearth_test_call *call = updates(
        world, &match, 1,
        "\"events\":["
        "{\"type\":\"damage\",\"characterId\":\"" BOBS_HERO "\",\"amount\":4},"
        "{\"type\":\"loot\",\"characterId\":\"" ALICES_HERO "\",\"itemId\":7,\"quantity\":2},"
        "{\"type\":\"event\",\"characterId\":\"" ALICES_HERO "\",\"name\":\"death\"},"
        "{\"type\":\"heal\",\"characterId\":\"" BOBS_HERO "\",\"amount\":9007199254740991},"
        "{\"type\":\"currency\",\"characterId\":\"" BOBS_HERO "\",\"gold\":-1,\"copper\":0},"
        "{\"type\":\"experience\",\"characterId\":\"" ALICES_HERO "\",\"amount\":5}]");
    assert_answer(call, "{\"applied\":6,\"rejected\":[]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 1);
    assert_string_equal(hero_of(world, ALICES_HERO)->order, "lx");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 2);
    assert_string_equal(hero_of(world, BOBS_HERO)->order, "dhc");
    assert_int_equal(hearth_test_logged(world->host, HEARTH_LOG_DEBUG, "death"), 1);
    assert_string_equal(hero_of(world, BOBS_HERO)->source, match.session);
}

static void refused_events_are_named(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    join_session(world, match.session, BOB, BOBS_HERO);
    hero_of(world, BOBS_HERO)->status = HEARTH_ENOTFOUND; /* deleted since he joined */
    hearth_test_call *call =
        updates(world, &match, 1,
                "\"events\":[{\"type\":\"event\",\"characterId\":\"" NOBODY "\",\"name\":\"x\"},"
                "{\"type\":\"event\",\"characterId\":\"" ALICES_HERO "\",\"name\":\"x\"},"
                "{\"type\":\"loot\",\"characterId\":\"" ALICES_HERO
                "\",\"itemId\":666,\"quantity\":1}," LOOT(ALICES_HERO, 3) "," LOOT(
                    CAROLS_HERO, 1) "," LOOT(BOBS_HERO, 1) "]");
    assert_answer(call, "{\"applied\":2,\"rejected\":["
                        "{\"index\":0,\"code\":\"CHARACTER_NOT_FOUND\"},"
                        "{\"index\":2,\"code\":\"UNKNOWN_ITEM\"},"
                        "{\"index\":4,\"code\":\"CHARACTER_NOT_FOUND\"},"
                        "{\"index\":5,\"code\":\"CHARACTER_NOT_FOUND\"}]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 3);
    assert_int_equal(hero_of(world, CAROLS_HERO)->calls, 0);
    assert_true(
        hearth_test_metric(world->host, "hearth_matchmaking_events_total", "result=rejected") == 4);
}

static void one_who_has_left_is_still_a_member(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    join_session(world, match.session, BOB, BOBS_HERO);
    snprintf(path, sizeof(path), "/gamesims/%s/leave", match.session);
    assert_status(send_as(world, BOB, "player", "POST", path, NULL), 204);
    assert_answer(updates(world, &match, 1, "\"events\":[" LOOT(BOBS_HERO, 2) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_answer(end(world, &match, 2, VICTORY), "{\"applied\":0,\"rejected\":[]}");
    assert_int_equal(hero_of(world, BOBS_HERO)->loot, 2);
}

/* ---- sequences ---- */

static void a_repeat_has_the_first_answer(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    static const char first[] = "{\"applied\":1,\"rejected\":[{\"index\":0,\"code\":"
                                "\"CHARACTER_NOT_FOUND\"}]}";
    const char *events = "\"events\":[" LOOT(NOBODY, 1) "," LOOT(ALICES_HERO, 1) "]";
    assert_answer(updates(world, &match, 1, events), first);
    assert_answer(updates(world, &match, 2, NOTHING), "{\"applied\":0,\"rejected\":[]}");
    assert_answer(updates(world, &match, 1, events), first);
    assert_answer(updates(world, &match, 2, NOTHING), "{\"applied\":0,\"rejected\":[]}");
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
    struct match match = begin(world);
    hearth_test_call *call = updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 1) "]");
    assert_refused(call, 409, "SEQUENCE_GAP");
    assert_int_equal(number_of(call, "expected"), 1);
    assert_status(updates(world, &match, 1, NOTHING), 200);
    call = end(world, &match, 3, VICTORY);
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
    struct match match = begin(world);
    char path[128];
    join_session(world, match.session, BOB, BOBS_HERO);
    assert_status(updates(world, &match, 1, NOTHING), 200);
    assert_answer(end(world, &match, 2,
                      "\"outcome\":\"defeat\",\"results\":{\"ticks\":9,\"deep\":[1.5,null]},"
                      "\"events\":[" LOOT(ALICES_HERO, 1) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_int_equal(hero_of(world, BOBS_HERO)->releases, 1);
    assert_non_null(
        strstr(stored_answer(world, match.session, 2)->body.ptr, "\\\"deep\\\":[1.5,null]"));

    assert_refused(updates(world, &match, 3, NOTHING), 410, "SESSION_ENDED");
    assert_refused(updates(world, &match, 4, NOTHING), 410, "SESSION_ENDED");
    assert_refused(end(world, &match, 3, VICTORY), 410, "SESSION_ENDED");
    assert_answer(updates(world, &match, 1, NOTHING), "{\"applied\":0,\"rejected\":[]}");
    assert_answer(end(world, &match, 2, VICTORY), "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 1);

    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"defeat\"");
}

static void an_end_is_answered_behind_the_releases(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->hold = 1;
    hearth_test_call *call = end(world, &match, 1, VICTORY);
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_status(call, 0);
    heroes_release(world);
    assert_status(call, 200);
}

static void an_end_needs_no_events(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    assert_answer(end(world, &match, 1, "\"outcome\":\"abandoned\""),
                  "{\"applied\":0,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
}

static void a_record_lasts_for_the_report_window(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    int64_t now_ms = hearth_clock_get(hearth_test_own_ctx(world->host, 0))
                         ->wall_ms(hearth_test_own_ctx(world->host, 0));
    assert_status(updates(world, &match, 1, NOTHING), 200);
    assert_true(stored_record(world, match.session)->expires_ms > now_ms + 20 * 86400000LL);
    assert_status(end(world, &match, 2, VICTORY), 200);
    assert_int_equal(stored_record(world, match.session)->expires_ms, now_ms + 86400000);
    assert_int_equal(stored_answer(world, match.session, 2)->expires_ms, now_ms + 86400000);
    hearth_test_set_wall(world->host, now_ms + 86400001);
    assert_refused(end(world, &match, 2, VICTORY), 404, "GAMESIM_NOT_FOUND");
}

/* ---- whose session it is ---- */

static void only_its_own_instance_reports(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char other[64];
    snprintf(other, sizeof(other), "%s", register_at(world, 7001));
    const char *loot = "\"events\":[" LOOT(ALICES_HERO, 1) "]";
    for (int ended = 0; ended < 2; ended++) {
        assert_refused(report_as(world, other, match.session, "updates", 1, loot), 403,
                       "FORBIDDEN");
        assert_refused(report_as(world, "fleet", match.session, "end", 1, VICTORY), 403,
                       "FORBIDDEN");
        assert_refused(report_as(world, other, NOBODY, "updates", 1, loot), 404,
                       "GAMESIM_NOT_FOUND");
        assert_refused(report_as(world, match.instance, NOBODY, "end", 1, VICTORY), 404,
                       "GAMESIM_NOT_FOUND");
        assert_status(end(world, &match, 1, VICTORY), 200);
    }
    assert_refused(report_as(world, match.instance, "seven", "end", 1, VICTORY), 400, "INVALID_ID");
    assert_refused(report_as(world, ALICE, match.session, "end", 9, VICTORY), 403, "FORBIDDEN");
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 0);
}

static void players_do_not_report(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesims/%s/updates", match.session);
    assert_refused(send_as(world, ALICE, "player", "POST", path, "{\"sequence\":1,\"events\":[]}"),
                   403, "FORBIDDEN");
}

static void a_lost_session_still_takes_reports(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    assert_status(updates(world, &match, 1, "\"events\":[" LOOT(ALICES_HERO, 1) "]"), 200);
    register_at(world, 7000); /* the same place: the older one is lost */
    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"lost\"");

    assert_status(updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 1) "]"), 200);
    assert_status(updates(world, &match, 3, "\"events\":[" LOOT(ALICES_HERO, 1) "]"), 200);
    assert_answer(updates(world, &match, 3, NOTHING), "{\"applied\":1,\"rejected\":[]}");
    assert_status(end(world, &match, 4, VICTORY), 200);
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"outcome\":4"));
    assert_refused(updates(world, &match, 5, NOTHING), 410, "SESSION_ENDED");
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, 3);
    call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"lost\"");
}

static void a_lost_session_is_forgotten_after_the_window(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
    assert_status(updates(world, &match, 1, NOTHING), 200);
    register_at(world, 7000);
    hearth_test_set_wall(world->host, hearth_clock_get(own)->wall_ms(own) + 86400001);
    assert_refused(updates(world, &match, 2, NOTHING), 404, "GAMESIM_NOT_FOUND");
}

static void a_lost_session_whose_end_is_all_that_comes(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    register_at(world, 7000);
    assert_status(end(world, &match, 1, VICTORY), 200);
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"outcome\":4"));
}

static void a_session_that_hearthd_ended_takes_reports(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", match.instance);
    assert_status(updates(world, &match, 1, NOTHING), 200);
    hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
    hearth_test_set_wall(world->host, hearth_clock_get(own)->wall_ms(own) + 60000);
    assert_status(send_as(world, match.instance, "gamesim", "PUT", path,
                          "{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[]}"),
                  200);
    assert_false(is_listed(world, match.instance, match.session));
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"sequence\":1"));

    assert_answer(updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 2) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_status(end(world, &match, 3, VICTORY), 200);
    assert_refused(end(world, &match, 4, VICTORY), 410, "SESSION_ENDED");
    snprintf(path, sizeof(path), "/gamesims/%s", match.session);
    hearth_test_call *call = send_as(world, ALICE, "player", "GET", path, NULL);
    assert_string_equal(hearth_test_json(call, "outcome"), "\"abandoned\"");
}

/* ---- one at a time ---- */

static void a_repeat_waits_for_the_first(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    const char *loot = "\"events\":[" LOOT(ALICES_HERO, 1) "]";
    hearth_test_call *calls[3];
    world->hold = 1;
    for (int i = 0; i < 3; i++)
        calls[i] = updates(world, &match, 1, loot);
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
    struct match match = begin(world);
    world->hold = 1;
    hearth_test_call *first = updates(world, &match, 1, "\"events\":[" LOOT(ALICES_HERO, 1) "]");
    hearth_test_call *second = updates(world, &match, 2, "\"events\":[" LOOT(ALICES_HERO, 1) "]");
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
        TEST(bad_bodies_change_nothing),
        TEST(more_events_than_a_report_may_hold),
        TEST(one_call_for_each_character_in_order),
        TEST(refused_events_are_named),
        TEST(one_who_has_left_is_still_a_member),
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
