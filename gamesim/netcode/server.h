/*
 * server.h - the server side of NETCODE 1.02, without sockets and without a clock of its own.
 * Datagrams and the time are handed in, answers and events come out through callbacks, so that
 * every rule can be tested. Nothing is allocated after create. All calls are from one thread
 * [loop].
 */
#ifndef NETCODE_SERVER_H
#define NETCODE_SERVER_H

#include "netcode/drop.h"

#include <netcode_token.h>

typedef struct netcode_server netcode_server;

#define NETCODE_SLOTS_MAX 4096

/* The wall clock judges token expiry, the monotonic one everything else. */
typedef struct netcode_time {
    uint64_t unix_seconds;
    uint64_t mono_ns;
} netcode_time;

/* Who has just been let in; borrowed for the call. */
typedef struct netcode_client_info {
    uint64_t client_id;
    netcode_address address;
    const uint8_t *user_data; /* 256 bytes */
} netcode_client_info;

typedef enum netcode_leave { NETCODE_LEFT, NETCODE_TIMED_OUT } netcode_leave;

/* All are called from within netcode_server_receive or _update. They may call _send and
 * _disconnect; `send` may not call back into the server. */
typedef struct netcode_server_events {
    void (*send)(void *arg, const netcode_address *to, const uint8_t *datagram, size_t len);
    void (*connected)(void *arg, uint32_t slot, const netcode_client_info *client);
    void (*disconnected)(void *arg, uint32_t slot, netcode_leave how);
    void (*payload)(void *arg, uint32_t slot, const uint8_t *payload, size_t len);
    void *arg;
} netcode_server_events;

typedef struct netcode_server_config {
    uint8_t private_key[NETCODE_KEY_BYTES];
    uint64_t protocol_id;
    uint32_t slots;                   /* 1..NETCODE_SLOTS_MAX */
    const netcode_address *addresses; /* as they stand in tokens */
    size_t address_count;             /* 1..32 */
    /* With a private key that outlives a restart, the longest lifetime of the issuer's tokens:
     * tokens that may be from before the start are refused. 0: the key is fresh at each start. */
    uint64_t token_lifetime_seconds;
    netcode_server_events events;
} netcode_server_config;

typedef struct netcode_server_stats {
    uint64_t packets_in, bytes_in, packets_out, bytes_out;
    uint64_t challenges, denied, connects, leaves, timeouts, kicks;
    uint64_t drops[NETCODE_DROP_COUNT];
    uint32_t connected, tokens_remembered;
} netcode_server_stats;

/* EINVAL names nothing: the caller has checked its options. ENOMEM, EINTERNAL (libsodium). */
HEARTH_MUST_CHECK hearth_status netcode_server_create(netcode_server **out,
                                                      const netcode_server_config *config,
                                                      netcode_time now);

/* Wipes all keys. Sends nothing: call netcode_server_disconnect_all before. NULL is fine. */
void netcode_server_destroy(netcode_server *server);

/* One datagram, which is opened in place. Returns why it was ignored, for tests and metrics. */
netcode_drop netcode_server_receive(netcode_server *server, const netcode_address *from,
                                    uint8_t *datagram, size_t len, netcode_time now);

/* Time-outs and keep-alives; call at least every 50 ms. */
void netcode_server_update(netcode_server *server, uint64_t mono_ns);

/* EINVAL if the payload is not 1..1200 bytes, ENOTFOUND if nobody is connected there. */
HEARTH_MUST_CHECK hearth_status netcode_server_send(netcode_server *server, uint32_t slot,
                                                    const uint8_t *payload, size_t len,
                                                    uint64_t mono_ns);

/* Puts a client out with ten disconnect packets; no `disconnected` event. A free slot is fine. */
void netcode_server_disconnect(netcode_server *server, uint32_t slot);
void netcode_server_disconnect_all(netcode_server *server);

bool netcode_server_is_connected(const netcode_server *server, uint32_t slot);
void netcode_server_stats_get(const netcode_server *server, netcode_server_stats *out);

#endif
