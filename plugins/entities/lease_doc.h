/*
 * lease_doc.h - the document in storage that says who may write: one data directory, which holds
 * it, or all those in mode shared, any of whom keeps it alive. It is one for both, so that one
 * conditional write decides between them. `hearth storage copy` reads it as well.
 */
#ifndef ENTITIES_LEASE_DOC_H
#define ENTITIES_LEASE_DOC_H

#include "plugin.h"

#define LEASE_DOC_ARENA 16384

struct lease_doc {
    bool shared;   /* of mode shared */
    bool ours;     /* this data directory wrote it */
    bool released; /* given back: it may be taken at once */
    uint64_t duration_ms;
    char holder[300]; /* who wrote it */
};

extern const hearth_key lease_key;

/* What cannot be read is somebody else's, not released, and lasts `duration_ms`. */
void lease_doc_read(hearth_ctx *ctx, const hearth_doc *doc, uint64_t duration_ms,
                    struct lease_doc *out);
/* A body in the name of this process; a NULL one when memory is out. */
hearth_str lease_doc_body(hearth_ctx *ctx, hearth_arena *arena, uint64_t duration_ms,
                          bool released);

#endif
