/*
 * server.h - HTTP/1.1 on the loops: options and routes for all of them, and one worker per loop
 * that holds the listeners and connections. What a request means is the application's.
 */
#ifndef HEARTH_HTTP_SERVER_H
#define HEARTH_HTTP_SERVER_H

#include "http/request.h"
#include "http/router.h"
#include "net/listener.h"
#include "net/tls.h"

typedef enum http_proxy_header {
    HTTP_PROXY_NONE = 0,
    HTTP_PROXY_X_FORWARDED_FOR = 1,
    HTTP_PROXY_FORWARDED = 2 /* RFC 7239 */
} http_proxy_header;

/* Immutable while a worker uses it; worker_configure swaps in another. Limits are inclusive. */
typedef struct http_options {
    size_t max_target;       /* 8k: 414 */
    size_t max_header_block; /* 16k of header lines with their ends: 431 */
    size_t max_body;         /* 64k: 413; routes may say otherwise */
    size_t max_arena;        /* memory of one request, beside its body */
    uint64_t header_timeout_ms;
    uint64_t body_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t write_timeout_ms; /* for one reply, plus a second for each 64k of it */
    uint64_t slow_request_ms;  /* logged from here on; 0: never */
    uint32_t max_connections;  /* per loop */
    uint32_t max_in_flight;    /* requests per loop */

    const hearth_network *trusted_proxies;
    size_t trusted_proxy_count;
    http_proxy_header proxy_header; /* which one the proxies write; only that is looked at */

    /* CORS; no origins: off */
    const hearth_str *cors_origins; /* "https://game.example", or one "*" */
    size_t cors_origin_count;
    hearth_str cors_methods; /* "GET, POST"; empty: those of the path */
    hearth_str cors_headers; /* "Authorization, Content-Type, …" */
    hearth_str cors_expose;  /* "ETag, X-Request-Id, …" */
    uint64_t cors_max_age_s;
} http_options;

/* The values that the documentation names. */
extern const http_options http_default_options;

/* Whoever answers requests. All functions but head, gone, reply and log are required. */
typedef struct http_application {
    /*
     * Routed, limits judged, body not read: the place to refuse without reading it (401).
     * HEARTH_OK: go on, or end when a reply was recorded; HEARTH_DEFERRED: request_continue() goes
     * on, on this loop. A negative status is a 500. [the connection's loop]
     */
    hearth_status (*head)(hearth_req *req);
    /* Complete; ends with request_finish(), now or later. [the connection's loop] */
    void (*request)(hearth_req *req);
    /* The connection broke, or the worker stops: nobody waits for the reply. req->gone is set;
     * request_finish is still due. Not called once a reply was sent. A client that only closed its
     * sending half still waits, and cannot be told from one that left politely. [the request's
     * loop] */
    void (*gone)(hearth_req *req);
    /* Before the head of any reply is written, errors of the server's own included; may set
     * headers. [the request's loop] */
    void (*reply)(hearth_req *req);
    /* The reply was written, or nobody took it; read only. [the connection's loop] */
    void (*log)(hearth_req *req);
} http_application;

/* Counters of one worker, written by its loop only. */
typedef struct http_counters {
    uint64_t connections, connections_total, connections_refused;
    uint64_t in_flight, requests_total, overloaded, malformed, timeouts;
    uint64_t bytes_in, bytes_out;
} http_counters;

typedef struct http_worker http_worker;

/* [main, before the loop runs, or loop] `application`, `router` and `options` are borrowed until
 * worker_destroy. worker_of(loop) gives it back. NULL: out of memory. */
http_worker *worker_create(hearth_loop *loop, const http_application *application,
                           const http_router *router, const http_options *options);
/* [loop] For new connections and requests. The old options may go after the requests in flight. */
void worker_configure(http_worker *worker, const http_options *options);

/* [main before the loop runs, or loop] One more listening address; does not accept yet. `tls` may
 * be NULL, and is borrowed. `bound` (may be NULL) receives the address with its port. */
HEARTH_MUST_CHECK hearth_status worker_listen(http_worker *worker, const hearth_address *address,
                                              hearth_tls *tls, hearth_address *bound,
                                              hearth_error *error);
/* [main before the loop runs] The same with a socket that listens already; `fd` is taken, also on
 * failure. */
HEARTH_MUST_CHECK hearth_status worker_adopt(http_worker *worker, int fd, hearth_tls *tls,
                                             hearth_error *error);
/* [any, while no listener is opened or closed] The listening sockets, at most `max`; they stay the
 * worker's. Returns how many. */
size_t worker_sockets(const http_worker *worker, int *fds, size_t max);
/* [loop, or main before it runs] Accepts on all listening addresses. */
HEARTH_MUST_CHECK hearth_status worker_accept(http_worker *worker, hearth_error *error);

/*
 * [loop] Closes the listeners (what waits in their backlog is still served), idle connections, and
 * others after their reply (Connection: close). `done` runs on the loop when no connection and no
 * request is left.
 */
void worker_drain(http_worker *worker, void (*done)(http_worker *worker, void *arg), void *arg);
/* [loop] Ends what drain still waits for: connections break, requests are told `gone`. */
void worker_abort(http_worker *worker);
/* [loop or main after it] After drain's done. */
void worker_destroy(http_worker *worker);

hearth_loop *worker_loop(const http_worker *worker);
const http_counters *worker_counters(const http_worker *worker);
void worker_set_owner(http_worker *worker, void *owner);
void *worker_owner(const http_worker *worker);
/* The worker whose connection brought the request. [any] */
http_worker *request_worker(const hearth_req *req);

#endif
