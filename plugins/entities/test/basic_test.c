/*
 * basic_test.c - loading, turns, commits in each class, creating, listing, deleting.
 */
#include "fixture.h"

static void concurrent_loads_share_one_read(void **state)
{
    struct world *world = *state;
    struct outcome first = {0}, second = {0};
    hearth_key key = note("ann", "1");

    put_note(world, "ann", "1", "hello", 7);
    world_start(world);
    size_t before = world->store.reads;
    assert_int_equal(world->entities->load(world->ctx, &key, on_entity, &first), HEARTH_DEFERRED);
    assert_int_equal(world->entities->load(world->ctx, &key, on_entity, &second), HEARTH_DEFERRED);
    wait_for(world, &second.done);
    assert_int_equal(first.done, 1);
    assert_int_equal(world->store.reads - before, 1);
    assert_string_equal(first.text, "hello");
    assert_int_equal(first.version, 7);
    assert_int_equal(first.durable, 7);
    struct outcome third = {0};
    assert_int_equal(world->entities->load(world->ctx, &key, on_entity, &third), HEARTH_OK);
    assert_int_equal(third.done, 1);
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_ENOTFOUND);
}

static void each_class_commits(void **state)
{
    struct world *world = *state;
    put_note(world, "ann", "1", "zero", 1);
    world_start(world);
    struct outcome memory = change_note(world, "ann", "1", "memory", HEARTH_MEMORY);
    assert_int_equal(memory.status, HEARTH_OK);
    assert_int_equal(memory.version, 2);
    struct outcome journal = change_note(world, "ann", "1", "journal", HEARTH_JOURNAL);
    assert_int_equal(journal.status, HEARTH_OK);
    assert_int_equal(journal.version, 3);
    struct outcome durable = change_note(world, "ann", "1", "durable", HEARTH_DURABLE);
    assert_int_equal(durable.status, HEARTH_OK);
    assert_int_equal(durable.version, 4);
    assert_int_equal(durable.durable, 4);
    hearth_key key = note("ann", "1");
    assert_int_equal(store_find(&world->store, &key)->doc.version, 4);
    assert_string_equal(load_note(world, "ann", "1").text, "durable");
}

static void a_change_is_written_behind(void **state)
{
    struct world *world = *state;
    put_note(world, "ann", "1", "zero", 1);
    world_start(world);
    for (int i = 0; i < 20; i++)
        assert_int_equal(change_note(world, "ann", "1", "x", HEARTH_MEMORY).status, HEARTH_OK);
    size_t ops = world->store.write_ops;
    wait_stored(world, "ann", "1", 21);
    assert_in_range(world->store.write_ops - ops, 1, 3); /* the newest version, not each */
    assert_int_equal(load_note(world, "ann", "1").durable, 21);
}

static void turns_come_one_after_the_other(void **state)
{
    struct world *world = *state;
    struct change_call a = {.world = world, .text = "a", .durability = HEARTH_JOURNAL};
    struct change_call b = {.world = world, .text = "b", .durability = HEARTH_JOURNAL};

    put_note(world, "ann", "1", "zero", 1);
    world_start(world);
    load_note(world, "ann", "1");
    assert_int_equal(start_change(&a, "ann", "1"), HEARTH_OK);
    assert_int_equal(a.committed, HEARTH_DEFERRED);
    assert_int_equal(start_change(&b, "ann", "1"), HEARTH_DEFERRED);
    assert_int_equal(b.turned, 0);
    assert_string_equal(load_note(world, "ann", "1").text, "zero"); /* not fsynced: not seen */
    wait_for(world, &b.outcome.done);
    assert_string_equal(b.seen, "a");
    assert_int_equal(b.seen_version, 2);
    assert_int_equal(b.outcome.version, 3);
}

static void a_create_takes_its_claims(void **state)
{
    struct world *world = *state;
    hearth_receipt receipt = {.key = {1}, .body = {2}};
    world_start(world);
    struct outcome first = create_note(world, "cat", "7", "hello", "Pykey", &receipt);
    assert_int_equal(first.status, HEARTH_OK);
    assert_int_equal(first.created, HEARTH_CREATED);
    assert_int_equal(first.version, 1);
    assert_string_equal(first.text, "hello");
    assert_string_equal(claimant_of(world, "Pykey").owner, "cat/7");
    struct outcome again = create_note(world, "cat", "2", "hello", "Other", &receipt);
    assert_int_equal(again.created, HEARTH_CREATE_REPLAYED);
    assert_string_equal(again.text, "hello");
    receipt.body[0] = 3;
    assert_int_equal(create_note(world, "cat", "2", "hello", "Other", &receipt).created,
                     HEARTH_CREATE_MISMATCH);
    struct outcome taken = create_note(world, "bob", "2", "hi", "Pykey", NULL);
    assert_int_equal(taken.status, HEARTH_OK);
    assert_int_equal(taken.created, HEARTH_CREATE_CLAIMED);
    assert_int_equal(taken.claim, 0);
    assert_int_equal(claimant_of(world, "Other").status, HEARTH_ENOTFOUND);
}

static void a_removed_one_is_gone_and_its_name_free(void **state)
{
    struct world *world = *state;
    hearth_key key = note("cat", "7");
    world_start(world);
    assert_int_equal(create_note(world, "cat", "7", "hello", "Pykey", NULL).status, HEARTH_OK);
    assert_string_equal(claimant_of(world, "Pykey").owner, "cat/7");
    assert_int_equal(change_note(world, "cat", "7", "more", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_int_equal(remove_note(world, "cat", "7", "Pykey").status, HEARTH_OK);
    assert_null(store_find(&world->store, &key));
    assert_int_equal(load_note(world, "cat", "7").status, HEARTH_ENOTFOUND);
    assert_int_equal(list_notes(world, "cat").count, 0);
    assert_int_equal(claimant_of(world, "Pykey").status, HEARTH_ENOTFOUND);
    assert_int_equal(create_note(world, "bob", "2", "hi", "Pykey", NULL).created, HEARTH_CREATED);
}

static void a_list_shows_what_is_alive(void **state)
{
    struct world *world = *state;
    put_note(world, "ann", "2", "two", 1);
    put_note(world, "ann", "1", "one", 1);
    put_note(world, "bob", "1", "bob", 1);
    world_start(world);
    world->store.always = SCRIPT_RETRY;
    assert_int_equal(change_note(world, "ann", "2", "TWO", HEARTH_JOURNAL).status, HEARTH_OK);
    assert_string_equal(list_notes(world, "ann").all, "one TWO ");
    size_t queries = world->store.queries;
    assert_string_equal(list_notes(world, "ann").all, "one TWO ");
    assert_int_equal(world->store.queries, queries);
    world->store.always = SCRIPT_OK;
}

static void a_body_is_upgraded_and_a_newer_one_refused(void **state)
{
    struct world *world = *state;
    hearth_key key = note("ann", "2");
    put_note(world, "ann", "1", "old", 1);
    store_put(&world->store, &key, "{\"state\":{\"text\":\"new\"},\"bodyVersion\":9}", 1, "x");
    world->body_version = 3;
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "old+1+2");
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_EINTERNAL);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 1);
}

static void a_stop_flushes_memory_too(void **state)
{
    struct world *world = *state;
    hearth_key key = note("ann", "1");
    put_note(world, "ann", "1", "zero", 1);
    world->settings[0] = "flush_interval=60s";
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "kept", HEARTH_MEMORY).status, HEARTH_OK);
    world_stop(world);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 2);
}

static void no_more_are_made_than_there_may_be(void **state)
{
    struct world *world = *state;
    hearth_receipt receipt = {.key = {1}, .body = {2}};
    world_start(world);
    world->max_entities = 3; /* ann has one */
    assert_int_equal(create_note(world, "ann", "2", "two", "Two", &receipt).created,
                     HEARTH_CREATED);
    assert_int_equal(create_note(world, "ann", "3", "three", "Three", NULL).created,
                     HEARTH_CREATED);
    struct outcome full = create_note(world, "ann", "4", "four", "Four", NULL);
    assert_int_equal(full.status, HEARTH_OK);
    assert_int_equal(full.created, HEARTH_CREATE_FULL);
    assert_int_equal(claimant_of(world, "Four").status, HEARTH_ENOTFOUND);
    /* A repeat is answered as the first was, and others have room of their own. */
    assert_int_equal(create_note(world, "ann", "5", "two", "Two", &receipt).created,
                     HEARTH_CREATE_REPLAYED);
    assert_int_equal(create_note(world, "bob", "1", "one", "Bob", NULL).created, HEARTH_CREATED);
    assert_int_equal(remove_note(world, "ann", "3", "Three").status, HEARTH_OK);
    assert_int_equal(create_note(world, "ann", "6", "six", "Six", NULL).created, HEARTH_CREATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(concurrent_loads_share_one_read),
        TEST(each_class_commits),
        TEST(a_change_is_written_behind),
        TEST(turns_come_one_after_the_other),
        TEST(no_more_are_made_than_there_may_be),
        TEST(a_create_takes_its_claims),
        TEST(a_removed_one_is_gone_and_its_name_free),
        TEST(a_list_shows_what_is_alive),
        TEST(a_body_is_upgraded_and_a_newer_one_refused),
        TEST(a_stop_flushes_memory_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
