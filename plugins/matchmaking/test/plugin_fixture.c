/*
 * plugin_fixture.c - see plugin_fixture.h.
 */
#include "plugin_fixture.h"

#include "services_script.h"

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_test_host *host_create(struct world *world)
{
    hearth_test_host *host = hearth_test_create(&(hearth_test_options){.loops = 2});
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    hearth_test_provide(host, HEARTH_STORAGE_ID, &store_table, &world->store);
    hearth_test_provide(host, HEARTH_IDENTITY_ID, &identity_script, world);
    hearth_test_provide(host, HEARTH_CHARACTERS_ID, &characters_script, world);
    for (size_t i = 0; world->settings[i]; i++)
        assert_int_equal(hearth_test_set(host, "matchmaking", world->settings[i]), HEARTH_OK);
    if (hearth_test_start(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    return host;
}

static void host_stop(hearth_test_host *host)
{
    if (hearth_test_stop(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    hearth_test_destroy(host);
}

static int start(void **state, const char *const *settings)
{
    static const struct hero heroes[HEROES] = {{.user = ALICE, .id = ALICES_HERO},
                                               {.user = BOB, .id = BOBS_HERO},
                                               {.user = CAROL, .id = CAROLS_HERO}};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    memcpy(world->heroes, heroes, sizeof(heroes));
    store_init(&world->store, "scripted:reports");
    world->store.only = "gamesims";
    world->settings = settings;
    world->host = world->hosts[0] = host_create(world);
    *state = world;
    return 0;
}

int world_start(void **state)
{
    static const char *const settings[] = {"heartbeat=1h", "refresh_interval=1m", NULL};
    return start(state, settings);
}

int world_start_heartbeats(void **state)
{
    /* The fake host's identities live for an hour, and tokens are to outlive this. */
    static const char *const settings[] = {"report_window=1m", NULL};
    return start(state, settings);
}

int world_stop(void **state)
{
    struct world *world = *state;
    world->store.down = false;
    for (int i = 0; i < 2; i++) {
        if (world->hosts[i])
            host_stop(world->hosts[i]);
    }
    store_finish(&world->store);
    free(world);
    return 0;
}

void world_second(struct world *world)
{
    assert_null(world->hosts[1]);
    world->host = world->hosts[1] = host_create(world);
}

/* Nothing reaches storage from now on, so that however it ends is a crash for storage. */
void world_restart(struct world *world)
{
    world->store.down = true;
    hearth_test_advance(world->hosts[0], 20000);
    host_stop(world->hosts[0]);
    world->store.down = false;
    world->host = world->hosts[0] = host_create(world);
}

static hearth_test_call *send_body(struct world *world, const char *user, const char *scope,
                                   const char *method, const char *path, const char *body,
                                   int no_pump)
{
    const hearth_test_request_spec spec = {.method = method,
                                           .path = path,
                                           .headers =
                                               body ? "Content-Type: application/json" : NULL,
                                           .body = {body, body ? strlen(body) : 0},
                                           .user = user,
                                           .scope = scope,
                                           .no_pump = no_pump};
    return hearth_test_send(world->host, &spec);
}

hearth_test_call *send_as(struct world *world, const char *user, const char *scope,
                          const char *method, const char *path, const char *body)
{
    return send_body(world, user, scope, method, path, body, 0);
}

const char *register_at(struct world *world, unsigned port)
{
    static char id[64];
    char body[256];
    snprintf(body, sizeof(body),
             "{\"address\":\"192.0.2.7\",\"port\":%u,\"version\":\"1.0.0\",\"wireVersion\":1,"
             "\"capacity\":{\"gameSims\":2,\"players\":3}}",
             port);
    hearth_test_call *call = send_as(world, "fleet", "gamesim", "POST", "/gamesim-instances", body);
    assert_status(call, 201);
    snprintf(id, sizeof(id), "%s", string_of(call, "id"));
    return id;
}

const char *open_session(struct world *world)
{
    static char id[64];
    hearth_test_call *call = send_as(world, ALICE, "player", "POST", "/gamesims",
                                     "{\"characterId\":\"" ALICES_HERO "\"}");
    assert_status(call, 201);
    snprintf(id, sizeof(id), "%s", string_of(call, "gameSimId"));
    return id;
}

void join_session(struct world *world, const char *game_sim, const char *user,
                  const char *character)
{
    char path[128], body[128];
    snprintf(path, sizeof(path), "/gamesims/%s/join", game_sim);
    snprintf(body, sizeof(body), "{\"characterId\":\"%s\"}", character);
    assert_status(send_as(world, user, "player", "POST", path, body), 200);
}

static hearth_test_call *send_report(struct world *world, const char *instance,
                                     const char *game_sim, const char *kind, unsigned sequence,
                                     const char *rest, int no_pump)
{
    char path[128], body[8192];
    snprintf(path, sizeof(path), "/gamesims/%s/%s", game_sim, kind);
    snprintf(body, sizeof(body), "{\"sequence\":%u%s%s}", sequence, rest[0] ? "," : "", rest);
    return send_body(world, instance, "gamesim", "POST", path, body, no_pump);
}

hearth_test_call *report_as(struct world *world, const char *instance, const char *game_sim,
                            const char *kind, unsigned sequence, const char *rest)
{
    return send_report(world, instance, game_sim, kind, sequence, rest, 0);
}

hearth_test_call *begin_report(struct world *world, const char *instance, const char *game_sim,
                               const char *kind, unsigned sequence, const char *rest)
{
    return send_report(world, instance, game_sim, kind, sequence, rest, 1);
}

static const hearth_doc *stored(struct world *world, const char *collection, const char *partition,
                                const char *sort)
{
    hearth_key key = store_key(collection, partition, sort);
    struct stored *found = store_find(&world->store, &key);
    return found ? &found->doc : NULL;
}

const hearth_doc *stored_record(struct world *world, const char *game_sim)
{
    return stored(world, "gamesims", game_sim, "");
}

const hearth_doc *stored_answer(struct world *world, const char *game_sim, unsigned sequence)
{
    char sort[32];
    snprintf(sort, sizeof(sort), "answer/%016u", sequence);
    return stored(world, "gamesims", game_sim, sort);
}

int is_listed(struct world *world, const char *instance, const char *game_sim)
{
    char bucket[2] = {instance[0], 0};
    const hearth_doc *doc = stored(world, "gamesim-instances", bucket, instance);
    return doc && strstr(doc->body.ptr, game_sim) != NULL;
}

size_t count_stored(const struct world *world, const char *collection)
{
    size_t count = 0;
    for (const struct stored *stored = world->store.docs; stored; stored = stored->next)
        count += strcmp(stored->doc.key.collection.ptr, collection) == 0;
    return count;
}

size_t releases_of(struct world *world, const char *character, const char *game_sim)
{
    const struct hero *hero = hero_of(world, character);
    return strcmp(hero->released_by, game_sim) == 0 ? hero->releases : 0;
}

/* ---- instances ---- */

hearth_test_call *beat(struct world *world, const char *instance, unsigned sequence,
                       const char *game_sims)
{
    char path[128], body[4096];
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", instance);
    snprintf(body, sizeof(body), "{\"sequence\":%u,\"state\":\"ready\",\"gameSims\":%s}", sequence,
             game_sims);
    return send_as(world, instance, "gamesim", "PUT", path, body);
}

hearth_test_call *call_instance(struct world *world, const char *user, const char *scope,
                                const char *method, const char *id, const char *rest)
{
    char path[128];
    snprintf(path, sizeof(path), "/gamesim-instances/%s%s", id, rest);
    return send_as(world, user, scope, method, path, NULL);
}

hearth_test_call *list_as(struct world *world, const char *user, const char *scope)
{
    hearth_test_call *call = send_as(world, user, scope, "GET", "/gamesim-instances", NULL);
    hearth_test_advance(world->host, 200); /* passes over the registry keep a distance */
    return call;
}

hearth_test_call *list_instances(struct world *world)
{
    return list_as(world, "fleet", "gamesim");
}
