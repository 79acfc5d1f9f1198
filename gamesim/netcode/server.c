/*
 * server.c - the server's life, its connected clients, and the one entrance for datagrams.
 */
#include "netcode/server.h"
#include "netcode/server_state.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

static uint32_t at_least(uint32_t value, uint32_t floor)
{
    return value > floor ? value : floor;
}

static bool config_valid(const netcode_server_config *config)
{
    return config->slots >= 1 && config->slots <= NETCODE_SLOTS_MAX && config->address_count >= 1 &&
           config->address_count <= NETCODE_ADDRESSES_MAX;
}

hearth_status netcode_server_create(netcode_server **out, const netcode_server_config *config,
                                    netcode_time now)
{
    hearth_status status = HEARTH_ENOMEM;
    if (!config_valid(config))
        return HEARTH_EINVAL;
    if (sodium_init() < 0)
        return HEARTH_EINTERNAL;
    netcode_server *server = calloc(1, sizeof(*server));
    if (!server)
        return status;
    /* A player may have ten tokens at a time, and be pending with each of them. */
    uint32_t tokens = at_least(16 * config->slots, 1024);
    server->slots = calloc(config->slots, sizeof(*server->slots));
    if (!server->slots || (status = peers_init(&server->peers, tokens)) != HEARTH_OK ||
        (status = history_init(&server->history, tokens)) != HEARTH_OK) {
        netcode_server_destroy(server);
        return status;
    }
    memcpy(server->rules.private_key, config->private_key, NETCODE_KEY_BYTES);
    server->rules.protocol_id = config->protocol_id;
    if (config->token_lifetime_seconds)
        server->rules.floor = now.unix_seconds + config->token_lifetime_seconds;
    memcpy(server->addresses, config->addresses,
           config->address_count * sizeof(*config->addresses));
    server->address_count = config->address_count;
    server->events = config->events;
    server->slot_count = config->slots;
    server->global_sequence = UINT64_C(1) << 63;
    limiter_init(&server->limiter);
    randombytes_buf(server->challenge_key, sizeof(server->challenge_key));
    *out = server;
    return HEARTH_OK;
}

void netcode_server_destroy(netcode_server *server)
{
    if (!server)
        return;
    peers_finish(&server->peers);
    history_finish(&server->history);
    free(server->slots);
    sodium_memzero(server, sizeof(*server));
    free(server);
}

static void emit(netcode_server *server, const netcode_address *to, const uint8_t *key,
                 unsigned type, uint64_t sequence, const uint8_t *body, size_t body_len)
{
    uint8_t datagram[NETCODE_PACKET_BYTES_MAX];
    size_t len =
        packet_seal(datagram, type, sequence, body, body_len, key, server->rules.protocol_id);
    server->stats.packets_out++;
    server->stats.bytes_out += len;
    server->events.send(server->events.arg, to, datagram, len);
}

void server_send_global(netcode_server *server, const netcode_address *to, const uint8_t *key,
                        unsigned type, const uint8_t *body, size_t body_len)
{
    emit(server, to, key, type, server->global_sequence++, body, body_len);
}

void server_send_slot(netcode_server *server, uint32_t index, unsigned type, const uint8_t *body,
                      size_t body_len, uint64_t mono_ns)
{
    struct server_slot *slot = &server->slots[index];
    slot->last_send_ns = mono_ns;
    emit(server, &slot->peer->address, slot->peer->server_to_client_key, type,
         slot->send_sequence++, body, body_len);
}

void server_send_keep_alive(netcode_server *server, uint32_t index, uint64_t mono_ns)
{
    uint8_t body[NETCODE_KEEP_ALIVE_BODY_BYTES];
    netcode_put_u32(body, index);
    netcode_put_u32(body + 4, server->slot_count);
    server_send_slot(server, index, NETCODE_KEEP_ALIVE, body, sizeof(body), mono_ns);
}

bool server_has_client(const netcode_server *server, uint64_t client_id)
{
    for (uint32_t i = 0; i < server->slot_count; i++) {
        if (server->slots[i].peer && server->slots[i].peer->client_id == client_id)
            return true;
    }
    return false;
}

/* Drops keys, replay window and user data of a connection. */
static void free_slot(netcode_server *server, uint32_t index)
{
    peers_release(&server->peers, server->slots[index].peer);
    memset(&server->slots[index], 0, sizeof(server->slots[index]));
    server->connected--;
}

static void receive_connected(netcode_server *server, uint32_t index, const struct packet *packet,
                              uint64_t mono_ns)
{
    struct server_slot *slot = &server->slots[index];
    if (packet->type == NETCODE_DISCONNECT) {
        server->stats.leaves++;
        free_slot(server, index);
        server->events.disconnected(server->events.arg, index, NETCODE_LEFT);
        return;
    }
    slot->last_receive_ns = mono_ns;
    slot->confirmed = true;
    if (packet->type == NETCODE_PAYLOAD)
        server->events.payload(server->events.arg, index, packet->body, packet->body_len);
}

static netcode_drop receive_sealed(netcode_server *server, const netcode_address *from,
                                   uint8_t *datagram, size_t len, uint64_t mono_ns)
{
    struct packet packet;
    struct peer *peer = peers_find(&server->peers, from, mono_ns);
    if (!peer)
        return NETCODE_DROP_UNKNOWN_SOURCE;
    bool connected = peer->slot != PEER_NO_SLOT;
    netcode_drop drop =
        packet_open(&packet, datagram, len, peer->client_to_server_key, server->rules.protocol_id,
                    connected ? &server->slots[peer->slot].replay : NULL);
    if (drop != NETCODE_ACCEPTED)
        return drop;
    if (packet.type == NETCODE_RESPONSE)
        return connected ? NETCODE_DROP_RESPONSE_CONNECTED
                         : handshake_response(server, peer, &packet, mono_ns);
    if (!connected)
        return NETCODE_DROP_NOT_CONNECTED;
    receive_connected(server, peer->slot, &packet, mono_ns);
    return NETCODE_ACCEPTED;
}

netcode_drop netcode_server_receive(netcode_server *server, const netcode_address *from,
                                    uint8_t *datagram, size_t len, netcode_time now)
{
    netcode_drop drop = NETCODE_DROP_SIZE;
    server->stats.packets_in++;
    server->stats.bytes_in += len;
    if (len > 0 && datagram[0] == NETCODE_REQUEST)
        drop = handshake_request(server, from, datagram, len, now);
    else if (len > 0)
        drop = receive_sealed(server, from, datagram, len, now.mono_ns);
    server->stats.drops[drop]++;
    return drop;
}

static bool has_timed_out(const struct server_slot *slot, uint64_t mono_ns)
{
    int32_t timeout = slot->peer->timeout_seconds;
    return timeout > 0 && slot->last_receive_ns + (uint64_t)timeout * SECOND_NS <= mono_ns;
}

void netcode_server_update(netcode_server *server, uint64_t mono_ns)
{
    for (uint32_t i = 0; i < server->slot_count; i++) {
        struct server_slot *slot = &server->slots[i];
        if (!slot->peer)
            continue;
        if (has_timed_out(slot, mono_ns)) {
            server->stats.timeouts++;
            free_slot(server, i);
            server->events.disconnected(server->events.arg, i, NETCODE_TIMED_OUT);
        } else if (slot->last_send_ns + NETCODE_SEND_INTERVAL_NS <= mono_ns) {
            server_send_keep_alive(server, i, mono_ns);
        }
    }
    peers_expire(&server->peers, mono_ns);
}

hearth_status netcode_server_send(netcode_server *server, uint32_t slot, const uint8_t *payload,
                                  size_t len, uint64_t mono_ns)
{
    if (len < 1 || len > NETCODE_PAYLOAD_BYTES_MAX)
        return HEARTH_EINVAL;
    if (!netcode_server_is_connected(server, slot))
        return HEARTH_ENOTFOUND;
    /* A client discards payloads until a keep-alive has told it its index; any may be lost. */
    if (!server->slots[slot].confirmed)
        server_send_keep_alive(server, slot, mono_ns);
    server_send_slot(server, slot, NETCODE_PAYLOAD, payload, len, mono_ns);
    return HEARTH_OK;
}

void netcode_server_disconnect(netcode_server *server, uint32_t slot)
{
    if (!netcode_server_is_connected(server, slot))
        return;
    for (int i = 0; i < NETCODE_DISCONNECT_PACKETS; i++)
        server_send_slot(server, slot, NETCODE_DISCONNECT, NULL, 0, 0);
    server->stats.kicks++;
    free_slot(server, slot);
}

void netcode_server_disconnect_all(netcode_server *server)
{
    for (uint32_t i = 0; i < server->slot_count; i++)
        netcode_server_disconnect(server, i);
}

bool netcode_server_is_connected(const netcode_server *server, uint32_t slot)
{
    return slot < server->slot_count && server->slots[slot].peer;
}

void netcode_server_stats_get(const netcode_server *server, netcode_server_stats *out)
{
    *out = server->stats;
    out->connected = server->connected;
    out->tokens_remembered = server->history.count;
}
