/*
 * run.c - starting and stopping: plugins in the order of their services, drained and closed in the
 * opposite one, and a look at what they left behind.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS 10000

/* ---- order of opening ----------------------------------------------------------------------- */

static hearth_status visit(hearth_test_host *host, fake_plugin *plugin, fake_plugin ***tail);

static hearth_status visit_uses(hearth_test_host *host, fake_plugin *plugin, fake_plugin ***tail)
{
    if (!plugin->desc || !plugin->desc->uses)
        return HEARTH_OK;
    const char *row = (const char *)plugin->desc->uses;
    for (;; row += plugin->desc->use_size) {
        const hearth_use *use = (const hearth_use *)(const void *)row;
        if (!use->id)
            return HEARTH_OK;
        const void *table = NULL;
        fake_plugin *provider = fake_provider(host, use->id, &table);
        if (!table && use->flags != HEARTH_OPTIONAL)
            return fake_fail(host, HEARTH_EUNAVAILABLE, "%s needs %s, which nobody provides",
                             plugin->id, use->id);
        if (table && *(const uint32_t *)table < use->min_size && use->flags != HEARTH_OPTIONAL)
            return fake_fail(host, HEARTH_EUNAVAILABLE, "%s needs a larger %s than is provided",
                             plugin->id, use->id);
        if (!provider)
            continue;
        hearth_status status = visit(host, provider, tail);
        if (status != HEARTH_OK)
            return status;
    }
}

static hearth_status visit(hearth_test_host *host, fake_plugin *plugin, fake_plugin ***tail)
{
    if (plugin->ordered)
        return HEARTH_OK;
    if (plugin->visiting)
        return fake_fail(host, HEARTH_EINVAL, "%s needs itself, by way of others", plugin->id);
    plugin->visiting = true;
    hearth_status status = visit_uses(host, plugin, tail);
    plugin->visiting = false;
    if (status != HEARTH_OK)
        return status;
    plugin->ordered = true;
    *(*tail)++ = plugin;
    return HEARTH_OK;
}

/* Providers before their users; host->plugins is in that order afterwards. */
static hearth_status order_plugins(hearth_test_host *host)
{
    size_t count = 0;
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        plugin->ordered = false;
        count++;
    }
    fake_plugin **order = fake_new((count + 1) * sizeof(fake_plugin *));
    fake_plugin **tail = order;
    hearth_status status = HEARTH_OK;
    for (fake_plugin *p = host->plugins; p && status == HEARTH_OK; p = p->next)
        status = visit(host, p, &tail);
    if (status == HEARTH_OK) {
        host->plugins = order[0];
        for (size_t i = 0; i < count; i++)
            order[i]->next = order[i + 1];
    }
    free(order);
    return status;
}

/* ---- start ---------------------------------------------------------------------------------- */

static hearth_status open_plugin(hearth_test_host *host, fake_plugin *plugin)
{
    const hearth_plugin_desc *desc = plugin->desc;
    hearth_status status = desc->open ? desc->open(&plugin->main.pub) : HEARTH_OK;
    if (status != HEARTH_OK)
        return fake_fail(host, status, "%s: open failed with %d", plugin->id, status);
    plugin->opened = true;
    for (uint32_t i = 0; i < host->loops; i++) {
        plugin->loops[i].pub.shared = plugin->main.pub.shared;
        plugin->loops[i].pub.conf = plugin->conf;
    }
    return HEARTH_OK;
}

static hearth_status start_plugin(hearth_test_host *host, fake_plugin *plugin)
{
    const hearth_plugin_desc *desc = plugin->desc;
    for (uint32_t i = 0; i < host->loops; i++) {
        uint32_t outside = fake_enter(host, i);
        hearth_status status = desc->start ? desc->start(&plugin->loops[i].pub) : HEARTH_OK;
        fake_leave(host, outside);
        if (status != HEARTH_OK)
            return fake_fail(host, status, "%s: start failed with %d", plugin->id, status);
        plugin->started++;
    }
    return HEARTH_OK;
}

static hearth_status configure(hearth_test_host *host)
{
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        if (!plugin->desc)
            continue;
        hearth_status status = fake_conf_fill(host, plugin);
        plugin->main.pub.conf = plugin->conf;
        if (status == HEARTH_OK && plugin->desc->check)
            status = plugin->desc->check(plugin->conf, host->error, sizeof(host->error));
        if (status != HEARTH_OK)
            return status;
    }
    return HEARTH_OK;
}

static void undo(hearth_test_host *host);

hearth_status hearth_test_start(hearth_test_host *host)
{
    host->error[0] = '\0';
    if (host->running)
        return fake_fail(host, HEARTH_EINVAL, "started already");
    hearth_status status = order_plugins(host);
    if (status == HEARTH_OK)
        status = configure(host);
    if (status == HEARTH_OK && !fake_routes_build(host))
        status = HEARTH_EINVAL;
    for (fake_plugin *p = host->plugins; p && status == HEARTH_OK; p = p->next)
        if (p->desc)
            status = open_plugin(host, p);
    for (fake_plugin *p = host->plugins; p && status == HEARTH_OK; p = p->next)
        if (p->desc)
            status = start_plugin(host, p);
    host->running = true;
    if (status != HEARTH_OK) {
        undo(host);
        return status;
    }
    hearth_test_pump(host);
    return HEARTH_OK;
}

/* ---- stop ----------------------------------------------------------------------------------- */

static int all_drained(void *arg)
{
    fake_plugin *plugin = arg;
    for (uint32_t i = 0; i < plugin->main.pub.loops; i++)
        if (plugin->loops[i].draining && !plugin->loops[i].drained)
            return 0;
    return 1;
}

/* Users before their providers: the list backwards. */
static hearth_status drain_from(hearth_test_host *host, fake_plugin *plugin)
{
    if (!plugin)
        return HEARTH_OK;
    hearth_status result = drain_from(host, plugin->next);
    if (!plugin->desc || !plugin->desc->drain)
        return result;
    for (uint32_t i = 0; i < plugin->started; i++) {
        fake_ctx *ctx = &plugin->loops[i];
        uint32_t outside = fake_enter(host, i);
        ctx->draining = true;
        hearth_status status = plugin->desc->drain(&ctx->pub);
        fake_leave(host, outside);
        if (status != HEARTH_DEFERRED)
            ctx->drained = true;
        if (status < 0)
            result = fake_fail(host, status, "%s: drain failed with %d", plugin->id, status);
    }
    hearth_test_pump(host);
    if (!hearth_test_wait_for(host, all_drained, plugin, DRAIN_MS))
        result = fake_fail(host, HEARTH_ETIMEOUT, "%s: its drain did not end", plugin->id);
    hearth_test_pump(host);
    return result;
}

/* No more work of this loop runs; what was posted and never ran is dropped, as by the real host. */
static void drop_work(hearth_test_host *host, const hearth_ctx *ctx)
{
    pthread_mutex_lock(&host->lock);
    host->work_last = NULL;
    for (fake_work **at = &host->work_first; *at;) {
        fake_work *work = *at;
        if (work->ctx == ctx) {
            *at = work->next;
            free(work);
            continue;
        }
        host->work_last = work;
        at = &work->next;
    }
    pthread_mutex_unlock(&host->lock);
}

static void stop_from(hearth_test_host *host, fake_plugin *plugin)
{
    if (!plugin)
        return;
    stop_from(host, plugin->next);
    for (uint32_t i = 0; i < plugin->started; i++) {
        fake_ctx *ctx = &plugin->loops[i];
        uint32_t outside = fake_enter(host, i);
        if (plugin->desc->stop)
            plugin->desc->stop(&ctx->pub);
        fake_leave(host, outside);
        pthread_mutex_lock(&host->lock);
        ctx->stopped = true;
        pthread_mutex_unlock(&host->lock);
        fake_timers_end(host, &ctx->pub);
        drop_work(host, &ctx->pub);
    }
    plugin->started = 0;
}

static void close_from(hearth_test_host *host, fake_plugin *plugin)
{
    if (!plugin)
        return;
    close_from(host, plugin->next);
    if (plugin->opened && plugin->desc->close)
        plugin->desc->close(&plugin->main.pub);
    plugin->opened = false;
}

static void undo(hearth_test_host *host)
{
    hearth_test_pump(host);
    stop_from(host, host->plugins);
    close_from(host, host->plugins);
    fake_timers_end(host, NULL);
    host->running = false;
}

static hearth_status look_for_leaks(hearth_test_host *host)
{
    for (const hearth_poll *watch = host->polls; watch; watch = watch->next)
        if (!watch->stopped)
            return fake_fail(host, HEARTH_EINTERNAL, "%s left a watch of descriptor %d behind",
                             fake_id(watch->ctx), watch->fd);
    for (const hearth_arena *arena = host->arenas; arena; arena = arena->next)
        if (arena->owner != host->own)
            return fake_fail(host, HEARTH_EINTERNAL, "%s left an arena behind", arena->owner->id);
    if (host->client_calls)
        return fake_fail(host, HEARTH_EINTERNAL, "a client call was left behind");
    return HEARTH_OK;
}

hearth_status hearth_test_stop(hearth_test_host *host)
{
    host->error[0] = '\0';
    if (!host->running)
        return HEARTH_OK;
    host->stopping = true;
    hearth_test_pump(host);
    fake_requests_cancel(host);
    hearth_test_pump(host);
    hearth_status status = drain_from(host, host->plugins);
    size_t open = fake_requests_open(host);
    undo(host);
    hearth_status leaks = look_for_leaks(host);
    host->stopping = false;
    if (status != HEARTH_OK)
        return status;
    if (open > 0)
        return fake_fail(host, HEARTH_EINTERNAL, "%zu requests were taken over and never completed",
                         open);
    return leaks;
}
