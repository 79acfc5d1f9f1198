/*
 * end.h - the end of a session: in storage first, then on every loop, then told to those who asked
 * for a user's last one.
 */
#ifndef AUTH_END_H
#define AUTH_END_H

#include "auth.h"

/* Ends it; done runs exactly once, later, when it has ended in storage and on every loop (OK), or
 * could not (EUNAVAILABLE). expires: unix seconds of its last known token, or 0. Copies. ENOMEM:
 * done does not run. [loop] */
hearth_status end_session(hearth_ctx *ctx, hearth_str user, hearth_str session, int64_t expires,
                          void (*done)(hearth_ctx *ctx, hearth_status status, void *arg),
                          void *arg) HEARTH_MUST_CHECK;

/* The listeners of this loop. NULL: out of memory. */
struct listeners *listeners_create(void);
void listeners_destroy(struct listeners *listeners);
hearth_status listeners_add(struct listeners *listeners, void (*fn)(hearth_str user, void *arg),
                            void *arg) HEARTH_MUST_CHECK;

#endif
