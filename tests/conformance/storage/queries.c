/*
 * queries.c - pages of one partition in order of sort.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 57

/* Fills a partition with sorts "s00".."s56". */
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

/* Takes all pages; every document must be behind the one before. Their number. */
static size_t count_pages(struct run *run, const hearth_key *prefix, uint32_t limit)
{
    struct cursor at = {.len = 0};
    char last[HEARTH_STORAGE_MAX_KEY + 1] = "";
    size_t seen = 0, pages = 0;

    do {
        struct page page;
        call_query(run, (uint32_t)pages, prefix, limit, cursor_at(&at), &page);
        bool ok = page.status == HEARTH_OK && cursor_keep(&at, &page);
        for (size_t i = 0; ok && i < page.count; i++) {
            char sort[HEARTH_STORAGE_MAX_KEY + 1];
            snprintf(sort, sizeof(sort), "%" HEARTH_PRIS, HEARTH_ARG(page.docs[i]->doc.key.sort));
            ok = seen + i == 0 || strcmp(last, sort) < 0;
            memcpy(last, sort, sizeof(last));
        }
        seen += page.count;
        pages++;
        page_free(&page);
        if (!ok) {
            run_fail(run, "page %zu does not go on behind the one before", pages);
            return seen;
        }
    } while (at.len > 0 && pages < 100);
    return seen;
}

static void pages_in_order(struct run *run)
{
    hearth_key prefix = key_of(run, "pages", "");

    fill(run, "pages");
    size_t seen = count_pages(run, &prefix, 10);
    EXPECT(run, seen == ROWS, "by 10: expected %d documents in all, found %zu", ROWS, seen);
    seen = count_pages(run, &prefix, 1);
    EXPECT(run, seen == ROWS, "one by one: expected %d documents in all, found %zu", ROWS, seen);
    seen = count_pages(run, &prefix, ROWS);
    EXPECT(run, seen == ROWS, "on one page: expected %d documents in all, found %zu", ROWS, seen);
    prefix.sort = HEARTH_STR("s1");
    seen = count_pages(run, &prefix, 3);
    EXPECT(run, seen == 10, "with a prefix, by 3: expected 10 documents, found %zu", seen);
}

static void documents_are_whole(struct run *run)
{
    hearth_key a = key_of(run, "whole", "a"), b = key_of(run, "whole", "b");
    hearth_storage_op ops[] = {rich_op(&a, 3), put_op(&b, "{}", 1, HEARTH_IF_ANY, 0)};
    struct write_result results[2];
    struct page page;

    call_write(run, 0, ops, 2, results);
    results_free(results, 2);
    a.sort = (hearth_str){NULL, 0};
    call_query(run, 1, &a, 10, (hearth_str){NULL, 0}, &page);
    bool two = page.count == 2;
    for (size_t i = 0; two && i < 2; i++)
        expect_same(run, "a document of a query", &page.docs[i]->doc, &ops[i].doc);
    page_free(&page);
    EXPECT(run, two, "expected 2 documents");
}

/* Characters that patterns of query languages give a meaning. */
static void prefix_is_no_pattern(struct run *run)
{
    static const char *const sorts[] = {"s%1", "s*1", "s?1", "s[a]1", "s_1", "sx1", "S_1", "\\s_"};
    static const char *const prefixes[] = {"s%", "s*", "s?", "s[a]", "s_", "\\", "s_1"};
    hearth_key key = key_of(run, "pattern", "");

    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        key.sort = (hearth_str){sorts[i], strlen(sorts[i])};
        hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
        write_one(run, &op);
    }
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        key.sort = (hearth_str){prefixes[i], strlen(prefixes[i])};
        size_t count = count_pages(run, &key, 10);
        EXPECT(run, count == 1, "prefix %s: expected 1 document, found %zu", prefixes[i], count);
    }
}

static void changes_are_seen(struct run *run)
{
    hearth_key a = key_of(run, "changes", "a"), b = key_of(run, "changes", "b"), all = a;
    hearth_storage_op ops[] = {rich_op(&a, 1), rich_op(&b, 1), rich_op(&a, 2),
                               delete_op(&b, HEARTH_IF_ANY, 0)};
    struct page page;

    all.sort = (hearth_str){NULL, 0};
    for (size_t i = 0; i < 4; i++) {
        write_one(run, &ops[i]);
        call_query(run, 1, &all, 10, (hearth_str){NULL, 0}, &page);
        if (i < 3)
            page_free(&page);
    }
    bool one = page.count == 1;
    if (one)
        expect_same(run, "what is left", &page.docs[0]->doc, &ops[2].doc);
    page_free(&page);
    EXPECT(run, one, "after a put over the first and a delete of the second: not 1 document");
}

#define LARGE 12

static void large_documents(struct run *run)
{
    size_t size = 300000;
    char *body = must(malloc(size + 1)), sort[2] = "a";
    hearth_key key = key_of(run, "query-large", "");

    memset(body, 'x', size);
    memcpy(body, "{\"t\":\"", 6);
    memcpy(body + size - 2, "\"}", 3);
    for (int i = 0; i < LARGE; i++) {
        sort[0] = (char)('a' + i);
        key.sort = (hearth_str){sort, 1};
        hearth_storage_op op = put_op(&key, body, 1, HEARTH_IF_ANY, 0);
        write_one(run, &op);
    }
    free(body);
    key.sort = (hearth_str){NULL, 0};
    size_t count = count_pages(run, &key, 1000);
    EXPECT(run, count == LARGE, "of %d documents of %zu bytes %zu are shown", LARGE, size, count);
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
    hearth_key good = key_of(run, "bad", "s");
    hearth_key part = good, nowhere = good, prefix = good;
    const hearth_str none = {NULL, 0};

    part.partition = HEARTH_STR("\xff");
    nowhere.collection = none;
    prefix.sort = HEARTH_STR("\xff");
    const struct {
        const char *what;
        const hearth_key *prefix;
        uint32_t limit;
        hearth_str cursor;
    } bad[] = {
        {"a malformed cursor", &good, 10, HEARTH_STR("\x01 not a cursor")},
        {"a limit of 0", &good, 0, none},
        {"a limit of 1001", &good, 1001, none},
        {"a malformed partition", &part, 10, none},
        {"no collection", &nowhere, 10, none},
        {"a malformed prefix", &prefix, 10, none},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct page page;
        call_query(run, 0, bad[i].prefix, bad[i].limit, bad[i].cursor, &page);
        hearth_status status = page.status;
        page_free(&page);
        EXPECT(run, status == HEARTH_EINVAL, "%s: expected EINVAL, found %d", bad[i].what, status);
    }
}

const struct check query_checks[] = {
    {"a query's pages hold everything once, in order of sort", pages_in_order},
    {"a query obeys its prefix", prefix_only},
    {"sorts are ordered bytewise", bytewise_order},
    {"a query of an empty partition is an empty last page", empty_partition},
    {"a query does not mix partitions or collections", partitions_do_not_mix},
    {"a query's documents are whole", documents_are_whole},
    {"a prefix is no pattern", prefix_is_no_pattern},
    {"a query shows the newest of every document, and no deleted one", changes_are_seen},
    {"a query of large documents leaves none out", large_documents},
    {"a query's malformed cursor, key or limit is EINVAL", bad_arguments},
    {NULL, NULL},
};
