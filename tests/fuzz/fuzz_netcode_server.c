/*
 * fuzz_netcode_server.c - a whole server under a script of packets: raw ones, well-sealed ones and
 * real requests and responses, from a few addresses, with time passing. Its counts must add up.
 */
#include "bot/netcode_client.h"
#include "netcode/server.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PEERS  6
#define SLOTS  3
#define SECOND UINT64_C(1000000000)

struct scene {
    netcode_server *server;
    netcode_issuer issuer;
    netcode_time now;
    netcode_address address, peers[PEERS];
    struct netcode_client clients[PEERS];
    unsigned connected;
    unsigned current; /* who is sending */
};

static void from_client(void *arg, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    struct scene *s = arg;
    uint8_t copy[NETCODE_PACKET_BYTES_MAX];
    (void)to;
    memcpy(copy, bytes, len);
    netcode_server_receive(s->server, &s->peers[s->current], copy, len, s->now);
}

static void ignore_payload(void *arg, const uint8_t *payload, size_t len)
{
    (void)arg, (void)payload, (void)len;
}

static void from_server(void *arg, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    struct scene *s = arg;
    unsigned before = s->current;
    for (unsigned i = 0; i < PEERS; i++) {
        if (netcode_address_equal(&s->peers[i], to)) {
            s->current = i;
            netcode_client_receive(&s->clients[i], &s->address, bytes, len, s->now.mono_ns);
        }
    }
    s->current = before;
}

static void on_connected(void *arg, uint32_t slot, const netcode_client_info *client)
{
    (void)slot, (void)client;
    ((struct scene *)arg)->connected++;
}

static void on_disconnected(void *arg, uint32_t slot, netcode_leave how)
{
    (void)slot, (void)how;
    ((struct scene *)arg)->connected--;
}

static void on_payload(void *arg, uint32_t slot, const uint8_t *payload, size_t len)
{
    struct scene *s = arg;
    if (len < 1 || len > NETCODE_PAYLOAD_BYTES_MAX ||
        netcode_server_send(s->server, slot, payload, len, s->now.mono_ns) != HEARTH_OK)
        abort();
}

static uint64_t fixed_seconds(void *arg)
{
    return ((struct scene *)arg)->now.unix_seconds;
}

static bool setup(struct scene *s)
{
    static const uint8_t key[NETCODE_KEY_BYTES] = {5};
    memset(s, 0, sizeof(*s));
    s->now = (netcode_time){1000, SECOND};
    if (netcode_issuer_init(&s->issuer, key, 7, 30) != HEARTH_OK ||
        netcode_address_parse(&s->address, "10.0.0.1:1") != HEARTH_OK)
        return false;
    s->issuer.unix_seconds = fixed_seconds;
    s->issuer.arg = s;
    for (unsigned i = 0; i < PEERS; i++) {
        s->peers[i] = s->address;
        s->peers[i].port = (uint16_t)(100 + i);
        s->clients[i].send = from_client;
        s->clients[i].payload = ignore_payload;
        s->clients[i].arg = s;
    }
    netcode_server_config config = {
        .protocol_id = 7,
        .slots = SLOTS,
        .addresses = &s->address,
        .address_count = 1,
        .events = {from_server, on_connected, on_disconnected, on_payload, s}};
    memcpy(config.private_key, key, sizeof(key));
    return netcode_server_create(&s->server, &config, s->now) == HEARTH_OK;
}

static void connect(struct scene *s, unsigned client_id)
{
    uint8_t token[NETCODE_TOKEN_BYTES];
    uint64_t expires_at;
    const netcode_grant grant = {.client_id = client_id,
                                 .timeout_seconds = 3,
                                 .public_addresses = &s->address,
                                 .public_count = 1,
                                 .private_addresses = &s->address,
                                 .private_count = 1};
    if (netcode_token_write(&s->issuer, &grant, token, &expires_at) == HEARTH_OK)
        netcode_client_connect(&s->clients[s->current], token, sizeof(token), s->now.mono_ns);
}

/* One step: an opcode, who, how many bytes, and these. Returns the bytes used. */
static size_t step(struct scene *s, const uint8_t *data, size_t size)
{
    uint8_t copy[NETCODE_PACKET_BYTES_MAX];
    size_t len = (size_t)data[2] * 5;
    if (len > size - 3)
        len = size - 3;
    s->current = data[1] % PEERS;
    struct netcode_client *client = &s->clients[s->current];
    memcpy(copy, data + 3, len);
    switch (data[0] % 7) {
    case 0:
        netcode_server_receive(s->server, &s->peers[s->current], copy, len, s->now);
        return 3 + len;
    case 1:
        connect(s, data[2]);
        return 3;
    case 2:
        netcode_client_send(client, copy, len, s->now.mono_ns);
        return 3 + len;
    case 3:
        netcode_client_disconnect(client);
        return 3;
    case 4:
        s->now.mono_ns += data[2] * SECOND / 40;
        s->now.unix_seconds += data[2] / 40;
        netcode_server_update(s->server, s->now.mono_ns);
        netcode_client_update(client, s->now.mono_ns);
        return 3;
    case 5: /* a packet that opens, of any type, with any body */
        if (client->state > CLIENT_DISCONNECTED) {
            uint8_t wire[NETCODE_PACKET_BYTES_MAX + 64];
            size_t n = client_packet_write(wire, &client->token, data[2] & 15,
                                           client->send_sequence++, copy, len);
            from_client(s, &s->address, wire, n < sizeof(copy) ? n : sizeof(copy));
        }
        return 3 + len;
    default:
        if (netcode_server_is_connected(s->server, data[2] % SLOTS)) {
            netcode_server_disconnect(s->server, data[2] % SLOTS);
            s->connected--;
        }
        return 3;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene s;
    netcode_server_stats stats;
    if (!setup(&s))
        abort();
    while (size >= 3) {
        size_t used = step(&s, data, size);
        data += used;
        size -= used;
        netcode_server_stats_get(s.server, &stats);
        if (stats.connected != s.connected || s.connected > SLOTS)
            abort();
    }
    netcode_server_destroy(s.server);
    return 0;
}
