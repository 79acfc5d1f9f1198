/*
 * jwks.c - see jwks.h. OpenSSL makes PEM of a JWK's numbers, which is what libjwt wants.
 */
#include "jwks.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "text.h"

#define RSA_MIN_BITS 2048 /* RFC 7518, 3.3 */
#define NUMBER_MAX   1024 /* bytes: RSA of 8192 bits */
#define P256_BYTES   32

struct number {
    unsigned char bytes[NUMBER_MAX];
    size_t len;
};

static hearth_str string_of(const hearth_json *json, const hearth_json_value *object,
                            const char *name)
{
    const hearth_json_value *value = json->get(object, name);
    return value ? json->as_string(value) : (hearth_str){NULL, 0};
}

static int number_of(const hearth_json *json, const hearth_json_value *object, const char *name,
                     struct number *out)
{
    hearth_str text = string_of(json, object, name);

    return text.len > 0 &&
           sodium_base642bin(out->bytes, sizeof(out->bytes), text.ptr, text.len, NULL, &out->len,
                             NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           out->len > 0;
}

static EVP_PKEY *key_of_params(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, type, NULL), *check = NULL;
    EVP_PKEY *key = NULL;

    if (!params || !make || EVP_PKEY_fromdata_init(make) <= 0 ||
        EVP_PKEY_fromdata(make, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        goto done;
    check = EVP_PKEY_CTX_new(key, NULL);
    if (!check || EVP_PKEY_public_check(check) <= 0) {
        EVP_PKEY_free(key);
        key = NULL;
    }
done:
    EVP_PKEY_CTX_free(check);
    EVP_PKEY_CTX_free(make);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const hearth_json *json, const hearth_json_value *jwk)
{
    struct number n, e;
    EVP_PKEY *key = NULL;

    if (!number_of(json, jwk, "n", &n) || !number_of(json, jwk, "e", &e))
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.bytes, (int)n.len, NULL);
    BIGNUM *exponent = BN_bin2bn(e.bytes, (int)e.len, NULL);
    if (build && modulus && exponent && BN_num_bits(modulus) >= RSA_MIN_BITS &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent))
        key = key_of_params("RSA", build);
    BN_free(exponent);
    BN_free(modulus);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *ec_key(const hearth_json *json, const hearth_json_value *jwk)
{
    struct number x, y;
    unsigned char point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *key = NULL;

    if (!text_equal(string_of(json, jwk, "crv"), HEARTH_STR("P-256")) ||
        !number_of(json, jwk, "x", &x) || !number_of(json, jwk, "y", &y) || x.len != P256_BYTES ||
        y.len != P256_BYTES)
        return NULL;
    memcpy(point + 1, x.bytes, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y.bytes, P256_BYTES);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
        key = key_of_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static void add_pem(struct keyring *ring, hearth_str kid, enum key_alg alg, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;

    if (bio && PEM_write_bio_PUBKEY(bio, key) == 1) {
        long len = BIO_get_mem_data(bio, &pem);
        /* A second key of one kid, or more keys than the ring holds: the first ones count. */
        hearth_status added = keyring_add(ring, kid, alg, pem, (size_t)len, 0, 0);
        (void)added;
    }
    BIO_free(bio);
}

static int is_allowed(uint32_t allowed, enum key_alg alg)
{
    return (alg == KEY_RS256 && allowed != JWKS_ES256) ||
           (alg == KEY_ES256 && allowed != JWKS_RS256);
}

static void add_jwk(const hearth_json *json, const hearth_json_value *jwk, uint32_t allowed,
                    struct keyring *ring)
{
    hearth_str kid = string_of(json, jwk, "kid"), kty = string_of(json, jwk, "kty"),
               use = string_of(json, jwk, "use"), named = string_of(json, jwk, "alg");
    enum key_alg alg = text_equal(kty, HEARTH_STR("RSA"))  ? KEY_RS256
                       : text_equal(kty, HEARTH_STR("EC")) ? KEY_ES256
                                                           : KEY_HS256;

    if (kid.len == 0 || !is_allowed(allowed, alg) ||
        (use.ptr && !text_equal(use, HEARTH_STR("sig"))) ||
        (named.ptr && !text_equal(named, text_of(key_alg_name(alg)))))
        return;
    EVP_PKEY *key = alg == KEY_RS256 ? rsa_key(json, jwk) : ec_key(json, jwk);
    if (key)
        add_pem(ring, kid, alg, key);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* the queue is the thread's, and the host's TLS reads it too */
}

struct keyring *jwks_parse(const hearth_json *json, hearth_arena *arena, hearth_str body,
                           uint32_t allowed)
{
    const hearth_json_value *root = NULL;

    if (json->parse(arena, body, &root, NULL) != HEARTH_OK)
        return NULL;
    const hearth_json_value *keys = json->get(root, "keys");
    if (!keys || json->type(keys) != HEARTH_JSON_ARRAY)
        return NULL;
    struct keyring *ring = keyring_create();
    for (size_t i = 0; ring && i < json->size(keys); i++)
        add_jwk(json, json->at(keys, i), allowed, ring);
    return ring;
}
