/*
 * signing.h - our own keys: one document in storage, made on first start, rotated on time, and read
 * again and again so that all instances hold the same. Loop 0 does it and tells the other loops.
 * A new key is published before it signs, so that nobody meets a token of a key he has not seen.
 */
#ifndef AUTH_SIGNING_H
#define AUTH_SIGNING_H

#include "auth.h"

/* Starts on loop 0; the keys arrive later. NULL: out of memory. */
struct signing *signing_create(hearth_ctx *ctx);
void signing_destroy(struct signing *signing);
/* Stops reading; part of drain. */
void signing_stop(struct signing *signing);
/* Whether keys were read. */
int signing_loaded(const struct signing *signing);

struct signing_request {
    const char *subject, *session, *scope; /* borrowed until done; session may be NULL */
    int64_t ttl_s;
    /* token is a secret, borrowed until done returns; NULL unless status is OK. EUNAVAILABLE: no
     * key could be read, or the key's life could not be lengthened in storage. */
    void (*done)(hearth_ctx *ctx, hearth_status status, hearth_str token, int64_t expires,
                 struct signing_request *request);
    /* the rest is signing.c's */
    uint32_t loop;
    int64_t expires;
    int asked;
    hearth_status outcome;
    struct signing_request *next;
};

/* Signs a token; done may run at once. The request is the caller's and lives until done. [loop] */
void signing_sign(hearth_ctx *ctx, struct signing_request *request);

#endif
