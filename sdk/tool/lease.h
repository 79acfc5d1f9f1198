/*
 * lease.h - whether a hearthd of another data directory, perhaps on another machine, works on a
 * store: it says so in the store itself.
 */
#ifndef HEARTH_TOOL_LEASE_H
#define HEARTH_TOOL_LEASE_H

#include "store.h"

/*
 * HEARTH_OK: nobody does. Leases of `directory` (an id, may be empty) do not count: the caller has
 * its lock; but one of mode shared does, which others keep as well. A lease that nobody gave back
 * is watched for its whole time, and only then taken for a dead one's. ECONFLICT: somebody renewed
 * it. Blocking.
 */
HEARTH_MUST_CHECK hearth_status lease_check(store *s, const char *directory, hearth_error *error);

/* The sum of all leases' versions, which only grow: it stays the same while no hearthd begins. */
HEARTH_MUST_CHECK hearth_status lease_versions(store *s, uint64_t *sum, hearth_error *error);

#endif
