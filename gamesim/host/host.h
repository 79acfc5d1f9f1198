/*
 * host.h - the process around the sessions: socket, netcode server, the tick, and who sits where.
 * Stand-alone, clients are put into sessions of four by order of arrival.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "host/histogram.h"
#include "host/options.h"
#include "netcode/server.h"
#include "sim/dungeon.h"
#include "udp/udp.h"

#include <uv.h>

typedef struct gamesim_host gamesim_host;

/* [main] Binds and starts ticking on the loop. `error` says in one sentence what went wrong. The
 * dungeon must outlive the host. */
HEARTH_MUST_CHECK hearth_status host_create(gamesim_host **out, uv_loop_t *loop,
                                            const struct options *options,
                                            const struct dungeon *dungeon, char error[256]);

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
} gamesim_status;

/* [loop] */
void host_status_get(const gamesim_host *host, gamesim_status *out);

/* [loop] Tells all clients, disconnects them and closes every handle; the loop then ends. */
void host_stop(gamesim_host *host);

/* [main] After the loop has ended. NULL is fine. */
void host_destroy(gamesim_host *host);

#endif
