/*
 * store.c - each answer is a heap copy that is posted to the calling loop, so that it never comes
 * before its call has returned, and AddressSanitizer sees who keeps what he was only lent.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearth/clock.h>
#include <hearth/loop.h>

#define MAX_OPS 1024

struct answer {
    struct answer *next;
    struct store *store;
    hearth_ctx *ctx;
    void *arg;
    hearth_storage_get_fn get;
    hearth_storage_page_fn page;
    hearth_storage_write_fn write;
    hearth_status status;
    size_t count;
    char cursor[24]; /* of a page: how many came before the next one */
    struct stored *docs[MAX_OPS];
    hearth_storage_result results[MAX_OPS];
};

/* ---- documents ---- */

static hearth_str dup_str(hearth_str s)
{
    char *copy = malloc(s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (hearth_str){copy, s.len};
}

static struct stored *dup_doc(const hearth_doc *doc)
{
    struct stored *copy = calloc(1, sizeof(*copy));
    copy->doc = *doc;
    copy->doc.struct_size = sizeof(hearth_doc);
    copy->doc.key.collection = dup_str(doc->key.collection);
    copy->doc.key.partition = dup_str(doc->key.partition);
    copy->doc.key.sort = dup_str(doc->key.sort);
    copy->doc.body = dup_str(doc->body);
    copy->doc.write_id = dup_str(doc->write_id);
    return copy;
}

static void free_doc(struct stored *doc)
{
    if (!doc)
        return;
    free((char *)(uintptr_t)doc->doc.key.collection.ptr);
    free((char *)(uintptr_t)doc->doc.key.partition.ptr);
    free((char *)(uintptr_t)doc->doc.key.sort.ptr);
    free((char *)(uintptr_t)doc->doc.body.ptr);
    free((char *)(uintptr_t)doc->doc.write_id.ptr);
    free(doc);
}

static bool same(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

hearth_key store_key(const char *collection, const char *partition, const char *sort)
{
    return (hearth_key){
        {collection, strlen(collection)}, {partition, strlen(partition)}, {sort, strlen(sort)}};
}

static struct stored **locate(struct store *store, const hearth_key *key)
{
    struct stored **link = &store->docs;
    while (*link && !(same((*link)->doc.key.collection, key->collection) &&
                      same((*link)->doc.key.partition, key->partition) &&
                      same((*link)->doc.key.sort, key->sort)))
        link = &(*link)->next;
    return link;
}

struct stored *store_find(struct store *store, const hearth_key *key)
{
    return *locate(store, key);
}

void store_delete(struct store *store, const hearth_key *key)
{
    struct stored **link = locate(store, key), *doc = *link;
    if (!doc)
        return;
    *link = doc->next;
    free_doc(doc);
}

static void put(struct store *store, const hearth_doc *doc)
{
    store_delete(store, &doc->key);
    struct stored *copy = dup_doc(doc);
    copy->next = store->docs;
    store->docs = copy;
}

void store_put(struct store *store, const hearth_key *key, const char *body, uint64_t version,
               const char *write_id)
{
    hearth_doc doc = {.struct_size = sizeof(doc),
                      .key = *key,
                      .body = {body, strlen(body)},
                      .version = version,
                      .write_id = {write_id, strlen(write_id)}};
    put(store, &doc);
}

/* ---- answers ---- */

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct answer *answer = arg;
    const hearth_storage_result *results[MAX_OPS];
    const hearth_doc *docs[MAX_OPS];
    (void)ctx;

    for (size_t i = 0; i < answer->count; i++) {
        results[i] = &answer->results[i];
        docs[i] = answer->docs[i] ? &answer->docs[i]->doc : NULL;
    }
    if (answer->get)
        answer->get(answer->status, answer->count ? docs[0] : NULL, answer->arg);
    else if (answer->page)
        answer->page(answer->status, docs, answer->count,
                     (hearth_str){answer->cursor, strlen(answer->cursor)}, answer->arg);
    else
        answer->write(results, answer->count, answer->arg);
    for (size_t i = 0; i < answer->count; i++)
        free_doc(answer->docs[i]);
    free(answer);
}

static void send(struct answer *answer)
{
    struct store *store = answer->store;
    if (store->hold) {
        struct answer **last = &store->held;
        while (*last)
            last = &(*last)->next;
        *last = answer;
        return;
    }
    const hearth_loop_api *loops = hearth_loop_get(answer->ctx);
    if (loops->post(answer->ctx, answer->ctx->loop, deliver, answer) < 0 && /* as a test told it */
        loops->post(answer->ctx, answer->ctx->loop, deliver, answer) < 0)
        abort();
}

void store_release(struct store *store)
{
    store->hold = false;
    while (store->held) {
        struct answer *answer = store->held;
        store->held = answer->next;
        send(answer);
    }
}

static struct answer *answer_create(hearth_ctx *ctx, void *arg)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    answer->store = ctx->shared;
    answer->ctx = ctx;
    answer->arg = arg;
    return answer;
}

/* ---- the service ---- */

static bool expired(hearth_ctx *ctx, const hearth_doc *doc)
{
    return doc->expires_ms > 0 && doc->expires_ms <= hearth_clock_get(ctx)->wall_ms(ctx);
}

static void get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct store *store = ctx->shared;
    struct answer *answer = answer_create(ctx, arg);
    struct stored *found = store_find(store, key);

    store->reads++;
    answer->get = done;
    if (store->down) {
        answer->status = HEARTH_EUNAVAILABLE;
    } else if (!found || expired(ctx, &found->doc)) {
        answer->status = HEARTH_ENOTFOUND;
    } else {
        answer->docs[0] = dup_doc(&found->doc);
        answer->count = 1;
    }
    send(answer);
}

static void query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    struct store *store = ctx->shared;
    struct answer *answer = answer_create(ctx, arg);
    size_t before = cursor.len > 0 ? strtoul(cursor.ptr, NULL, 10) : 0, found = 0;
    (void)limit;

    store->queries++;
    answer->page = done;
    answer->status = store->down ? HEARTH_EUNAVAILABLE : HEARTH_OK;
    for (struct stored *doc = store->docs; doc && !store->down; doc = doc->next) {
        const hearth_key *key = &doc->doc.key;
        if (same(key->collection, collection) && same(key->partition, partition) &&
            key->sort.len >= prefix.len && same((hearth_str){key->sort.ptr, prefix.len}, prefix) &&
            !expired(ctx, &doc->doc) && found++ >= before) {
            if (store->page > 0 && answer->count == store->page) {
                snprintf(answer->cursor, sizeof(answer->cursor), "%zu", before + store->page);
                break;
            }
            answer->docs[answer->count++] = dup_doc(&doc->doc);
        }
    }
    send(answer);
}

static void scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    query(ctx, collection, (hearth_str){NULL, 0}, (hearth_str){NULL, 0}, limit, cursor, done, arg);
}

static bool scripted(struct store *store, hearth_str collection)
{
    if (store->only)
        return same(collection, (hearth_str){store->only, strlen(store->only)});
    return !same(collection, HEARTH_STR("leases"));
}

static enum script next_script(struct store *store, hearth_str collection)
{
    if (!scripted(store, collection))
        return SCRIPT_OK;
    if (store->script_next < store->script_count)
        return store->script[store->script_next++];
    return store->always;
}

static bool holds(hearth_ctx *ctx, const hearth_storage_op *op, const struct stored *found)
{
    if (found && expired(ctx, &found->doc))
        found = NULL;
    if (op->condition & HEARTH_IF_ABSENT)
        return !found;
    if (op->condition & HEARTH_IF_VERSION)
        return found && found->doc.version == op->base_version;
    return true;
}

static void judge(hearth_ctx *ctx, const hearth_storage_op *op, struct answer *answer, size_t i)
{
    struct stored *found = store_find(ctx->shared, &op->doc.key);

    if (holds(ctx, op, found))
        return;
    answer->results[i].outcome = HEARTH_STORAGE_CONFLICT;
    if (found && !expired(ctx, &found->doc)) {
        answer->docs[i] = dup_doc(&found->doc);
        answer->results[i].current = &answer->docs[i]->doc;
    }
}

static void apply(struct store *store, const hearth_storage_op *op)
{
    if (op->action == HEARTH_PUT)
        put(store, &op->doc);
    else
        store_delete(store, &op->doc.key);
}

static void run(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count, bool atomic,
                hearth_storage_write_fn done, void *arg)
{
    struct store *store = ctx->shared;
    struct answer *answer = answer_create(ctx, arg);
    enum script script = next_script(store, ops[0]->doc.key.collection);
    bool refused = false;

    answer->write = done;
    answer->count = count;
    store->writes++;
    store->write_ops += count;
    for (size_t i = 0; i < count; i++) {
        hearth_storage_result *result = &answer->results[i];
        result->struct_size = sizeof(*result);
        if (store->down || script == SCRIPT_RETRY) {
            result->outcome = HEARTH_STORAGE_RETRY;
            result->error = "scripted: try again";
        } else if (script == SCRIPT_FAILED) {
            result->outcome = HEARTH_STORAGE_FAILED;
            result->error = "scripted: never";
        } else {
            judge(ctx, ops[i], answer, i);
            if (result->outcome == HEARTH_STORAGE_OK && !atomic)
                apply(store, ops[i]);
        }
        refused = refused || result->outcome != HEARTH_STORAGE_OK;
    }
    for (size_t i = 0; i < count && atomic; i++) {
        if (!refused)
            apply(store, ops[i]);
        else if (answer->results[i].outcome == HEARTH_STORAGE_OK)
            answer->results[i].outcome = HEARTH_STORAGE_CONFLICT;
    }
    for (size_t i = 0; i < count && script == SCRIPT_LOST; i++)
        answer->results[i].outcome = HEARTH_STORAGE_RETRY;
    send(answer);
}

static void write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
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
    return &((struct store *)ctx->shared)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return !((struct store *)ctx->shared)->down;
}

const hearth_storage store_table = {.struct_size = sizeof(hearth_storage),
                                    .get = get,
                                    .query = query,
                                    .scan = scan,
                                    .write = write,
                                    .transact = transact,
                                    .caps = caps,
                                    .healthy = healthy};

void store_init(struct store *store, const char *identity)
{
    *store = (struct store){0};
    store->caps = (hearth_storage_caps){.struct_size = sizeof(hearth_storage_caps),
                                        .max_transact = 100,
                                        .max_body = HEARTH_STORAGE_MAX_BODY,
                                        .max_batch = 100,
                                        .name = "scripted",
                                        .identity = identity};
}

void store_script(struct store *store, const enum script *script, size_t count)
{
    memcpy(store->script, script, count * sizeof(*script));
    store->script_count = count;
    store->script_next = 0;
}

void store_finish(struct store *store)
{
    while (store->docs) {
        struct stored *next = store->docs->next;
        free_doc(store->docs);
        store->docs = next;
    }
}
