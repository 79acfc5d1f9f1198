/*
 * values.c - what a document may hold: sizes, Unicode, numbers, expiry; and what is refused.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void json_values(struct run *run)
{
    static const char body[] =
        "{\"text\":\"\\u0001\\\"\\\\/ \\ud83d\\udc09 日本\",\"int\":9007199254740991,"
        "\"neg\":-9007199254740991,\"zero\":0,\"yes\":true,\"no\":false,\"null\":null,"
        "\"empty\":{},\"list\":[1,\"a\",[],{\"deep\":[[[]]]}],\"\":\"\"}";
    hearth_key key = key_of(run, "json", "a");
    hearth_storage_op op = put_op(&key, body, 1, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "it was refused");
    expect_doc(run, &key, 1, body);
}

static void unicode_keys(struct run *run)
{
    hearth_key key = key_of(run, "schlüssel 日本/#:{}'\"%", "\xf0\x9f\x90\x89 a|b\nc");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "it was refused");
    expect_doc(run, &key, 1, "{}");
}

static void key_parts_do_not_run_together(struct run *run)
{
    hearth_key a = key_of(run, "x#y", "z"), b = key_of(run, "x", "y#z");
    hearth_storage_op op = put_op(&a, "{}", 1, HEARTH_IF_ANY, 0);
    write_one(run, &op);
    expect_doc(run, &b, 0, NULL);
}

static void largest_key(struct run *run)
{
    char long_text[HEARTH_STORAGE_MAX_KEY + 1];
    hearth_key key = key_of(run, "long", "");

    memset(long_text, 'k', sizeof(long_text));
    memcpy(long_text, run->name, strlen(run->name));
    key.partition = (hearth_str){long_text, HEARTH_STORAGE_MAX_KEY};
    key.sort = key.partition;
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "parts of 512 bytes were refused");
    expect_doc(run, &key, 1, "{}");
    op.doc.key.sort.len++;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_FAILED, "a part of 513 bytes got in");
}

static void largest_body(struct run *run)
{
    hearth_key key = key_of(run, "large", "a");
    size_t size = HEARTH_STORAGE_MAX_BODY;
    char *body = must(malloc(size + 2));

    memset(body, 'x', size + 1);
    memcpy(body, "{\"t\":\"", 6);
    memcpy(body + size - 2, "\"}", 3);
    hearth_storage_op op = put_op(&key, body, 1, HEARTH_IF_ANY, 0);
    hearth_storage_outcome outcome = write_one(run, &op);
    if (outcome == HEARTH_STORAGE_OK)
        expect_doc(run, &key, 1, body);
    memcpy(body + size - 1, "\"}", 3);
    body[size - 2] = 'x';
    hearth_storage_op larger = put_op(&key, "{}", 2, HEARTH_IF_ANY, 0);
    larger.doc.body = (hearth_str){body, (size_t)run->caps->max_body + 1};
    hearth_storage_outcome too_large = HEARTH_STORAGE_FAILED;
    if (run->caps->max_body == size)
        too_large = write_one(run, &larger);
    free(body);
    EXPECT(run, outcome == HEARTH_STORAGE_OK, "a body of 350,000 bytes: outcome %d", outcome);
    EXPECT(run, too_large == HEARTH_STORAGE_FAILED, "a body over caps.max_body got in");
    expect_doc(run, &key, 1, NULL);
}

static void malformed_keys(struct run *run)
{
    static const hearth_str bad[] = {{"", 0}, {"a\0b", 3}, {"\xff", 1}, {"\xed\xa0\x80", 3}};
    for (size_t i = 0; i < 4; i++) {
        hearth_key key = key_of(run, "malformed", "a");
        key.partition = bad[i];
        hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
        EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_FAILED, "number %zu got in", i);
        hearth_status status = call_get(run, 0, &key, NULL);
        EXPECT(run, status == HEARTH_EINVAL, "get of number %zu: status %d", i, status);
    }
}

static void malformed_bodies(struct run *run)
{
    static const char *const bad[] = {"", "1", "[]", "null", "{\"a\":}", "{} {}"};
    hearth_key key = key_of(run, "malformed-body", "a");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hearth_storage_op op = put_op(&key, bad[i], 1, HEARTH_IF_ANY, 0);
        EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_FAILED, "the body '%s' got in", bad[i]);
    }
    expect_doc(run, &key, 0, NULL);
}

static void large_versions(struct run *run)
{
    hearth_key key = key_of(run, "versions", "a");
    hearth_storage_op op = put_op(&key, "{}", INT64_MAX - 1, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "2^63 - 2 was refused");
    op = put_op(&key, "{}", INT64_MAX, HEARTH_IF_VERSION, INT64_MAX - 1);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "2^63 - 2 did not equal itself");
    expect_doc(run, &key, INT64_MAX, "{}");
}

/* ---- expiry ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void expired_is_gone(struct run *run)
{
    hearth_key key = key_of(run, "expired", "a"), alive = key_of(run, "expired", "b");
    hearth_storage_op op = put_op(&key, "{}", 5, HEARTH_IF_ANY, 0);
    hearth_storage_op stays = put_op(&alive, "{}", 1, HEARTH_IF_ANY, 0);
    struct page page;

    op.doc.expires_ms = now_ms() - 1000;
    stays.doc.expires_ms = now_ms() + 3600000;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "a past expiry was refused");
    write_one(run, &stays);
    expect_doc(run, &key, 0, NULL);
    expect_doc(run, &alive, 1, "{}");
    key.sort = (hearth_str){NULL, 0};
    call_query(run, 0, &key, 10, (hearth_str){NULL, 0}, &page);
    size_t count = page.count;
    page_free(&page);
    EXPECT(run, count == 1, "a query shows %zu documents, expected the living one", count);
}

static void expired_is_absent(struct run *run)
{
    hearth_key key = key_of(run, "expired-absent", "a");
    hearth_storage_op op = put_op(&key, "{}", 5, HEARTH_IF_ANY, 0);

    op.doc.expires_ms = now_ms() - 1000;
    write_one(run, &op);
    hearth_storage_op stale = put_op(&key, "{}", 6, HEARTH_IF_VERSION, 5);
    EXPECT(run, write_one(run, &stale) == HEARTH_STORAGE_CONFLICT,
           "the version of an expired document still counts");
    hearth_storage_op fresh = put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0);
    EXPECT(run, write_one(run, &fresh) == HEARTH_STORAGE_OK, "an expired document is not absent");
    expect_doc(run, &key, 1, "{\"n\":1}");
}

static void expires_at_its_moment(struct run *run)
{
    hearth_key key = key_of(run, "soon", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    int64_t moment = now_ms() + 1500;
    hearth_status status = HEARTH_OK;

    op.doc.expires_ms = moment;
    write_one(run, &op);
    while (status == HEARTH_OK && now_ms() < moment + 10000) {
        int64_t before = now_ms();
        status = call_get(run, 0, &key, NULL);
        EXPECT(run, status == HEARTH_OK || now_ms() >= moment, "it ended before its moment");
        EXPECT(run, status != HEARTH_OK || before <= moment + 1000,
               "it outlived its moment by 1 s");
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    EXPECT(run, status == HEARTH_ENOTFOUND, "expected NOT_FOUND in the end, found %d", status);
}

static void expiry_can_be_taken_back(struct run *run)
{
    hearth_key key = key_of(run, "kept", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    struct copy *copy = NULL;

    op.doc.expires_ms = now_ms() + 3600000;
    write_one(run, &op);
    op = put_op(&key, "{}", 2, HEARTH_IF_VERSION, 1);
    write_one(run, &op);
    EXPECT(run, call_get(run, 0, &key, &copy) == HEARTH_OK, "it is gone");
    int64_t expires = copy->doc.expires_ms;
    free(copy);
    EXPECT(run, expires == 0, "a put without expiry left the old one");
}

const struct check value_checks[] = {
    {"a body comes back equal as a JSON value", json_values},
    {"keys are any UTF-8", unicode_keys},
    {"the parts of a key do not run together", key_parts_do_not_run_together},
    {"key parts of 512 bytes are taken, of 513 FAILED", largest_key},
    {"bodies of 350,000 bytes are taken, larger than caps.max_body FAILED", largest_body},
    {"malformed keys are FAILED, and EINVAL to read", malformed_keys},
    {"bodies that are no JSON object are FAILED", malformed_bodies},
    {"versions reach 2^63 - 1", large_versions},
    {"an expired document is NOT_FOUND and not in a query", expired_is_gone},
    {"an expired document is absent to conditions", expired_is_absent},
    {"a document ends at its moment", expires_at_its_moment},
    {"a put without expiry ends the old expiry", expiry_can_be_taken_back},
    {NULL, NULL},
};
