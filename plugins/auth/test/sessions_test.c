/*
 * sessions_test.c - the life of a session on several loops: refreshes, logouts, its end, and that
 * its secrets are never logged; with the virtual clock and the real embedded store.
 */
#include "fixture.h"

#include "../text.h"

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
    assert_refused(fixture_post(host, "/session/logout", "", token), 401, "UNAUTHENTICATED");
    assert_int_equal(fixture_refresh(host, next, NULL), 401);
    free(token);
    free(refresh);
    free(next);
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
