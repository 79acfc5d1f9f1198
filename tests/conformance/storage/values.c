/*
 * values.c - what a document may hold: any JSON, any UTF-8, large versions.
 */
#include "run.h"

#include <string.h>

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

/* As deep as hearth.json/1 reads. */
static void nesting(struct run *run)
{
    char body[32 * 7 + 1] = "";
    hearth_key key = key_of(run, "nesting", "a");

    for (int i = 0; i < 31; i++)
        strcat(body, "{\"a\":");
    strcat(body, "{}");
    for (int i = 0; i < 31; i++)
        strcat(body, "}");
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

static void numbers(struct run *run)
{
    static const char body[] = "{\"tenth\":0.1,\"small\":-2.5e-3,\"smaller\":1.25e-300,"
                               "\"third\":0.3333333333333333,\"large\":1.7976931348623157e308,"
                               "\"money\":123456789.125}";
    hearth_key key = key_of(run, "numbers", "a");
    hearth_storage_op op = put_op(&key, body, 1, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "it was refused");
    expect_doc(run, &key, 1, body);
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

/* Collations of databases take some of these for the same. */
static void keys_that_look_alike(struct run *run)
{
    static const char *const sorts[] = {"a",      "A",  "a ",  " a", "\u00e4", "a\u0308",
                                        "\u00df", "ss", "a\t", "1",  "01",     "1.0"};
    const size_t count = sizeof(sorts) / sizeof(sorts[0]);
    hearth_key key = key_of(run, "alike", "");

    for (size_t i = 0; i < count; i++) {
        key.sort = (hearth_str){sorts[i], strlen(sorts[i])};
        hearth_storage_op op = put_op(&key, "{}", i + 1, HEARTH_IF_ABSENT, 0);
        EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "'%s' is taken for another one",
               sorts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        key.sort = (hearth_str){sorts[i], strlen(sorts[i])};
        expect_doc(run, &key, i + 1, "{}");
    }
    hearth_key other = key_of(run, "ALIKE", "a");
    expect_doc(run, &other, 0, NULL);
}

const struct check value_checks[] = {
    {"a body comes back equal as a JSON value", json_values},
    {"numbers come back as they were", numbers},
    {"objects within objects are taken, 32 deep", nesting},
    {"keys are any UTF-8", unicode_keys},
    {"keys that look alike are different", keys_that_look_alike},
    {"the parts of a key do not run together", key_parts_do_not_run_together},
    {"versions reach 2^63 - 1", large_versions},
    {NULL, NULL},
};
