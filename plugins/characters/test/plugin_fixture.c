/*
 * plugin_fixture.c - see plugin_fixture.h.
 */
#include "plugin_fixture.h"

#include "entities_script.h"

extern const hearth_plugin_desc hearth_plugin_main;

static void (*logout_fn)(hearth_str user, void *arg);
static void *logout_arg;

static hearth_status on_last_logout(hearth_ctx *ctx, void (*fn)(hearth_str user, void *arg),
                                    void *arg)
{
    if (ctx->loop == 0) {
        logout_fn = fn;
        logout_arg = arg;
    }
    return HEARTH_OK;
}

static const hearth_identity_service identity = {.struct_size = sizeof(identity),
                                                 .on_last_logout = on_last_logout};

void world_last_logout(const char *user)
{
    logout_fn((hearth_str){user, strlen(user)}, logout_arg);
}

struct world *world_create(const char *key_value)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    entities_script_reset();
    world->host = hearth_test_create(&(hearth_test_options){.loops = 2});
    assert_int_equal(hearth_test_add(world->host, &hearth_plugin_main), HEARTH_OK);
    hearth_test_provide(world->host, HEARTH_ENTITIES_ID, &entities_script, world);
    hearth_test_provide(world->host, HEARTH_IDENTITY_ID, &identity, NULL);
    assert_int_equal(hearth_test_set(world->host, "characters", "gamedata=" GAMEDATA), HEARTH_OK);
    if (key_value)
        assert_int_equal(hearth_test_set(world->host, "characters", key_value), HEARTH_OK);
    if (hearth_test_start(world->host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(world->host));
    return world;
}

void world_destroy(struct world *world)
{
    entities_script_empty();
    if (hearth_test_stop(world->host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(world->host));
    hearth_test_destroy(world->host);
    free(world);
}

int world_start(void **state)
{
    *state = world_create(NULL);
    return 0;
}

int world_stop(void **state)
{
    world_destroy(*state);
    return 0;
}

hearth_test_call *send_as(struct world *world, const char *user, const char *method,
                          const char *path, const char *headers, const char *body)
{
    char all[512];
    snprintf(all, sizeof(all), "%s%s%s", body ? "Content-Type: application/json" : "",
             body && headers ? "\n" : "", headers ? headers : "");
    return hearth_test_send(world->host,
                            &(hearth_test_request_spec){.method = method,
                                                        .path = path,
                                                        .headers = all,
                                                        .body = {body, body ? strlen(body) : 0},
                                                        .user = user});
}

const char *at(const char *id, const char *rest)
{
    static char path[256];
    snprintf(path, sizeof(path), "/characters/%s%s", id, rest);
    return path;
}

hearth_test_call *hitpoints(struct world *world, const char *id, const char *headers,
                            const char *body)
{
    return send_as(world, ALICE, "PATCH", at(id, "/stats/hitpoints"), headers, body);
}

const char *create_as(struct world *world, const char *user, const char *body)
{
    static char id[64];
    hearth_test_call *call = send_as(world, user, "POST", "/characters", NULL, body);
    assert_status(call, 201);
    snprintf(id, sizeof(id), "%.36s", hearth_test_json(call, "id") + 1);
    return id;
}
