/*
 * store_call.c - see store_call.h. The call lies on the waiting thread's stack, and `lock` hands it
 * over: the loop writes to it before it counts an answer, and the waiting thread reads it after it
 * has seen the last one.
 */
#include "store_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "tool.h"

#define PAGE 200

typedef struct one_get {
    store_call *call;
    size_t index;
} one_get;

void *store_must(void *pointer)
{
    if (!pointer) {
        fputs("hearth: out of memory; what was copied stays, run it again\n", stderr);
        exit(TOOL_FAILED);
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
        store_must(malloc(sizeof(*copy) + doc->key.collection.len + doc->key.partition.len +
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

/* Not touched any more afterwards: with the last answer the waiting thread has it. */
static void answered(store_call *call)
{
    pthread_mutex_lock(&call->lock);
    call->pending--;
    pthread_cond_signal(&call->moved);
    pthread_mutex_unlock(&call->lock);
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    store_call *call = arg;
    call->status = status;
    call->docs.items = store_must(calloc(count + 1, sizeof(*call->docs.items)));
    for (size_t i = 0; i < count; i++)
        call->docs.items[call->docs.count++] = copy_doc(docs[i]);
    call->docs.cursor = store_must(malloc(cursor.len + 1));
    call->docs.cursor_len = cursor.len;
    if (cursor.len > 0)
        memcpy(call->docs.cursor, cursor.ptr, cursor.len);
    answered(call);
}

static void on_get(hearth_status status, const hearth_doc *doc, void *arg)
{
    one_get *get = arg;
    store_call *call = get->call;
    if (status == HEARTH_OK)
        call->docs.items[get->index] = copy_doc(doc);
    else if (status != HEARTH_ENOTFOUND)
        call->status = status;
    free(get);
    answered(call);
}

static void on_write(const hearth_storage_result *const *results, size_t count, void *arg)
{
    store_call *call = arg;
    for (size_t i = 0; i < count && i < call->count; i++) {
        call->results[i].outcome = results[i]->outcome;
        call->results[i].current = copy_doc(results[i]->current);
        snprintf(call->results[i].error, sizeof(call->results[i].error), "%s",
                 results[i]->error ? results[i]->error : "no reason given");
    }
    answered(call);
}

static void begin_gets(store_call *call)
{
    store *s = call->store;
    size_t count = call->count; /* the last answer may come at once, and takes the call away */
    const hearth_doc *const *keys = call->keys;
    for (size_t i = 0; i < count; i++) {
        one_get *get = store_must(malloc(sizeof(*get)));
        *get = (one_get){call, i};
        s->api->get(s->ctx, &keys[i]->key, on_get, get);
    }
}

static void begin(hearth_loop *loop, hearth_letter *letter)
{
    store_call *call = HEARTH_CONTAINER_OF(letter, store_call, letter);
    store *s = call->store;
    (void)loop;
    if (call->kind == STORE_SCAN)
        s->api->scan(s->ctx, call->collection, PAGE, call->cursor, on_page, call);
    else if (call->kind == STORE_WRITE)
        s->api->write(s->ctx, call->ops, call->count, on_write, call);
    else
        begin_gets(call);
}

/* ---- on the waiting thread ---- */

static void give_up(const store *s)
{
    tool_fail(TOOL_FAILED,
              "%s: no answer for %g s: given up; what was copied stays, run it again (--timeout "
              "waits longer)",
              s->identity, (double)s->patience_ms / 1000);
    log_flush();
    _exit(TOOL_FAILED);
}

/* Until the last answer, or none for as long as the store's patience. */
static void wait_for_answers(store_call *call)
{
    const store *s = call->store;
    pthread_mutex_lock(&call->lock);
    while (call->pending > 0) {
        size_t before = call->pending;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + s->patience_ms % 1000 * 1000000;
        until.tv_sec += (time_t)(s->patience_ms / 1000 + ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        int woken = 0;
        while (call->pending == before && woken == 0)
            woken = pthread_cond_timedwait(&call->moved, &call->lock, &until);
        if (call->pending == before)
            give_up(s);
    }
    pthread_mutex_unlock(&call->lock);
}

hearth_status store_call_run(store_call *call, hearth_error *error)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->moved, &monotonic);
    pthread_condattr_destroy(&monotonic);
    call->letter.fn = begin;
    call->pending = call->kind == STORE_GET ? call->count : 1;
    call->status = HEARTH_OK;
    hearth_status sent = loop_send(&call->store->loop->net, &call->letter);
    if (sent >= 0)
        wait_for_answers(call);
    pthread_cond_destroy(&call->moved);
    pthread_mutex_destroy(&call->lock);
    return sent >= 0 ? HEARTH_OK : error_set(error, sent, "the host is stopping");
}
