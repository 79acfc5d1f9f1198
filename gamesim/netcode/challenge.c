/*
 * challenge.c - sealing and opening challenge tokens: 284 bytes of which the last 20 are padding.
 */
#include "netcode/challenge.h"
#include "netcode/packet.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <string.h>

#define PLAIN_BYTES (NETCODE_CHALLENGE_BYTES - NETCODE_TAG_BYTES)

void challenge_seal(uint8_t out[NETCODE_CHALLENGE_BYTES], const struct challenge *challenge,
                    uint64_t sequence, const uint8_t key[NETCODE_KEY_BYTES])
{
    uint8_t nonce[12], plain[PLAIN_BYTES] = {0};
    netcode_put_u64(plain, challenge->client_id);
    memcpy(plain + 8, challenge->user_data, NETCODE_USER_DATA_BYTES);
    packet_nonce(nonce, sequence);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, sizeof(plain), NULL, 0, NULL, nonce,
                                              key);
}

bool challenge_open(struct challenge *out, const uint8_t sealed[NETCODE_CHALLENGE_BYTES],
                    uint64_t sequence, const uint8_t key[NETCODE_KEY_BYTES])
{
    uint8_t nonce[12], plain[PLAIN_BYTES];
    packet_nonce(nonce, sequence);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            plain, NULL, NULL, sealed, NETCODE_CHALLENGE_BYTES, NULL, 0, nonce, key) != 0)
        return false;
    out->client_id = netcode_get_u64(plain);
    memcpy(out->user_data, plain + 8, NETCODE_USER_DATA_BYTES);
    return true;
}
