/*
 * plugins.c - `hearth plugins`: every plugin that could be enabled, those that are, which of them
 * runs, and who gives which service to whom.
 */
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "host/config.h"
#include "host/interfaces.h"
#include "plugin/graph.h"
#include "plugin/load.h"
#include "plugin/manifest.h"

typedef enum plugin_state { AVAILABLE, ENABLED, RUNNING } plugin_state;

static const char *const state_names[] = {"available", "enabled", "running"};

typedef struct listing {
    const tool *t;
    host_config *config;
    plugin_set set;
    char dir[TOOL_PATH];
    bool live; /* a hearthd runs on this data directory */
    struct timespec since;
    const char *problem; /* why the enabled plugins do not fit together, or NULL */
    hearth_error error;
} listing;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The live host has what was enabled when it started. */
static plugin_state state_of(const listing *l, const char *id)
{
    char path[TOOL_PATH];
    struct stat info;
    if (!l->live)
        return ENABLED;
    if (tool_path(path, "%s/plugins.d/%s.yaml", l->dir, id) && lstat(path, &info) == 0 &&
        S_ISLNK(info.st_mode) && info.st_mtim.tv_sec > l->since.tv_sec)
        return ENABLED;
    return RUNNING;
}

static bool is_enabled(const listing *l, const char *id)
{
    for (size_t i = 0; i < l->config->plugin_count; i++)
        if (strcmp(l->config->plugins[i].id, id) == 0)
            return true;
    return false;
}

static bool is_interface(const char *id)
{
    for (const plugin_interface *item = host_interfaces; item->id; item++)
        if (strcmp(item->id, id) == 0)
            return true;
    return false;
}

/* ---- the enabled ones ----------------------------------------------------------------------- */

static void load_enabled(listing *l)
{
    for (size_t i = 0; i < l->config->plugin_count; i++)
        if (plugin_load(&l->set, config_plugin_dir(l->config), l->config->plugins[i].id,
                        &l->error) != HEARTH_OK) {
            l->problem = l->error.text;
            return;
        }
    plugin_choice choices[PLUGIN_MAX];
    size_t count = config_choices(l->config, choices, PLUGIN_MAX);
    if (plugin_set_resolve(&l->set, host_interfaces, choices, count, &l->error) != HEARTH_OK)
        l->problem = l->error.text;
}

static void print_enabled(const listing *l, const hearth_plugin *item)
{
    printf("%-24s %-10s %-10s %s\n", item->id, item->manifest.version,
           state_names[state_of(l, item->id)],
           item->desc.head.summary ? item->desc.head.summary : "");
    for (size_t i = 0; i < item->desc.provide_count; i++)
        printf("  provides %s\n", item->desc.head.provides[i].id);
    for (size_t i = 0; i < item->desc.use_count; i++) {
        const plugin_binding *bound = item->bindings ? &item->bindings[i] : NULL;
        const char *id = item->desc.head.uses[i].id;
        if (is_interface(id))
            continue;
        if (bound && bound->provider)
            printf("  uses     %s from %s\n", id, bound->provider->id);
        else
            printf("  uses     %s (%s)\n", id,
                   item->desc.head.uses[i].flags & HEARTH_OPTIONAL ? "optional, not there"
                                                                   : "missing");
    }
}

static void write_strings(hearth_json_writer *w, const char *key, const hearth_plugin *item,
                          bool uses)
{
    json_put_key(w, str_from(key));
    json_begin_array(w);
    for (size_t i = 0; !uses && i < item->desc.provide_count; i++)
        json_put_string(w, str_from(item->desc.head.provides[i].id));
    for (size_t i = 0; uses && i < item->desc.use_count; i++) {
        const char *id = item->desc.head.uses[i].id;
        if (is_interface(id))
            continue;
        const plugin_binding *bound = item->bindings ? &item->bindings[i] : NULL;
        json_begin_object(w);
        json_member_string(w, "id", str_from(id));
        json_put_key(w, HEARTH_STR("provider"));
        if (bound && bound->provider)
            json_put_string(w, str_from(bound->provider->id));
        else
            json_put_null(w);
        json_end_object(w);
    }
    json_end_array(w);
}

/* ---- the others ----------------------------------------------------------------------------- */

typedef struct other {
    char id[64];
    char version[32];
    const char *remark; /* NULL: it could be enabled */
} other;

/* A file of plugins.available that is not enabled. Its plugin is not loaded, only its manifest. */
static bool describe_other(listing *l, const char *file, other *out)
{
    const char *name = base_name(file);
    size_t len = strlen(name);
    if (len < 6 || len - 5 >= sizeof(out->id))
        return false;
    memcpy(out->id, name, len - 5);
    out->id[len - 5] = '\0';
    if (is_enabled(l, out->id))
        return false;
    char path[TOOL_PATH];
    hearth_manifest manifest;
    hearth_error error;
    error_clear(&error);
    out->remark = NULL;
    strcpy(out->version, "-");
    if (!tool_path(path, "%s/%s.so", config_plugin_dir(l->config), out->id))
        return false;
    if (manifest_read_file(path, &manifest, &error) != HEARTH_OK)
        out->remark = "its shared object is missing or damaged";
    else
        snprintf(out->version, sizeof(out->version), "%.31s", manifest.version);
    if (!out->remark && manifest_check_abi(&manifest, &error) != HEARTH_OK)
        out->remark = "built for another SDK";
    return true;
}

/* ---- both forms ----------------------------------------------------------------------------- */

static void print_listing(listing *l, hearth_conf_list available)
{
    if (l->live)
        printf("A hearthd runs on %s.\n\n", l->config->settings->data_dir.ptr);
    for (size_t i = 0; i < l->set.count; i++)
        print_enabled(l, l->set.items[i]);
    for (size_t i = 0; i < available.count; i++) {
        other item;
        if (describe_other(l, available.items[i].ptr, &item))
            printf("%-24s %-10s %-10s %s\n", item.id, item.version, state_names[AVAILABLE],
                   item.remark ? item.remark : "");
    }
}

static int write_listing(listing *l, hearth_conf_list available)
{
    hearth_buf text;
    hearth_json_writer w;
    buf_init(&text, (size_t)4 << 20);
    json_writer_init(&w, &text);
    json_begin_array(&w);
    for (size_t i = 0; i < l->set.count; i++) {
        const hearth_plugin *item = l->set.items[i];
        json_begin_object(&w);
        json_member_string(&w, "id", str_from(item->id));
        json_member_string(&w, "version", str_from(item->manifest.version));
        json_member_string(&w, "state", str_from(state_names[state_of(l, item->id)]));
        write_strings(&w, "provides", item, false);
        write_strings(&w, "uses", item, true);
        json_end_object(&w);
    }
    for (size_t i = 0; i < available.count; i++) {
        other item;
        if (!describe_other(l, available.items[i].ptr, &item))
            continue;
        json_begin_object(&w);
        json_member_string(&w, "id", str_from(item.id));
        json_member_string(&w, "version", str_from(item.version));
        json_member_string(&w, "state", str_from(state_names[AVAILABLE]));
        json_end_object(&w);
    }
    json_end_array(&w);
    hearth_status status = json_finish(&w, NULL);
    if (status == HEARTH_OK)
        printf("%" HEARTH_PRIS "\n", HEARTH_ARG(buf_str(&text)));
    buf_finish(&text);
    return status == HEARTH_OK ? TOOL_OK : tool_fail(TOOL_FAILED, "the list is too long");
}

static int list(listing *l)
{
    const char *data_dir = l->config->settings->data_dir.ptr;
    char socket[TOOL_PATH];
    struct stat info;
    l->live = tool_host_runs(data_dir) && tool_path(socket, "%s/" CONTROL_SOCKET, data_dir) &&
              stat(socket, &info) == 0;
    if (l->live)
        l->since = info.st_mtim;
    load_enabled(l);
    hearth_conf_list available =
        conf_glob(&l->config->arena, l->config->doc->directory, "plugins.available/*.yaml",
                  (conf_place){"plugins.available", 0, 0}, &l->config->errors);
    int status = TOOL_OK;
    if (l->t->json)
        status = write_listing(l, available);
    else
        print_listing(l, available);
    return l->problem ? tool_fail(TOOL_USAGE, "%s", l->problem) : status;
}

int tool_plugins(const tool *t)
{
    listing l = {.t = t};
    error_clear(&l.error);
    if (!tool_config_dir(t, l.dir))
        return TOOL_FAILED;
    l.config = config_read(t->options);
    if (!l.config)
        return tool_fail(TOOL_FAILED, "out of memory");
    plugin_set_init(&l.set);
    int status;
    if (l.config->errors.count > 0 || !l.config->settings)
        status = tool_fail(TOOL_USAGE, "%s",
                           l.config->errors.count > 0 ? l.config->errors.lines[0] : "no settings");
    else
        status = list(&l);
    plugin_set_finish(&l.set);
    config_destroy(l.config);
    return status;
}
