/*
 * host_state.h - what the files of the host share; private to this folder.
 */
#ifndef HOST_HOST_STATE_H
#define HOST_HOST_STATE_H

#include "host/host.h"
#include "host/tick.h"
#include "match/session.h"

/* Where the client of a netcode slot sits. */
struct place {
    struct session *session; /* NULL: the slot is free */
    uint8_t seat;
};

struct tenancy;

struct gamesim_host {
    udp_socket *udp;
    netcode_server *server; /* NULL: not registered at the moment */
    struct tick_timer tick;
    const struct dungeon *dungeon;
    const struct options *options;
    struct session_output output;
    struct session *sessions;
    struct place *places; /* by slot */
    uint32_t session_count, slot_count;
    uint8_t players;         /* in a session */
    struct tenancy *tenancy; /* NULL: stand-alone */
};

/* Lets clients in whose tokens were made with this key. */
HEARTH_MUST_CHECK hearth_status host_open(gamesim_host *host, const uint8_t key[NETCODE_KEY_BYTES],
                                          uint64_t protocol_id, uint64_t token_lifetime_seconds);

/* Puts everybody out and forgets the key; the sessions have been left before. */
void host_shut(gamesim_host *host);

/* Tells the client in a seat why and puts it out; the seat is kept or given up. */
void host_put_out(gamesim_host *host, struct session *session, uint8_t seat, enum wire_leave reason,
                  bool keep);

/* Tells a client that was just let in why it has to go again. */
void host_refuse(gamesim_host *host, uint32_t slot, enum wire_leave reason);

#endif
