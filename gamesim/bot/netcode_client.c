/*
 * netcode_client.c - the client's state machine, after the standard's table.
 */
#include "bot/netcode_client.h"

#include <sodium.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

static void emit(struct netcode_client *c, uint8_t type, const uint8_t *body, size_t len,
                 uint64_t now_ns)
{
    uint8_t datagram[NETCODE_PACKET_BYTES_MAX];
    size_t n = type == NETCODE_REQUEST
                   ? client_request_write(datagram, &c->token)
                   : client_packet_write(datagram, &c->token, type, c->send_sequence++, body, len);
    c->last_send_ns = now_ns;
    c->sent = true;
    c->send(c->arg, &c->token.servers[c->server], datagram, n);
}

static void enter(struct netcode_client *c, int state, uint64_t now_ns)
{
    c->state = state;
    c->last_receive_ns = now_ns;
    c->sent = false;
    if (state <= CLIENT_DISCONNECTED)
        sodium_memzero(&c->token, sizeof(c->token));
}

void netcode_client_connect(struct netcode_client *c, const uint8_t *token, size_t len,
                            uint64_t now_ns)
{
    c->server = 0;
    c->index = c->max_clients = 0;
    c->send_sequence = 0;
    c->started_ns = now_ns;
    memset(&c->window, 0, sizeof(c->window));
    memset(&c->token, 0, sizeof(c->token));
    if (!client_token_read(&c->token, token, len)) {
        enter(c, CLIENT_TOKEN_INVALID, now_ns);
        return;
    }
    enter(c, CLIENT_SENDING_REQUEST, now_ns);
    netcode_client_update(c, now_ns);
}

/* The next address of the token, or the state that says why there is none. */
static void next_server(struct netcode_client *c, int otherwise, uint64_t now_ns)
{
    if (c->server + 1 >= c->token.server_count) {
        enter(c, otherwise, now_ns);
        return;
    }
    c->server++;
    memset(&c->window, 0, sizeof(c->window));
    enter(c, CLIENT_SENDING_REQUEST, now_ns);
}

static uint32_t number_at(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void handle(struct netcode_client *c, const struct client_packet *packet, uint64_t now_ns)
{
    bool connecting = c->state == CLIENT_SENDING_REQUEST || c->state == CLIENT_SENDING_RESPONSE;
    switch (packet->type) {
    case NETCODE_DENIED:
        if (connecting)
            next_server(c, CLIENT_DENIED, now_ns);
        break;
    case NETCODE_CHALLENGE:
        if (c->state == CLIENT_SENDING_REQUEST) {
            memcpy(c->challenge, packet->body, sizeof(c->challenge));
            enter(c, CLIENT_SENDING_RESPONSE, now_ns);
        }
        break;
    case NETCODE_KEEP_ALIVE:
        if (c->state == CLIENT_SENDING_RESPONSE) {
            c->index = number_at(packet->body);
            c->max_clients = number_at(packet->body + 4);
            enter(c, CLIENT_CONNECTED, now_ns);
        } else if (c->state == CLIENT_CONNECTED) {
            c->last_receive_ns = now_ns;
        }
        break;
    case NETCODE_PAYLOAD:
        if (c->state == CLIENT_CONNECTED) {
            c->last_receive_ns = now_ns;
            c->payload(c->arg, packet->body, packet->len);
        }
        break;
    default:
        if (c->state == CLIENT_CONNECTED)
            enter(c, CLIENT_DISCONNECTED, now_ns);
    }
}

void netcode_client_receive(struct netcode_client *c, const netcode_address *from,
                            const uint8_t *datagram, size_t len, uint64_t now_ns)
{
    struct client_packet packet;
    if (c->state <= CLIENT_DISCONNECTED ||
        !netcode_address_equal(from, &c->token.servers[c->server]) ||
        !client_packet_read(&packet, &c->token, &c->window, datagram, len))
        return;
    handle(c, &packet, now_ns);
    netcode_client_update(c, now_ns);
}

static void check_time(struct netcode_client *c, uint64_t now_ns)
{
    uint64_t lifetime = c->token.expires_at - c->token.created_at;
    int32_t timeout = c->token.timeout_seconds;
    bool silent = timeout > 0 && c->last_receive_ns + (uint64_t)timeout * SECOND_NS <= now_ns;
    if (c->state == CLIENT_CONNECTED) {
        if (silent)
            enter(c, CLIENT_TIMED_OUT, now_ns);
    } else if ((now_ns - c->started_ns) / SECOND_NS >= lifetime) {
        enter(c, CLIENT_TOKEN_EXPIRED, now_ns);
    } else if (silent) {
        next_server(c,
                    c->state == CLIENT_SENDING_REQUEST ? CLIENT_REQUEST_TIMED_OUT
                                                       : CLIENT_RESPONSE_TIMED_OUT,
                    now_ns);
    }
}

void netcode_client_update(struct netcode_client *c, uint64_t now_ns)
{
    static const uint8_t nothing[NETCODE_KEEP_ALIVE_BODY_BYTES];
    if (c->state <= CLIENT_DISCONNECTED)
        return;
    check_time(c, now_ns);
    if (c->state <= CLIENT_DISCONNECTED)
        return;
    if (c->sent && now_ns - c->last_send_ns < NETCODE_SEND_INTERVAL_NS)
        return;
    if (c->state == CLIENT_SENDING_REQUEST)
        emit(c, NETCODE_REQUEST, NULL, 0, now_ns);
    else if (c->state == CLIENT_SENDING_RESPONSE)
        emit(c, NETCODE_RESPONSE, c->challenge, sizeof(c->challenge), now_ns);
    else
        emit(c, NETCODE_KEEP_ALIVE, nothing, sizeof(nothing), now_ns);
}

bool netcode_client_send(struct netcode_client *c, const uint8_t *payload, size_t len,
                         uint64_t now_ns)
{
    if (c->state != CLIENT_CONNECTED || len < 1 || len > NETCODE_PAYLOAD_BYTES_MAX)
        return false;
    emit(c, NETCODE_PAYLOAD, payload, len, now_ns);
    return true;
}

void netcode_client_disconnect(struct netcode_client *c)
{
    if (c->state <= CLIENT_DISCONNECTED)
        return;
    for (int i = 0; i < NETCODE_DISCONNECT_PACKETS; i++)
        emit(c, NETCODE_DISCONNECT, NULL, 0, c->last_send_ns);
    enter(c, CLIENT_DISCONNECTED, c->last_receive_ns);
}

const char *netcode_client_state_name(int state)
{
    static const char *const names[] = {"connect token expired", "invalid connect token",
                                        "connection timed out",  "response timed out",
                                        "request timed out",     "denied",
                                        "disconnected",          "sending request",
                                        "sending response",      "connected"};
    return state >= CLIENT_TOKEN_EXPIRED && state <= CLIENT_CONNECTED
               ? names[state - CLIENT_TOKEN_EXPIRED]
               : "unknown";
}
