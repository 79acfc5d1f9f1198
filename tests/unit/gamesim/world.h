/*
 * world.h - a netcode server and clients in memory, with a clock that only the test moves.
 * Every datagram lands in a list, to be delivered, dropped, changed or sent from elsewhere.
 */
#ifndef WORLD_H
#define WORLD_H

#include "../unit.h"

#include "bot/netcode_client.h"
#include "netcode/server.h"

#include <netcode_token.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS     UINT64_C(1000000000)
#define STEP_NS       UINT64_C(10000000)
#define WORLD_CLIENTS 64
#define WORLD_MAIL    4096

struct mail {
    netcode_address from, to;
    size_t len;
    uint8_t bytes[NETCODE_PACKET_BYTES_MAX];
};

struct world;

struct actor {
    struct world *world;
    netcode_address address;
    struct netcode_client client;
    unsigned payloads;
    uint8_t last[NETCODE_PAYLOAD_BYTES_MAX];
    size_t last_len;
};

struct world {
    netcode_server *server;
    netcode_server_config config;
    netcode_issuer issuer;
    netcode_time now;
    netcode_address address, elsewhere;
    struct actor actors[WORLD_CLIENTS];
    struct mail to_server[WORLD_MAIL], to_clients[WORLD_MAIL];
    size_t to_server_count, to_clients_count;
    unsigned connected, left, timed_out, payloads;
    uint64_t last_client_id;
    uint8_t last_user_data[NETCODE_USER_DATA_BYTES];
    uint32_t last_slot;
};

static inline void post(struct mail *box, size_t *count, const netcode_address *from,
                        const netcode_address *to, const uint8_t *bytes, size_t len)
{
    assert_true(*count < WORLD_MAIL);
    assert_true(len <= NETCODE_PACKET_BYTES_MAX);
    struct mail *mail = &box[(*count)++];
    mail->from = *from;
    mail->to = *to;
    mail->len = len;
    memcpy(mail->bytes, bytes, len);
}

static inline void server_sends(void *arg, const netcode_address *to, const uint8_t *bytes,
                                size_t len)
{
    struct world *w = arg;
    post(w->to_clients, &w->to_clients_count, &w->address, to, bytes, len);
}

static inline void server_connects(void *arg, uint32_t slot, const netcode_client_info *client)
{
    struct world *w = arg;
    w->connected++;
    w->last_slot = slot;
    w->last_client_id = client->client_id;
    memcpy(w->last_user_data, client->user_data, sizeof(w->last_user_data));
}

static inline void server_disconnects(void *arg, uint32_t slot, netcode_leave how)
{
    struct world *w = arg;
    w->last_slot = slot;
    if (how == NETCODE_LEFT)
        w->left++;
    else
        w->timed_out++;
}

static inline void server_gets_payload(void *arg, uint32_t slot, const uint8_t *payload, size_t len)
{
    struct world *w = arg;
    w->payloads++;
    /* An echo, so that both directions are seen. */
    assert_int_equal(netcode_server_send(w->server, slot, payload, len, w->now.mono_ns), HEARTH_OK);
}

static inline void actor_sends(void *arg, const netcode_address *to, const uint8_t *bytes,
                               size_t len)
{
    struct actor *a = arg;
    post(a->world->to_server, &a->world->to_server_count, &a->address, to, bytes, len);
}

static inline void actor_gets_payload(void *arg, const uint8_t *payload, size_t len)
{
    struct actor *a = arg;
    a->payloads++;
    a->last_len = len;
    memcpy(a->last, payload, len);
}

static inline uint64_t world_seconds(void *arg)
{
    return ((struct world *)arg)->now.unix_seconds;
}

static inline void world_start_server(struct world *w)
{
    netcode_server_destroy(w->server);
    assert_int_equal(netcode_server_create(&w->server, &w->config, w->now), HEARTH_OK);
}

/* Tokens live 30 s and time out after 5; there is no restart rule unless the test sets it. */
static inline struct world *world_create(uint32_t slots)
{
    static const uint8_t key[NETCODE_KEY_BYTES] = {7, 7, 7};
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->now = (netcode_time){.unix_seconds = 1720000000, .mono_ns = 50 * SECOND_NS};
    assert_int_equal(netcode_address_parse(&w->address, "10.0.0.1:40000"), HEARTH_OK);
    assert_int_equal(netcode_address_parse(&w->elsewhere, "10.0.0.2:40000"), HEARTH_OK);
    assert_int_equal(netcode_issuer_init(&w->issuer, key, 99, 30), HEARTH_OK);
    w->issuer.unix_seconds = world_seconds;
    w->issuer.arg = w;
    w->config = (netcode_server_config){
        .protocol_id = 99,
        .slots = slots,
        .addresses = &w->address,
        .address_count = 1,
        .events = {server_sends, server_connects, server_disconnects, server_gets_payload, w}};
    memcpy(w->config.private_key, key, sizeof(key));
    world_start_server(w);
    for (unsigned i = 0; i < WORLD_CLIENTS; i++) {
        char text[NETCODE_ADDRESS_TEXT];
        struct actor *a = &w->actors[i];
        /* One NAT: all have the same address and differ by port. */
        snprintf(text, sizeof(text), "192.0.2.1:%u", 1000 + i);
        assert_int_equal(netcode_address_parse(&a->address, text), HEARTH_OK);
        a->world = w;
        a->client.send = actor_sends;
        a->client.payload = actor_gets_payload;
        a->client.arg = a;
    }
    return w;
}

static inline void world_destroy(struct world *w)
{
    netcode_server_destroy(w->server);
    free(w);
}

/* The issuer draws from the system, so every token is a new one. */
static inline void world_token(struct world *w, uint64_t client_id, int32_t timeout,
                               uint8_t token[NETCODE_TOKEN_BYTES])
{
    uint8_t user_data[NETCODE_USER_DATA_BYTES];
    uint64_t expires_at;
    memset(user_data, (int)client_id, sizeof(user_data));
    netcode_grant grant = {.client_id = client_id,
                           .timeout_seconds = timeout,
                           .public_addresses = &w->address,
                           .public_count = 1,
                           .private_addresses = &w->address,
                           .private_count = 1,
                           .user_data = user_data};
    assert_int_equal(netcode_token_write(&w->issuer, &grant, token, &expires_at), HEARTH_OK);
}

static inline void actor_connect(struct actor *a, const uint8_t token[NETCODE_TOKEN_BYTES])
{
    netcode_client_connect(&a->client, token, NETCODE_TOKEN_BYTES, a->world->now.mono_ns);
}

/* Client id n for actor n. */
static inline struct actor *world_join(struct world *w, unsigned n)
{
    uint8_t token[NETCODE_TOKEN_BYTES];
    world_token(w, n, 5, token);
    actor_connect(&w->actors[n], token);
    return &w->actors[n];
}

static inline netcode_drop world_hand_in(struct world *w, const netcode_address *from,
                                         const uint8_t *bytes, size_t len)
{
    /* On the heap at its exact size, so that ASan sees a read past the end. */
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    netcode_drop drop = netcode_server_receive(w->server, from, copy, len, w->now);
    free(copy);
    return drop;
}

static inline void deliver_to_server(struct world *w)
{
    for (size_t i = 0; i < w->to_server_count; i++)
        world_hand_in(w, &w->to_server[i].from, w->to_server[i].bytes, w->to_server[i].len);
    w->to_server_count = 0;
}

static inline void deliver_to_clients(struct world *w)
{
    for (size_t i = 0; i < w->to_clients_count; i++) {
        struct mail *mail = &w->to_clients[i];
        for (unsigned k = 0; k < WORLD_CLIENTS; k++) {
            if (netcode_address_equal(&w->actors[k].address, &mail->to))
                netcode_client_receive(&w->actors[k].client, &mail->from, mail->bytes, mail->len,
                                       w->now.mono_ns);
        }
    }
    w->to_clients_count = 0;
}

static inline void world_pass(struct world *w, uint64_t ns)
{
    uint64_t before = w->now.mono_ns / SECOND_NS;
    w->now.mono_ns += ns;
    w->now.unix_seconds += w->now.mono_ns / SECOND_NS - before;
}

/* Ten milliseconds: everybody acts, everything arrives. */
static inline void world_step(struct world *w)
{
    world_pass(w, STEP_NS);
    for (unsigned i = 0; i < WORLD_CLIENTS; i++)
        netcode_client_update(&w->actors[i].client, w->now.mono_ns);
    deliver_to_server(w);
    netcode_server_update(w->server, w->now.mono_ns);
    deliver_to_clients(w);
}

static inline void world_run(struct world *w, uint64_t milliseconds)
{
    for (uint64_t i = 0; i < milliseconds; i += 10)
        world_step(w);
}

static inline uint32_t world_count(struct world *w)
{
    netcode_server_stats stats;
    netcode_server_stats_get(w->server, &stats);
    return stats.connected;
}

static inline uint64_t world_drops(struct world *w, netcode_drop drop)
{
    netcode_server_stats stats;
    netcode_server_stats_get(w->server, &stats);
    return stats.drops[drop];
}

/* The first datagram on its way to the server, which stays there. */
static inline struct mail world_first(struct world *w)
{
    assert_true(w->to_server_count > 0);
    return w->to_server[0];
}

#endif
