/*
 * token.c - see token.h. The order of judging: form, header, key, algorithm, signature, claims.
 * Header and payload are read by the host's strict JSON reader, which refuses duplicate members.
 */
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <openssl/err.h>

#include "text.h"

struct parts {
    hearth_str header, payload, signature;
};

const char *token_fault_name(enum token_fault fault)
{
    static const char *const names[] = {"good",      "malformed", "unknown key",  "algorithm",
                                        "signature", "issuer",    "audience",     "time",
                                        "subject",   "scope",     "session ended"};
    return names[fault];
}

/* Three parts of base64url and no more: five would be an encrypted one (RFC 7516). */
static int split(hearth_str token, struct parts *out)
{
    hearth_str *parts[] = {&out->header, &out->payload, &out->signature};
    size_t start = 0, part = 0;

    if (token.len == 0 || token.len > TOKEN_MAX)
        return 0;
    for (size_t i = 0; i <= token.len; i++) {
        if (i < token.len && token.ptr[i] != '.')
            continue;
        if (part == 3 || i == start)
            return 0;
        *parts[part++] = (hearth_str){token.ptr + start, i - start};
        start = i + 1;
    }
    return part == 3;
}

/* Strict base64url without padding (RFC 7515, section 2): one form for each value. */
static int decode(const struct token_rules *rules, hearth_arena *arena, hearth_str text,
                  hearth_str *out)
{
    size_t room = text.len / 4 * 3 + 3, len = 0;
    unsigned char *bytes = rules->arena_api->alloc(arena, room);
    const char *end = NULL;

    if (!bytes || sodium_base642bin(bytes, room, text.ptr, text.len, NULL, &len, &end,
                                    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return 0;
    *out = (hearth_str){(const char *)bytes, len};
    return end == text.ptr + text.len;
}

static const hearth_json_value *parse(const struct token_rules *rules, hearth_arena *arena,
                                      hearth_str part)
{
    const hearth_json_value *value = NULL;
    hearth_str text;

    if (!decode(rules, arena, part, &text) ||
        rules->json->parse(arena, text, &value, NULL) != HEARTH_OK ||
        rules->json->type(value) != HEARTH_JSON_OBJECT)
        return NULL;
    return value;
}

static hearth_str string_of(const struct token_rules *rules, const hearth_json_value *object,
                            const char *name)
{
    const hearth_json_value *value = rules->json->get(object, name);
    return value ? rules->json->as_string(value) : (hearth_str){NULL, 0};
}

/* A session's id travels through logs and storage keys: visible ASCII only. */
static int is_session(hearth_str sid)
{
    if (sid.len < 1 || sid.len > SID_MAX)
        return 0;
    for (size_t i = 0; i < sid.len; i++)
        if (sid.ptr[i] < '!' || sid.ptr[i] > '~')
            return 0;
    return 1;
}

/* A time in seconds. -1: the member is there but is none. `fallback` without the member. */
static int64_t time_of(const struct token_rules *rules, const hearth_json_value *object,
                       const char *name, int64_t fallback)
{
    const hearth_json_value *value = rules->json->get(object, name);
    if (!value)
        return fallback;
    if (rules->json->type(value) != HEARTH_JSON_INTEGER)
        return -1;
    int64_t seconds = rules->json->as_integer(value);
    return seconds < 0 || seconds > INT64_MAX / 2000 ? -1 : seconds;
}

static int signature_is_good(const struct token_rules *rules, hearth_arena *arena, hearth_str token,
                             const struct key *key)
{
    static const jwt_alg_t algs[] = {
        [KEY_HS256] = JWT_ALG_HS256, [KEY_RS256] = JWT_ALG_RS256, [KEY_ES256] = JWT_ALG_ES256};
    hearth_str text = rules->arena_api->dup(arena, token);
    jwt_t *jwt = NULL;

    if (!text.ptr)
        return 0;
    int good = jwt_decode(&jwt, text.ptr, key->bytes, (int)key->len) == 0 &&
               jwt_get_alg(jwt) == algs[key->alg];
    jwt_free(jwt);
    /* The queue of errors is the thread's, and the host's TLS reads it too. */
    ERR_clear_error();
    return good;
}

/* The key that the header names, if its algorithm is the one that the header claims. */
static enum token_fault choose_key(const struct token_rules *rules, const hearth_json_value *header,
                                   const struct key **key, const struct token_issuer **issuer)
{
    hearth_str kid = string_of(rules, header, "kid"), alg = string_of(rules, header, "alg");

    if (kid.len == 0 || alg.len == 0 || rules->json->get(header, "crit"))
        return TOKEN_MALFORMED;
    *issuer = &rules->own;
    *key = keyring_find(rules->own.keys, kid);
    if (!*key && rules->provider.keys) {
        *issuer = &rules->provider;
        *key = keyring_find(rules->provider.keys, kid);
    }
    if (!*key)
        return TOKEN_KEY_UNKNOWN;
    return text_equal(alg, text_of(key_alg_name((*key)->alg))) ? TOKEN_GOOD : TOKEN_ALGORITHM;
}

/* `aud` is a string or an array of strings that holds ours (RFC 7519, 4.1.3). */
static int audience_is_good(const struct token_rules *rules, const hearth_json_value *claims,
                            hearth_str audience)
{
    const hearth_json_value *aud = rules->json->get(claims, "aud");

    if (!aud)
        return 0;
    if (rules->json->type(aud) == HEARTH_JSON_STRING)
        return text_equal(rules->json->as_string(aud), audience);
    for (size_t i = 0; i < rules->json->size(aud); i++) {
        const hearth_json_value *one = rules->json->at(aud, i);
        if (one && text_equal(rules->json->as_string(one), audience))
            return 1;
    }
    return 0;
}

static int times_are_good(const struct token_rules *rules, const hearth_json_value *claims,
                          const struct key *key, hearth_identity *out)
{
    int64_t exp = time_of(rules, claims, "exp", -1), nbf = time_of(rules, claims, "nbf", 0),
            iat = time_of(rules, claims, "iat", 0), now = rules->now_ms;

    if (exp < 0 || nbf < 0 || iat < 0 || exp * 1000 <= now)
        return 0;
    if (nbf * 1000 > now + rules->leeway_ms || iat * 1000 > now + rules->leeway_ms || iat > exp)
        return 0;
    out->expires = exp;
    return key->until_ms == 0 || exp * 1000 <= key->until_ms;
}

static int is_allowed(const hearth_conf_list *allowed, hearth_str scope)
{
    for (size_t i = 0; i < allowed->count; i++)
        if (text_equal(allowed->items[i], scope))
            return 1;
    return 0;
}

/* A provider's scopes count only where the operator lists them; one that names none is a player. */
static int provider_scope(const struct token_rules *rules, hearth_arena *arena, hearth_str claimed,
                          hearth_str *out)
{
    char *text = rules->arena_api->alloc(arena, claimed.len + sizeof("player"));
    size_t len = 0, start = 0;

    if (!text)
        return 0;
    if (!claimed.ptr)
        claimed = HEARTH_STR("player");
    for (size_t i = 0; i <= claimed.len; i++) {
        if (i < claimed.len && claimed.ptr[i] != ' ')
            continue;
        hearth_str one = {claimed.ptr + start, i - start};
        start = i + 1;
        if (one.len == 0 || !is_allowed(rules->provider_scopes, one))
            continue;
        if (len > 0)
            text[len++] = ' ';
        memcpy(text + len, one.ptr, one.len);
        len += one.len;
    }
    *out = (hearth_str){text, len};
    return len > 0 && len <= SCOPE_MAX;
}

static enum token_fault judge_claims(const struct token_rules *rules, hearth_arena *arena,
                                     const hearth_json_value *claims, const struct key *key,
                                     const struct token_issuer *issuer, hearth_identity *out)
{
    const hearth_json_value *sid = rules->json->get(claims, "sid");
    hearth_str scope = string_of(rules, claims, "scope");
    char uuid[HEARTH_UUID_SIZE];

    if (!text_equal(string_of(rules, claims, "iss"), issuer->issuer))
        return TOKEN_ISSUER;
    if (!audience_is_good(rules, claims, issuer->audience))
        return TOKEN_AUDIENCE;
    if (!times_are_good(rules, claims, key, out))
        return TOKEN_TIME;
    out->user = string_of(rules, claims, "sub");
    out->session = sid ? rules->json->as_string(sid) : (hearth_str){"", 0};
    if (!text_is_subject(out->user))
        return TOKEN_SUBJECT;
    if (sid && !is_session(out->session))
        return TOKEN_MALFORMED;
    if (issuer == &rules->provider) {
        if (rules->json->get(claims, "scope") && !scope.ptr)
            return TOKEN_SCOPE;
        return provider_scope(rules, arena, scope, &out->scope) ? TOKEN_GOOD : TOKEN_SCOPE;
    }
    out->scope = scope;
    if (!text_is_scope(scope))
        return TOKEN_SCOPE;
    return text_has_scope(scope, "player") && !body_uuid(out->user, uuid) ? TOKEN_SUBJECT
                                                                          : TOKEN_GOOD;
}

enum token_fault token_verify(const struct token_rules *rules, hearth_str token,
                              hearth_arena *arena, hearth_identity *out)
{
    struct parts parts;
    hearth_str signature;
    const struct key *key = NULL;
    const struct token_issuer *issuer = NULL;

    *out = (hearth_identity){.struct_size = sizeof(*out)};
    if (!split(token, &parts) || !decode(rules, arena, parts.signature, &signature))
        return TOKEN_MALFORMED;
    const hearth_json_value *header = parse(rules, arena, parts.header);
    if (!header)
        return TOKEN_MALFORMED;
    enum token_fault fault = choose_key(rules, header, &key, &issuer);
    if (fault != TOKEN_GOOD)
        return fault;
    if (!signature_is_good(rules, arena, token, key))
        return TOKEN_SIGNATURE;
    const hearth_json_value *claims = parse(rules, arena, parts.payload);
    if (!claims)
        return TOKEN_MALFORMED;
    return judge_claims(rules, arena, claims, key, issuer, out);
}

char *token_sign(const struct key *key, const struct token_claims *claims)
{
    jwt_t *jwt = NULL;
    char *text = NULL;

    if (key->alg != KEY_HS256 || jwt_new(&jwt) != 0)
        return NULL;
    if (jwt_set_alg(jwt, JWT_ALG_HS256, key->bytes, (int)key->len) == 0 &&
        jwt_add_header(jwt, "kid", key->kid) == 0 &&
        jwt_add_grant(jwt, "iss", claims->issuer) == 0 &&
        jwt_add_grant(jwt, "aud", claims->audience) == 0 &&
        jwt_add_grant(jwt, "sub", claims->subject) == 0 &&
        (!claims->session || jwt_add_grant(jwt, "sid", claims->session) == 0) &&
        jwt_add_grant(jwt, "scope", claims->scope) == 0 &&
        jwt_add_grant_int(jwt, "iat", (long)claims->issued) == 0 &&
        jwt_add_grant_int(jwt, "exp", (long)claims->expires) == 0)
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

void token_free(char *token)
{
    if (!token)
        return;
    sodium_memzero(token, strlen(token));
    free(token);
}
