/*
 * retries_test.c - which requests are sent again, and which are not.
 */
#include "requests_fixture.h"

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
    for (size_t i = 0; i < 1500; i++) {
        server_answer(server, "PutItem", 400, "{\"__type\":\"x#ThrottlingException\"}");
        server_answer(server, "GetItem", 400, "{\"__type\":\"x#ThrottlingException\"}");
    }
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
    /* 500 tokens at 5 each, looks at the table included: only a success would give one back */
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
    for (size_t i = 0; i < 20; i++) /* looks at the table are answered from here, too */
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
