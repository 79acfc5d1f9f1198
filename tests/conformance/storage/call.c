/*
 * call.c - one struct per call; the loop fills it and wakes the waiting thread. It is kept until
 * the run ends, so that a second answer finds it however late it comes.
 */
#include "call.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run.h"
#include "shape.h"

enum kind { CALL_GET, CALL_WRITE, CALL_TRANSACT, CALL_QUERY, CALL_SCAN, CALL_HEALTHY, CALL_SETTLE };

struct call {
    struct call *next; /* of the run's calls */
    struct run *run;
    enum kind kind;
    hearth_key key;
    uint32_t limit;
    hearth_str cursor;
    const hearth_storage_op *const *ops;
    size_t count;

    pthread_t loop_thread;
    bool returned; /* the service's function has returned; written and read on the loop */
    int answers;

    hearth_status status;
    struct copy *doc;
    struct write_result *results;
    struct page *page;
    bool healthy;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static hearth_str place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

static struct copy *copy_doc(const hearth_doc *doc)
{
    if (!doc)
        return NULL;
    struct copy *copy =
        must(malloc(sizeof(*copy) + doc->key.collection.len + doc->key.partition.len +
                    doc->key.sort.len + doc->body.len + doc->write_id.len));
    char *end = copy->bytes;
    copy->doc = *doc;
    copy->doc.key.collection = place(&end, doc->key.collection);
    copy->doc.key.partition = place(&end, doc->key.partition);
    copy->doc.key.sort = place(&end, doc->key.sort);
    copy->doc.body = place(&end, doc->body);
    copy->doc.write_id = place(&end, doc->write_id);
    return copy;
}

/* ---- on the loop ---- */

static const char *const kind_names[] = {"get",  "write",   "transact", "query",
                                         "scan", "healthy", "a loop"};

/* Whether this is the answer that counts: nothing is to be taken from a second one. */
static bool is_first_answer(struct call *call)
{
    const char *name = kind_names[call->kind];

    pthread_mutex_lock(&call->lock);
    int answers = ++call->answers;
    pthread_mutex_unlock(&call->lock);
    if (answers > 1) {
        run_fail(call->run, "the callback of %s ran more than once", name);
        return false;
    }
    if (!call->returned)
        run_fail(call->run, "the callback of %s ran before the call had returned", name);
    if (!pthread_equal(call->loop_thread, pthread_self()))
        run_fail(call->run, "the callback of %s ran on another thread than the calling loop's",
                 name);
    return true;
}

static void answered(struct call *call)
{
    pthread_mutex_lock(&call->lock);
    call->done = true;
    pthread_cond_signal(&call->wake);
    pthread_mutex_unlock(&call->lock);
}

static void on_get(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct call *call = arg;
    if (!is_first_answer(call))
        return;
    call->status = status;
    if ((status == HEARTH_OK) != (doc != NULL))
        run_fail(call->run, "get answered status %d with%s a document", status, doc ? "" : "out");
    if (doc)
        shape_doc(call->run, doc, &call->key, "get");
    call->doc = copy_doc(doc);
    answered(call);
}

static void on_write(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct call *call = arg;
    if (!is_first_answer(call))
        return;
    if (count != call->count)
        run_fail(call->run, "%zu operations had %zu results", call->count, count);
    for (size_t i = 0; i < count && i < call->count; i++) {
        shape_result(call->run, results[i], call->ops[i]);
        call->results[i].outcome = results[i]->outcome;
        call->results[i].current = copy_doc(results[i]->current);
    }
    answered(call);
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    struct call *call = arg;
    struct page *page = call->page;

    if (!is_first_answer(call))
        return;
    shape_page(call->run, status, docs, count, cursor, &call->key, call->limit,
               call->kind == CALL_QUERY);
    page->status = status;
    page->count = count;
    page->docs = must(calloc(count + 1, sizeof(*page->docs)));
    for (size_t i = 0; i < count; i++)
        page->docs[i] = copy_doc(docs[i]);
    page->cursor = must(malloc(cursor.len + 1));
    page->cursor_len = cursor.len;
    if (cursor.len > 0)
        memcpy(page->cursor, cursor.ptr, cursor.len);
    answered(call);
}

/* What is passed: copies that are wiped as soon as the service's function has returned, so that a
 * backend which still looks at them is found out. */
struct passed {
    size_t size;
    hearth_key key;
    hearth_str cursor;
    const hearth_storage_op **list;
    char bytes[];
};

static size_t key_size(const hearth_key *key)
{
    return key->collection.len + key->partition.len + key->sort.len;
}

static hearth_key place_key(char **end, const hearth_key *key)
{
    hearth_str collection = place(end, key->collection), partition = place(end, key->partition);
    return (hearth_key){collection, partition, place(end, key->sort)};
}

static struct passed *pass(const struct call *call)
{
    size_t ops = call->count * (sizeof(hearth_storage_op *) + sizeof(hearth_storage_op));
    size_t size = sizeof(struct passed) + ops + key_size(&call->key) + call->cursor.len;
    for (size_t i = 0; i < call->count; i++) {
        const hearth_doc *doc = &call->ops[i]->doc;
        size += key_size(&doc->key) + doc->body.len + doc->write_id.len;
    }
    struct passed *passed = must(calloc(1, size));
    hearth_storage_op *copies = (hearth_storage_op *)passed->bytes;
    passed->size = size;
    passed->list = (const hearth_storage_op **)(copies + call->count);
    char *end = passed->bytes + ops;
    passed->key = place_key(&end, &call->key);
    passed->cursor = place(&end, call->cursor);
    for (size_t i = 0; i < call->count; i++) {
        copies[i] = *call->ops[i];
        copies[i].doc.key = place_key(&end, &call->ops[i]->doc.key);
        copies[i].doc.body = place(&end, call->ops[i]->doc.body);
        copies[i].doc.write_id = place(&end, call->ops[i]->doc.write_id);
        passed->list[i] = &copies[i];
    }
    return passed;
}

/* With bytes that no UTF-8 has and that are behind every key; volatile, or the compiler would see
 * that nobody reads them. */
static void wipe(struct passed *passed)
{
    volatile char *bytes = (volatile char *)passed;
    size_t size = passed->size;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)0xff;
    free(passed);
}

static void begin(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    const hearth_storage *storage = call->run->storage;
    hearth_ctx *provider = ctx->host->provider(ctx, HEARTH_STORAGE_ID);
    struct passed *passed = pass(call);
    const hearth_key *key = &passed->key;

    call->loop_thread = pthread_self();
    if (call->kind == CALL_GET)
        storage->get(provider, key, on_get, call);
    else if (call->kind == CALL_WRITE)
        storage->write(provider, passed->list, call->count, on_write, call);
    else if (call->kind == CALL_TRANSACT)
        storage->transact(provider, passed->list, call->count, on_write, call);
    else if (call->kind == CALL_QUERY)
        storage->query(provider, key->collection, key->partition, key->sort, call->limit,
                       passed->cursor, on_page, call);
    else
        storage->scan(provider, key->collection, call->limit, passed->cursor, on_page, call);
    call->returned = true;
    wipe(passed);
}

/* ---- on the waiting thread ---- */

static struct call *call_create(struct run *run, enum kind kind)
{
    struct call *call = must(calloc(1, sizeof(*call)));

    call->run = run;
    call->kind = kind;
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->wake, NULL);
    pthread_mutex_lock(&run->lock);
    call->next = run->calls;
    run->calls = call;
    pthread_mutex_unlock(&run->lock);
    return call;
}

static void perform(struct call *call, uint32_t loop, hearth_loop_fn fn)
{
    struct run *run = call->run;
    struct timespec deadline;

    if (run->loop->post(run->ctx, loop % run->ctx->loops, fn, call) != HEARTH_OK)
        run_abort(run, "the host does not accept work for a loop");
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += run->timeout_s;
    pthread_mutex_lock(&call->lock);
    while (!call->done) {
        /* What the callback would write to is gone by then: nothing can follow. */
        if (pthread_cond_timedwait(&call->wake, &call->lock, &deadline) != 0 && !call->done)
            run_abort(run, "%s had no answer within %lld s", kind_names[call->kind],
                      (long long)run->timeout_s);
    }
    pthread_mutex_unlock(&call->lock);
}

hearth_status call_get(struct run *run, uint32_t loop, const hearth_key *key, struct copy **out)
{
    struct call *call = call_create(run, CALL_GET);

    call->key = *key;
    perform(call, loop, begin);
    if (out)
        *out = call->doc;
    else
        free(call->doc);
    return call->status;
}

static void call_ops(struct run *run, enum kind kind, uint32_t loop, const hearth_storage_op *ops,
                     size_t count, struct write_result *results)
{
    const hearth_storage_op **list = must(calloc(count + 1, sizeof(*list)));
    struct call *call = call_create(run, kind);

    for (size_t i = 0; i < count; i++) {
        list[i] = &ops[i];
        results[i] = (struct write_result){.outcome = HEARTH_STORAGE_FAILED};
    }
    call->ops = list;
    call->count = count;
    call->results = results;
    perform(call, loop, begin);
    free(list);
}

void call_write(struct run *run, uint32_t loop, const hearth_storage_op *ops, size_t count,
                struct write_result *results)
{
    call_ops(run, CALL_WRITE, loop, ops, count, results);
}

void call_transact(struct run *run, uint32_t loop, const hearth_storage_op *ops, size_t count,
                   struct write_result *results)
{
    call_ops(run, CALL_TRANSACT, loop, ops, count, results);
}

static void call_page(struct run *run, enum kind kind, uint32_t loop, const hearth_key *key,
                      uint32_t limit, hearth_str cursor, struct page *page)
{
    struct call *call = call_create(run, kind);

    call->key = *key;
    call->limit = limit;
    call->cursor = cursor;
    call->page = page;
    perform(call, loop, begin);
}

void call_query(struct run *run, uint32_t loop, const hearth_key *prefix, uint32_t limit,
                hearth_str cursor, struct page *page)
{
    call_page(run, CALL_QUERY, loop, prefix, limit, cursor, page);
}

void call_scan(struct run *run, uint32_t loop, hearth_str collection, uint32_t limit,
               hearth_str cursor, struct page *page)
{
    hearth_key key = {.collection = collection};
    call_page(run, CALL_SCAN, loop, &key, limit, cursor, page);
}

/* ---- the end ---- */

static void pass_through(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
}

static void has_passed(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    answered(arg);
}

static void pass_loops(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    if (call->run->loop->each(ctx, pass_through, has_passed, call) != HEARTH_OK)
        run_abort(call->run, "out of memory");
}

static void ask_health(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    call->healthy = call->run->storage->healthy(ctx->host->provider(ctx, HEARTH_STORAGE_ID)) != 0;
    answered(call);
}

bool call_healthy(struct run *run, uint32_t loop)
{
    struct call *call = call_create(run, CALL_HEALTHY);
    perform(call, loop, ask_health);
    return call->healthy;
}

void calls_settle(struct run *run)
{
    perform(call_create(run, CALL_SETTLE), 0, pass_loops);
}

void calls_free(struct run *run)
{
    while (run->calls) {
        struct call *call = run->calls;
        run->calls = call->next;
        pthread_cond_destroy(&call->wake);
        pthread_mutex_destroy(&call->lock);
        free(call);
    }
}

void results_free(struct write_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(results[i].current);
        results[i].current = NULL;
    }
}

void page_free(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->docs[i]);
    free(page->docs);
    free(page->cursor);
    *page = (struct page){.status = HEARTH_OK};
}
