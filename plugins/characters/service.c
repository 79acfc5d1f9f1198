/*
 * service.c - hearth.characters/1: what the server itself decides. A call goes to the user's home
 * loop, is judged there in the character's turn like any intent, and its answer comes back.
 */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#define UNARMED_FEET 5
#define AMOUNT_MAX   ((INT64_C(1) << 53) - 1) /* the largest integer of a JSON document */

enum call_kind { CALL_GET, CALL_APPLY, CALL_HOLD, CALL_RELEASE };

struct call {
    struct characters_loop *home;
    uint32_t origin; /* the loop that asked */
    enum call_kind kind;
    hearth_status status;
    hearth_str user; /* copied behind the call */
    char id[HEARTH_UUID_SIZE];
    char subject[STATE_ID_SIZE]; /* the holder, or the source's id */
    uint64_t sequence;
    struct hearth_character_change *changes;
    const char **codes;
    size_t count;
    hearth_characters_fn done;
    hearth_characters_apply_fn applied;
    void *arg;
    char name[CHARACTER_NAME_SIZE];
    hearth_character_view view;
};

static void call_destroy(struct call *call)
{
    free(call->changes);
    free(call->codes);
    free(call);
}

/* ---- the answer, on the loop that asked ---- */

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    (void)ctx;
    if (call->kind == CALL_APPLY)
        call->applied(call->status, call->codes, call->count, call->arg);
    else
        call->done(call->status, call->status == HEARTH_OK ? &call->view : NULL, call->arg);
    call_destroy(call);
}

static void answer(hearth_ctx *ctx, struct call *call, hearth_status status)
{
    call->status =
        status == HEARTH_ETIMEOUT || status == HEARTH_ECANCELED ? HEARTH_EUNAVAILABLE : status;
    /* Refused only in shutdown, when the asking loop has stopped and nobody is left to be told. */
    if (hearth_loop_get(ctx)->post(ctx, call->origin, deliver, call) != HEARTH_OK)
        call_destroy(call);
}

static int32_t damage_modifier(const struct character_attack *attack)
{
    if (attack->dice)
        return attack->modifier;
    return attack->flat ? attack->flat + attack->modifier : 0;
}

static int32_t attack_range(const struct ruleset *rules, const struct character *c)
{
    int32_t held = c->equipment[SLOT_MAIN_HAND];
    const struct rules_item *item = held ? ruleset_item(rules, held) : NULL;
    return item && item->kind == ITEM_WEAPON ? item->weapon.range : UNARMED_FEET;
}

static void fill_view(struct call *call, const hearth_entity *entity)
{
    const struct character *c = &state_of(entity)->character;
    const struct character_derived *d = &c->derived;
    const struct character_attack *attack = &d->attack;
    memcpy(call->name, c->name, sizeof(call->name));
    call->view = (hearth_character_view){
        .struct_size = sizeof(call->view),
        .level = d->level,
        .character_id = str_of(call->id),
        .user_id = call->user,
        .name = str_of(call->name),
        .hitpoints = c->hitpoints,
        .max_hitpoints = d->max_hitpoints,
        .armor_class = d->armor_class,
        .movement_speed = d->speed,
        .attack_bonus = attack->bonus,
        .damage_dice = attack->dice,
        .damage_sides = attack->sides,
        .damage_modifier = damage_modifier(attack),
        .unconscious = c->hitpoints == 0,
        .version = entity->version,
        .attack_range = attack_range(call->home->data->rules, c),
    };
    memcpy(call->view.modifiers, d->modifiers, sizeof(call->view.modifiers));
}

/* ---- on the home loop ---- */

static void on_claimant(hearth_status status, const hearth_key *entity, void *arg)
{
    struct call *call = arg;
    if (status == HEARTH_OK)
        status = entity->partition.len == call->user.len &&
                         memcmp(entity->partition.ptr, call->user.ptr, call->user.len) == 0
                     ? HEARTH_ENOTFOUND
                     : HEARTH_EFORBIDDEN;
    answer(call->home->ctx, call, status);
}

static void not_own(struct call *call)
{
    struct characters_loop *loop = call->home;
    hearth_key claim = {HEARTH_STR(COLLECTION_OWNER), str_of(call->id), HEARTH_STR("")};
    hearth_status status = loop->entities->claimant(loop->entities_ctx, &claim, on_claimant, call);
    if (status < 0)
        answer(loop->ctx, call, status);
}

static void at_home(hearth_ctx *ctx, void *arg);

static void on_done(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct call *call = arg;
    if (status == HEARTH_ENOTFOUND) {
        not_own(call);
        return;
    }
    if (status == HEARTH_ECONFLICT) { /* another hearthd was ahead: judged anew */
        at_home(call->home->ctx, call);
        return;
    }
    if (status == HEARTH_OK)
        fill_view(call, entity);
    answer(call->home->ctx, call, status);
}

static void commit(struct call *call, const hearth_entity *entity, struct character_draft *draft,
                   const struct character_private *hidden)
{
    struct characters_loop *loop = call->home;
    uint32_t durability = conf_of(loop)->durability;
    hearth_entity_next next;
    char body[STATE_TEXT_SIZE];
    draft->character.updated_ms = loop->clock->wall_ms(loop->ctx);
    hearth_status status = collection_next(loop, &draft->character, hidden, call->user,
                                           entity->version + 1, body, &next);
    if (status == HEARTH_OK)
        status =
            loop->entities->commit(loop->entities_ctx, entity, &next,
                                   durability == HEARTH_DURABLE ? HEARTH_DURABLE : HEARTH_JOURNAL,
                                   COMMIT_DEADLINE_MS, on_done, call);
    if (status < 0)
        answer(loop->ctx, call, status);
}

static int is_valid(const hearth_character_change *change)
{
    if (change->amount < 0 || change->amount > AMOUNT_MAX)
        return 0;
    for (int i = 0; i < COIN_COUNT; i++) {
        if (change->coins[i] < -AMOUNT_MAX || change->coins[i] > AMOUNT_MAX)
            return 0;
    }
    return 1;
}

/* NULL: applied. */
static const char *apply_change(const struct ruleset *rules, const hearth_character_change *change,
                                struct character_draft *draft)
{
    struct rules_event event = {.amount = change->amount, .item_id = change->item_id};
    if (!is_valid(change))
        return "INVALID_REQUEST";
    memcpy(event.coins, change->coins, sizeof(event.coins));
    switch (change->kind) {
    case HEARTH_CHANGE_DAMAGE:
        event.kind = EVENT_DAMAGE;
        break;
    case HEARTH_CHANGE_HEAL:
        event.kind = EVENT_HEAL;
        break;
    case HEARTH_CHANGE_EXPERIENCE:
        event.kind = EVENT_EXPERIENCE;
        break;
    case HEARTH_CHANGE_LOOT:
        event.kind = EVENT_LOOT;
        break;
    case HEARTH_CHANGE_CURRENCY:
        event.kind = EVENT_CURRENCY;
        break;
    default:
        return "INVALID_REQUEST";
    }
    return rules_refusal_code(rules_apply_event(rules, &event, draft));
}

/* Whether this batch is news to the character; remembers it, and forgets the source that has been
 * silent longest when there is no room. */
static int take_sequence(struct character_private *hidden, const char *id, uint64_t sequence)
{
    uint32_t at = 0;
    while (at < hidden->source_count && strcmp(hidden->sources[at].id, id) != 0)
        at++;
    if (at < hidden->source_count && hidden->sources[at].sequence >= sequence)
        return 0;
    if (at == hidden->source_count && hidden->source_count < STATE_MAX_SOURCES)
        hidden->source_count++;
    else if (at == hidden->source_count)
        at = 0;
    uint32_t newest = hidden->source_count - 1;
    memmove(&hidden->sources[at], &hidden->sources[at + 1],
            (newest - at) * sizeof(hidden->sources[0]));
    struct character_source *source = &hidden->sources[newest];
    memset(source, 0, sizeof(*source));
    memcpy(source->id, id, strlen(id));
    source->sequence = sequence;
    return 1;
}

static void apply(struct call *call, const hearth_entity *entity)
{
    struct character_private hidden;
    struct character_draft draft;
    state_private(state_of(entity), &hidden);
    if (!take_sequence(&hidden, call->subject, call->sequence)) {
        answer(call->home->ctx, call, HEARTH_OK);
        return;
    }
    character_draft_init(&draft, &state_of(entity)->character);
    for (size_t i = 0; i < call->count; i++)
        call->codes[i] = apply_change(call->home->data->rules, &call->changes[i], &draft);
    commit(call, entity, &draft, &hidden);
}

static void mark(struct call *call, const hearth_entity *entity, const char *holder)
{
    struct character_private hidden;
    struct character_draft draft;
    state_private(state_of(entity), &hidden);
    character_draft_init(&draft, &state_of(entity)->character);
    memset(hidden.holder, 0, sizeof(hidden.holder));
    memcpy(hidden.holder, holder, strlen(holder));
    commit(call, entity, &draft, &hidden);
}

static void on_turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct call *call = arg;
    if (status != HEARTH_OK) {
        on_done(status, entity, call);
        return;
    }
    int holds = strcmp(state_of(entity)->holder, call->subject) == 0;
    if (call->kind == CALL_APPLY)
        apply(call, entity);
    else if (call->kind == CALL_HOLD && !holds)
        mark(call, entity, call->subject);
    else if (call->kind == CALL_RELEASE && holds)
        mark(call, entity, "");
    else
        on_done(HEARTH_OK, entity, call);
}

static void at_home(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    struct characters_loop *loop = loop_of(ctx);
    hearth_key key = {HEARTH_STR(COLLECTION_CHARACTERS), call->user, str_of(call->id)};
    call->home = loop;
    hearth_status status = call->kind == CALL_GET
                               ? loop->entities->load(loop->entities_ctx, &key, on_done, call)
                               : loop->entities->turn(loop->entities_ctx, &key, on_turn, call);
    if (status < 0)
        answer(ctx, call, status);
}

/* ---- the service's functions, on the loop that asks ---- */

static struct call *call_create(hearth_ctx *ctx, enum call_kind kind, hearth_str user,
                                hearth_str subject)
{
    struct call *call = calloc(1, sizeof(*call) + user.len);
    if (!call)
        return NULL;
    char *copy = (char *)(call + 1);
    memcpy(copy, user.ptr, user.len);
    call->user = (hearth_str){copy, user.len};
    call->origin = ctx->loop;
    call->kind = kind;
    if (subject.len > 0 && subject.len < sizeof(call->subject))
        memcpy(call->subject, subject.ptr, subject.len);
    return call;
}

/* An id that is no UUID names nobody; a subject or sequence that a document cannot hold is the
 * caller's mistake. */
static void send(hearth_ctx *ctx, struct call *call, hearth_str character, int fits_document)
{
    if (!fits_document)
        answer(ctx, call, HEARTH_EINVAL);
    else if (!body_uuid(character, call->id))
        answer(ctx, call, HEARTH_ENOTFOUND);
    else if (loop_of(ctx)->mail->send(ctx, call->user, at_home, call) != HEARTH_OK)
        answer(ctx, call, HEARTH_EUNAVAILABLE);
}

static int fits(hearth_str subject)
{
    return subject.len > 0 && subject.len < STATE_ID_SIZE;
}

static void ask(hearth_ctx *ctx, enum call_kind kind, hearth_str user, hearth_str character,
                hearth_str subject, hearth_characters_fn done, void *arg)
{
    struct call *call = call_create(ctx, kind, user, subject);
    if (!call) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    call->done = done;
    call->arg = arg;
    send(ctx, call, character, kind == CALL_GET || fits(subject));
}

static void service_get(hearth_ctx *ctx, hearth_str user, hearth_str character,
                        hearth_characters_fn done, void *arg)
{
    ask(ctx, CALL_GET, user, character, HEARTH_STR(""), done, arg);
}

static void service_hold(hearth_ctx *ctx, hearth_str user, hearth_str character, hearth_str holder,
                         hearth_characters_fn done, void *arg)
{
    ask(ctx, CALL_HOLD, user, character, holder, done, arg);
}

static void service_release(hearth_ctx *ctx, hearth_str user, hearth_str character,
                            hearth_str holder, hearth_characters_fn done, void *arg)
{
    ask(ctx, CALL_RELEASE, user, character, holder, done, arg);
}

static void service_apply(hearth_ctx *ctx, hearth_str user, hearth_str character,
                          const hearth_change_source *source,
                          const hearth_character_change *const *changes, size_t count,
                          hearth_characters_apply_fn done, void *arg)
{
    struct call *call = call_create(ctx, CALL_APPLY, user, source->id);
    if (call) {
        call->changes = calloc(count + 1, sizeof(*call->changes));
        call->codes = calloc(count + 1, sizeof(*call->codes));
    }
    if (!call || !call->changes || !call->codes) {
        if (call)
            call_destroy(call);
        done(HEARTH_EUNAVAILABLE, NULL, 0, arg);
        return;
    }
    for (size_t i = 0; i < count; i++)
        call->changes[i] = *changes[i];
    call->count = count;
    call->sequence = source->sequence;
    call->applied = done;
    call->arg = arg;
    send(ctx, call, character, fits(source->id) && source->sequence <= (uint64_t)AMOUNT_MAX);
}

static hearth_status service_on_held(hearth_ctx *ctx,
                                     void (*ask_fn)(hearth_str user, hearth_str character,
                                                    hearth_str holder, hearth_hold_answer_fn answer,
                                                    void *answer_arg, void *arg),
                                     void *arg)
{
    struct characters_loop *loop = loop_of(ctx);
    if (loop->ask)
        return HEARTH_ECONFLICT;
    loop->ask = ask_fn;
    loop->ask_arg = arg;
    return HEARTH_OK;
}

const hearth_characters characters_service = {
    .struct_size = sizeof(characters_service),
    .get = service_get,
    .apply = service_apply,
    .hold = service_hold,
    .release = service_release,
    .on_held = service_on_held,
};
