/*
 * host.c - the fake host itself: who may get which interface, on which loop code runs, and what
 * happens when a plugin breaks a rule.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_rule(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fflush(stdout);
    fputs("hearth test host: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

hearth_status fake_fail(hearth_test_host *host, hearth_status status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(host->error, sizeof(host->error), fmt, args);
    va_end(args);
    return status;
}

const char *hearth_test_error(const hearth_test_host *host)
{
    return host->error;
}

const char *fake_id(const hearth_ctx *ctx)
{
    return ((const fake_ctx *)(const void *)ctx)->plugin->id;
}

/* ---- threads and loops ---------------------------------------------------------------------- */

void fake_check_thread(const hearth_test_host *host, const char *what)
{
    if (!pthread_equal(pthread_self(), host->thread))
        fake_rule("%s: called on a thread that is no loop", what);
}

void fake_check_loop(const hearth_ctx *ctx, const char *what)
{
    const fake_ctx *own = (const fake_ctx *)(const void *)ctx;
    fake_check_thread(own->host, what);
    if (ctx->loop != own->host->current && ctx->loop != HEARTH_LOOP_MAIN)
        fake_rule("%s: %s passed its ctx of loop %u while running on loop %u", what,
                  own->plugin->id, ctx->loop, own->host->current);
}

uint32_t fake_enter(hearth_test_host *host, uint32_t loop)
{
    uint32_t before = host->current;
    host->current = loop;
    return before;
}

void fake_leave(hearth_test_host *host, uint32_t loop)
{
    host->current = loop;
}

void hearth_test_enter(hearth_test_host *host, uint32_t loop)
{
    if (loop >= host->loops)
        fake_rule("hearth_test_enter: loop %u of %u", loop, host->loops);
    host->current = loop;
}

void fake_ctx_init(fake_ctx *ctx, hearth_test_host *host, fake_plugin *plugin, uint32_t loop)
{
    *ctx = (fake_ctx){.host = host, .plugin = plugin};
    ctx->pub.struct_size = sizeof(ctx->pub);
    ctx->pub.loop = loop;
    ctx->pub.loops = host->loops;
    ctx->pub.host = &fake_host_api;
    ctx->pub.conf = plugin->conf;
    ctx->pub.shared = plugin->shared;
}

/* ---- interfaces and services ---------------------------------------------------------------- */

static const struct {
    const char *id;
    const void *table;
} interfaces[] = {
    {HEARTH_ARENA_ID, &fake_arena_api},   {HEARTH_CLOCK_ID, &fake_clock_api},
    {HEARTH_CLIENT_ID, &fake_client_api}, {HEARTH_COMMAND_ID, &fake_command_api},
    {HEARTH_HTTP_ID, &fake_http_api},     {HEARTH_JSON_ID, &fake_json_api},
    {HEARTH_LOG_ID, &fake_log_api},       {HEARTH_LOOP_ID, &fake_loop_api},
    {HEARTH_MAIL_ID, &fake_mail_api},     {HEARTH_METRICS_ID, &fake_metrics_api},
    {HEARTH_POLL_ID, &fake_poll_api},     {HEARTH_RANDOM_ID, &fake_random_api},
    {HEARTH_TASK_ID, &fake_task_api},     {HEARTH_TIMER_ID, &fake_timer_api},
    {HEARTH_TRACE_ID, &fake_trace_api},
};

static const void *find_interface(const char *id)
{
    for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++)
        if (strcmp(interfaces[i].id, id) == 0)
            return interfaces[i].table;
    return NULL;
}

bool fake_is_interface(const char *id)
{
    return find_interface(id) != NULL;
}

fake_plugin *fake_provider(hearth_test_host *host, const char *id, const void **table)
{
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        if (plugin->provides && strcmp(plugin->provides, id) == 0) {
            *table = plugin->table;
            return plugin;
        }
        if (!plugin->desc || !plugin->desc->provides)
            continue;
        const char *row = (const char *)plugin->desc->provides;
        for (;; row += plugin->desc->provide_size) {
            const hearth_provide *provide = (const hearth_provide *)(const void *)row;
            if (!provide->id)
                break;
            if (strcmp(provide->id, id) == 0) {
                *table = provide->table;
                return plugin;
            }
        }
    }
    const void *interface = find_interface(id);
    if (interface)
        *table = interface;
    return NULL;
}

bool fake_uses(const fake_plugin *plugin, const char *id, hearth_use *out)
{
    if (!plugin->desc || !plugin->desc->uses)
        return false;
    const char *row = (const char *)plugin->desc->uses;
    for (;; row += plugin->desc->use_size) {
        const hearth_use *use = (const hearth_use *)(const void *)row;
        if (!use->id)
            return false;
        if (strcmp(use->id, id) == 0) {
            *out = *use;
            return true;
        }
    }
}

/* Only what the plugin declared; the test and its scripted services may use everything. */
static bool may_use(const hearth_ctx *ctx, const char *id)
{
    const fake_ctx *own = (const fake_ctx *)(const void *)ctx;
    hearth_use use;
    if (!own->plugin->desc || fake_uses(own->plugin, id, &use))
        return true;
    fprintf(stderr, "hearth test host: %s asks for %s, which is not in its uses table\n",
            own->plugin->id, id);
    return false;
}

static const void *host_get(hearth_ctx *ctx, const char *id, size_t min_size)
{
    fake_check_loop(ctx, "hearth_host.get");
    const void *table = NULL;
    if (!may_use(ctx, id))
        return NULL;
    fake_provider(fake_of(ctx)->host, id, &table);
    if (!table || *(const uint32_t *)table < min_size)
        return NULL;
    return table;
}

static hearth_ctx *host_provider(hearth_ctx *ctx, const char *id)
{
    fake_check_loop(ctx, "hearth_host.provider");
    const void *table = NULL;
    if (!may_use(ctx, id))
        return NULL;
    fake_plugin *plugin = fake_provider(fake_of(ctx)->host, id, &table);
    if (!plugin)
        return NULL;
    return ctx->loop == HEARTH_LOOP_MAIN ? &plugin->main.pub : &plugin->loops[ctx->loop].pub;
}

fake_plugin *fake_find(hearth_test_host *host, const char *id)
{
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next)
        if (strcmp(plugin->id, id) == 0)
            return plugin;
    return NULL;
}

static hearth_ctx *ctx_of(fake_plugin *plugin, uint32_t loop)
{
    if (!plugin || !plugin->loops)
        return NULL;
    if (loop == HEARTH_LOOP_MAIN)
        return &plugin->main.pub;
    return loop < plugin->main.pub.loops ? &plugin->loops[loop].pub : NULL;
}

hearth_ctx *hearth_test_ctx(hearth_test_host *host, const char *plugin_id, uint32_t loop)
{
    return ctx_of(fake_find(host, plugin_id), loop);
}

hearth_ctx *hearth_test_own_ctx(hearth_test_host *host, uint32_t loop)
{
    return ctx_of(host->own, loop);
}

const void *hearth_test_service(hearth_test_host *host, const char *id, uint32_t loop,
                                hearth_ctx **provider)
{
    const void *table = NULL;
    fake_plugin *plugin = fake_provider(host, id, &table);
    if (provider)
        *provider = plugin ? ctx_of(plugin, loop) : ctx_of(host->own, loop);
    return table;
}

/* ---- health, drain -------------------------------------------------------------------------- */

static void host_health(hearth_ctx *ctx, const char *component, hearth_health state,
                        const char *reason)
{
    hearth_test_host *host = fake_of(ctx)->host;
    pthread_mutex_lock(&host->lock);
    fake_report *report = host->reports;
    while (report && (report->ctx != fake_of(ctx) || strcmp(report->component, component) != 0))
        report = report->next;
    if (!report) {
        report = fake_new(sizeof(*report));
        *report = (fake_report){host->reports, fake_of(ctx), fake_copy(component), NULL, state};
        host->reports = report;
    }
    free(report->reason);
    report->reason = fake_copy(reason);
    report->state = state;
    pthread_mutex_unlock(&host->lock);
}

hearth_health hearth_test_health(hearth_test_host *host, const char *plugin_id,
                                 const char *component, const char **reason)
{
    hearth_health worst = HEARTH_HEALTHY;
    if (reason)
        *reason = "";
    pthread_mutex_lock(&host->lock);
    for (fake_report *report = host->reports; report; report = report->next) {
        if (strcmp(report->ctx->plugin->id, plugin_id) != 0 ||
            strcmp(report->component, component) != 0 || report->state < worst)
            continue;
        worst = report->state;
        if (reason)
            *reason = report->reason;
    }
    pthread_mutex_unlock(&host->lock);
    return worst;
}

static void host_drained(hearth_ctx *ctx)
{
    fake_check_loop(ctx, "hearth_host.drained");
    fake_ctx *own = fake_of(ctx);
    if (!own->draining || own->drained)
        fake_rule("hearth_host.drained: %s is not draining on loop %u", own->plugin->id, ctx->loop);
    own->drained = true;
}

static hearth_str host_data_dir(hearth_ctx *ctx)
{
    const char *path = fake_of(ctx)->host->data_dir;
    return (hearth_str){path, strlen(path)};
}

const struct hearth_host fake_host_api = {
    .struct_size = sizeof(struct hearth_host),
    .abi_major = HEARTH_ABI_MAJOR,
    .abi_minor = HEARTH_ABI_MINOR,
    .get = host_get,
    .provider = host_provider,
    .health = host_health,
    .drained = host_drained,
    .data_dir = host_data_dir,
};
