/* config.c - see config.h. */
#include "host/config.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "net/address.h"
#include "plugin/lifecycle.h"
#include "plugin/manifest.h"

#define CONFIG_CEILING (64u * 1024 * 1024)

static bool is_listed(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ids[i], id) == 0)
            return true;
    }
    return false;
}

static void add_plugin(host_config *config, const char *id, const conf_doc *doc, conf_place place)
{
    if (!manifest_id_is_valid(id)) {
        conf_errors_add(&config->errors, place, NULL,
                        "expected a plugin's id of [a-z0-9.-] as the file's name, found %s", id);
        return;
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        if (strcmp(config->plugins[i].id, id) == 0) {
            conf_errors_add(&config->errors, place, NULL, "plugin %s is enabled twice", id);
            return;
        }
    }
    if (config->plugin_count == PLUGIN_MAX) {
        conf_errors_add(&config->errors, place, NULL, "expected at most %d plugins", PLUGIN_MAX);
        return;
    }
    config->plugins[config->plugin_count++] = (host_plugin_file){id, doc};
}

/* "etc/plugins.d/auth.yaml" -> "auth", NULL: not a .yaml file. */
static const char *id_of(host_config *config, hearth_str path)
{
    const char *name = strrchr(path.ptr, '/');
    hearth_str base = str_from(name ? name + 1 : path.ptr);
    if (!str_ends_with(base, HEARTH_STR(".yaml")))
        return NULL;
    return arena_dup(&config->arena, base.ptr, base.len - 5);
}

/* Which of --without there is a file for. */
static void note_left_out(const host_options *options, const char *id, bool *left_out)
{
    for (size_t i = 0; id && i < options->without_count; i++)
        left_out[i] = left_out[i] || strcmp(options->without[i], id) == 0;
}

static void include_files(host_config *config, const host_options *options, bool *left_out)
{
    const hearth_conf_list *include = &config->settings->include;
    for (size_t i = 0; i < include->count; i++) {
        conf_place place = conf_locate(config->doc, "include");
        hearth_conf_list files = conf_glob(&config->arena, config->doc->directory,
                                           include->items[i].ptr, place, &config->errors);
        for (size_t k = 0; k < files.count; k++) {
            const char *id = id_of(config, files.items[k]);
            note_left_out(options, id, left_out);
            if (!id || is_listed(options->without, options->without_count, id) ||
                is_listed(options->with, options->with_count, id))
                continue;
            const conf_doc *doc =
                conf_read_link(&config->arena, files.items[k].ptr, &config->errors);
            if (doc)
                add_plugin(config, id, doc, (conf_place){doc->file, 0, 0});
        }
    }
}

/* The file of plugins.d/ or plugins.available/ that configures a plugin, NULL: there is none. */
static const char *find_file(host_config *config, const char *id)
{
    static const char *const folders[] = {"plugins.d", "plugins.available"};
    for (size_t i = 0; i < HEARTH_COUNT(folders) && manifest_id_is_valid(id); i++) {
        const char *path =
            arena_printf(&config->arena, "%s/%s/%s.yaml", config->doc->directory, folders[i], id);
        if (path && access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

static void add_with(host_config *config, const host_options *options)
{
    for (size_t i = 0; i < options->with_count; i++) {
        const char *id = options->with[i];
        if (is_listed(options->with, i, id) ||
            is_listed(options->without, options->without_count, id))
            continue;
        const char *path = find_file(config, id);
        const conf_doc *doc = path ? conf_read_link(&config->arena, path, &config->errors) : NULL;
        add_plugin(config, arena_dup(&config->arena, id, strlen(id)), doc,
                   (conf_place){"--with", 0, 0});
    }
}

/* Leaving out what is there but not enabled is fine; a name that nothing has is a slip. */
static void check_without(host_config *config, const host_options *options, const bool *left_out)
{
    const char *enabled = "";
    for (size_t i = 0; enabled && i < config->plugin_count; i++)
        enabled = arena_printf(&config->arena, "%s%s%s", enabled, i > 0 ? ", " : "",
                               config->plugins[i].id);
    for (size_t i = 0; i < options->without_count; i++) {
        const char *id = options->without[i];
        if (!left_out[i] && !is_listed(options->with, options->with_count, id) &&
            !find_file(config, id))
            conf_errors_add(&config->errors, (conf_place){"--without", 0, 0}, NULL,
                            "expected the id of a plugin, found %s; enabled are: %s", id,
                            enabled ? enabled : "");
    }
}

/* The command line's addresses replace the file's, which replace the one address that is safe. */
static void choose_listeners(host_config *config, const host_options *options)
{
    size_t count = options->listen_count;
    config->listen = config->settings->listen.items;
    config->listen_count = config->settings->listen.count;
    if (count == 0 && config->listen_count > 0)
        return;
    host_listen *items = arena_calloc(&config->arena, count + 1, sizeof(*items));
    if (!items)
        return;
    items[0].address = HEARTH_STR("127.0.0.1:8080");
    for (size_t i = 0; i < count; i++)
        items[i].address = str_from(options->listen[i]);
    config->listen = items;
    config->listen_count = count > 0 ? count : 1;
}

static bool addresses_are_equal(const hearth_address *a, const hearth_address *b)
{
    hearth_ip one = address_ip(a), two = address_ip(b);
    return address_port(a) == address_port(b) && memcmp(&one, &two, sizeof(one)) == 0;
}

static void check_addresses(host_config *config, const host_options *options)
{
    conf_place place = options->listen_count > 0 ? (conf_place){"--listen", 0, 0}
                                                 : conf_locate(config->doc, "listen");
    for (size_t i = 0; i < config->listen_count; i++) {
        hearth_str text = config->listen[i].address;
        hearth_address address, other;
        hearth_error why;
        if (address_parse(text, &address, &why) != HEARTH_OK) {
            conf_errors_add(&config->errors, place, "listen", "%s", why.text);
            continue;
        }
        for (size_t k = 0; k < i; k++) {
            if (address_parse(config->listen[k].address, &other, &why) == HEARTH_OK &&
                address_port(&address) != 0 && addresses_are_equal(&address, &other))
                conf_errors_add(&config->errors, place, "listen",
                                "%" HEARTH_PRIS ": expected each address once, found it again as "
                                "%" HEARTH_PRIS,
                                HEARTH_ARG(config->listen[k].address), HEARTH_ARG(text));
        }
    }
}

host_config *config_read(const host_options *options)
{
    host_config *config = calloc(1, sizeof(*config));
    if (!config)
        return NULL;
    arena_init(&config->arena, NULL, CONFIG_CEILING);
    conf_errors_init(&config->errors, &config->arena);
    for (size_t i = 0; i < options->override_count; i++)
        (void)conf_overrides_add(&config->overrides, &config->arena, options->overrides[i],
                                 &config->errors);
    config->doc = conf_read(&config->arena, options->config, &config->errors);
    if (!config->doc || config->errors.count > 0)
        return config;
    conf_source source = {config->doc, "", &config->overrides};
    config->settings = conf_fill(&config->arena, &settings_schema, &source, &config->errors);
    if (!config->settings)
        return config;
    settings_check(config->settings, config->doc, &config->errors);
    choose_listeners(config, options);
    check_addresses(config, options);
    bool left_out[HOST_MAX_OVERRIDES] = {false};
    include_files(config, options, left_out);
    add_with(config, options);
    check_without(config, options, left_out);
    return config;
}

static conf_schema schema_of(const hearth_plugin *item)
{
    return (conf_schema){item->desc.head.config, sizeof(hearth_conf_field),
                         item->desc.head.config_size, NULL};
}

static const conf_doc *doc_of(const host_config *config, const char *id)
{
    for (size_t i = 0; i < config->plugin_count; i++) {
        if (strcmp(config->plugins[i].id, id) == 0)
            return config->plugins[i].doc;
    }
    return NULL;
}

void config_fill(host_config *config, const plugin_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const hearth_plugin *item = set->items[i];
        conf_schema schema = schema_of(item);
        conf_source source = {doc_of(config, item->id), item->id, &config->overrides};
        if (!conf_schema_check(&schema, item->id, &config->errors))
            continue;
        config->confs[i] = conf_fill(&config->arena, &schema, &source, &config->errors);
        hearth_error why;
        if (config->confs[i] && plugin_check(item, config->confs[i], &why) != HEARTH_OK)
            conf_errors_add(&config->errors,
                            (conf_place){source.doc ? source.doc->file : item->id, 0, 0}, NULL,
                            "%s", why.text);
    }
    conf_overrides_finish(&config->overrides, &config->errors);
}

size_t config_choices(const host_config *config, plugin_choice *out, size_t max)
{
    const hearth_conf_map *services = &config->settings->services;
    size_t count = services->count < max ? services->count : max;
    for (size_t i = 0; i < count; i++)
        out[i] = (plugin_choice){services->items[i].key, services->items[i].value};
    return count;
}

void config_destroy(host_config *config)
{
    while (config) {
        host_config *older = config->older;
        arena_finish(&config->arena);
        free(config);
        config = older;
    }
}

const char *config_plugin_dir(host_config *config)
{
    if (config->settings->plugin_dir.len > 0)
        return config->settings->plugin_dir.ptr;
    char program[4096];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0)
        return "plugins";
    program[len] = '\0';
    const char *folder = dirname(program);
    const char *built = arena_printf(&config->arena, "%s/../plugins", folder);
    if (built && access(built, X_OK) == 0)
        return built;
    const char *installed = arena_printf(&config->arena, "%s/../lib/hearth/plugins", folder);
    return installed ? installed : "plugins";
}

typedef struct reload {
    const char *section;
    hearth_error *error;
    hearth_status status;
} reload;

static void on_change(void *arg, const char *key, bool reloadable)
{
    reload *r = arg;
    if (!reloadable && r->status == HEARTH_OK)
        r->status = error_set(r->error, HEARTH_EINVAL, "%s%s%s cannot change without a restart",
                              r->section, r->section[0] ? "." : "", key);
}

static hearth_status check_same_plugins(const host_config *config, const host_config *next,
                                        hearth_error *error)
{
    for (size_t i = 0; i < next->plugin_count; i++) {
        const char *id = next->plugins[i].id;
        bool known = false;
        for (size_t k = 0; k < config->plugin_count; k++)
            known = known || strcmp(config->plugins[k].id, id) == 0;
        if (!known)
            return error_set(error, HEARTH_EINVAL, "plugin %s was enabled: this needs a restart",
                             id);
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        const char *id = config->plugins[i].id;
        bool kept = false;
        for (size_t k = 0; k < next->plugin_count; k++)
            kept = kept || strcmp(next->plugins[k].id, id) == 0;
        if (!kept)
            return error_set(error, HEARTH_EINVAL, "plugin %s was disabled: this needs a restart",
                             id);
    }
    return HEARTH_OK;
}

/* Listeners may get other certificates, but no listener comes, goes or moves. */
static hearth_status check_same_listeners(const host_config *config, const host_config *next,
                                          hearth_error *error)
{
    bool same = config->listen_count == next->listen_count;
    for (size_t i = 0; same && i < next->listen_count; i++) {
        const host_listen *a = &config->listen[i], *b = &next->listen[i];
        same = str_eq(a->address, b->address) &&
               (a->tls_certificate.len == 0) == (b->tls_certificate.len == 0);
    }
    if (!same)
        return error_set(error, HEARTH_EINVAL, "listen cannot change without a restart");
    return HEARTH_OK;
}

hearth_status config_check_reload(const host_config *config, const host_config *next,
                                  const plugin_set *set, hearth_error *error)
{
    hearth_status status = check_same_plugins(config, next, error);
    if (status == HEARTH_OK)
        status = check_same_listeners(config, next, error);
    reload r = {"", error, status};
    if (r.status == HEARTH_OK)
        conf_diff(&settings_schema, config->settings, next->settings, on_change, &r);
    for (size_t i = 0; r.status == HEARTH_OK && i < set->count; i++) {
        conf_schema schema = schema_of(set->items[i]);
        r.section = set->items[i]->id;
        if (config->confs[i] && next->confs[i])
            conf_diff(&schema, config->confs[i], next->confs[i], on_change, &r);
    }
    return r.status;
}
