/*
 * durability_test.c - what survives a crash, what storage's refusals lead to, and that nothing is
 * seen, lost or taken back that should not be.
 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>

static int setup(void **state)
{
    struct world *world = malloc(sizeof(*world));
    world_init(world);
    put_note(world, "ann", "1", "zero", 1);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_finish(*state);
    free(*state);
    return 0;
}

static const char *command(struct world *world, const char *words)
{
    static char text[4096];
    hearth_test_output output = hearth_test_command(world->host, words, NULL, 5000);
    snprintf(text, sizeof(text), "%s%s", output.out ? output.out : "",
             output.err ? output.err : "");
    return text;
}

static unsigned letter(struct world *world)
{
    unsigned seq = 0;
    assert_int_equal(sscanf(command(world, "dlq list"), "%u", &seq), 1);
    return seq;
}

static int has_dead(void *arg)
{
    struct world *world = arg;
    return hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL) > 0;
}

static int no_rows(void *arg)
{
    struct world *world = arg;
    return hearth_test_metric(world->host, "hearth_entities_journal_rows", NULL) == 0;
}

static void wait_dead(struct world *world)
{
    assert_true(hearth_test_wait_for(world->host, has_dead, world, 5000));
}

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
    world_start(world);
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
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    outcome = change_note(world, "ann", "1", "yes", HEARTH_JOURNAL);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, version + 1);
    world_crash(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "yes");
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
    while (world->store.writes - before < 10) {
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

/* ---- receipts, eviction, claims ---- */

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

/* ---- the lease ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
        TEST(a_journaled_change_survives_a_crash),
        TEST(a_memory_change_does_not),
        TEST(a_lost_answer_is_our_own_write),
        TEST(a_lost_answer_and_a_crash),
        TEST(a_delete_survives_a_crash_with_its_claims),
        TEST(what_the_journal_refuses_never_happened),
        TEST(the_journal_of_another_storage_is_refused),
        TEST(a_refused_change_is_a_dead_letter_that_loads_prefer),
        TEST(a_dead_letter_is_discarded),
        TEST(a_later_commit_revives_a_dead_letter),
        TEST(attempts_count_only_while_storage_is_healthy),
        TEST(a_strangers_write_counts),
        TEST(a_document_that_vanished_is_gone_and_kept_as_a_letter),
        TEST(a_durable_change_stands_after_its_deadline),
        TEST(a_full_backlog_refuses_before_anything_changes),
        TEST(what_storage_does_not_take_at_the_end_stays_in_the_journal),
        TEST(an_entity_remembers_its_newest_32_receipts),
        TEST(evicting_flushes_then_forgets),
        TEST(the_cache_keeps_below_its_ceiling_but_never_drops_what_is_dirty),
        TEST(a_claim_without_its_entity_is_free_after_a_minute),
        TEST(a_create_whose_answers_are_lost_happens_once),
        TEST(a_create_while_storage_is_away_changes_nothing),
        TEST(another_directorys_lease_is_respected_and_named),
        TEST(a_lost_lease_stops_acknowledgements),
        TEST(a_lease_that_cannot_be_renewed_ends_by_itself),
        TEST(what_was_cached_is_read_again_after_somebody_else_held_the_lease),
        TEST(a_clean_end_releases_the_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
