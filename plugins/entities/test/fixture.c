/*
 * fixture.c - see fixture.h. The clock is real, because the journal has a thread of its own.
 */
#include "fixture.h"

#include <hearth/clock.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

/* ---- the collection ---- */

static hearth_status decode(void *owner, const hearth_key *key, uint64_t version, hearth_str body,
                            void **state, size_t *size)
{
    struct world *world = owner;
    char text[256] = "";
    (void)key;
    (void)version;
    char copy[400];
    snprintf(copy, sizeof(copy), "%.*s", (int)body.len, body.ptr);
    if (sscanf(copy, "{\"text\":\"%255[^\"]\"}", text) != 1)
        return HEARTH_EINVAL;
    *state = strdup(text);
    *size = strlen(text) + 1;
    world->states++;
    return HEARTH_OK;
}

static void release(void *owner, void *state)
{
    ((struct world *)owner)->states--;
    free(state);
}

static hearth_status upgrade(void *owner, uint32_t from, hearth_str body, hearth_arena *arena,
                             hearth_str *out)
{
    struct world *world = owner;
    hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
    char text[256] = "", copy[400];
    snprintf(copy, sizeof(copy), "%.*s", (int)body.len, body.ptr);
    if (sscanf(copy, "{\"text\":\"%255[^\"]\"}", text) != 1)
        return HEARTH_EINVAL;
    *out = hearth_arena_get(own)->printf(arena, "{\"text\":\"%s+%u\"}", text, from);
    return HEARTH_OK;
}

/* ---- life ---- */

void world_init(struct world *world)
{
    *world = (struct world){0};
    snprintf(world->directory, sizeof(world->directory), "/tmp/entities-test-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    store_init(&world->store, "scripted:one");
}

int world_setup(void **state)
{
    struct world *world = malloc(sizeof(*world));
    world_init(world);
    put_note(world, "ann", "1", "zero", 1);
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    world_finish(*state);
    free(*state);
    return 0;
}

static int gate_open(void *arg)
{
    struct world *world = arg;
    return hearth_test_health(world->host, "entities", "lease", NULL) == HEARTH_HEALTHY;
}

void world_start(struct world *world)
{
    hearth_test_options options = {.real_time = 1, .data_dir = world->directory};
    world->host = hearth_test_create(&options);
    assert_int_equal(
        hearth_test_provide(world->host, HEARTH_STORAGE_ID, &store_table, &world->store),
        HEARTH_OK);
    if (world->cache)
        assert_int_equal(
            hearth_test_provide(world->host, HEARTH_CACHE_ID, world->cache, world->cache_shared),
            HEARTH_OK);
    assert_int_equal(hearth_test_add(world->host, &hearth_plugin_main), HEARTH_OK);
    assert_int_equal(hearth_test_set(world->host, "entities", "flush_interval=20ms"), HEARTH_OK);
    assert_int_equal(hearth_test_set(world->host, "entities", "retry_max=50ms"), HEARTH_OK);
    assert_int_equal(hearth_test_set(world->host, "entities", "drain_flush=500ms"), HEARTH_OK);
    for (int i = 0; i < 8 && world->settings[i]; i++)
        assert_int_equal(hearth_test_set(world->host, "entities", world->settings[i]), HEARTH_OK);
    if (hearth_test_start(world->host) != HEARTH_OK)
        fail_msg("start: %s", hearth_test_error(world->host));
    world->ctx = hearth_test_ctx(world->host, "entities", 0);
    world->entities = hearth_plugin_main.provides[0].table;
    hearth_test_enter(world->host, 0);
    hearth_collection notes = {.struct_size = sizeof(notes),
                               .body_version = world->body_version ? world->body_version : 1,
                               .name = "notes",
                               .owner = world,
                               .decode = decode,
                               .release = release,
                               .upgrade = upgrade};
    assert_int_equal(world->entities->define(world->ctx, &notes), HEARTH_OK);
    if (!world->real_storage_down_at_start)
        assert_true(hearth_test_wait_for(world->host, gate_open, world, PATIENCE_MS));
}

void world_stop(struct world *world)
{
    if (world->host && hearth_test_stop(world->host) != HEARTH_OK)
        fail_msg("stop: %s", hearth_test_error(world->host));
    hearth_test_destroy(world->host);
    world->host = NULL;
    assert_int_equal(world->states, 0);
}

static void copy_file(const char *from, const char *to)
{
    char command[400];
    snprintf(command, sizeof(command), "cp -a %s %s 2>/dev/null", from, to);
    (void)!system(command);
}

void world_crash(struct world *world)
{
    char from[128], to[128];
    snprintf(to, sizeof(to), "%s-crash", world->directory);
    snprintf(from, sizeof(from), "%s/.", world->directory);
    char command[400];
    snprintf(command, sizeof(command), "rm -rf %s && mkdir %s", to, to);
    assert_int_equal(system(command), 0);
    copy_file(from, to);
    struct stored *docs = world->store.docs; /* what storage has now stays, too */
    world->store.docs = NULL;
    for (struct stored *doc = docs; doc; doc = doc->next)
        store_put(&world->store, &doc->doc.key, doc->doc.body.ptr, doc->doc.version,
                  doc->doc.write_id.ptr);
    struct store kept = world->store;
    world->store.docs = docs;
    world->store.down = false;
    world->store.always = SCRIPT_OK;
    if (kept.hold)
        store_release(&world->store);
    world_stop(world);
    store_finish(&world->store);
    world->store.docs = kept.docs;
    world->store.script_count = 0;
    snprintf(command, sizeof(command), "rm -rf %s && mv %s %s", world->directory, to,
             world->directory);
    assert_int_equal(system(command), 0);
}

void world_finish(struct world *world)
{
    char command[128];
    world_stop(world);
    store_finish(&world->store);
    snprintf(command, sizeof(command), "rm -rf %s", world->directory);
    assert_int_equal(system(command), 0);
}

void wait_for(struct world *world, const int *flag)
{
    if (!hearth_test_wait(world->host, flag, PATIENCE_MS))
        fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

struct stored_wait {
    struct world *world;
    hearth_key key;
    uint64_t version;
};

static int is_stored(void *arg)
{
    struct stored_wait *wait = arg;
    struct stored *doc = store_find(&wait->world->store, &wait->key);
    return doc && doc->doc.version >= wait->version;
}

void wait_stored(struct world *world, const char *user, const char *id, uint64_t version)
{
    struct stored_wait wait = {world, note(user, id), version};
    if (!hearth_test_wait_for(world->host, is_stored, &wait, PATIENCE_MS))
        fail_msg("version %d of %s/%s never came to storage", (int)version, user, id);
    hearth_test_pump(world->host);
}

/* ---- what the plugin says ---- */

const char *command(struct world *world, const char *words)
{
    static char text[4096];
    hearth_test_output output = hearth_test_command(world->host, words, NULL, 5000);
    snprintf(text, sizeof(text), "%s%s", output.out ? output.out : "",
             output.err ? output.err : "");
    return text;
}

unsigned letter(struct world *world)
{
    unsigned seq = 0;
    assert_int_equal(sscanf(command(world, "dlq list"), "%u", &seq), 1);
    return seq;
}

int has_dead(void *arg)
{
    struct world *world = arg;
    return hearth_test_metric(world->host, "hearth_entities_dead_letters", NULL) > 0;
}

int no_rows(void *arg)
{
    struct world *world = arg;
    return hearth_test_metric(world->host, "hearth_entities_journal_rows", NULL) == 0;
}

void wait_dead(struct world *world)
{
    assert_true(hearth_test_wait_for(world->host, has_dead, world, 5000));
}

/* ---- calls ---- */

hearth_key note(const char *user, const char *id)
{
    return store_key("notes", user, id);
}

void put_note(struct world *world, const char *user, const char *id, const char *text,
              uint64_t version)
{
    char body[400];
    hearth_key key = note(user, id);
    snprintf(body, sizeof(body), "{\"bodyVersion\":1,\"state\":{\"text\":\"%s\"}}", text);
    store_put(&world->store, &key, body, version, "somebody");
}

void on_entity(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct outcome *outcome = arg;
    outcome->done++;
    outcome->status = status;
    if (!entity)
        return;
    outcome->version = entity->version;
    outcome->durable = entity->durable_version;
    snprintf(outcome->text, sizeof(outcome->text), "%s", (const char *)entity->state);
}

static struct outcome await(struct world *world, struct outcome *outcome, hearth_status status)
{
    if (status < 0)
        outcome->status = status;
    else
        wait_for(world, &outcome->done);
    return *outcome;
}

struct outcome load_note(struct world *world, const char *user, const char *id)
{
    struct outcome outcome = {0};
    hearth_key key = note(user, id);
    return await(world, &outcome, world->entities->load(world->ctx, &key, on_entity, &outcome));
}

static void on_list(hearth_status status, const hearth_entity *const *entities, size_t count,
                    void *arg)
{
    struct outcome *outcome = arg;
    outcome->done++;
    outcome->status = status;
    outcome->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(outcome->all);
        snprintf(outcome->all + used, sizeof(outcome->all) - used, "%s ",
                 (const char *)entities[i]->state);
    }
}

struct outcome list_notes(struct world *world, const char *user)
{
    struct outcome outcome = {0};
    return await(world, &outcome,
                 world->entities->list(world->ctx, HEARTH_STR("notes"),
                                       (hearth_str){user, strlen(user)}, on_list, &outcome));
}

hearth_entity_next next_of(struct world *world, const char *text, char body[400])
{
    snprintf(body, 400, "{\"text\":\"%s\"}", text);
    world->states++;
    return (hearth_entity_next){.struct_size = sizeof(hearth_entity_next),
                                .body = {body, strlen(body)},
                                .state = strdup(text),
                                .state_size = strlen(text) + 1};
}

static void on_turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct change_call *call = arg;
    char body[400];

    call->turned++;
    if (status != HEARTH_OK) {
        call->outcome.status = status;
        call->outcome.done++;
        return;
    }
    snprintf(call->seen, sizeof(call->seen), "%s", (const char *)entity->state);
    call->seen_version = entity->version;
    hearth_entity_next next = next_of(call->world, call->text, body);
    next.receipt = call->receipt;
    call->committed =
        call->world->entities->commit(call->world->ctx, entity, &next, call->durability,
                                      call->deadline_ms, on_entity, &call->outcome);
    if (call->committed < 0) {
        call->outcome.status = call->committed;
        call->outcome.done++;
    }
}

hearth_status start_change(struct change_call *call, const char *user, const char *id)
{
    hearth_key key = note(user, id);
    return call->world->entities->turn(call->world->ctx, &key, on_turn, call);
}

struct outcome change_note(struct world *world, const char *user, const char *id, const char *text,
                           hearth_durability durability)
{
    struct change_call call = {.world = world, .text = text, .durability = durability};
    return await(world, &call.outcome, start_change(&call, user, id));
}

static void on_create(hearth_status status, const hearth_create_result *result, void *arg)
{
    struct outcome *outcome = arg;
    on_entity(status, result ? result->entity : NULL, outcome);
    if (!result)
        return;
    outcome->created = result->outcome;
    outcome->claim = result->claim;
}

hearth_status start_create(struct world *world, const char *user, const char *id, const char *text,
                           const char *name, const hearth_receipt *receipt, struct outcome *outcome)
{
    char body[400];
    hearth_claim claims[2] = {{store_key("names", name ? name : "", "")},
                              {store_key("owners", id, "")}};
    hearth_entity_create create = {.struct_size = sizeof(create),
                                   .claim_count = name ? 2 : 0,
                                   .key = note(user, id),
                                   .claims = claims,
                                   .next = next_of(world, text, body),
                                   .receipt_ttl_ms = 600000,
                                   .max_entities = world->max_entities};
    create.next.receipt = receipt;
    uint32_t deadline_ms = world->create_deadline_ms ? world->create_deadline_ms : 2000;
    return world->entities->create(world->ctx, &create, deadline_ms, on_create, outcome);
}

struct outcome create_note(struct world *world, const char *user, const char *id, const char *text,
                           const char *name, const hearth_receipt *receipt)
{
    struct outcome outcome = {0};
    return await(world, &outcome, start_create(world, user, id, text, name, receipt, &outcome));
}

struct removal {
    struct world *world;
    const char *id, *name;
    struct outcome outcome;
};

static void on_remove_turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct removal *removal = arg;
    hearth_claim claims[2] = {{store_key("names", removal->name, "")},
                              {store_key("owners", removal->id, "")}};
    if (status == HEARTH_OK)
        status = removal->world->entities->remove(removal->world->ctx, entity, claims, 2, 2000,
                                                  on_entity, &removal->outcome);
    if (status < 0) {
        removal->outcome.status = status;
        removal->outcome.done++;
    }
}

struct outcome remove_note(struct world *world, const char *user, const char *id, const char *name)
{
    struct removal removal = {.world = world, .id = id, .name = name};
    hearth_key key = note(user, id);
    return await(world, &removal.outcome,
                 world->entities->turn(world->ctx, &key, on_remove_turn, &removal));
}

static void on_claimant(hearth_status status, const hearth_key *entity, void *arg)
{
    struct outcome *outcome = arg;
    outcome->done++;
    outcome->status = status;
    if (entity)
        snprintf(outcome->owner, sizeof(outcome->owner), "%.*s/%.*s", (int)entity->partition.len,
                 entity->partition.ptr, (int)entity->sort.len, entity->sort.ptr);
}

struct outcome claimant_of(struct world *world, const char *name)
{
    struct outcome outcome = {0};
    hearth_key key = store_key("names", name, "");
    return await(world, &outcome,
                 world->entities->claimant(world->ctx, &key, on_claimant, &outcome));
}
