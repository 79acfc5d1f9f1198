/*
 * handover.h - a port passes from one process to its successor without a connection being lost.
 * The holder gives its listening sockets themselves over control.sock (SCM_RIGHTS), so what waits
 * in their backlogs waits for the successor; see core/docs/decisions/handover.md.
 */
#ifndef HEARTH_HOST_HANDOVER_H
#define HEARTH_HOST_HANDOVER_H

#include "host/state.h"

#define HANDOVER_MAX_FDS 250 /* SCM_MAX_FD is 253 */

/* The listening sockets that a holder gave. */
typedef struct handover {
    int conn; /* open until the holder has ended; -1: none */
    int fds[HANDOVER_MAX_FDS];
    size_t count;
} handover;

/* [main, the holder] Sends the sockets of all loops over `conn` and begins to drain. EUNAVAILABLE:
 * it does not serve, or somebody was given them already. */
HEARTH_MUST_CHECK hearth_status handover_give(host_state *host, int conn, hearth_error *error);

/* [main, the successor, before any loop runs] Asks the holder of data_dir for its sockets.
 * ENOTFOUND: nobody answers there. Waits for at most timeout_ms. */
HEARTH_MUST_CHECK hearth_status handover_ask(handover *given, const char *data_dir,
                                             int64_t timeout_ms, hearth_error *error);

/* A socket of this address, taken out of what was given, or -1. Port 0 matches any port. */
int handover_take(handover *given, const hearth_address *address);

/* Closes what nobody took, and the connection. */
void handover_finish(handover *given);

#endif
