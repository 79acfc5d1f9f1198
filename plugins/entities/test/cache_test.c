/*
 * cache_test.c - receipts, eviction, the ceiling, claims.
 */
#include "fixture.h"

struct receipt_probe {
    struct world *world;
    uint8_t key[16];
    int found, done;
    uint8_t body;
};

static void on_probe(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct receipt_probe *probe = arg;
    assert_int_equal(status, HEARTH_OK);
    const hearth_receipt *receipt =
        probe->world->entities->receipt(probe->world->ctx, entity, probe->key);
    probe->found = receipt != NULL;
    probe->body = receipt ? receipt->body[0] : 0;
    probe->done++;
}

static int find_receipt(struct world *world, uint8_t id, uint8_t *body)
{
    struct receipt_probe probe = {.world = world, .key = {id}};
    hearth_key key = note("ann", "1");
    assert_true(world->entities->turn(world->ctx, &key, on_probe, &probe) >= 0);
    wait_for(world, &probe.done);
    *body = probe.body;
    return probe.found;
}

static void an_entity_remembers_its_newest_32_receipts(void **state)
{
    struct world *world = *state;
    uint8_t body;
    world_start(world);
    for (uint8_t i = 1; i <= 40; i++) {
        hearth_receipt receipt = {.key = {i}, .body = {(uint8_t)(i + 100)}};
        struct change_call call = {.world = world,
                                   .text = "x",
                                   .durability = i == 40 ? HEARTH_JOURNAL : HEARTH_MEMORY,
                                   .receipt = &receipt};
        assert_true(start_change(&call, "ann", "1") >= 0);
        wait_for(world, &call.outcome.done);
        assert_int_equal(call.outcome.status, HEARTH_OK);
    }
    world_crash(world);
    world_start(world);
    assert_false(find_receipt(world, 8, &body));
    assert_true(find_receipt(world, 9, &body));
    assert_int_equal(body, 109);
    assert_true(find_receipt(world, 40, &body));
}

static void on_evicted(hearth_status status, void *arg)
{
    struct outcome *outcome = arg;
    outcome->status = status;
    outcome->done++;
}

static void on_listed(hearth_status status, const hearth_entity *const *entities, size_t count,
                      void *arg)
{
    struct outcome *outcome = arg;
    outcome->status = status;
    outcome->count = count;
    outcome->version = count == 1 ? entities[0]->version : 0;
    outcome->done++;
}

static int is_held(void *arg)
{
    struct world *world = arg;
    return world->store.held != NULL;
}

static void what_is_evicted_between_two_pages_stays_in_the_list(void **state)
{
    struct world *world = *state;
    struct outcome listed = {0}, evicted = {0};
    put_note(world, "ann", "2", "two", 1);
    world->store.page = 1;
    world_start(world);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_OK);
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_OK);
    world->store.hold = true;
    assert_int_equal(world->entities->list(world->ctx, HEARTH_STR("notes"), HEARTH_STR("ann"),
                                           on_listed, &listed),
                     HEARTH_DEFERRED);
    assert_true(hearth_test_wait_for(world->host, is_held, world, 5000));
    store_release(&world->store);
    world->store.hold = true; /* the first page comes, the second waits */
    assert_true(hearth_test_wait_for(world->host, is_held, world, 5000));
    assert_true(world->entities->evict(world->ctx, HEARTH_STR("ann"), on_evicted, &evicted) >= 0);
    store_release(&world->store);
    wait_for(world, &listed.done);
    assert_int_equal(listed.status, HEARTH_OK);
    assert_int_equal(listed.count, 2);
    assert_int_equal(list_notes(world, "ann").count, 2);
}

static void evicting_flushes_then_forgets(void **state)
{
    struct world *world = *state;
    struct outcome evicted = {0};
    hearth_key key = note("ann", "1");
    world->settings[0] = "flush_interval=60s";
    world_start(world);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_MEMORY).status, HEARTH_OK);
    assert_true(world->entities->evict(world->ctx, HEARTH_STR("ann"), on_evicted, &evicted) >= 0);
    wait_for(world, &evicted.done);
    assert_int_equal(evicted.status, HEARTH_OK);
    assert_int_equal(store_find(&world->store, &key)->doc.version, 2);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_cached", NULL), 0);
    assert_int_equal(change_note(world, "ann", "1", "two", HEARTH_MEMORY).status, HEARTH_OK);
    evicted = (struct outcome){0};
    world->store.always = SCRIPT_RETRY;
    assert_true(world->entities->evict(world->ctx, HEARTH_STR("ann"), on_evicted, &evicted) >= 0);
    wait_for(world, &evicted.done);
    assert_int_equal(evicted.status, HEARTH_EUNAVAILABLE);
    assert_string_equal(load_note(world, "ann", "1").text, "two");
    world->store.always = SCRIPT_OK;
}

/* Storage has been read, and the answer is not here yet. */
static void begin_list(struct world *world, struct outcome *listed)
{
    world->store.hold = true;
    assert_true(world->entities->list(world->ctx, HEARTH_STR("notes"), HEARTH_STR("ann"), on_listed,
                                      listed) >= 0);
    hearth_test_pump(world->host);
    assert_int_equal(listed->done, 0);
    world->store.hold = false;
}

static void a_list_that_was_read_before_a_change_does_not_undo_it(void **state)
{
    struct world *world = *state;
    struct outcome listed = {0}, evicted = {0};
    world_start(world);
    begin_list(world, &listed);
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_DURABLE).status, HEARTH_OK);
    assert_true(world->entities->evict(world->ctx, HEARTH_STR("ann"), on_evicted, &evicted) >= 0);
    wait_for(world, &evicted.done);
    store_release(&world->store);
    wait_for(world, &listed.done);
    assert_int_equal(listed.version, 2);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

/* A replayed entity is not decoded before its first use. */
static void nor_a_change_that_was_replayed(void **state)
{
    struct world *world = *state;
    struct outcome listed = {0};
    world_start(world);
    load_note(world, "ann", "1");
    world->store.down = true;
    assert_int_equal(change_note(world, "ann", "1", "one", HEARTH_JOURNAL).status, HEARTH_OK);
    world_crash(world);
    world->store.always = SCRIPT_RETRY;
    world_start(world);
    begin_list(world, &listed);
    world->store.always = SCRIPT_OK;
    wait_stored(world, "ann", "1", 2);
    assert_true(hearth_test_wait_for(world->host, no_rows, world, 5000));
    store_release(&world->store);
    wait_for(world, &listed.done);
    assert_int_equal(listed.version, 2);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void the_cache_keeps_below_its_ceiling_but_never_drops_what_is_dirty(void **state)
{
    struct world *world = *state;
    char id[16], text[200];
    memset(text, 'x', sizeof(text));
    text[199] = '\0';
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof(id), "n%d", i);
        put_note(world, "bob", id, text, 1);
    }
    world->settings[0] = "cache_size=64k";
    world_start(world);
    world->store.always = SCRIPT_RETRY;
    assert_int_equal(change_note(world, "bob", "n0", "dirty", HEARTH_MEMORY).status, HEARTH_OK);
    for (int i = 1; i < 300; i++) {
        snprintf(id, sizeof(id), "n%d", i);
        assert_int_equal(load_note(world, "bob", id).status, HEARTH_OK);
    }
    assert_true(hearth_test_metric(world->host, "hearth_entities_cached_bytes", NULL) <= 65536);
    assert_true(hearth_test_metric(world->host, "hearth_entities_cache_evictions_total", NULL) >
                100);
    assert_string_equal(load_note(world, "bob", "n0").text, "dirty");
    assert_int_equal(list_notes(world, "bob").count, 300);
    world->store.always = SCRIPT_OK;
}

static void leave_claim(struct world *world, const char *write_id)
{
    hearth_key claim = store_key("names", "Pykey", "");
    const char *body = "{\"collection\":\"notes\",\"partition\":\"bob\",\"sort\":\"9\",\"at\":0}";
    store_put(&world->store, &claim, body, 4, write_id);
}

static hearth_create_outcome create_pykey(struct world *world, const char *user)
{
    return create_note(world, user, "2", "x", "Pykey", NULL).created;
}

static void a_claim_seen_without_its_entity_is_free_after_a_minute(void **state)
{
    struct world *world = *state;
    world_start(world);
    leave_claim(world, "somebody");
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
    hearth_test_advance(world->host, 58000);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
    hearth_test_advance(world->host, 2500);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATED);
    assert_string_equal(claimant_of(world, "Pykey").owner, "ann/2");
    assert_int_equal(create_pykey(world, "cat"), HEARTH_CREATE_CLAIMED);
    hearth_test_advance(world->host, 61000);
    assert_int_equal(create_pykey(world, "cat"), HEARTH_CREATE_CLAIMED); /* its entity is there */
}

/* Its create may be at work still: the wall clock says nothing about that. */
static void a_jump_of_the_clock_frees_no_claim(void **state)
{
    struct world *world = *state;
    world_start(world);
    leave_claim(world, "somebody");
    int64_t now = hearth_clock_get(world->ctx)->wall_ms(world->ctx);
    hearth_test_set_wall(world->host, now + 200000);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
    hearth_test_set_wall(world->host, now - 200000);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
}

/* Nobody is at work on it since we run. */
static void a_claim_of_an_earlier_start_is_free_a_minute_after_ours(void **state)
{
    struct world *world = *state;
    hearth_key other = store_key("names", "Other", "");
    char write_id[120];
    world_start(world);
    assert_int_equal(create_note(world, "ann", "1", "x", "Other", NULL).created, HEARTH_CREATED);
    hearth_str mine = store_find(&world->store, &other)->doc.write_id; /* DIRECTORY/START/VERSION */
    int directory = (int)strcspn(mine.ptr, "/");
    snprintf(write_id, sizeof(write_id), "%.*s/0/1", directory, mine.ptr);
    leave_claim(world, write_id);
    hearth_test_advance(world->host, 61000);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATED);
}

/* Another loop may be at work on it. */
static void a_claim_of_our_own_start_is_free_a_minute_after_it_was_seen(void **state)
{
    struct world *world = *state;
    hearth_key other = store_key("names", "Other", "");
    char write_id[120];
    world_start(world);
    assert_int_equal(create_note(world, "ann", "1", "x", "Other", NULL).created, HEARTH_CREATED);
    hearth_str mine = store_find(&world->store, &other)->doc.write_id;
    snprintf(write_id, sizeof(write_id), "%.*s", HEARTH_ARG(mine));
    hearth_test_advance(world->host, 61000);
    leave_claim(world, write_id);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
    hearth_test_advance(world->host, 58000);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATE_CLAIMED);
    hearth_test_advance(world->host, 2500);
    assert_int_equal(create_pykey(world, "ann"), HEARTH_CREATED);
}

static void a_create_whose_answers_are_lost_happens_once(void **state)
{
    struct world *world = *state;
    enum script script[] = {SCRIPT_LOST, SCRIPT_OK, SCRIPT_LOST, SCRIPT_OK, SCRIPT_LOST, SCRIPT_OK};
    hearth_receipt receipt = {.key = {1}, .body = {2}};
    world_start(world);
    store_script(&world->store, script, 6);
    struct outcome made = create_note(world, "ann", "2", "x", "Pykey", &receipt);
    assert_int_equal(made.status, HEARTH_OK);
    assert_int_equal(made.created, HEARTH_CREATED);
    assert_string_equal(claimant_of(world, "Pykey").owner, "ann/2");
}

static void a_create_while_storage_is_away_changes_nothing(void **state)
{
    struct world *world = *state;
    world_start(world);
    world->store.down = true;
    struct outcome made = create_note(world, "ann", "2", "x", "Pykey", NULL);
    assert_true(made.status == HEARTH_EUNAVAILABLE || made.status == HEARTH_ETIMEOUT);
    world->store.down = false;
    assert_int_equal(load_note(world, "ann", "2").status, HEARTH_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entity_remembers_its_newest_32_receipts),
        TEST(what_is_evicted_between_two_pages_stays_in_the_list),
        TEST(evicting_flushes_then_forgets),
        TEST(a_list_that_was_read_before_a_change_does_not_undo_it),
        TEST(nor_a_change_that_was_replayed),
        TEST(the_cache_keeps_below_its_ceiling_but_never_drops_what_is_dirty),
        TEST(a_claim_seen_without_its_entity_is_free_after_a_minute),
        TEST(a_jump_of_the_clock_frees_no_claim),
        TEST(a_claim_of_an_earlier_start_is_free_a_minute_after_ours),
        TEST(a_claim_of_our_own_start_is_free_a_minute_after_it_was_seen),
        TEST(a_create_whose_answers_are_lost_happens_once),
        TEST(a_create_while_storage_is_away_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
