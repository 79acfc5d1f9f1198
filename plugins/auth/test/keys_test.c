/*
 * keys_test.c - the lives of keys: ours, made once, rotated, agreed on by two processes; and those
 * of an external provider. And what tokens issued for other servers are worth.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text.h"
#include "../token.h"

static int64_t now_s(hearth_test_host *host)
{
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    return hearth_clock_get(ctx)->wall_ms(ctx) / 1000;
}

/* The kid of a token. */
static void kid_of(const char *token, char out[64])
{
    unsigned char header[512];
    size_t len = 0;

    sodium_base642bin(header, sizeof(header) - 1, token, (size_t)(strchr(token, '.') - token), NULL,
                      &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    header[len] = '\0';
    const char *kid = strstr((char *)header, "\"kid\":\"");
    assert_non_null(kid);
    snprintf(out, 64, "%.*s", (int)strcspn(kid + 7, "\""), kid + 7);
}

static int is_good(hearth_test_host *host, const char *token)
{
    return hearth_test_status(fixture_post(host, "/accounts", "{}", token)) == 400;
}

static void settle(hearth_test_host *host)
{
    const int never = 0;
    for (int i = 0; i < 20; i++) {
        hearth_test_advance(host, 5);
        (void)hearth_test_wait(host, &never, 5);
    }
}

static char *login(hearth_test_host *host)
{
    return fixture_member(fixture_login(host, "bob", PASSWORD), "token");
}

static void a_rotated_key_verifies_until_its_tokens_have_ended(void **state)
{
    static const char *const sets[] = {"key_rotation=1h", "key_refresh=10s", NULL};
    hearth_test_host *host = fixture_start(3, sets);
    char *first, *second, *third, kids[3][64];
    (void)state;

    fixture_player(host, "bob", &first, NULL);
    hearth_test_advance(host, 3600000 - 30000); /* the successor is published, and does not sign */
    settle(host);
    second = login(host);
    hearth_test_advance(host, 45000);
    settle(host);
    third = login(host);
    kid_of(first, kids[0]);
    kid_of(second, kids[1]);
    kid_of(third, kids[2]);
    assert_string_equal(kids[0], kids[1]);
    assert_string_not_equal(kids[1], kids[2]);
    assert_true(is_good(host, second)); /* of the old key */
    assert_true(is_good(host, third));
    hearth_test_advance(host, 900000);
    assert_false(is_good(host, second));
    assert_false(is_good(host, third));
    free(first);
    free(second);
    free(third);
    fixture_stop(host);
}

static void two_processes_agree_on_their_first_key(void **state)
{
    char directory[] = "/tmp/auth-keys-XXXXXX", command[64], kids[2][64];
    char *token = NULL, *other = NULL;
    (void)state;

    assert_non_null(mkdtemp(directory));
    hearth_test_host *one = fixture_start_in(1, directory, NULL);
    fixture_player(one, "bob", &token, NULL);
    hearth_test_host *two = fixture_start_in(2, directory, NULL);
    other = login(two);
    kid_of(token, kids[0]);
    kid_of(other, kids[1]);
    assert_string_equal(kids[0], kids[1]);
    assert_true(is_good(one, other));
    assert_true(is_good(two, token));
    /* A session that ends here has ended there within the interval. */
    assert_int_equal(fixture_logout(one, token), 204);
    for (int i = 0; i < 40; i++) {
        hearth_test_advance(two, 100);
        settle(two);
        if (!is_good(two, token))
            break;
    }
    assert_false(is_good(two, token));
    assert_true(is_good(two, other));
    fixture_stop(one);
    fixture_stop(two);
    /* And after a start, before anybody asks storage. */
    hearth_test_host *three = fixture_start_in(2, directory, NULL);
    assert_false(is_good(three, token));
    assert_true(is_good(three, other));
    fixture_stop(three);
    free(token);
    free(other);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

static void a_long_token_keeps_its_key_alive(void **state)
{
    static const char *const sets[] = {"key_rotation=1h", "key_refresh=10m", NULL};
    hearth_test_host *host = fixture_start(2, sets);
    char token[2048], kid[64], *short_token, short_kid[64];
    (void)state;

    hearth_test_output output = hearth_test_command(
        host, "token issue --scope gamesim --subject sim-1 --ttl 365d", NULL, 10000);
    if (output.status != HEARTH_OK)
        fail_msg("%d %s", output.status, output.err);
    const char *last = output.out;
    for (const char *at = last; at && at[1]; at = strchr(at + 1, '\n'))
        last = at[0] == '\n' ? at + 1 : at;
    snprintf(token, sizeof(token), "%.*s", (int)strcspn(last, "\n"), last);
    for (int i = 0; i < 10; i++) {
        hearth_test_advance(host, 3600000);
        settle(host);
    }
    fixture_player(host, "bob", &short_token, NULL);
    kid_of(token, kid);
    kid_of(short_token, short_kid);
    assert_string_not_equal(kid, short_kid);
    assert_true(is_good(host, token));
    free(short_token);
    fixture_stop(host);
}

static hearth_status issued_status;
static char issued_token[TOKEN_MAX];

static void issued(hearth_status status, hearth_str token, int64_t expires, void *arg)
{
    (void)expires;
    issued_status = status;
    snprintf(issued_token, sizeof(issued_token), "%" HEARTH_PRIS, HEARTH_ARG(token));
    *(int *)arg = 1;
}

static void the_service_issues_and_verifies(void **state)
{
    hearth_test_host *host = fixture_start(2, NULL);
    hearth_ctx *ctx = NULL, *own = hearth_test_own_ctx(host, 0);
    const hearth_identity_service *service = hearth_test_service(host, HEARTH_IDENTITY_ID, 0, &ctx);
    hearth_token_spec spec = {.struct_size = sizeof(spec),
                              .subject = HEARTH_STR("sim-1"),
                              .scope = HEARTH_STR("gamesim"),
                              .ttl_seconds = 600};
    hearth_identity who;
    int done = 0;
    (void)state;

    assert_int_equal(service->issue(ctx, &spec, issued, &done), HEARTH_OK);
    assert_true(done);
    assert_int_equal(issued_status, HEARTH_OK);
    hearth_arena *arena = hearth_arena_get(own)->create(own, 65536);
    assert_int_equal(service->verify(ctx, text_of(issued_token), arena, &who), HEARTH_OK);
    assert_true(text_equal(who.user, spec.subject));
    assert_true(text_equal(who.scope, spec.scope));
    assert_int_equal(who.session.len, 0);
    assert_int_equal(who.expires, now_s(host) + 600);
    assert_int_equal(service->verify(ctx, HEARTH_STR("x.y.z"), arena, &who), HEARTH_EAUTH);
    assert_int_equal(fixture_logout(host, issued_token), 403);
    hearth_test_advance(host, 600000);
    assert_int_equal(service->verify(ctx, text_of(issued_token), arena, &who), HEARTH_EAUTH);
    spec.scope = HEARTH_STR("player");
    assert_int_equal(service->issue(ctx, &spec, issued, &done), HEARTH_EINVAL);
    spec.scope = HEARTH_STR("gamesim");
    spec.ttl_seconds = 0;
    assert_int_equal(service->issue(ctx, &spec, issued, &done), HEARTH_EINVAL);
    hearth_arena_get(own)->destroy(arena);
    fixture_stop(host);
}

/* ---- an external provider ---- */

static const char *const provider_sets[] = {
    "jwks_url=https://id.test/jwks", "jwks_issuer=https://id.test/", "jwks_audience=game", NULL};

static hearth_test_host *with_provider(void)
{
    return fixture_start(2, provider_sets);
}

static void publish(hearth_test_host *host, const char *keys)
{
    char body[8192];
    int len = snprintf(body, sizeof(body), "{\"keys\":[%s]}", keys);
    assert_in_range(len, 1, sizeof(body) - 1);
    hearth_test_answer answer = {.url = "https://id.test/jwks", .body = body};
    hearth_test_answer_client(host, &answer);
}

static size_t fetches(hearth_test_host *host)
{
    size_t count = 0;
    while (hearth_test_sent(host, count))
        count++;
    return count;
}

static const char *provider_token(hearth_test_host *host, enum key_alg alg, const char *pem,
                                  const char *kid)
{
    char header[128], claims[512];

    snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}", key_alg_name(alg), kid);
    snprintf(claims, sizeof(claims),
             "{\"iss\":\"https://id.test/\",\"aud\":\"game\",\"sub\":\"auth0:17\",\"exp\":%lld}",
             (long long)now_s(host) + 600);
    return sign_with(alg, pem, header, claims);
}

static void a_providers_keys_are_fetched_and_follow_its_rotation(void **state)
{
    char *rsa[2], *ec[2], keys[4096];
    hearth_test_host *host = with_provider();
    (void)state;

    make_pair(KEY_RS256, &rsa[0], &rsa[1]);
    make_pair(KEY_ES256, &ec[0], &ec[1]);
    /* The first fetch failed: nobody answered. It is tried again. */
    assert_int_equal(hearth_test_health(host, "auth", "identity-provider", NULL), HEARTH_DEGRADED);
    assert_false(is_good(host, provider_token(host, KEY_RS256, rsa[0], "a")));
    publish(host, jwk_of(rsa[1], "\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"RS256\""));
    hearth_test_advance(host, 10000);
    settle(host);
    assert_int_equal(hearth_test_health(host, "auth", "identity-provider", NULL), HEARTH_HEALTHY);
    assert_true(is_good(host, provider_token(host, KEY_RS256, rsa[0], "a")));
    /* An unknown key is asked for, but not again and again. */
    int len = snprintf(keys, sizeof(keys), "%s,", jwk_of(rsa[1], "\"kid\":\"a\""));
    snprintf(keys + len, sizeof(keys) - (size_t)len, "%s", jwk_of(ec[1], "\"kid\":\"b\""));
    hearth_test_advance(host, 31000);
    publish(host, keys);
    size_t before = fetches(host);
    for (int i = 0; i < 20; i++) {
        assert_false(is_good(host, provider_token(host, KEY_ES256, ec[0], "nobody")));
        hearth_test_advance(host, 200);
    }
    assert_int_equal(fetches(host), before + 1);
    assert_true(is_good(host, provider_token(host, KEY_ES256, ec[0], "b")));
    assert_true(is_good(host, provider_token(host, KEY_RS256, rsa[0], "a")));
    /* A key that is published no more is refused, and so is what the cache had of it. */
    char *cached = strdup(provider_token(host, KEY_RS256, rsa[0], "a"));
    assert_true(is_good(host, cached));
    hearth_test_advance(host, 31000);
    publish(host, jwk_of(ec[1], "\"kid\":\"b\""));
    (void)is_good(host, provider_token(host, KEY_RS256, rsa[0], "zzz"));
    settle(host);
    assert_false(is_good(host, cached));
    assert_true(is_good(host, provider_token(host, KEY_ES256, ec[0], "b")));
    free(cached);
    for (int i = 0; i < 2; i++) {
        free(rsa[i]);
        free(ec[i]);
    }
    fixture_stop(host);
}

static void keys_that_must_not_sign_are_passed_over(void **state)
{
    char *rsa[2], keys[8192];
    size_t len = 0;
    static const char *const members[] = {"\"kid\":\"enc\",\"use\":\"enc\"",
                                          "\"kid\":\"alg\",\"alg\":\"RS512\"",
                                          "\"kid\":\"hmac\",\"alg\":\"HS256\"", ""};
    hearth_test_host *host = with_provider();
    (void)state;

    make_pair(KEY_RS256, &rsa[0], &rsa[1]);
    for (size_t i = 0; i < 4; i++)
        len += (size_t)snprintf(keys + len, sizeof(keys) - len, "%s,", jwk_of(rsa[1], members[i]));
    snprintf(
        keys + len, sizeof(keys) - len,
        "{\"kty\":\"RSA\",\"kid\":\"weak\",\"n\":\"w7Zdfmece8iaB0kiTY8pCtiBtzbptJmP28nSWwtdjRu0f2"
        "GFpajvWE4VhfJAjEsOcwYzay7XGN0b-X84BfC8hmCTOj2b2eHT7NsZegFPKRUQzJ9wW8ipn_aD"
        "\",\"e\":\"AQAB\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"off\","
        "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"},"
        "{\"kty\":\"oct\",\"kid\":\"oct\",\"k\":\"AAAA\"},7,%s",
        jwk_of(rsa[1], "\"kid\":\"good\""));
    publish(host, keys);
    hearth_test_advance(host, 10000);
    settle(host);
    assert_int_equal(hearth_test_health(host, "auth", "identity-provider", NULL), HEARTH_HEALTHY);
    assert_true(is_good(host, provider_token(host, KEY_RS256, rsa[0], "good")));
    for (size_t i = 0; i < 3; i++) {
        static const char *const kids[] = {"enc", "alg", "hmac"};
        assert_false(is_good(host, provider_token(host, KEY_RS256, rsa[0], kids[i])));
    }
    free(rsa[0]);
    free(rsa[1]);
    fixture_stop(host);
}

static void what_is_no_key_set_changes_nothing(void **state)
{
    static const hearth_test_answer answers[] = {
        {.body = "<html>"},          {.body = "{\"keys\":{}}"},    {.body = "{\"keys\":[]}"},
        {.status = 500, .body = ""}, {.outcome = HEARTH_ETIMEOUT}, {.body = ""}};
    char *rsa[2];
    hearth_test_host *host = with_provider();
    (void)state;

    make_pair(KEY_RS256, &rsa[0], &rsa[1]);
    publish(host, jwk_of(rsa[1], "\"kid\":\"a\""));
    hearth_test_advance(host, 10000);
    settle(host);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        hearth_test_answer_client(host, &answers[i]);
        hearth_test_advance(host, 3600000);
        settle(host);
        assert_true(is_good(host, provider_token(host, KEY_RS256, rsa[0], "a")));
    }
    free(rsa[0]);
    free(rsa[1]);
    fixture_stop(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rotated_key_verifies_until_its_tokens_have_ended),
        cmocka_unit_test(two_processes_agree_on_their_first_key),
        cmocka_unit_test(a_long_token_keeps_its_key_alive),
        cmocka_unit_test(the_service_issues_and_verifies),
        cmocka_unit_test(a_providers_keys_are_fetched_and_follow_its_rotation),
        cmocka_unit_test(keys_that_must_not_sign_are_passed_over),
        cmocka_unit_test(what_is_no_key_set_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
