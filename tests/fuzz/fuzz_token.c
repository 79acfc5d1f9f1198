/*
 * fuzz_token.c - tokens, refresh tokens and key sets from strangers. The first byte chooses:
 *   'r' a token as it came   's' "header\npayload", signed by us, so that the claims are reached
 *   'j' a JSON Web Key Set   'f' a refresh token
 * Nothing unsigned may ever be good, and what is good keeps the promises of token.h.
 */
#include <stdlib.h>
#include <string.h>

#include <hearth/testing.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "jwks.h"
#include "session.h"
#include "text.h"
#include "token.h"

#define NOW    INT64_C(1800000000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static hearth_ctx *ctx;
static struct keyring *keys;

static void check(int holds)
{
    if (!holds)
        abort();
}

static void setup(void)
{
    hearth_test_host *host = hearth_test_create(NULL);

    check(hearth_test_start(host) == HEARTH_OK);
    ctx = hearth_test_own_ctx(host, 0);
    keys = keyring_create();
    check(keyring_add(keys, HEARTH_STR("own"), KEY_HS256, SECRET, 32, 0, 0) == HEARTH_OK);
}

static enum token_fault verify(hearth_arena *arena, hearth_str token, hearth_identity *who)
{
    static const hearth_str scope = {"player", 6};
    static const hearth_conf_list scopes = {&scope, 1};
    struct token_rules rules = {.arena_api = hearth_arena_get(ctx),
                                .json = hearth_json_get(ctx),
                                .own = {keys, HEARTH_STR("hearth"), HEARTH_STR("hearth")},
                                .provider_scopes = &scopes,
                                .now_ms = NOW * 1000,
                                .leeway_ms = 30000};
    return token_verify(&rules, token, arena, who);
}

static void sign_and_verify(hearth_arena *arena, const char *data, size_t len)
{
    const char *newline = memchr(data, '\n', len);
    size_t header_len = newline ? (size_t)(newline - data) : len, at;
    const char *payload = newline ? newline + 1 : "";
    char token[TOKEN_MAX * 2];
    unsigned char mac[32];
    hearth_identity who;

    if (len > TOKEN_MAX / 2)
        return;
    sodium_bin2base64(token, sizeof(token), (const unsigned char *)data, header_len, BASE64);
    at = strlen(token);
    token[at++] = '.';
    sodium_bin2base64(token + at, sizeof(token) - at, (const unsigned char *)payload,
                      newline ? len - header_len - 1 : 0, BASE64);
    at += strlen(token + at);
    HMAC(EVP_sha256(), SECRET, 32, (unsigned char *)token, at, mac, NULL);
    token[at++] = '.';
    sodium_bin2base64(token + at, sizeof(token) - at, mac, sizeof(mac), BASE64);
    if (verify(arena, text_of(token), &who) != TOKEN_GOOD)
        return;
    check(text_is_subject(who.user) && text_is_scope(who.scope));
    check(who.expires > NOW && who.session.len <= SID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearth_identity who;
    struct refresh_token refresh;

    if (!ctx)
        setup();
    if (size == 0)
        return 0;
    hearth_str rest = {(const char *)data + 1, size - 1};
    hearth_arena *arena = hearth_arena_get(ctx)->create(ctx, 1 << 20);
    switch (data[0]) {
    case 'r':
        check(verify(arena, rest, &who) != TOKEN_GOOD);
        break;
    case 's':
        sign_and_verify(arena, rest.ptr, rest.len);
        break;
    case 'j':
        keyring_destroy(jwks_parse(hearth_json_get(ctx), arena, rest, JWKS_ANY));
        break;
    default:
        (void)session_parse_refresh(rest, &refresh);
    }
    hearth_arena_get(ctx)->destroy(arena);
    return 0;
}
