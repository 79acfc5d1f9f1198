/*
 * packet.c - reading and writing encrypted packets on the server's side.
 * The prefix byte goes into the associated data as it was received: a rebuilt one would refuse
 * senders that write a sequence in more bytes than it needs.
 */
#include "netcode/packet.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <string.h>

#define ASSOCIATED_BYTES (NETCODE_VERSION_BYTES + 8 + 1)

void packet_nonce(uint8_t out[12], uint64_t sequence)
{
    memset(out, 0, 4);
    netcode_put_u64(out + 4, sequence);
}

static void put_associated(uint8_t out[ASSOCIATED_BYTES], uint64_t protocol_id, uint8_t prefix)
{
    memcpy(out, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES);
    netcode_put_u64(out + NETCODE_VERSION_BYTES, protocol_id);
    out[NETCODE_VERSION_BYTES + 8] = prefix;
}

static bool is_for_server(unsigned type)
{
    return type >= NETCODE_RESPONSE && type <= NETCODE_DISCONNECT;
}

static bool has_replay_protection(unsigned type)
{
    return type >= NETCODE_KEEP_ALIVE;
}

static bool body_size_fits(unsigned type, size_t len)
{
    switch (type) {
    case NETCODE_RESPONSE:
        return len == NETCODE_CHALLENGE_BODY_BYTES;
    case NETCODE_KEEP_ALIVE:
        return len == NETCODE_KEEP_ALIVE_BODY_BYTES;
    case NETCODE_PAYLOAD:
        return len >= 1 && len <= NETCODE_PAYLOAD_BYTES_MAX;
    default:
        return len == 0;
    }
}

netcode_drop packet_open(struct packet *out, uint8_t *datagram, size_t len,
                         const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id,
                         struct replay *replay)
{
    if (len < NETCODE_PACKET_BYTES_MIN || len > NETCODE_PACKET_BYTES_MAX)
        return NETCODE_DROP_SIZE;
    unsigned type = datagram[0] & 15u, sequence_len = datagram[0] >> 4;
    if (!is_for_server(type))
        return NETCODE_DROP_TYPE;
    if (sequence_len < 1 || sequence_len > 8 || len < 1 + sequence_len + NETCODE_TAG_BYTES)
        return NETCODE_DROP_SIZE;

    uint64_t sequence = 0;
    for (unsigned i = 0; i < sequence_len; i++)
        sequence |= (uint64_t)datagram[1 + i] << (8 * i);
    bool guarded = replay && has_replay_protection(type);
    if (guarded && replay_seen(replay, sequence))
        return NETCODE_DROP_REPLAYED;

    uint8_t nonce[12], associated[ASSOCIATED_BYTES];
    uint8_t *sealed = datagram + 1 + sequence_len;
    size_t sealed_len = len - 1 - sequence_len;
    packet_nonce(nonce, sequence);
    put_associated(associated, protocol_id, datagram[0]);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(sealed, NULL, NULL, sealed, sealed_len,
                                                  associated, sizeof(associated), nonce, key) != 0)
        return NETCODE_DROP_FORGED;
    if (guarded)
        replay_mark(replay, sequence);
    if (!body_size_fits(type, sealed_len - NETCODE_TAG_BYTES))
        return NETCODE_DROP_BODY;
    *out = (struct packet){type, sequence, sealed, sealed_len - NETCODE_TAG_BYTES};
    return NETCODE_ACCEPTED;
}

size_t packet_seal(uint8_t *out, unsigned type, uint64_t sequence, const uint8_t *body,
                   size_t body_len, const uint8_t key[NETCODE_KEY_BYTES], uint64_t protocol_id)
{
    uint8_t nonce[12], associated[ASSOCIATED_BYTES];
    unsigned sequence_len = 0;
    do {
        out[1 + sequence_len] = (uint8_t)(sequence >> (8 * sequence_len));
        sequence_len++;
    } while (sequence_len < 8 && sequence >> (8 * sequence_len));
    out[0] = (uint8_t)(type | sequence_len << 4);
    packet_nonce(nonce, sequence);
    put_associated(associated, protocol_id, out[0]);
    crypto_aead_chacha20poly1305_ietf_encrypt(out + 1 + sequence_len, NULL, body, body_len,
                                              associated, sizeof(associated), NULL, nonce, key);
    return 1 + sequence_len + body_len + NETCODE_TAG_BYTES;
}
