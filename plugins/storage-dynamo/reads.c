/*
 * reads.c - get is a consistent GetItem; query and scan are consistent Query and Scan, page by
 * page.
 *
 * DynamoDB's pages may be empty and yet not be the last, because of what has expired or belongs to
 * another collection: such pages are passed over here.
 */
#include <stdlib.h>
#include <string.h>
#include <storage_op.h>
#include <storage_read.h>

#include "item.h"
#include "plugin.h"
#include "request.h"

#define BODY_MAX 65536

/* A page that is being gathered. */
struct rows {
    storage_row **rows;
    size_t count;
    bool more; /* there may be others behind the last row */
};

/* ---- answers ---- */

static hearth_status status_of(const struct answer *answer)
{
    switch (answer->outcome) {
    case OUTCOME_OK:
        return HEARTH_OK;
    case OUTCOME_UNKNOWN:
        return HEARTH_ETIMEOUT;
    case OUTCOME_FINAL:
        return HEARTH_EINTERNAL;
    default:
        return HEARTH_EUNAVAILABLE;
    }
}

static void on_get(hearth_ctx *ctx, const struct answer *reply, void *arg)
{
    const struct shared *shared = shared_of(ctx);
    storage_read *read = arg;
    const hearth_json_value *item = shared->json->get(reply->json, "Item");
    hearth_status status = status_of(reply);
    const hearth_doc *docs[1] = {NULL};
    storage_row *row = NULL;

    if (status == HEARTH_OK && !item) {
        status = HEARTH_ENOTFOUND;
    } else if (status == HEARTH_OK) {
        row = item_read(shared->json, item, &read->key);
        if (!row)
            status = HEARTH_EINTERNAL;
        else if (storage_doc_expired(&row->doc, shared->clock->wall_ms(ctx)))
            status = HEARTH_ENOTFOUND;
        else
            docs[0] = &row->doc;
    }
    if (status == HEARTH_EINTERNAL)
        HEARTH_LOG(shared->log, ctx, NULL, HEARTH_LOG_ERROR, "a document cannot be read: %s",
                   reply->error[0] ? reply->error : "its item was not written by Hearth");
    storage_read_answer(read, status, docs, 1, false);
    storage_rows_free(row);
}

/* ---- pages ---- */

static void send_page(storage_read *read, const hearth_json_value *from);

/* The living documents of an answer, at most `limit`. false: one of them is not ours. */
static bool gather(const storage_read *read, const hearth_json_value *items, struct rows *rows)
{
    const struct shared *shared = shared_of(read->ctx);
    int64_t now = shared->clock->wall_ms(read->ctx);

    for (size_t i = 0; i < shared->json->size(items); i++) {
        storage_row *row = item_read(shared->json, shared->json->at(items, i), NULL);
        if (!row)
            return false;
        if (storage_doc_expired(&row->doc, now)) {
            storage_rows_free(row);
        } else if (rows->count == read->limit) {
            storage_rows_free(row);
            rows->more = true;
            return true;
        } else {
            rows->rows[rows->count++] = row;
        }
    }
    return true;
}

static void finish_page(storage_read *read, struct rows *rows)
{
    const hearth_doc **docs = calloc(rows->count + 1, sizeof(*docs));

    for (size_t i = 0; docs && i < rows->count; i++)
        docs[i] = &rows->rows[i]->doc;
    storage_read_answer(read, docs ? HEARTH_OK : HEARTH_EUNAVAILABLE, docs, rows->count,
                        rows->more);
    free(docs);
}

static void on_page(hearth_ctx *ctx, const struct answer *reply, void *arg)
{
    const hearth_json *json = shared_of(ctx)->json;
    storage_read *read = arg;
    const hearth_json_value *items = json->get(reply->json, "Items");
    const hearth_json_value *from = json->get(reply->json, "LastEvaluatedKey");
    struct rows rows = {.rows = calloc(read->limit, sizeof(*rows.rows)), .more = from != NULL};
    hearth_status status = status_of(reply);

    if (status == HEARTH_OK && !rows.rows)
        status = HEARTH_EUNAVAILABLE;
    else if (status == HEARTH_OK && !gather(read, items, &rows))
        status = HEARTH_EINTERNAL;
    if (status == HEARTH_EINTERNAL)
        HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_ERROR, "a page cannot be read: %s",
                   reply->error[0] ? reply->error : "an item was not written by Hearth");
    if (status != HEARTH_OK)
        storage_read_answer(read, status, NULL, 0, false);
    else if (rows.count == 0 && from)
        send_page(read, from);
    else
        finish_page(read, &rows);
    for (size_t i = 0; i < rows.count; i++)
        storage_rows_free(rows.rows[i]);
    free(rows.rows);
}

/* ---- requests ---- */

static void begin(storage_read *read, struct text *body)
{
    text_literal(body, "{\"ReturnConsumedCapacity\":\"TOTAL\",\"ConsistentRead\":true,"
                       "\"TableName\":\"");
    text_literal(body, shared_of(read->ctx)->table);
    text_literal(body, "\"");
}

static void send_get(storage_read *read)
{
    struct text body = {.max = BODY_MAX};

    begin(read, &body);
    text_literal(&body, ",\"Key\":{");
    item_key(&body, &read->key);
    text_literal(&body, "}}");
    request_send(read->ctx, OPERATION_GET, REQUEST_REPEATABLE, &body, on_get, read);
}

/* Where the next page begins: behind what DynamoDB looked at last, or behind the cursor's key. */
static void add_start(const storage_read *read, const hearth_json_value *from, struct text *body)
{
    const hearth_json *json = shared_of(read->ctx)->json;

    if (from) {
        text_literal(body, ",\"ExclusiveStartKey\":{\"pk\":{\"S\":");
        text_string(body, json->as_string(json->get(json->get(from, "pk"), "S")));
        text_literal(body, "},\"sk\":{\"S\":");
        text_string(body, json->as_string(json->get(json->get(from, "sk"), "S")));
        text_literal(body, "}}");
    } else if (read->after.partition.ptr) {
        text_literal(body, ",\"ExclusiveStartKey\":{");
        item_key(body, &read->after);
        text_literal(body, "}");
    }
}

/* A query asks for one more than it needs: so it knows whether the page is the last. */
static void send_page(storage_read *read, const hearth_json_value *from)
{
    struct text body = {.max = BODY_MAX};
    bool query = read->kind == STORAGE_QUERY;

    begin(read, &body);
    text_literal(&body, ",\"Limit\":");
    text_number(&body, query ? read->limit + 1 : read->limit);
    add_start(read, from, &body);
    if (query) {
        text_literal(&body, ",\"KeyConditionExpression\":\"pk = :p AND begins_with(sk, :s)\","
                            "\"ExpressionAttributeValues\":{\":p\":");
        item_pk(&body, read->key.collection, read->key.partition);
        text_literal(&body, ",\":s\":");
        item_sk(&body, read->key.sort);
        text_literal(&body, "}");
    } else if (read->key.collection.len > 0) {
        text_literal(&body, ",\"FilterExpression\":\"begins_with(pk, :p)\","
                            "\"ExpressionAttributeValues\":{\":p\":");
        item_pk(&body, read->key.collection, (hearth_str){NULL, 0});
        text_literal(&body, "}");
    }
    text_literal(&body, "}");
    request_send(read->ctx, query ? OPERATION_QUERY : OPERATION_SCAN, REQUEST_REPEATABLE, &body,
                 on_page, read);
}

/* ---- calls ---- */

static bool send(storage_read *read)
{
    if (read->kind == STORAGE_GET)
        send_get(read);
    else
        send_page(read, NULL);
    return true;
}

static const storage_reader reader = {sizeof(storage_read), send, plugin_call_begun,
                                      plugin_call_ended};

void dynamo_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    storage_read_get(&reader, ctx, key, done, arg);
}

void dynamo_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    storage_read_query(&reader, ctx, collection, partition, prefix, limit, cursor, done, arg);
}

void dynamo_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    storage_read_scan(&reader, ctx, collection, limit, cursor, done, arg);
}
