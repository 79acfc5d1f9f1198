/*
 * store.c - see store.h. What a backend answers with "try again" is tried again for as long as
 * something moves: patience begins anew with every success.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "store_call.h"

#define BACK_OFF_MAX_MS 5000u

/* Since when nothing has moved. */
typedef struct patience {
    const store *store;
    uint64_t since_ms;
    unsigned attempts;
} patience;

static patience patience_begin(const store *s)
{
    return (patience){s, clock_mono_ms(), 0};
}

/* Sleeps, exponentially longer with full jitter; false: patience is at its end. */
static bool back_off(patience *p)
{
    uint64_t spent = clock_mono_ms() - p->since_ms, all = p->store->patience_ms;
    uint64_t ceiling = p->attempts < 6 ? 100u << p->attempts : BACK_OFF_MAX_MS;
    if (spent >= all)
        return false;
    p->attempts++;
    uint64_t ms = 10 + (uint64_t)random() % ceiling;
    ms = ms < all - spent ? ms : all - spent;
    nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000 * 1000000)}, NULL);
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

/* What a call has found, or the reason why not: after as many attempts as patience allows. */
static hearth_status read_patiently(store_call *call, patience *p, bool *again, hearth_error *error)
{
    store *s = call->store;
    hearth_status status = store_call_run(call, error);
    *again = false;
    if (status == HEARTH_OK && call->status == HEARTH_OK)
        return HEARTH_OK;
    store_docs_free(&call->docs);
    if (status != HEARTH_OK)
        return status;
    if (!can_retry(call->status))
        return error_set(error, call->status, "%s: it cannot be read: %s", s->identity,
                         status_name(call->status));
    *again = back_off(p);
    return error_set(error, call->status, "%s: it could not be read for %g s: %s", s->identity,
                     (double)s->patience_ms / 1000, status_name(call->status));
}

hearth_status store_scan(store *s, hearth_str collection, store_docs *docs, hearth_error *error)
{
    patience p = patience_begin(s);
    hearth_status status;
    bool again;
    do {
        store_call call = {.store = s,
                           .kind = STORE_SCAN,
                           .collection = collection,
                           .cursor = {docs->cursor, docs->cursor_len}};
        status = read_patiently(&call, &p, &again, error);
        if (status == HEARTH_OK) {
            store_docs_free(docs);
            *docs = call.docs;
        }
    } while (again);
    return status;
}

hearth_status store_get(store *s, const store_docs *keys, store_docs *found, hearth_error *error)
{
    patience p = patience_begin(s);
    hearth_status status = HEARTH_OK;
    bool again = false;
    *found = (store_docs){0};
    while (keys->count > 0) {
        store_call call = {.store = s, .kind = STORE_GET, .count = keys->count};
        call.keys = (const hearth_doc *const *)keys->items;
        call.docs.items = store_must(calloc(keys->count, sizeof(*call.docs.items)));
        call.docs.count = keys->count;
        status = read_patiently(&call, &p, &again, error);
        if (status == HEARTH_OK)
            *found = call.docs;
        if (!again)
            break;
    }
    return status;
}

/* One round over the operations that have no outcome yet; *left: how many still have none. */
static hearth_status write_round(store *s, const hearth_storage_op *ops, size_t count,
                                 store_result *results, size_t *left, hearth_error *error)
{
    const hearth_storage_op **list = store_must(calloc(count + 1, sizeof(*list)));
    store_result *part = store_must(calloc(count + 1, sizeof(*part)));
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        if (results[i].outcome == HEARTH_STORAGE_RETRY)
            list[open++] = &ops[i];
    }
    store_call call = {
        .store = s, .kind = STORE_WRITE, .ops = list, .count = open, .results = part};
    hearth_status status = store_call_run(&call, error);
    *left = 0;
    for (size_t k = 0; status == HEARTH_OK && k < open; k++) {
        results[list[k] - ops] = part[k];
        *left += part[k].outcome == HEARTH_STORAGE_RETRY;
        if (part[k].outcome == HEARTH_STORAGE_RETRY)
            (void)error_set(error, HEARTH_EUNAVAILABLE, "%s: nothing was written for %g s: %s",
                            s->identity, (double)s->patience_ms / 1000, part[k].error);
    }
    free(part);
    free(list);
    return status;
}

hearth_status store_write(store *s, const hearth_storage_op *ops, size_t count,
                          store_result *results, hearth_error *error)
{
    patience p = patience_begin(s);
    size_t open = count;
    for (size_t i = 0; i < count; i++)
        results[i] = (store_result){.outcome = HEARTH_STORAGE_RETRY};
    while (open > 0) {
        size_t left;
        hearth_status status = write_round(s, ops, count, results, &left, error);
        if (status != HEARTH_OK)
            return status;
        if (left < open)
            p = patience_begin(s);
        if (left > 0 && !back_off(&p))
            return HEARTH_EUNAVAILABLE;
        open = left;
    }
    return HEARTH_OK;
}

void store_docs_free(store_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++)
        free(docs->items[i]);
    free(docs->items);
    free(docs->cursor);
    *docs = (store_docs){0};
}

void store_results_free(store_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(results[i].current);
}
