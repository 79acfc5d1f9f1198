/*
 * crash_test.c - what survives a crash, and what the journal refuses never happened.
 */
#include "fixture.h"

#include "disk.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- crashes ---- */

static void a_journaled_change_survives_a_crash(void **state)
{
    struct world *world = *state;
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status, HEARTH_OK);
    world_crash(world);
    world->store.always = SCRIPT_RETRY;
    world_start(world);
    assert_true(hearth_test_metric(world->host, "hearth_entities_pending", NULL) == 1);
    world->store.always = SCRIPT_OK;
    struct outcome loaded = load_note(world, "ann", "1");
    assert_string_equal(loaded.text, "two");
    assert_int_equal(loaded.version, 3);
    wait_stored(world, "ann", "1", 3);
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
}

static void a_memory_change_does_not(void **state)
{
    struct world *world = *state;
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_MEMORY).status, HEARTH_OK);
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void a_lost_answer_is_our_own_write(void **state)
{
    struct world *world = *state;
    hearth_key key = note("ann", "1");
    enum script script[] = {SCRIPT_LOST, SCRIPT_LOST};
    world_start(world);
    store_script(&world->store, script, 2);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_DURABLE).status, HEARTH_OK);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 2);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_DURABLE).status, HEARTH_OK);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 3);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_conflicts_total", NULL), 0);
}

static void a_lost_answer_and_a_crash(void **state)
{
    struct world *world = *state;
    world_start(world);
    world->store.always = SCRIPT_LOST;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    wait_stored(world, "ann", "1", 2);
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
    assert_int_equal(load_note(world, "ann", "1").version, 2);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL), 0);
}

static void a_delete_survives_a_crash_with_its_claims(void **state)
{
    struct world *world = *state;
    struct outcome gone = {0};
    world_start(world);
    assert_int_equal(create_note(world, "ann", "2", "x", "Pykey", NULL).status, HEARTH_OK);
    world->store.down = true;
    gone = remove_note(world, "ann", "2", "Pykey");
    assert_int_equal(gone.status, HEARTH_ETIMEOUT); /* it stands */
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_ENOTFOUND);
    world_crash(world);
    hearth_key key = note("ann", "2");
    assert_non_null(store_find(&world->store, &key));
    world_start(world);
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_ENOTFOUND);
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
    assert_null(store_find(&world->store, &key));
    assert_int_equal(create_note(world, "bob", "3", "y", "Pykey", NULL).created, HEARTH_CREATED);
}

/* ---- the journal refuses ---- */

static void what_the_journal_refuses_never_happened(void **state)
{
    struct world *world = *state;
    struct rlimit limit, old;
    char big[200];
    world_start(world);
    load_note(world, "ann", "1");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 20000; /* the disk is full */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    memset(big, 'x', sizeof(big));
    big[199] = '\0';
    struct outcome outcome = {0};
    uint64_t version = 1;
    for (int i = 0; i < 200; i++) {
        outcome = change_note(world, "ann", "1", big, HEARTH_JOURNAL);
        if (outcome.status != HEARTH_OK)
            break;
        version = outcome.version;
    }
    assert_int_equal(outcome.status, HEARTH_EUNAVAILABLE);
    assert_int_equal(load_note(world, "ann", "1").version, version);
    assert_int_equal(change_note(world, "ann", "1", "no", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_int_equal(hearth_test_health(world->host, "entities", "journal", NULL), HEARTH_DEGRADED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    outcome = change_note(world, "ann", "1", "yes", HEARTH_JOURNAL);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, version + 1);
    assert_int_equal(hearth_test_health(world->host, "entities", "journal", NULL), HEARTH_HEALTHY);
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "yes");
}

/* The rows may be on disk, but they were never acknowledged: not now, and not after a crash. */
static void what_a_failed_fsync_left_behind_does_not_come_back(void **state)
{
    struct world *world = *state;
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    world->store.down = true;
    for (int i = 0; i < 3; i++) {
        disk_failing_syncs = 1;
        assert_int_equal(change_note(world, "ann", "1", "phantom", HEARTH_JOURNAL).status,
                         HEARTH_EUNAVAILABLE);
        assert_string_equal(load_note(world, "ann", "1").text, "one");
    }
    int never = 0;
    hearth_test_wait(world->host, &never, 500); /* the disk works again, and nobody commits */
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    wait_stored(world, "ann", "1", 2);
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
}

static void the_journal_of_another_storage_is_refused(void **state)
{
    struct world *world = *state;
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    world_crash(world);
    hearth_test_options options = {.real_time = 1, .data_dir = world->directory};
    hearth_test_host *host = hearth_test_create(&options);
    struct store other;
    store_init(&other, "scripted:two");
    assert_int_equal(hearth_test_provide(host, HEARTH_STORAGE_ID, &store_table, &other), HEARTH_OK);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    assert_int_not_equal(hearth_test_start(host), HEARTH_OK);
    assert_int_equal(hearth_test_logged(host, 0, "holds 1 changes for storage scripted:one"), 1);
    hearth_test_destroy(host);
    store_finish(&other);
    world_start(world);
    wait_stored(world, "ann", "1", 2);
    world_stop(world); /* now nothing is left in it */
    world->store.caps.identity = "scripted:two";
    world_start(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_journaled_change_survives_a_crash),
        TEST(a_memory_change_does_not),
        TEST(a_lost_answer_is_our_own_write),
        TEST(a_lost_answer_and_a_crash),
        TEST(a_delete_survives_a_crash_with_its_claims),
        TEST(what_the_journal_refuses_never_happened),
        TEST(what_a_failed_fsync_left_behind_does_not_come_back),
        TEST(the_journal_of_another_storage_is_refused),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
