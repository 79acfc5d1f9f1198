/*
 * router.c - a tree of path segments. A few literal children per node are searched in a row, which
 * for the sizes of a game's API beats hashing.
 */
#include "http/router.h"

#include <stdlib.h>

typedef struct node {
    hearth_str segment;
    struct node *children, *next;
    struct node *parameter; /* "{name}": any segment */
    const http_route *routes[HTTP_OTHER_METHOD];
    uint32_t allow; /* 0: no path ends here */
} node;

typedef struct route_link {
    http_route route;
    struct route_link *next;
} route_link;

struct http_router {
    hearth_arena arena;
    node root;
    http_path base;
    hearth_str base_text;
    route_link *first, **last;
};

#define ROUTER_MEMORY ((size_t)16 << 20)

http_router *router_create(hearth_str base_path, hearth_error *error)
{
    const char *reason = NULL;
    http_router *router = calloc(1, sizeof(*router));
    if (!router) {
        error_set(error, HEARTH_ENOMEM, "routes: out of memory");
        return NULL;
    }
    arena_init(&router->arena, NULL, ROUTER_MEMORY);
    router->last = &router->first;
    hearth_str copy = arena_dup_str(&router->arena, base_path);
    if (base_path.len == 0 || str_eq(base_path, HEARTH_STR("/")))
        return router;
    if (path_split(&router->arena, copy, &router->base, &reason) == HEARTH_OK &&
        router->base.count < ROUTER_MAX_SEGMENTS / 2) {
        router->base_text = copy;
        return router;
    }
    error_set(error, HEARTH_EINVAL, "base_path: expected a path like /api, found \"%.*s\"",
              HEARTH_ARG(base_path));
    router_destroy(router);
    return NULL;
}

hearth_str router_base(const http_router *router)
{
    return router->base_text;
}

void router_destroy(http_router *router)
{
    if (!router)
        return;
    arena_finish(&router->arena);
    free(router);
}

static node *child_of(http_router *router, node *parent, hearth_str segment, bool parameter)
{
    node *child;
    if (parameter) {
        if (!parent->parameter)
            parent->parameter = arena_calloc(&router->arena, 1, sizeof(node));
        return parent->parameter;
    }
    for (child = parent->children; child; child = child->next)
        if (str_eq(child->segment, segment))
            return child;
    child = arena_calloc(&router->arena, 1, sizeof(node));
    if (child) {
        child->segment = segment;
        child->next = parent->children;
        parent->children = child;
    }
    return child;
}

static bool is_name(hearth_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9' && i > 0))
            return false;
    }
    return text.len > 0;
}

static hearth_status bad_pattern(const http_route *route, hearth_error *error, const char *why)
{
    return error_set(error, HEARTH_EINVAL, "%s: route %s \"%s\": %s", route->plugin,
                     method_name(route->method).ptr, route->pattern, why);
}

/* One segment of the pattern: a literal, or "{name}", whose name is noted in the route. */
static hearth_status add_segment(http_router *router, http_route *route, hearth_str segment,
                                 node **at, hearth_error *error)
{
    bool parameter = segment.len > 2 && segment.ptr[0] == '{';
    if (parameter) {
        hearth_str name = str_slice(segment, 1, segment.len - 2);
        if (segment.ptr[segment.len - 1] != '}' || !is_name(name))
            return bad_pattern(route, error, "a parameter must be a whole segment, as {name}");
        for (uint32_t i = 0; i < route->param_count; i++)
            if (str_eq(route->params[i], name))
                return bad_pattern(route, error, "two parameters have the same name");
        if (route->param_count == ROUTER_MAX_PARAMS)
            return bad_pattern(route, error, "there are more than 8 parameters");
        route->params[route->param_count++] = name;
    } else if (str_index(segment, '{') < segment.len || str_index(segment, '}') < segment.len) {
        return bad_pattern(route, error, "a parameter must be a whole segment, as {name}");
    }
    *at = child_of(router, *at, segment, parameter);
    return *at ? HEARTH_OK : error_set(error, HEARTH_ENOMEM, "routes: out of memory");
}

static hearth_status put_route(node *at, const http_route *route, hearth_error *error)
{
    const http_route *other = at->routes[route->method];
    if (other)
        return error_set(error, HEARTH_ECONFLICT,
                         "route %s \"%s\" of %s is the same as \"%s\" of %s",
                         method_name(route->method).ptr, route->pattern, route->plugin,
                         other->pattern, other->plugin);
    at->routes[route->method] = route;
    at->allow |= 1u << route->method | 1u << HTTP_OPTIONS_METHOD;
    if (route->method == HTTP_GET_METHOD)
        at->allow |= 1u << HTTP_HEAD_METHOD;
    return HEARTH_OK;
}

hearth_status router_add(http_router *router, const http_route *route, hearth_error *error)
{
    http_path path;
    const char *reason = NULL;
    if (route->method >= HTTP_OTHER_METHOD)
        return error_set(error, HEARTH_EINVAL, "%s: route \"%s\": unknown method", route->plugin,
                         route->pattern);
    route_link *link = arena_alloc(&router->arena, sizeof(*link));
    if (!link)
        return error_set(error, HEARTH_ENOMEM, "routes: out of memory");
    link->route = *route;
    link->route.param_count = 0;
    link->next = NULL;
    hearth_status status = path_split(&router->arena, str_from(route->pattern), &path, &reason);
    if (status < 0)
        return bad_pattern(route, error, reason ? reason : "out of memory");
    if (path.count + router->base.count > ROUTER_MAX_SEGMENTS)
        return bad_pattern(route, error, "there are more than 32 segments");
    node *at = &router->root;
    for (uint32_t i = 0; i < router->base.count && at; i++)
        at = child_of(router, at, router->base.segments[i], false);
    if (!at)
        return error_set(error, HEARTH_ENOMEM, "routes: out of memory");
    for (uint32_t i = 0; i < path.count; i++)
        if ((status = add_segment(router, &link->route, path.segments[i], &at, error)) < 0)
            return status;
    status = put_route(at, &link->route, error);
    if (status < 0)
        return status;
    *router->last = link;
    router->last = &link->next;
    return HEARTH_OK;
}

/* What answers the method where a path ends; a GET route answers HEAD. */
static const http_route *route_at(const node *at, http_method method)
{
    if (method >= HTTP_OTHER_METHOD)
        return NULL;
    if (!at->routes[method] && method == HTTP_HEAD_METHOD)
        return at->routes[HTTP_GET_METHOD];
    return at->routes[method];
}

/*
 * Depth first, literals before the parameter; `depth` parameters are bound so far. A path that ends
 * without the method is not the end of the search: POST /equipment/armor stands beside
 * DELETE /equipment/{slot}.
 */
static const http_route *find(const node *at, http_method method, const http_path *path,
                              uint32_t index, uint32_t depth, http_match *out)
{
    if (index == path->count) {
        out->allow |= at->allow;
        return route_at(at, method);
    }
    hearth_str segment = path->segments[index];
    for (const node *child = at->children; child; child = child->next) {
        if (!str_eq(child->segment, segment))
            continue;
        const http_route *found = find(child, method, path, index + 1, depth, out);
        if (found)
            return found;
        break;
    }
    if (!at->parameter || depth == ROUTER_MAX_PARAMS)
        return NULL;
    const http_route *found = find(at->parameter, method, path, index + 1, depth + 1, out);
    if (found)
        out->params[depth] = segment;
    return found;
}

hearth_status router_match(const http_router *router, http_method method, const http_path *path,
                           http_match *out)
{
    out->route = NULL;
    out->allow = 0;
    out->base = router->base.count;
    if (path->count > ROUTER_MAX_SEGMENTS)
        return HEARTH_ENOTFOUND;
    out->route = find(&router->root, method, path, 0, 0, out);
    if (out->route)
        return HEARTH_OK;
    return out->allow ? HEARTH_ECONFLICT : HEARTH_ENOTFOUND;
}

void router_each(const http_router *router, void (*fn)(void *arg, const http_route *route),
                 void *arg)
{
    for (const route_link *link = router->first; link; link = link->next)
        fn(arg, &link->route);
}
