/*
 * fixture.c - see fixture.h.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "../token.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

extern const hearth_plugin_desc hearth_plugin_main;

hearth_test_host *fixture_start_in(uint32_t loops, const char *data_dir, const char *const *sets)
{
    hearth_test_options options = {.loops = loops, .data_dir = data_dir};
    hearth_test_host *host = hearth_test_create(&options);

    assert_int_equal(hearth_test_load(host, STORAGE_SO), HEARTH_OK);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    assert_int_equal(hearth_test_set(host, "auth", "argon2_memory=8k"), HEARTH_OK);
    assert_int_equal(hearth_test_set(host, "auth", "argon2_passes=1"), HEARTH_OK);
    assert_int_equal(hearth_test_set(host, "auth", "registration=open"), HEARTH_OK);
    for (; sets && *sets; sets++)
        assert_int_equal(hearth_test_set(host, "auth", *sets), HEARTH_OK);
    if (hearth_test_start(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    const int never = 0;
    for (int i = 0; i < 500; i++) {
        hearth_test_advance(host, 10);
        if (hearth_test_health(host, "auth", "tokens", NULL) == HEARTH_HEALTHY)
            return host;
        (void)hearth_test_wait(host, &never, 2);
    }
    fail_msg("the keys were not read");
    return NULL;
}

hearth_test_host *fixture_start(uint32_t loops, const char *const *sets)
{
    return fixture_start_in(loops, NULL, sets);
}

void fixture_stop(hearth_test_host *host)
{
    if (hearth_test_stop(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    hearth_test_destroy(host);
}

hearth_test_call *fixture_post(hearth_test_host *host, const char *path, const char *body,
                               const char *token)
{
    char headers[TOKEN_MAX + 256];

    snprintf(headers, sizeof(headers), "Content-Type: application/json%s%s",
             token ? "\nAuthorization: Bearer " : "", token ? token : "");
    hearth_test_call *call = hearth_test_request(host, "POST", path, headers, body);
    assert_int_not_equal(hearth_test_await(call, 20000), 0);
    return call;
}

hearth_test_call *fixture_login(hearth_test_host *host, const char *username, const char *password)
{
    char body[1024];

    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"%s\"}", username, password);
    return fixture_post(host, "/session/login", body, NULL);
}

char *fixture_member(hearth_test_call *call, const char *name)
{
    const char *json = hearth_test_json(call, name);
    assert_non_null(json);
    assert_int_equal(json[0], '"');
    return strndup(json + 1, strlen(json) - 2);
}

void fixture_player(hearth_test_host *host, const char *username, char **token, char **refresh)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"" PASSWORD "\"}", username);
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", body, NULL)), 201);
    hearth_test_call *call = fixture_login(host, username, PASSWORD);
    assert_int_equal(hearth_test_status(call), 200);
    *token = fixture_member(call, "token");
    if (refresh)
        *refresh = fixture_member(call, "refreshToken");
}

int fixture_logout(hearth_test_host *host, const char *token)
{
    return hearth_test_status(fixture_post(host, "/session/logout", "", token));
}

int fixture_refresh(hearth_test_host *host, const char *refresh, char **next)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"refreshToken\":\"%s\"}", refresh);
    hearth_test_call *call = fixture_post(host, "/session/refresh", body, NULL);
    if (hearth_test_status(call) == 200 && next)
        *next = fixture_member(call, "refreshToken");
    return hearth_test_status(call);
}

/* ---- tokens by hand ---- */

static char made[3 * TOKEN_MAX];

static size_t encode(size_t at, const void *data, size_t len)
{
    sodium_bin2base64(made + at, sizeof(made) - at, data, len, BASE64);
    return at + strlen(made + at);
}

static size_t signing_input(const char *header, const char *payload)
{
    size_t at = encode(0, header, strlen(header));
    made[at++] = '.';
    return encode(at, payload, strlen(payload));
}

const char *forge_with(const char *header, const char *payload, const void *signature, size_t len)
{
    size_t at = signing_input(header, payload);
    made[at++] = '.';
    encode(at, signature, len);
    return made;
}

const char *forge(const char *header, const char *payload, const void *secret, size_t len)
{
    unsigned char mac[32];
    unsigned mac_len = 0;
    size_t at = signing_input(header, payload);

    HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)made, at, mac, &mac_len);
    made[at++] = '.';
    encode(at, mac, mac_len);
    return made;
}

static char *pem_of(EVP_PKEY *key, int private)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    if (private)
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_PUBKEY(bio, key);
    long len = BIO_get_mem_data(bio, &data);
    char *copy = strndup(data, (size_t)len);
    BIO_free(bio);
    return copy;
}

void make_pair(enum key_alg alg, char **private_pem, char **public_pem)
{
    EVP_PKEY *key = alg == KEY_RS256 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    assert_non_null(key);
    *private_pem = pem_of(key, 1);
    *public_pem = pem_of(key, 0);
    EVP_PKEY_free(key);
}

static EVP_PKEY *read_pem(const char *pem, int private)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                            : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

/* JWS wants r and s of 32 bytes each, not DER (RFC 7518, 3.4). */
static size_t raw_of_der(unsigned char *signature, size_t len)
{
    const unsigned char *at = signature;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
    ECDSA_SIG_free(sig);
    return 64;
}

const char *sign_with(enum key_alg alg, const char *private_pem, const char *header,
                      const char *payload)
{
    EVP_PKEY *key = read_pem(private_pem, 1);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t len = sizeof(signature), at = signing_input(header, payload);

    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, signature, &len, (const unsigned char *)made, at), 1);
    if (alg == KEY_ES256)
        len = raw_of_der(signature, len);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    made[at++] = '.';
    encode(at, signature, len);
    return made;
}

const char *jwk_of(const char *public_pem, const char *members)
{
    static char jwk[2048];
    char a[1024], b[1024];
    unsigned char bytes[512];
    EVP_PKEY *key = read_pem(public_pem, 0);
    BIGNUM *x = NULL, *y = NULL;
    int rsa = EVP_PKEY_is_a(key, "RSA");

    EVP_PKEY_get_bn_param(key, rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, &x);
    EVP_PKEY_get_bn_param(key, rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, &y);
    int len = BN_bn2binpad(x, bytes, rsa ? BN_num_bytes(x) : 32);
    sodium_bin2base64(a, sizeof(a), bytes, (size_t)len, BASE64);
    len = BN_bn2binpad(y, bytes, rsa ? BN_num_bytes(y) : 32);
    sodium_bin2base64(b, sizeof(b), bytes, (size_t)len, BASE64);
    snprintf(jwk, sizeof(jwk),
             rsa ? "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s%s}"
                 : "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"%s%s}",
             a, b, members[0] ? "," : "", members);
    BN_free(x);
    BN_free(y);
    EVP_PKEY_free(key);
    return jwk;
}
