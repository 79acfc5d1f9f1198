/*
 * keyring.c - see keyring.h.
 */
#include "keyring.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

const char *key_alg_name(enum key_alg alg)
{
    switch (alg) {
    case KEY_HS256:
        return "HS256";
    case KEY_RS256:
        return "RS256";
    case KEY_ES256:
        return "ES256";
    }
    return "";
}

struct keyring *keyring_create(void)
{
    return calloc(1, sizeof(struct keyring));
}

void keyring_destroy(struct keyring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->count; i++) {
        sodium_memzero(ring->keys[i].bytes, ring->keys[i].len);
        free(ring->keys[i].bytes);
    }
    free(ring);
}

hearth_status keyring_add(struct keyring *ring, hearth_str kid, enum key_alg alg, const void *bytes,
                          size_t len, int64_t from_ms, int64_t until_ms)
{
    if (ring->count == KEYRING_MAX || kid.len == 0 || kid.len > KID_MAX || len == 0 ||
        len > KEY_SIZE_MAX || memchr(kid.ptr, '\0', kid.len) || keyring_find(ring, kid))
        return HEARTH_EINVAL;
    struct key *key = &ring->keys[ring->count];
    key->bytes = malloc(len + 1);
    if (!key->bytes)
        return HEARTH_ENOMEM;
    memcpy(key->kid, kid.ptr, kid.len);
    key->kid[kid.len] = '\0';
    memcpy(key->bytes, bytes, len);
    key->bytes[len] = '\0';
    key->len = len;
    key->alg = alg;
    key->from_ms = from_ms;
    key->until_ms = until_ms;
    ring->count++;
    return HEARTH_OK;
}

struct keyring *keyring_dup(const struct keyring *ring)
{
    struct keyring *copy = keyring_create();

    for (size_t i = 0; copy && i < ring->count; i++) {
        const struct key *key = &ring->keys[i];
        hearth_str kid = {key->kid, strlen(key->kid)};
        if (keyring_add(copy, kid, key->alg, key->bytes, key->len, key->from_ms, key->until_ms)) {
            keyring_destroy(copy);
            return NULL;
        }
    }
    return copy;
}

const struct key *keyring_find(const struct keyring *ring, hearth_str kid)
{
    for (size_t i = 0; i < ring->count; i++)
        if (strlen(ring->keys[i].kid) == kid.len &&
            memcmp(ring->keys[i].kid, kid.ptr, kid.len) == 0)
            return &ring->keys[i];
    return NULL;
}

const struct key *keyring_signer(const struct keyring *ring, int64_t now_ms)
{
    const struct key *signer = NULL, *oldest = NULL;

    for (size_t i = 0; i < ring->count; i++) {
        const struct key *key = &ring->keys[i];
        if (key->from_ms <= now_ms && (!signer || key->from_ms > signer->from_ms))
            signer = key;
        if (!oldest || key->from_ms < oldest->from_ms)
            oldest = key;
    }
    /* A clock set back must not leave the server without a key. */
    return signer ? signer : oldest;
}

int keyring_same(const struct keyring *a, const struct keyring *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct key *x = &a->keys[i];
        const struct key *y = keyring_find(b, (hearth_str){x->kid, strlen(x->kid)});
        if (!y || x->alg != y->alg || x->len != y->len || x->from_ms != y->from_ms ||
            x->until_ms != y->until_ms || sodium_memcmp(x->bytes, y->bytes, x->len) != 0)
            return 0;
    }
    return 1;
}
