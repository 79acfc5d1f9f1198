/*
 * netcode_token.c - the two halves of a connect token: the public one that the client reads and the
 * sealed one that only servers open. Offsets follow the standard's tables; sealing binds version,
 * protocol id and expiry to the ciphertext.
 */
#include "netcode_token.h"
#include "netcode_bytes.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#define ASSOCIATED_BYTES (NETCODE_VERSION_BYTES + 8 + 8)
#define PLAIN_BYTES      (NETCODE_PRIVATE_BYTES - NETCODE_TAG_BYTES)

enum {
    AT_PROTOCOL = 13,
    AT_CREATE = 21,
    AT_EXPIRE = 29,
    AT_NONCE = 37,
    AT_SEALED = 61,
    AT_TIMEOUT = 1085,
    AT_COUNT = 1089,
    AT_ADDRESSES = 1093
};

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == NETCODE_TOKEN_NONCE_BYTES, "nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == NETCODE_TAG_BYTES, "tag");

static void system_random(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    randombytes_buf(out, len);
}

static uint64_t system_unix_seconds(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec;
}

hearth_status netcode_issuer_init(netcode_issuer *issuer, const uint8_t key[NETCODE_KEY_BYTES],
                                  uint64_t protocol_id, uint64_t lifetime_seconds)
{
    if (sodium_init() < 0)
        return HEARTH_EINTERNAL;
    memset(issuer, 0, sizeof(*issuer));
    memcpy(issuer->private_key, key, NETCODE_KEY_BYTES);
    issuer->protocol_id = protocol_id;
    issuer->lifetime_seconds = lifetime_seconds;
    issuer->random_fill = system_random;
    issuer->unix_seconds = system_unix_seconds;
    return HEARTH_OK;
}

void netcode_issuer_finish(netcode_issuer *issuer)
{
    sodium_memzero(issuer->private_key, sizeof(issuer->private_key));
}

static void put_associated(uint8_t out[ASSOCIATED_BYTES], uint64_t protocol_id, uint64_t expires_at)
{
    memcpy(out, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES);
    netcode_put_u64(out + NETCODE_VERSION_BYTES, protocol_id);
    netcode_put_u64(out + NETCODE_VERSION_BYTES + 8, expires_at);
}

static size_t put_addresses(uint8_t *out, const netcode_address *addresses, size_t count)
{
    size_t at = 4;
    netcode_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        at += netcode_address_put(&addresses[i], out + at);
    return at;
}

static bool addresses_valid(const netcode_address *addresses, size_t count)
{
    if (count < 1 || count > NETCODE_ADDRESSES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (addresses[i].type != NETCODE_ADDRESS_IPV4 && addresses[i].type != NETCODE_ADDRESS_IPV6)
            return false;
    }
    return true;
}

/* keys: client to server, then server to client, as both halves hold them. */
static void put_private(uint8_t plain[PLAIN_BYTES], const netcode_grant *grant,
                        const uint8_t keys[2 * NETCODE_KEY_BYTES])
{
    memset(plain, 0, PLAIN_BYTES);
    netcode_put_u64(plain, grant->client_id);
    netcode_put_u32(plain + 8, (uint32_t)grant->timeout_seconds);
    size_t at = 12 + put_addresses(plain + 12, grant->private_addresses, grant->private_count);
    memcpy(plain + at, keys, 2 * NETCODE_KEY_BYTES);
    if (grant->user_data)
        memcpy(plain + at + 2 * NETCODE_KEY_BYTES, grant->user_data, NETCODE_USER_DATA_BYTES);
}

static void put_public(const netcode_issuer *issuer, const netcode_grant *grant,
                       uint64_t created_at, uint64_t expires_at,
                       const uint8_t keys[2 * NETCODE_KEY_BYTES],
                       uint8_t token[NETCODE_TOKEN_BYTES])
{
    memset(token, 0, NETCODE_TOKEN_BYTES);
    memcpy(token, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES);
    netcode_put_u64(token + AT_PROTOCOL, issuer->protocol_id);
    netcode_put_u64(token + AT_CREATE, created_at);
    netcode_put_u64(token + AT_EXPIRE, expires_at);
    netcode_put_u32(token + AT_TIMEOUT, (uint32_t)grant->timeout_seconds);
    size_t at = put_addresses(token + AT_COUNT, grant->public_addresses, grant->public_count);
    memcpy(token + AT_COUNT + at, keys, 2 * NETCODE_KEY_BYTES);
}

hearth_status netcode_token_write(const netcode_issuer *issuer, const netcode_grant *grant,
                                  uint8_t token[NETCODE_TOKEN_BYTES], uint64_t *expires_at)
{
    if (grant->timeout_seconds == 0 ||
        !addresses_valid(grant->public_addresses, grant->public_count) ||
        !addresses_valid(grant->private_addresses, grant->private_count))
        return HEARTH_EINVAL;

    uint8_t keys[2 * NETCODE_KEY_BYTES], plain[PLAIN_BYTES], associated[ASSOCIATED_BYTES];
    uint64_t created_at = issuer->unix_seconds(issuer->arg);
    uint64_t expire = created_at + issuer->lifetime_seconds;
    if (expire < created_at)
        expire = UINT64_MAX;
    issuer->random_fill(issuer->arg, keys, sizeof(keys));
    put_public(issuer, grant, created_at, expire, keys, token);
    issuer->random_fill(issuer->arg, token + AT_NONCE, NETCODE_TOKEN_NONCE_BYTES);
    put_private(plain, grant, keys);
    put_associated(associated, issuer->protocol_id, expire);
    crypto_aead_xchacha20poly1305_ietf_encrypt(token + AT_SEALED, NULL, plain, sizeof(plain),
                                               associated, sizeof(associated), NULL,
                                               token + AT_NONCE, issuer->private_key);
    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(keys, sizeof(keys));
    *expires_at = expire;
    return HEARTH_OK;
}

static hearth_status get_private(const uint8_t plain[PLAIN_BYTES], netcode_private_token *out)
{
    out->client_id = netcode_get_u64(plain);
    out->timeout_seconds = (int32_t)netcode_get_u32(plain + 8);
    out->address_count = netcode_get_u32(plain + 12);
    if (out->address_count < 1 || out->address_count > NETCODE_ADDRESSES_MAX)
        return HEARTH_EINVAL;
    size_t at = 16;
    for (uint32_t i = 0; i < out->address_count; i++) {
        size_t used = netcode_address_get(&out->addresses[i], plain + at, PLAIN_BYTES - at);
        if (used == 0)
            return HEARTH_EINVAL;
        at += used;
    }
    /* The longest list ends at 624, so that the rest always fits. */
    memcpy(out->client_to_server_key, plain + at, NETCODE_KEY_BYTES);
    memcpy(out->server_to_client_key, plain + at + NETCODE_KEY_BYTES, NETCODE_KEY_BYTES);
    memcpy(out->user_data, plain + at + 2 * NETCODE_KEY_BYTES, NETCODE_USER_DATA_BYTES);
    return HEARTH_OK;
}

hearth_status netcode_private_open(const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id,
                                   uint64_t expires_at,
                                   const uint8_t nonce[NETCODE_TOKEN_NONCE_BYTES],
                                   const uint8_t sealed[NETCODE_PRIVATE_BYTES],
                                   netcode_private_token *out)
{
    uint8_t plain[PLAIN_BYTES], associated[ASSOCIATED_BYTES];
    put_associated(associated, protocol_id, expires_at);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, NETCODE_PRIVATE_BYTES,
                                                   associated, sizeof(associated), nonce, key) != 0)
        return HEARTH_EAUTH;
    memset(out, 0, sizeof(*out));
    hearth_status status = get_private(plain, out);
    sodium_memzero(plain, sizeof(plain));
    return status;
}

hearth_status netcode_token_open(const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id,
                                 const uint8_t token[NETCODE_TOKEN_BYTES],
                                 netcode_private_token *out)
{
    if (memcmp(token, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES) != 0 ||
        netcode_get_u64(token + AT_PROTOCOL) != protocol_id)
        return HEARTH_EINVAL;
    return netcode_private_open(key, protocol_id, netcode_get_u64(token + AT_EXPIRE),
                                token + AT_NONCE, token + AT_SEALED, out);
}

void netcode_token_wipe(netcode_private_token *token)
{
    sodium_memzero(token, sizeof(*token));
}
