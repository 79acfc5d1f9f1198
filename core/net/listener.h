/*
 * listener.h - one listening socket of one loop. All loops (and a successor process) bind the same
 * address with SO_REUSEPORT, and the kernel divides the connections among them.
 */
#ifndef HEARTH_NET_LISTENER_H
#define HEARTH_NET_LISTENER_H

#include "net/address.h"
#include "net/loop.h"

typedef struct hearth_listener {
    uv_tcp_t tcp; /* first: uv casts */
    hearth_loop *loop;
    hearth_address address; /* as bound: the kernel's port when 0 was asked */
    void (*on_connection)(struct hearth_listener *listener);
    void *owner;
    bool open;
    bool accepting;
} hearth_listener;

/*
 * [main or loop, before the loop runs or on its thread] Binds and listens, but accepts nothing yet:
 * connections wait in the kernel's backlog. For port 0 pass the first listener's address to
 * the others. `on_connection` runs per waiting connection and calls uv_accept on &tcp.
 */
HEARTH_MUST_CHECK hearth_status listener_open(hearth_listener *listener, hearth_loop *loop,
                                              const hearth_address *address, int backlog,
                                              void (*on_connection)(hearth_listener *), void *owner,
                                              hearth_error *error);
/* [loop] */
HEARTH_MUST_CHECK hearth_status listener_accept(hearth_listener *listener, hearth_error *error);
/*
 * [loop] Takes what waits in the backlog, then closes. `done` (may be NULL) runs when the
 * listener's memory may go. To be called on one that is open, once.
 */
void listener_close(hearth_listener *listener, void (*done)(hearth_listener *listener));

#endif
