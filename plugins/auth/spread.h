/*
 * spread.h - what one loop has learned, told to all: key rings, and sessions that have ended. What
 * a loop receives was allocated before, so that no loop can fail to learn what another knows.
 */
#ifndef AUTH_SPREAD_H
#define AUTH_SPREAD_H

#include "auth.h"
#include "keyring.h"

enum ring { RING_SIGNING, RING_PROVIDER };

struct ended_session {
    char session[257]; /* SID_MAX and NUL */
    int64_t until_ms;
};

/* Gives every loop a copy of the ring, then runs done on this one. ENOMEM: nothing happens. [loop]
 */
hearth_status spread_keys(hearth_ctx *ctx, enum ring which, const struct keyring *ring,
                          hearth_loop_fn done, void *arg) HEARTH_MUST_CHECK;

/* Ends these sessions on every loop, then runs done on this one with ENOMEM if a loop had no memory
 * to note them. The array is copied. ENOMEM: nothing happens. [loop] */
hearth_status spread_ended(hearth_ctx *ctx, const struct ended_session *sessions, size_t count,
                           void (*done)(hearth_ctx *ctx, hearth_status status, void *arg),
                           void *arg) HEARTH_MUST_CHECK;

/* Tells every loop that keys and revocations were read: tokens can be judged. [loop] */
hearth_status spread_ready(hearth_ctx *ctx) HEARTH_MUST_CHECK;

#endif
