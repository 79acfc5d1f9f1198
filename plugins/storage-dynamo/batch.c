/*
 * batch.c - BatchExecuteStatement: up to 25 conditional puts in one request, each with its own
 * verdict. (BatchWriteItem knows no conditions, PartiQL no unconditional put.)
 *
 * A put that must find nothing is an INSERT, one on a version or epoch an UPDATE that replaces
 * every attribute of ours. A statement that was refused without showing the item that is there is
 * put again by itself, which judges and shows it in one step.
 */
#include <stdlib.h>

#include "item.h"
#include "value.h"
#include "write.h"

/* ---- statements ---- */

static void add_number(struct text *text, uint64_t value)
{
    text_literal(text, "{\"N\":\"");
    text_number(text, value);
    text_literal(text, "\"}");
}

/* The values of the attributes, in the order in which the statements name them. */
static void add_attributes(struct text *text, const hearth_doc *doc)
{
    add_number(text, doc->version);
    text_literal(text, ",");
    add_number(text, doc->epoch);
    text_literal(text, ",");
    value_write(text, doc->body);
    if (doc->write_id.len > 0) {
        text_literal(text, ",{\"S\":");
        text_string(text, doc->write_id);
        text_literal(text, "}");
    }
    if (doc->expires_ms > 0) {
        text_literal(text, ",");
        add_number(text, (uint64_t)doc->expires_ms);
        text_literal(text, ",");
        add_number(text, (uint64_t)doc->expires_ms / 1000 + 1);
    }
}

static void add_insert(struct text *text, const hearth_doc *doc, const char *table)
{
    text_literal(text, "{\"Statement\":\"INSERT INTO \\\"");
    text_literal(text, table);
    text_literal(text, "\\\" VALUE {'version':?,'epoch':?,'body':?");
    text_literal(text, doc->write_id.len > 0 ? ",'write_id':?" : "");
    text_literal(text, doc->expires_ms > 0 ? ",'expires_ms':?,'ttl':?" : "");
    text_literal(text, ",'pk':?,'sk':?}\",\"Parameters\":[");
    add_attributes(text, doc);
    text_literal(text, ",");
    item_pk(text, doc->key.collection, doc->key.partition);
    text_literal(text, ",");
    item_sk(text, doc->key.sort);
}

static void add_update(struct text *text, const hearth_storage_op *op, const char *table,
                       int64_t now)
{
    const hearth_doc *doc = &op->doc;
    bool version = op->condition & HEARTH_IF_VERSION, epoch = op->condition & HEARTH_IF_EPOCH;

    text_literal(text, "{\"Statement\":\"UPDATE \\\"");
    text_literal(text, table);
    text_literal(text, "\\\" SET \\\"version\\\"=? SET \\\"epoch\\\"=? SET \\\"body\\\"=?");
    text_literal(text,
                 doc->write_id.len > 0 ? " SET \\\"write_id\\\"=?" : " REMOVE \\\"write_id\\\"");
    text_literal(text, doc->expires_ms > 0 ? " SET \\\"expires_ms\\\"=? SET \\\"ttl\\\"=?"
                                           : " REMOVE \\\"expires_ms\\\" REMOVE \\\"ttl\\\"");
    text_literal(text, " WHERE pk=? AND sk=? AND (\\\"expires_ms\\\" IS MISSING OR "
                       "\\\"expires_ms\\\">?)");
    text_literal(text, version ? " AND \\\"version\\\"=?" : "");
    text_literal(text, epoch ? " AND \\\"epoch\\\"=?" : "");
    text_literal(text, "\",\"Parameters\":[");
    add_attributes(text, doc);
    text_literal(text, ",");
    item_pk(text, doc->key.collection, doc->key.partition);
    text_literal(text, ",");
    item_sk(text, doc->key.sort);
    text_literal(text, ",");
    add_number(text, (uint64_t)now);
    if (version) {
        text_literal(text, ",");
        add_number(text, op->base_version);
    }
    if (epoch) {
        text_literal(text, ",");
        add_number(text, op->base_epoch);
    }
}

/* ---- verdicts ---- */

static void judge_statement(struct write_call *call, size_t i, const hearth_json_value *response)
{
    const hearth_json *json = shared_of(call->ctx)->json;
    const hearth_json_value *error = json->get(response, "Error");
    const hearth_json_value *item = json->get(error, "Item");

    if (!error)
        return; /* it has happened */
    switch (errors_by_name(json->as_string(json->get(error, "Code")))) {
    case OUTCOME_CONDITION:
        if (item) {
            write_conflict(call, i, item);
            break;
        }
        write_single(call, i, REQUEST_ONCE);
        break;
    case OUTCOME_DUPLICATE: /* what is there may have expired */
    case OUTCOME_FINAL:
        write_single(call, i, REQUEST_ONCE);
        break;
    case OUTCOME_THROTTLED:
    case OUTCOME_CONTENTION:
        write_single(call, i, REQUEST_PATIENT);
        break;
    default:
        write_result(call, i, HEARTH_STORAGE_RETRY,
                     "dynamodb: a statement of a batch has no certain outcome");
        break;
    }
}

static void on_batch(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    const hearth_json *json = shared_of(ctx)->json;
    struct write_unit *unit = arg;
    struct write_call *call = unit->call;
    const hearth_json_value *responses = json->get(answer->json, "Responses");
    bool whole = answer->outcome == OUTCOME_OK && json->size(responses) == unit->count;

    for (size_t n = 0; n < unit->count; n++) {
        if (whole)
            judge_statement(call, unit->ops[n], json->at(responses, n));
        else if (answer->outcome == OUTCOME_FINAL) /* one of them is to blame */
            write_single(call, unit->ops[n], REQUEST_ONCE);
        else
            write_result(call, unit->ops[n], HEARTH_STORAGE_RETRY,
                         answer->error[0] ? answer->error : "dynamodb: results are missing");
    }
    free(unit);
    write_answered(call);
}

void write_batch(struct write_unit *unit)
{
    const struct shared *shared = shared_of(unit->call->ctx);
    int64_t now = shared->clock->wall_ms(unit->call->ctx);
    struct text body = {.max = WRITE_BODY_MAX};

    text_literal(&body, "{\"ReturnConsumedCapacity\":\"TOTAL\",\"Statements\":[");
    for (size_t n = 0; n < unit->count; n++) {
        const hearth_storage_op *op = &unit->call->call.ops[unit->ops[n]];
        text_literal(&body, n > 0 ? "," : "");
        if (op->condition == HEARTH_IF_ABSENT)
            add_insert(&body, &op->doc, shared->table);
        else
            add_update(&body, op, shared->table, now);
        text_literal(&body, "],\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}");
    }
    text_literal(&body, "]}");
    unit->call->waiting++;
    request_send(unit->call->ctx, OPERATION_BATCH, REQUEST_ONCE, &body, on_batch, unit);
}
