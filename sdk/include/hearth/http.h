/*
 * http.h - hearth.http/1: reading a request, answering it, and taking it over for later.
 *
 * A request lives on the loop on which its handler runs. Its arena, and every string that these
 * functions return, stay valid until the reply was made; of a deferred request until the function
 * given to complete() has returned, also when the client has long gone.
 */
#ifndef HEARTH_HTTP_H
#define HEARTH_HTTP_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_HTTP_ID "hearth.http/1"

typedef struct hearth_async hearth_async; /* a request that was taken over */

/* Who the request speaks for. Strings are copied by identify(). */
typedef struct hearth_identity {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_str user;    /* the user's id; decides the home loop */
    hearth_str session; /* the session's id, or empty */
    hearth_str scope;   /* scopes separated by spaces (RFC 6749, section 3.3) */
    int64_t expires;    /* unix seconds */
} hearth_identity;

typedef struct hearth_http {
    uint32_t struct_size;

    /* ---- the request [loop]. A missing value is {NULL, 0}; an empty one has a pointer. ---- */
    hearth_arena *(*arena)(hearth_req *req);
    hearth_str (*method)(hearth_req *req);
    hearth_str (*path)(hearth_req *req);                     /* decoded, without base_path */
    hearth_str (*param)(hearth_req *req, const char *name);  /* "{id}" of the route, decoded */
    hearth_str (*query)(hearth_req *req, const char *name);  /* first value, decoded */
    hearth_str (*header)(hearth_req *req, const char *name); /* without regard to case; repeated
                                                                fields joined by ", " (RFC 9110) */
    hearth_str (*body)(hearth_req *req);                     /* whole, after any chunking */
    hearth_str (*request_id)(hearth_req *req);
    hearth_str (*peer)(hearth_req *req); /* the client's address without port, from proxy headers
                                            only where the configuration trusts them */
    const hearth_identity *(*identity)(hearth_req *req); /* NULL before or without IDENTIFY */

    /* Names the caller of this request; only in phase IDENTIFY. Copies. EINVAL: in another phase,
     * without user or struct_size. ENOMEM. [loop] */
    hearth_status (*identify)(hearth_req *req, const hearth_identity *who) HEARTH_MUST_CHECK;

    /* ---- the reply [loop]. Everything is copied before these return. One reply per request; a
     * second is refused with HEARTH_ECONFLICT and logged. ---- */

    /* Adds a header; before the reply, or in phase REPLY, else ECONFLICT. EINVAL: not a field name
     * or value (RFC 9110, 5.5), or one of those that the host writes (Connection, Content-Length,
     * Date, Transfer-Encoding, X-Request-Id). ENOMEM: out of memory, or more than 64 KiB of
     * headers. */
    hearth_status (*set_header)(hearth_req *req, const char *name, hearth_str value);
    /* Answers. An empty content_type sends none (204, 304). EINVAL: a status outside 200 .. 599, or
     * a content type that is no field value of at most 1 KiB. ENOMEM: past the request's memory;
     * there is no reply yet. */
    hearth_status (*reply)(hearth_req *req, int status, hearth_str content_type, hearth_str body);
    /* Answers with the one error shape {"error","code","requestId"}; 401 adds WWW-Authenticate,
     * 429 and 503 Retry-After unless it is set. */
    hearth_status (*error)(hearth_req *req, int status, const char *code, const char *fmt, ...)
        HEARTH_PRINTF(4, 5);
    /* The same with further members, given as JSON without braces: "\"character\":{...}". */
    hearth_status (*error_with)(hearth_req *req, int status, const char *code, hearth_str members,
                                const char *fmt, ...) HEARTH_PRINTF(5, 6);

    /* ---- later ---- */

    /*
     * Takes the request over; the handler then returns HEARTH_DEFERRED. The handle is independent
     * of the connection: it is valid until complete(). on_cancel (may be NULL) is a notice, at most
     * once, that nobody waits any more (client gone, deadline passed and 504 sent, shutdown):
     * complete() must be called all the same. NULL when out of memory, and for a request that was
     * replied to or taken over already, and in phases REPLY and LOG. [loop]
     */
    hearth_async *(*defer)(hearth_req *req, void (*on_cancel)(hearth_ctx *ctx, void *arg),
                           void *arg);
    /*
     * Exactly once per defer. fn runs on the loop that owns the request, before complete() returns
     * when called there; req is NULL if nobody waits any more, and arg is freed there. fn replies
     * (a handler) or just returns (a hook that lets the request go on). A second complete() aborts
     * a debug host, and is counted and logged by a release host. [any]
     */
    void (*complete)(hearth_async *async, void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg),
                     void *arg);

    /* ---- for hooks of phase LOG [loop] ---- */
    int (*status)(hearth_req *req);           /* of the reply, 0 before it */
    uint64_t (*duration_ns)(hearth_req *req); /* since the head was complete */
    hearth_str (*route)(hearth_req *req);     /* "/characters/{id}", empty when none matched */

    /* ---- appended ---- */

    /* What stands in front of every path on this host: "/game", or empty. For Location. [loop] */
    hearth_str (*base_path)(hearth_req *req);
} hearth_http;

static inline const hearth_http *hearth_http_get(hearth_ctx *ctx)
{
    return (const hearth_http *)ctx->host->get(ctx, HEARTH_HTTP_ID, sizeof(hearth_http));
}

#ifdef __cplusplus
}
#endif
#endif
