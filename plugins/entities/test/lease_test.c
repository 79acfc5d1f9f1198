/*
 * lease_test.c - who may write.
 */
#include "fixture.h"

static int not_ready(void *arg)
{
    struct world *world = arg;
    const char *reason = NULL;
    return hearth_test_health(world->host, "entities", "lease", &reason) == HEARTH_NOT_READY &&
           strstr(reason, "elsewhere:/srv (process 42)") != NULL;
}

static int ready(void *arg)
{
    struct world *world = arg;
    return hearth_test_health(world->host, "entities", "lease", NULL) == HEARTH_HEALTHY;
}

static void another_directorys_lease_is_respected_and_named(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    store_put(&world->store, &key,
              "{\"directory\":\"other\",\"host\":\"elsewhere\",\"path\":\"/srv\",\"pid\":42,"
              "\"leaseMs\":1500,\"released\":false}",
              5, "other/1/5");
    world->real_storage_down_at_start = true;
    world_start(world);
    assert_true(hearth_test_wait_for(world->host, not_ready, world, 5000));
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_EUNAVAILABLE);
    assert_true(hearth_test_wait_for(world->host, ready, world, 8000)); /* it was not renewed */
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_OK);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 6);
}

static void a_lost_lease_stops_acknowledgements(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    world->settings[0] = "lease=600ms";
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    wait_stored(world, "ann", "1", 2);
    store_put(&world->store, &key,
              "{\"directory\":\"other\",\"host\":\"elsewhere\",\"path\":\"/srv\",\"pid\":42,"
              "\"leaseMs\":60000,\"released\":false}",
              500, "other/1/5");
    assert_true(hearth_test_wait_for(world->host, not_ready, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
}

static void a_lease_that_cannot_be_renewed_ends_by_itself(void **state)
{
    struct world *world = *state;
    world->settings[0] = "lease=600ms";
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    int never = 0;
    hearth_test_wait(world->host, &never, 700);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    world->store.down = false;
    wait_stored(world, "ann", "1", 2);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status, HEARTH_OK);
}

static void memory_that_was_out_does_not_end_the_renewals(void **state)
{
    struct world *world = *state;
    int never = 0;
    world->settings[0] = "lease=600ms";
    world_start(world);
    load_note(world, "ann", "1");
    for (size_t nth = 1; nth <= 8; nth++) {
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_wait(world->host, &never, 250); /* a renewal */
    }
    hearth_test_fail_allocation(world->host, 0);
    hearth_test_wait(world->host, &never, 700);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
}

static int reread(void *arg)
{
    struct world *world = arg;
    return strcmp(load_note(world, "ann", "1").text, "theirs") == 0;
}

static void what_was_cached_is_read_again_after_somebody_else_held_the_lease(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    world->settings[0] = "lease=600ms";
    world_start(world);
    load_note(world, "ann", "1");
    put_note(world, "ann", "1", "theirs", 2);
    store_put(&world->store, &key, "{\"directory\":\"other\",\"leaseMs\":600,\"released\":true}",
              500, "other/1/500");
    assert_true(hearth_test_wait_for(world->host, reread, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "ours", HEARTH_DURABLE).version, 3);
}

static void a_clean_end_releases_the_lease(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    world_start(world);
    world_stop(world);
    assert_non_null(strstr(store_find(&world->store, &key)->doc.body.ptr, "\"released\":true"));
}

/* Only this directory's journal has them: nobody else may begin before its time. */
static void an_end_that_leaves_changes_behind_keeps_the_lease(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    world->settings[0] = "drain_flush=100ms";
    world_start(world);
    load_note(world, "ann", "1");
    world->store.only = "notes";
    world->store.always = SCRIPT_RETRY;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    world_stop(world);
    assert_non_null(strstr(store_find(&world->store, &key)->doc.body.ptr, "\"released\":false"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_directorys_lease_is_respected_and_named),
        TEST(a_lost_lease_stops_acknowledgements),
        TEST(a_lease_that_cannot_be_renewed_ends_by_itself),
        TEST(memory_that_was_out_does_not_end_the_renewals),
        TEST(what_was_cached_is_read_again_after_somebody_else_held_the_lease),
        TEST(a_clean_end_releases_the_lease),
        TEST(an_end_that_leaves_changes_behind_keeps_the_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
