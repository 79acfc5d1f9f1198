/*
 * memory_store.c - see memory_store.h. The fake host runs all loops on one thread.
 */
#include "memory_store.h"

#include <stdlib.h>
#include <string.h>

#include <hearth/loop.h>

#include "../text.h"

#define MAX_DOCS 256

int memory_store_away, memory_store_lose, memory_store_calls;

static hearth_doc docs[MAX_DOCS];
static size_t count;

struct call {
    hearth_ctx *ctx;
    void (*deliver)(struct call *call);
    hearth_key key;
    hearth_storage_op op;
    hearth_storage_get_fn got;
    hearth_storage_page_fn page;
    hearth_storage_write_fn written;
    void *arg;
};

static hearth_str copy(hearth_str text)
{
    char *bytes = calloc(1, text.len + 1);
    if (text.len > 0)
        memcpy(bytes, text.ptr, text.len);
    return (hearth_str){bytes, text.len};
}

static hearth_key copy_key(const hearth_key *key)
{
    return (hearth_key){copy(key->collection), copy(key->partition), copy(key->sort)};
}

static void free_key(hearth_key *key)
{
    free((void *)(uintptr_t)key->collection.ptr);
    free((void *)(uintptr_t)key->partition.ptr);
    free((void *)(uintptr_t)key->sort.ptr);
}

static void free_doc(hearth_doc *doc)
{
    free_key(&doc->key);
    free((void *)(uintptr_t)doc->body.ptr);
    free((void *)(uintptr_t)doc->write_id.ptr);
}

void memory_store_clear(void)
{
    while (count > 0)
        free_doc(&docs[--count]);
    memory_store_away = memory_store_lose = memory_store_calls = 0;
}

static hearth_doc *find(const hearth_key *key)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(docs[i].key.collection, key->collection) &&
            text_equal(docs[i].key.partition, key->partition) &&
            text_equal(docs[i].key.sort, key->sort))
            return &docs[i];
    return NULL;
}

static void run(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    (void)ctx;
    call->deliver(call);
    free_key(&call->key);
    free(call);
}

static struct call *start(hearth_ctx *ctx, void (*deliver)(struct call *call),
                          const hearth_key *key, void *arg)
{
    struct call *call = calloc(1, sizeof(*call));
    memory_store_calls++;
    *call = (struct call){.ctx = ctx, .deliver = deliver, .key = copy_key(key), .arg = arg};
    if (hearth_loop_get(ctx)->post(ctx, ctx->loop, run, call) != HEARTH_OK)
        abort();
    return call;
}

static void deliver_get(struct call *call)
{
    hearth_doc *doc = find(&call->key);
    if (memory_store_away)
        call->got(HEARTH_EUNAVAILABLE, NULL, call->arg);
    else
        call->got(doc ? HEARTH_OK : HEARTH_ENOTFOUND, doc, call->arg);
}

static void get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    start(ctx, deliver_get, key, arg)->got = done;
}

static void deliver_page(struct call *call)
{
    const hearth_doc *found[MAX_DOCS];
    size_t found_count = 0;
    hearth_str none = {"", 0};

    for (size_t i = 0; i < count && !memory_store_away; i++)
        if (text_equal(docs[i].key.collection, call->key.collection) &&
            (call->key.partition.len == 0 ||
             text_equal(docs[i].key.partition, call->key.partition)))
            found[found_count++] = &docs[i];
    call->page(memory_store_away ? HEARTH_EUNAVAILABLE : HEARTH_OK, found, found_count, none,
               call->arg);
}

static void query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {collection, partition, prefix};
    (void)limit;
    (void)cursor;
    start(ctx, deliver_page, &key, arg)->page = done;
}

static void scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    query(ctx, collection, (hearth_str){"", 0}, (hearth_str){"", 0}, limit, cursor, done, arg);
}

static int holds(const hearth_storage_op *op, const hearth_doc *current)
{
    if (op->condition & HEARTH_IF_ABSENT)
        return current == NULL;
    return !(op->condition & HEARTH_IF_VERSION) ||
           (current && current->version == op->base_version);
}

static void apply(struct call *call, hearth_doc *current)
{
    if (current) {
        free_doc(current);
        *current = docs[--count];
    }
    if (call->op.action == HEARTH_PUT) {
        docs[count] = call->op.doc;
        docs[count].key = copy_key(&call->key);
        docs[count].body = copy(call->op.doc.body);
        docs[count++].write_id = copy(call->op.doc.write_id);
    }
}

static void deliver_write(struct call *call)
{
    hearth_doc *current = find(&call->key);
    hearth_storage_result result = {.struct_size = sizeof(result)};
    const hearth_storage_result *results = &result;

    if (memory_store_away) {
        result.outcome = HEARTH_STORAGE_RETRY;
        result.error = "away";
    } else if (!holds(&call->op, current)) {
        result.outcome = HEARTH_STORAGE_CONFLICT;
        result.current = current;
    } else {
        apply(call, current);
        if (memory_store_lose > 0) {
            memory_store_lose--;
            result.outcome = HEARTH_STORAGE_RETRY;
        }
    }
    call->written(&results, 1, call->arg);
    free((void *)(uintptr_t)call->op.doc.body.ptr);
    free((void *)(uintptr_t)call->op.doc.write_id.ptr);
}

static void write_ops(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t op_count,
                      hearth_storage_write_fn done, void *arg)
{
    if (op_count != 1)
        abort();
    struct call *call = start(ctx, deliver_write, &ops[0]->doc.key, arg);
    call->op = *ops[0];
    call->op.doc.body = copy(ops[0]->doc.body);
    call->op.doc.write_id = copy(ops[0]->doc.write_id);
    call->written = done;
}

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    static const hearth_storage_caps all = {.struct_size = sizeof(all),
                                            .max_transact = 8,
                                            .max_body = HEARTH_STORAGE_MAX_BODY,
                                            .max_batch = 1,
                                            .name = "memory",
                                            .identity = "memory"};
    (void)ctx;
    return &all;
}

static int healthy(hearth_ctx *ctx)
{
    (void)ctx;
    return !memory_store_away;
}

const hearth_storage memory_store = {.struct_size = sizeof(hearth_storage),
                                     .get = get,
                                     .query = query,
                                     .scan = scan,
                                     .write = write_ops,
                                     .transact = write_ops,
                                     .caps = caps,
                                     .healthy = healthy};
