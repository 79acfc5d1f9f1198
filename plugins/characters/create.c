/*
 * create.c - POST /characters: checks what is asked for against the rule data, rolls, and claims
 * the name. A name that the server made up is made anew when somebody has it already.
 */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#define RECEIPT_TTL_MS ((int64_t)600000)
#define NAME_ATTEMPTS  16

enum { CLAIM_NAME, CLAIM_OWNER, CLAIM_COUNT };
enum { FIELD_NAME, FIELD_RACE, FIELD_SUB_RACE, FIELD_CLASS, FIELD_COUNT };

static hearth_status attempt(struct job *job);

static int refuse(struct job *job, const char *field, const char *expected)
{
    (void)job->loop->api.http->error(job->req, 400, "INVALID_REQUEST", "%s: expected %s.", field,
                                     expected);
    return 0;
}

static int take_name(struct job *job, const body_value *name)
{
    if (!name->present)
        return 1;
    switch (rules_name_check(job->rules, name->string.ptr, name->string.len)) {
    case NAME_MALFORMED:
        return refuse(job, "name", "1 to 15 letters A to Z, a to z");
    case NAME_BLOCKED:
        return refuse(job, "name", "a name that is not blocked");
    case NAME_OK:
        break;
    }
    memcpy(job->name, name->string.ptr, name->string.len);
    job->name_given = 1;
    return 1;
}

static int take_recipe(struct job *job, const body_value values[FIELD_COUNT])
{
    const struct ruleset *rules = job->rules;
    hearth_str race = values[FIELD_RACE].string, sub_race = values[FIELD_SUB_RACE].string;
    hearth_str class_name = values[FIELD_CLASS].string;
    job->recipe.race = ruleset_race(rules, race.ptr, race.len);
    if (!job->recipe.race)
        return refuse(job, "race", "a race of the rule data");
    if (values[FIELD_SUB_RACE].present) {
        job->recipe.sub_race = rules_race_sub_race(job->recipe.race, sub_race.ptr, sub_race.len);
        if (!job->recipe.sub_race)
            return refuse(job, "subRace", "a sub-race of this race");
    }
    job->recipe.class_data = ruleset_class(rules, class_name.ptr, class_name.len);
    return job->recipe.class_data ? 1 : refuse(job, "class", "a class of the rule data");
}

static void created(struct job *job, const hearth_create_result *result)
{
    job->http_status = 201;
    job->replayed = result->outcome == HEARTH_CREATE_REPLAYED;
    job->entity = result->entity;
    if (!result->entity) {
        job_fail(job, HEARTH_ENOTFOUND);
        return;
    }
    if (!job->replayed)
        job->loop->metrics->add(job->loop->created, 1);
    job_answer(job, reply_character);
}

static void claimed(struct job *job, size_t claim)
{
    if (claim == CLAIM_NAME && job->name_given) {
        job_refuse(job, 409, "NAME_TAKEN", "Somebody has this name already.");
        return;
    }
    hearth_status status = ++job->attempt < NAME_ATTEMPTS ? attempt(job) : HEARTH_EUNAVAILABLE;
    if (status < 0)
        job_fail(job, status);
}

static void on_created(hearth_status status, const hearth_create_result *result, void *arg)
{
    struct job *job = arg;
    if (status != HEARTH_OK) {
        job_fail(job, status);
        return;
    }
    switch (result->outcome) {
    case HEARTH_CREATED:
    case HEARTH_CREATE_REPLAYED:
        created(job, result);
        return;
    case HEARTH_CREATE_MISMATCH:
        job_refuse(job, 409, "IDEMPOTENCY_MISMATCH",
                   "This Idempotency-Key was used with another body.");
        return;
    case HEARTH_CREATE_CLAIMED:
        claimed(job, result->claim);
        return;
    case HEARTH_CREATE_FULL:
        job_refuse(job, 422, "CHARACTER_LIMIT", "You have as many characters as you can have.");
        return;
    }
}

static void roll(struct job *job, struct character_draft *draft)
{
    struct characters_loop *loop = job->loop;
    struct character *c = &draft->character;
    rules_create(job->rules, &job->recipe, collection_dice(loop), draft);
    loop->random->uuid(loop->ctx, job->id);
    memcpy(c->id, job->id, sizeof(c->id));
    if (!job->name_given)
        rules_name_make(job->rules, job->attempt, collection_dice(loop), job->name);
    memcpy(c->name, job->name, sizeof(c->name));
    c->created_ms = c->updated_ms = loop->clock->wall_ms(loop->ctx);
}

static hearth_status attempt(struct job *job)
{
    struct characters_loop *loop = job->loop;
    const struct character_private hidden = {0};
    struct character_draft draft;
    char body[STATE_TEXT_SIZE], lowered[CHARACTER_NAME_SIZE] = "";
    hearth_entity_create create = {.struct_size = sizeof(create), .claim_count = CLAIM_COUNT};
    roll(job, &draft);
    for (size_t i = 0; job->name[i]; i++)
        lowered[i] = (char)(job->name[i] | 0x20);
    const hearth_claim claims[CLAIM_COUNT] = {
        [CLAIM_NAME] = {{HEARTH_STR(COLLECTION_NAME), str_of(lowered), HEARTH_STR("")}},
        [CLAIM_OWNER] = {{HEARTH_STR(COLLECTION_OWNER), str_of(job->id), HEARTH_STR("")}},
    };
    hearth_status status =
        collection_next(loop, &draft.character, &hidden, job->user, 1, body, &create.next);
    if (status != HEARTH_OK)
        return status;
    create.key = job_key(job);
    create.claims = claims;
    create.next.receipt = job->has_receipt ? &job->receipt : NULL;
    create.receipt_ttl_ms = RECEIPT_TTL_MS;
    create.max_entities = (uint32_t)conf_of(loop)->max_per_user;
    return loop->entities->create(loop->entities_ctx, &create, COMMIT_DEADLINE_MS, on_created, job);
}

hearth_status handle_create(hearth_ctx *ctx, hearth_req *req)
{
    static const body_field fields[FIELD_COUNT] = {
        [FIELD_NAME] = {"name", BODY_STRING, 0, 0, 0},
        [FIELD_RACE] = {"race", BODY_STRING, 1, 0, 0},
        [FIELD_SUB_RACE] = {"subRace", BODY_STRING, 0, 0, 0},
        [FIELD_CLASS] = {"class", BODY_STRING, 1, 0, 0},
    };
    body_value values[FIELD_COUNT];
    struct job *job = job_create(ctx, req, JOB_CREATE);
    if (!job)
        return HEARTH_ENOMEM;
    if (body_read(&job->loop->api, req, fields, FIELD_COUNT, BODY_NEEDED, values) &&
        take_name(job, &values[FIELD_NAME]) && take_recipe(job, values) &&
        condition_receipt(job, req))
        return job_run(job, attempt);
    free(job);
    return HEARTH_OK;
}
