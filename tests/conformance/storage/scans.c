/*
 * scans.c - scans of everything, for copying: each document whole, and once.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#define ROWS  120
#define LARGE 8

/* What a scan must show of this run: 120 rows of one collection and 8 large ones of another. */
struct seen {
    struct run *run;
    hearth_storage_op ops[ROWS + LARGE];
    char sorts[ROWS + LARGE][8];
    unsigned times[ROWS + LARGE];
    char *body;
    hearth_key expired;
};

static void fill(struct seen *seen)
{
    struct write_result results[ROWS + LARGE];
    hearth_key key = key_of(seen->run, "scan", "");

    seen->body = must(malloc(300001));
    memset(seen->body, 'x', 300000);
    memcpy(seen->body, "{\"t\":\"", 6);
    memcpy(seen->body + 299998, "\"}", 3);
    for (size_t i = 0; i < ROWS + LARGE; i++) {
        bool large = i >= ROWS;
        seen->sorts[i][0] = (char)('a' + (int)(i / 10));
        seen->sorts[i][1] = (char)('0' + (int)(i % 10));
        key.collection = large ? HEARTH_STR("conformance-large") : HEARTH_STR("conformance");
        key.sort = (hearth_str){seen->sorts[i], 2};
        seen->ops[i] = rich_op(&key, i + 1);
        seen->ops[i].doc.body =
            large ? (hearth_str){seen->body, 300000} : HEARTH_STR("{\"small\":[1]}");
    }
    call_write(seen->run, 0, seen->ops, ROWS + LARGE, results);
    results_free(results, ROWS + LARGE);
    seen->expired = key_of(seen->run, "scan", "expired");
    hearth_storage_op op = put_op(&seen->expired, "{}", 1, HEARTH_IF_ANY, 0);
    op.doc.expires_ms = now_ms() - 1000;
    write_one(seen->run, &op);
}

static void mark(struct seen *seen, const struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const hearth_doc *doc = &page->docs[i]->doc;
        if (same_key(&doc->key, &seen->expired))
            run_fail(seen->run, "it shows a document that has expired");
        for (size_t n = 0; n < ROWS + LARGE; n++) {
            if (!same_key(&doc->key, &seen->ops[n].doc.key))
                continue;
            seen->times[n]++;
            expect_same(seen->run, "a document of a scan", doc, &seen->ops[n].doc);
        }
    }
}

static void scan(struct seen *seen, hearth_str collection, uint32_t limit)
{
    struct cursor at = {.len = 0};
    size_t pages = 0;

    do {
        struct page page;
        call_scan(seen->run, (uint32_t)pages, collection, limit, cursor_at(&at), &page);
        bool ok = page.status == HEARTH_OK && cursor_keep(&at, &page);
        mark(seen, &page);
        hearth_status status = page.status;
        page_free(&page);
        pages++;
        EXPECT(seen->run, ok, "page %zu: status %d, or a cursor of more than 4096 bytes", pages,
               status);
    } while (at.len > 0 && pages < 100000);
}

static void expect_once(struct seen *seen, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        EXPECT(seen->run, seen->times[i] == 1, "document %zu of %d appears %u times", i,
               ROWS + LARGE, seen->times[i]);
}

static void one_collection(struct run *run)
{
    struct seen *seen = must(calloc(1, sizeof(*seen)));
    seen->run = run;
    fill(seen);
    scan(seen, HEARTH_STR("conformance"), 97);
    expect_once(seen, 0, ROWS);
    free(seen->body);
    free(seen);
}

static void everything(struct run *run)
{
    struct seen *seen = must(calloc(1, sizeof(*seen)));
    seen->run = run;
    fill(seen);
    scan(seen, (hearth_str){NULL, 0}, 1000);
    expect_once(seen, 0, ROWS + LARGE);
    free(seen->body);
    free(seen);
}

static void large_documents(struct run *run)
{
    struct seen *seen = must(calloc(1, sizeof(*seen)));
    seen->run = run;
    fill(seen);
    scan(seen, HEARTH_STR("conformance-large"), 1000);
    expect_once(seen, ROWS, ROWS + LARGE);
    free(seen->body);
    free(seen);
}

static void bad_arguments(struct run *run)
{
    const struct {
        hearth_str collection, cursor;
        uint32_t limit;
    } bad[] = {
        {HEARTH_STR("conformance"), HEARTH_STR("\x01 not a cursor"), 10},
        {HEARTH_STR("conformance"), {NULL, 0}, 0},
        {HEARTH_STR("conformance"), {NULL, 0}, 1001},
        {HEARTH_STR("\xff"), {NULL, 0}, 10},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct page page;
        call_scan(run, 0, bad[i].collection, bad[i].limit, bad[i].cursor, &page);
        hearth_status status = page.status;
        page_free(&page);
        EXPECT(run, status == HEARTH_EINVAL, "number %zu: expected EINVAL, found %d", i, status);
    }
}

const struct check scan_checks[] = {
    {"a scan of a collection shows everything of it whole and once", one_collection},
    {"a scan without collection shows all of them", everything},
    {"a scan of large documents leaves none out", large_documents},
    {"a scan's malformed cursor, collection or limit is EINVAL", bad_arguments},
    {NULL, NULL},
};
