/* lifecycle.c - see lifecycle.h. */
#include "plugin/lifecycle.h"

#include <string.h>

#include "base/log.h"
#include "plugin/thread.h"

static void make_ctx(plugin_ctx *ctx, hearth_plugin *item, const hearth_host *host, uint32_t loop,
                     uint32_t loops, void *owner)
{
    *ctx = (plugin_ctx){
        .public = {.struct_size = sizeof(hearth_ctx), .loop = loop, .loops = loops, .host = host},
        .plugin = item,
        .owner = owner};
}

hearth_status plugin_set_contexts(plugin_set *set, const hearth_host *host, uint32_t loops,
                                  void *(*owner)(void *arg, uint32_t loop), void *arg,
                                  hearth_error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        hearth_plugin *item = set->items[i];
        item->loops = arena_calloc(&set->arena, loops, sizeof(*item->loops));
        if (!item->loops)
            return error_set(error, HEARTH_ENOMEM, "plugin %s: out of memory", item->id);
        make_ctx(&item->main, item, host, HEARTH_LOOP_MAIN, loops, NULL);
        for (uint32_t k = 0; k < loops; k++)
            make_ctx(&item->loops[k], item, host, k, loops, owner(arg, k));
    }
    return HEARTH_OK;
}

void plugin_set_conf(hearth_plugin *item, uint32_t loops, const void *conf)
{
    item->main.public.conf = conf;
    for (uint32_t i = 0; i < loops; i++)
        item->loops[i].public.conf = conf;
}

hearth_status plugin_check(const hearth_plugin *item, const void *conf, hearth_error *error)
{
    if (!item->desc.head.check)
        return HEARTH_OK;
    char why[HEARTH_ERROR_SIZE - 128] = "";
    hearth_status status = item->desc.head.check(conf, why, sizeof(why));
    why[sizeof(why) - 1] = '\0';
    if (status == HEARTH_OK)
        return HEARTH_OK;
    return error_set(error, HEARTH_EINVAL, "plugin %s refuses its configuration: %s", item->id,
                     why[0] ? why : status_name(status));
}

/* These functions answer OK or fail; what is neither is the plugin's mistake, and no success. */
static hearth_status failure(hearth_status status)
{
    return status < 0 ? status : HEARTH_EINTERNAL;
}

hearth_status plugin_set_open(plugin_set *set, uint32_t loops, hearth_error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        hearth_plugin *item = set->items[i];
        hearth_status status =
            item->desc.head.open ? item->desc.head.open(&item->main.public) : HEARTH_OK;
        if (status != HEARTH_OK) {
            plugin_set_close(set);
            return error_set(error, failure(status), "plugin %s could not open: %s", item->id,
                             status_name(status));
        }
        item->opened = true;
        for (uint32_t k = 0; k < loops; k++)
            item->loops[k].public.shared = item->main.public.shared;
    }
    return HEARTH_OK;
}

void plugin_set_close(plugin_set *set)
{
    for (size_t i = set->count; i > 0; i--) {
        hearth_plugin *item = set->items[i - 1];
        if (item->opened && item->desc.head.close)
            item->desc.head.close(&item->main.public);
        item->opened = false;
    }
}

hearth_status plugin_set_start(plugin_set *set, uint32_t loop, hearth_error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        hearth_plugin *item = set->items[i];
        plugin_ctx *ctx = &item->loops[loop];
        hearth_status status =
            item->desc.head.start ? item->desc.head.start(&ctx->public) : HEARTH_OK;
        if (status != HEARTH_OK)
            return error_set(error, failure(status), "plugin %s could not start on loop %u: %s",
                             item->id, loop, status_name(status));
        ctx->started = true;
    }
    return HEARTH_OK;
}

void plugin_set_stop(plugin_set *set, uint32_t loop, void (*after)(plugin_ctx *ctx))
{
    for (size_t i = set->count; i > 0; i--) {
        plugin_ctx *ctx = &set->items[i - 1]->loops[loop];
        if (ctx->started && ctx->plugin->desc.head.stop)
            ctx->plugin->desc.head.stop(&ctx->public);
        ctx->started = false;
        after(ctx);
    }
}

static const plugin_binding *find_binding(hearth_ctx *ctx, const char *id)
{
    const hearth_plugin *item = plugin_ctx_of(ctx)->plugin;
    for (size_t i = 0; i < item->desc.use_count; i++) {
        if (strcmp(item->bindings[i].id, id) == 0)
            return &item->bindings[i];
    }
    log_warn(item->id, "asked for %s, which its `uses` does not declare", id);
    return NULL;
}

const void *plugin_get(hearth_ctx *ctx, const char *id, size_t min_size)
{
    CTX_ASSERT(ctx, "hearth_host.get");
    const plugin_binding *binding = find_binding(ctx, id);
    if (!binding || !binding->table || *(const uint32_t *)binding->table < min_size)
        return NULL;
    return binding->table;
}

hearth_ctx *plugin_provider(hearth_ctx *ctx, const char *id)
{
    CTX_ASSERT(ctx, "hearth_host.provider");
    const plugin_binding *binding = find_binding(ctx, id);
    if (!binding || !binding->table)
        return NULL;
    if (!binding->provider)
        return ctx;
    return ctx->loop == HEARTH_LOOP_MAIN ? &binding->provider->main.public
                                         : &binding->provider->loops[ctx->loop].public;
}
