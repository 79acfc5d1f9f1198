/*
 * revocations.h - the sessions that ended, as storage knows them: read whole at start, then what
 * other instances add, every revocation_interval. Loop 0 reads and tells the other loops.
 * A revocation lies in the partition of the minute in which it was written, so that reading the
 * news is reading a few small partitions, and expires with the session's last token.
 */
#ifndef AUTH_REVOCATIONS_H
#define AUTH_REVOCATIONS_H

#include "auth.h"
#include "store.h"

/* Starts on loop 0. NULL: out of memory. */
struct revocations *revocations_create(hearth_ctx *ctx);
void revocations_destroy(struct revocations *revocations);
void revocations_stop(struct revocations *revocations);
int revocations_loaded(const struct revocations *revocations);

/* Writes that a session has ended; done as of store_write. [loop] */
hearth_status revocations_write(hearth_ctx *ctx, hearth_str user, hearth_str session,
                                int64_t until_ms, store_fn done, void *arg) HEARTH_MUST_CHECK;

#endif
