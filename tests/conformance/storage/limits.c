/*
 * limits.c - what is too long or malformed is refused, and with it nothing else.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* One put or delete that must be FAILED. */
static void expect_failed(struct run *run, const char *what, const hearth_storage_op *op)
{
    hearth_storage_outcome outcome = write_one(run, op);
    if (outcome != HEARTH_STORAGE_FAILED)
        run_fail(run, "%s: expected FAILED, found outcome %d", what, outcome);
}

static hearth_str *part_of(hearth_key *key, int part)
{
    return part == 0 ? &key->collection : part == 1 ? &key->partition : &key->sort;
}

static void largest_key(struct run *run)
{
    static const char *const names[] = {"a collection of 513 bytes", "a partition of 513 bytes",
                                        "a sort of 513 bytes"};
    char long_text[HEARTH_STORAGE_MAX_KEY + 1];
    hearth_key key = key_of(run, "long", "");

    memset(long_text, 'k', sizeof(long_text));
    memcpy(long_text, run->name, strlen(run->name));
    key.partition = (hearth_str){long_text, HEARTH_STORAGE_MAX_KEY};
    key.sort = key.partition;
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "parts of 512 bytes were refused");
    expect_doc(run, &key, 1, "{}");
    for (int part = 0; part < 3; part++) {
        hearth_key larger = key_of(run, "longer", "a");
        *part_of(&larger, part) = (hearth_str){long_text, sizeof(long_text)};
        hearth_storage_op put = put_op(&larger, "{}", 1, HEARTH_IF_ANY, 0);
        hearth_storage_op gone = delete_op(&larger, HEARTH_IF_ANY, 0);
        expect_failed(run, names[part], &put);
        expect_failed(run, names[part], &gone);
        hearth_status status = call_get(run, 0, &larger, NULL);
        EXPECT(run, status == HEARTH_EINVAL, "get with %s: expected EINVAL, found %d", names[part],
               status);
    }
}

/* {"t":"xxx..."} of `size` bytes. */
static char *body_of(size_t size)
{
    char *body = must(malloc(size + 1));
    memset(body, 'x', size);
    memcpy(body, "{\"t\":\"", 6);
    memcpy(body + size - 2, "\"}", 3);
    return body;
}

static void largest_body(struct run *run)
{
    hearth_key key = key_of(run, "large", "a");
    uint64_t most = run->caps->max_body;
    size_t size = HEARTH_STORAGE_MAX_BODY;
    char *body = body_of(size);
    hearth_storage_op op = put_op(&key, body, 1, HEARTH_IF_ANY, 0);
    hearth_storage_outcome outcome = write_one(run, &op);

    if (outcome == HEARTH_STORAGE_OK)
        expect_doc(run, &key, 1, body);
    free(body);
    EXPECT(run, outcome == HEARTH_STORAGE_OK, "a body of 350,000 bytes: outcome %d", outcome);
    if (most > 64 << 20)
        return; /* as good as no limit */
    body = body_of((size_t)most);
    op = put_op(&key, body, 2, HEARTH_IF_ANY, 0);
    outcome = write_one(run, &op);
    if (outcome == HEARTH_STORAGE_OK)
        expect_doc(run, &key, 2, body);
    free(body);
    EXPECT(run, outcome == HEARTH_STORAGE_OK, "a body of caps.max_body bytes: outcome %d", outcome);
    body = body_of((size_t)most + 1);
    op = put_op(&key, body, 3, HEARTH_IF_ANY, 0);
    expect_failed(run, "a body over caps.max_body", &op);
    free(body);
    expect_doc(run, &key, 2, NULL);
}

static void malformed_keys(struct run *run)
{
    static const struct {
        const char *what;
        hearth_str text;
    } bad[] = {{"an empty part", {"", 0}},
               {"a part with NUL", {"a\0b", 3}},
               {"a part that is not UTF-8", {"\xff", 1}},
               {"a part with a surrogate", {"\xed\xa0\x80", 3}},
               {"a part that ends within a character", {"a\xe6\x97", 3}},
               {"a part with an overlong form", {"\xc0\x80", 2}}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (int part = 0; part < 3; part++) {
            hearth_key key = key_of(run, "malformed", "a");
            if (part == 2 && bad[i].text.len == 0)
                continue; /* a sort may be empty */
            *part_of(&key, part) = bad[i].text;
            hearth_storage_op put = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
            hearth_storage_op gone = delete_op(&key, HEARTH_IF_ANY, 0);
            expect_failed(run, bad[i].what, &put);
            expect_failed(run, bad[i].what, &gone);
            hearth_status status = call_get(run, 0, &key, NULL);
            EXPECT(run, status == HEARTH_EINVAL, "get with %s: expected EINVAL, found %d",
                   bad[i].what, status);
        }
    }
}

static void malformed_bodies(struct run *run)
{
#define BODY(what_, text_)                                                                         \
    {                                                                                              \
        what_,                                                                                     \
        {                                                                                          \
            text_, sizeof(text_) - 1                                                               \
        }                                                                                          \
    }
    static const struct {
        const char *what;
        hearth_str text;
    } bad[] = {
        BODY("no text", ""),
        BODY("a number", "1"),
        BODY("a list", "[]"),
        BODY("null", "null"),
        BODY("a missing value", "{\"a\":}"),
        BODY("two objects", "{} {}"),
        BODY("half an object", "{\"a\""),
        BODY("a name without quotes", "{a:1}"),
        BODY("NaN", "{\"a\":NaN}"),
        BODY("one name twice", "{\"a\":1,\"a\":2}"),
        BODY("bytes that are no UTF-8", "{\"a\":\"\xff\"}"),
        BODY("half of a surrogate pair", "{\"a\":\"\\ud800\"}"),
        BODY("something behind a NUL", "{}\0{}"),
    };
#undef BODY
    hearth_key key = key_of(run, "malformed-body", "a");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hearth_storage_op op = put_op(&key, "", 1, HEARTH_IF_ANY, 0);
        op.doc.body = bad[i].text;
        expect_failed(run, bad[i].what, &op);
    }
    expect_doc(run, &key, 0, NULL);
}

static void malformed_operations(struct run *run)
{
    char text[HEARTH_STORAGE_MAX_WRITE_ID + 1];
    hearth_key key = key_of(run, "malformed-op", "a");
    hearth_storage_op good = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0), op = good;

    memset(text, 'w', sizeof(text));
    op.doc.write_id = (hearth_str){text, sizeof(text)};
    expect_failed(run, "a write id of 129 bytes", &op);
    op = good;
    op.doc.version = (uint64_t)INT64_MAX + 1;
    expect_failed(run, "version 2^63", &op);
    op = good;
    op.doc.expires_ms = -1;
    expect_failed(run, "an expiry below 0", &op);
    op = good;
    op.condition = HEARTH_IF_ABSENT | HEARTH_IF_VERSION;
    expect_failed(run, "absent together with a version", &op);
    op.condition = 8;
    expect_failed(run, "a condition that there is not", &op);
    op = good;
    op.action = (hearth_storage_action)0;
    expect_failed(run, "an action that there is not", &op);
    expect_doc(run, &key, 0, NULL);
    good.doc.write_id = (hearth_str){text, HEARTH_STORAGE_MAX_WRITE_ID};
    EXPECT(run, write_one(run, &good) == HEARTH_STORAGE_OK, "a write id of 128 bytes was refused");
    expect_read(run, "with a write id of 128 bytes", 0, &good.doc);
}

const struct check limit_checks[] = {
    {"key parts of 512 bytes are taken, of 513 FAILED", largest_key},
    {"bodies of 350,000 bytes are taken, larger than caps.max_body FAILED", largest_body},
    {"malformed keys are FAILED, and EINVAL to read", malformed_keys},
    {"bodies that are no JSON object are FAILED", malformed_bodies},
    {"malformed operations are FAILED", malformed_operations},
    {NULL, NULL},
};
