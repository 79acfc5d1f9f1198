/*
 * services_script.c - see services_script.h.
 */
#include "services_script.h"

#include "plugin_fixture.h"

static hearth_str text(const char *value)
{
    return (hearth_str){value, strlen(value)};
}

/* ---- identity ---- */

static hearth_status
issue(hearth_ctx *ctx, const hearth_token_spec *spec,
      void (*done)(hearth_status status, hearth_str token, int64_t expires, void *arg), void *arg)
{
    struct world *world = ctx->shared;
    int64_t now_s = hearth_clock_get(ctx)->wall_ms(ctx) / 1000;
    char token[128];
    if (world->issue_fails) {
        done(HEARTH_EUNAVAILABLE, (hearth_str){NULL, 0}, 0, arg);
        return HEARTH_OK;
    }
    snprintf(token, sizeof(token), "token-%.*s-%zu", HEARTH_ARG(spec->subject), ++world->issued);
    done(HEARTH_OK, text(token), now_s + spec->ttl_seconds, arg);
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

const hearth_identity_service identity_script = {
    .struct_size = sizeof(identity_script), .issue = issue, .on_last_logout = on_last_logout};

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
        view.unconscious = answer->hero->unconscious;
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
    if (answer->hero) {
        answer->hero->releases++;
        snprintf(answer->hero->released_by, sizeof(answer->hero->released_by), "%.*s",
                 HEARTH_ARG(holder));
    }
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

const hearth_characters characters_script = {.struct_size = sizeof(characters_script),
                                             .get = get,
                                             .apply = apply,
                                             .hold = hold,
                                             .release = release,
                                             .on_held = on_held};
