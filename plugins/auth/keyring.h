/*
 * keyring.h - the keys that tokens are checked with, by kid. A key names its own algorithm, so that
 * a token never chooses one. Each loop has its own copy.
 */
#ifndef AUTH_KEYRING_H
#define AUTH_KEYRING_H

#include <hearth/types.h>

#define KID_MAX      128
#define KEYRING_MAX  64   /* keys of one ring */
#define KEY_SIZE_MAX 2048 /* bytes of a secret or of a public key as PEM */

enum key_alg { KEY_HS256 = 1, KEY_RS256 = 2, KEY_ES256 = 3 };

struct key {
    char kid[KID_MAX + 1];
    enum key_alg alg;
    unsigned char *bytes; /* HS256: the secret; else PEM, NUL-terminated */
    size_t len;
    int64_t from_ms;  /* signs from here on; unix milliseconds */
    int64_t until_ms; /* no token of it is good after; 0: it does not end by itself */
};

struct keyring {
    size_t count;
    struct key keys[KEYRING_MAX];
};

const char *key_alg_name(enum key_alg alg);

/* NULL: out of memory. [any] */
struct keyring *keyring_create(void);
/* Wipes and frees; NULL is fine. [any] */
void keyring_destroy(struct keyring *ring);
/* Adds a copy. EINVAL: the ring is full, the kid is there, or a part is too long. [any] */
hearth_status keyring_add(struct keyring *ring, hearth_str kid, enum key_alg alg, const void *bytes,
                          size_t len, int64_t from_ms, int64_t until_ms) HEARTH_MUST_CHECK;
/* A copy, NULL: out of memory. [any] */
struct keyring *keyring_dup(const struct keyring *ring);
/* NULL: no such key. [any] */
const struct key *keyring_find(const struct keyring *ring, hearth_str kid);
/* The newest key that signs now; NULL: none. [any] */
const struct key *keyring_signer(const struct keyring *ring, int64_t now_ms);
/* Whether both hold the same keys with the same times. [any] */
int keyring_same(const struct keyring *a, const struct keyring *b);

#endif
