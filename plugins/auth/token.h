/*
 * token.h - JSON Web Tokens (RFC 7515, 7519): signing ours, and judging what a stranger calls one.
 * The judgement is ours (kid chooses the key, the key names the algorithm); libjwt computes and
 * compares signatures.
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "auth.h"
#include "keyring.h"

#define TOKEN_MAX 8192 /* bytes */
#define SID_MAX   256

/* Where a token may come from, and what it must say then. */
struct token_issuer {
    const struct keyring *keys;
    hearth_str issuer, audience;
};

struct token_rules {
    const hearth_arena_api *arena_api;
    const hearth_json *json;
    struct token_issuer own, provider; /* provider.keys is NULL without one */
    const hearth_conf_list *provider_scopes;
    int64_t now_ms, leeway_ms;
};

enum token_fault {
    TOKEN_GOOD = 0,
    TOKEN_MALFORMED,
    TOKEN_KEY_UNKNOWN, /* a kid of nobody; `kid` says which */
    TOKEN_ALGORITHM,
    TOKEN_SIGNATURE,
    TOKEN_ISSUER,
    TOKEN_AUDIENCE,
    TOKEN_TIME,
    TOKEN_SUBJECT,
    TOKEN_SCOPE,
    TOKEN_ENDED /* of a session that is over; not found by token_verify */
};

/* Judges a token; `out` is filled when it is good, its strings live in the arena. [loop] */
enum token_fault token_verify(const struct token_rules *rules, hearth_str token,
                              hearth_arena *arena, hearth_identity *out) HEARTH_MUST_CHECK;

/* One word for the log; says nothing of the token's content. */
const char *token_fault_name(enum token_fault fault);

struct token_claims {
    const char *issuer, *audience, *subject, *session, *scope; /* session may be NULL */
    int64_t issued, expires;                                   /* unix seconds */
};

/* Signs with an HS256 key. The result is a secret, freed with token_free; NULL: out of memory.
 * [any]
 */
char *token_sign(const struct key *key, const struct token_claims *claims);
void token_free(char *token);

#endif
