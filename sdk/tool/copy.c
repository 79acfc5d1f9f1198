/*
 * copy.c - pages of FROM go to TO as puts that demand *absent*; a document that is there already is
 * looked at. So a copy that was killed is continued by running it again, with no note of its own
 * that could be wrong. Afterwards each store is read whole and compared with the other.
 */
#include "copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lease.h"
#include "tool.h"

#define NAMED         20 /* documents that are named before the rest is only counted */
#define PROGRESS_EACH 1000

static bool complain(copy *c)
{
    tool_fail(TOOL_FAILED, "%s", c->error.text);
    return false;
}

static void name(const copy *c, const hearth_key *key, const char *what)
{
    if (c->refused <= NAMED)
        tool_fail(TOOL_FAILED, "%" HEARTH_PRIS "/%" HEARTH_PRIS "/%" HEARTH_PRIS ": %s",
                  HEARTH_ARG(key->collection), HEARTH_ARG(key->partition), HEARTH_ARG(key->sort),
                  what);
}

static hearth_storage_op put(const hearth_doc *doc, uint32_t condition, uint64_t base)
{
    return (hearth_storage_op){.struct_size = sizeof(hearth_storage_op),
                               .action = HEARTH_PUT,
                               .condition = condition,
                               .base_version = base,
                               .doc = *doc};
}

/* What TO has under this key is not what FROM has. */
static void refuse(copy *c, const hearth_doc *doc, const hearth_doc *there)
{
    char text[200];
    const char *how = there->version > doc->version   ? "a newer one"
                      : there->version < doc->version ? "an older one"
                                                      : "another one of the same version";
    c->refused++;
    snprintf(text, sizeof(text), "version %llu in %s, version %llu, %s, in %s",
             (unsigned long long)doc->version, c->from.id, (unsigned long long)there->version, how,
             c->to.id);
    name(c, &doc->key, text);
}

/* One answer; true: `op` is to be sent again, as it stands now. */
static bool judge(copy *c, hearth_storage_op *op, const store_result *result)
{
    const hearth_doc *there = result->current;
    if (result->outcome == HEARTH_STORAGE_OK && op->condition == HEARTH_IF_ABSENT) {
        c->copied++;
    } else if (result->outcome == HEARTH_STORAGE_OK) {
        c->replaced++;
    } else if (result->outcome == HEARTH_STORAGE_FAILED) {
        c->refused++;
        name(c, &op->doc.key, result->error);
    } else if (there && store_same(there, &op->doc)) {
        c->there++;
    } else if (there && !c->overwrite) {
        refuse(c, &op->doc, there);
    } else {
        *op = there ? put(&op->doc, HEARTH_IF_VERSION, there->version)
                    : put(&op->doc, HEARTH_IF_ABSENT, 0);
        return true;
    }
    return false;
}

static bool write_page(copy *c, const store_docs *page)
{
    hearth_storage_op *ops = calloc(page->count + 1, sizeof(*ops));
    store_result *results = calloc(page->count + 1, sizeof(*results));
    size_t count = page->count;
    hearth_status status = HEARTH_OK;
    if (!ops || !results)
        status = error_set(&c->error, HEARTH_ENOMEM, "out of memory");
    for (size_t i = 0; status == HEARTH_OK && i < count; i++)
        ops[i] = put(page->items[i], HEARTH_IF_ABSENT, 0);
    while (status == HEARTH_OK && count > 0) {
        size_t again = 0;
        status = store_write(&c->to, ops, count, results, &c->error);
        for (size_t i = 0; status == HEARTH_OK && i < count; i++) {
            if (judge(c, &ops[i], &results[i]))
                ops[again++] = ops[i];
        }
        store_results_free(results, count);
        count = again;
    }
    free(results);
    free(ops);
    return status == HEARTH_OK ? true : complain(c);
}

static void progress(copy *c, uint64_t before)
{
    if (c->seen / PROGRESS_EACH == before / PROGRESS_EACH)
        return;
    printf("%llu read: %llu copied, %llu replaced, %llu there already\n",
           (unsigned long long)c->seen, (unsigned long long)c->copied,
           (unsigned long long)c->replaced, (unsigned long long)c->there);
    fflush(stdout);
}

static bool copy_all(copy *c)
{
    store_docs page = {0};
    bool good = true;
    do {
        good = store_scan(&c->from, (hearth_str){NULL, 0}, &page, &c->error) == HEARTH_OK
                   ? write_page(c, &page)
                   : complain(c);
        uint64_t before = c->seen;
        c->seen += page.count;
        progress(c, before);
    } while (good && c->refused == 0 && page.cursor_len > 0);
    store_docs_free(&page);
    if (good && c->refused > 0) {
        tool_fail(TOOL_FAILED,
                  "%llu documents were refused and stay as they are in %s; --overwrite replaces "
                  "what differs there",
                  (unsigned long long)c->refused, c->to.id);
        return false;
    }
    return good;
}

/* ---- the proof ---- */

static bool has_expired(const hearth_doc *doc)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return doc->expires_ms != 0 &&
           doc->expires_ms <= (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1000;
}

/* Everything of `all` is in `other`; *count of it. What expires meanwhile is nobody's loss. */
static bool compare(copy *c, store *all, store *other, uint64_t *count)
{
    store_docs page = {0}, found = {0};
    bool good = true;
    do {
        good = store_scan(all, (hearth_str){NULL, 0}, &page, &c->error) == HEARTH_OK &&
               store_get(other, &page, &found, &c->error) == HEARTH_OK;
        for (size_t i = 0; good && i < page.count; i++) {
            char text[160];
            if (has_expired(page.items[i]))
                continue;
            *count += 1;
            if (found.items[i] && store_same(page.items[i], found.items[i]))
                continue;
            c->refused++;
            snprintf(text, sizeof(text), "it is in %s, and %s in %s", all->id,
                     found.items[i] ? "different" : "missing", other->id);
            name(c, &page.items[i]->key, text);
        }
        store_docs_free(&found);
    } while (good && page.cursor_len > 0);
    store_docs_free(&page);
    return good ? c->refused == 0 : complain(c);
}

static bool verify(copy *c)
{
    uint64_t backwards = 0;
    printf("verifying\n");
    fflush(stdout);
    bool good = compare(c, &c->from, &c->to, &c->verified);
    /* Both ways: what only TO has would come back to life in the game. */
    good = compare(c, &c->to, &c->from, &backwards) && good;
    if (!good && c->refused > 0)
        tool_fail(TOOL_FAILED,
                  "%llu differences between %llu documents in %s and %llu in %s: the copy is not "
                  "good",
                  (unsigned long long)c->refused, (unsigned long long)c->verified, c->from.id,
                  (unsigned long long)backwards, c->to.id);
    return good;
}

static bool is_free(copy *c, store *s)
{
    return lease_check(s, c->directory, &c->error) == HEARTH_OK || complain(c);
}

/* Both are free, and c->leases says so: whoever begins from now on is seen at the end. */
static bool are_free(copy *c)
{
    uint64_t before;
    do {
        if (lease_versions(&c->from, &before, &c->error) != HEARTH_OK)
            return complain(c);
        if (!is_free(c, &c->from) || !is_free(c, &c->to))
            return false;
        if (lease_versions(&c->from, &c->leases, &c->error) != HEARTH_OK)
            return complain(c);
    } while (c->leases != before); /* one was given back, or taken */
    return true;
}

/* Its lease may have been copied as it is, and what it has acknowledged not be in the store yet. */
static bool is_free_still(copy *c, store *s)
{
    uint64_t leases;
    if (lease_versions(s, &leases, &c->error) != HEARTH_OK)
        return complain(c);
    if (leases != c->leases)
        tool_fail(TOOL_FAILED,
                  "a hearthd has begun on %s during the copy, which is not good: stop it and run "
                  "the copy again",
                  s->identity);
    return leases == c->leases;
}

bool copy_run(copy *c)
{
    bool good = are_free(c) && copy_all(c) && verify(c) && is_free_still(c, &c->from) &&
                is_free_still(c, &c->to);
    printf("%s: %llu documents read, %llu copied, %llu replaced, %llu there already, %llu "
           "verified\n",
           good ? "done" : "failed", (unsigned long long)c->seen, (unsigned long long)c->copied,
           (unsigned long long)c->replaced, (unsigned long long)c->there,
           (unsigned long long)c->verified);
    fflush(stdout);
    return good;
}
