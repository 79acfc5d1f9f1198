/*
 * requests_test.c - the plugin on a fake host and a scripted DynamoDB: what is sent again and what
 * is not, what results say, and what the operator sees.
 */
#include <hearth/service/storage.h>
#include <hearth/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server.h"

#define WAIT_MS 20000
#define SECRET  "AbsolutelySecretKey"
#define MAX_OPS 32

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_test_host *host;
static struct server *server;
static const hearth_storage *storage;
static hearth_ctx *provider;

/* What the last call was answered. */
static struct {
    int done;
    hearth_status status;
    size_t count;
    hearth_storage_outcome outcomes[MAX_OPS];
    uint64_t versions[MAX_OPS]; /* of what is there, 0: nothing */
    char error[400];
} last;

static const char conflict[] =
    "{\"__type\":\"x#ConditionalCheckFailedException\",\"Item\":{\"pk\":{\"S\":\"c#p\"},\"sk\":"
    "{\"S\":\"#s\"},\"version\":{\"N\":\"9\"},\"body\":{\"M\":{}}}}";

static void set(const char *key_value)
{
    assert_int_equal(hearth_test_set(host, "storage-dynamo", key_value), HEARTH_OK);
}

static int look_is_over(void *arg)
{
    (void)arg;
    return server_count(server, "GetItem") > 0 && storage->healthy(provider);
}

static void start(void)
{
    hearth_test_options options = {.real_time = 1};
    char endpoint[64];

    server = server_start();
    host = hearth_test_create(&options);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    snprintf(endpoint, sizeof(endpoint), "endpoint=http://127.0.0.1:%d", server_port(server));
    set(endpoint);
    set("region=test-1");
    set("timeout=500ms");
    set("retry_for=3s");
}

static void run(void)
{
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    storage = hearth_test_service(host, HEARTH_STORAGE_ID, 0, &provider);
    assert_non_null(storage);
}

static int set_up(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
    start();
    run();
    assert_true(hearth_test_wait_for(host, look_is_over, NULL, WAIT_MS));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(hearth_test_logged(host, 0, SECRET), 0);
    assert_int_equal(hearth_test_stop(host), HEARTH_OK);
    hearth_test_destroy(host);
    server_stop(server);
    return 0;
}

/* ---- calls ---- */

static void on_write(const hearth_storage_result *const *results, size_t count, void *arg)
{
    (void)arg;
    last.done = 1;
    last.count = count;
    for (size_t i = 0; i < count; i++) {
        last.outcomes[i] = results[i]->outcome;
        last.versions[i] = results[i]->current ? results[i]->current->version : 0;
        if (results[i]->error)
            snprintf(last.error, sizeof(last.error), "%s", results[i]->error);
    }
}

static void on_get(hearth_status status, const hearth_doc *doc, void *arg)
{
    (void)arg;
    last.done = 1;
    last.status = status;
    last.versions[0] = doc ? doc->version : 0;
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    (void)docs;
    (void)arg;
    last.done = 1;
    last.status = status;
    last.count = count;
    last.versions[0] = cursor.len;
}

static hearth_storage_op put(const char *sort, uint32_t condition, uint64_t base)
{
    return (hearth_storage_op){
        .struct_size = sizeof(hearth_storage_op),
        .action = HEARTH_PUT,
        .condition = condition,
        .base_version = base,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = {HEARTH_STR("c"), HEARTH_STR("p"), {sort, strlen(sort)}},
                .body = HEARTH_STR("{\"n\":1}"),
                .version = base + 1,
                .write_id = HEARTH_STR("w/1")},
    };
}

static void write_ops(const hearth_storage_op *ops, size_t count, bool atomic)
{
    const hearth_storage_op *list[MAX_OPS];

    for (size_t i = 0; i < count; i++)
        list[i] = &ops[i];
    memset(&last, 0, sizeof(last));
    if (atomic)
        storage->transact(provider, list, count, on_write, NULL);
    else
        storage->write(provider, list, count, on_write, NULL);
    assert_int_equal(last.done, 0);
    assert_true(hearth_test_wait(host, &last.done, WAIT_MS));
}

static hearth_storage_outcome write_one(hearth_storage_op op)
{
    write_ops(&op, 1, false);
    return last.outcomes[0];
}

static hearth_status get(void)
{
    hearth_key key = {HEARTH_STR("c"), HEARTH_STR("p"), HEARTH_STR("s")};

    memset(&last, 0, sizeof(last));
    storage->get(provider, &key, on_get, NULL);
    assert_true(hearth_test_wait(host, &last.done, WAIT_MS));
    return last.status;
}

static double metric(const char *name, const char *labels)
{
    return hearth_test_metric(host, name, labels);
}

/* ---- what is sent again ---- */

static void what_was_throttled_is_sent_again(void **state)
{
    static const char *const errors[] = {"ProvisionedThroughputExceededException",
                                         "ThrottlingException", "RequestLimitExceeded",
                                         "TransactionConflictException"};
    char body[100];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(body, sizeof(body), "{\"__type\":\"x#%s\",\"message\":\"slow\"}", errors[i]);
        server_answer(server, "PutItem", 400, body);
        server_answer(server, "PutItem", 400, body);
        assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_OK);
        assert_int_equal(server_count(server, "PutItem"), 3 * (i + 1));
    }
    assert_true(metric("hearth_storage_dynamo_retries_total", NULL) == 8);
    assert_true(storage->healthy(provider));
}

static void tokens_bound_what_is_sent_again(void **state)
{
    const hearth_storage_op op = put("s", HEARTH_IF_ANY, 1);

    (void)state;
    for (size_t i = 0; i < 1500; i++)
        server_answer(server, "PutItem", 400, "{\"__type\":\"x#ThrottlingException\"}");
    while (metric("hearth_storage_dynamo_retries_denied_total", NULL) < 5) {
        hearth_storage_op ops[MAX_OPS];
        char sorts[MAX_OPS][8];
        for (size_t i = 0; i < MAX_OPS; i++) {
            snprintf(sorts[i], sizeof(sorts[i]), "%zu", i);
            ops[i] = op;
            ops[i].doc.key.sort = (hearth_str){sorts[i], strlen(sorts[i])};
        }
        write_ops(ops, MAX_OPS, false);
        assert_int_equal(last.outcomes[0], HEARTH_STORAGE_RETRY);
    }
    /* 500 tokens at 5 each; the look at the table gave none back, the bucket was full */
    assert_true(metric("hearth_storage_dynamo_retries_total", NULL) == 100);
}

static void a_write_of_unknown_outcome_is_not_sent_again(void **state)
{
    (void)state;
    server_answer(server, "PutItem", 500, "{\"__type\":\"x#InternalServerError\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_RETRY);
    assert_non_null(strstr(last.error, "InternalServerError"));
    server_answer(server, "PutItem", 503, "<html>");
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_RETRY);
    assert_int_equal(server_count(server, "PutItem"), 2);
}

/* libcurl by itself would send it again on another connection, the kept one having been closed. */
static void a_write_whose_answer_is_lost_is_not_sent_again(void **state)
{
    (void)state;
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_OK);
    for (size_t i = 2; i < 6; i++) {
        server_answer(server, "PutItem", SERVER_CLOSE, NULL);
        assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, i)), HEARTH_STORAGE_RETRY);
        assert_int_equal(server_count(server, "PutItem"), 2 * i - 2);
        assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, i)), HEARTH_STORAGE_OK);
    }
}

static void silence_ends_in_retry(void **state)
{
    (void)state;
    server_answer(server, "PutItem", SERVER_SILENCE, NULL);
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_RETRY);
    assert_int_equal(server_count(server, "PutItem"), 1);
    assert_false(storage->healthy(provider));
}

static void a_read_is_sent_again(void **state)
{
    size_t before = server_count(server, "GetItem");

    (void)state;
    server_answer(server, "GetItem", SERVER_CLOSE, NULL);
    server_answer(server, "GetItem", 500, "{}");
    server_answer(server, "GetItem", 200,
                  "{\"Item\":{\"version\":{\"N\":\"7\"},\"body\":{\"M\":{}}}}");
    assert_int_equal(get(), HEARTH_OK);
    assert_int_equal(last.versions[0], 7);
    assert_true(server_count(server, "GetItem") >= before + 3);
}

static const char *token_of(const char *request)
{
    static char token[64];
    const char *at = strstr(request, "\"ClientRequestToken\":\"");

    assert_non_null(at);
    snprintf(token, sizeof(token), "%.36s", at + 22);
    return token;
}

static void a_transaction_is_sent_again_under_its_token(void **state)
{
    hearth_storage_op ops[] = {put("a", HEARTH_IF_ABSENT, 0), put("b", HEARTH_IF_VERSION, 1)};
    char token[64];

    (void)state;
    server_answer(server, "TransactWriteItems", SERVER_CLOSE, NULL);
    server_answer(server, "TransactWriteItems", 400,
                  "{\"__type\":\"x#TransactionInProgressException\"}");
    write_ops(ops, 2, true);
    assert_int_equal(last.outcomes[0], HEARTH_STORAGE_OK);
    assert_int_equal(last.outcomes[1], HEARTH_STORAGE_OK);
    assert_int_equal(server_count(server, "TransactWriteItems"), 3);
    strcpy(token, token_of(server_request(server, "TransactWriteItems", 0)));
    assert_string_equal(token, token_of(server_request(server, "TransactWriteItems", 1)));
    assert_string_equal(token, token_of(server_request(server, "TransactWriteItems", 2)));
    write_ops(ops, 2, true);
    assert_string_not_equal(token, token_of(server_request(server, "TransactWriteItems", 3)));
}

/* ---- results ---- */

static void a_conflict_carries_what_is_there(void **state)
{
    (void)state;
    server_answer(server, "PutItem", 400, conflict);
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_CONFLICT);
    assert_int_equal(last.versions[0], 9);
    server_answer(server, "PutItem", 400, "{\"__type\":\"x#ConditionalCheckFailedException\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_VERSION, 1)), HEARTH_STORAGE_CONFLICT);
    assert_int_equal(last.versions[0], 0);
}

static void what_cannot_succeed_is_failed(void **state)
{
    (void)state;
    server_answer(server, "PutItem", 400,
                  "{\"__type\":\"x#ItemCollectionSizeLimitExceededException\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_ANY, 1)), HEARTH_STORAGE_FAILED);
    server_answer(server, "PutItem", 400,
                  "{\"__type\":\"x#ValidationException\",\"message\":\"too odd\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_ANY, 1)), HEARTH_STORAGE_FAILED);
    assert_non_null(strstr(last.error, "too odd"));
    assert_int_equal(server_count(server, "PutItem"), 2);
}

static void each_statement_of_a_batch_has_its_result(void **state)
{
    hearth_storage_op ops[] = {put("a", HEARTH_IF_VERSION, 1), put("b", HEARTH_IF_VERSION, 1),
                               put("c", HEARTH_IF_ABSENT, 0), put("d", HEARTH_IF_VERSION, 1),
                               put("e", HEARTH_IF_VERSION, 1)};
    (void)state;
    server_answer(server, "BatchExecuteStatement", 200,
                  "{\"Responses\":[{},"
                  "{\"Error\":{\"Code\":\"ConditionalCheckFailed\",\"Item\":{\"version\":"
                  "{\"N\":\"4\"},\"body\":{\"M\":{}}}}},"
                  "{\"Error\":{\"Code\":\"DuplicateItem\"}},"
                  "{\"Error\":{\"Code\":\"ThrottlingError\"}},"
                  "{\"Error\":{\"Code\":\"InternalServerError\"}}],"
                  "\"ConsumedCapacity\":[{\"CapacityUnits\":2.5}]}");
    server_answer(server, "PutItem", 400, conflict);
    write_ops(ops, 5, false);
    assert_int_equal(last.outcomes[0], HEARTH_STORAGE_OK);
    assert_int_equal(last.outcomes[1], HEARTH_STORAGE_CONFLICT);
    assert_int_equal(last.versions[1], 4);
    assert_int_equal(last.outcomes[2], HEARTH_STORAGE_CONFLICT);
    assert_int_equal(last.versions[2], 9);
    assert_int_equal(last.outcomes[3], HEARTH_STORAGE_OK); /* put again by itself */
    assert_int_equal(last.outcomes[4], HEARTH_STORAGE_RETRY);
    assert_int_equal(server_count(server, "PutItem"), 2);
    assert_true(metric("hearth_storage_dynamo_consumed_capacity_units_total", "kind=write") == 2.5);
}

static void a_batch_of_unknown_outcome_is_not_sent_again(void **state)
{
    hearth_storage_op ops[] = {put("a", HEARTH_IF_VERSION, 1), put("b", HEARTH_IF_VERSION, 1)};

    (void)state;
    server_answer(server, "BatchExecuteStatement", SERVER_CLOSE, NULL);
    write_ops(ops, 2, false);
    assert_int_equal(last.outcomes[0], HEARTH_STORAGE_RETRY);
    assert_int_equal(last.outcomes[1], HEARTH_STORAGE_RETRY);
    assert_int_equal(server_count(server, "BatchExecuteStatement"), 1);
    assert_int_equal(server_count(server, "PutItem"), 0);
}

static void ops_on_one_key_wait_for_each_other(void **state)
{
    hearth_storage_op ops[] = {put("a", HEARTH_IF_VERSION, 1), put("b", HEARTH_IF_VERSION, 1),
                               put("a", HEARTH_IF_VERSION, 2), put("a", HEARTH_IF_VERSION, 3)};
    (void)state;
    server_answer(server, "BatchExecuteStatement", 200, "{\"Responses\":[{},{}]}");
    server_answer(server, "PutItem", SERVER_CLOSE, NULL);
    write_ops(ops, 4, false);
    assert_int_equal(last.outcomes[0], HEARTH_STORAGE_OK);
    assert_int_equal(last.outcomes[1], HEARTH_STORAGE_OK);
    assert_int_equal(last.outcomes[2], HEARTH_STORAGE_RETRY);
    assert_int_equal(last.outcomes[3], HEARTH_STORAGE_RETRY); /* must not overtake */
    assert_int_equal(server_count(server, "PutItem"), 1);
}

static void a_transaction_over_4_mib_is_not_sent(void **state)
{
    hearth_storage_op ops[13];
    char sorts[13][4], *body = malloc(HEARTH_STORAGE_MAX_BODY);

    (void)state;
    memset(body, 'x', HEARTH_STORAGE_MAX_BODY);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + HEARTH_STORAGE_MAX_BODY - 2, "\"}", 2);
    for (size_t i = 0; i < 13; i++) {
        snprintf(sorts[i], sizeof(sorts[i]), "%zu", i);
        ops[i] = put(sorts[i], HEARTH_IF_ANY, 1);
        ops[i].doc.body = (hearth_str){body, HEARTH_STORAGE_MAX_BODY};
    }
    write_ops(ops, 13, true);
    free(body);
    assert_int_equal(last.outcomes[0], HEARTH_STORAGE_FAILED);
    assert_int_equal(last.outcomes[12], HEARTH_STORAGE_FAILED);
    assert_int_equal(server_count(server, "TransactWriteItems"), 0);
}

static hearth_storage_op put_of_size(char *body, size_t size)
{
    hearth_storage_op op = put("large", HEARTH_IF_ANY, 1);

    memset(body, 'x', size);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + size - 2, "\"}", 2);
    op.doc.body = (hearth_str){body, size};
    return op;
}

/* DynamoDB would refuse an item of more than 400 KiB, names and keys included. */
static void an_item_that_is_too_large_is_not_sent(void **state)
{
    char *body = malloc(500000);

    (void)state;
    assert_int_equal(write_one(put_of_size(body, 500000)), HEARTH_STORAGE_FAILED);
    assert_int_equal(write_one(put_of_size(body, HEARTH_STORAGE_MAX_BODY + 1)),
                     HEARTH_STORAGE_FAILED);
    assert_non_null(strstr(last.error, "350000"));
    assert_int_equal(server_count(server, "PutItem"), 0);
    assert_int_equal(write_one(put_of_size(body, HEARTH_STORAGE_MAX_BODY)), HEARTH_STORAGE_OK);
    assert_int_equal(server_count(server, "PutItem"), 1);
    free(body);
}

static void empty_pages_are_passed_over(void **state)
{
    static const char empty[] = "{\"Items\":[],\"LastEvaluatedKey\":{\"pk\":{\"S\":\"c#p\"},"
                                "\"sk\":{\"S\":\"#x\"}}}";
    (void)state;
    server_answer(server, "Query", 200, empty);
    server_answer(server, "Query", 200, empty);
    server_answer(server, "Query", 200,
                  "{\"Items\":[{\"pk\":{\"S\":\"c#p\"},\"sk\":{\"S\":\"#y\"},"
                  "\"version\":{\"N\":\"1\"},\"body\":{\"M\":{}}}]}");
    memset(&last, 0, sizeof(last));
    storage->query(provider, HEARTH_STR("c"), HEARTH_STR("p"), HEARTH_STR(""), 10,
                   (hearth_str){NULL, 0}, on_page, NULL);
    assert_true(hearth_test_wait(host, &last.done, WAIT_MS));
    assert_int_equal(last.status, HEARTH_OK);
    assert_int_equal(last.count, 1);
    assert_int_equal(last.versions[0], 0);
    assert_int_equal(server_count(server, "Query"), 3);
    assert_non_null(strstr(server_request(server, "Query", 2), "\"#x\""));
}

/* ---- what the operator sees ---- */

static void consumed_capacity_is_counted(void **state)
{
    static const char name[] = "hearth_storage_dynamo_consumed_capacity_units_total";
    hearth_storage_op ops[] = {put("a", HEARTH_IF_ABSENT, 0), put("b", HEARTH_IF_ABSENT, 0)};

    (void)state;
    server_answer(server, "PutItem", 200,
                  "{\"ConsumedCapacity\":{\"TableName\":\"t\",\"CapacityUnits\":2.5}}");
    assert_int_equal(write_one(put("s", HEARTH_IF_ANY, 1)), HEARTH_STORAGE_OK);
    server_answer(server, "TransactWriteItems", 200,
                  "{\"ConsumedCapacity\":[{\"TableName\":\"t\",\"CapacityUnits\":4.0,"
                  "\"WriteCapacityUnits\":4.0}]}");
    write_ops(ops, 2, true);
    assert_true(metric(name, "kind=write") == 6.5);
    double before = metric(name, "kind=read");
    server_answer(server, "GetItem", 200,
                  "{\"ConsumedCapacity\":{\"TableName\":\"t\",\"CapacityUnits\":0.5}}");
    assert_int_equal(get(), HEARTH_ENOTFOUND);
    assert_true(metric(name, "kind=read") == before + 0.5);
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(server_request(server, i ? "TransactWriteItems" : "PutItem", 0),
                               "\"ReturnConsumedCapacity\":\"TOTAL\""));
}

static int is_healthy(void *arg)
{
    (void)arg;
    return hearth_test_health(host, "storage-dynamo", "storage", NULL) == HEARTH_HEALTHY;
}

static void a_missing_right_is_said_and_nothing_is_given_up(void **state)
{
    const char *reason;

    (void)state;
    server_answer(server, "PutItem", 400,
                  "{\"__type\":\"x#AccessDeniedException\",\"message\":\"not authorized\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_ANY, 1)), HEARTH_STORAGE_RETRY);
    assert_int_equal(hearth_test_health(host, "storage-dynamo", "storage", &reason),
                     HEARTH_DEGRADED);
    assert_non_null(strstr(reason, "not authorized"));
    assert_true(hearth_test_wait_for(host, is_healthy, NULL, WAIT_MS)); /* by a look of its own */
}

/* AWS repeats the signed headers in what it says of a signature. */
static void what_is_said_of_a_signature_is_not_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        server_answer(server, "PutItem", 400,
                      "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"" SECRET "\"}");
    assert_int_equal(write_one(put("s", HEARTH_IF_ANY, 1)), HEARTH_STORAGE_RETRY);
    assert_non_null(strstr(last.error, "InvalidSignature"));
    assert_null(strstr(last.error, SECRET));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_throttled_is_sent_again),
        TEST(tokens_bound_what_is_sent_again),
        TEST(a_write_of_unknown_outcome_is_not_sent_again),
        TEST(a_write_whose_answer_is_lost_is_not_sent_again),
        TEST(silence_ends_in_retry),
        TEST(a_read_is_sent_again),
        TEST(a_transaction_is_sent_again_under_its_token),
        TEST(a_conflict_carries_what_is_there),
        TEST(what_cannot_succeed_is_failed),
        TEST(each_statement_of_a_batch_has_its_result),
        TEST(a_batch_of_unknown_outcome_is_not_sent_again),
        TEST(ops_on_one_key_wait_for_each_other),
        TEST(a_transaction_over_4_mib_is_not_sent),
        TEST(an_item_that_is_too_large_is_not_sent),
        TEST(empty_pages_are_passed_over),
        TEST(consumed_capacity_is_counted),
        TEST(a_missing_right_is_said_and_nothing_is_given_up),
        TEST(what_is_said_of_a_signature_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
