/*
 * queries.c - pages of one partition in order of sort, and scans of everything.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 57

/* Fills a partition with sorts "s00".."s56" (every third in another collection too). */
static void fill(struct run *run, const char *partition)
{
    hearth_storage_op ops[ROWS];
    struct write_result results[ROWS];
    char sorts[ROWS][8];
    hearth_key key = key_of(run, partition, "");

    for (size_t i = 0; i < ROWS; i++) {
        int len = snprintf(sorts[i], sizeof(sorts[i]), "s%02zu", (i * 31) % ROWS);
        key.sort = (hearth_str){sorts[i], (size_t)len};
        ops[i] = put_op(&key, "{}", 1 + i, HEARTH_IF_ANY, 0);
    }
    call_write(run, 0, ops, ROWS, results);
    results_free(results, ROWS);
}

static bool sorted(const struct page *page, char *last)
{
    for (size_t i = 0; i < page->count; i++) {
        hearth_str sort = page->docs[i]->doc.key.sort;
        char text[16];
        snprintf(text, sizeof(text), "%" HEARTH_PRIS, HEARTH_ARG(sort));
        if (strcmp(last, text) >= 0)
            return false;
        memcpy(last, text, sizeof(text));
    }
    return true;
}

static void pages_in_order(struct run *run)
{
    hearth_key prefix = key_of(run, "pages", "");
    char last[16] = "", cursor[4096];
    hearth_str at = {NULL, 0};
    size_t seen = 0, pages = 0;

    fill(run, "pages");
    do {
        struct page page;
        call_query(run, (uint32_t)pages, &prefix, 10, at, &page);
        bool ok = page.status == HEARTH_OK && page.count <= 10 && sorted(&page, last) &&
                  page.cursor_len <= sizeof(cursor);
        seen += page.count;
        pages++;
        at = (hearth_str){NULL, 0};
        if (ok && page.cursor_len > 0) {
            memcpy(cursor, page.cursor, page.cursor_len);
            at = (hearth_str){cursor, page.cursor_len};
        }
        page_free(&page);
        EXPECT(run, ok, "page %zu is not a page of at most 10 documents in order", pages);
    } while (at.len > 0 && pages < 100);
    EXPECT(run, seen == ROWS, "expected %d documents in all, found %zu", ROWS, seen);
}

static void prefix_only(struct run *run)
{
    hearth_key prefix = key_of(run, "prefix", "s1");
    struct page page;

    fill(run, "prefix");
    call_query(run, 0, &prefix, 1000, (hearth_str){NULL, 0}, &page);
    bool ok = page.status == HEARTH_OK && page.count == 10 && page.cursor_len == 0;
    size_t count = page.count;
    page_free(&page);
    EXPECT(run, ok, "expected the 10 documents s10 to s19 on one last page, found %zu", count);
}

static void bytewise_order(struct run *run)
{
    static const char *const sorts[] = {"", "A", "Z", "a", "é", "日本", "\xf0\x9f\x90\x89"};
    hearth_key key = key_of(run, "bytewise", "");
    struct page page;
    bool ok = true;

    for (size_t i = 0; i < 7; i++) {
        hearth_key one = key;
        one.sort = (hearth_str){sorts[6 - i], strlen(sorts[6 - i])};
        hearth_storage_op op = put_op(&one, "{}", 1, HEARTH_IF_ANY, 0);
        write_one(run, &op);
    }
    call_query(run, 0, &key, 100, (hearth_str){NULL, 0}, &page);
    ok = page.count == 7;
    for (size_t i = 0; ok && i < 7; i++) {
        hearth_str sort = page.docs[i]->doc.key.sort;
        ok = sort.len == strlen(sorts[i]) &&
             (sort.len == 0 || memcmp(sort.ptr, sorts[i], sort.len) == 0);
    }
    page_free(&page);
    EXPECT(run, ok, "sorts are not in bytewise order of their UTF-8");
}

static void empty_partition(struct run *run)
{
    hearth_key prefix = key_of(run, "no-such", "");
    struct page page;

    call_query(run, 0, &prefix, 10, (hearth_str){NULL, 0}, &page);
    bool ok = page.status == HEARTH_OK && page.count == 0 && page.cursor_len == 0;
    page_free(&page);
    EXPECT(run, ok, "expected an empty last page");
}

static void partitions_do_not_mix(struct run *run)
{
    hearth_key a = key_of(run, "mix", "a"), longer = key_of(run, "mixed", "b");
    hearth_key other = a;
    other.collection = HEARTH_STR("conformance-other");
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ANY, 0),
                               put_op(&longer, "{}", 1, HEARTH_IF_ANY, 0),
                               put_op(&other, "{}", 1, HEARTH_IF_ANY, 0)};
    struct write_result results[3];
    struct page page;

    call_write(run, 0, ops, 3, results);
    results_free(results, 3);
    a.sort = (hearth_str){NULL, 0};
    call_query(run, 0, &a, 10, (hearth_str){NULL, 0}, &page);
    size_t count = page.count;
    page_free(&page);
    EXPECT(run, count == 1, "expected 1 document, found %zu", count);
}

static void bad_arguments(struct run *run)
{
    hearth_key prefix = key_of(run, "bad", "s");
    struct page page;

    call_query(run, 0, &prefix, 10, HEARTH_STR("\x01 not a cursor"), &page);
    hearth_status cursor = page.status;
    page_free(&page);
    call_query(run, 0, &prefix, 0, (hearth_str){NULL, 0}, &page);
    hearth_status zero = page.status;
    page_free(&page);
    call_scan(run, 0, HEARTH_STR("conformance"), 10, HEARTH_STR("\x01 not a cursor"), &page);
    hearth_status scan = page.status;
    page_free(&page);
    EXPECT(run, cursor == HEARTH_EINVAL && scan == HEARTH_EINVAL,
           "a malformed cursor: expected EINVAL, found %d and %d", cursor, scan);
    EXPECT(run, zero == HEARTH_EINVAL, "a limit of 0: expected EINVAL, found %d", zero);
}

/* Marks which of this run's documents a scan shows, once each. */
static bool mark(struct run *run, const struct page *page, uint8_t seen[ROWS])
{
    hearth_key mine = key_of(run, "scan", "");

    for (size_t i = 0; i < page->count; i++) {
        const hearth_key *key = &page->docs[i]->doc.key;
        if (key->partition.len != mine.partition.len ||
            memcmp(key->partition.ptr, mine.partition.ptr, mine.partition.len) != 0)
            continue;
        unsigned n = (unsigned)(key->sort.ptr[1] - '0') * 10 + (unsigned)(key->sort.ptr[2] - '0');
        if (n >= ROWS || seen[n]++)
            return false;
    }
    return true;
}

static void scan_once(struct run *run)
{
    uint8_t seen[ROWS] = {0};
    char cursor[4096];
    hearth_str at = {NULL, 0};
    size_t pages = 0, count = 0;

    fill(run, "scan");
    do {
        struct page page;
        call_scan(run, (uint32_t)pages, HEARTH_STR("conformance"), 97, at, &page);
        bool ok =
            page.status == HEARTH_OK && mark(run, &page, seen) && page.cursor_len <= sizeof(cursor);
        at = (hearth_str){NULL, 0};
        if (ok && page.cursor_len > 0) {
            memcpy(cursor, page.cursor, page.cursor_len);
            at = (hearth_str){cursor, page.cursor_len};
        }
        pages++;
        page_free(&page);
        EXPECT(run, ok, "page %zu failed or shows a document twice", pages);
    } while (at.len > 0 && pages < 100000);
    for (size_t i = 0; i < ROWS; i++)
        count += seen[i];
    EXPECT(run, count == ROWS, "expected %d documents of this run, found %zu", ROWS, count);
}

const struct check query_checks[] = {
    {"a query's pages hold everything once, in order of sort", pages_in_order},
    {"a query obeys its prefix", prefix_only},
    {"sorts are ordered bytewise", bytewise_order},
    {"a query of an empty partition is an empty last page", empty_partition},
    {"a query does not mix partitions or collections", partitions_do_not_mix},
    {"a malformed cursor and a limit of 0 are EINVAL", bad_arguments},
    {"a scan's pages hold everything once", scan_once},
    {NULL, NULL},
};
