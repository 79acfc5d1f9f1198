/*
 * lease.c - leases are documents of the collection "leases", renewed several times in their time
 * and marked when they are given back; one of mode shared is kept by several hearthd, and given
 * back by none. No two machines' wall clocks are compared: what counts is whether the document
 * changes while we look, on our own monotonic clock.
 */
#include "lease.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

#define LOOK_MS 250

typedef struct lease {
    char directory[64], holder[300];
    uint64_t time_ms; /* 0: this is no lease */
    bool released, shared;
} lease;

static const char *text_of(const json_t *body, const char *key)
{
    const char *text = json_string_value(json_object_get(body, key));
    return text ? text : "unknown";
}

static lease read_lease(const hearth_doc *doc)
{
    lease found = {.released = true};
    json_t *body = json_loadb(doc->body.ptr, doc->body.len, 0, NULL);
    json_int_t ms = json_integer_value(json_object_get(body, "leaseMs"));
    if (ms > 0) {
        found.time_ms = (uint64_t)ms;
        found.released = json_is_true(json_object_get(body, "released"));
        found.shared = strcmp(text_of(body, "mode"), "shared") == 0;
        snprintf(found.directory, sizeof(found.directory), "%s", text_of(body, "directory"));
        snprintf(found.holder, sizeof(found.holder), "%s:%s (process %lld)", text_of(body, "host"),
                 text_of(body, "path"),
                 (long long)json_integer_value(json_object_get(body, "pid")));
    }
    json_decref(body);
    return found;
}

static void tell(const store *s, const lease *held)
{
    double seconds = (double)held->time_ms / 1000;
    if (held->shared)
        printf("%s: in use in mode shared, last by the hearthd of %s: waiting %g s for a sign of "
               "any\n",
               s->identity, held->holder, seconds);
    else
        printf("%s: not given back by the hearthd of %s: waiting %g s for a sign of it\n",
               s->identity, held->holder, seconds);
    fflush(stdout);
}

static hearth_status refuse(const store *s, const lease *held, hearth_error *error)
{
    if (held->shared)
        return error_set(error, HEARTH_ECONFLICT,
                         "hearthd in mode shared run on %s, among them that of %s: stop them all "
                         "first",
                         s->identity, held->holder);
    return error_set(error, HEARTH_ECONFLICT, "a hearthd runs on %s: that of %s: stop it first",
                     s->identity, held->holder);
}

/* Until the document changes or its time is over. */
static hearth_status watch(store *s, hearth_doc *doc, const lease *held, hearth_error *error)
{
    store_docs key = {.items = &doc, .count = 1}, now;
    uint64_t since = clock_mono_ms();
    tell(s, held);
    while (clock_mono_ms() - since < held->time_ms) {
        hearth_status status = store_get(s, &key, &now, error);
        if (status != HEARTH_OK)
            return status;
        bool same = now.items[0] && now.items[0]->version == doc->version;
        lease found = now.items[0] ? read_lease(now.items[0]) : (lease){.released = true};
        store_docs_free(&now);
        if (found.released)
            return HEARTH_OK;
        if (!same)
            return refuse(s, &found, error);
        nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
    }
    return HEARTH_OK;
}

hearth_status lease_check(store *s, const char *directory, hearth_error *error)
{
    store_docs page = {0};
    hearth_status status;
    do {
        status = store_scan(s, HEARTH_STR("leases"), &page, error);
        for (size_t i = 0; status == HEARTH_OK && i < page.count; i++) {
            lease found = read_lease(page.items[i]);
            bool own = !found.shared && strcmp(found.directory, directory) == 0;
            if (!found.released && !own)
                status = watch(s, page.items[i], &found, error);
        }
    } while (status == HEARTH_OK && page.cursor_len > 0);
    store_docs_free(&page);
    return status;
}

hearth_status lease_versions(store *s, uint64_t *sum, hearth_error *error)
{
    store_docs page = {0};
    hearth_status status;
    *sum = 0;
    do {
        status = store_scan(s, HEARTH_STR("leases"), &page, error);
        for (size_t i = 0; status == HEARTH_OK && i < page.count; i++)
            *sum += page.items[i]->version;
    } while (status == HEARTH_OK && page.cursor_len > 0);
    store_docs_free(&page);
    return status;
}
