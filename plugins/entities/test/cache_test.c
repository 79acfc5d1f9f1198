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

static void a_claim_without_its_entity_is_free_after_a_minute(void **state)
{
    struct world *world = *state;
    hearth_key claim = store_key("names", "Pykey", "");
    char body[200];
    world_start(world);
    int64_t now = hearth_clock_get(world->ctx)->wall_ms(world->ctx);
    snprintf(body, sizeof(body),
             "{\"collection\":\"notes\",\"partition\":\"bob\",\"sort\":\"9\",\"at\":%lld}",
             (long long)now - 30000);
    store_put(&world->store, &claim, body, 4, "somebody");
    assert_int_equal(create_note(world, "ann", "2", "x", "Pykey", NULL).created,
                     HEARTH_CREATE_CLAIMED);
    hearth_test_set_wall(world->host, now + 31000);
    assert_int_equal(create_note(world, "ann", "2", "x", "Pykey", NULL).created, HEARTH_CREATED);
    assert_string_equal(claimant_of(world, "Pykey").owner, "ann/2");
    hearth_test_set_wall(world->host, now + 200000);
    assert_int_equal(create_note(world, "cat", "3", "x", "Pykey", NULL).created,
                     HEARTH_CREATE_CLAIMED); /* its entity is there */
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
        TEST(evicting_flushes_then_forgets),
        TEST(the_cache_keeps_below_its_ceiling_but_never_drops_what_is_dirty),
        TEST(a_claim_without_its_entity_is_free_after_a_minute),
        TEST(a_create_whose_answers_are_lost_happens_once),
        TEST(a_create_while_storage_is_away_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
