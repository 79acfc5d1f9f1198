/*
 * config.h - one configuration, whole and checked: the host's settings and every plugin's struct.
 * It is never changed once made. A reload makes another; older ones stay until the process ends,
 * because a plugin may still look at them.
 */
#ifndef HEARTH_HOST_CONFIG_H
#define HEARTH_HOST_CONFIG_H

#include "host/host.h"
#include "host/settings.h"
#include "plugin/registry.h"

/* A file of plugins.d/ (or of plugins.available/, by --with). */
typedef struct host_plugin_file {
    const char *id;      /* the file's name without .yaml */
    const conf_doc *doc; /* NULL: --with, and no file of that name */
} host_plugin_file;

typedef struct host_config {
    hearth_arena arena;
    struct host_config *older;
    conf_errors errors;
    conf_overrides overrides;
    const conf_doc *doc;
    const host_settings *settings;
    const host_listen *listen; /* the file's, or the command line's */
    size_t listen_count;
    host_plugin_file plugins[PLUGIN_MAX];
    size_t plugin_count;
    const struct http_options *http; /* made from the settings, on first use */
    const void *confs[PLUGIN_MAX];   /* by index in the set; NULL where a plugin has no keys */
} host_config;

/*
 * Reads hearth.yaml and the list of plugins, with the command line's overrides. Never NULL but for
 * lack of memory; look at errors.count.
 */
host_config *config_read(const host_options *options);

/* Fills every plugin's struct and asks the plugin's check. The set is resolved. Then look at
 * errors.count. */
void config_fill(host_config *config, const plugin_set *set);

/* The choices of `services`. */
size_t config_choices(const host_config *config, plugin_choice *out, size_t max);

/* Frees this and all older ones. */
void config_destroy(host_config *config);

/* plugin_dir, or the one beside the program: ../plugins of its folder, else ../lib/hearth. */
const char *config_plugin_dir(host_config *config);

/* Why `next` cannot replace `config` while the process runs: EINVAL names the key. */
HEARTH_MUST_CHECK hearth_status config_check_reload(const host_config *config,
                                                    const host_config *next, const plugin_set *set,
                                                    hearth_error *error);

#endif
