/*
 * plugin.c - storage-faulty: hearth.storage/1 over documents in memory and a log, with faults on
 * command. Only for tests; without a fault it keeps every promise of the service.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearth/json.h>
#include <hearth/plugin.h>
#include <hearth/timer.h>

#include "documents.h"
#include "faults.h"
#include "storage_cursor.h"

#define MAX_TRANSACT 100
#define MAX_PAGE     1000
#define PAGE_BYTES   (1 << 20)

struct shared {
    struct documents documents;
    hearth_storage_caps caps;
    char log_path[4096], faults_path[4096], identity[64];
};

struct local {
    int healthy;
    size_t answers; /* on their way */
    int draining;
};

/* One call's answer. A write's strings are in its storage_call. */
struct answer {
    storage_call call; /* first: storage_call_create makes it */
    hearth_ctx *ctx;
    hearth_storage_get_fn get;
    hearth_storage_page_fn page;
    void *arg;
    hearth_status status;
    storage_row *rows;
    size_t count;
    char cursor_text[STORAGE_CURSOR_SIZE];
    hearth_str cursor;
};

/* ---- answering ---- */

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct answer *answer = arg;
    struct local *local = ctx->state;
    const hearth_doc *docs[MAX_PAGE];
    size_t count = 0;

    for (storage_row *row = answer->rows; row; row = row->next)
        docs[count++] = &row->doc;
    if (answer->get)
        answer->get(answer->status, count ? docs[0] : NULL, answer->arg);
    else if (answer->page)
        answer->page(answer->status, docs, count, answer->cursor, answer->arg);
    else
        answer->call.done(answer->call.result_list, answer->call.count, answer->call.arg);
    storage_rows_free(answer->rows);
    storage_call_destroy(answer);
    local->answers--;
    if (local->draining && local->answers == 0) {
        local->draining = 0;
        ctx->host->drained(ctx);
    }
}

static void send(struct answer *answer, unsigned latency_ms)
{
    hearth_ctx *ctx = answer->ctx;
    ((struct local *)ctx->state)->answers++;
    if (latency_ms > 0 && hearth_timer_get(ctx)->start(ctx, latency_ms, 0, deliver, answer))
        return;
    if (hearth_loop_get(ctx)->post(ctx, ctx->loop, deliver, answer) != HEARTH_OK)
        abort();
}

static struct answer *answer_create(hearth_ctx *ctx, void *arg)
{
    struct answer *answer =
        storage_call_create(sizeof(*answer), NULL, 0, false, MAX_TRANSACT, NULL, NULL);
    if (!answer)
        abort(); /* a test has memory */
    answer->ctx = ctx;
    answer->arg = arg;
    return answer;
}

static struct fault_now fault_of(hearth_ctx *ctx, hearth_str collection)
{
    struct fault_now now = faults_read(((struct shared *)ctx->shared)->faults_path, collection);
    ((struct local *)ctx->state)->healthy = now.fault != FAULT_DOWN;
    return now;
}

/* ---- reading ---- */

static void add_row(struct answer *answer, storage_row ***last, const hearth_doc *doc)
{
    storage_row *row = storage_row_create(doc);
    if (!row)
        abort();
    **last = row;
    *last = &row->next;
    answer->count++;
}

static void get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct shared *shared = ctx->shared;
    struct fault_now now = fault_of(ctx, key->collection);
    struct answer *answer = answer_create(ctx, arg);
    storage_row **last = &answer->rows;

    answer->get = done;
    if (storage_key_problem(key)) {
        answer->status = HEARTH_EINVAL;
    } else if (now.fault == FAULT_DOWN) {
        answer->status = HEARTH_EUNAVAILABLE;
    } else {
        pthread_mutex_lock(&shared->documents.lock);
        const hearth_doc *doc =
            documents_find(&shared->documents, key, hearth_clock_get(ctx)->wall_ms(ctx));
        answer->status = doc ? HEARTH_OK : HEARTH_ENOTFOUND;
        if (doc)
            add_row(answer, &last, doc);
        pthread_mutex_unlock(&shared->documents.lock);
    }
    send(answer, now.latency_ms);
}

/* Rows from `from` on (its own key left out if `behind`) while `belongs`. */
struct range {
    hearth_key from;
    bool behind, query;
    hearth_str collection, partition, prefix;
};

static bool belongs(const struct range *range, const hearth_doc *doc)
{
    if (range->collection.len > 0 && !storage_str_equal(doc->key.collection, range->collection))
        return false;
    if (!range->query)
        return true;
    return storage_str_equal(doc->key.partition, range->partition) &&
           doc->key.sort.len >= range->prefix.len &&
           (range->prefix.len == 0 ||
            memcmp(doc->key.sort.ptr, range->prefix.ptr, range->prefix.len) == 0);
}

static void read_range(hearth_ctx *ctx, struct answer *answer, const struct range *range,
                       uint32_t limit)
{
    struct shared *shared = ctx->shared;
    struct documents *documents = &shared->documents;
    int64_t now = hearth_clock_get(ctx)->wall_ms(ctx);
    storage_row **last = &answer->rows;
    const hearth_doc *end = NULL;
    size_t bytes = 0;

    pthread_mutex_lock(&documents->lock);
    size_t at = documents_lower_bound(documents, &range->from);
    for (; at < documents->count; at++) {
        const hearth_doc *doc = &documents->rows[at]->doc;
        if (!belongs(range, doc))
            break;
        bool same = range->behind && storage_str_equal(doc->key.sort, range->from.sort) &&
                    storage_str_equal(doc->key.partition, range->from.partition) &&
                    storage_str_equal(doc->key.collection, range->from.collection);
        if (same || (doc->expires_ms > 0 && doc->expires_ms <= now))
            continue;
        if (answer->count == limit || bytes > PAGE_BYTES) {
            answer->cursor = range->query
                                 ? storage_cursor_of_sort(end->key.sort, answer->cursor_text)
                                 : storage_cursor_of_key(&end->key, answer->cursor_text);
            break;
        }
        add_row(answer, &last, doc);
        end = doc;
        bytes += doc->body.len;
    }
    pthread_mutex_unlock(&documents->lock);
}

static void page(hearth_ctx *ctx, const struct range *range, bool good, uint32_t limit,
                 hearth_storage_page_fn done, void *arg)
{
    struct fault_now now = fault_of(ctx, range->collection);
    struct answer *answer = answer_create(ctx, arg);

    answer->page = done;
    if (!good || limit < 1 || limit > MAX_PAGE)
        answer->status = HEARTH_EINVAL;
    else if (now.fault == FAULT_DOWN)
        answer->status = HEARTH_EUNAVAILABLE;
    else
        read_range(ctx, answer, range, limit);
    send(answer, now.latency_ms);
}

static void query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_str sort = {NULL, 0};
    bool good = !storage_part_problem(collection, false) &&
                !storage_part_problem(partition, false) && !storage_part_problem(prefix, true) &&
                storage_cursor_to_sort(cursor, prefix, &sort);
    struct range range = {.from = {collection, partition, cursor.len ? sort : prefix},
                          .behind = cursor.len > 0,
                          .query = true,
                          .collection = collection,
                          .partition = partition,
                          .prefix = prefix};
    page(ctx, &range, good, limit, done, arg);
}

static void scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    struct range range = {.collection = collection, .behind = cursor.len > 0};
    bool good = !storage_part_problem(collection, true) &&
                storage_cursor_to_key(cursor, collection, &range.from);
    page(ctx, &range, good, limit, done, arg);
}

/* ---- writing ---- */

static bool holds(const hearth_storage_op *op, const hearth_doc *doc)
{
    if (op->condition & HEARTH_IF_ABSENT)
        return !doc;
    if ((op->condition & HEARTH_IF_VERSION) && (!doc || doc->version != op->base_version))
        return false;
    return !(op->condition & HEARTH_IF_EPOCH) || (doc && doc->epoch == op->base_epoch);
}

static bool is_json(hearth_ctx *ctx, hearth_str body)
{
    const hearth_json *json = hearth_json_get(ctx);
    const hearth_json_value *value;
    hearth_arena *arena = hearth_arena_get(ctx)->create(ctx, 16 * HEARTH_STORAGE_MAX_BODY);
    bool good = arena && json->parse(arena, body, &value, NULL) == HEARTH_OK &&
                json->type(value) == HEARTH_JSON_OBJECT;
    if (arena)
        hearth_arena_get(ctx)->destroy(arena);
    return good;
}

/* As if somebody else had written in between. */
static void meddle(struct documents *documents, const hearth_storage_op *op)
{
    hearth_storage_op other = *op;
    const hearth_doc *doc = documents_find(documents, &op->doc.key, 0);
    if (!doc)
        return;
    other.action = HEARTH_PUT;
    other.doc = *doc;
    other.doc.version = doc->version + 1000;
    other.doc.write_id = HEARTH_STR("a-stranger/1/1");
    storage_row *copy = storage_row_create(&other.doc);
    other.doc = copy->doc;
    if (!documents_apply(documents, &other))
        abort();
    free(copy);
}

static void judge(struct documents *documents, storage_call *call, size_t i, int64_t now)
{
    const hearth_doc *doc = documents_find(documents, &call->ops[i].doc.key, now);
    if (call->results[i].outcome == HEARTH_STORAGE_OK && !holds(&call->ops[i], doc) &&
        !storage_call_conflict(call, i, doc))
        abort();
    if (call->results[i].outcome == HEARTH_STORAGE_OK && !call->atomic &&
        !documents_apply(documents, &call->ops[i]))
        call->results[i].outcome = HEARTH_STORAGE_RETRY;
}

static void write_call(hearth_ctx *ctx, storage_call *call, enum fault fault)
{
    struct documents *documents = &((struct shared *)ctx->shared)->documents;
    int64_t now = hearth_clock_get(ctx)->wall_ms(ctx);
    bool refused = false;

    for (size_t i = 0; i < call->count; i++) {
        if (call->ops[i].action == HEARTH_PUT && call->results[i].outcome == HEARTH_STORAGE_OK &&
            !is_json(ctx, call->ops[i].doc.body)) {
            call->results[i].outcome = HEARTH_STORAGE_FAILED;
            call->results[i].error = "the body is not a JSON object";
        }
    }
    pthread_mutex_lock(&documents->lock);
    for (size_t i = 0; i < call->count; i++) {
        if (fault == FAULT_CONFLICT)
            meddle(documents, &call->ops[i]);
        judge(documents, call, i, now);
        refused = refused || call->results[i].outcome != HEARTH_STORAGE_OK;
    }
    for (size_t i = 0; i < call->count && call->atomic && !refused; i++) {
        if (!documents_apply(documents, &call->ops[i]))
            abort();
    }
    pthread_mutex_unlock(&documents->lock);
    if (call->atomic && refused)
        storage_call_refuse(call);
}

static void run(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count, bool atomic,
                hearth_storage_write_fn done, void *arg)
{
    struct fault_now now =
        fault_of(ctx, count > 0 ? ops[0]->doc.key.collection : (hearth_str){NULL, 0});
    struct answer *answer =
        storage_call_create(sizeof(*answer), ops, count, atomic, MAX_TRANSACT, done, arg);

    if (!answer) {
        storage_fail_now(count, done, arg);
        return;
    }
    answer->ctx = ctx;
    if (now.fault == FAULT_DOWN || now.fault == FAULT_RETRY)
        storage_call_fail(&answer->call, HEARTH_STORAGE_RETRY, "storage-faulty: try again");
    else if (now.fault == FAULT_FAILED)
        storage_call_fail(&answer->call, HEARTH_STORAGE_FAILED, "storage-faulty: never");
    else
        write_call(ctx, &answer->call, now.fault);
    if (now.fault == FAULT_LOST)
        storage_call_fail(&answer->call, HEARTH_STORAGE_RETRY,
                          "storage-faulty: the answer is lost");
    send(answer, now.latency_ms);
}

static void write_ops(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                      hearth_storage_write_fn done, void *arg)
{
    run(ctx, ops, count, false, done, arg);
}

static void transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg)
{
    run(ctx, ops, count, true, done, arg);
}

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &((struct shared *)ctx->shared)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return ((struct local *)ctx->state)->healthy;
}

/* ---- life ---- */

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared;
    documents_finish(&shared->documents);
    free(shared);
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared = calloc(1, sizeof(*shared));
    hearth_str dir = ctx->host->data_dir(ctx);

    if (!shared)
        return HEARTH_ENOMEM;
    snprintf(shared->log_path, sizeof(shared->log_path), "%.*s/documents.log", HEARTH_ARG(dir));
    snprintf(shared->faults_path, sizeof(shared->faults_path), "%.*s/faults", HEARTH_ARG(dir));
    snprintf(shared->identity, sizeof(shared->identity), "faulty:here");
    shared->caps = (hearth_storage_caps){.struct_size = sizeof(hearth_storage_caps),
                                         .max_transact = MAX_TRANSACT,
                                         .max_body = HEARTH_STORAGE_MAX_BODY,
                                         .max_batch = 64,
                                         .name = "faulty",
                                         .identity = shared->identity};
    if (documents_init(&shared->documents, shared->log_path) == 0)
        return HEARTH_OK;
    hearth_log_get(ctx)->write(ctx, NULL, HEARTH_LOG_ERROR, "%s: %s", shared->log_path,
                               strerror(errno));
    close_plugin(ctx);
    return HEARTH_EINTERNAL;
}

static hearth_status start(hearth_ctx *ctx)
{
    struct local *local = ctx->state = calloc(1, sizeof(*local));
    if (!local)
        return HEARTH_ENOMEM;
    local->healthy = 1;
    return HEARTH_OK;
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = ctx->state;
    local->draining = local->answers > 0;
    return local->draining ? HEARTH_DEFERRED : HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
}

static const hearth_storage storage = {.struct_size = sizeof(hearth_storage),
                                       .get = get,
                                       .query = query,
                                       .scan = scan,
                                       .write = write_ops,
                                       .transact = transact,
                                       .caps = caps,
                                       .healthy = healthy};

HEARTH_PLUGIN(
    "storage-faulty", "1.0.0", .summary = "Storage that fails on command, for tests.",
    .uses = (const hearth_use[]){{HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
                                 {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
                                 {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
                                 {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
                                 {0}},
    .provides = (const hearth_provide[]){{HEARTH_STORAGE_ID, &storage}, {0}}, .open = open_plugin,
    .start = start, .drain = drain, .stop = stop, .close = close_plugin);
