/*
 * fuzz_netcode_token.c - connect tokens: the sealed part's reader behind a seal that opens, the
 * request reader, the client's reader of the public part, and the session claims.
 */
#include "bot/client_wire.h"
#include "netcode/request.h"

#include <netcode_bytes.h>
#include <session_claims.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct request_rules rules = {.private_key = {1, 2, 3}, .protocol_id = 7};

/* A request whose private part is the input, properly sealed. */
static void open_sealed(const uint8_t *data, size_t size)
{
    uint8_t wire[NETCODE_REQUEST_BYTES] = {0}, plain[1008] = {0}, associated[29];
    struct request request;
    memcpy(plain, data, size < sizeof(plain) ? size : sizeof(plain));
    memcpy(wire + 1, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES);
    netcode_put_u64(wire + 14, rules.protocol_id);
    netcode_put_u64(wire + 22, 1000);
    memcpy(associated, wire + 1, sizeof(associated));
    crypto_aead_xchacha20poly1305_ietf_encrypt(wire + 54, NULL, plain, sizeof(plain), associated,
                                               sizeof(associated), NULL, wire + 30,
                                               rules.private_key);
    if (request_check(wire, sizeof(wire), &rules, 1) != NETCODE_ACCEPTED)
        abort();
    if (request_open(&request, wire, &rules) == NETCODE_ACCEPTED &&
        (request.token.address_count < 1 || request.token.address_count > NETCODE_ADDRESSES_MAX))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_token token;
    struct request request;
    open_sealed(data, size);
    if (request_check(data, size, &rules, 1) == NETCODE_ACCEPTED &&
        request_open(&request, data, &rules) == NETCODE_ACCEPTED)
        abort(); /* nobody guesses a seal */
    if (client_token_read(&token, data, size) && size != NETCODE_TOKEN_BYTES)
        abort();
    if (size == NETCODE_USER_DATA_BYTES) {
        session_claims claims, again;
        uint8_t written[NETCODE_USER_DATA_BYTES];
        if (session_claims_read(&claims, data) == HEARTH_OK) {
            session_claims_write(&claims, written);
            if (session_claims_read(&again, written) != HEARTH_OK)
                abort();
        }
    }
    return 0;
}
