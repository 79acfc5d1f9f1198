/*
 * intent.c - judges an intent in its turn: ownership, receipt, version, session, rules; then
 * commits what the rules made of it. Everything between the turn and the commit is one step, so
 * that two intents on one version have one winner.
 */
#include "plugin.h"

#include <string.h>

static void on_turn(hearth_status status, const hearth_entity *entity, void *arg);

hearth_status intent_begin(struct job *job)
{
    struct characters_loop *loop = job->loop;
    hearth_key key = job_key(job);
    return loop->entities->turn(loop->entities_ctx, &key, on_turn, job);
}

static void look_again(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    (void)ctx;
    hearth_status status = intent_begin(job);
    if (status < 0)
        job_fail(job, status);
}

/* Class durable: whoever was told nothing the first time is told no earlier by a repeat. */
static int unconfirmed(struct job *job, const hearth_entity *entity)
{
    struct characters_loop *loop = job->loop;
    uint64_t now_ms = loop->clock->loop_ms(loop->ctx);

    if (conf_of(loop)->durability != HEARTH_DURABLE || entity->durable_version >= entity->version)
        return 0;
    if (job->waiting_since_ms == 0)
        job->waiting_since_ms = now_ms;
    if (now_ms - job->waiting_since_ms >= COMMIT_DEADLINE_MS ||
        !loop->timer->start(loop->ctx, CONFIRMED_POLL_MS, 0, look_again, job))
        job_fail(job, HEARTH_ETIMEOUT);
    return 1;
}

/* Whether this request was applied before; then it is answered. */
static int answered_before(struct job *job, const hearth_entity *entity)
{
    struct characters_loop *loop = job->loop;
    const hearth_receipt *receipt =
        job->has_receipt ? loop->entities->receipt(loop->entities_ctx, entity, job->receipt.key)
                         : NULL;
    if (!receipt)
        return 0;
    if (memcmp(receipt->body, job->receipt.body, sizeof(receipt->body)) != 0) {
        job_refuse(job, 409, "IDEMPOTENCY_MISMATCH",
                   "This Idempotency-Key was used with another body.");
        return 1;
    }
    if (unconfirmed(job, entity))
        return 1;
    job->replayed = 1;
    job->entity = entity;
    job_answer(job, reply_character);
    return 1;
}

static int version_refused(struct job *job, const hearth_entity *entity)
{
    if (job->version == 0 && job->kind == JOB_INTENT) {
        job_refuse(job, 428, "VERSION_REQUIRED",
                   "Send the version that this was decided on, in the body or as If-Match.");
        return 1;
    }
    if (job->version == 0 || (uint64_t)job->version == entity->version)
        return 0;
    job->entity = entity;
    job_answer(job, reply_mismatch);
    return 1;
}

static void on_hold_answer(int stands, void *arg)
{
    struct job *job = arg;
    if (stands) {
        job_refuse(job, 409, "CHARACTER_IN_SESSION", "The character sits in a game session.");
        return;
    }
    hearth_status status = intent_begin(job);
    if (status < 0)
        job_fail(job, status);
}

/* Whether the character sits in a session; then the job goes on, or ends, with the answer of who
 * knows whether the seat still stands. It counts for the version that it was asked of: he may have
 * left and come back meanwhile. */
static int held(struct job *job, const hearth_entity *entity)
{
    struct characters_loop *loop = job->loop;
    const char *holder = state_of(entity)->holder;
    if (!holder[0] || conf_of(loop)->during_session == 1 ||
        (strcmp(holder, job->cleared) == 0 && job->cleared_version == entity->version))
        return 0;
    if (!loop->ask) {
        on_hold_answer(1, job);
        return 1;
    }
    memcpy(job->cleared, holder, strlen(holder) + 1);
    job->cleared_version = entity->version;
    loop->ask(job->user, str_of(job->id), str_of(job->cleared), on_hold_answer, job, loop->ask_arg);
    return 1;
}

/* Another hearthd was ahead: judged anew, on what it made of the character. */
static void not_done(struct job *job, hearth_status status)
{
    if (status == HEARTH_ECONFLICT)
        status = intent_begin(job);
    if (status < 0)
        job_fail(job, status);
}

static void on_committed(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct job *job = arg;
    if (status != HEARTH_OK) {
        not_done(job, status);
        return;
    }
    job->loop->metrics->add(job->loop->applied, 1);
    job->entity = entity;
    job_answer(job, reply_character);
}

static void count_refusal(struct characters_loop *loop, enum rules_refusal refusal)
{
    hearth_str code = str_of(rules_refusal_code(refusal));
    loop->metrics->add(loop->metrics->series(loop->ctx, METRIC_REFUSALS, &code, 1), 1);
}

static void apply(struct job *job, const hearth_entity *entity)
{
    struct characters_loop *loop = job->loop;
    const struct character_state *state = state_of(entity);
    struct character_private hidden;
    struct character_draft draft;
    hearth_entity_next next;
    char body[STATE_TEXT_SIZE];
    job->refusal =
        rules_apply(job->rules, &state->character, &job->intent, collection_dice(loop), &draft);
    if (job->refusal != RULES_OK) {
        count_refusal(loop, job->refusal);
        job_answer(job, reply_refusal);
        return;
    }
    draft.character.updated_ms = loop->clock->wall_ms(loop->ctx);
    state_private(state, &hidden);
    if (strcmp(hidden.holder, job->cleared) == 0)
        hidden.holder[0] = 0;
    hearth_status status = collection_next(loop, &draft.character, &hidden, job->user,
                                           entity->version + 1, body, &next);
    if (status == HEARTH_OK) {
        next.receipt = job->has_receipt ? &job->receipt : NULL;
        status = loop->entities->commit(loop->entities_ctx, entity, &next,
                                        (hearth_durability)conf_of(loop)->durability,
                                        COMMIT_DEADLINE_MS, on_committed, job);
    }
    if (status < 0)
        job_fail(job, status);
}

static void on_removed(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct job *job = arg;
    (void)entity;
    if (status != HEARTH_OK) {
        not_done(job, status);
        return;
    }
    job->loop->metrics->add(job->loop->deleted, 1);
    job_answer(job, reply_deleted);
}

static void delete (struct job *job, const hearth_entity *entity)
{
    struct characters_loop *loop = job->loop;
    const struct character *c = &state_of(entity)->character;
    char lowered[CHARACTER_NAME_SIZE] = "";
    for (size_t i = 0; c->name[i]; i++)
        lowered[i] = (char)(c->name[i] | 0x20);
    const hearth_claim claims[] = {
        {{HEARTH_STR(COLLECTION_NAME), str_of(lowered), HEARTH_STR("")}},
        {{HEARTH_STR(COLLECTION_OWNER), str_of(job->id), HEARTH_STR("")}},
    };
    hearth_status status = loop->entities->remove(loop->entities_ctx, entity, claims, 2,
                                                  COMMIT_DEADLINE_MS, on_removed, job);
    if (status < 0)
        job_fail(job, status);
}

static void on_turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_ENOTFOUND)
        job_not_own(job);
    else if (status != HEARTH_OK)
        job_fail(job, status);
    else if (!answered_before(job, entity) && !version_refused(job, entity) && !held(job, entity))
        job->kind == JOB_DELETE ? delete (job, entity) : apply(job, entity);
}
