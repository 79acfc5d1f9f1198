/*
 * reads.c - get is a consistent GetItem; query and scan are consistent Query and Scan, page by
 * page.
 *
 * DynamoDB's pages may be empty and yet not be the last, because of what has expired or belongs to
 * another collection: such pages are passed over here.
 */
#include <stdlib.h>
#include <string.h>
#include <storage_cursor.h>
#include <storage_op.h>

#include "item.h"
#include "plugin.h"
#include "request.h"

#define MAX_LIMIT 1000
#define BODY_MAX  65536

/* One call, with copies of what it needs for its pages. */
struct read {
    hearth_ctx *ctx;
    enum operation operation;
    hearth_key key; /* QUERY: sort is the prefix; SCAN: the collection only */
    uint32_t limit;
    hearth_status status; /* of a refusal */
    union {
        hearth_storage_get_fn get;
        hearth_storage_page_fn page;
    } done;
    void *arg;
    hearth_str cursor; /* as it was given */
    hearth_key after;  /* where it stands; without ptr: at the start */
};

/* A page that is being gathered. */
struct rows {
    storage_row **rows;
    size_t count;
    bool more; /* there may be others behind the last row */
};

/* ---- answers ---- */

static void answer(struct read *read, hearth_status status, const hearth_doc *const *docs,
                   size_t count, hearth_str cursor)
{
    hearth_ctx *ctx = read->ctx;

    if (read->operation == OPERATION_GET)
        read->done.get(status, status == HEARTH_OK ? docs[0] : NULL, read->arg);
    else
        read->done.page(status, docs, count, cursor, read->arg);
    free(read);
    local_of(ctx)->pending--;
    plugin_check_drained(ctx);
}

static void refuse(hearth_ctx *ctx, void *arg)
{
    struct read *read = arg;
    (void)ctx;
    answer(read, read->status, NULL, 0, (hearth_str){NULL, 0});
}

static void refuse_later(struct read *read, hearth_status status)
{
    read->status = status;
    if (shared_of(read->ctx)->loop->post(read->ctx, read->ctx->loop, refuse, read) != HEARTH_OK)
        refuse(read->ctx, read);
}

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
    struct read *read = arg;
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
        else if (item_expired(&row->doc, shared->clock->wall_ms(ctx)))
            status = HEARTH_ENOTFOUND;
        else
            docs[0] = &row->doc;
    }
    if (status == HEARTH_EINTERNAL)
        HEARTH_LOG(shared->log, ctx, NULL, HEARTH_LOG_ERROR, "a document cannot be read: %s",
                   reply->error[0] ? reply->error : "its item was not written by Hearth");
    answer(read, status, docs, 1, (hearth_str){NULL, 0});
    storage_rows_free(row);
}

/* ---- pages ---- */

static void send_page(struct read *read, const hearth_json_value *from);

/* The living documents of an answer, at most `limit`. false: one of them is not ours. */
static bool gather(const struct read *read, const hearth_json_value *items, struct rows *rows)
{
    const struct shared *shared = shared_of(read->ctx);
    int64_t now = shared->clock->wall_ms(read->ctx);

    for (size_t i = 0; i < shared->json->size(items); i++) {
        storage_row *row = item_read(shared->json, shared->json->at(items, i), NULL);
        if (!row)
            return false;
        if (item_expired(&row->doc, now)) {
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

static void finish_page(struct read *read, struct rows *rows)
{
    const hearth_doc **docs = calloc(rows->count + 1, sizeof(*docs));
    char text[STORAGE_CURSOR_SIZE];
    hearth_str cursor = {NULL, 0};

    for (size_t i = 0; docs && i < rows->count; i++)
        docs[i] = &rows->rows[i]->doc;
    if (rows->more && rows->count > 0) {
        const hearth_key *last = &rows->rows[rows->count - 1]->doc.key;
        cursor = read->operation == OPERATION_QUERY ? storage_cursor_of_sort(last->sort, text)
                                                    : storage_cursor_of_key(last, text);
    }
    answer(read, docs ? HEARTH_OK : HEARTH_EUNAVAILABLE, docs, docs ? rows->count : 0, cursor);
    free(docs);
}

static void on_page(hearth_ctx *ctx, const struct answer *reply, void *arg)
{
    const hearth_json *json = shared_of(ctx)->json;
    struct read *read = arg;
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
        answer(read, status, NULL, 0, (hearth_str){NULL, 0});
    else if (rows.count == 0 && from)
        send_page(read, from);
    else
        finish_page(read, &rows);
    for (size_t i = 0; i < rows.count; i++)
        storage_rows_free(rows.rows[i]);
    free(rows.rows);
}

/* ---- requests ---- */

static void begin(struct read *read, struct text *body)
{
    text_literal(body, "{\"ReturnConsumedCapacity\":\"TOTAL\",\"ConsistentRead\":true,"
                       "\"TableName\":\"");
    text_literal(body, shared_of(read->ctx)->table);
    text_literal(body, "\"");
}

static void send_get(struct read *read)
{
    struct text body = {.max = BODY_MAX};

    begin(read, &body);
    text_literal(&body, ",\"Key\":{");
    item_key(&body, &read->key);
    text_literal(&body, "}}");
    request_send(read->ctx, OPERATION_GET, REQUEST_REPEATABLE, &body, on_get, read);
}

/* Where the next page begins: behind what DynamoDB looked at last, or behind the cursor's key. */
static void add_start(const struct read *read, const hearth_json_value *from, struct text *body)
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
static void send_page(struct read *read, const hearth_json_value *from)
{
    struct text body = {.max = BODY_MAX};
    bool query = read->operation == OPERATION_QUERY;

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
    request_send(read->ctx, read->operation, REQUEST_REPEATABLE, &body, on_page, read);
}

/* ---- calls ---- */

static struct read *read_create(hearth_ctx *ctx, enum operation operation, const hearth_key *key,
                                hearth_str cursor)
{
    struct read *read = calloc(1, sizeof(*read) + key->collection.len + key->partition.len +
                                      key->sort.len + cursor.len);
    if (!read)
        return NULL;
    char *end = (char *)(read + 1);
    read->ctx = ctx;
    read->operation = operation;
    read->key.collection = storage_place(&end, key->collection);
    read->key.partition = storage_place(&end, key->partition);
    read->key.sort = storage_place(&end, key->sort);
    read->cursor = storage_place(&end, cursor);
    local_of(ctx)->pending++;
    return read;
}

void dynamo_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct read *read = read_create(ctx, OPERATION_GET, key, (hearth_str){NULL, 0});
    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    read->done.get = done;
    read->arg = arg;
    if (storage_key_problem(key))
        refuse_later(read, HEARTH_EINVAL);
    else
        send_get(read);
}

static void submit_page(struct read *read, uint32_t limit, hearth_storage_page_fn done, void *arg,
                        bool good)
{
    read->limit = limit;
    read->done.page = done;
    read->arg = arg;
    if (good && limit >= 1 && limit <= MAX_LIMIT)
        send_page(read, NULL);
    else
        refuse_later(read, HEARTH_EINVAL);
}

void dynamo_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {collection, partition, prefix};
    struct read *read = read_create(ctx, OPERATION_QUERY, &key, cursor);
    hearth_str sort;

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, (hearth_str){NULL, 0}, arg);
        return;
    }
    bool good = !storage_key_problem(&key) && storage_cursor_to_sort(read->cursor, prefix, &sort);
    if (good && sort.ptr)
        read->after = (hearth_key){read->key.collection, read->key.partition, sort};
    submit_page(read, limit, done, arg, good);
}

void dynamo_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {.collection = collection};
    struct read *read = read_create(ctx, OPERATION_SCAN, &key, cursor);

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, (hearth_str){NULL, 0}, arg);
        return;
    }
    submit_page(read, limit, done, arg,
                !storage_part_problem(collection, true) &&
                    storage_cursor_to_key(read->cursor, collection, &read->after));
}
