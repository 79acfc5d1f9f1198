/*
 * second_test.c - a cache may be slow, forget, or say what was true once; whatever it does, what
 * is shown is what storage has.
 */
#include "fixture.h"

#define KEPT 16

/* Keeps everything that was put, and answers as the test says. */
struct cache {
    struct kept {
        char user[32], id[32], body[400];
        uint64_t version;
    } kept[KEPT];
    size_t count, gets, invalidations;
    int serve;         /* index of `kept` to answer with; -1: the newest of the key, -2: nothing */
    bool loses, holds; /* puts are lost; answers wait */
    hearth_ctx *ctx;
    hearth_key key; /* of the question that waits */
    void (*done)(const hearth_doc *doc, void *arg);
    void *arg;
};

static void copy(char *out, size_t size, hearth_str text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.ptr);
}

static bool is_of(const struct kept *kept, const hearth_key *key)
{
    return strlen(kept->user) == key->partition.len &&
           memcmp(kept->user, key->partition.ptr, key->partition.len) == 0 &&
           strlen(kept->id) == key->sort.len && memcmp(kept->id, key->sort.ptr, key->sort.len) == 0;
}

static void answer(hearth_ctx *ctx, void *arg)
{
    struct cache *cache = arg;
    struct kept *found = cache->serve >= 0 ? &cache->kept[cache->serve] : NULL;
    (void)ctx;

    for (size_t i = 0; i < cache->count && cache->serve == -1; i++) {
        if (is_of(&cache->kept[i], &cache->key))
            found = &cache->kept[i];
    }
    hearth_doc doc = {.struct_size = sizeof(doc), .key = cache->key};
    if (found) {
        doc.body = (hearth_str){found->body, strlen(found->body)};
        doc.version = found->version;
    }
    void (*done)(const hearth_doc *, void *) = cache->done;
    cache->done = NULL;
    done(found ? &doc : NULL, cache->arg);
}

static void cache_get(hearth_ctx *ctx, const hearth_key *key,
                      void (*done)(const hearth_doc *doc, void *arg), void *arg)
{
    struct cache *cache = ctx->shared;
    assert_null(cache->done); /* these tests ask one question at a time */
    cache->gets++;
    cache->ctx = ctx;
    cache->key = store_key("notes", "ann", "1");
    assert_true(key->sort.len == 1 && key->sort.ptr[0] == '1');
    cache->done = done;
    cache->arg = arg;
    if (!cache->holds)
        assert_int_equal(hearth_loop_get(ctx)->post(ctx, ctx->loop, answer, cache), HEARTH_OK);
}

static void cache_put(hearth_ctx *ctx, const hearth_doc *doc)
{
    struct cache *cache = ctx->shared;
    if (cache->loses)
        return;
    assert_true(cache->count < KEPT);
    struct kept *kept = &cache->kept[cache->count++];
    copy(kept->user, sizeof(kept->user), doc->key.partition);
    copy(kept->id, sizeof(kept->id), doc->key.sort);
    copy(kept->body, sizeof(kept->body), doc->body);
    kept->version = doc->version;
}

static void cache_invalidate(hearth_ctx *ctx, const hearth_key *key, uint64_t version)
{
    struct cache *cache = ctx->shared;
    (void)key;
    assert_int_equal(version, INT64_MAX);
    cache->invalidations++;
}

static const hearth_cache table = {.struct_size = sizeof(table),
                                   .get = cache_get,
                                   .put = cache_put,
                                   .invalidate = cache_invalidate};

static struct cache *with_cache(struct world *world)
{
    static struct cache cache;
    cache = (struct cache){.serve = -1};
    world->cache = &table;
    world->cache_shared = &cache;
    return &cache;
}

static void on_evicted(hearth_status status, void *arg)
{
    assert_int_equal(status, HEARTH_OK);
    *(int *)arg = 1;
}

static void evict(struct world *world)
{
    int done = 0;
    assert_true(world->entities->evict(world->ctx, HEARTH_STR("ann"), on_evicted, &done) >= 0);
    wait_for(world, &done);
    assert_int_equal(hearth_test_metric(world->host, "hearth_entities_cached", NULL), 0);
}

/* Version 2, in storage. */
static void change(struct world *world, const char *text, uint64_t version)
{
    struct outcome outcome = change_note(world, "ann", "1", text, HEARTH_DURABLE);
    assert_int_equal(outcome.status, HEARTH_OK);
    assert_int_equal(outcome.version, version);
}

static double hits(struct world *world)
{
    return hearth_test_metric(world->host, "hearth_entities_second_level_hits_total", NULL);
}

/* ---- what it is for ---- */

static void what_was_evicted_comes_from_the_cache(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
    assert_int_equal(cache->gets, 0); /* nothing is known of it yet */
    change(world, "one", 2);
    for (int i = 0; i < 3; i++) {
        evict(world);
        size_t reads = world->store.reads;
        struct outcome loaded = load_note(world, "ann", "1");
        assert_string_equal(loaded.text, "one");
        assert_int_equal(loaded.version, 2);
        assert_int_equal(loaded.durable, 2);
        assert_int_equal(world->store.reads, reads);
    }
    assert_true(hits(world) == 3);
    change(world, "two", 3);
}

static void what_was_only_read_or_made_is_kept_too(void **state)
{
    struct world *world = *state;
    with_cache(world);
    world_start(world);
    load_note(world, "ann", "1");
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "zero");
    assert_true(hits(world) == 1);
    evict(world);
    hearth_key key = note("ann", "1");
    store_delete(&world->store, &key); /* and made anew, with the same version */
    assert_int_equal(create_note(world, "ann", "1", "made", NULL, NULL).version, 1);
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "made");
    assert_true(hits(world) == 2);
}

/* ---- what it may not do ---- */

static void a_lost_put_does_not_bring_back_what_was(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    load_note(world, "ann", "1");
    evict(world);
    load_note(world, "ann", "1");
    cache->loses = true;
    change(world, "one", 2);
    evict(world);
    struct outcome loaded = load_note(world, "ann", "1");
    assert_string_equal(loaded.text, "one");
    assert_int_equal(loaded.version, 2);
    assert_true(hits(world) == 1);
}

static void nor_when_a_list_brought_it_to_memory(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    load_note(world, "ann", "1");
    evict(world); /* version 1 is remembered */
    assert_string_equal(list_notes(world, "ann").all, "zero ");
    cache->loses = true;
    change(world, "one", 2);
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void a_write_whose_answer_was_lost_is_remembered_by_nothing_older(void **state)
{
    struct world *world = *state;
    enum script script[] = {SCRIPT_LOST};
    with_cache(world);
    world_start(world);
    load_note(world, "ann", "1");
    store_script(&world->store, script, 1);
    change(world, "one", 2);
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void the_same_words_in_an_older_version_are_older(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    change(world, "one", 2);
    cache->loses = true;
    change(world, "one", 3);
    evict(world);
    assert_int_equal(load_note(world, "ann", "1").version, 3);
    assert_true(hits(world) == 0);
}

static void what_is_deleted_stays_so(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    change(world, "one", 2);
    evict(world);
    assert_string_equal(list_notes(world, "ann").all, "one ");
    assert_int_equal(remove_note(world, "ann", "1", "").status, HEARTH_OK);
    assert_int_equal(cache->invalidations, 1);
    hearth_test_pump(world->host);
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_ENOTFOUND);
    assert_true(hits(world) == 0);
}

static void after_a_restart_storage_is_asked(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    change(world, "one", 2);
    world_stop(world); /* the cache has version 2, and never hears of what comes now */
    put_note(world, "ann", "1", "newer", 3);
    world_start(world);
    assert_string_equal(load_note(world, "ann", "1").text, "newer");
    assert_int_equal(cache->gets, 0);
}

static int sees_theirs(void *arg)
{
    struct world *world = arg;
    evict(world);
    return strcmp(load_note(world, "ann", "1").text, "theirs") == 0;
}

static void after_somebody_else_held_the_lease_storage_is_asked(void **state)
{
    struct world *world = *state;
    hearth_key key = store_key("leases", "hearthd", "exclusive");
    with_cache(world);
    world->settings[0] = "lease=600ms";
    world_start(world);
    load_note(world, "ann", "1");
    evict(world);
    put_note(world, "ann", "1", "theirs", 2);
    store_put(&world->store, &key, "{\"directory\":\"other\",\"leaseMs\":600,\"released\":true}",
              500, "other/1/500");
    assert_true(hearth_test_wait_for(world->host, sees_theirs, world, 5000));
}

static int is_ours_again(void *arg)
{
    struct world *world = arg;
    const hearth_key key = store_key("leases", "hearthd", "exclusive");
    return store_find(&world->store, &key)->doc.version > 500;
}

static void nor_does_an_answer_count_that_was_asked_for_before(void **state)
{
    struct world *world = *state;
    hearth_key lease = store_key("leases", "hearthd", "exclusive"), ann = note("ann", "1");
    struct cache *cache = with_cache(world);
    struct outcome loaded = {0};
    world->settings[0] = "lease=600ms";
    world->settings[1] = "cache_wait=1s";
    world_start(world);
    load_note(world, "ann", "1");
    evict(world);
    cache->holds = true;
    assert_int_equal(world->entities->load(world->ctx, &ann, on_entity, &loaded), HEARTH_DEFERRED);
    put_note(world, "ann", "1", "theirs", 2);
    store_put(&world->store, &lease, "{\"directory\":\"other\",\"leaseMs\":600,\"released\":true}",
              500, "other/1/500");
    assert_true(hearth_test_wait_for(world->host, is_ours_again, world, 5000));
    hearth_test_pump(world->host);
    answer(cache->ctx, cache);
    wait_for(world, &loaded.done);
    assert_string_equal(loaded.text, "theirs");
}

static void without_the_lease_it_is_not_asked(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    int never = 0;
    world->settings[0] = "lease=600ms";
    world_start(world);
    change(world, "one", 2);
    evict(world);
    world->store.down = true;
    hearth_test_wait(world->host, &never, 700); /* somebody else may write by now */
    assert_int_equal(load_note(world, "ann", "1").status, HEARTH_EUNAVAILABLE);
    assert_int_equal(cache->gets, 0);
    world->store.down = false;
}

static void whoever_is_slow_is_not_waited_for(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world->settings[0] = "cache_wait=30ms";
    world_start(world);
    change(world, "one", 2);
    evict(world);
    cache->holds = true;
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    assert_int_equal(cache->gets, 1);
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    assert_int_equal(cache->gets, 1); /* and not asked again for a while */
    answer(cache->ctx, cache);        /* late: it changes nothing */
    assert_string_equal(load_note(world, "ann", "1").text, "one");
}

static void what_cannot_be_read_is_read_from_storage(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world_start(world);
    change(world, "one", 2);
    snprintf(cache->kept[cache->count - 1].body, 400, "nonsense");
    evict(world);
    assert_string_equal(load_note(world, "ann", "1").text, "one");
    assert_true(hits(world) == 0);
}

static void mode_shared_has_no_use_for_it(void **state)
{
    struct world *world = *state;
    struct cache *cache = with_cache(world);
    world->settings[0] = "mode=shared";
    world_start(world);
    change(world, "one", 2);
    load_note(world, "ann", "1");
    assert_int_equal(cache->gets + cache->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_evicted_comes_from_the_cache),
        TEST(what_was_only_read_or_made_is_kept_too),
        TEST(a_lost_put_does_not_bring_back_what_was),
        TEST(nor_when_a_list_brought_it_to_memory),
        TEST(a_write_whose_answer_was_lost_is_remembered_by_nothing_older),
        TEST(the_same_words_in_an_older_version_are_older),
        TEST(what_is_deleted_stays_so),
        TEST(after_a_restart_storage_is_asked),
        TEST(after_somebody_else_held_the_lease_storage_is_asked),
        TEST(nor_does_an_answer_count_that_was_asked_for_before),
        TEST(without_the_lease_it_is_not_asked),
        TEST(whoever_is_slow_is_not_waited_for),
        TEST(what_cannot_be_read_is_read_from_storage),
        TEST(mode_shared_has_no_use_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
