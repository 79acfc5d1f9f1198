/* routes.c - see routes.h. */
#include "host/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/health.h"
#include "host/openapi.h"

/* What the host answers itself. */
static const struct {
    hearth_route row;
    void (*builtin)(host_loop *loop, hearth_req *req);
} builtins[] = {
    {{"GET", "/health/live", NULL, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
      "Whether the process turns"},
     health_live},
    {{"GET", "/health/ready", NULL, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
      "Whether traffic should come here"},
     health_ready},
    {{"GET", "/openapi.json", NULL, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
      "This document"},
     openapi_serve},
};

static hearth_status add_route(host_state *host, hearth_plugin *owner, const hearth_route *row,
                               void (*builtin)(host_loop *, hearth_req *), hearth_error *error)
{
    const char *who = owner ? owner->id : "host";
    host_route *route = &host->routes[host->route_count];
    *route = (host_route){.owner = owner,
                          .row = row,
                          .builtin = builtin,
                          .index = (uint32_t)host->route_count,
                          .timeout_ms = row->timeout_ms};
    http_route entry = {.method = method_from(str_from(row->method)),
                        .pattern = row->path,
                        .plugin = who,
                        .max_body = row->max_body,
                        .timeout_ms = row->timeout_ms,
                        .data = route};
    if (entry.method == HTTP_OTHER_METHOD || entry.method == HTTP_HEAD_METHOD ||
        entry.method == HTTP_OPTIONS_METHOD)
        return error_set(error, HEARTH_EINVAL,
                         "%s: route %s %s: expected GET, POST, PUT, PATCH or DELETE", who,
                         row->method, row->path);
    hearth_status status = router_add(host->router, &entry, error);
    if (status != HEARTH_OK) /* a conflict, too, is a configuration that cannot be used */
        return status == HEARTH_ENOMEM ? status : HEARTH_EINVAL;
    host->route_count++;
    return HEARTH_OK;
}

static hearth_status add_routes(host_state *host, hearth_error *error)
{
    size_t count = HEARTH_COUNT(builtins);
    for (size_t i = 0; i < host->plugins.count; i++)
        count += host->plugins.items[i]->desc.route_count;
    host->routes = arena_calloc(&host->arena, count, sizeof(host_route));
    if (!host->routes)
        return error_set(error, HEARTH_ENOMEM, "routes: out of memory");
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && i < HEARTH_COUNT(builtins); i++)
        status = add_route(host, NULL, &builtins[i].row, builtins[i].builtin, error);
    for (size_t i = 0; status == HEARTH_OK && i < host->plugins.count; i++) {
        hearth_plugin *item = host->plugins.items[i];
        for (size_t k = 0; status == HEARTH_OK && k < item->desc.route_count; k++)
            status = add_route(host, item, &item->desc.head.routes[k], NULL, error);
    }
    return status;
}

/* By order, then by plugin id: never by the order of loading. */
static int by_order(const void *a, const void *b)
{
    const host_hook *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->owner->id, y->owner->id);
}

static hearth_status add_hooks(host_state *host, hearth_phase phase, hearth_error *error)
{
    host_hooks *hooks = &host->hooks[phase];
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        size_t count = 0;
        for (size_t i = 0; i < host->plugins.count; i++) {
            hearth_plugin *item = host->plugins.items[i];
            for (size_t k = 0; k < item->desc.hook_count; k++) {
                const hearth_hook *row = &item->desc.head.hooks[k];
                if (row->phase != phase)
                    continue;
                if (pass == 1)
                    hooks->items[count] = (host_hook){item, row->handler, row->order};
                count++;
            }
        }
        hooks->count = count;
        if (pass == 0 && count == 0)
            return HEARTH_OK;
        if (pass == 0 && !(hooks->items = arena_calloc(&host->arena, count, sizeof(host_hook))))
            return error_set(error, HEARTH_ENOMEM, "hooks: out of memory");
    }
    qsort(hooks->items, hooks->count, sizeof(host_hook), by_order);
    return HEARTH_OK;
}

hearth_status routes_build(host_state *host, hearth_error *error)
{
    host->router = router_create(host->config->settings->base_path, error);
    if (!host->router)
        return HEARTH_EINVAL;
    hearth_status status = add_routes(host, error);
    for (hearth_phase phase = HEARTH_PHASE_IDENTIFY;
         status == HEARTH_OK && phase <= HEARTH_PHASE_LOG; phase++)
        status = add_hooks(host, phase, error);
    return status;
}
