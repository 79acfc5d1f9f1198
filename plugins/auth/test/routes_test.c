/*
 * routes_test.c - the routes of accounts and sessions on several loops, with the virtual clock and
 * the real embedded store.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text.h"

static const char *body_of(hearth_test_call *call)
{
    return hearth_test_body(call).ptr;
}

static void assert_error(hearth_test_call *call, int status, const char *code)
{
    char quoted[64];

    snprintf(quoted, sizeof(quoted), "\"%s\"", code);
    if (hearth_test_status(call) != status || strcmp(hearth_test_json(call, "code"), quoted) != 0)
        fail_msg("expected %d %s, found %d %s", status, code, hearth_test_status(call),
                 body_of(call));
}

static void a_session_from_account_to_logout(void **state)
{
    hearth_test_host *host = fixture_start(2, NULL);
    char *token, *refresh, *next = NULL;
    (void)state;

    fixture_player(host, "Pykey", &token, &refresh);
    hearth_test_call *call = fixture_login(host, "pYKEY", PASSWORD);
    assert_int_equal(hearth_test_status(call), 200);
    assert_string_equal(hearth_test_json(call, "tokenType"), "\"Bearer\"");
    assert_string_equal(hearth_test_json(call, "expiresIn"), "900");
    assert_string_equal(hearth_test_header(call, "Cache-Control"), "no-store");
    assert_int_equal(fixture_refresh(host, refresh, &next), 200);
    assert_int_equal(fixture_logout(host, token), 204);
    assert_error(fixture_post(host, "/session/logout", "", token), 401, "UNAUTHENTICATED");
    assert_int_equal(fixture_refresh(host, next, NULL), 401);
    free(token);
    free(refresh);
    free(next);
    fixture_stop(host);
}

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
            assert_error(call, rows[i].status, rows[i].code);
        else
            assert_int_equal(hearth_test_status(call), rows[i].status);
    }
    hearth_test_call *call =
        hearth_test_request(host, "POST", "/accounts", "Content-Type: text/plain",
                            "{\"username\":\"bob\",\"password\":\"12345678\"}");
    assert_error(call, 415, "UNSUPPORTED_MEDIA_TYPE");
    fixture_stop(host);
}

static void closed_registration_wants_scope_admin(void **state)
{
    static const char *const sets[] = {"registration=closed", NULL};
    static const char body[] = "{\"username\":\"bob\",\"password\":\"12345678\"}";
    hearth_test_host *host = fixture_start(2, sets);
    (void)state;

    assert_error(fixture_post(host, "/accounts", body, NULL), 401, "UNAUTHENTICATED");
    hearth_test_output made =
        hearth_test_command(host, "account add root --scope admin", "topsecret1\n", 10000);
    assert_int_equal(made.status, HEARTH_OK);
    made = hearth_test_command(host, "account add eve", "topsecret2\n", 10000);
    assert_int_equal(made.status, HEARTH_OK);
    char *admin = fixture_member(fixture_login(host, "root", "topsecret1"), "token");
    char *eve = fixture_member(fixture_login(host, "eve", "topsecret2"), "token");
    assert_error(fixture_post(host, "/accounts", body, eve), 403, "FORBIDDEN");
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
        assert_error(fixture_login(host, names[i][0], names[i][1]), 401, "INVALID_CREDENTIALS");
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
    assert_error(call, 429, "TOO_MANY_REQUESTS");
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
            assert_error(calls[i], 503, "OVERLOADED");
            overloaded++;
        }
    assert_true(overloaded >= 1);
    fixture_stop(host);
}

static void a_refresh_token_works_once(void **state)
{
    static const char *const sets[] = {"refresh_grace=10s", NULL};
    hearth_test_host *host = fixture_start(2, sets);
    char *token, *first, *second = NULL, *third = NULL, *fourth = NULL;
    (void)state;

    fixture_player(host, "bob", &token, &first);
    assert_int_equal(fixture_refresh(host, first, &second), 200);
    hearth_test_advance(host, 5000);
    assert_int_equal(fixture_refresh(host, first, NULL), 401); /* within the grace */
    assert_int_equal(fixture_refresh(host, second, &third), 200);
    assert_int_equal(fixture_refresh(host, first, NULL), 401); /* still, after another winner */
    assert_int_equal(fixture_refresh(host, third, &fourth), 200);
    hearth_test_advance(host, 5001);
    assert_int_equal(fixture_refresh(host, first, NULL), 401); /* late: the session is revoked */
    assert_int_equal(fixture_refresh(host, fourth, NULL), 401);
    assert_int_equal(fixture_logout(host, token), 401);
    assert_true(hearth_test_metric(host, "hearth_auth_refreshes_total", "result=reused") == 1);
    free(token);
    free(first);
    free(second);
    free(third);
    free(fourth);
    fixture_stop(host);
}

static void an_old_generation_revokes_too(void **state)
{
    hearth_test_host *host = fixture_start(1, NULL);
    char *token, *first, *second = NULL, *third = NULL;
    (void)state;

    fixture_player(host, "bob", &token, &first);
    assert_int_equal(fixture_refresh(host, first, &second), 200);
    hearth_test_advance(host, 60000);
    assert_int_equal(fixture_refresh(host, second, &third), 200); /* first is not remembered now */
    assert_int_equal(fixture_refresh(host, first, NULL), 401);
    assert_int_equal(fixture_refresh(host, third, NULL), 401);
    free(token);
    free(first);
    free(second);
    free(third);
    fixture_stop(host);
}

static void concurrent_refreshes_have_one_winner(void **state)
{
    hearth_test_host *host = fixture_start(4, NULL);
    char *token, *refresh, body[512], *next = NULL;
    hearth_test_call *calls[16];
    int won = 0;
    (void)state;

    fixture_player(host, "bob", &token, &refresh);
    snprintf(body, sizeof(body), "{\"refreshToken\":\"%s\"}", refresh);
    for (uint32_t i = 0; i < 16; i++) {
        hearth_test_request_spec spec = {.method = "POST",
                                         .path = "/session/refresh",
                                         .headers = "Content-Type: application/json",
                                         .body = {body, strlen(body)},
                                         .loop = i % 4,
                                         .no_pump = 1};
        calls[i] = hearth_test_send(host, &spec);
    }
    for (int i = 0; i < 16; i++) {
        int status = hearth_test_await(calls[i], 20000);
        assert_true(status == 200 || status == 401);
        if (status == 200) {
            won++;
            next = fixture_member(calls[i], "refreshToken");
        }
    }
    assert_int_equal(won, 1);
    assert_int_equal(fixture_refresh(host, next, NULL), 200); /* nothing was revoked */
    free(token);
    free(refresh);
    free(next);
    fixture_stop(host);
}

static void strange_refresh_tokens_revoke_nothing(void **state)
{
    hearth_test_host *host = fixture_start(1, NULL);
    char *token, *refresh, *odd;
    (void)state;

    fixture_player(host, "bob", &token, &refresh);
    assert_int_equal(fixture_refresh(host, "", NULL), 401);
    assert_int_equal(fixture_refresh(host, "abc", NULL), 401);
    odd = strdup(refresh); /* another family: whoever knows only the ids */
    odd[60] = odd[60] == 'A' ? 'B' : 'A';
    assert_int_equal(fixture_refresh(host, odd, NULL), 401);
    assert_int_equal(fixture_refresh(host, refresh, NULL), 200);
    free(odd);
    free(token);
    free(refresh);
    fixture_stop(host);
}

static void logout_holds_on_every_loop(void **state)
{
    hearth_test_host *host = fixture_start(4, NULL);
    char *token, headers[2048];
    (void)state;

    fixture_player(host, "bob", &token, NULL);
    snprintf(headers, sizeof(headers), "Authorization: bEaReR %s", token);
    assert_int_equal(fixture_logout(host, token), 204);
    for (uint32_t loop = 0; loop < 4; loop++) {
        hearth_test_request_spec spec = {
            .method = "POST", .path = "/session/logout", .headers = headers, .loop = loop};
        assert_int_equal(hearth_test_await(hearth_test_send(host, &spec), 20000), 401);
    }
    free(token);
    fixture_stop(host);
}

static size_t last_logouts;
static char last_user[64];

static void on_last_logout(hearth_str user, void *arg)
{
    (void)arg;
    last_logouts++;
    snprintf(last_user, sizeof(last_user), "%" HEARTH_PRIS, HEARTH_ARG(user));
}

static int told(void *arg)
{
    return last_logouts == *(size_t *)arg;
}

static void the_last_logout_is_told_on_the_home_loop(void **state)
{
    hearth_test_host *host = fixture_start(4, NULL);
    char *first, *second, *user;
    size_t expected = 1;
    (void)state;

    last_logouts = 0;
    fixture_player(host, "bob", &first, NULL);
    hearth_test_call *call = fixture_login(host, "bob", PASSWORD);
    second = fixture_member(call, "token");
    user = fixture_member(call, "userId");
    uint32_t home = hearth_loop_get(hearth_test_own_ctx(host, 0))
                        ->home(hearth_test_own_ctx(host, 0), text_of(user));
    hearth_ctx *ctx = NULL;
    const hearth_identity_service *identity =
        hearth_test_service(host, HEARTH_IDENTITY_ID, home, &ctx);
    hearth_test_enter(host, home);
    assert_int_equal(identity->on_last_logout(ctx, on_last_logout, NULL), HEARTH_OK);
    hearth_test_enter(host, 0);
    const int never = 0;
    assert_int_equal(fixture_logout(host, first), 204);
    (void)hearth_test_wait(host, &never, 100); /* the other session lives */
    assert_int_equal(last_logouts, 0);
    assert_int_equal(fixture_logout(host, second), 204);
    assert_true(hearth_test_wait_for(host, told, &expected, 10000));
    assert_string_equal(last_user, user);
    free(first);
    free(second);
    free(user);
    fixture_stop(host);
}

static void tokens_end_and_are_cached_until_then(void **state)
{
    hearth_test_host *host = fixture_start(1, NULL);
    char *token, *other;
    (void)state;

    fixture_player(host, "bob", &token, NULL);
    other = fixture_member(fixture_login(host, "bob", PASSWORD), "token");
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", "{}", token)), 400);
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", "{}", token)), 400);
    assert_true(hearth_test_metric(host, "hearth_auth_tokens_total", "result=verified") == 1);
    assert_true(hearth_test_metric(host, "hearth_auth_tokens_total", "result=cached") == 1);
    hearth_test_advance(host, 900000);
    assert_int_equal(fixture_logout(host, token), 401); /* was cached */
    assert_int_equal(fixture_logout(host, other), 401);
    free(token);
    free(other);
    fixture_stop(host);
}

static void secrets_are_never_logged(void **state)
{
    hearth_test_host *host = fixture_start(1, NULL);
    char *token, *refresh, *next = NULL;
    (void)state;

    fixture_player(host, "bob", &token, &refresh);
    fixture_login(host, "bob", "swordfish swordfish");
    assert_int_equal(fixture_refresh(host, refresh, &next), 200);
    hearth_test_advance(host, 60000);
    assert_int_equal(fixture_refresh(host, refresh, NULL), 401);
    assert_true(hearth_test_logged(host, 0, "a dead refresh token was used again") == 1);
    const char *const secrets[] = {PASSWORD, "swordfish", token, refresh, next, "$argon2"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        assert_int_equal(hearth_test_logged(host, 0, secrets[i]), 0);
    free(token);
    free(refresh);
    free(next);
    fixture_stop(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_from_account_to_logout),
        cmocka_unit_test(accounts_obey_the_rules),
        cmocka_unit_test(closed_registration_wants_scope_admin),
        cmocka_unit_test(account_add_says_what_is_wrong),
        cmocka_unit_test(a_wrong_login_is_one_answer_and_the_same_work),
        cmocka_unit_test(ten_failures_and_the_account_must_wait),
        cmocka_unit_test(changed_parameters_hash_anew_at_the_next_login),
        cmocka_unit_test(a_full_queue_is_overloaded_at_once),
        cmocka_unit_test(a_refresh_token_works_once),
        cmocka_unit_test(an_old_generation_revokes_too),
        cmocka_unit_test(concurrent_refreshes_have_one_winner),
        cmocka_unit_test(strange_refresh_tokens_revoke_nothing),
        cmocka_unit_test(logout_holds_on_every_loop),
        cmocka_unit_test(the_last_logout_is_told_on_the_home_loop),
        cmocka_unit_test(tokens_end_and_are_cached_until_then),
        cmocka_unit_test(secrets_are_never_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
