/*
 * server_state.h - what server.c and handshake.c share; private to this folder.
 */
#ifndef NETCODE_SERVER_STATE_H
#define NETCODE_SERVER_STATE_H

#include "netcode/history.h"
#include "netcode/limiter.h"
#include "netcode/packet.h"
#include "netcode/peers.h"
#include "netcode/request.h"
#include "netcode/server.h"

struct server_slot {
    struct peer *peer; /* NULL: free */
    bool confirmed;    /* the client has spoken, so it knows its index */
    uint64_t send_sequence, last_send_ns, last_receive_ns;
    struct replay replay;
};

struct netcode_server {
    struct request_rules rules;
    netcode_address addresses[NETCODE_ADDRESSES_MAX];
    size_t address_count;
    netcode_server_events events;
    uint32_t slot_count, connected;
    struct server_slot *slots;
    struct peers peers;
    struct history history;
    struct limiter limiter;
    uint8_t challenge_key[NETCODE_KEY_BYTES];
    uint64_t challenge_sequence;
    /* One counter for all packets that are not part of a connection. It starts at 2^63 because the
     * connection's own packets count from 0 under the same key. */
    uint64_t global_sequence;
    netcode_server_stats stats;
};

/* Seals and sends one packet to a peer that may not be connected, on the global sequence. */
void server_send_global(netcode_server *server, const netcode_address *to, const uint8_t *key,
                        unsigned type, const uint8_t *body, size_t body_len);

/* Seals and sends one packet of a connection. */
void server_send_slot(netcode_server *server, uint32_t slot, unsigned type, const uint8_t *body,
                      size_t body_len, uint64_t mono_ns);

void server_send_keep_alive(netcode_server *server, uint32_t slot, uint64_t mono_ns);
bool server_has_client(const netcode_server *server, uint64_t client_id);

/* Section 7.3: a datagram whose first byte is zero. */
netcode_drop handshake_request(netcode_server *server, const netcode_address *from,
                               const uint8_t *datagram, size_t len, netcode_time now);

/* Section 7.4: a well-sealed response of a pending peer. */
netcode_drop handshake_response(netcode_server *server, struct peer *peer,
                                const struct packet *packet, uint64_t mono_ns);

#endif
