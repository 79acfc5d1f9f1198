/*
 * lifecycle.c - the fake host is made, given plugins, configuration and services, and taken apart.
 */
#include "fake.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static fake_plugin *plugin_new(hearth_test_host *host, const hearth_plugin_desc *desc,
                               const char *id)
{
    fake_plugin *plugin = fake_new(sizeof(*plugin));
    plugin->desc = desc;
    plugin->id = id;
    plugin->loops = fake_new(host->loops * sizeof(fake_ctx));
    fake_ctx_init(&plugin->main, host, plugin, HEARTH_LOOP_MAIN);
    for (uint32_t i = 0; i < host->loops; i++)
        fake_ctx_init(&plugin->loops[i], host, plugin, i);
    return plugin;
}

hearth_test_host *hearth_test_create(const hearth_test_options *options)
{
    hearth_test_host *host = fake_new(sizeof(*host));
    if (options)
        host->options = *options;
    host->loops = host->options.loops ? host->options.loops : 1;
    host->thread = pthread_self();
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->task_ready, NULL);
    host->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (host->wake_fd < 0)
        fake_rule("the test host cannot open an eventfd");
    if (host->options.real_time) {
        host->real_start_ns = fake_mono_ns(host) - UINT64_C(1000000000);
    }
    host->random_state[0] = host->options.seed ? host->options.seed : 1;
    host->data_dir =
        fake_copy(host->options.data_dir ? host->options.data_dir : "/tmp/hearth-test-XXXXXX");
    if (!host->options.data_dir) {
        if (!mkdtemp(host->data_dir))
            fake_rule("the test host cannot make %s", host->data_dir);
        host->own_data_dir = true;
    }
    host->own = plugin_new(host, NULL, "test");
    fake_tasks_init(host);
    return host;
}

/* ---- adding --------------------------------------------------------------------------------- */

static void append(hearth_test_host *host, fake_plugin *plugin)
{
    fake_plugin **at = &host->plugins;
    while (*at)
        at = &(*at)->next;
    *at = plugin;
}

hearth_status hearth_test_add(hearth_test_host *host, const hearth_plugin_desc *desc)
{
    host->error[0] = '\0';
    if (host->running)
        return fake_fail(host, HEARTH_EINVAL, "plugins are added before start");
    if (desc->magic != HEARTH_ABI_MAGIC || !desc->manifest ||
        desc->manifest->magic != HEARTH_ABI_MAGIC)
        return fake_fail(host, HEARTH_EINVAL, "this is no plugin descriptor");
    if (desc->abi_major != HEARTH_ABI_MAJOR || desc->abi_minor > HEARTH_ABI_MINOR)
        return fake_fail(host, HEARTH_EINVAL, "%s: built for SDK %u.%u, this host offers %u.%u",
                         desc->id, desc->abi_major, desc->abi_minor, HEARTH_ABI_MAJOR,
                         HEARTH_ABI_MINOR);
    if (strncmp(desc->id, desc->manifest->id, sizeof(desc->manifest->id)) != 0 ||
        strncmp(desc->version, desc->manifest->version, sizeof(desc->manifest->version)) != 0)
        return fake_fail(host, HEARTH_EINVAL, "%s: its manifest says otherwise", desc->id);
    if (fake_find(host, desc->id))
        return fake_fail(host, HEARTH_EINVAL, "%s: added twice", desc->id);
    char problem[sizeof(host->error)];
    if (!fake_desc_is_good(desc, problem, sizeof(problem)))
        return fake_fail(host, HEARTH_EINVAL, "%s", problem);
    append(host, plugin_new(host, desc, desc->id));
    return HEARTH_OK;
}

hearth_status hearth_test_load(hearth_test_host *host, const char *so_path)
{
    void *handle = dlopen(so_path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return fake_fail(host, HEARTH_EINVAL, "%s", dlerror());
    const hearth_plugin_desc *desc = dlsym(handle, HEARTH_PLUGIN_SYMBOL);
    if (!desc)
        return fake_fail(host, HEARTH_EINVAL, "%s exports no " HEARTH_PLUGIN_SYMBOL, so_path);
    return hearth_test_add(host, desc);
}

hearth_status hearth_test_provide(hearth_test_host *host, const char *id, const void *table,
                                  void *shared)
{
    host->error[0] = '\0';
    if (host->running)
        return fake_fail(host, HEARTH_EINVAL, "services are provided before start");
    fake_plugin *plugin = plugin_new(host, NULL, NULL);
    plugin->provides = fake_copy(id);
    plugin->id = plugin->provides;
    plugin->table = table;
    plugin->shared = shared;
    plugin->main.pub.shared = shared;
    for (uint32_t i = 0; i < host->loops; i++)
        plugin->loops[i].pub.shared = shared;
    plugin->next = host->plugins; /* in front: it wins over a plugin that provides the same */
    host->plugins = plugin;
    return HEARTH_OK;
}

static void add_override(fake_plugin *plugin, const char *key_value)
{
    char **grown = realloc(plugin->overrides, (plugin->override_count + 1) * sizeof(char *));
    if (!grown)
        fake_rule("the test host is out of memory");
    plugin->overrides = grown;
    plugin->overrides[plugin->override_count++] = fake_copy(key_value);
}

hearth_status hearth_test_set(hearth_test_host *host, const char *plugin_id, const char *key_value)
{
    host->error[0] = '\0';
    fake_plugin *plugin = fake_find(host, plugin_id);
    if (!plugin || !plugin->desc || host->running)
        return fake_fail(host, HEARTH_EINVAL, "%s: no such plugin, or already started", plugin_id);
    add_override(plugin, key_value);
    return HEARTH_OK;
}

hearth_status hearth_test_reload(hearth_test_host *host, const char *plugin_id,
                                 const char *key_value)
{
    host->error[0] = '\0';
    fake_plugin *plugin = fake_find(host, plugin_id);
    if (!plugin || !plugin->desc || !host->running)
        return fake_fail(host, HEARTH_EINVAL, "%s: no such plugin, or not started", plugin_id);
    const hearth_plugin_desc *desc = plugin->desc;
    size_t len = strcspn(key_value, "=");
    const hearth_conf_field *field = desc->config;
    while (field && field->key && (strlen(field->key) != len || memcmp(field->key, key_value, len)))
        field =
            (const hearth_conf_field *)(const void *)((const char *)field + desc->conf_field_size);
    if (!field || !field->key || !(field->flags & HEARTH_CONF_RELOADABLE))
        return fake_fail(host, HEARTH_EINVAL, "%s: %.*s is not reloadable", plugin_id, (int)len,
                         key_value);
    void *before = plugin->conf;
    add_override(plugin, key_value);
    hearth_status status = fake_conf_fill(host, plugin);
    if (status == HEARTH_OK && desc->check)
        status = desc->check(plugin->conf, host->error, sizeof(host->error));
    if (status != HEARTH_OK) {
        plugin->conf = before;
        free(plugin->overrides[--plugin->override_count]);
        return status;
    }
    for (uint32_t i = 0; i < host->loops; i++) {
        plugin->loops[i].pub.conf = plugin->conf;
        uint32_t outside = fake_enter(host, i);
        if (HEARTH_HAS(desc, reconfigured) && desc->reconfigured)
            desc->reconfigured(&plugin->loops[i].pub);
        fake_leave(host, outside);
    }
    hearth_test_pump(host);
    return HEARTH_OK;
}

/* ---- destroy -------------------------------------------------------------------------------- */

static void plugin_destroy(fake_plugin *plugin)
{
    for (size_t i = 0; i < plugin->override_count; i++)
        free(plugin->overrides[i]);
    free(plugin->overrides);
    fake_conf_free(plugin);
    free(plugin->provides);
    free(plugin->loops);
    free(plugin);
}

static void free_lists(hearth_test_host *host)
{
    while (host->polls) {
        hearth_poll *watch = host->polls;
        host->polls = watch->next;
        free(watch);
    }
    while (host->arenas) {
        hearth_arena *arena = host->arenas;
        host->arenas = arena->next;
        fake_arena_destroy(arena);
    }
    while (host->reports) {
        fake_report *report = host->reports;
        host->reports = report->next;
        free(report->component);
        free(report->reason);
        free(report);
    }
    while (host->work_first) {
        fake_work *work = host->work_first;
        host->work_first = work->next;
        free(work);
    }
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void hearth_test_destroy(hearth_test_host *host)
{
    if (!host)
        return;
    hearth_status status = hearth_test_stop(host);
    if (status != HEARTH_OK)
        fprintf(stderr, "hearth test host: %s\n", host->error);
    fake_tasks_finish(host);
    fake_calls_finish(host);
    fake_command_finish(host);
    fake_client_finish(host);
    fake_trace_finish(host);
    fake_metrics_finish(host);
    fake_log_finish(host);
    fake_timers_end(host, NULL);
    free_lists(host);
    while (host->plugins) {
        fake_plugin *plugin = host->plugins;
        host->plugins = plugin->next;
        plugin_destroy(plugin);
    }
    plugin_destroy(host->own);
    if (host->own_data_dir)
        nftw(host->data_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(host->data_dir);
    free(host->routes);
    free(host->hooks);
    free(host->rolls);
    free(host->as_user);
    free(host->as_scope);
    close(host->wake_fd);
    pthread_cond_destroy(&host->task_ready);
    pthread_mutex_destroy(&host->lock);
    free(host);
}
