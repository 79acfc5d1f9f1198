/*
 * host.c - see host.h. One loop, one socket, one tick for all sessions; everything is allocated
 * here, at start.
 */
#include "host/host_state.h"
#include "host/tenancy.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLAYERS_PER_SESSION 4

static netcode_time time_now(void)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return (netcode_time){.unix_seconds = (uint64_t)wall.tv_sec, .mono_ns = uv_hrtime()};
}

static void open_session(gamesim_host *host, struct session *session)
{
    uint8_t id[16];
    uint64_t seed;
    randombytes_buf(id, sizeof(id));
    randombytes_buf(&seed, sizeof(seed));
    session_init(session, id, host->dungeon, seed, PLAYERS_PER_SESSION, true, &host->output);
}

/* The first session with room; there is one, because there are at least as many seats as slots. */
static struct session *session_with_room(gamesim_host *host)
{
    for (uint32_t i = 0; i < host->session_count; i++) {
        if (session_free_seat(&host->sessions[i]) >= 0)
            return &host->sessions[i];
    }
    return NULL;
}

static void on_connected(void *arg, uint32_t slot, const netcode_client_info *client)
{
    gamesim_host *host = arg;
    if (host->tenancy) {
        tenancy_connected(host->tenancy, slot, client);
        return;
    }
    /* Stand-alone, client id and user data mean nothing. */
    struct session *session = session_with_room(host);
    if (!session)
        abort();
    if (session_connected(session) == 0)
        open_session(host, session);
    uint8_t seat = (uint8_t)session_free_seat(session);
    host->places[slot] = (struct place){session, seat};
    session_join(session, seat, slot, &host->dungeon->hero);
}

/* Registered, a seat is kept for its player to come back. */
static void leave(gamesim_host *host, struct session *session, uint8_t seat, bool keep)
{
    session_leave(session, seat, keep);
    if (host->tenancy)
        tenancy_left(host->tenancy, session, seat);
}

static void on_disconnected(void *arg, uint32_t slot, netcode_leave how)
{
    gamesim_host *host = arg;
    struct session *session = host->places[slot].session;
    (void)how;
    host->places[slot].session = NULL;
    leave(host, session, host->places[slot].seat, host->tenancy != NULL);
}

void host_put_out(gamesim_host *host, struct session *session, uint8_t seat, enum wire_leave reason,
                  bool keep)
{
    uint32_t slot = session->seats[seat].slot;
    session_put_out(session, seat, reason, uv_hrtime());
    host->places[slot].session = NULL;
    leave(host, session, seat, keep);
}

static void on_payload(void *arg, uint32_t slot, const uint8_t *payload, size_t len)
{
    gamesim_host *host = arg;
    struct place *place = &host->places[slot];
    if (!session_receive(place->session, place->seat, payload, len, uv_hrtime()))
        host_put_out(host, place->session, place->seat, WIRE_LEAVE_BAD_MESSAGES,
                     host->tenancy != NULL);
}

static void send_datagram(void *arg, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    udp_send(((gamesim_host *)arg)->udp, to, bytes, len);
}

static void send_message(void *arg, uint32_t slot, const uint8_t *message, size_t len,
                         uint64_t mono_ns)
{
    gamesim_host *host = arg;
    if (netcode_server_send(host->server, slot, message, len, mono_ns) != HEARTH_OK)
        abort(); /* a session holds only connected slots and makes no message over 1200 bytes */
}

static void disconnect(void *arg, uint32_t slot)
{
    netcode_server_disconnect(((gamesim_host *)arg)->server, slot);
}

void host_refuse(gamesim_host *host, uint32_t slot, enum wire_leave reason)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    send_message(host, slot, message, wire_write_leave(message, reason), uv_hrtime());
    disconnect(host, slot);
}

static void happened(void *arg, const struct session *session, const struct sim_event *event)
{
    gamesim_host *host = arg;
    if (host->tenancy)
        tenancy_happened(host->tenancy, session, event);
}

static void on_datagram(void *arg, const netcode_address *from, uint8_t *bytes, size_t len)
{
    gamesim_host *host = arg;
    if (host->server)
        netcode_server_receive(host->server, from, bytes, len, time_now());
}

static void on_batch(void *arg)
{
    udp_flush(((gamesim_host *)arg)->udp);
}

static void on_tick(void *arg, uint64_t mono_ns)
{
    gamesim_host *host = arg;
    if (!host->udp)
        return; /* stopped by the tick before, which was late */
    if (host->server)
        netcode_server_update(host->server, mono_ns);
    for (uint32_t i = 0; i < host->session_count; i++) {
        if (session_connected(&host->sessions[i]) > 0)
            session_tick(&host->sessions[i], mono_ns);
    }
    udp_flush(host->udp);
    if (host->tenancy)
        tenancy_tick(host->tenancy, mono_ns);
}

hearth_status host_open(gamesim_host *host, const uint8_t key[NETCODE_KEY_BYTES],
                        uint64_t protocol_id, uint64_t token_lifetime_seconds)
{
    const struct options *options = host->options;
    netcode_address address = udp_address(host->udp);
    netcode_server_config config = {
        .protocol_id = protocol_id,
        .slots = host->slot_count,
        .addresses = options->public_count > 0 ? options->public_addresses : &address,
        .address_count = options->public_count > 0 ? options->public_count : 1,
        .token_lifetime_seconds = token_lifetime_seconds,
        .events = {send_datagram, on_connected, on_disconnected, on_payload, host}};
    memcpy(config.private_key, key, sizeof(config.private_key));
    hearth_status status = netcode_server_create(&host->server, &config, time_now());
    sodium_memzero(config.private_key, sizeof(config.private_key));
    return status;
}

void host_shut(gamesim_host *host)
{
    if (!host->server)
        return;
    netcode_server_disconnect_all(host->server);
    udp_flush(host->udp);
    netcode_server_destroy(host->server);
    host->server = NULL;
}

static hearth_status allocate(gamesim_host *host, const struct options *options)
{
    host->options = options;
    host->players = options->standalone ? PLAYERS_PER_SESSION : options->players;
    host->slot_count = options->standalone ? options->slots : options->game_sims * options->players;
    host->session_count = (host->slot_count + host->players - 1) / host->players;
    host->sessions = calloc(host->session_count, sizeof(*host->sessions));
    host->places = calloc(host->slot_count, sizeof(*host->places));
    if (!host->sessions || !host->places)
        return HEARTH_ENOMEM;
    host->output = (struct session_output){send_message, disconnect, host, happened};
    for (uint32_t i = 0; i < host->session_count; i++)
        open_session(host, &host->sessions[i]);
    return HEARTH_OK;
}

hearth_status host_create(gamesim_host **out, uv_loop_t *loop, const struct options *options,
                          const struct dungeon *dungeon, const struct host_events *events,
                          char error[256])
{
    gamesim_host *host = calloc(1, sizeof(*host));
    hearth_status status = HEARTH_ENOMEM;
    snprintf(error, 256, "out of memory");
    if (!host)
        return status;
    host->dungeon = dungeon;
    if ((status = allocate(host, options)) != HEARTH_OK)
        goto fail;
    status = udp_open(&host->udp, loop, &options->listen, on_datagram, on_batch, host, error);
    if (status != HEARTH_OK)
        goto fail;
    if (options->standalone)
        status =
            host_open(host, options->key, options->protocol_id, options->token_lifetime_seconds);
    else
        status = tenancy_create(&host->tenancy, host, loop, events);
    if (status != HEARTH_OK) {
        snprintf(error, 256, "the %s cannot start",
                 options->standalone ? "netcode server" : "client of hearthd");
        goto close_udp;
    }
    tick_start(&host->tick, loop, SIM_TICKS_PER_SECOND, on_tick, host);
    *out = host;
    return HEARTH_OK;

close_udp:
    udp_close(host->udp);
fail:
    host_destroy(host);
    return status;
}

netcode_address host_address(const gamesim_host *host)
{
    return udp_address(host->udp);
}

void host_status_get(const gamesim_host *host, gamesim_status *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < host->session_count; i++)
        out->sessions += session_connected(&host->sessions[i]) > 0;
    out->session_limit = host->session_count;
    out->slots = host->slot_count;
    out->ticks_skipped = host->tick.skipped;
    out->tick_duration = host->tick.duration;
    out->tick_lateness = host->tick.lateness;
    out->standalone = host->options->standalone;
    if (host->tenancy)
        tenancy_status_get(host->tenancy, out);
    if (host->server)
        netcode_server_stats_get(host->server, &out->netcode);
    if (host->udp)
        out->udp = udp_stats_get(host->udp);
}

void host_stop(gamesim_host *host)
{
    uint64_t now = uv_hrtime();
    for (uint32_t slot = 0; slot < host->slot_count; slot++) {
        struct place *place = &host->places[slot];
        if (!place->session)
            continue;
        session_put_out(place->session, place->seat, WIRE_LEAVE_SHUTDOWN, now);
        place->session = NULL;
    }
    tick_stop(&host->tick);
    if (host->tenancy)
        tenancy_stop(host->tenancy);
    udp_close(host->udp);
    host->udp = NULL;
}

bool host_drain(gamesim_host *host, bool at_once)
{
    if (host->tenancy)
        tenancy_drain(host->tenancy, at_once);
    return host->tenancy != NULL;
}

void host_destroy(gamesim_host *host)
{
    if (!host)
        return;
    netcode_server_destroy(host->server);
    tenancy_destroy(host->tenancy);
    free(host->sessions);
    free(host->places);
    free(host);
}
