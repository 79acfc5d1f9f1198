/* reload.c - see reload.h. */
#include "host/reload.h"

#include <stdlib.h>

#include "host/boot.h"
#include "host/listen.h"

void reload_log_level(const host_settings *settings)
{
    static const log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
                                       LOG_LEVEL_DEBUG};
    log_set_level(levels[settings->log_level]);
}

/* One loop takes the new configuration between two callbacks of its own. */
typedef struct swap {
    hearth_letter letter;
    host_config *config;
} swap;

static void take_over(hearth_loop *net, hearth_letter *letter)
{
    swap *item = HEARTH_CONTAINER_OF(letter, swap, letter);
    host_loop *loop = net->owner;
    plugin_set *plugins = &loop->host->plugins;
    loop->settings = item->config->settings;
    if (loop->worker)
        worker_configure(loop->worker, item->config->http);
    for (size_t i = 0; i < plugins->count; i++) {
        hearth_plugin *plugin = plugins->items[i];
        hearth_ctx *ctx = host_ctx_on(plugin, loop);
        ctx->conf = item->config->confs[i];
        if (!plugin->loops[loop->index].started || !plugin->desc.head.reconfigured)
            continue;
        host_scope outer = scope_enter(net, plugin->id, "reconfigured");
        plugin->desc.head.reconfigured(ctx);
        scope_leave(outer);
    }
    free(item);
}

static hearth_status spread(host_state *host, host_config *config, hearth_error *error)
{
    swap *items[SETTINGS_MAX_LOOPS];
    for (uint32_t i = 0; i < host->loop_count; i++) {
        items[i] = calloc(1, sizeof(*items[i]));
        if (!items[i]) {
            while (i > 0)
                free(items[--i]);
            return error_set(error, HEARTH_ENOMEM, "out of memory");
        }
        *items[i] = (swap){.letter = {.fn = take_over}, .config = config};
    }
    for (uint32_t i = 0; i < host->loop_count; i++) {
        if (loop_send(&host->loops[i].net, &items[i]->letter) < 0)
            free(items[i]);
    }
    return HEARTH_OK;
}

static hearth_status check(host_state *host, host_config *next, hearth_error *error)
{
    if (next->errors.count == 0)
        config_fill(next, &host->plugins);
    if (next->errors.count > 0)
        return error_set(error, HEARTH_EINVAL, "%s", next->errors.lines[0]);
    hearth_status status = config_check_reload(host->config, next, &host->plugins, error);
    if (status == HEARTH_OK)
        status = listen_check_certificates(next, error);
    if (status == HEARTH_OK && !host_http_options(next, error))
        status = HEARTH_EINVAL;
    return status;
}

void reload_configuration(host_state *host, const reload_source *source)
{
    hearth_error why;
    if (atomic_load(&host->phase) != HOST_SERVING) {
        log_warn("host", "reload refused: the process is starting or stopping");
        return;
    }
    host_config *next = config_read(source->options);
    hearth_status status =
        next ? check(host, next, &why) : error_set(&why, HEARTH_ENOMEM, "out of memory");
    if (status == HEARTH_OK)
        status = spread(host, next, &why);
    if (status != HEARTH_OK) {
        log_error("host", "reload refused, the old configuration stays: %s", why.text);
        config_destroy(next);
        return;
    }
    next->older = host->config;
    host->config = next;
    for (size_t i = 0; i < host->plugins.count; i++)
        host->plugins.items[i]->main.public.conf = next->confs[i];
    listen_reload_certificates(host, next);
    if (host->watchdog)
        watchdog_set_warn(host->watchdog, (uint64_t)next->settings->loop_stall_warn);
    reload_log_level(next->settings);
    log_info("host", "reloaded");
}
