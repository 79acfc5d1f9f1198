/*
 * netcode_token.h - issues and opens NETCODE 1.02 connect tokens. This is the only writer of them:
 * whoever issues tokens, hearth-gamesim and hearth-bot all link this library (netcode-token).
 * A token holds session keys in the clear: it travels over TLS only and is never logged or stored.
 */
#ifndef NETCODE_TOKEN_H
#define NETCODE_TOKEN_H

#include <hearth/types.h>

#include "netcode_address.h"
#include "netcode_protocol.h"

/* A lifetime that never ends, for development only. */
#define NETCODE_LIFETIME_FOREVER UINT64_MAX

/* What one service issues tokens with. Immutable after init; may be used from any thread. */
typedef struct netcode_issuer {
    uint8_t private_key[NETCODE_KEY_BYTES]; /* shared with the servers */
    uint64_t protocol_id;
    uint64_t lifetime_seconds;
    /* Injectable for tests; init sets libsodium's generator and the system's wall clock. */
    void (*random_fill)(void *arg, uint8_t *out, size_t len);
    uint64_t (*unix_seconds)(void *arg);
    void *arg;
} netcode_issuer;

/* Whom one token admits, and where. */
typedef struct netcode_grant {
    uint64_t client_id;
    int32_t timeout_seconds;                  /* negative: never; 0 is refused, it admits nobody */
    const netcode_address *public_addresses;  /* where the client connects to, tried in order */
    size_t public_count;                      /* 1..32 */
    const netcode_address *private_addresses; /* what the server checks itself against */
    size_t private_count;                     /* 1..32 */
    const uint8_t *user_data;                 /* 256 bytes, or NULL for zeros */
} netcode_grant;

/* What the sealed part of a token says. Wipe it (netcode_token_wipe) after use: it holds keys. */
typedef struct netcode_private_token {
    uint64_t client_id;
    int32_t timeout_seconds;
    uint32_t address_count;
    netcode_address addresses[NETCODE_ADDRESSES_MAX];
    uint8_t client_to_server_key[NETCODE_KEY_BYTES];
    uint8_t server_to_client_key[NETCODE_KEY_BYTES];
    uint8_t user_data[NETCODE_USER_DATA_BYTES];
} netcode_private_token;

/* [any] Prepares an issuer that uses the system's randomness and clock, and libsodium with it.
 * EINTERNAL if libsodium cannot start. */
HEARTH_MUST_CHECK hearth_status netcode_issuer_init(netcode_issuer *issuer,
                                                    const uint8_t key[NETCODE_KEY_BYTES],
                                                    uint64_t protocol_id,
                                                    uint64_t lifetime_seconds);

/* [any] Wipes the key. */
void netcode_issuer_finish(netcode_issuer *issuer);

/* [any] Writes a token with fresh session keys and a fresh nonce, and its expiry in unix seconds.
 * EINVAL: timeout 0, no address or more than 32, or one without a type; token is untouched then. */
HEARTH_MUST_CHECK hearth_status netcode_token_write(const netcode_issuer *issuer,
                                                    const netcode_grant *grant,
                                                    uint8_t token[NETCODE_TOKEN_BYTES],
                                                    uint64_t *expires_at);

/* [any] Opens the sealed part as a server does: EAUTH if it was not sealed with this key for this
 * protocol id, expiry and nonce; EINVAL if it opens but cannot be read. libsodium must have been
 * started (netcode_issuer_init or sodium_init). */
HEARTH_MUST_CHECK hearth_status netcode_private_open(const uint8_t key[NETCODE_KEY_BYTES],
                                                     uint64_t protocol_id, uint64_t expires_at,
                                                     const uint8_t nonce[NETCODE_TOKEN_NONCE_BYTES],
                                                     const uint8_t sealed[NETCODE_PRIVATE_BYTES],
                                                     netcode_private_token *out);

/* [any] The same for a whole 2048-byte token, taking expiry and nonce from it, for whoever issued
 * it and wants to look inside. EINVAL if it is not a 1.02 token. */
HEARTH_MUST_CHECK hearth_status netcode_token_open(const uint8_t key[NETCODE_KEY_BYTES],
                                                   uint64_t protocol_id,
                                                   const uint8_t token[NETCODE_TOKEN_BYTES],
                                                   netcode_private_token *out);

/* [any] */
void netcode_token_wipe(netcode_private_token *token);

#endif
