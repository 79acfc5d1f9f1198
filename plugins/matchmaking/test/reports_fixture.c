/*
 * reports_fixture.c - see reports_fixture.h.
 */
#include "reports_fixture.h"

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_str text(const char *value)
{
    return (hearth_str){value, strlen(value)};
}

/* ---- identity ---- */

static hearth_status
issue(hearth_ctx *ctx, const hearth_token_spec *spec,
      void (*done)(hearth_status status, hearth_str token, int64_t expires, void *arg), void *arg)
{
    int64_t now_s = hearth_clock_get(ctx)->wall_ms(ctx) / 1000;
    done(HEARTH_OK, HEARTH_STR("a-token"), now_s + spec->ttl_seconds, arg);
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

/* ---- characters: answers come later, on the loop that asked ---- */

struct answer {
    struct answer *next;
    hearth_ctx *ctx;
    struct hero *hero;
    hearth_characters_fn view;
    hearth_characters_apply_fn applied;
    void *arg;
    hearth_status status;
    size_t count;
    const char *codes[1024];
};

struct hero *hero_of(struct world *world, const char *id)
{
    for (size_t i = 0; i < HEROES; i++) {
        if (strcmp(world->heroes[i].id, id) == 0)
            return &world->heroes[i];
    }
    return NULL;
}

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct answer *answer = arg;
    hearth_character_view view = {.struct_size = sizeof(view),
                                  .level = 1,
                                  .name = HEARTH_STR("Hero"),
                                  .hitpoints = 9,
                                  .max_hitpoints = 9,
                                  .version = 1};
    (void)ctx;
    if (answer->hero) {
        view.character_id = text(answer->hero->id);
        view.user_id = text(answer->hero->user);
    }
    if (answer->view)
        answer->view(answer->status, answer->status == HEARTH_OK ? &view : NULL, answer->arg);
    else
        answer->applied(answer->status, answer->codes, answer->count, answer->arg);
    free(answer);
}

static void post(struct answer *answer)
{
    hearth_ctx *ctx = answer->ctx;
    if (hearth_loop_get(ctx)->post(ctx, ctx->loop, deliver, answer) != HEARTH_OK) /* as told to */
        assert_int_equal(hearth_loop_get(ctx)->post(ctx, ctx->loop, deliver, answer), HEARTH_OK);
}

static void send_answer(struct world *world, struct answer *answer)
{
    if (!world->hold) {
        post(answer);
        return;
    }
    answer->next = world->held;
    world->held = answer;
}

static struct answer *answer_create(hearth_ctx *ctx, hearth_str character, void *arg)
{
    char id[64];
    struct answer *answer = calloc(1, sizeof(*answer));
    assert_non_null(answer);
    snprintf(id, sizeof(id), "%.*s", HEARTH_ARG(character));
    answer->ctx = ctx;
    answer->hero = hero_of(ctx->shared, id);
    answer->arg = arg;
    answer->status = answer->hero ? HEARTH_OK : HEARTH_ENOTFOUND;
    return answer;
}

static void get(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_characters_fn done,
                void *arg)
{
    struct answer *answer = answer_create(ctx, character, arg);
    (void)user;
    answer->view = done;
    post(answer);
}

static void hold(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                 hearth_characters_fn done, void *arg)
{
    struct answer *answer = answer_create(ctx, character, arg);
    (void)user;
    (void)holder;
    if (answer->hero && answer->hero->holds != HEARTH_OK)
        answer->status = answer->hero->holds;
    answer->view = done;
    post(answer);
}

static void release(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                    hearth_characters_fn done, void *arg)
{
    struct answer *answer = answer_create(ctx, character, arg);
    (void)user;
    (void)holder;
    if (answer->hero)
        answer->hero->releases++;
    answer->view = done;
    send_answer(ctx->shared, answer);
}

static const char *apply_one(struct hero *hero, const hearth_character_change *change)
{
    static const char letters[] = "?dhxlc";
    if (strlen(hero->order) + 1 < sizeof(hero->order))
        strncat(hero->order, &letters[change->kind], 1);
    if (change->kind == HEARTH_CHANGE_LOOT && change->item_id == NO_SUCH_ITEM)
        return "UNKNOWN_ITEM";
    if (change->kind == HEARTH_CHANGE_LOOT)
        hero->loot += change->amount;
    if (change->kind == HEARTH_CHANGE_EXPERIENCE)
        hero->experience += change->amount;
    return NULL;
}

static void apply(hearth_ctx *ctx, hearth_str user, hearth_str character,
                  const hearth_change_source *source, const hearth_character_change *const *changes,
                  size_t count, hearth_characters_apply_fn done, void *arg)
{
    struct world *world = ctx->shared;
    struct answer *answer = answer_create(ctx, character, arg);
    struct hero *hero = answer->hero;
    char id[64];
    snprintf(id, sizeof(id), "%.*s", HEARTH_ARG(source->id));
    assert_true(count > 0);
    answer->applied = done;
    answer->count = count;
    if (hero) {
        assert_memory_equal(user.ptr, hero->user, user.len);
        answer->status = hero->status;
        hero->calls++;
        if (strcmp(hero->source, id) != 0)
            hero->sequence = 0;
    }
    if (answer->status == HEARTH_OK && source->sequence > hero->sequence) {
        snprintf(hero->source, sizeof(hero->source), "%s", id);
        hero->sequence = source->sequence;
        for (size_t i = 0; i < count; i++)
            answer->codes[i] = apply_one(hero, changes[i]);
    }
    send_answer(world, answer);
}

void heroes_release(struct world *world)
{
    world->hold = 0;
    while (world->held) {
        struct answer *answer = world->held;
        world->held = answer->next;
        post(answer);
    }
    hearth_test_pump(world->host);
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

static hearth_test_host *host_create(struct world *world)
{
    hearth_test_host *host = hearth_test_create(&(hearth_test_options){.loops = 2});
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    hearth_test_provide(host, HEARTH_STORAGE_ID, &store_table, &world->store);
    hearth_test_provide(host, HEARTH_IDENTITY_ID, &identity, world);
    hearth_test_provide(host, HEARTH_CHARACTERS_ID, &characters, world);
    /* What a test advances the clock by is not to be silence, or a new look at the registry. */
    assert_int_equal(hearth_test_set(host, "matchmaking", "heartbeat=1h"), HEARTH_OK);
    assert_int_equal(hearth_test_set(host, "matchmaking", "refresh_interval=1m"), HEARTH_OK);
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

int world_start(void **state)
{
    static const struct hero heroes[HEROES] = {{.user = ALICE, .id = ALICES_HERO},
                                               {.user = BOB, .id = BOBS_HERO},
                                               {.user = CAROL, .id = CAROLS_HERO}};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    memcpy(world->heroes, heroes, sizeof(heroes));
    store_init(&world->store, "scripted:reports");
    world->store.only = "gamesims";
    world->host = world->hosts[0] = host_create(world);
    *state = world;
    return 0;
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

static void take_text(hearth_test_call *call, const char *path, char *out, size_t size)
{
    const char *json = hearth_test_json(call, path);
    if (!json || json[0] != '"')
        fail_msg("%s is no string in %s", path, hearth_test_body(call).ptr);
    snprintf(out, size, "%.*s", (int)strlen(json) - 2, json + 1);
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
    take_text(call, "id", id, sizeof(id));
    return id;
}

const char *open_session(struct world *world)
{
    static char id[64];
    hearth_test_call *call = send_as(world, ALICE, "player", "POST", "/gamesims",
                                     "{\"characterId\":\"" ALICES_HERO "\"}");
    assert_status(call, 201);
    take_text(call, "gameSimId", id, sizeof(id));
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

const char *code_of(hearth_test_call *call)
{
    static char code[64];
    if (!hearth_test_json(call, "code"))
        return "";
    take_text(call, "code", code, sizeof(code));
    return code;
}

int64_t number_of(hearth_test_call *call, const char *path)
{
    const char *json = hearth_test_json(call, path);
    if (!json)
        fail_msg("%s is missing in %s", path, hearth_test_body(call).ptr);
    return strtoll(json, NULL, 10);
}
