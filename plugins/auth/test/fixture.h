/*
 * fixture.h - auth on the fake host over the real embedded store, and hand-made tokens.
 */
#ifndef AUTH_TEST_FIXTURE_H
#define AUTH_TEST_FIXTURE_H

#include "answer.h"

#include "../auth.h"
#include "../keyring.h"

#define PASSWORD "correct horse"

/* Starts auth with cheap hashes on `loops` loops; sets are "key=value", ended by NULL. */
hearth_test_host *fixture_start(uint32_t loops, const char *const *sets);
/* The same on a data directory of the test's own. */
hearth_test_host *fixture_start_in(uint32_t loops, const char *data_dir, const char *const *sets);
void fixture_stop(hearth_test_host *host);

/* Sends and waits. token NULL: none. */
hearth_test_call *fixture_post(hearth_test_host *host, const char *path, const char *body,
                               const char *token);
hearth_test_call *fixture_login(hearth_test_host *host, const char *username, const char *password);
/* A new account, logged in: *token and *refresh are the caller's (free). */
void fixture_player(hearth_test_host *host, const char *username, char **token, char **refresh);
/* A member of the answer without its quotes; the caller's. */
char *fixture_member(hearth_test_call *call, const char *name);
int fixture_logout(hearth_test_host *host, const char *token);
int fixture_refresh(hearth_test_host *host, const char *refresh, char **next);

/* base64url(header).base64url(payload).base64url(HMAC-SHA256), static memory. */
const char *forge(const char *header, const char *payload, const void *secret, size_t len);
/* The same with another third part. */
const char *forge_with(const char *header, const char *payload, const void *signature, size_t len);
/* Generates a key pair: RS256 or ES256; PEMs are the caller's. */
void make_pair(enum key_alg alg, char **private_pem, char **public_pem);
/* Signs with a private key, static memory. */
const char *sign_with(enum key_alg alg, const char *private_pem, const char *header,
                      const char *payload);
/* The public key as a JWK with more members ("\"kid\":\"a\""), static memory. */
const char *jwk_of(const char *public_pem, const char *members);

#endif
