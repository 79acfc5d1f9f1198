/*
 * fuzz_netcode_packet.c - encrypted packets of every type, raw and behind a seal that opens, for
 * the server's reader and the client's; and challenge tokens. What one side writes, the other must
 * read.
 */
#include "bot/client_wire.h"
#include "netcode/challenge.h"
#include "netcode/packet.h"

#include <netcode_bytes.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[NETCODE_KEY_BYTES] = {9};
#define PROTOCOL 7

static void read_both(const uint8_t *wire, size_t len, uint64_t seen)
{
    struct replay replay = {0};
    struct packet packet;
    struct client_window window = {0};
    struct client_packet mine;
    struct client_token token = {.protocol_id = PROTOCOL};
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        return;
    replay_mark(&replay, seen);
    client_window_add(&window, seen);
    memcpy(token.receive_key, key, sizeof(key));
    memcpy(copy, wire, len);
    bool client = client_packet_read(&mine, &token, &window, copy, len);
    bool server = packet_open(&packet, copy, len, key, PROTOCOL, &replay) == NETCODE_ACCEPTED;
    /* Types 4 to 6 are for both, so both must be of one mind about them. */
    if (len > 0 && (wire[0] & 15) >= NETCODE_KEEP_ALIVE && client != server)
        abort();
    if (client && server &&
        (mine.len != packet.body_len || mine.sequence != packet.sequence ||
         memcmp(mine.body, packet.body, mine.len) != 0))
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t wire[NETCODE_PACKET_BYTES_MAX + 64];
    struct challenge challenge;
    read_both(data, size, 0);
    if (size < 17)
        return 0;
    uint64_t sequence = netcode_get_u64(data + 1), seen = netcode_get_u64(data + 9);
    size_t len = size - 17 < NETCODE_PACKET_BYTES_MAX ? size - 17 : NETCODE_PACKET_BYTES_MAX;
    len = packet_seal(wire, data[0] & 15, sequence, data + 17, len, key, PROTOCOL);
    read_both(wire, len, seen);
    if (size >= 9 + NETCODE_CHALLENGE_BYTES && challenge_open(&challenge, data + 9, sequence, key))
        abort();
    return 0;
}
