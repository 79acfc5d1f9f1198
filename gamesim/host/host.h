/*
 * host.h - the process around the sessions: socket, netcode server, the tick, and who sits where.
 * Stand-alone, clients are put into sessions of four by order of arrival; registered, where their
 * tokens say.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "host/histogram.h"
#include "host/options.h"
#include "netcode/server.h"
#include "report/registry.h"
#include "sim/dungeon.h"
#include "udp/udp.h"

#include <uv.h>

typedef struct gamesim_host gamesim_host;

/* Registered mode only; all are [loop]. */
struct host_events {
    void (*ready)(void *arg); /* players can come; again after each new registration */
    void (*refused)(void *arg, const char *why); /* hearthd will not have this instance */
    void (*finished)(void *arg, bool clean);     /* drained; not clean: reports were lost */
    void *arg;
};

/* [main] Binds and starts ticking on the loop. `error` says in one sentence what went wrong. The
 * dungeon and the options must outlive the host. `events` are copied; NULL stand-alone. */
HEARTH_MUST_CHECK hearth_status host_create(gamesim_host **out, uv_loop_t *loop,
                                            const struct options *options,
                                            const struct dungeon *dungeon,
                                            const struct host_events *events, char error[256]);

/* The address that was bound. */
netcode_address host_address(const gamesim_host *host);

/* What an operator wants to see. */
typedef struct gamesim_status {
    uint32_t sessions, session_limit; /* those with somebody connected; how many fit */
    uint32_t slots;
    uint64_t ticks_skipped;
    struct histogram tick_duration, tick_lateness;
    netcode_server_stats netcode;
    udp_stats udp;
    bool standalone, draining;
    registry_status registry; /* registered mode */
} gamesim_status;

/* [loop] */
void host_status_get(const gamesim_host *host, gamesim_status *out);

/* [loop] Lets running sessions finish, deregisters, then `finished`; at_once: ends them. False:
 * stand-alone, where there is nothing to wait for. */
bool host_drain(gamesim_host *host, bool at_once);

/* [loop] Tells all clients, disconnects them and closes every handle; the loop then ends. */
void host_stop(gamesim_host *host);

/* [main] After the loop has ended. NULL is fine. */
void host_destroy(gamesim_host *host);

#endif
