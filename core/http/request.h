/*
 * request.h - one request and its reply, apart from the connection that brought it: `hearth_req` of
 * the SDK. It has one owner loop at a time, may be handed to another loop and back, and may outlive
 * its connection.
 *
 * LIFE. The connection makes it, judges syntax, limits and route, and calls the application
 * (http/server.h). From application.request on it is the application's, on whichever loop it moved
 * it to, until request_finish(). That sends the reply if none was sent, goes back to the
 * connection's loop, runs application.log there, and frees it with its arena.
 *
 * Everything here is [loop]: the loop on which the request is now.
 */
#ifndef HEARTH_HTTP_REQUEST_H
#define HEARTH_HTTP_REQUEST_H

#include <hearth/trace.h>

#include "base/arena.h"
#include "http/header.h"
#include "http/router.h"
#include "net/address.h"
#include "net/loop.h"

#define REQUEST_ID_MAX 128

/* A field of the reply. */
typedef struct http_reply_header {
    struct http_reply_header *next;
    hearth_str name, value;
} http_reply_header;

typedef struct http_reply {
    int status; /* 0: none yet */
    bool sent;  /* handed to the connection, or dropped because the client is gone */
    hearth_str content_type;
    hearth_str body;
    http_reply_header *headers, *last;
    size_t header_bytes; /* what the headers take on the wire */
} http_reply;

struct hearth_req {
    hearth_arena arena;
    hearth_loop *loop; /* where it is now */

    /* what the client sent; strings live in the arena */
    http_method method;
    hearth_str method_text;
    hearth_str target; /* as sent */
    hearth_str raw_path, raw_query;
    http_path path;
    http_headers headers;
    hearth_str body;
    bool is_http10;

    /* what the server found out */
    const http_route *route; /* NULL: none matched */
    hearth_str params[ROUTER_MAX_PARAMS];
    uint32_t base_segments; /* of path, that are the base path's */
    hearth_str request_id;
    hearth_trace_context trace; /* this request's own span */
    uint8_t parent_span[8];     /* zeros: none */
    hearth_ip peer;             /* the client's, by trusted proxy headers where configured */
    uint64_t start_ns;          /* when the head was complete, monotonic */
    uint64_t end_ns;            /* when the reply was sent; 0 before */

    http_reply reply;
    bool gone; /* the client is gone; written on this loop, before application.gone */

    void *host; /* the application's own part of a request */

    struct http_exchange *exchange; /* the connection-facing part; only http/ looks in */
};

/* ---- reading ---- */

/* Decoded, without the base path: "/characters/…". */
hearth_str request_path(hearth_req *req);
/* Of "{name}" in the route; {NULL, 0}: none. */
hearth_str request_param(const hearth_req *req, hearth_str name);
/* The first value of a key of the query, decoded ("+" is a space); {NULL, 0}: none. */
hearth_str request_query(hearth_req *req, hearth_str name);
/* Without regard to case, repeated fields joined by ", "; {NULL, 0}: none. */
hearth_str request_header(hearth_req *req, hearth_str name);
/* The client's address as text, in the arena. */
hearth_str request_peer(hearth_req *req);
/* "/characters/{id}", "" when none matched. */
hearth_str request_route(const hearth_req *req);
/* Since the head was complete, until the reply was sent (or now). */
uint64_t request_duration_ns(const hearth_req *req);

/* ---- replying. Everything is copied. ---- */

/* EINVAL: not a field name or value, or one that the server writes itself (Content-Length, Date,
 * Connection, Transfer-Encoding, X-Request-Id); ECONFLICT: the reply was sent; ENOMEM. */
HEARTH_MUST_CHECK hearth_status request_set_header(hearth_req *req, hearth_str name,
                                                   hearth_str value);
/* Whether set_header has set it. */
bool request_has_header(const hearth_req *req, hearth_str name);

/* Records the reply; request_send or request_finish sends it. EINVAL: not a status of 200..599 or a
 * bad content type; ECONFLICT: there is one already; ENOMEM. An empty content_type sends none. */
HEARTH_MUST_CHECK hearth_status request_reply(hearth_req *req, int status, hearth_str content_type,
                                              hearth_str body);

/*
 * Records the one error shape {"error","code","requestId"[,members]}. `members` is JSON without
 * braces, or empty. 401 adds WWW-Authenticate: Bearer, 429 and 503 Retry-After: 1, unless set. At
 * the arena's ceiling it becomes a 500 without a body: it never fails but with ECONFLICT.
 */
hearth_status request_error(hearth_req *req, int status, const char *code, hearth_str members,
                            const char *fmt, ...) HEARTH_PRINTF(5, 6);
hearth_status request_verror(hearth_req *req, int status, const char *code, hearth_str members,
                             const char *fmt, va_list args) HEARTH_PRINTF(5, 0);
/* Forgets a recorded reply and its headers that was not sent yet. */
void request_unreply(hearth_req *req);

/* Sends the recorded reply now and keeps the request: for a deadline that passed (504) while
 * somebody still works with the request's memory. Harmless when sent. */
void request_send(hearth_req *req);

/* Sends what was not sent (a 500 when no reply was recorded) and gives the request up: it may not
 * be touched afterwards. */
void request_finish(hearth_req *req);

/* ---- moving ---- */

/*
 * Hands the request over to another loop: fn(req) runs there, and this loop may not touch it any
 * more. Also to the loop it is on: fn then runs later. HEARTH_ECANCELED: that loop has stopped, the
 * request is still here.
 */
HEARTH_MUST_CHECK hearth_status request_move(hearth_req *req, hearth_loop *to,
                                             void (*fn)(hearth_req *req));

/* Goes on after application.head had answered HEARTH_DEFERRED, on the connection's loop: reads the
 * body, or, when a reply was recorded, sends it and ends. */
void request_continue(hearth_req *req);

#endif
