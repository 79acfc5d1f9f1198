/*
 * token_test.c - every forgery that we know of is refused, for its own reason, and the same token
 * made honestly is good: so that no case passes because its token was bad anyway.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "../identify.h"
#include "../text.h"
#include "../token.h"

#define NOW    INT64_C(1800000000)
#define USER   "7b5a3f0e-1111-4222-8333-444455556666"
#define SECRET "0123456789abcdef0123456789abcdef"
#define OWN    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"own\"}"
#define CLAIMS                                                                                     \
    "{\"iss\":\"hearth\",\"aud\":\"hearth\",\"sub\":\"" USER                                       \
    "\",\"sid\":\"s1\",\"scope\":\"player\",\"iat\":1799999990,\"exp\":1800000900}"

struct world {
    hearth_test_host *host;
    hearth_arena *arena;
    struct keyring *own, *provider;
    char *rsa_private, *rsa_public, *ec_private, *ec_public;
    struct token_rules rules;
};

static const hearth_str scopes[] = {{"player", 6}, {"guest", 5}};
static const hearth_conf_list allowed = {scopes, 2};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    *state = w;
    w->host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_start(w->host), HEARTH_OK);
    hearth_ctx *ctx = hearth_test_own_ctx(w->host, 0);
    w->arena = hearth_arena_get(ctx)->create(ctx, 1 << 20);
    w->own = keyring_create();
    w->provider = keyring_create();
    make_pair(KEY_RS256, &w->rsa_private, &w->rsa_public);
    make_pair(KEY_ES256, &w->ec_private, &w->ec_public);
    assert_int_equal(
        keyring_add(w->own, HEARTH_STR("own"), KEY_HS256, SECRET, 32, 0, (NOW + 3600) * 1000),
        HEARTH_OK);
    assert_int_equal(keyring_add(w->provider, HEARTH_STR("rsa"), KEY_RS256, w->rsa_public,
                                 strlen(w->rsa_public), 0, 0),
                     HEARTH_OK);
    assert_int_equal(keyring_add(w->provider, HEARTH_STR("ec"), KEY_ES256, w->ec_public,
                                 strlen(w->ec_public), 0, 0),
                     HEARTH_OK);
    w->rules = (struct token_rules){
        .arena_api = hearth_arena_get(ctx),
        .json = hearth_json_get(ctx),
        .own = {w->own, HEARTH_STR("hearth"), HEARTH_STR("hearth")},
        .provider = {w->provider, HEARTH_STR("https://id.test/"), HEARTH_STR("game")},
        .provider_scopes = &allowed,
        .now_ms = NOW * 1000,
        .leeway_ms = 30000};
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    w->rules.arena_api->destroy(w->arena);
    keyring_destroy(w->own);
    keyring_destroy(w->provider);
    free(w->rsa_private);
    free(w->rsa_public);
    free(w->ec_private);
    free(w->ec_public);
    assert_int_equal(hearth_test_stop(w->host), HEARTH_OK);
    hearth_test_destroy(w->host);
    free(w);
    return 0;
}

static enum token_fault judge(struct world *w, const char *token, hearth_identity *out)
{
    hearth_identity unused;
    return token_verify(&w->rules, text_of(token), w->arena, out ? out : &unused);
}

static void assert_fault(struct world *w, const char *token, enum token_fault expected)
{
    enum token_fault found = judge(w, token, NULL);
    if (found != expected)
        fail_msg("expected %s, found %s: %s", token_fault_name(expected), token_fault_name(found),
                 token);
}

static void an_honest_token_is_good(void **state)
{
    hearth_identity who;
    assert_int_equal(judge(*state, forge(OWN, CLAIMS, SECRET, 32), &who), TOKEN_GOOD);
    assert_true(text_equal(who.user, HEARTH_STR(USER)));
    assert_true(text_equal(who.session, HEARTH_STR("s1")));
    assert_true(text_equal(who.scope, HEARTH_STR("player")));
    assert_int_equal(who.expires, 1800000900);
}

static void what_we_sign_is_good(void **state)
{
    struct world *w = *state;
    struct token_claims claims = {"hearth", "hearth", USER, NULL, "player", NOW, NOW + 60};
    char *token = token_sign(&w->own->keys[0], &claims);
    assert_non_null(token);
    assert_fault(w, token, TOKEN_GOOD);
    token_free(token);
}

static void headers_that_lie_are_refused(void **state)
{
    static const struct {
        const char *header;
        enum token_fault fault;
    } rows[] = {
        {"{\"alg\":\"none\",\"kid\":\"own\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"None\",\"kid\":\"own\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"hs256\",\"kid\":\"own\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"HS384\",\"kid\":\"own\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"RS256\",\"kid\":\"own\"}", TOKEN_ALGORITHM},
        {"{\"alg\":\"HS256\",\"kid\":\"other\"}", TOKEN_KEY_UNKNOWN},
        {"{\"alg\":\"HS256\",\"kid\":\"OWN\"}", TOKEN_KEY_UNKNOWN},
        {"{\"alg\":\"HS256\",\"kid\":\"own\\u0000\"}", TOKEN_KEY_UNKNOWN},
        {"{\"alg\":\"HS256\",\"kid\":\"../own\"}", TOKEN_KEY_UNKNOWN},
        {"{\"alg\":\"HS256\",\"kid\":\"\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":1}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\"}", TOKEN_MALFORMED},
        {"{\"kid\":\"own\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"own\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"own\",\"kid\":\"own\"}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"own\",\"crit\":[\"exp\"]}", TOKEN_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"own\"", TOKEN_MALFORMED},
        {"[]", TOKEN_MALFORMED},
        {"\"HS256\"", TOKEN_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_fault(*state, forge(rows[i].header, CLAIMS, SECRET, 32), rows[i].fault);
}

#define WITH(members_)                                                                             \
    "{\"iss\":\"hearth\",\"aud\":\"hearth\",\"sub\":\"" USER "\",\"scope\":\"player\"," members_ "}"
#define NAMED(iss_, aud_, sub_, rest_)                                                             \
    "{\"iss\":" iss_ ",\"aud\":" aud_ ",\"sub\":" sub_ ",\"exp\":1800000900" rest_ "}"
#define PLAYER ",\"scope\":\"player\""

static void claims_that_do_not_hold_are_refused(void **state)
{
    static const struct {
        const char *claims;
        enum token_fault fault;
    } rows[] = {
        {WITH("\"exp\":1800000001"), TOKEN_GOOD},
        {WITH("\"exp\":1800000000"), TOKEN_TIME},
        {WITH("\"exp\":1799999999"), TOKEN_TIME},
        {WITH("\"iat\":1799999999"), TOKEN_TIME},
        {WITH("\"exp\":\"1800000900\""), TOKEN_TIME},
        {WITH("\"exp\":1800000900.5"), TOKEN_TIME},
        {WITH("\"exp\":-1"), TOKEN_TIME},
        {WITH("\"exp\":9007199254740991"), TOKEN_TIME},
        {WITH("\"exp\":1800000900,\"exp\":1800000900"), TOKEN_MALFORMED},
        {WITH("\"exp\":1800000900,\"iat\":1800000030"), TOKEN_GOOD},
        {WITH("\"exp\":1800000900,\"iat\":1800000031"), TOKEN_TIME},
        {WITH("\"exp\":1800000900,\"nbf\":1800000030"), TOKEN_GOOD},
        {WITH("\"exp\":1800000900,\"nbf\":1800000031"), TOKEN_TIME},
        {WITH("\"exp\":1800000900,\"nbf\":\"soon\""), TOKEN_TIME},
        {WITH("\"exp\":1800000900,\"sid\":\"\""), TOKEN_MALFORMED},
        {WITH("\"exp\":1800000900,\"sid\":7"), TOKEN_MALFORMED},
        {WITH("\"exp\":1800000900,\"sid\":\"a b\""), TOKEN_MALFORMED},
        {WITH("\"exp\":1800000900,\"sid\":\"a\\u0000b\""), TOKEN_SIGNATURE}, /* libjwt refuses it */
        {WITH("\"exp\":1800003601"), TOKEN_TIME}, /* longer than its key */
        {NAMED("\"other\"", "\"hearth\"", "\"" USER "\"", PLAYER), TOKEN_ISSUER},
        {NAMED("[\"hearth\"]", "\"hearth\"", "\"" USER "\"", PLAYER), TOKEN_ISSUER},
        {NAMED("\"https://id.test/\"", "\"game\"", "\"" USER "\"", PLAYER), TOKEN_ISSUER},
        {NAMED("\"hearth\"", "\"game\"", "\"" USER "\"", PLAYER), TOKEN_AUDIENCE},
        {NAMED("\"hearth\"", "null", "\"" USER "\"", PLAYER), TOKEN_AUDIENCE},
        {NAMED("\"hearth\"", "[]", "\"" USER "\"", PLAYER), TOKEN_AUDIENCE},
        {NAMED("\"hearth\"", "[\"x\",\"hearth\"]", "\"" USER "\"", PLAYER), TOKEN_GOOD},
        {NAMED("\"hearth\"", "\"hearth\"", "\"\"", PLAYER), TOKEN_SUBJECT},
        {NAMED("\"hearth\"", "\"hearth\"", "\"pykey\"", PLAYER), TOKEN_SUBJECT},
        {NAMED("\"hearth\"", "\"hearth\"", "\"../x\"", ",\"scope\":\"gamesim\""), TOKEN_SUBJECT},
        {NAMED("\"hearth\"", "\"hearth\"", "5", PLAYER), TOKEN_SUBJECT},
        {NAMED("\"hearth\"", "\"hearth\"", "\"sim-1\"", ",\"scope\":\"gamesim\""), TOKEN_GOOD},
        {NAMED("\"hearth\"", "\"hearth\"", "\"" USER "\"", ""), TOKEN_SCOPE},
        {NAMED("\"hearth\"", "\"hearth\"", "\"" USER "\"", ",\"scope\":\"a  b\""), TOKEN_SCOPE},
        {NAMED("\"hearth\"", "\"hearth\"", "\"" USER "\"", ",\"scope\":[\"admin\"]"), TOKEN_SCOPE},
        {"[1]", TOKEN_MALFORMED},
        {"{}", TOKEN_ISSUER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_fault(*state, forge(OWN, rows[i].claims, SECRET, 32), rows[i].fault);
}

static void any_changed_byte_is_refused(void **state)
{
    char *token = strdup(forge(OWN, CLAIMS, SECRET, 32));

    for (size_t i = 0; i < strlen(token); i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(judge(*state, token, NULL), TOKEN_GOOD);
        token[i] = was;
    }
    assert_fault(*state, token, TOKEN_GOOD);
    free(token);
}

static void odd_forms_are_refused(void **state)
{
    const char *good = forge(OWN, CLAIMS, SECRET, 32);
    char text[3 * TOKEN_MAX];
    static const char *const shapes[] = {"%s=", "%s==", "%s.",  ".%s", "%s.e30", "%s.e30.e30",
                                         " %s", "%s ",  "%s\n", "%s+", "\"%s\"", "%s, Bearer x"};

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        snprintf(text, sizeof(text), shapes[i], good); /* NOLINT: a table of our own formats */
        assert_fault(*state, text, TOKEN_MALFORMED);
    }
    assert_fault(*state, "", TOKEN_MALFORMED);
    assert_fault(*state, "..", TOKEN_MALFORMED);
    assert_fault(*state, "e30.e30.", TOKEN_MALFORMED);
    snprintf(text, sizeof(text), "%s", good);
    memset(text + strlen(good), 'A', TOKEN_MAX);
    text[strlen(good) + TOKEN_MAX] = '\0';
    assert_fault(*state, text, TOKEN_MALFORMED);
}

/* What libjwt 1.10 does by itself: a public key is public, and as an HMAC secret it "verifies". */
static void a_public_key_is_no_hmac_secret(void **state)
{
    struct world *w = *state;
    const struct {
        const char *header, *pem;
    } rows[] = {{"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", w->rsa_public},
                {"{\"alg\":\"HS256\",\"kid\":\"ec\"}", w->ec_public}};
    static const char claims[] = "{\"iss\":\"https://id.test/\",\"aud\":\"game\",\"sub\":\"x\","
                                 "\"exp\":1800000900}";

    for (size_t i = 0; i < 2; i++) {
        const char *token = forge(rows[i].header, claims, rows[i].pem, strlen(rows[i].pem));
        jwt_t *jwt = NULL;
        assert_int_equal(
            jwt_decode(&jwt, token, (const unsigned char *)rows[i].pem, (int)strlen(rows[i].pem)),
            0);
        jwt_free(jwt);
        assert_fault(w, token, TOKEN_ALGORITHM);
    }
}

static void a_provider_speaks_only_for_itself(void **state)
{
    struct world *w = *state;
    static const char rs[] = "{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
                      es[] = "{\"alg\":\"ES256\",\"kid\":\"ec\"}",
                      crossed[] = "{\"alg\":\"ES256\",\"kid\":\"rsa\"}";
    static const char good[] = "{\"iss\":\"https://id.test/\",\"aud\":\"game\",\"sub\":\"u:1\","
                               "\"exp\":1800000900}";
    static const char greedy[] = "{\"iss\":\"https://id.test/\",\"aud\":\"game\",\"sub\":\"u:1\","
                                 "\"exp\":1800000900,\"scope\":\"admin guest openid\"}";
    static const char admin[] = "{\"iss\":\"https://id.test/\",\"aud\":\"game\",\"sub\":\"u:1\","
                                "\"exp\":1800000900,\"scope\":\"admin\"}";
    hearth_identity who;

    assert_int_equal(judge(w, sign_with(KEY_RS256, w->rsa_private, rs, good), &who), TOKEN_GOOD);
    assert_true(text_equal(who.scope, HEARTH_STR("player")));
    assert_true(text_equal(who.user, HEARTH_STR("u:1")));
    assert_int_equal(judge(w, sign_with(KEY_ES256, w->ec_private, es, greedy), &who), TOKEN_GOOD);
    assert_true(text_equal(who.scope, HEARTH_STR("guest")));
    assert_fault(w, sign_with(KEY_ES256, w->ec_private, es, admin), TOKEN_SCOPE);
    assert_fault(w, sign_with(KEY_RS256, w->rsa_private, rs, CLAIMS), TOKEN_ISSUER);
    assert_fault(w, sign_with(KEY_ES256, w->ec_private, rs, good), TOKEN_SIGNATURE);
    assert_fault(w, sign_with(KEY_RS256, w->rsa_private, es, good), TOKEN_SIGNATURE);
    assert_fault(w, sign_with(KEY_ES256, w->ec_private, crossed, good), TOKEN_ALGORITHM);
    w->rules.provider.keys = NULL;
    assert_fault(w, sign_with(KEY_RS256, w->rsa_private, rs, good), TOKEN_KEY_UNKNOWN);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_honest_token_is_good),        TEST(what_we_sign_is_good),
        TEST(headers_that_lie_are_refused),   TEST(claims_that_do_not_hold_are_refused),
        TEST(any_changed_byte_is_refused),    TEST(odd_forms_are_refused),
        TEST(a_public_key_is_no_hmac_secret), TEST(a_provider_speaks_only_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
