/*
 * challenge.h - the token that a server hands to a client and gets back, to prove its address.
 * Sealed with a key of the server's own, so that the server has to remember nothing about it.
 */
#ifndef NETCODE_CHALLENGE_H
#define NETCODE_CHALLENGE_H

#include <netcode_protocol.h>
#include <stdbool.h>
#include <stdint.h>

struct challenge {
    uint64_t client_id;
    uint8_t user_data[NETCODE_USER_DATA_BYTES];
};

void challenge_seal(uint8_t out[NETCODE_CHALLENGE_BYTES], const struct challenge *challenge,
                    uint64_t sequence, const uint8_t key[NETCODE_KEY_BYTES]);

/* False if it was not sealed by this key under this sequence. */
bool challenge_open(struct challenge *out, const uint8_t sealed[NETCODE_CHALLENGE_BYTES],
                    uint64_t sequence, const uint8_t key[NETCODE_KEY_BYTES]);

#endif
