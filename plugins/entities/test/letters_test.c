/*
 * letters_test.c - what storage's refusals lead to: dead letters, conflicts, a deadline, a full
 * backlog.
 */
#include "fixture.h"

/* ---- storage refuses ---- */

static void a_refused_change_is_a_dead_letter_that_loads_prefer(void **state)
{
    struct world *world = *state;
    char words[64];
    world_start(world);
    world->store.always = SCRIPT_FAILED;
    world->store.only = "notes";
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    wait_dead(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    assert_non_null(strstr(command(world, "dlq list"), "notes/ann/1  version 2: scripted: never"));
    snprintf(words, sizeof(words), "dlq show %u", letter(world));
    assert_non_null(strstr(command(world, words), "{\"text\":\"one\"}"));
    snprintf(words, sizeof(words), "dlq retry %u", letter(world));
    assert_non_null(strstr(command(world, words), "is written again"));
    wait_stored(world, "ann", "1", 2);
    assert_string_equal(command(world, "dlq list"), "");
}

static void a_dead_letter_is_discarded(void **state)
{
    struct world *world = *state;
    char words[64];
    world_start(world);
    world->store.always = SCRIPT_FAILED;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_MEMORY).status, HEARTH_OK);
    wait_dead(world);
    snprintf(words, sizeof(words), "dlq discard %u", letter(world));
    assert_non_null(strstr(command(world, words), "is discarded"));
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
    assert_non_null(strstr(command(world, "dlq show 77"), "no dead letter 77"));
    assert_non_null(strstr(command(world, "dlq retry x"), "expected the number"));
}

static int is_writing(void *arg)
{
    struct world *world = arg;
    return world->store.held != NULL;
}

static void a_refusal_of_what_a_newer_change_replaces_matters_to_nobody(void **state)
{
    struct world *world = *state;
    static const enum script script[] = {SCRIPT_FAILED};
    world_start(world);
    load_note(world, "ann", "1");
    world->store.only = "notes";
    store_script(&world->store, script, 1);
    world->store.hold = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_true(hearth_test_wait_for(world->host, is_writing, world, 5000));
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).status, HEARTH_OK);
    store_release(&world->store);
    wait_stored(world, "ann", "1", 3);
    assert_string_equal(load_note(world, "ann", "1").text, "two");
    assert_string_equal(command(world, "dlq list"), "");
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
}

static void a_later_commit_revives_a_dead_letter(void **state)
{
    struct world *world = *state;
    world_start(world);
    world->store.always = SCRIPT_FAILED;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    wait_dead(world);
    world->store.always = SCRIPT_OK;
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).version, 3);
    wait_stored(world, "ann", "1", 3);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL), 0);
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
}

static void attempts_count_only_while_storage_is_healthy(void **state)
{
    struct world *world = *state;
    world->settings[0] = "max_attempts=3";
    world->settings[1] = "retry_max=10ms";
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    size_t before = world->store.writes;
    for (int i = 0; i < 200 && world->store.writes - before < 10; i++) {
        int never = 0;
        hearth_test_wait(world->host, &never, 20);
    }
    assert_false(has_dead(world));
    const char *reason;
    assert_int_equal(hearth_test_health(world->host, "entities", "storage", &reason),
                     HEARTH_DEGRADED);
    world->store.down = false;
    world->store.always = SCRIPT_RETRY;
    wait_dead(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void a_strangers_write_counts(void **state)
{
    struct world *world = *state;
    char words[64];
    world_start(world);
    load_note(world, "ann", "1");
    put_note(world, "ann", "1", "theirs", 9);
    assert_int_equal(change_note(world, "ann", "1", "ours", HEARTH_JOURNAL).status, HEARTH_OK);
    wait_dead(world);
    struct outcome loaded = load_note(world, "ann", "1");
    assert_string_equal(loaded.text, "theirs");
    assert_int_equal(loaded.version, 9);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_conflicts_total", NULL), 1);
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "theirs");
    assert_non_null(strstr(command(world, "dlq list"), "storage has version 9"));
    assert_int_equal(change_note(world, "ann", "1", "theirs2", HEARTH_DURABLE).version, 10);
    snprintf(words, sizeof(words), "dlq retry %u", letter(world));
    assert_non_null(strstr(command(world, words), "expected version 9 in storage, found 10"));
    snprintf(words, sizeof(words), "dlq retry %u --version 10", letter(world));
    assert_non_null(strstr(command(world, words), "is version 11 now"));
    assert_string_equal(load_note(world, "ann", "1").text, "ours");
    wait_stored(world, "ann", "1", 11);
    assert_string_equal(command(world, "dlq list"), "");
}

static void a_document_that_vanished_is_gone_and_kept_as_a_letter(void **state)
{
    struct world *world = *state;
    hearth_key key = note("ann", "1");
    world_start(world);
    load_note(world, "ann", "1");
    store_delete(&world->store, &key);
    struct outcome durable = change_note(world, "ann", "1", "ours", HEARTH_DURABLE);
    assert_int_equal(durable.status, HEARTH_EUNAVAILABLE);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_ENOTFOUND);
    assert_non_null(strstr(command(world, "dlq list"), "notes/ann/1"));
}

/* ---- the deadline, the backlog ---- */

static void a_durable_change_stands_after_its_deadline(void **state)
{
    struct world *world = *state;
    struct change_call call = {
        .world = world, .text = "one", .durability = HEARTH_DURABLE, .deadline_ms = 100};
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_true(start_change(&call, "ann", "1") >= 0);
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
    wait_for(world, &call.outcome.done);
    assert_int_equal(call.outcome.status, HEARTH_ETIMEOUT);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    world->store.down = false;
    wait_stored(world, "ann", "1", 2);
}

static void a_full_backlog_refuses_before_anything_changes(void **state)
{
    struct world *world = *state;
    put_note(world, "ann", "2", "zero", 1);
    put_note(world, "ann", "3", "zero", 1);
    world->settings[0] = "max_pending=2";
    world_start(world);
    list_notes(world, "ann");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_int_equal(change_note(world, "ann", "2", "one", HEARTH_MEMORY).status, HEARTH_OK);
    assert_int_equal(change_note(world, "ann", "3", "one", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_string_equal(load_note(world, "ann", "3").text, "zero");
    assert_int_equal(hearth_test_health(world->host, "entities", "backlog", NULL),
                     HEARTH_NOT_READY);
    world->store.down = false;
    wait_stored(world, "ann", "1", 2);
    wait_stored(world, "ann", "2", 2);
    assert_int_equal(change_note(world, "ann", "3", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_int_equal(hearth_test_health(world->host, "entities", "backlog", NULL), HEARTH_HEALTHY);
}

static void what_storage_does_not_take_at_the_end_stays_in_the_journal(void **state)
{
    struct world *world = *state;
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_MEMORY).status, HEARTH_OK);
    world->store.down = true;
    world_stop(world);
    world->store.down = false;
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    wait_stored(world, "ann", "1", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refused_change_is_a_dead_letter_that_loads_prefer),
        TEST(a_dead_letter_is_discarded),
        TEST(a_refusal_of_what_a_newer_change_replaces_matters_to_nobody),
        TEST(a_later_commit_revives_a_dead_letter),
        TEST(attempts_count_only_while_storage_is_healthy),
        TEST(a_strangers_write_counts),
        TEST(a_document_that_vanished_is_gone_and_kept_as_a_letter),
        TEST(a_durable_change_stands_after_its_deadline),
        TEST(a_full_backlog_refuses_before_anything_changes),
        TEST(what_storage_does_not_take_at_the_end_stays_in_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
