/*
 * units_test.c - values, errors and secrets: what text becomes, and what it does not.
 */
#include <hearth/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../errors.h"
#include "../item.h"
#include "../secret.h"
#include "../value.h"

static hearth_test_host *host;
static hearth_ctx *ctx;
static const hearth_json *json;
static const hearth_arena_api *arenas;
static hearth_arena *arena;

static int set_up(void **state)
{
    (void)state;
    host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    ctx = hearth_test_own_ctx(host, 0);
    json = hearth_json_get(ctx);
    arenas = hearth_arena_get(ctx);
    arena = arenas->create(ctx, (size_t)64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arenas->destroy(arena);
    hearth_test_destroy(host);
    return 0;
}

static hearth_str str(const char *text)
{
    return (hearth_str){text, strlen(text)};
}

static const hearth_json_value *parse(hearth_str text)
{
    const hearth_json_value *value = NULL;
    assert_int_equal(json->parse(arena, text, &value, NULL), HEARTH_OK);
    return value;
}

/* ---- values ---- */

static void expect_written(const char *body, const char *expected)
{
    struct text text = {.max = 1 << 20};
    value_write(&text, str(body));
    text_add(&text, (hearth_str){"", 1});
    assert_false(text.failed);
    assert_string_equal(text.ptr, expected);
    text_finish(&text);
}

/* Written and read back it is the same text; `native`: as a map. */
static void expect_round_trip(hearth_str body, bool native)
{
    struct text written = {.max = 64 << 20}, read = {.max = 64 << 20};

    value_write(&written, body);
    assert_false(written.failed);
    assert_int_equal(memcmp(written.ptr, native ? "{\"M\"" : "{\"S\"", 4), 0);
    assert_true(value_read(json, parse(text_str(&written)), &read));
    assert_int_equal(read.len, body.len);
    assert_memory_equal(read.ptr, body.ptr, body.len);
    text_finish(&written);
    text_finish(&read);
}

static void bodies_become_maps(void **state)
{
    (void)state;
    expect_written("{}", "{\"M\":{}}");
    expect_written("{\"hp\":7,\"name\":\"A\\u00e9\\n\"}",
                   "{\"M\":{\"hp\":{\"N\":\"7\"},\"name\":{\"S\":\"A\\u00e9\\n\"}}}");
    expect_written(" { \"a\" : [ true , false , null , \"\" , -1.5 ] } ",
                   "{\"M\":{\"a\":{\"L\":[{\"BOOL\":true},{\"BOOL\":false},{\"NULL\":true},"
                   "{\"S\":\"\"},{\"N\":\"-1.5\"}]}}}");
}

static void what_is_exact_is_native(void **state)
{
    static const char *const bodies[] = {
        "{\"a\":0}",
        "{\"a\":-9007199254740993}",
        "{\"a\":99999999999999999999999999999999999999}",
        "{\"a\":0.5,\"b\":-0.000001,\"c\":10.25}",
        "{\"a\":{},\"b\":[],\"c\":[[],{}],\"d\":\"\"}",
        "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":{\"j\":1}}}}}}}}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_round_trip(str(bodies[i]), true);
}

static void what_is_not_exact_stays_text(void **state)
{
    static const char *const bodies[] = {
        "{\"a\":1.0}",
        "{\"a\":-0}",
        "{\"a\":1e2}",
        "{\"a\":1.5E-7}",
        "{\"a\":999999999999999999999999999999999999999}",
        "{\"\":1}",
        "{\"a\":{\"b\":[{\"\":null}]}}",
        "{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_round_trip(str(bodies[i]), false);
}

/* A body of the largest size whose parts are as small as can be takes more room as a map. */
static void bodies_that_outgrow_an_item_stay_text(void **state)
{
    static const char *const parts[] = {"0,", "[],", "{},", "-1,", "true,", "null,", "\"\","};
    static const char *const forms[] = {"{\"S\"", "{\"S\"", "{\"S\"", "{\"S\"",
                                        "{\"M\"", "{\"M\"", "{\"M\""};
    char *body = malloc(HEARTH_STORAGE_MAX_BODY + 8);

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct text text = {.max = 64 << 20};
        size_t len = 6, part = strlen(parts[i]);
        memcpy(body, "{\"a\":[", len);
        for (; len + part + 2 <= HEARTH_STORAGE_MAX_BODY; len += part)
            memcpy(body + len, parts[i], part);
        memcpy(body + len - 1, "]}", 2);
        value_write(&text, (hearth_str){body, len + 1});
        assert_memory_equal(text.ptr, forms[i], 4);
        text_finish(&text);
    }
    free(body);
}

static void foreign_values_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"B\":\"AAAA\"}",
        "{\"M\":{\"a\":{\"SS\":[\"x\"]}}}",
        "{\"M\":3}",
        "{\"M\":{\"a\":{\"N\":\"x\"}}}",
        "{\"M\":{\"a\":{}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct text text = {.max = 1024};
        assert_false(value_read(json, parse(str(bad[i])), &text));
        text_finish(&text);
    }
}

/* ---- items ---- */

static void items_keep_everything(void **state)
{
    static const char *const collections[] = {"a", "a#b", "~", "#", "~1#~0", "x~y"};
    (void)state;
    for (size_t i = 0; i < sizeof(collections) / sizeof(collections[0]); i++) {
        struct text text = {.max = 65536};
        hearth_doc doc = {.key = {str(collections[i]), HEARTH_STR("p#\"\n"), HEARTH_STR("#s~")},
                          .body = HEARTH_STR("{\"n\":1}"),
                          .version = INT64_MAX,
                          .epoch = UINT64_MAX,
                          .write_id = HEARTH_STR("w/1"),
                          .expires_ms = 1234567};
        item_write(&text, &doc);
        storage_row *row = item_read(json, parse(text_str(&text)), NULL);
        assert_non_null(row);
        assert_true(storage_str_equal(row->doc.key.collection, doc.key.collection));
        assert_true(storage_str_equal(row->doc.key.partition, doc.key.partition));
        assert_true(storage_str_equal(row->doc.key.sort, doc.key.sort));
        assert_true(storage_str_equal(row->doc.body, doc.body));
        assert_true(storage_str_equal(row->doc.write_id, doc.write_id));
        assert_true(row->doc.version == doc.version && row->doc.epoch == doc.epoch);
        assert_int_equal(row->doc.expires_ms, doc.expires_ms);
        storage_rows_free(row);
        text_finish(&text);
    }
}

static void foreign_items_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"pk\":{\"S\":\"no separator\"},\"sk\":{\"S\":\"#\"},\"body\":{\"M\":{}}}",
        "{\"pk\":{\"S\":\"c#p\"},\"sk\":{\"S\":\"x\"},\"body\":{\"M\":{}}}",
        "{\"pk\":{\"S\":\"c#p\"},\"sk\":{\"S\":\"#\"},\"body\":{\"M\":{}},\"version\":{\"N\":\"-"
        "1\"}}",
        "{\"pk\":{\"S\":\"c#p\"},\"sk\":{\"S\":\"#\"},\"version\":{\"N\":\"1\"}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(item_read(json, parse(str(bad[i])), NULL));
}

/* ---- errors ---- */

static enum outcome judge(long status, const char *body)
{
    hearth_str name, message;
    return errors_judge(json, status, body ? parse(str(body)) : NULL, &name, &message);
}

static enum outcome judge_name(const char *name)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"__type\":\"com.amazonaws.dynamodb.v20120810#%s\"}", name);
    return judge(400, body);
}

/* The API reference of DynamoDB: errors of its operations, common errors, codes of PartiQL's
 * statements, and reasons of a cancelled transaction. */
static void every_error_has_its_meaning(void **state)
{
    static const struct {
        enum outcome outcome;
        const char *names[16];
    } all[] = {
        {OUTCOME_CONDITION, {"ConditionalCheckFailedException", "ConditionalCheckFailed"}},
        {OUTCOME_DUPLICATE, {"DuplicateItemException", "DuplicateItem"}},
        {OUTCOME_THROTTLED,
         {"ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded",
          "ThrottlingException", "ThrottlingError", "RequestLimitExceeded",
          "LimitExceededException", "Throttling", "TooManyRequestsException", "SlowDown"}},
        {OUTCOME_CONTENTION,
         {"TransactionConflictException", "TransactionConflict", "TransactionInProgressException",
          "ReplicatedWriteConflictException"}},
        {OUTCOME_CREDENTIALS,
         {"ExpiredTokenException", "ExpiredToken", "RequestExpired", "UnrecognizedClientException",
          "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
          "IncompleteSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
          "MissingAuthenticationTokenException"}},
        {OUTCOME_FORBIDDEN,
         {"AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired",
          "KMSAccessDeniedException", "InaccessibleEncryptionCredentialsException"}},
        {OUTCOME_NO_TABLE,
         {"ResourceNotFoundException", "ResourceNotFound", "ResourceInUseException"}},
        {OUTCOME_FINAL,
         {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceededException",
          "ItemCollectionSizeLimitExceeded", "IdempotentParameterMismatchException",
          "SerializationException", "InvalidParameterValue", "MissingParameter", "InvalidAction",
          "UnknownOperationException", "RequestEntityTooLargeException",
          "MalformedHttpRequestException"}},
        {OUTCOME_UNKNOWN,
         {"InternalServerError", "InternalFailure", "ServiceUnavailable",
          "ServiceUnavailableException", "RequestTimeoutException", "RequestAbortedException",
          "NeverHeardOfException", ""}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (size_t n = 0; n < 16 && all[i].names[n]; n++) {
            if (judge_name(all[i].names[n]) != all[i].outcome)
                fail_msg("%s: expected outcome %s, found %s", all[i].names[n],
                         outcome_names[all[i].outcome], outcome_names[judge_name(all[i].names[n])]);
        }
    }
}

static void an_http_status_counts_where_no_error_is_named(void **state)
{
    (void)state;
    assert_int_equal(judge(500, "{\"__type\":\"x#InternalServerError\"}"), OUTCOME_UNKNOWN);
    assert_int_equal(judge(500, "{\"__type\":\"x#ValidationException\"}"), OUTCOME_UNKNOWN);
    assert_int_equal(judge(503, "{\"__type\":\"x#ThrottlingException\"}"), OUTCOME_THROTTLED);
    assert_int_equal(judge(503, NULL), OUTCOME_UNKNOWN);
    assert_int_equal(judge(413, NULL), OUTCOME_FINAL);
    assert_int_equal(judge(200, NULL), OUTCOME_UNKNOWN);
    assert_int_equal(judge(200, "{}"), OUTCOME_OK);
}

static enum outcome judge_reasons(const char *first, const char *second)
{
    char body[300];
    snprintf(body, sizeof(body),
             "{\"__type\":\"x#TransactionCanceledException\",\"CancellationReasons\":["
             "{\"Code\":\"%s\"},{\"Code\":\"%s\"}]}",
             first, second);
    return judge(400, body);
}

static void the_reasons_of_a_transaction_are_weighed(void **state)
{
    (void)state;
    assert_int_equal(judge_reasons("None", "ConditionalCheckFailed"), OUTCOME_CONDITION);
    assert_int_equal(judge_reasons("ValidationError", "ConditionalCheckFailed"), OUTCOME_CONDITION);
    assert_int_equal(judge_reasons("None", "TransactionConflict"), OUTCOME_CONTENTION);
    assert_int_equal(judge_reasons("ThrottlingError", "TransactionConflict"), OUTCOME_THROTTLED);
    assert_int_equal(judge_reasons("ThrottlingError", "ItemCollectionSizeLimitExceeded"),
                     OUTCOME_FINAL);
    assert_int_equal(judge_reasons("ValidationError", "ThrottlingError"), OUTCOME_FINAL);
}

/* ---- secrets ---- */

static void profiles_of_a_file(void **state)
{
    static const char file[] = "# mine\n[default]\naws_access_key_id = AK1\n"
                               "aws_secret_access_key=S1=\r\n\n[ other ]\naws_access_key_id=AK2\n"
                               "aws_secret_access_key=S2\naws_session_token=T2\n[half]\n"
                               "aws_access_key_id=AK3\n";
    struct secret_text secret;

    (void)state;
    assert_true(secret_from_file(&secret, str(file), str("default")));
    assert_string_equal(secret.id, "AK1");
    assert_string_equal(secret.key, "S1=");
    assert_string_equal(secret.token, "");
    assert_true(secret_from_file(&secret, str(file), str("other")));
    assert_string_equal(secret.token, "T2");
    assert_false(secret_from_file(&secret, str(file), str("half")));
    assert_false(secret_from_file(&secret, str(file), str("none")));
    assert_false(secret_from_file(&secret,
                                  str("[default]\naws_access_key_id=a b\n"
                                      "aws_secret_access_key=c\n"),
                                  str("default")));
}

static void answers_of_a_metadata_endpoint(void **state)
{
    static const char good[] = "{\"Code\":\"Success\",\"AccessKeyId\":\"AK\",\"SecretAccessKey\":"
                               "\"S\",\"Token\":\"T\",\"Expiration\":\"2026-11-21T10:00:00Z\"}";
    struct secret_text secret;

    (void)state;
    assert_true(secret_from_json(&secret, json, parse(str(good))));
    assert_string_equal(secret.id, "AK");
    assert_true(secret.expires_ms == 1795255200000);
    assert_true(secret_moment_ms(str("2026-11-21T10:00:00.123Z")) == 1795255200000);
    assert_true(secret_moment_ms(str("2026-11-21")) == -1);
    assert_true(secret_moment_ms(str("2026-11-21T10:00:00+01:00")) == -1);
    assert_false(secret_from_json(&secret, json, parse(str("{\"Code\":\"Failed\"}"))));
    assert_false(
        secret_from_json(&secret, json,
                         parse(str("{\"AccessKeyId\":\"a\\r\\nX: y\",\"SecretAccessKey\":\"s\","
                                   "\"Expiration\":\"2026-11-21T10:00:00Z\"}"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_become_maps),
        cmocka_unit_test(what_is_exact_is_native),
        cmocka_unit_test(what_is_not_exact_stays_text),
        cmocka_unit_test(bodies_that_outgrow_an_item_stay_text),
        cmocka_unit_test(foreign_values_are_refused),
        cmocka_unit_test(items_keep_everything),
        cmocka_unit_test(foreign_items_are_refused),
        cmocka_unit_test(every_error_has_its_meaning),
        cmocka_unit_test(an_http_status_counts_where_no_error_is_named),
        cmocka_unit_test(the_reasons_of_a_transaction_are_weighed),
        cmocka_unit_test(profiles_of_a_file),
        cmocka_unit_test(answers_of_a_metadata_endpoint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
