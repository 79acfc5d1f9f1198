/*
 * store.c - see store.h. One struct per call, on the waiting thread's stack; the loop fills it and
 * wakes the thread. A callback that never came would find its struct gone: so the wait has no end,
 * and it is the backend's own timeouts that end a call.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define PAGE     200
#define ATTEMPTS 12

enum kind { CALL_SCAN, CALL_GET, CALL_WRITE };

typedef struct call {
    hearth_letter letter;
    store *store;
    enum kind kind;
    hearth_str cursor;
    const hearth_doc *const *keys;
    const hearth_storage_op *const *ops;
    size_t count, pending;
    hearth_status status;
    store_docs docs;
    store_result *results;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
} call;

typedef struct one_get {
    call *call;
    size_t index;
} one_get;

static void *must(void *pointer)
{
    if (!pointer) {
        fputs("hearth: out of memory; what was copied stays, run it again\n", stderr);
        exit(1);
    }
    return pointer;
}

static hearth_str place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

static hearth_doc *copy_doc(const hearth_doc *doc)
{
    if (!doc)
        return NULL;
    hearth_doc *copy =
        must(malloc(sizeof(*copy) + doc->key.collection.len + doc->key.partition.len +
                    doc->key.sort.len + doc->body.len + doc->write_id.len));
    char *end = (char *)(copy + 1);
    *copy = *doc;
    copy->key.collection = place(&end, doc->key.collection);
    copy->key.partition = place(&end, doc->key.partition);
    copy->key.sort = place(&end, doc->key.sort);
    copy->body = place(&end, doc->body);
    copy->write_id = place(&end, doc->write_id);
    return copy;
}

/* ---- on the loop ---- */

static void answered(call *c)
{
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    call *c = arg;
    c->status = status;
    c->docs.items = must(calloc(count + 1, sizeof(*c->docs.items)));
    for (size_t i = 0; i < count; i++)
        c->docs.items[c->docs.count++] = copy_doc(docs[i]);
    c->docs.cursor = must(malloc(cursor.len + 1));
    c->docs.cursor_len = cursor.len;
    if (cursor.len > 0)
        memcpy(c->docs.cursor, cursor.ptr, cursor.len);
    answered(c);
}

static void on_get(hearth_status status, const hearth_doc *doc, void *arg)
{
    one_get *get = arg;
    call *c = get->call;
    if (status == HEARTH_OK)
        c->docs.items[get->index] = copy_doc(doc);
    else if (status != HEARTH_ENOTFOUND)
        c->status = status;
    free(get);
    if (--c->pending == 0)
        answered(c);
}

static void on_write(const hearth_storage_result *const *results, size_t count, void *arg)
{
    call *c = arg;
    for (size_t i = 0; i < count && i < c->count; i++) {
        c->results[i].outcome = results[i]->outcome;
        c->results[i].current = copy_doc(results[i]->current);
        snprintf(c->results[i].error, sizeof(c->results[i].error), "%s",
                 results[i]->error ? results[i]->error : "no reason given");
    }
    answered(c);
}

static void begin(hearth_loop *loop, hearth_letter *letter)
{
    call *c = HEARTH_CONTAINER_OF(letter, call, letter);
    store *s = c->store;
    (void)loop;
    if (c->kind == CALL_SCAN) {
        s->api->scan(s->ctx, (hearth_str){NULL, 0}, PAGE, c->cursor, on_page, c);
    } else if (c->kind == CALL_WRITE) {
        s->api->write(s->ctx, c->ops, c->count, on_write, c);
    } else {
        size_t count = c->count; /* with the last callback the waiting thread may take c away */
        const hearth_doc *const *keys = c->keys;
        for (size_t i = 0; i < count; i++) {
            one_get *get = must(malloc(sizeof(*get)));
            *get = (one_get){c, i};
            s->api->get(s->ctx, &keys[i]->key, on_get, get);
        }
    }
}

/* ---- on the waiting thread ---- */

static void perform(call *c, hearth_error *error)
{
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    c->letter.fn = begin;
    c->status = loop_send(&c->store->loop->net, &c->letter);
    if (c->status < 0) {
        (void)error_set(error, c->status, "the host is stopping");
    } else {
        c->status = HEARTH_OK;
        pthread_mutex_lock(&c->lock);
        while (!c->done)
            pthread_cond_wait(&c->wake, &c->lock);
        pthread_mutex_unlock(&c->lock);
    }
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
}

/* Exponential, with full jitter, 5 s at most; false: it was the last attempt. */
static bool back_off(unsigned attempt)
{
    if (attempt + 1 >= ATTEMPTS)
        return false;
    long ceiling = attempt < 6 ? 100L << attempt : 5000L;
    long ms = 10 + random() % ceiling;
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    return true;
}

static bool can_retry(hearth_status status)
{
    return status == HEARTH_EUNAVAILABLE || status == HEARTH_ETIMEOUT;
}

hearth_status store_find(store *s, host_state *host, const char *id, hearth_error *error)
{
    hearth_plugin *item = plugin_set_find(&host->plugins, str_from(id));
    for (size_t i = 0; item && i < item->desc.provide_count; i++) {
        if (strcmp(item->desc.head.provides[i].id, HEARTH_STORAGE_ID) == 0)
            s->api = item->desc.head.provides[i].table;
    }
    if (!s->api)
        return error_set(error, HEARTH_EINVAL, "%s does not provide %s", id, HEARTH_STORAGE_ID);
    s->loop = &host->loops[0];
    s->ctx = host_ctx_on(item, s->loop);
    s->id = item->id;
    s->identity = s->api->caps(s->ctx)->identity;
    return HEARTH_OK;
}

hearth_status store_scan(store *s, store_docs *docs, hearth_error *error)
{
    for (unsigned attempt = 0;; attempt++) {
        call c = {.store = s, .kind = CALL_SCAN, .cursor = {docs->cursor, docs->cursor_len}};
        perform(&c, error);
        if (c.status == HEARTH_OK) {
            store_docs_free(docs);
            *docs = c.docs;
            return HEARTH_OK;
        }
        store_docs_free(&c.docs);
        if (!can_retry(c.status) || !back_off(attempt))
            return error_set(error, c.status, "%s: it cannot be read: %s", s->identity,
                             status_name(c.status));
    }
}

hearth_status store_get(store *s, const store_docs *keys, store_docs *found, hearth_error *error)
{
    if (keys->count == 0) {
        *found = (store_docs){NULL};
        return HEARTH_OK;
    }
    for (unsigned attempt = 0;; attempt++) {
        call c = {.store = s, .kind = CALL_GET, .count = keys->count, .pending = keys->count};
        c.keys = (const hearth_doc *const *)keys->items;
        c.docs.items = must(calloc(keys->count, sizeof(*c.docs.items)));
        c.docs.count = keys->count;
        perform(&c, error);
        if (c.status == HEARTH_OK) {
            *found = c.docs;
            return HEARTH_OK;
        }
        store_docs_free(&c.docs);
        if (!can_retry(c.status) || !back_off(attempt))
            return error_set(error, c.status, "%s: a document cannot be read: %s", s->identity,
                             status_name(c.status));
    }
}

/* One round over the operations that have no outcome yet; how many still have none. */
static size_t write_round(store *s, const hearth_storage_op *ops, size_t count,
                          store_result *results, hearth_error *error)
{
    const hearth_storage_op **list = must(calloc(count + 1, sizeof(*list)));
    store_result *part = must(calloc(count + 1, sizeof(*part)));
    size_t open = 0, left = 0;
    for (size_t i = 0; i < count; i++) {
        if (results[i].outcome == HEARTH_STORAGE_RETRY)
            list[open++] = &ops[i];
    }
    call c = {.store = s, .kind = CALL_WRITE, .ops = list, .count = open, .results = part};
    perform(&c, error);
    for (size_t k = 0; c.status == HEARTH_OK && k < open; k++) {
        results[list[k] - ops] = part[k];
        left += part[k].outcome == HEARTH_STORAGE_RETRY;
    }
    free(part);
    free(list);
    return c.status == HEARTH_OK ? left : open;
}

hearth_status store_write(store *s, const hearth_storage_op *ops, size_t count,
                          store_result *results, hearth_error *error)
{
    for (size_t i = 0; i < count; i++)
        results[i] = (store_result){.outcome = HEARTH_STORAGE_RETRY};
    for (unsigned attempt = 0; count > 0; attempt++) {
        if (write_round(s, ops, count, results, error) == 0)
            break;
        if (!back_off(attempt))
            return error_set(error, HEARTH_EUNAVAILABLE, "%s: it takes no writes", s->identity);
    }
    return HEARTH_OK;
}

void store_docs_free(store_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++)
        free(docs->items[i]);
    free(docs->items);
    free(docs->cursor);
    *docs = (store_docs){NULL};
}

void store_results_free(store_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(results[i].current);
}
