/* boot.c - see boot.h. */
#include "host/boot.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/command.h"
#include "host/health.h"
#include "host/interfaces.h"
#include "host/lifecycle.h"
#include "host/listen.h"
#include "host/metrics.h"
#include "host/openapi.h"
#include "host/request.h"
#include "host/resources.h"
#include "host/routes.h"
#include "plugin/graph.h"
#include "plugin/load.h"

#define HOST_CEILING (64u * 1024 * 1024)

host_state *host_current;

static hearth_str data_dir(hearth_ctx *ctx)
{
    (void)ctx;
    return str_from(host_current->data_dir);
}

static const hearth_host vtable = {.struct_size = sizeof(hearth_host),
                                   .abi_major = HEARTH_ABI_MAJOR,
                                   .abi_minor = HEARTH_ABI_MINOR,
                                   .get = plugin_get,
                                   .provider = plugin_provider,
                                   .health = health_report,
                                   .drained = lifecycle_drained,
                                   .data_dir = data_dir};

typedef struct complaints {
    void (*fn)(void *arg, const char *line);
    void *arg;
} complaints;

static hearth_status tell(const complaints *to, const conf_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        to->fn(to->arg, errors->lines[i]);
    if (errors->more > 0) {
        char line[64];
        (void)snprintf(line, sizeof(line), "and %zu more", errors->more);
        to->fn(to->arg, line);
    }
    return errors->count > 0 ? HEARTH_EINVAL : HEARTH_OK;
}

/* Every plugin that cannot be loaded is named, not only the first. */
static hearth_status load_plugins(host_state *host, const complaints *to)
{
    hearth_status result = HEARTH_OK;
    const char *dir = config_plugin_dir(host->config);
    for (size_t i = 0; i < host->config->plugin_count; i++) {
        hearth_error why;
        if (plugin_load(&host->plugins, dir, host->config->plugins[i].id, &why) == HEARTH_OK)
            continue;
        to->fn(to->arg, why.text);
        result = HEARTH_EINVAL;
    }
    return result;
}

static hearth_status connect_plugins(host_state *host, hearth_error *error)
{
    plugin_choice choices[PLUGIN_MAX];
    size_t count = config_choices(host->config, choices, PLUGIN_MAX);
    return plugin_set_resolve(&host->plugins, host_interfaces, choices, count, error);
}

static hearth_status build_tables(host_state *host, hearth_error *error)
{
    hearth_status status = routes_build(host, error);
    if (status == HEARTH_OK)
        status = openapi_build(host, error);
    if (status == HEARTH_OK && !host_http_options(host->config, error))
        status = HEARTH_EINVAL;
    if (status == HEARTH_OK)
        status = listen_check_certificates(host->config, error);
    if (status == HEARTH_OK)
        status = metrics_declare(host, error);
    if (status == HEARTH_OK)
        status = commands_check(host, error);
    return status;
}

static hearth_status boot(host_state *host, const host_options *options, const complaints *to)
{
    host->config = config_read(options);
    if (!host->config) {
        to->fn(to->arg, "out of memory");
        return HEARTH_ENOMEM;
    }
    hearth_status status = tell(to, &host->config->errors);
    if (status == HEARTH_OK)
        status = load_plugins(host, to);
    if (status != HEARTH_OK)
        return status;
    hearth_error why;
    error_clear(&why);
    status = connect_plugins(host, &why);
    if (status == HEARTH_OK) {
        config_fill(host->config, &host->plugins);
        status = tell(to, &host->config->errors);
        if (status == HEARTH_OK)
            status = build_tables(host, &why);
    }
    if (why.text[0])
        to->fn(to->arg, why.text);
    return status;
}

hearth_status host_init(host_state *host, const host_options *options,
                        void (*complain)(void *arg, const char *line), void *arg)
{
    memset(host, 0, sizeof(*host));
    host->started_ns = clock_mono_ns();
    host_current = host;
    thread_set_role(HEARTH_LOOP_MAIN);
    arena_init(&host->arena, NULL, HOST_CEILING);
    plugin_set_init(&host->plugins);
    atomic_init(&host->phase, HOST_STARTING);
    complaints to = {complain, arg};
    hearth_status status = boot(host, options, &to);
    if (status != HEARTH_OK)
        host_finish(host);
    return status;
}

/* ---- loops ----------------------------------------------------------------------------------- */

static hearth_status make_loop(host_state *host, uint32_t index, bool serving, hearth_error *error)
{
    host_loop *loop = &host->loops[index];
    loop->host = host;
    loop->index = index;
    loop->settings = host->config->settings;
    list_init(&loop->asyncs.resting);
    loop->slots = arena_calloc(&host->arena, host->plugins.count + 1, sizeof(host_slot));
    if (!loop->slots)
        return error_set(error, HEARTH_ENOMEM, "loop %u: out of memory", index);
    for (size_t i = 0; i < host->plugins.count; i++) {
        list_init(&loop->slots[i].timers);
        list_init(&loop->slots[i].polls);
        list_init(&loop->slots[i].calls);
    }
    hearth_status status = loop_init(&loop->net, index, host->loop_count, error);
    if (status != HEARTH_OK)
        return status;
    loop->net.owner = loop;
    loop->made = true;
    if (metrics_init(loop) != HEARTH_OK)
        return error_set(error, HEARTH_ENOMEM, "loop %u: out of memory", index);
    if (!serving)
        return HEARTH_OK;
    loop->worker = worker_create(&loop->net, &host_application, host->router,
                                 host_http_options(host->config, error));
    if (!loop->worker)
        return error_set(error, HEARTH_ENOMEM, "loop %u: out of memory", index);
    worker_set_owner(loop->worker, loop);
    return HEARTH_OK;
}

static void *owner_of(void *arg, uint32_t loop)
{
    return &((host_state *)arg)->loops[loop];
}

hearth_status host_make_loops(host_state *host, bool serving, hearth_error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) /* not thread-safe: before any loop runs */
        return error_set(error, HEARTH_EUNAVAILABLE, "libcurl could not start");
    host->curl_made = true;
    if (serving)
        host->loop_count = settings_loops(host->config->settings);
    host->loops = arena_calloc(&host->arena, host->loop_count, sizeof(host_loop));
    host->health = health_create(host->loop_count);
    if (!host->loops || !host->health)
        return error_set(error, HEARTH_ENOMEM, "loops: out of memory");
    hearth_status status = loop_init(&host->main, host->loop_count, host->loop_count + 1, error);
    if (status != HEARTH_OK)
        return status;
    host->main_made = true;
    for (uint32_t i = 0; status == HEARTH_OK && i < host->loop_count; i++)
        status = make_loop(host, i, serving, error);
    if (status == HEARTH_OK)
        status =
            plugin_set_contexts(&host->plugins, &vtable, host->loop_count, owner_of, host, error);
    for (size_t i = 0; status == HEARTH_OK && i < host->plugins.count; i++)
        plugin_set_conf(host->plugins.items[i], host->loop_count, host->config->confs[i]);
    return status;
}

void host_finish(host_state *host)
{
    for (uint32_t i = 0; i < host->loop_count && host->loops; i++) {
        host_loop *loop = &host->loops[i];
        if (!loop->made)
            continue;
        worker_destroy(loop->worker);
        client_finish(loop);
        loop_finish(&loop->net);
        asyncs_finish(loop);
        metrics_finish(loop);
    }
    if (host->main_made)
        loop_finish(&host->main);
    if (host->curl_made)
        curl_global_cleanup();
    router_destroy(host->router);
    health_destroy(host->health);
    config_destroy(host->config);
    plugin_set_finish(&host->plugins);
    arena_finish(&host->arena);
    host_current = NULL;
}

/* ---- settings for core/http ------------------------------------------------------------------ */

static const hearth_network *networks(host_config *config, const hearth_conf_list *list,
                                      hearth_error *error)
{
    hearth_network *items = arena_calloc(&config->arena, list->count + 1, sizeof(*items));
    if (!items)
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (network_parse(list->items[i], &items[i], error) != HEARTH_OK) {
            (void)error_prefix(error, "trusted_proxies");
            return NULL;
        }
    }
    return items;
}

const http_options *host_http_options(host_config *config, hearth_error *error)
{
    if (config->http)
        return config->http;
    const host_settings *s = config->settings;
    http_options *options = arena_alloc(&config->arena, sizeof(*options));
    const hearth_network *proxies = networks(config, &s->trusted_proxies, error);
    if (!options || !proxies)
        return NULL;
    *options = http_default_options;
    options->max_target = (size_t)s->max_target;
    options->max_header_block = (size_t)s->max_header;
    options->max_body = (size_t)s->max_body;
    options->max_arena = (size_t)s->request_memory;
    options->header_timeout_ms = (uint64_t)s->header_timeout;
    options->body_timeout_ms = (uint64_t)s->body_timeout;
    options->idle_timeout_ms = (uint64_t)s->idle_timeout;
    options->write_timeout_ms = (uint64_t)s->write_timeout;
    options->slow_request_ms = (uint64_t)s->slow_request;
    options->max_connections = (uint32_t)s->max_connections;
    options->max_in_flight = (uint32_t)s->max_in_flight;
    options->trusted_proxies = proxies;
    options->trusted_proxy_count = s->trusted_proxies.count;
    options->proxy_header = s->trusted_proxies.count == 0 ? HTTP_PROXY_NONE
                            : s->proxy_header == 0        ? HTTP_PROXY_X_FORWARDED_FOR
                                                          : HTTP_PROXY_FORWARDED;
    options->cors_origins = s->cors_origins.items;
    options->cors_origin_count = s->cors_origins.count;
    config->http = options;
    return options;
}
