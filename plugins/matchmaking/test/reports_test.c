/*
 * reports_test.c - what a report may hold, and what becomes of its events.
 */
#include "match.h"

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
        {"updates",
         "{\"sequence\":1,\"events\":[" LOOT(ALICES_HERO, 7, 1) ",{\"type\":\"bless\"}]}",
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
    struct match match = match_begin(world);
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
    assert_answer(match_updates(world, &match, 1, NOTHING), "{\"applied\":0,\"rejected\":[]}");
}

static void more_events_than_a_report_may_hold(void **state)
{
    static char body[1100 * 120];
    struct world *world = *state;
    struct match match = match_begin(world);
    char path[128];
    snprintf(path, sizeof(path), "/gamesims/%s/updates", match.session);
    for (int count = 1000; count <= 1001; count++) {
        size_t at = (size_t)snprintf(body, sizeof(body), "{\"sequence\":1,\"events\":[");
        for (int i = 0; i < count; i++)
            at += (size_t)snprintf(body + at, sizeof(body) - at, "%s%s", i ? "," : "",
                                   LOOT(ALICES_HERO, 7, 1));
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
    struct match match = match_begin(world);
    join_session(world, match.session, BOB, BOBS_HERO);
    hearth_test_call *call = match_updates(
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
    struct match match = match_begin(world);
    join_session(world, match.session, BOB, BOBS_HERO);
    hero_of(world, BOBS_HERO)->status = HEARTH_ENOTFOUND; /* deleted since he joined */
    hearth_test_call *call = match_updates(
        world, &match, 1,
        "\"events\":[{\"type\":\"event\",\"characterId\":\"" NOBODY "\",\"name\":\"x\"},"
        "{\"type\":\"event\",\"characterId\":\"" ALICES_HERO "\",\"name\":\"x\"},"
        "{\"type\":\"loot\",\"characterId\":\"" ALICES_HERO
        "\",\"itemId\":666,\"quantity\":1}," LOOT(ALICES_HERO, 7, 3) "," LOOT(
            CAROLS_HERO, 7, 1) "," LOOT(BOBS_HERO, 7, 1) "]");
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
    struct match match = match_begin(world);
    char path[128];
    join_session(world, match.session, BOB, BOBS_HERO);
    snprintf(path, sizeof(path), "/gamesims/%s/leave", match.session);
    assert_status(send_as(world, BOB, "player", "POST", path, NULL), 204);
    assert_answer(match_updates(world, &match, 1, "\"events\":[" LOOT(BOBS_HERO, 7, 2) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_answer(match_end(world, &match, 2, VICTORY), "{\"applied\":0,\"rejected\":[]}");
    assert_int_equal(hero_of(world, BOBS_HERO)->loot, 2);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
