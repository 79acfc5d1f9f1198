/*
 * fleet_fixture.c - see fleet_fixture.h. The fleets run on the test's own ctx of the fake host.
 */
#include "fleet_fixture.h"

struct hearth_series {
    double value;
};

static struct hearth_series values[16], ready, draining;

static hearth_series *series(hearth_ctx *ctx, uint32_t index, const hearth_str *labels,
                             size_t count)
{
    static struct hearth_series labelled;
    (void)ctx;
    if (count > 0 && index == METRIC_INSTANCES)
        return labels[0].ptr[0] == 'r' ? &ready : &draining;
    return count > 0 ? &labelled : &values[index];
}

static void add(hearth_series *of, double delta)
{
    of->value += delta;
}

static void set(hearth_series *of, double value)
{
    of->value = value;
}

static const hearth_metrics metrics_table = {
    .struct_size = sizeof(hearth_metrics), .series = series, .add = add, .set = set};

double metric(int index)
{
    return values[index].value;
}

double instances_in(const char *state)
{
    return strcmp(state, "ready") == 0 ? ready.value : draining.value;
}

static void release(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                    hearth_characters_fn done, void *arg)
{
    (void)ctx;
    (void)user;
    (void)character;
    (void)holder;
    done(HEARTH_OK, NULL, arg);
}

static const hearth_characters characters_table = {.struct_size = sizeof(hearth_characters),
                                                   .release = release};

void world_init(struct world *world)
{
    memset(values, 0, sizeof(values));
    *world = (struct world){0};
    world->conf = (struct matchmaking_conf){
        .default_region = HEARTH_STR("local"),
        .heartbeat_ms = 1000,
        .token_lifetime_ms = 30000,
        .rejoin_ms = 120000,
        .report_window_ms = 86400000,
        .refresh_ms = 500,
        .max_live_tokens = 10,
        .list_limit = 1000,
    };
    store_init(&world->store, "scripted");
    world->host = hearth_test_create(NULL);
    assert_int_equal(
        hearth_test_provide(world->host, HEARTH_STORAGE_ID, &store_table, &world->store),
        HEARTH_OK);
    assert_int_equal(hearth_test_start(world->host), HEARTH_OK);
    world->ctx = hearth_test_own_ctx(world->host, 0);
    world->ctx->conf = &world->conf;
}

struct fleet *world_fleet(struct world *world, int number)
{
    struct mm_loop *loop = &world->loops[number];
    hearth_ctx *ctx = world->ctx;
    *loop = (struct mm_loop){
        .ctx = ctx,
        .api = {hearth_http_get(ctx), hearth_json_get(ctx)},
        .arena = hearth_arena_get(ctx),
        .clock = hearth_clock_get(ctx),
        .random = hearth_random_get(ctx),
        .log = hearth_log_get(ctx),
        .loops = hearth_loop_get(ctx),
        .timer = hearth_timer_get(ctx),
        .metrics = &metrics_table,
        .storage = &store_table,
        .characters = &characters_table,
    };
    (void)hearth_test_service(world->host, HEARTH_STORAGE_ID, 0, &loop->storage_ctx);
    loop->fleet = fleet_create(loop);
    assert_non_null(loop->fleet);
    hearth_test_pump(world->host);
    return loop->fleet;
}

static void on_drained(void *arg)
{
    *(int *)arg = 1;
}

void world_finish(struct world *world)
{
    for (int i = 0; i < FLEETS; i++) {
        int drained = 0;
        if (!world->loops[i].fleet)
            continue;
        fleet_drain(world->loops[i].fleet, on_drained, &drained);
        for (int tries = 0; !drained && tries < 100; tries++)
            hearth_test_advance(world->host, 1000);
        assert_true(drained);
        fleet_destroy(world->loops[i].fleet);
    }
    assert_int_equal(hearth_test_stop(world->host), HEARTH_OK);
    hearth_test_destroy(world->host);
    store_finish(&world->store);
}

void instance_number(unsigned n, char id[HEARTH_UUID_SIZE])
{
    snprintf(id, HEARTH_UUID_SIZE, "%08x-%04x-4000-8000-000000000000", n * 2654435761u, n);
}

static void store_instance(struct world *world, const struct instance *instance, uint64_t version)
{
    hearth_arena *arena = hearth_arena_get(world->ctx)->create(world->ctx, DOCUMENT_ARENA);
    char bucket[2];
    hearth_key key = instance_key(instance->id, bucket);
    hearth_str body;
    assert_int_equal(instance_write(instance, hearth_json_get(world->ctx), arena, &body),
                     HEARTH_OK);
    char *text = strndup(body.ptr, body.len);
    store_put(&world->store, &key, text, version, "");
    free(text);
    hearth_arena_get(world->ctx)->destroy(arena);
}

void world_instance(struct world *world, unsigned n, uint32_t game_sims, uint32_t players,
                    const char *version)
{
    struct instance *instance = instance_create();
    instance_number(n, instance->id);
    strcpy(instance->address, "192.0.2.7");
    strcpy(instance->region, "local");
    strcpy(instance->version, version);
    instance->port = (uint16_t)(40000 + n % 10000);
    instance->wire_version = 1;
    instance->game_sims = game_sims;
    instance->players = players;
    store_instance(world, instance, 1);
    instance_destroy(instance);
}

static const hearth_doc *stored(struct world *world, unsigned n)
{
    char id[HEARTH_UUID_SIZE], bucket[2];
    instance_number(n, id);
    hearth_key key = instance_key(id, bucket);
    struct stored *found = store_find(&world->store, &key);
    assert_non_null(found);
    return &found->doc;
}

struct instance *world_stored(struct world *world, unsigned n)
{
    hearth_arena *arena = hearth_arena_get(world->ctx)->create(world->ctx, DOCUMENT_ARENA);
    hearth_status status;
    struct instance *instance =
        instance_read(stored(world, n)->body, hearth_json_get(world->ctx), arena, &status);
    assert_non_null(instance);
    hearth_arena_get(world->ctx)->destroy(arena);
    return instance;
}

/* Writes it behind the fleets' backs. */
static void replace(struct world *world, unsigned n, struct instance *instance)
{
    store_instance(world, instance, stored(world, n)->version + 1);
    instance_destroy(instance);
}

void world_beat(struct world *world, unsigned n)
{
    struct instance *instance = world_stored(world, n);
    instance->beat++;
    replace(world, n, instance);
}

void world_told(struct world *world, unsigned n, uint32_t heartbeat_ms)
{
    struct instance *instance = world_stored(world, n);
    instance->heartbeat_ms = heartbeat_ms;
    replace(world, n, instance);
}

void world_drain(struct world *world, unsigned n)
{
    struct instance *instance = world_stored(world, n);
    instance->drain = true;
    replace(world, n, instance);
}

static void on_allocated(struct allocation *allocation, enum allocated result)
{
    struct asking *asking = (struct asking *)allocation;
    asking->result = result;
    asking->done++;
}

static void prepare(struct asking *asking, unsigned n)
{
    *asking = (struct asking){.allocation = {.done = on_allocated}};
    struct player *player = &asking->allocation.player;
    snprintf(player->user, sizeof(player->user), "bbbbbbbb-0000-4000-8000-%012u", n);
    snprintf(player->character, sizeof(player->character), "cccccccc-0000-4000-8000-%012u", n);
    strcpy(player->name, "Player");
    strcpy(asking->allocation.wish.region, "local");
}

void ask(struct world *world, struct fleet *fleet, struct asking *asking, unsigned n, bool search)
{
    (void)world;
    prepare(asking, n);
    asking->allocation.search = search;
    allocate(fleet, &asking->allocation);
}

void ask_to_join(struct asking *asking, const struct seat *seat, unsigned n)
{
    prepare(asking, n);
    strcpy(asking->allocation.game_sim, seat->game_sim);
    strcpy(asking->allocation.instance, seat->instance);
}

void wait_for(struct world *world, struct asking *askings, size_t count)
{
    for (int tries = 0; tries < 2000; tries++) {
        size_t done = 0;
        for (size_t i = 0; i < count; i++)
            done += askings[i].done == 1;
        if (done == count)
            return;
        hearth_test_advance(world->host, 10);
    }
    fail_msg("not every allocation was answered exactly once");
}
