/*
 * signing_doc.c - see signing_doc.h.
 */
#include "signing_doc.h"

#include <string.h>

#include "text.h"

#define SECRET_BYTES 32 /* as long as the hash (RFC 7518, 3.2) */
#define KID_BYTES    8
#define BASE64       sodium_base64_VARIANT_URLSAFE_NO_PADDING

static int64_t integer_of(const hearth_json *json, const hearth_json_value *object,
                          const char *name)
{
    const hearth_json_value *value = json->get(object, name);
    return value ? json->as_integer(value) : 0;
}

static int decode_key(const hearth_json *json, const hearth_json_value *row, struct keyring *ring)
{
    const hearth_json_value *kid = json->get(row, "kid"), *secret = json->get(row, "secret");
    unsigned char bytes[SECRET_BYTES];
    size_t len = 0;

    if (!kid || !secret)
        return 0;
    hearth_str text = json->as_string(secret);
    if (sodium_base642bin(bytes, sizeof(bytes), text.ptr, text.len, NULL, &len, NULL, BASE64) ||
        len != sizeof(bytes))
        return 0;
    hearth_status status =
        keyring_add(ring, json->as_string(kid), KEY_HS256, bytes, len,
                    integer_of(json, row, "fromMs"), integer_of(json, row, "untilMs"));
    sodium_memzero(bytes, sizeof(bytes));
    return status == HEARTH_OK;
}

struct keyring *signing_doc_decode(hearth_ctx *ctx, hearth_arena *arena, hearth_str body)
{
    const hearth_json *json = shared_of(ctx)->json;
    const hearth_json_value *root = NULL;
    struct keyring *ring = keyring_create();

    if (!ring || json->parse(arena, body, &root, NULL) != HEARTH_OK)
        goto fail;
    const hearth_json_value *rows = json->get(root, "keys");
    if (!rows || json->size(rows) == 0)
        goto fail;
    for (size_t i = 0; i < json->size(rows); i++)
        if (!decode_key(json, json->at(rows, i), ring))
            goto fail;
    return ring;

fail:
    keyring_destroy(ring);
    return NULL;
}

hearth_str signing_doc_encode(hearth_ctx *ctx, hearth_arena *arena, const struct keyring *ring)
{
    const hearth_json *json = shared_of(ctx)->json;
    hearth_json_writer *w = json->writer(arena, 32768);
    char secret[sodium_base64_ENCODED_LEN(SECRET_BYTES, BASE64)];
    hearth_str out = {NULL, 0};

    if (!w)
        return out;
    json->object_begin(w);
    json->key(w, HEARTH_STR("keys"));
    json->array_begin(w);
    for (size_t i = 0; i < ring->count; i++) {
        const struct key *key = &ring->keys[i];
        sodium_bin2base64(secret, sizeof(secret), key->bytes, key->len, BASE64);
        json->object_begin(w);
        json->key(w, HEARTH_STR("kid"));
        json->string(w, text_of(key->kid));
        json->key(w, HEARTH_STR("secret"));
        json->string(w, text_of(secret));
        json->key(w, HEARTH_STR("fromMs"));
        json->integer(w, key->from_ms);
        json->key(w, HEARTH_STR("untilMs"));
        json->integer(w, key->until_ms);
        json->object_end(w);
    }
    json->array_end(w);
    json->object_end(w);
    sodium_memzero(secret, sizeof(secret));
    return json->finish(w, &out) == HEARTH_OK ? out : (hearth_str){NULL, 0};
}

static int add_new(hearth_ctx *ctx, struct keyring *ring, const struct key_times *times,
                   int64_t from_ms)
{
    unsigned char kid[KID_BYTES], secret[SECRET_BYTES];
    char kid_hex[2 * KID_BYTES + 1];

    shared_of(ctx)->random->bytes(ctx, kid, sizeof(kid));
    shared_of(ctx)->random->bytes(ctx, secret, sizeof(secret));
    sodium_bin2hex(kid_hex, sizeof(kid_hex), kid, sizeof(kid));
    hearth_status status =
        keyring_add(ring, text_of(kid_hex), KEY_HS256, secret, sizeof(secret), from_ms,
                    from_ms + times->rotation_ms + 2 * times->notice_ms + times->token_ms);
    sodium_memzero(secret, sizeof(secret));
    return status == HEARTH_OK;
}

static const struct key *newest_of(const struct keyring *ring)
{
    const struct key *newest = NULL;

    for (size_t i = 0; i < ring->count; i++)
        if (!newest || ring->keys[i].from_ms > newest->from_ms)
            newest = &ring->keys[i];
    return newest;
}

struct keyring *signing_doc_next(hearth_ctx *ctx, const struct keyring *ring,
                                 const struct key_times *times, int64_t now_ms, int64_t until_ms)
{
    struct keyring *next = keyring_create();
    const struct key *newest = newest_of(ring), *signer = keyring_signer(ring, now_ms);

    for (size_t i = 0; next && i < ring->count; i++) {
        const struct key *key = &ring->keys[i];
        int64_t until = key->until_ms;
        if (until <= now_ms && key != newest && key != signer)
            continue;
        if (key == signer && until_ms > until)
            until = until_ms + times->rotation_ms; /* with room, so that the next needs no write */
        if (keyring_add(next, text_of(key->kid), key->alg, key->bytes, key->len, key->from_ms,
                        until) != HEARTH_OK)
            goto fail;
    }
    if (next && !newest && !add_new(ctx, next, times, now_ms))
        goto fail;
    if (next && newest && newest->from_ms + times->rotation_ms <= now_ms + times->notice_ms &&
        next->count < KEYRING_MAX && !add_new(ctx, next, times, now_ms + times->notice_ms))
        goto fail;
    return next;

fail:
    keyring_destroy(next);
    return NULL;
}
