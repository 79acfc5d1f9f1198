/*
 * copy.h - everything of one store into another, and the proof that it is there.
 */
#ifndef HEARTH_TOOL_COPY_H
#define HEARTH_TOOL_COPY_H

#include "store.h"

typedef struct copy {
    store from, to;
    char directory[64]; /* the id of our data directory, whose own leases do not count */
    bool overwrite;
    uint64_t leases; /* lease_versions of `from` before the copy */
    uint64_t seen, copied, there, replaced, refused, verified;
    hearth_error error;
} copy;

/* Blocking, on a thread of its own. Any number of times: what is there already is left alone.
 * False, after sentences on standard error: a hearthd runs on one of them or began to, something is
 * not there, or differs. */
bool copy_run(copy *c);

#endif
