/*
 * mark_test.c - mode shared and mode exclusive on one storage: the mark that keeps them apart.
 */
#include "fixture.h"

static void start_shared(struct world *world)
{
    world->settings[0] = "mode=shared";
    world_start(world);
}

static int ready(void *arg)
{
    struct world *world = arg;
    return hearth_test_health(world->host, "entities", "lease", NULL) == HEARTH_HEALTHY;
}

static struct stored *mark(struct world *world)
{
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    struct stored *found = store_find(&world->store, &key);
    assert_non_null(found);
    return found;
}

static void put(struct world *world, const char *mode, uint64_t version, int lease_ms)
{
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    char body[200];
    snprintf(body, sizeof(body),
             "{\"mode\":\"%s\",\"directory\":\"other\",\"host\":\"elsewhere\","
             "\"path\":\"/srv\",\"pid\":42,\"leaseMs\":%d,\"released\":false}",
             mode, lease_ms);
    store_put(&world->store, &key, body, version, "other/1/5");
}

/* After each look at the mark somebody in mode shared renews it. */
struct signs {
    struct world *world;
    int lease_ms;
    uint64_t version;
    size_t reads;
};

static int six_signs(void *arg)
{
    struct signs *signs = arg;
    if (signs->world->store.reads != signs->reads) {
        signs->reads = signs->world->store.reads;
        put(signs->world, "shared", ++signs->version, signs->lease_ms);
    }
    return signs->version == 106;
}

static void give_six_signs(struct world *world, int lease_ms)
{
    struct signs signs = {world, lease_ms, 100, world->store.reads};
    size_t writes = world->store.writes;
    put(world, "shared", 100, lease_ms);
    assert_true(hearth_test_wait_for(world->host, six_signs, &signs, 20000));
    assert_int_equal(world->store.writes, writes); /* nobody else gave one */
}

static int waits_because(struct world *world, const char *expected)
{
    const char *reason = NULL;
    return hearth_test_health(world->host, "entities", "lease", &reason) == HEARTH_NOT_READY &&
           strcmp(reason, expected) == 0;
}

/* ---- mode shared ---- */

static int is_renewed(void *arg)
{
    struct world *world = arg;
    return mark(world)->doc.version >= 4;
}

static void a_mark_is_kept_alive_and_given_back_by_nobody(void **state)
{
    struct world *world = *state;
    world->settings[1] = "lease=600ms";
    start_shared(world);
    assert_true(hearth_test_wait_for(world->host, is_renewed, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    world_stop(world);
    const char *body = mark(world)->doc.body.ptr;
    assert_non_null(strstr(body, "\"mode\":\"shared\""));
    assert_non_null(strstr(body, "\"leaseMs\":600"));
    assert_non_null(strstr(body, "\"released\":false"));
}

static void a_mark_lasts_thirty_seconds_at_most(void **state)
{
    struct world *world = *state;
    start_shared(world);
    assert_non_null(strstr(mark(world)->doc.body.ptr, "\"leaseMs\":30000"));
}

static void the_sign_of_one_counts_for_all(void **state)
{
    struct world *world = *state;
    world->settings[1] = "lease=3s";
    start_shared(world);
    give_six_signs(world, 3000); /* and they cost the others no write */
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_OK);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
}

static int is_ours(void *arg)
{
    struct world *world = arg;
    return mark(world)->doc.version > 100;
}

/* Somebody counts on the longer time. */
static void a_mark_is_never_made_shorter(void **state)
{
    struct world *world = *state;
    put(world, "shared", 100, 20000);
    world->settings[1] = "lease=600ms";
    start_shared(world);
    assert_true(hearth_test_wait_for(world->host, is_ours, world, 5000));
    assert_non_null(strstr(mark(world)->doc.body.ptr, "\"leaseMs\":20000"));
}

static int is_silent(void *arg)
{
    return load_note(arg, "ann", "1").status == HEARTH_EUNAVAILABLE;
}

static int speaks(void *arg)
{
    return load_note(arg, "ann", "1").status == HEARTH_OK;
}

static void whose_mark_has_lapsed_is_silent(void **state)
{
    struct world *world = *state;
    world->settings[1] = "lease=600ms";
    start_shared(world);
    assert_string_equal(list_notes(world, "ann").all, "zero ");
    world->store.only = "leases"; /* all else can be read and written */
    world->store.always = SCRIPT_RETRY;
    assert_true(hearth_test_wait_for(world->host, is_silent, world, 5000));
    assert_int_equal(list_notes(world, "ann").status, HEARTH_EUNAVAILABLE);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_int_equal(create_note(world, "ann", "9", "x", "bob", NULL).status, HEARTH_EUNAVAILABLE);
    world->store.always = SCRIPT_OK;
    assert_true(hearth_test_wait_for(world->host, speaks, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).version, 2);
}

static void a_change_that_outlives_the_mark_is_in_doubt(void **state)
{
    struct world *world = *state;
    struct change_call call = {.world = world, .text = "one", .deadline_ms = 600000};
    world->settings[1] = "lease=600ms";
    start_shared(world);
    world->store.always = SCRIPT_RETRY;
    assert_int_equal(start_change(&call, "ann", "1"), HEARTH_DEFERRED);
    wait_for(world, &call.turned);
    world->store.down = true; /* for the mark as well */
    wait_for(world, &call.outcome.done);
    assert_int_equal(call.outcome.status, HEARTH_ETIMEOUT);
}

/* Waits with its next write until the mark has lapsed. */
static void a_create_that_outlives_the_mark_writes_no_more(void **state)
{
    struct world *world = *state;
    struct outcome outcome = {0};
    hearth_key key = store_key("names", "bob", "");
    int never = 0;
    world->settings[1] = "lease=600ms";
    start_shared(world);
    world->store.hold = true; /* the claim is put, and its answer waits */
    assert_int_equal(start_create(world, "ann", "9", "x", "bob", NULL, &outcome), HEARTH_DEFERRED);
    hearth_test_wait(world->host, &never, 700);
    assert_non_null(store_find(&world->store, &key));
    store_release(&world->store);
    wait_for(world, &outcome.done);
    assert_int_equal(outcome.status, HEARTH_EUNAVAILABLE);
    key = note("ann", "9");
    assert_null(store_find(&world->store, &key));
}

static int waits_for_the_holder(void *arg)
{
    return waits_because(arg, "storage is held by another hearthd, which has to be stopped, or to "
                              "give no sign for 0.8 s: elsewhere:/srv (process 42)");
}

static void who_holds_storage_alone_is_waited_for(void **state)
{
    struct world *world = *state;
    put(world, "exclusive", 5, 800);
    world->real_storage_down_at_start = true;
    start_shared(world);
    assert_true(hearth_test_wait_for(world->host, waits_for_the_holder, world, 5000));
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_EUNAVAILABLE);
    assert_true(hearth_test_wait_for(world->host, ready, world, 8000)); /* it was not renewed */
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_OK);
    assert_int_equal(mark(world)->doc.version, 6); /* the holder, if it wakes, sees that */
}

/* ---- mode exclusive ---- */

static int waits_for_shared(void *arg)
{
    return waits_because(arg, "storage is in use in mode shared, and mode exclusive waits until "
                              "there was no sign of anybody for 1.5 s; the last one gave "
                              "elsewhere:/srv (process 42)");
}

static void shared_ones_are_waited_for_and_why_is_said(void **state)
{
    struct world *world = *state;
    put(world, "shared", 5, 1500);
    world->real_storage_down_at_start = true;
    world_start(world);
    assert_true(hearth_test_wait_for(world->host, waits_for_shared, world, 5000));
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_EUNAVAILABLE);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_true(hearth_test_wait_for(world->host, ready, world, 8000)); /* no sign came */
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_DURABLE).version, 2);
}

static void shared_ones_that_live_are_waited_for_without_end(void **state)
{
    struct world *world = *state;
    put(world, "shared", 99, 600);
    world->real_storage_down_at_start = true;
    world_start(world);
    give_six_signs(world, 600);
    assert_false(ready(world));
}

/* Others of them may be alive, though this directory gave the last sign. */
static void a_mark_of_the_own_directory_is_waited_for_as_well(void **state)
{
    struct world *world = *state;
    world->settings[0] = "lease=800ms";
    world->settings[1] = "mode=shared";
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).version, 2);
    world_stop(world);
    world->settings[1] = NULL;
    world->real_storage_down_at_start = true;
    world_start(world);
    hearth_test_pump(world->host);
    assert_false(ready(world));
    assert_true(hearth_test_wait_for(world->host, ready, world, 8000));
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static int shut(void *arg)
{
    struct world *world = arg;
    return hearth_test_health(world->host, "entities", "lease", NULL) == HEARTH_NOT_READY;
}

static void who_was_away_while_shared_ones_came_stops(void **state)
{
    struct world *world = *state;
    world->settings[0] = "lease=600ms";
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_DURABLE).version, 2);
    put(world, "shared", 500, 60000);
    assert_true(hearth_test_wait_for(world->host, shut, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mark_is_kept_alive_and_given_back_by_nobody),
        TEST(a_mark_lasts_thirty_seconds_at_most),
        TEST(the_sign_of_one_counts_for_all),
        TEST(a_mark_is_never_made_shorter),
        TEST(whose_mark_has_lapsed_is_silent),
        TEST(a_change_that_outlives_the_mark_is_in_doubt),
        TEST(a_create_that_outlives_the_mark_writes_no_more),
        TEST(who_holds_storage_alone_is_waited_for),
        TEST(shared_ones_are_waited_for_and_why_is_said),
        TEST(shared_ones_that_live_are_waited_for_without_end),
        TEST(a_mark_of_the_own_directory_is_waited_for_as_well),
        TEST(who_was_away_while_shared_ones_came_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
