/*
 * requests_test.c - what is sent to DynamoDB, what results say, and what the operator sees.
 */
#include "requests_fixture.h"

static const char conflict[] =
    "{\"__type\":\"x#ConditionalCheckFailedException\",\"Item\":{\"pk\":{\"S\":\"c#p\"},\"sk\":"
    "{\"S\":\"#s\"},\"version\":{\"N\":\"9\"},\"body\":{\"M\":{}}}}";

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
