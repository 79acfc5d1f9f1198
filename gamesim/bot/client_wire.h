/*
 * client_wire.h - how a netcode client reads tokens and packets and writes its own.
 * Written apart from the server's code on purpose: an error in one would be an error in both, and
 * no test between the two could show it. Only constants and the address type are shared.
 */
#ifndef BOT_CLIENT_WIRE_H
#define BOT_CLIENT_WIRE_H

#include <netcode_address.h>
#include <netcode_protocol.h>

/* The public half of a connect token. */
struct client_token {
    uint64_t protocol_id, created_at, expires_at;
    uint8_t nonce[NETCODE_TOKEN_NONCE_BYTES];
    uint8_t sealed[NETCODE_PRIVATE_BYTES];
    int32_t timeout_seconds;
    uint32_t server_count;
    netcode_address servers[NETCODE_ADDRESSES_MAX];
    uint8_t send_key[NETCODE_KEY_BYTES], receive_key[NETCODE_KEY_BYTES];
};

/* False if these are not the bytes of a token that a client can use. */
bool client_token_read(struct client_token *out, const uint8_t *bytes, size_t len);

/* Which of the last 256 sequences have arrived. */
struct client_window {
    uint64_t newest;
    uint64_t seen[NETCODE_REPLAY_WINDOW];
    uint8_t set[NETCODE_REPLAY_WINDOW];
};

bool client_window_fresh(const struct client_window *window, uint64_t sequence);
void client_window_add(struct client_window *window, uint64_t sequence);

struct client_packet {
    uint8_t type;
    uint64_t sequence;
    size_t len;
    uint8_t body[NETCODE_PACKET_BYTES_MAX];
};

/* Opens a datagram from the server; false means: ignore it. */
bool client_packet_read(struct client_packet *out, const struct client_token *token,
                        struct client_window *window, const uint8_t *datagram, size_t len);

/* Both write into `out` (NETCODE_PACKET_BYTES_MAX) and return the size. */
size_t client_packet_write(uint8_t *out, const struct client_token *token, uint8_t type,
                           uint64_t sequence, const uint8_t *body, size_t len);
size_t client_request_write(uint8_t *out, const struct client_token *token);

#endif
