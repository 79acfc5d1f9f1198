/*
 * text.h - small judgements on strings from outside: usernames, subjects, scopes, digests as hex.
 */
#ifndef AUTH_TEXT_H
#define AUTH_TEXT_H

#include "auth.h"

#define DIGEST_HEX_SIZE (2 * crypto_hash_sha256_BYTES + 1)

int text_equal(hearth_str a, hearth_str b);
hearth_str text_of(const char *c_string);

/* Writes the username as it is compared: in lower case, with NUL. 0: it breaks the rule (3 to 64 of
 * A-Z a-z 0-9 . _ @ + -). [any] */
int text_username(hearth_str username, char out[USERNAME_MAX + 1]);

/* Whether it can be a token's `sub`: 1 to 64 of A-Z a-z 0-9 _ : . @ -, which every part of a
 * deployment (paths, logs, gateways) carries unchanged. [any] */
int text_is_subject(hearth_str subject);

/* Whether it is a list of scope tokens of [a-z0-9:._-] separated by single spaces, at most
 * SCOPE_MAX bytes; not empty. [any] */
int text_is_scope(hearth_str scope);

/* Whether a scope such as "admin" is among the scopes, separated by spaces, of a token. [any] */
int text_has_scope(hearth_str scopes, const char *scope);

/* The SHA-256 of data in hex. [any] */
void text_digest(const void *data, size_t len, char out[DIGEST_HEX_SIZE]);

/* Writes one member of a JSON object. [loop] */
void text_member(const hearth_json *json, hearth_json_writer *w, const char *name,
                 const char *value);

/* A duration such as 250ms, 10s, 15m, 24h, 365d, in milliseconds; 0: it is none. [any] */
int64_t text_duration_ms(hearth_str text);

#endif
