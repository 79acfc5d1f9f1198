/*
 * orphans.h - when a claim whose entity is missing may be taken over: its create gives up after 20
 * seconds, so it is dead once the claim has been seen unfinished for a minute. Seen by the
 * monotonic clock of who wants it, for wall clocks jump and differ.
 */
#ifndef ENTITIES_ORPHANS_H
#define ENTITIES_ORPHANS_H

#include "plugin.h"

/* One claim of one entity. */
struct orphan {
    uint64_t claim;           /* a hash of both keys */
    bool of_an_earlier_start; /* of this directory: nobody is at work on it since we run */
};

/* The claim in `claim`, which names `owner`. */
struct orphan orphan_of(struct local *local, const hearth_doc *claim, const hearth_key *owner);
/* Whether it is free, now that its entity was found missing; begins to watch it if not. */
bool orphan_is_free(struct local *local, const struct orphan *orphan);

#endif
