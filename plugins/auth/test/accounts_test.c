/*
 * accounts_test.c - making accounts and logging in, with the virtual clock and the real embedded
 * store.
 */
#include "fixture.h"

static void accounts_obey_the_rules(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
    } rows[] = {
        {"", 400, "INVALID_JSON"},
        {"{", 400, "INVALID_JSON"},
        {"[]", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bob\"}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bob\",\"password\":null}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bob\",\"password\":12345678}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bob\",\"password\":\"1234567\"}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bo\",\"password\":\"12345678\"}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"bo b\",\"password\":\"12345678\"}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"b\\u0000b\",\"password\":\"12345678\"}", 400, "INVALID_REQUEST"},
        {"{\"username\":\"b\xc3\xb6"
         "b\",\"password\":\"12345678\"}",
         400, "INVALID_REQUEST"},
        {"{\"username\":\"bob\",\"password\":\"12345678\",\"scope\":\"admin\"}", 400,
         "INVALID_REQUEST"},
        {"{\"username\":\"bob\",\"username\":\"eve\",\"password\":\"12345678\"}", 400,
         "INVALID_JSON"},
        {"{\"username\":\"A.b_c@d+e-9\",\"password\":\"12345678\"}", 201, NULL},
        {"{\"username\":\"a.B_c@d+e-9\",\"password\":\"87654321\"}", 409, "USERNAME_TAKEN"},
    };
    hearth_test_host *host = fixture_start(1, NULL);
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hearth_test_call *call = fixture_post(host, "/accounts", rows[i].body, NULL);
        if (rows[i].code)
            assert_refused(call, rows[i].status, rows[i].code);
        else
            assert_int_equal(hearth_test_status(call), rows[i].status);
    }
    hearth_test_call *call =
        hearth_test_request(host, "POST", "/accounts", "Content-Type: text/plain",
                            "{\"username\":\"bob\",\"password\":\"12345678\"}");
    assert_refused(call, 415, "UNSUPPORTED_MEDIA_TYPE");
    fixture_stop(host);
}

static void closed_registration_wants_scope_admin(void **state)
{
    static const char *const sets[] = {"registration=closed", NULL};
    static const char body[] = "{\"username\":\"bob\",\"password\":\"12345678\"}";
    hearth_test_host *host = fixture_start(2, sets);
    (void)state;

    assert_refused(fixture_post(host, "/accounts", body, NULL), 401, "UNAUTHENTICATED");
    hearth_test_output made =
        hearth_test_command(host, "account add root --scope admin", "topsecret1\n", 10000);
    assert_int_equal(made.status, HEARTH_OK);
    made = hearth_test_command(host, "account add eve", "topsecret2\n", 10000);
    assert_int_equal(made.status, HEARTH_OK);
    char *admin = fixture_member(fixture_login(host, "root", "topsecret1"), "token");
    char *eve = fixture_member(fixture_login(host, "eve", "topsecret2"), "token");
    assert_refused(fixture_post(host, "/accounts", body, eve), 403, "FORBIDDEN");
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", body, admin)), 201);
    free(admin);
    free(eve);
    fixture_stop(host);
}

static void account_add_says_what_is_wrong(void **state)
{
    static const struct {
        const char *words, *input;
    } rows[] = {{"account add", "password1"},         {"account add bo", "password1"},
                {"account add bob eve", "password1"}, {"account add bob --scope ,", "password1"},
                {"account add bob", "short"},         {"account add taken", "password1"}};
    hearth_test_host *host = fixture_start(1, NULL);
    (void)state;

    assert_int_equal(hearth_test_command(host, "account add taken", "password1\n", 10000).status,
                     HEARTH_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hearth_test_output output = hearth_test_command(host, rows[i].words, rows[i].input, 10000);
        assert_true(output.status < 0);
        assert_true(output.err[0] != '\0');
        assert_null(strstr(output.err, rows[i].input));
    }
    fixture_stop(host);
}

static void a_wrong_login_is_one_answer_and_the_same_work(void **state)
{
    hearth_test_host *host = fixture_start(2, NULL);
    char *token, long_name[700];
    (void)state;

    fixture_player(host, "bob", &token, NULL);
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    const char *const names[][2] = {
        {"bob", "wrong password"}, {"nobody", "wrong password"}, {"?", "x"}, {"", ""},
        {long_name, "x"},          {"b\\u0000b", "\\u0000"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        double hashes = hearth_test_metric(host, "hearth_auth_hash_duration_seconds", NULL);
        double reads =
            hearth_test_metric(host, "hearth_storage_sqlite_read_duration_seconds", NULL);
        assert_refused(fixture_login(host, names[i][0], names[i][1]), 401, "INVALID_CREDENTIALS");
        assert_true(hearth_test_metric(host, "hearth_auth_hash_duration_seconds", NULL) ==
                    hashes + 1);
        assert_true(hearth_test_metric(host, "hearth_storage_sqlite_read_duration_seconds", NULL) >=
                    reads + 1);
    }
    free(token);
    fixture_stop(host);
}

static void ten_failures_and_the_account_must_wait(void **state)
{
    hearth_test_host *host = fixture_start(4, NULL);
    char *token;
    (void)state;

    fixture_player(host, "bob", &token, NULL);
    for (uint32_t i = 0; i < 10; i++) {
        hearth_test_request_spec spec = {
            .method = "POST",
            .path = "/session/login",
            .headers = "Content-Type: application/json",
            .body = HEARTH_STR("{\"username\":\"bob\",\"password\":\"wrong\"}"),
            .loop = i % 4};
        hearth_test_call *call = hearth_test_send(host, &spec);
        assert_int_equal(hearth_test_await(call, 20000), 401);
        hearth_test_advance(host, 60000);
    }
    hearth_test_call *call = fixture_login(host, "bob", PASSWORD);
    assert_refused(call, 429, "TOO_MANY_REQUESTS");
    assert_true(atoi(hearth_test_header(call, "Retry-After")) <= 301);
    assert_true(atoi(hearth_test_header(call, "Retry-After")) >= 299);
    hearth_test_advance(host, 301000);
    assert_int_equal(hearth_test_status(fixture_login(host, "bob", PASSWORD)), 200);
    free(token);
    fixture_stop(host);
}

static void changed_parameters_hash_anew_at_the_next_login(void **state)
{
    static const char *const sets[] = {"argon2_passes=2", NULL};
    char directory[] = "/tmp/auth-rehash-XXXXXX", command[64], *token;
    (void)state;

    assert_non_null(mkdtemp(directory));
    hearth_test_host *host = fixture_start_in(2, directory, NULL);
    fixture_player(host, "bob", &token, NULL);
    fixture_stop(host);
    host = fixture_start_in(2, directory, sets);
    for (int i = 0; i < 2; i++) {
        double hashes = hearth_test_metric(host, "hearth_auth_hash_duration_seconds", NULL);
        assert_int_equal(hearth_test_status(fixture_login(host, "bob", PASSWORD)), 200);
        hashes = hearth_test_metric(host, "hearth_auth_hash_duration_seconds", NULL) - hashes;
        assert_true(hashes == (i == 0 ? 2 : 1));
    }
    free(token);
    fixture_stop(host);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

static void a_full_queue_is_overloaded_at_once(void **state)
{
    static const char *const sets[] = {"hash_queue=1", "hash_concurrency=1", "login_limit=0",
                                       "login_address_limit=0", NULL};
    hearth_test_host *host = fixture_start(1, sets);
    hearth_test_call *calls[8];
    int overloaded = 0;
    (void)state;

    for (int i = 0; i < 8; i++) {
        hearth_test_request_spec spec = {
            .method = "POST",
            .path = "/session/login",
            .headers = "Content-Type: application/json",
            .body = HEARTH_STR("{\"username\":\"bob\",\"password\":\"wrong\"}"),
            .no_pump = 1};
        calls[i] = hearth_test_send(host, &spec);
    }
    for (int i = 0; i < 8; i++)
        if (hearth_test_await(calls[i], 20000) == 503) {
            assert_refused(calls[i], 503, "OVERLOADED");
            overloaded++;
        }
    assert_true(overloaded >= 1);
    fixture_stop(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_obey_the_rules),
        cmocka_unit_test(closed_registration_wants_scope_admin),
        cmocka_unit_test(account_add_says_what_is_wrong),
        cmocka_unit_test(a_wrong_login_is_one_answer_and_the_same_work),
        cmocka_unit_test(ten_failures_and_the_account_must_wait),
        cmocka_unit_test(changed_parameters_hash_anew_at_the_next_login),
        cmocka_unit_test(a_full_queue_is_overloaded_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
