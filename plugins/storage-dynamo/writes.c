/*
 * writes.c - write and transact. Ops with a condition travel in batches, the others by themselves;
 * ops on one key in rounds, each when the one before it has its result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "write.h"

#define NONE          SIZE_MAX
#define TRANSACT_SIZE ((size_t)4 << 20) /* bytes of all items together: DynamoDB's limit */

/* ---- results ---- */

void write_result(struct write_call *call, size_t i, hearth_storage_outcome outcome,
                  const char *error)
{
    hearth_storage_result *result = &call->call.results[i];

    result->outcome = outcome;
    result->current = NULL;
    result->error = NULL;
    if (outcome == HEARTH_STORAGE_OK)
        return;
    snprintf(call->error, sizeof(call->error), "%s", error);
    result->error = call->error;
}

void write_conflict(struct write_call *call, size_t i, const hearth_json_value *item)
{
    const struct shared *shared = shared_of(call->ctx);
    storage_row *row = NULL;
    const hearth_doc *current = NULL;

    if (item) {
        row = item_read(shared->json, item, &call->call.ops[i].doc.key);
        if (!row) {
            write_result(call, i, HEARTH_STORAGE_RETRY, "dynamodb: the item cannot be read");
            return;
        }
        if (!storage_doc_expired(&row->doc, shared->clock->wall_ms(call->ctx)))
            current = &row->doc;
    }
    if (!storage_call_conflict(&call->call, i, current))
        write_result(call, i, HEARTH_STORAGE_RETRY, "dynamodb: out of memory");
    storage_rows_free(row);
}

static hearth_storage_outcome outcome_of(const struct answer *answer)
{
    if (answer->outcome == OUTCOME_OK)
        return HEARTH_STORAGE_OK;
    return answer->outcome == OUTCOME_FINAL ? HEARTH_STORAGE_FAILED : HEARTH_STORAGE_RETRY;
}

static void finish(struct write_call *call)
{
    hearth_ctx *ctx = call->ctx;

    call->call.done(call->call.result_list, call->call.count, call->call.arg);
    free(call->next);
    free(call->round);
    storage_call_destroy(call);
    plugin_call_ended(ctx);
}

static void finish_later(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    finish(arg);
}

/* ---- one op ---- */

static void add_op(struct text *body, const hearth_storage_op *op, const char *table, int64_t now)
{
    text_literal(body, "\"TableName\":\"");
    text_literal(body, table);
    if (op->action == HEARTH_PUT) {
        text_literal(body, "\",\"Item\":");
        item_write(body, &op->doc);
    } else {
        text_literal(body, "\",\"Key\":{");
        item_key(body, &op->doc.key);
        text_literal(body, "}");
    }
    item_condition(body, op, now);
}

static void on_single(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    struct write_unit *unit = arg;
    struct write_call *call = unit->call;

    if (answer->outcome == OUTCOME_CONDITION)
        write_conflict(call, unit->ops[0], shared_of(ctx)->json->get(answer->json, "Item"));
    else
        write_result(call, unit->ops[0], outcome_of(answer), answer->error);
    free(unit);
    write_answered(call);
}

void write_single(struct write_call *call, size_t i, unsigned flags)
{
    const struct shared *shared = shared_of(call->ctx);
    const hearth_storage_op *op = &call->call.ops[i];
    struct write_unit *unit = malloc(sizeof(*unit));
    struct text body = {.max = WRITE_BODY_MAX};

    if (!unit) {
        write_result(call, i, HEARTH_STORAGE_RETRY, "dynamodb: out of memory");
        return;
    }
    *unit = (struct write_unit){.call = call, .count = 1, .ops = {i}};
    text_literal(&body, "{\"ReturnConsumedCapacity\":\"TOTAL\",");
    add_op(&body, op, shared->table, shared->clock->wall_ms(call->ctx));
    text_literal(&body, "}");
    call->waiting++;
    request_send(call->ctx, op->action == HEARTH_PUT ? OPERATION_PUT : OPERATION_DELETE, flags,
                 &body, on_single, unit);
}

/* ---- rounds ---- */

static void flush(struct write_unit **unit)
{
    struct write_unit *full = *unit;

    *unit = NULL;
    if (!full)
        return;
    if (full->count > 1) {
        write_batch(full);
        return;
    }
    write_single(full->call, full->ops[0], REQUEST_ONCE);
    free(full);
}

/* Adds an op to the batch that is being gathered. */
static void add_to_batch(struct write_call *call, size_t i, struct write_unit **unit, size_t *size)
{
    size_t len = call->call.ops[i].doc.body.len;

    if (*unit && ((*unit)->count == BATCH_MAX || *size + len > BATCH_SIZE))
        flush(unit);
    if (!*unit) {
        *unit = malloc(sizeof(**unit));
        *size = 0;
        if (!*unit) {
            write_single(call, i, REQUEST_ONCE);
            return;
        }
        (*unit)->call = call;
        (*unit)->count = 0;
    }
    (*unit)->ops[(*unit)->count++] = i;
    *size += len;
}

static void send_round(struct write_call *call)
{
    struct write_unit *unit = NULL;
    size_t size = 0;

    for (size_t n = 0; n < call->round_count; n++) {
        size_t i = call->round[n];
        const hearth_storage_op *op = &call->call.ops[i];
        if (call->call.results[i].outcome != HEARTH_STORAGE_OK)
            continue; /* it has its result already */
        if (op->action == HEARTH_PUT && op->condition != HEARTH_IF_ANY)
            add_to_batch(call, i, &unit, &size);
        else
            write_single(call, i, REQUEST_ONCE);
    }
    flush(&unit);
}

/* An op that may still happen after it was given up must not overtake the next on its key. */
static void next_round(struct write_call *call)
{
    size_t count = 0;

    for (size_t n = 0; n < call->round_count; n++) {
        size_t i = call->round[n], following = call->next[i];
        if (following == NONE)
            continue;
        if (call->call.results[i].outcome == HEARTH_STORAGE_RETRY &&
            call->call.results[following].outcome == HEARTH_STORAGE_OK)
            write_result(call, following, HEARTH_STORAGE_RETRY, call->call.results[i].error);
        call->round[count++] = following;
    }
    call->round_count = count;
}

/* Rounds, until one has to be waited for. */
static void run(struct write_call *call)
{
    while (call->round_count > 0) {
        call->waiting++; /* keeps the call while requests are being sent */
        send_round(call);
        if (--call->waiting > 0)
            return;
        next_round(call);
    }
}

void write_answered(struct write_call *call)
{
    if (--call->waiting > 0)
        return;
    next_round(call);
    run(call);
    if (call->waiting == 0 && call->round_count == 0)
        finish(call);
}

/* ---- which ops are on one key ---- */

static uint64_t hash_part(uint64_t hash, hearth_str part)
{
    for (size_t i = 0; i < part.len; i++)
        hash = (hash ^ (unsigned char)part.ptr[i]) * 0x100000001b3u;
    return (hash ^ 0xff) * 0x100000001b3u;
}

static bool same_key(const hearth_key *a, const hearth_key *b)
{
    return storage_str_equal(a->sort, b->sort) && storage_str_equal(a->partition, b->partition) &&
           storage_str_equal(a->collection, b->collection);
}

/* Links each op to the next on its key; the first of each make the first round. The hash is seeded,
 * so that keys cannot be chosen to collide. */
static bool link_keys(struct write_call *call)
{
    size_t size = 16, count = call->call.count;
    uint64_t seed;

    while (size < count * 2)
        size *= 2;
    size_t *slots = malloc(size * sizeof(*slots));
    if (!slots)
        return false;
    memset(slots, 0xff, size * sizeof(*slots)); /* NONE */
    shared_of(call->ctx)->random->bytes(call->ctx, &seed, sizeof(seed));
    for (size_t i = 0; i < count; i++) {
        const hearth_key *key = &call->call.ops[i].doc.key;
        uint64_t hash =
            hash_part(hash_part(hash_part(seed, key->collection), key->partition), key->sort);
        size_t slot = (size_t)(hash ^ hash >> 32) & (size - 1);
        while (slots[slot] != NONE && !same_key(key, &call->call.ops[slots[slot]].doc.key))
            slot = (slot + 1) & (size - 1);
        call->next[i] = NONE;
        if (slots[slot] == NONE)
            call->round[call->round_count++] = i;
        else
            call->next[slots[slot]] = i;
        slots[slot] = i;
    }
    free(slots);
    return true;
}

/* ---- transactions ---- */

static void on_transact(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    const hearth_json *json = shared_of(ctx)->json;
    struct write_call *call = arg;
    const hearth_json_value *reasons = json->get(answer->json, "CancellationReasons");

    if (answer->outcome == OUTCOME_CONDITION && json->size(reasons) == call->call.count) {
        for (size_t i = 0; i < call->call.count; i++) {
            const hearth_json_value *reason = json->at(reasons, i);
            if (errors_by_name(json->as_string(json->get(reason, "Code"))) == OUTCOME_CONDITION)
                write_conflict(call, i, json->get(reason, "Item"));
        }
        storage_call_refuse(&call->call);
    } else if (answer->outcome != OUTCOME_OK) {
        snprintf(call->error, sizeof(call->error), "%s", answer->error);
        storage_call_fail(&call->call, outcome_of(answer), call->error);
    }
    finish(call);
}

static size_t total_size(const storage_call *call)
{
    size_t total = 0;

    for (size_t i = 0; i < call->count; i++) {
        const hearth_doc *doc = &call->ops[i].doc;
        total += doc->key.collection.len + doc->key.partition.len + doc->key.sort.len +
                 doc->body.len + doc->write_id.len;
    }
    return total;
}

static void send_transaction(struct write_call *call)
{
    const struct shared *shared = shared_of(call->ctx);
    struct text body = {.max = WRITE_BODY_MAX};
    int64_t now = shared->clock->wall_ms(call->ctx);
    char token[HEARTH_UUID_SIZE];

    shared->random->uuid(call->ctx, token);
    text_literal(&body, "{\"ReturnConsumedCapacity\":\"TOTAL\",\"ClientRequestToken\":\"");
    text_literal(&body, token);
    text_literal(&body, "\",\"TransactItems\":[");
    for (size_t i = 0; i < call->call.count; i++) {
        const hearth_storage_op *op = &call->call.ops[i];
        text_literal(&body, i > 0 ? "," : "");
        text_literal(&body, op->action == HEARTH_PUT ? "{\"Put\":{" : "{\"Delete\":{");
        add_op(&body, op, shared->table, now);
        text_literal(&body, "}}");
    }
    text_literal(&body, "]}");
    /* The token makes it one transaction however often it is sent. */
    request_send(call->ctx, OPERATION_TRANSACT, REQUEST_REPEATABLE, &body, on_transact, call);
}

/* ---- calls ---- */

static void finish_soon(struct write_call *call)
{
    if (shared_of(call->ctx)->loop->post(call->ctx, call->ctx->loop, finish_later, call) !=
        HEARTH_OK)
        finish(call);
}

static struct write_call *call_create(hearth_ctx *ctx, const hearth_storage_op *const *ops,
                                      size_t count, bool atomic, hearth_storage_write_fn done,
                                      void *arg)
{
    const struct shared *shared = shared_of(ctx);
    struct write_call *call =
        storage_call_create(sizeof(*call), ops, count, atomic, MAX_TRANSACT, done, arg);

    if (!call) {
        storage_fail_now(count, done, arg);
        return NULL;
    }
    call->ctx = ctx;
    plugin_call_begun(ctx);
    storage_call_check_bodies(&call->call, ctx, shared->json, shared->arena);
    return call;
}

void dynamo_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg)
{
    struct write_call *call = call_create(ctx, ops, count, false, done, arg);

    if (!call)
        return;
    call->next = calloc(count + 1, sizeof(*call->next));
    call->round = calloc(count + 1, sizeof(*call->round));
    if (!call->next || !call->round || !link_keys(call)) {
        call->round_count = 0;
        storage_call_fail(&call->call, HEARTH_STORAGE_RETRY, "dynamodb: out of memory");
    }
    run(call);
    if (call->waiting == 0)
        finish_soon(call);
}

void dynamo_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg)
{
    struct write_call *call = call_create(ctx, ops, count, true, done, arg);

    if (!call)
        return;
    if (total_size(&call->call) > TRANSACT_SIZE)
        storage_call_fail(&call->call, HEARTH_STORAGE_FAILED,
                          "dynamodb: a transaction has at most 4 MiB");
    if (count > 0 && !storage_call_has_failed(&call->call)) {
        send_transaction(call);
        return;
    }
    storage_call_refuse(&call->call);
    finish_soon(call);
}
