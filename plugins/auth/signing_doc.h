/*
 * signing_doc.h - our keys as a document in storage, and the rules of their lives: pure.
 */
#ifndef AUTH_SIGNING_DOC_H
#define AUTH_SIGNING_DOC_H

#include "auth.h"
#include "keyring.h"

struct key_times {
    int64_t rotation_ms; /* how long a key signs */
    int64_t notice_ms;   /* how long before that it is published */
    int64_t token_ms;    /* the life of an access token, with room */
};

/* The ring of a document's body; NULL: it is not one, or out of memory. [loop] */
struct keyring *signing_doc_decode(hearth_ctx *ctx, hearth_arena *arena, hearth_str body);
/* {NULL, 0}: out of memory. [loop] */
hearth_str signing_doc_encode(hearth_ctx *ctx, hearth_arena *arena, const struct keyring *ring);

/* The ring as it should be now: a key if there is none, a successor when the newest is due, none
 * whose tokens have all ended, and a signer that outlives until_ms (0: any). Equal to `ring` when
 * nothing is due. NULL: out of memory. [loop] */
struct keyring *signing_doc_next(hearth_ctx *ctx, const struct keyring *ring,
                                 const struct key_times *times, int64_t now_ms, int64_t until_ms);

#endif
