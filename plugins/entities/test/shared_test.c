/*
 * shared_test.c - mode shared: storage is asked before anything is said, and decides every change.
 */
#include "fixture.h"

static void start_shared(struct world *world)
{
    world->settings[0] = "mode=shared";
    world_start(world);
}

/* A change that somebody else gets ahead of, or whose answer waits. */
struct race {
    struct world *world;
    uint64_t overtaken_by; /* a version, put between the turn and the commit; 0: none */
    bool hold;
    uint32_t deadline_ms;
    bool remove;
    struct outcome outcome;
};

static void on_turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct race *race = arg;
    struct world *world = race->world;
    char body[400];

    assert_int_equal(status, HEARTH_OK);
    if (race->overtaken_by > 0)
        put_note(world, "ann", "1", "theirs", race->overtaken_by);
    world->store.hold = race->hold;
    if (race->remove) {
        status = world->entities->remove(world->ctx, entity, NULL, 0, race->deadline_ms, on_entity,
                                         &race->outcome);
    } else {
        hearth_entity_next next = next_of(world, "ours", body);
        status = world->entities->commit(world->ctx, entity, &next, HEARTH_MEMORY,
                                         race->deadline_ms, on_entity, &race->outcome);
    }
    assert_int_equal(status, HEARTH_DEFERRED);
}

static void begin(struct race *race)
{
    hearth_key key = note("ann", "1");
    hearth_status status = race->world->entities->turn(race->world->ctx, &key, on_turn, race);
    assert_int_equal(status, HEARTH_DEFERRED);
}

static int is_held(void *arg)
{
    struct world *world = arg;
    return world->store.held != NULL;
}

static void wait_held(struct world *world)
{
    assert_true(hearth_test_wait_for(world->host, is_held, world, 5000));
}

static struct outcome finish(struct race *race)
{
    wait_for(race->world, &race->outcome.done);
    hearth_test_pump(race->world->host);
    assert_int_equal(race->outcome.done, 1);
    return race->outcome;
}

/* ---- reading ---- */

static void every_load_and_list_shows_what_storage_has(void **state)
{
    struct world *world = *state;
    start_shared(world);
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
    put_note(world, "ann", "1", "theirs", 2);
    struct outcome loaded = load_note(world, "ann", "1");
    assert_string_equal(loaded.text, "theirs");
    assert_int_equal(loaded.version, 2);
    assert_int_equal(loaded.durable, 2);
    put_note(world, "ann", "2", "more", 1);
    assert_string_equal(list_notes(world, "ann").all, "theirs more ");
    hearth_key key = note("ann", "1");
    store_delete(&world->store, &key);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_ENOTFOUND);
    assert_string_equal(list_notes(world, "ann").all, "more ");
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_cached", NULL), 0);
}

static void a_load_is_answered_by_a_read_that_began_after_it(void **state)
{
    struct world *world = *state;
    struct outcome first = {0}, second = {0}, third = {0};
    hearth_key key = note("ann", "1");
    start_shared(world);
    world->store.hold = true;
    size_t reads = world->store.reads;
    assert_true(world->entities->load(world->ctx, &key, on_entity, &first) >= 0);
    put_note(world, "ann", "1", "theirs", 2); /* acknowledged to somebody now */
    assert_true(world->entities->load(world->ctx, &key, on_entity, &second) >= 0);
    assert_true(world->entities->load(world->ctx, &key, on_entity, &third) >= 0);
    store_release(&world->store);
    wait_for(world, &third.done);
    assert_int_equal(first.version, 1);
    assert_int_equal(second.version, 2);
    assert_int_equal(third.version, 2);
    assert_int_equal(world->store.reads, reads + 2); /* those who wait share one */
}

static int storage_is(struct world *world, hearth_health expected)
{
    return hearth_test_health(world->host, "entities", "storage", NULL) == expected;
}

static int storage_is_back(void *arg)
{
    return storage_is(arg, HEARTH_HEALTHY);
}

static void storage_away_is_no_answer_at_all(void **state)
{
    struct world *world = *state;
    start_shared(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_EUNAVAILABLE);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status,
                     HEARTH_EUNAVAILABLE);
    assert_true(storage_is(world, HEARTH_NOT_READY)); /* others may reach it */
    world->store.down = false;
    assert_true(hearth_test_wait_for(world->host, storage_is_back, world, 5000));
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
}

/* ---- changing ---- */

static void every_class_waits_for_storage(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .hold = true};
    start_shared(world);
    begin(&race);
    wait_held(world);
    int never = 0;
    hearth_test_wait(world->host, &never, 50);
    assert_int_equal(race.outcome.done, 0);
    store_release(&world->store);
    struct outcome outcome = finish(&race);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, 2);
    assert_int_equal(outcome.durable, 2);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_journal_rows", NULL), 0);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_pending", NULL), 0);
}

static void who_was_overtaken_is_told_and_sees_why(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .overtaken_by = 2};
    start_shared(world);
    begin(&race);
    assert_int_equal(finish(&race).status, HEARTH_ECONFLICT);
    assert_string_equal(load_note(world, "ann", "1").text, "theirs");
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_overtaken_total", NULL), 1);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL), 0);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).version, 3);
}

static void turns_are_taken_one_after_the_other(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .hold = true};
    struct change_call call = {.world = world, .text = "second"};
    start_shared(world);
    begin(&race);
    assert_int_equal(start_change(&call, "ann", "1"), HEARTH_DEFERRED);
    wait_held(world);
    assert_int_equal(call.turned, 0);
    store_release(&world->store);
    wait_for(world, &call.outcome.done);
    assert_string_equal(call.seen, "ours");
    assert_int_equal(call.outcome.version, 3);
}

/* ---- lost answers ---- */

static void a_lost_answer_is_found_by_its_write_id(void **state)
{
    struct world *world = *state;
    enum script script[] = {SCRIPT_LOST, SCRIPT_LOST};
    start_shared(world);
    store_script(&world->store, script, 2);
    struct outcome outcome = change_note(world, "ann", "1", "one", HEARTH_JOURNAL);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, 2);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_JOURNAL).version, 3);
}

/* Storage has our version 2; the answer is lost, and somebody else writes upon it meanwhile. */
static struct outcome lose_and_build_upon(struct world *world, uint64_t version, bool names_us)
{
    enum script script[] = {SCRIPT_LOST};
    hearth_key key = note("ann", "1");
    struct race race = {.world = world, .hold = true};
    start_shared(world);
    store_script(&world->store, script, 1);
    begin(&race);
    wait_held(world);
    char *body = strdup(store_find(&world->store, &key)->doc.body.ptr);
    if (names_us)
        store_put(&world->store, &key, body, version, "somebody");
    else
        put_note(world, "ann", "1", "theirs", version);
    free(body);
    store_release(&world->store);
    return finish(&race);
}

static void a_lost_answer_is_found_in_what_was_built_upon_it(void **state)
{
    struct outcome outcome = lose_and_build_upon(*state, 3, true);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, 2);
    assert_string_equal(outcome.text, "ours");
}

static void who_is_not_named_was_not_applied(void **state)
{
    assert_int_equal(lose_and_build_upon(*state, 9, false).status, HEARTH_ECONFLICT);
}

static void past_what_a_document_names_nothing_is_claimed(void **state)
{
    assert_int_equal(lose_and_build_upon(*state, 10, false).status, HEARTH_ETIMEOUT);
}

static void a_document_names_its_newest_eight_changes(void **state)
{
    struct world *world = *state;
    hearth_key key = note("ann", "1");
    start_shared(world);
    for (int i = 0; i < 12; i++)
        assert_int_equal(change_note(world, "ann", "1", "x", HEARTH_JOURNAL).status, HEARTH_OK);
    const char *writes = strstr(store_find(&world->store, &key)->doc.body.ptr, "\"writes\":\"");
    assert_non_null(writes);
    assert_int_equal(strcspn(writes + 10, "\""), 8 * 16);
}

static void a_deadline_ends_the_waiting_and_the_next_turn_asks_storage(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .hold = true, .deadline_ms = 30};
    start_shared(world);
    begin(&race);
    assert_int_equal(finish(&race).status, HEARTH_ETIMEOUT);
    store_release(&world->store);
    struct outcome next = change_note(world, "ann", "1", "one", HEARTH_JOURNAL);
    assert_int_equal(next.status, HEARTH_OK);
    assert_int_equal(next.version, 3); /* it had been applied after all */
}

static void what_storage_refuses_is_no_dead_letter(void **state)
{
    struct world *world = *state;
    enum script script[] = {SCRIPT_FAILED};
    start_shared(world);
    store_script(&world->store, script, 1);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status,
                     HEARTH_EINTERNAL);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL), 0);
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
}

static void what_storage_refuses_behind_a_lost_answer_is_in_doubt(void **state)
{
    struct world *world = *state;
    enum script script[] = {SCRIPT_LOST, SCRIPT_FAILED};
    start_shared(world);
    store_script(&world->store, script, 2);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_ETIMEOUT);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

/* ---- deleting ---- */

static void only_what_was_judged_is_deleted(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .remove = true, .overtaken_by = 2};
    start_shared(world);
    begin(&race);
    assert_int_equal(finish(&race).status, HEARTH_ECONFLICT);
    assert_string_equal(load_note(world, "ann", "1").text, "theirs");
    race = (struct race){.world = world, .remove = true};
    begin(&race);
    assert_int_equal(finish(&race).status, HEARTH_OK);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_ENOTFOUND);
}

static void a_delete_past_its_deadline_keeps_nobody_waiting(void **state)
{
    struct world *world = *state;
    struct race race = {.world = world, .remove = true, .hold = true, .deadline_ms = 30};
    start_shared(world);
    begin(&race);
    assert_int_equal(finish(&race).status, HEARTH_ETIMEOUT);
    store_release(&world->store);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_ENOTFOUND);
    assert_int_equal(create_note(world, "ann", "1", "again", NULL, NULL).version, 1);
    assert_string_equal(load_note(world, "ann", "1").text, "again");
}

static void a_claim_that_another_gave_back_has_no_holder(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("names", "bob", "");
    start_shared(world);
    assert_int_equal(create_note(world, "ann", "9", "x", "bob", NULL).status, HEARTH_OK);
    assert_string_equal(claimant_of(world, "bob").owner, "ann/9");
    store_delete(&world->store, &key);
    assert_int_equal(claimant_of(world, "bob").status, HEARTH_ENOTFOUND);
}

/* ---- creates ---- */

static int is_stored(void *arg)
{
    struct world *world = arg;
    hearth_key key = note("ann", "9");
    return store_find(&world->store, &key) != NULL;
}

/* Storage has it, and the answer was lost. */
static void lose_a_create(struct world *world, const hearth_receipt *receipt,
                          struct outcome *outcome)
{
    static const enum script script[] = {SCRIPT_LOST, SCRIPT_RETRY, SCRIPT_RETRY};
    start_shared(world);
    world->store.only = "notes";
    store_script(&world->store, script, 3);
    assert_int_equal(start_create(world, "ann", "9", "nine", "Nine", receipt, outcome),
                     HEARTH_DEFERRED);
    assert_true(hearth_test_wait_for(world->host, is_stored, world, 5000));
}

static void assert_claims(struct world *world)
{
    hearth_key name = store_key("names", "Nine", ""), owner = store_key("owners", "9", "");
    assert_non_null(store_find(&world->store, &name));
    assert_non_null(store_find(&world->store, &owner));
}

static void a_create_that_was_built_upon_keeps_its_claims(void **state)
{
    struct world *world = *state;
    hearth_receipt receipt = {.key = {7}, .body = {8}};
    struct outcome outcome = {0};
    lose_a_create(world, &receipt, &outcome);
    put_note(world, "ann", "9", "theirs", 2);
    wait_for(world, &outcome.done);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.created, HEARTH_CREATE_REPLAYED);
    assert_int_equal(outcome.version, 2);
    hearth_test_advance(world->host, 1000);
    assert_claims(world);
}

static void a_create_given_up_in_doubt_keeps_its_claims(void **state)
{
    struct world *world = *state;
    struct outcome outcome = {0};
    world->create_deadline_ms = 60000;
    lose_a_create(world, NULL, &outcome);
    world->store.always = SCRIPT_RETRY;
    hearth_test_advance(world->host, 1000);
    world->store.hold = true;
    hearth_test_advance(world->host, 18500); /* given up after 20 s: the next attempt is too late */
    store_release(&world->store);
    wait_for(world, &outcome.done);
    assert_int_equal(outcome.status, HEARTH_ETIMEOUT);
    hearth_test_advance(world->host, 1000);
    assert_claims(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_load_and_list_shows_what_storage_has),
        TEST(a_load_is_answered_by_a_read_that_began_after_it),
        TEST(storage_away_is_no_answer_at_all),
        TEST(every_class_waits_for_storage),
        TEST(who_was_overtaken_is_told_and_sees_why),
        TEST(turns_are_taken_one_after_the_other),
        TEST(a_lost_answer_is_found_by_its_write_id),
        TEST(a_lost_answer_is_found_in_what_was_built_upon_it),
        TEST(who_is_not_named_was_not_applied),
        TEST(past_what_a_document_names_nothing_is_claimed),
        TEST(a_document_names_its_newest_eight_changes),
        TEST(a_deadline_ends_the_waiting_and_the_next_turn_asks_storage),
        TEST(what_storage_refuses_is_no_dead_letter),
        TEST(what_storage_refuses_behind_a_lost_answer_is_in_doubt),
        TEST(only_what_was_judged_is_deleted),
        TEST(a_delete_past_its_deadline_keeps_nobody_waiting),
        TEST(a_claim_that_another_gave_back_has_no_holder),
        TEST(a_create_that_was_built_upon_keeps_its_claims),
        TEST(a_create_given_up_in_doubt_keeps_its_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
