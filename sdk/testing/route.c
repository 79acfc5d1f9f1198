/*
 * route.c - the route tables and hooks of all plugins, and finding the route of a path. Segments
 * are split first and decoded once, as in the real host.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>

static bool same_shape(const char *a, const char *b)
{
    while (*a && *b) {
        if (*a == '{' && *b == '{') {
            a += strcspn(a, "}") + 1;
            b += strcspn(b, "}") + 1;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static bool add_route(hearth_test_host *host, fake_plugin *plugin, const hearth_route *row)
{
    for (size_t i = 0; i < host->route_count; i++)
        if (strcmp(host->routes[i].row.method, row->method) == 0 &&
            same_shape(host->routes[i].row.path, row->path)) {
            fake_fail(host, HEARTH_EINVAL, "%s and %s both have %s %s", plugin->id,
                      host->routes[i].plugin->id, row->method, row->path);
            return false;
        }
    host->routes = realloc(host->routes, (host->route_count + 1) * sizeof(*host->routes));
    if (!host->routes)
        fake_rule("the test host is out of memory");
    host->routes[host->route_count++] = (fake_route){plugin, *row};
    return true;
}

static bool runs_before(const fake_hook *a, const fake_hook *b)
{
    if (a->row.order != b->row.order)
        return a->row.order < b->row.order;
    return strcmp(a->plugin->id, b->plugin->id) < 0;
}

static void add_hook(hearth_test_host *host, fake_plugin *plugin, const hearth_hook *row)
{
    host->hooks = realloc(host->hooks, (host->hook_count + 1) * sizeof(*host->hooks));
    if (!host->hooks)
        fake_rule("the test host is out of memory");
    fake_hook hook = {plugin, *row};
    size_t at = host->hook_count++;
    for (; at > 0 && runs_before(&hook, &host->hooks[at - 1]); at--)
        host->hooks[at] = host->hooks[at - 1];
    host->hooks[at] = hook;
}

bool fake_routes_build(hearth_test_host *host)
{
    host->route_count = host->hook_count = 0;
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        const hearth_plugin_desc *desc = plugin->desc;
        for (size_t i = 0; desc && desc->routes; i++) {
            const char *row = (const char *)desc->routes + i * desc->route_size;
            const hearth_route *route = (const hearth_route *)(const void *)row;
            if (!route->method)
                break;
            if (!add_route(host, plugin, route))
                return false;
        }
        for (size_t i = 0; desc && desc->hooks; i++) {
            const char *row = (const char *)desc->hooks + i * desc->hook_size;
            const hearth_hook *hook = (const hearth_hook *)(const void *)row;
            if (hook->phase == HEARTH_PHASE_END)
                break;
            add_hook(host, plugin, hook);
        }
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool fake_decode(char *text, size_t *len, bool plus)
{
    size_t out = 0;
    for (size_t i = 0; i < *len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < *len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < *len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
            if (c == '\0' || (c == '/' && !plus))
                return false;
        } else if (plus && c == '+') {
            c = ' ';
        }
        text[out++] = c;
    }
    text[out] = '\0';
    *len = out;
    for (size_t i = 0; i < out;) {
        size_t step = fake_utf8_length(text + i, out - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

typedef struct segments {
    char *text;
    hearth_str part[32];
    size_t count;
} segments;

/* "/a/b" into parts; false: not a path that any route could have. */
static bool split(const char *path, segments *out, bool decode)
{
    out->text = fake_copy(path);
    out->count = 0;
    if (path[0] != '/')
        return false;
    char *at = out->text + 1;
    while (*at && out->count < 32) {
        size_t len = strcspn(at, "/");
        bool more = at[len] == '/';
        char *next = at + len + more;
        at[len] = '\0';
        if (decode && (!fake_decode(at, &len, false) || len == 0 || strcmp(at, ".") == 0 ||
                       strcmp(at, "..") == 0 || (more && *next == '\0')))
            return false;
        out->part[out->count++] = (hearth_str){at, len};
        at = next;
    }
    return *at == '\0';
}

static bool equal(hearth_str a, hearth_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* How well a route fits: 0 not at all, else more for each literal segment, earlier ones first. */
static unsigned long fits(const segments *pattern, const segments *path)
{
    if (pattern->count != path->count)
        return 0;
    unsigned long score = 1;
    for (size_t i = 0; i < path->count; i++) {
        bool param = pattern->part[i].ptr[0] == '{';
        if (!param && !equal(pattern->part[i], path->part[i]))
            return 0;
        score = score * 2 + !param;
    }
    return score;
}

static void take_params(hearth_req *req, const segments *pattern, const segments *path)
{
    for (size_t i = 0; i < path->count && req->param_count < FAKE_MAX_PARAMS; i++) {
        hearth_str part = pattern->part[i];
        if (part.ptr[0] != '{')
            continue;
        req->param_names[req->param_count] =
            fake_copy_str((hearth_str){part.ptr + 1, part.len - 2});
        req->params[req->param_count++] =
            (hearth_str){fake_copy_str(path->part[i]), path->part[i].len};
    }
}

static bool method_fits(const char *route, const char *method)
{
    return strcmp(route, method) == 0 || (strcmp(route, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void allow_method(char allow[128], const char *method)
{
    if (strstr(allow, method) || strlen(allow) + strlen(method) + 10 > 128)
        return;
    if (*allow)
        strcat(allow, ", ");
    strcat(allow, method);
    if (strcmp(method, "GET") == 0)
        strcat(allow, ", HEAD");
}

int fake_route_find(hearth_req *req, char allow[128])
{
    segments path;
    unsigned long best = 0;
    allow[0] = '\0';
    if (!split(req->path, &path, true)) {
        free(path.text);
        return 400;
    }
    for (size_t i = 0; i < req->host->route_count; i++) {
        const fake_route *route = &req->host->routes[i];
        segments pattern;
        if (!split(route->row.path, &pattern, false))
            fake_rule("%s: the route path %s is malformed", route->plugin->id, route->row.path);
        unsigned long score = fits(&pattern, &path);
        if (score > 0)
            allow_method(allow, route->row.method);
        if (score > best && method_fits(route->row.method, req->method)) {
            best = score;
            req->route = route;
        }
        free(pattern.text);
    }
    if (req->route) {
        segments pattern;
        split(req->route->row.path, &pattern, false);
        take_params(req, &pattern, &path);
        free(pattern.text);
    }
    free(path.text);
    return req->route ? 0 : allow[0] ? 405 : 404;
}
