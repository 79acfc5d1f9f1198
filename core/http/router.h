/*
 * router.h - from method and path to a route. Built once, then read by every loop.
 * Paths are compared segment by segment, after decoding; of the routes that have the method, one
 * with a literal segment is preferred to one with a parameter there.
 */
#ifndef HEARTH_HTTP_ROUTER_H
#define HEARTH_HTTP_ROUTER_H

#include "base/arena.h"
#include "base/error.h"
#include "http/method.h"

#define ROUTER_MAX_SEGMENTS 32
#define ROUTER_MAX_PARAMS   8

typedef struct http_route {
    http_method method;
    const char *pattern;                  /* "/characters/{id}/rest", as long as the router */
    const char *plugin;                   /* id, for messages, log lines and the watchdog */
    uint32_t max_body;                    /* bytes, inclusive; 0: the server's limit */
    uint32_t timeout_ms;                  /* kept for the host */
    const void *data;                     /* the host's */
    hearth_str params[ROUTER_MAX_PARAMS]; /* names, filled in by router_add */
    uint32_t param_count;
} http_route;

typedef struct http_router http_router;

/* [main] `base_path` ("" or "/api") stands in front of every route. NULL: error says why. */
http_router *router_create(hearth_str base_path, hearth_error *error);
/* [any] What it stands as, "" for none. */
hearth_str router_base(const http_router *router);
void router_destroy(http_router *router);

/* [main] Copies the route; its strings and data are borrowed. EINVAL: a bad pattern; ECONFLICT: the
 * same method and shape of path is another's, and the text names both. */
HEARTH_MUST_CHECK hearth_status router_add(http_router *router, const http_route *route,
                                           hearth_error *error);

/* A path, decoded: slices of the target, or of the arena where something was escaped. */
typedef struct http_path {
    hearth_str segments[ROUTER_MAX_SEGMENTS];
    uint32_t
        count; /* more than ROUTER_MAX_SEGMENTS: only the first are kept, and nothing matches */
} http_path;

/*
 * [any] Splits and decodes the path part of a target. EINVAL: dot or empty segment, %2F, NUL, a bad
 * escape, invalid UTF-8, a trailing slash, `reason` says which. ENOMEM: the arena is full.
 */
HEARTH_MUST_CHECK hearth_status path_split(hearth_arena *arena, hearth_str raw, http_path *out,
                                           const char **reason);

typedef struct http_match {
    const http_route *route;              /* NULL: none */
    uint32_t allow;                       /* bits of methods that the path has (1 << method) */
    uint32_t base;                        /* segments of base_path in front */
    hearth_str params[ROUTER_MAX_PARAMS]; /* values, as route->params */
} http_match;

/* [any] HEARTH_ENOTFOUND: no such path; ECONFLICT: not this method, `allow` says which ones. A GET
 * route answers HEAD. */
hearth_status router_match(const http_router *router, http_method method, const http_path *path,
                           http_match *out);

/* [any] Calls fn for every route in the order added: for documents. */
void router_each(const http_router *router, void (*fn)(void *arg, const http_route *route),
                 void *arg);

#endif
