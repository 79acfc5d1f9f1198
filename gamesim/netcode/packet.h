/*
 * packet.h - sealing and opening packets of types 1 to 6, as the server does it.
 * Pure functions over the caller's bytes; the caller has found the key by source address.
 */
#ifndef NETCODE_PACKET_H
#define NETCODE_PACKET_H

#include "netcode/drop.h"
#include "netcode/replay.h"

#include <stddef.h>

struct packet {
    unsigned type;
    uint64_t sequence;
    const uint8_t *body; /* inside the datagram, which was opened in place */
    size_t body_len;
};

/* Opens a datagram in place. `replay` is NULL when the source is not a connected client. The checks
 * are done in the standard's order; anything but NETCODE_ACCEPTED means: ignore it. */
netcode_drop packet_open(struct packet *out, uint8_t *datagram, size_t len,
                         const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id,
                         struct replay *replay);

/* Writes a packet with the shortest sequence and returns its size, at most body_len + 25. */
size_t packet_seal(uint8_t *out, unsigned type, uint64_t sequence, const uint8_t *body,
                   size_t body_len, const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id);

/* The 12-byte nonce of packets and challenge tokens: four zero bytes, then the sequence. */
void packet_nonce(uint8_t out[12], uint64_t sequence);

#endif
