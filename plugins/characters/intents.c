/*
 * intents.c - the routes that change a character: from a body to an intent of the rules. What is
 * malformed ends here with 400, whatever the version.
 */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#define INTEGER_MAX ((INT64_C(1) << 53) - 1)
#define FIELDS_MAX  6

static const body_field version_field = {"version", BODY_INTEGER, 0, 1, INTEGER_MAX};

static int refuse(struct job *job, const char *field, const char *expected)
{
    (void)job->loop->api.http->error(job->req, 400, "INVALID_REQUEST", "%s: expected %s.", field,
                                     expected);
    return 0;
}

/* From If-Match and the body's version; 0: it was answered. */
static int take_version(struct job *job, const body_value *version)
{
    const hearth_http *http = job->loop->api.http;
    int64_t tag = condition_if_match(http->header(job->req, "If-Match"));
    if (tag < 0)
        return refuse(job, "If-Match", "one strong tag that holds a version");
    if (tag > 0 && version->present && version->integer != tag)
        return refuse(job, "If-Match", "the body's version");
    job->version = tag > 0 ? tag : version->integer;
    return 1;
}

/* Reads id, body (its first field is `version`), If-Match, Idempotency-Key. NULL: answered, and
 * *status is what the handler returns. */
static struct job *begin(hearth_ctx *ctx, hearth_req *req, const body_field *fields, size_t count,
                         int emptiness, body_value *values, hearth_status *status)
{
    struct job *job = job_create(ctx, req, JOB_INTENT);
    const body_api *api = &loop_of(ctx)->api;
    *status = job ? HEARTH_OK : HEARTH_ENOMEM;
    if (!job)
        return NULL;
    if (body_read_id(api, req, "id", job->id) &&
        body_read(api, req, fields, count, emptiness, values) && take_version(job, &values[0]) &&
        (emptiness == BODY_MAY_BE_EMPTY || condition_receipt(job, req)))
        return job;
    free(job);
    return NULL;
}

static struct job *begin_with(hearth_ctx *ctx, hearth_req *req, const body_field *field,
                              body_value values[2], hearth_status *status)
{
    const body_field fields[2] = {version_field, *field};
    return begin(ctx, req, fields, 2, BODY_NEEDED, values, status);
}

hearth_status handle_hitpoints(hearth_ctx *ctx, hearth_req *req)
{
    static const body_field delta = {"delta", BODY_INTEGER, 1, 0, 0};
    body_value values[2];
    hearth_status status;
    struct job *job = begin_with(ctx, req, &delta, values, &status);
    if (!job)
        return status;
    job->intent = (struct rules_intent){.kind = INTENT_HITPOINTS, .amount = values[1].integer};
    return job_run(job, intent_begin);
}

static hearth_status handle_item(hearth_ctx *ctx, hearth_req *req, enum rules_intent_kind kind)
{
    static const body_field item = {"itemId", BODY_INTEGER, 1, 0, 0};
    body_value values[2];
    hearth_status status;
    struct job *job = begin_with(ctx, req, &item, values, &status);
    if (!job)
        return status;
    job->intent = (struct rules_intent){.kind = kind, .item_id = values[1].integer};
    return job_run(job, intent_begin);
}

hearth_status handle_equip_armor(hearth_ctx *ctx, hearth_req *req)
{
    return handle_item(ctx, req, INTENT_EQUIP_ARMOR);
}

hearth_status handle_equip_shield(hearth_ctx *ctx, hearth_req *req)
{
    return handle_item(ctx, req, INTENT_EQUIP_SHIELD);
}

hearth_status handle_use(hearth_ctx *ctx, hearth_req *req)
{
    return handle_item(ctx, req, INTENT_USE);
}

hearth_status handle_equip_weapon(hearth_ctx *ctx, hearth_req *req)
{
    const body_field fields[3] = {
        version_field, {"itemId", BODY_INTEGER, 1, 0, 0}, {"offHand", BODY_BOOLEAN, 0, 0, 0}};
    body_value values[3];
    hearth_status status;
    struct job *job = begin(ctx, req, fields, 3, BODY_NEEDED, values, &status);
    if (!job)
        return status;
    job->intent = (struct rules_intent){
        .kind = INTENT_EQUIP_WEAPON, .item_id = values[1].integer, .off_hand = values[2].boolean};
    return job_run(job, intent_begin);
}

/* The place of a word in a list; -1: it is not there. */
static int word(hearth_str text, const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (strlen(words[i]) == text.len && memcmp(words[i], text.ptr, text.len) == 0)
            return i;
    }
    return -1;
}

/* The slot is the path's last segment: a parameter of one route, and spelled out in the others. */
static hearth_str last_segment(hearth_str path)
{
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/')
        start--;
    return (hearth_str){path.ptr + start, path.len - start};
}

hearth_status handle_unequip(hearth_ctx *ctx, hearth_req *req)
{
    static const char *const slots[SLOT_COUNT] = {"armor", "shield", "mainHand", "offHand"};
    body_value values[1];
    hearth_status status;
    struct job *job = begin(ctx, req, &version_field, 1, BODY_MAY_BE_EMPTY, values, &status);
    if (!job)
        return status;
    int slot = word(last_segment(job->loop->api.http->path(req)), slots, SLOT_COUNT);
    if (slot < 0) {
        refuse(job, "slot", "armor, shield, mainHand or offHand");
        free(job);
        return HEARTH_OK;
    }
    job->intent = (struct rules_intent){.kind = INTENT_UNEQUIP, .slot = (enum rules_slot)slot};
    return job_run(job, intent_begin);
}

static const char *const coins[COIN_COUNT] = {"copper", "silver", "electrum", "gold", "platinum"};

hearth_status handle_currency_modify(hearth_ctx *ctx, hearth_req *req)
{
    body_field fields[1 + COIN_COUNT] = {version_field};
    body_value values[1 + COIN_COUNT];
    hearth_status status;
    int present = 0;
    for (int i = 0; i < COIN_COUNT; i++)
        fields[1 + i] = (body_field){coins[i], BODY_INTEGER, 0, 0, 0};
    struct job *job = begin(ctx, req, fields, 1 + COIN_COUNT, BODY_NEEDED, values, &status);
    if (!job)
        return status;
    job->intent = (struct rules_intent){.kind = INTENT_CURRENCY_MODIFY};
    for (int i = 0; i < COIN_COUNT; i++) {
        job->intent.coins[i] = values[1 + i].integer;
        present += values[1 + i].present;
    }
    if (present == 0) {
        refuse(job, "copper, silver, electrum, gold, platinum", "at least one of them");
        free(job);
        return HEARTH_OK;
    }
    return job_run(job, intent_begin);
}

hearth_status handle_currency_exchange(hearth_ctx *ctx, hearth_req *req)
{
    const body_field fields[4] = {version_field,
                                  {"from", BODY_STRING, 1, 0, 0},
                                  {"to", BODY_STRING, 1, 0, 0},
                                  {"amount", BODY_INTEGER, 1, 1, INTEGER_MAX}};
    body_value values[4];
    hearth_status status;
    struct job *job = begin(ctx, req, fields, 4, BODY_NEEDED, values, &status);
    if (!job)
        return status;
    int from = word(values[1].string, coins, COIN_COUNT);
    int to = word(values[2].string, coins, COIN_COUNT);
    if (from < 0 || to < 0 || from == to) {
        if (from < 0 || to < 0)
            refuse(job, from < 0 ? "from" : "to", "copper, silver, electrum, gold or platinum");
        else
            refuse(job, "to", "another coin than from");
        free(job);
        return HEARTH_OK;
    }
    job->intent = (struct rules_intent){.kind = INTENT_CURRENCY_EXCHANGE,
                                        .from = (enum rules_coin)from,
                                        .to = (enum rules_coin)to,
                                        .amount = values[3].integer};
    return job_run(job, intent_begin);
}

hearth_status handle_rest(hearth_ctx *ctx, hearth_req *req)
{
    static const char *const types[] = {"short", "long"};
    static const body_field type_field = {"type", BODY_STRING, 1, 0, 0};
    body_value values[2];
    hearth_status status;
    struct job *job = begin_with(ctx, req, &type_field, values, &status);
    if (!job)
        return status;
    int type = word(values[1].string, types, 2);
    if (type < 0) {
        refuse(job, "type", "short or long");
        free(job);
        return HEARTH_OK;
    }
    job->intent = (struct rules_intent){.kind = type == 0 ? INTENT_SHORT_REST : INTENT_LONG_REST};
    return job_run(job, intent_begin);
}

hearth_status handle_delete(hearth_ctx *ctx, hearth_req *req)
{
    const body_value no_version = {0};
    struct job *job = job_create(ctx, req, JOB_DELETE);
    if (!job)
        return HEARTH_ENOMEM;
    if (body_read_id(&job->loop->api, req, "id", job->id) && take_version(job, &no_version))
        return job_run(job, intent_begin);
    free(job);
    return HEARTH_OK;
}
