/*
 * plugin_fixture.c - see plugin_fixture.h.
 */
#include "plugin_fixture.h"

extern const hearth_plugin_desc hearth_plugin_main;

static struct script *script_of(hearth_ctx *ctx)
{
    return &((struct world *)ctx->shared)->script;
}

static hearth_str text(const char *value)
{
    return (hearth_str){value, strlen(value)};
}

/* ---- identity ---- */

static hearth_status
issue(hearth_ctx *ctx, const hearth_token_spec *spec,
      void (*done)(hearth_status status, hearth_str token, int64_t expires, void *arg), void *arg)
{
    struct script *script = script_of(ctx);
    char token[128];
    if (script->issue_fails) {
        done(HEARTH_EUNAVAILABLE, (hearth_str){NULL, 0}, 0, arg);
        return HEARTH_OK;
    }
    snprintf(token, sizeof(token), "token-%.*s-%zu", HEARTH_ARG(spec->subject), ++script->issued);
    done(HEARTH_OK, text(token), hearth_clock_get(ctx)->wall_ms(ctx) / 1000 + spec->ttl_seconds,
         arg);
    return HEARTH_OK;
}

static hearth_status on_last_logout(hearth_ctx *ctx, void (*fn)(hearth_str user, void *arg),
                                    void *arg)
{
    (void)ctx;
    (void)fn;
    (void)arg;
    return HEARTH_OK;
}

static const hearth_identity_service identity = {
    .struct_size = sizeof(identity), .issue = issue, .on_last_logout = on_last_logout};

/* ---- characters: answers come later, as promised ---- */

struct answer {
    hearth_characters_fn view;
    hearth_characters_apply_fn applied;
    void *arg;
    hearth_status status;
    size_t count;
    char user[64], character[64];
};

static void deliver(hearth_ctx *ctx, void *arg)
{
    static const char *const codes[64];
    struct answer *answer = arg;
    const hearth_character_view view = {.struct_size = sizeof(view),
                                        .level = 1,
                                        .character_id = text(answer->character),
                                        .user_id = text(answer->user),
                                        .name = HEARTH_STR("Hero"),
                                        .hitpoints = 9,
                                        .max_hitpoints = 9,
                                        .armor_class = 12,
                                        .movement_speed = 30,
                                        .damage_dice = 1,
                                        .damage_sides = 8,
                                        .version = 1};
    (void)ctx;
    if (answer->view)
        answer->view(answer->status, answer->status == HEARTH_OK ? &view : NULL, answer->arg);
    else
        answer->applied(answer->status, codes, answer->count, answer->arg);
    free(answer);
}

static struct answer *answer_later(hearth_ctx *ctx, hearth_str user, hearth_str character,
                                   void *arg)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    assert_non_null(answer);
    snprintf(answer->user, sizeof(answer->user), "%.*s", HEARTH_ARG(user));
    snprintf(answer->character, sizeof(answer->character), "%.*s", HEARTH_ARG(character));
    answer->arg = arg;
    assert_int_equal(hearth_loop_get(ctx)->post(ctx, ctx->loop, deliver, answer), HEARTH_OK);
    return answer;
}

static void get(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_characters_fn done,
                void *arg)
{
    answer_later(ctx, user, character, arg)->view = done;
}

static void hold(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                 hearth_characters_fn done, void *arg)
{
    (void)holder;
    get(ctx, user, character, done, arg);
}

static void release(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                    hearth_characters_fn done, void *arg)
{
    struct script *script = script_of(ctx);
    snprintf(script->released[script->releases++ % 16], sizeof(script->released[0]),
             "%.*s from %.*s", HEARTH_ARG(character), HEARTH_ARG(holder));
    get(ctx, user, character, done, arg);
}

static void apply(hearth_ctx *ctx, hearth_str user, hearth_str character,
                  const hearth_change_source *source, const hearth_character_change *const *changes,
                  size_t count, hearth_characters_apply_fn done, void *arg)
{
    struct script *script = script_of(ctx);
    struct answer *answer = answer_later(ctx, user, character, arg);
    (void)source;
    (void)changes;
    answer->applied = done;
    answer->count = count;
    answer->status = script->applies;
    script->applied += count;
}

static hearth_status on_held(hearth_ctx *ctx,
                             void (*ask)(hearth_str user, hearth_str character, hearth_str holder,
                                         hearth_hold_answer_fn answer, void *answer_arg, void *arg),
                             void *arg)
{
    (void)ctx;
    (void)ask;
    (void)arg;
    return HEARTH_OK;
}

static const hearth_characters characters = {.struct_size = sizeof(characters),
                                             .get = get,
                                             .apply = apply,
                                             .hold = hold,
                                             .release = release,
                                             .on_held = on_held};

/* ---- the world ---- */

int world_start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->host = hearth_test_create(&(hearth_test_options){.loops = 2});
    assert_int_equal(hearth_test_load(world->host, STORAGE_FAULTY), HEARTH_OK);
    assert_int_equal(hearth_test_add(world->host, &hearth_plugin_main), HEARTH_OK);
    hearth_test_provide(world->host, HEARTH_IDENTITY_ID, &identity, world);
    hearth_test_provide(world->host, HEARTH_CHARACTERS_ID, &characters, world);
    /* The fake host's identities live for an hour, and tokens are to outlive this. */
    assert_int_equal(hearth_test_set(world->host, "matchmaking", "report_window=1m"), HEARTH_OK);
    if (hearth_test_start(world->host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(world->host));
    *state = world;
    return 0;
}

int world_stop(void **state)
{
    struct world *world = *state;
    if (hearth_test_stop(world->host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(world->host));
    hearth_test_destroy(world->host);
    free(world);
    return 0;
}

void world_fault(struct world *world, const char *line)
{
    hearth_ctx *ctx = hearth_test_own_ctx(world->host, 0);
    hearth_str dir = ctx->host->data_dir(ctx);
    char path[4200];
    snprintf(path, sizeof(path), "%.*s/faults", HEARTH_ARG(dir));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", line);
    fclose(file);
}

hearth_test_call *send_as(struct world *world, const char *user, const char *scope,
                          const char *method, const char *path, const char *body)
{
    const hearth_test_request_spec spec = {.method = method,
                                           .path = path,
                                           .headers =
                                               body ? "Content-Type: application/json" : NULL,
                                           .body = {body, body ? strlen(body) : 0},
                                           .user = user,
                                           .scope = scope};
    hearth_test_call *call = hearth_test_send(world->host, &spec);
    if (hearth_test_status(call) == 0)
        hearth_test_advance(world->host, 200);
    return call;
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
    snprintf(id, sizeof(id), "%s", text_of(call, "id"));
    return id;
}

hearth_test_call *beat(struct world *world, const char *instance, unsigned sequence,
                       const char *game_sims)
{
    char path[128], body[4096];
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", instance);
    snprintf(body, sizeof(body), "{\"sequence\":%u,\"state\":\"ready\",\"gameSims\":%s}", sequence,
             game_sims);
    return send_as(world, instance, "gamesim", "PUT", path, body);
}

const char *open_session(struct world *world, const char *user, const char *character)
{
    static char id[64];
    char body[128];
    snprintf(body, sizeof(body), "{\"characterId\":\"%s\"}", character);
    hearth_test_call *call = send_as(world, user, "player", "POST", "/gamesims", body);
    assert_status(call, 201);
    snprintf(id, sizeof(id), "%s", text_of(call, "gameSimId"));
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

size_t releases_of(const struct world *world, const char *character, const char *game_sim)
{
    char wanted[80];
    size_t count = 0;
    snprintf(wanted, sizeof(wanted), "%s from %s", character, game_sim);
    for (size_t i = 0; i < world->script.releases && i < 16; i++)
        count += strcmp(world->script.released[i], wanted) == 0;
    return count;
}

const char *text_of(hearth_test_call *call, const char *path)
{
    static char found[512];
    const char *json = hearth_test_json(call, path);
    if (!json || json[0] != '"')
        fail_msg("%s is no string in %s", path, hearth_test_body(call).ptr);
    snprintf(found, sizeof(found), "%s", json + 1);
    found[strlen(found) - 1] = 0;
    return found;
}

const char *code_of(hearth_test_call *call)
{
    return hearth_test_json(call, "code") ? text_of(call, "code") : "";
}

int64_t number_of(hearth_test_call *call, const char *path)
{
    const char *json = hearth_test_json(call, path);
    if (!json)
        fail_msg("%s is missing in %s", path, hearth_test_body(call).ptr);
    return strtoll(json, NULL, 10);
}
