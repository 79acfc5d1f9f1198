/*
 * netcode_client.h - the client side of NETCODE 1.02: a state machine without sockets or clock.
 * hearth-bot drives many of them over real sockets, the tests drive them against a server in
 * memory.
 */
#ifndef BOT_NETCODE_CLIENT_H
#define BOT_NETCODE_CLIENT_H

#include "bot/client_wire.h"

/* The numbers are those of the standard. */
enum netcode_client_state {
    CLIENT_TOKEN_EXPIRED = -6,
    CLIENT_TOKEN_INVALID = -5,
    CLIENT_TIMED_OUT = -4,
    CLIENT_RESPONSE_TIMED_OUT = -3,
    CLIENT_REQUEST_TIMED_OUT = -2,
    CLIENT_DENIED = -1,
    CLIENT_DISCONNECTED = 0,
    CLIENT_SENDING_REQUEST = 1,
    CLIENT_SENDING_RESPONSE = 2,
    CLIENT_CONNECTED = 3
};

struct netcode_client {
    int state;
    struct client_token token;
    struct client_window window;
    uint32_t server;             /* which of the token's addresses */
    uint32_t index, max_clients; /* once connected */
    uint64_t send_sequence;
    uint64_t started_ns, last_send_ns, last_receive_ns;
    bool sent; /* something, in this state */
    uint8_t challenge[NETCODE_CHALLENGE_BODY_BYTES];
    void (*send)(void *arg, const netcode_address *to, const uint8_t *datagram, size_t len);
    void (*payload)(void *arg, const uint8_t *payload, size_t len);
    void *arg;
};

/* Times are monotonic: none may be earlier than one given before. */

/* Starts connecting; the state is CLIENT_TOKEN_INVALID if the token cannot be used. send and
 * payload must be set before, everything else is overwritten. */
void netcode_client_connect(struct netcode_client *client, const uint8_t *token, size_t len,
                            uint64_t now_ns);

void netcode_client_receive(struct netcode_client *client, const netcode_address *from,
                            const uint8_t *datagram, size_t len, uint64_t now_ns);

/* Sends what is due and notices time-outs; call it every few milliseconds. */
void netcode_client_update(struct netcode_client *client, uint64_t now_ns);

/* False unless connected and 1..1200 bytes. */
bool netcode_client_send(struct netcode_client *client, const uint8_t *payload, size_t len,
                         uint64_t now_ns);

/* Tells the server ten times, then forgets the keys. */
void netcode_client_disconnect(struct netcode_client *client);

const char *netcode_client_state_name(int state);

#endif
