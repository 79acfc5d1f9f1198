/*
 * reports_failure_test.c - reports when storage fails, processes crash and others are faster:
 * whatever happens, each event is in its character once, and the answer is the first one.
 */
#include "match.h"

#define BOTH           "\"events\":[" LOOT(ALICES_HERO, 7, 1) "," LOOT(BOBS_HERO, 7, 1) "]"
#define ONE_BAD        "\"events\":[" LOOT(ALICES_HERO, 666, 1) "," LOOT(ALICES_HERO, 7, 1) "]"
#define WON            "\"outcome\":\"victory\"," BOTH

#define ONE_BAD_ANSWER "{\"applied\":1,\"rejected\":[{\"index\":0,\"code\":\"UNKNOWN_ITEM\"}]}"

static struct match begin(struct world *world)
{
    struct match match = match_begin(world);
    join_session(world, match.session, BOB, BOBS_HERO);
    return match;
}

static hearth_test_call *end(struct world *world, const struct match *match, unsigned sequence)
{
    return match_end(world, match, sequence, WON);
}

static void assert_loot(struct world *world, int64_t alice, int64_t bob)
{
    assert_int_equal(hero_of(world, ALICES_HERO)->loot, alice);
    assert_int_equal(hero_of(world, BOBS_HERO)->loot, bob);
}

/* ---- characters ---- */

static void all_characters_or_no_answer(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    hero_of(world, BOBS_HERO)->status = HEARTH_EUNAVAILABLE;
    hearth_test_call *call = match_updates(world, &match, 1, BOTH);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    assert_non_null(hearth_test_header(call, "Retry-After"));
    assert_null(stored_record(world, match.session));
    assert_loot(world, 1, 0);
    hero_of(world, BOBS_HERO)->status = HEARTH_OK;
    assert_answer(match_updates(world, &match, 1, BOTH), "{\"applied\":2,\"rejected\":[]}");
    assert_loot(world, 1, 1);
}

static void a_character_that_cannot_be_read(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    hero_of(world, BOBS_HERO)->status = HEARTH_EINTERNAL;
    assert_refused(match_updates(world, &match, 1, BOTH), 500, "INTERNAL");
    assert_null(stored_record(world, match.session));
}

/* ---- storage ---- */

static void a_write_that_is_put_off_is_tried_again(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    store_script(&world->store, (enum script[]){SCRIPT_RETRY, SCRIPT_RETRY}, 2);
    hearth_test_call *call = match_updates(world, &match, 1, ONE_BAD);
    assert_status(call, 0);
    hearth_test_advance(world->host, 2000);
    assert_answer(call, ONE_BAD_ANSWER); /* not what a second application would have said */
    assert_int_equal(hero_of(world, ALICES_HERO)->calls, 1);
    assert_int_equal(stored_record(world, match.session)->version, 1);
}

static void a_write_whose_answer_is_lost_is_looked_at(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    store_script(&world->store, (enum script[]){SCRIPT_LOST}, 1);
    hearth_test_call *call = match_updates(world, &match, 1, ONE_BAD);
    hearth_test_advance(world->host, 2000);
    assert_answer(call, ONE_BAD_ANSWER);
    assert_int_equal(stored_record(world, match.session)->version, 1);

    store_script(&world->store, (enum script[]){SCRIPT_LOST}, 1);
    call = end(world, &match, 2);
    hearth_test_advance(world->host, 2000);
    assert_answer(call, "{\"applied\":2,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, BOBS_HERO)->releases, 1);
}

static void an_outage_ends_in_503_and_nothing_is_twice(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->store.always = SCRIPT_RETRY;
    hearth_test_call *call = match_updates(world, &match, 1, ONE_BAD);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    assert_non_null(hearth_test_header(call, "Retry-After"));
    world->store.always = SCRIPT_OK;
    world->store.down = true;
    call = match_updates(world, &match, 1, ONE_BAD);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.down = false;
    assert_status(match_updates(world, &match, 1, ONE_BAD), 200);
    assert_loot(world, 1, 0);
}

static void what_storage_refuses_is_a_defect(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    store_script(&world->store, (enum script[]){SCRIPT_FAILED}, 1);
    assert_refused(match_updates(world, &match, 1, BOTH), 500, "INTERNAL");
    assert_true(hearth_test_logged(world->host, HEARTH_LOG_ERROR, match.session) > 0);
}

static void a_record_that_cannot_be_read_is_kept(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    hearth_key key = store_key("gamesims", match.session, "");
    store_put(&world->store, &key, "{\"instance\":7}", 3, "");
    assert_refused(match_updates(world, &match, 1, BOTH), 500, "INTERNAL");
    assert_int_equal(stored_record(world, match.session)->version, 3);
    assert_loot(world, 0, 0);
}

static void an_answer_that_is_gone_is_not_made_up(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    assert_status(match_updates(world, &match, 1, BOTH), 200);
    hearth_key key = store_key("gamesims", match.session, "answer/0000000000000001");
    store_delete(&world->store, &key);
    assert_refused(match_updates(world, &match, 1, BOTH), 410, "SESSION_ENDED");
    assert_loot(world, 1, 1);
}

static void memory_that_is_out_loses_nothing(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    unsigned sequence = 0, failed = 0;
    for (size_t nth = 1;; nth++) {
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call = match_updates(world, &match, ++sequence, BOTH);
        hearth_test_advance(world->host, 10000);
        hearth_test_fail_allocation(world->host, 0);
        if (hearth_test_status(call) == 200 && nth > 200)
            break;
        failed += hearth_test_status(call) != 200;
        if (hearth_test_status(call) != 200)
            assert_answer(match_updates(world, &match, sequence, BOTH),
                          "{\"applied\":2,\"rejected\":[]}");
        assert_loot(world, sequence, sequence);
    }
    assert_true(failed > 10);
}

static void memory_that_is_out_at_the_end(void **state)
{
    struct world *world = *state;
    struct match match;
    unsigned failed = 0;
    snprintf(match.instance, sizeof(match.instance), "%s", register_at(world, 7000));
    for (size_t nth = 1; nth <= 90; nth++) {
        snprintf(match.session, sizeof(match.session), "%s", open_session(world));
        int64_t had = hero_of(world, ALICES_HERO)->loot;
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call = end(world, &match, 1);
        hearth_test_advance(world->host, 31000); /* until a token is not alive any more */
        hearth_test_fail_allocation(world->host, 0);
        failed += hearth_test_status(call) != 200;
        assert_status(end(world, &match, 1), 200);
        assert_false(is_listed(world, match.instance, match.session));
        assert_int_equal(hero_of(world, ALICES_HERO)->loot, had + 1);
        assert_int_equal(hero_of(world, ALICES_HERO)->releases, nth);
    }
    assert_true(failed > 10);
}

/* ---- crashes ---- */

static void a_crash_between_characters_and_record(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->store.always = SCRIPT_RETRY;
    match_updates(world, &match, 1, BOTH);
    world_restart(world);
    world->store.always = SCRIPT_OK;
    assert_loot(world, 1, 1);
    assert_null(stored_record(world, match.session));
    assert_answer(match_updates(world, &match, 1, BOTH), "{\"applied\":2,\"rejected\":[]}");
    assert_loot(world, 1, 1);
    assert_answer(match_updates(world, &match, 2, BOTH), "{\"applied\":2,\"rejected\":[]}");
    assert_loot(world, 2, 2);
}

static void a_crash_between_record_and_leaving(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->store.only = "gamesim-instances";
    world->store.always = SCRIPT_RETRY;
    end(world, &match, 1);
    world_restart(world);
    world->store.always = SCRIPT_OK;
    world->store.only = "gamesims";
    assert_true(is_listed(world, match.instance, match.session));
    assert_refused(match_updates(world, &match, 2, BOTH), 410, "SESSION_ENDED");
    assert_answer(end(world, &match, 1), "{\"applied\":2,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
    assert_loot(world, 1, 1);
}

static void leaving_that_fails_is_repeated(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->store.only = "gamesim-instances";
    world->store.always = SCRIPT_RETRY;
    hearth_test_call *call = end(world, &match, 1);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.always = SCRIPT_LOST; /* it leaves, and nobody knows at first */
    call = end(world, &match, 1);
    hearth_test_advance(world->host, 10000);
    assert_answer(call, "{\"applied\":2,\"rejected\":[]}");
    assert_false(is_listed(world, match.instance, match.session));
    assert_int_equal(hero_of(world, BOBS_HERO)->releases, 1);
}

/* ---- other processes ---- */

static const char *record_of(const char *instance, const char *rest)
{
    static char body[512];
    snprintf(body, sizeof(body), "{\"instance\":\"%s\",\"region\":\"local\",%s,\"members\":[]}",
             instance, rest);
    return body;
}

static void another_process_was_faster(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->hold = 1;
    hearth_test_call *first = match_updates(world, &match, 1, ONE_BAD);
    world_second(world);
    world->hold = 0;
    static const char skipped[] = "{\"applied\":2,\"rejected\":[]}";
    assert_answer(match_updates(world, &match, 1, ONE_BAD), skipped);
    world->host = world->hosts[0];
    heroes_release(world);
    hearth_test_advance(world->host, 2000);
    assert_answer(first, skipped); /* the answer that is stored is the answer */
    assert_int_equal(stored_record(world, match.session)->version, 1);
    assert_loot(world, 1, 0);
}

static void another_process_ended_the_session_meanwhile(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world->hold = 1;
    hearth_test_call *call = match_updates(world, &match, 1, BOTH);
    hearth_key key = store_key("gamesims", match.session, "");
    store_put(&world->store, &key,
              record_of(match.instance, "\"sequence\":0,\"closed\":false,\"outcome\":3"), 1, "");
    heroes_release(world);
    hearth_test_advance(world->host, 2000);
    assert_answer(call, "{\"applied\":2,\"rejected\":[]}");
    const hearth_doc *record = stored_record(world, match.session);
    assert_int_equal(record->version, 2);
    assert_non_null(strstr(record->body.ptr, "\"sequence\":1"));
    assert_non_null(strstr(record->body.ptr, "\"outcome\":3"));
}

static void whoever_joined_elsewhere_is_found(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    world_second(world);
    join_session(world, match.session, CAROL, CAROLS_HERO);
    world->host = world->hosts[0]; /* whose view does not show Carol */
    assert_answer(match_updates(world, &match, 1, "\"events\":[" LOOT(CAROLS_HERO, 7, 1) "]"),
                  "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(hero_of(world, CAROLS_HERO)->loot, 1);
    hearth_test_call *call = end(world, &match, 2);
    hearth_test_advance(world->host, 1000); /* it leaves a document that is newer than the view */
    assert_answer(call, "{\"applied\":2,\"rejected\":[]}");
    assert_int_equal(hero_of(world, CAROLS_HERO)->releases, 1);
    assert_false(is_listed(world, match.instance, match.session));
}

static void a_session_that_was_opened_elsewhere(void **state)
{
    struct world *world = *state;
    char instance[64], session[64];
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    world_second(world);
    snprintf(session, sizeof(session), "%s", open_session(world));
    world->host = world->hosts[0];
    assert_status(report_as(world, instance, session, "updates", 1, BOTH), 200);
    assert_loot(world, 1, 0); /* Bob is a stranger there */
    hearth_test_call *call = report_as(world, instance, session, "end", 2, WON);
    hearth_test_advance(world->host, 1000);
    assert_status(call, 200);
    assert_false(is_listed(world, instance, session));
    assert_int_equal(hero_of(world, ALICES_HERO)->releases, 1);
}

/* Its record is written, then it leaves its instance's list: between our two looks. */
static void a_session_that_ends_between_two_looks(void **state)
{
    struct world *world = *state;
    char instance[64], session[64];
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    world_second(world);
    snprintf(session, sizeof(session), "%s", open_session(world));
    world->host = world->hosts[0];
    world->store.hold = true;
    hearth_test_call *call = report_as(world, instance, session, "updates", 1, "\"events\":[]");
    hearth_key record = store_key("gamesims", session, "");
    hearth_key listed = store_key("gamesim-instances", (char[]){instance[0], 0}, instance);
    store_put(&world->store, &record,
              record_of(instance, "\"sequence\":0,\"closed\":false,\"outcome\":3"), 1, "");
    store_delete(&world->store, &listed);
    store_release(&world->store);
    hearth_test_pump(world->host);
    assert_answer(call, "{\"applied\":0,\"rejected\":[]}");
}

static void an_end_that_is_recorded_stands(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    char path[128];
    world->store.only = "gamesim-instances";
    world->store.always = SCRIPT_RETRY;
    hearth_test_call *call = end(world, &match, 1);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.always = SCRIPT_OK;
    hearth_test_advance(world->host, 60000); /* nobody came: hearthd ends it as abandoned */
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", match.instance);
    call = send_as(world, match.instance, "gamesim", "PUT", path,
                   "{\"sequence\":1,\"state\":\"ready\",\"gameSims\":[]}");
    hearth_test_advance(world->host, 2000);
    assert_status(call, 200);
    assert_false(is_listed(world, match.instance, match.session));
    assert_non_null(strstr(stored_record(world, match.session)->body.ptr, "\"outcome\":1"));
}

static void an_answer_that_was_given_is_never_replaced(void **state)
{
    struct world *world = *state;
    struct match match = begin(world);
    hearth_key key = store_key("gamesims", match.session, "answer/0000000000000001");
    store_put(&world->store, &key, "{\"answer\":\"{}\"}", 1, "");
    hearth_test_call *call = match_updates(world, &match, 1, BOTH);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    assert_string_equal(stored_answer(world, match.session, 1)->body.ptr, "{\"answer\":\"{}\"}");
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_characters_or_no_answer),
        TEST(a_character_that_cannot_be_read),
        TEST(a_write_that_is_put_off_is_tried_again),
        TEST(a_write_whose_answer_is_lost_is_looked_at),
        TEST(an_outage_ends_in_503_and_nothing_is_twice),
        TEST(what_storage_refuses_is_a_defect),
        TEST(a_record_that_cannot_be_read_is_kept),
        TEST(an_answer_that_is_gone_is_not_made_up),
        TEST(memory_that_is_out_loses_nothing),
        TEST(memory_that_is_out_at_the_end),
        TEST(a_crash_between_characters_and_record),
        TEST(a_crash_between_record_and_leaving),
        TEST(leaving_that_fails_is_repeated),
        TEST(another_process_was_faster),
        TEST(another_process_ended_the_session_meanwhile),
        TEST(whoever_joined_elsewhere_is_found),
        TEST(a_session_that_was_opened_elsewhere),
        TEST(a_session_that_ends_between_two_looks),
        TEST(an_end_that_is_recorded_stands),
        TEST(an_answer_that_was_given_is_never_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
