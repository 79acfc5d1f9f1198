/*
 * listener.h - one listening socket of one loop. All loops (and a successor process) bind the same
 * address with SO_REUSEPORT, and the kernel divides the connections among them.
 */
#ifndef HEARTH_NET_LISTENER_H
#define HEARTH_NET_LISTENER_H

#include "net/address.h"
#include "net/loop.h"

typedef struct hearth_listener {
    hearth_loop *loop;
    int fd; /* -1: closed */
    bool accepting;
    hearth_address address; /* as bound: the kernel's port when 0 was asked */
    /* A connection came: the callee owns fd (non-blocking, close-on-exec). */
    void (*on_connection)(struct hearth_listener *listener, int fd, const hearth_address *peer);
    void (*on_closed)(struct hearth_listener *listener);
    void *owner;
    uv_poll_t poll;
    hearth_wheel_timer retry;
} hearth_listener;

/*
 * [any] Whether nobody listens there yet. listener_open shares its address (SO_REUSEPORT), also
 * with another process of the same user that knows nothing of it: each would get some of the
 * clients.
 */
HEARTH_MUST_CHECK hearth_status listener_check_free(const hearth_address *address,
                                                    hearth_error *error);
/*
 * [main or loop] Binds and listens, but accepts nothing yet: connections wait in the kernel's
 * backlog. For port 0 pass the first listener's address to the others. Nothing is open on failure.
 */
HEARTH_MUST_CHECK hearth_status listener_open(
    hearth_listener *listener, hearth_loop *loop, const hearth_address *address, int backlog,
    void (*on_connection)(hearth_listener *listener, int fd, const hearth_address *peer),
    void *owner, hearth_error *error);
/* [main or loop] The same with a socket that listens already, as a predecessor gave it; `fd` is
 * taken, also on failure. */
HEARTH_MUST_CHECK hearth_status listener_adopt(hearth_listener *listener, hearth_loop *loop, int fd,
                                               void (*on_connection)(hearth_listener *, int,
                                                                     const hearth_address *),
                                               void *owner, hearth_error *error);
/* [loop, or main before it runs] Accepts from now on. Out of descriptors it pauses and tries again.
 */
HEARTH_MUST_CHECK hearth_status listener_accept(hearth_listener *listener, hearth_error *error);
/*
 * [loop, or main when it does not run] Takes what waits in the backlog if it was accepting, then
 * closes; `done` (may be NULL) runs, perhaps at once, when the listener's memory may go.
 */
void listener_close(hearth_listener *listener, void (*done)(hearth_listener *listener));

#endif
