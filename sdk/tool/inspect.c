/*
 * inspect.c - `hearth inspect ID|FILE`: what a plugin says of itself. The manifest is read from the
 * file without running it; only a plugin that this SDK can load is then opened for its tables.
 */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf.h"
#include "host/config.h"
#include "plugin/load.h"
#include "plugin/manifest.h"

#define MAX_TEXT ((size_t)4 << 20)

static const char *access_name(const hearth_route *route)
{
    static const char *const names[] = {"public", "bearer", "scope", "bearer optional"};
    return names[(size_t)route->access < HEARTH_COUNT(names) ? (size_t)route->access : 0];
}

static const char *phase_name(hearth_phase phase)
{
    static const char *const names[] = {"", "identify", "limit", "reply", "log"};
    return names[(size_t)phase < HEARTH_COUNT(names) ? (size_t)phase : 0];
}

static const char *kind_name(hearth_metric_kind kind)
{
    static const char *const names[] = {"", "counter", "gauge", "histogram"};
    return names[(size_t)kind < HEARTH_COUNT(names) ? (size_t)kind : 0];
}

static conf_schema schema_of(const hearth_plugin *item)
{
    return (conf_schema){item->desc.head.config, sizeof(hearth_conf_field),
                         item->desc.head.config_size, NULL};
}

/* ---- text ----------------------------------------------------------------------------------- */

static void heading(const char *title, size_t count)
{
    if (count > 0)
        printf("\n%s\n", title);
}

static void print_services(const plugin_desc *desc)
{
    heading("Provides", desc->provide_count);
    for (size_t i = 0; i < desc->provide_count; i++)
        printf("  %s\n", desc->head.provides[i].id);
    heading("Uses", desc->use_count);
    for (size_t i = 0; i < desc->use_count; i++)
        printf("  %-28s %s\n", desc->head.uses[i].id,
               desc->head.uses[i].flags & HEARTH_OPTIONAL ? "optional" : "required");
}

static void print_routes(const plugin_desc *desc)
{
    heading("Routes", desc->route_count);
    for (size_t i = 0; i < desc->route_count; i++) {
        const hearth_route *route = &desc->head.routes[i];
        printf("  %-7s %-40s %s%s%s\n          %s\n", route->method, route->path,
               access_name(route), route->scope ? " " : "", route->scope ? route->scope : "",
               route->help ? route->help : "");
    }
    heading("Hooks", desc->hook_count);
    for (size_t i = 0; i < desc->hook_count; i++)
        printf("  %-10s order %d\n", phase_name(desc->head.hooks[i].phase),
               desc->head.hooks[i].order);
}

static void print_rest(const plugin_desc *desc)
{
    heading("Metrics", desc->metric_count);
    for (size_t i = 0; i < desc->metric_count; i++) {
        const hearth_metric *metric = &desc->head.metrics[i];
        printf("  %-44s %-10s %s%s%s\n          %s\n", metric->name, kind_name(metric->kind),
               metric->labels ? "{" : "", metric->labels ? metric->labels : "",
               metric->labels ? "}" : "", metric->help);
    }
    heading("Subcommands of hearth", desc->command_count);
    for (size_t i = 0; i < desc->command_count; i++) {
        const hearth_command *command = &desc->head.commands[i];
        printf("  %s %s\n          %s\n", command->name, command->usage ? command->usage : "",
               command->help);
    }
}

static int print_conf(const conf_schema *schema)
{
    hearth_buf text;
    buf_init(&text, MAX_TEXT);
    hearth_status status = conf_print_text(schema, &text);
    if (status == HEARTH_OK && text.len > 0)
        printf("\nConfiguration\n%" HEARTH_PRIS, HEARTH_ARG(buf_str(&text)));
    buf_finish(&text);
    return status == HEARTH_OK ? TOOL_OK : tool_fail(TOOL_FAILED, "the table of keys is too long");
}

static int print_text(const hearth_plugin *item)
{
    printf("%s %s, built for SDK %u.%u\n", item->id, item->manifest.version,
           item->manifest.abi_major, item->manifest.abi_minor);
    if (item->desc.head.summary)
        printf("%s\n", item->desc.head.summary);
    print_services(&item->desc);
    print_routes(&item->desc);
    print_rest(&item->desc);
    conf_schema schema = schema_of(item);
    return print_conf(&schema);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void optional_member(hearth_json_writer *w, const char *key, const char *value)
{
    json_put_key(w, str_from(key));
    if (value)
        json_put_string(w, str_from(value));
    else
        json_put_null(w);
}

static void write_services(const plugin_desc *desc, hearth_json_writer *w)
{
    json_put_key(w, HEARTH_STR("provides"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->provide_count; i++)
        json_put_string(w, str_from(desc->head.provides[i].id));
    json_end_array(w);
    json_put_key(w, HEARTH_STR("uses"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->use_count; i++) {
        json_begin_object(w);
        optional_member(w, "id", desc->head.uses[i].id);
        json_member_boolean(w, "required", !(desc->head.uses[i].flags & HEARTH_OPTIONAL));
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_routes(const plugin_desc *desc, hearth_json_writer *w)
{
    json_put_key(w, HEARTH_STR("routes"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->route_count; i++) {
        const hearth_route *route = &desc->head.routes[i];
        json_begin_object(w);
        optional_member(w, "method", route->method);
        optional_member(w, "path", route->path);
        optional_member(w, "access", access_name(route));
        optional_member(w, "scope", route->scope);
        json_member_integer(w, "maxBody", route->max_body);
        json_member_integer(w, "timeoutMs", route->timeout_ms);
        optional_member(w, "help", route->help);
        json_end_object(w);
    }
    json_end_array(w);
    json_put_key(w, HEARTH_STR("hooks"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->hook_count; i++) {
        json_begin_object(w);
        optional_member(w, "phase", phase_name(desc->head.hooks[i].phase));
        json_member_integer(w, "order", desc->head.hooks[i].order);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_rest(const plugin_desc *desc, hearth_json_writer *w)
{
    json_put_key(w, HEARTH_STR("metrics"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->metric_count; i++) {
        const hearth_metric *metric = &desc->head.metrics[i];
        json_begin_object(w);
        optional_member(w, "name", metric->name);
        optional_member(w, "kind", kind_name(metric->kind));
        optional_member(w, "unit", metric->unit);
        optional_member(w, "labels", metric->labels);
        optional_member(w, "help", metric->help);
        json_end_object(w);
    }
    json_end_array(w);
    json_put_key(w, HEARTH_STR("commands"));
    json_begin_array(w);
    for (size_t i = 0; i < desc->command_count; i++) {
        json_begin_object(w);
        optional_member(w, "name", desc->head.commands[i].name);
        optional_member(w, "usage", desc->head.commands[i].usage);
        optional_member(w, "help", desc->head.commands[i].help);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_plugin(const hearth_plugin *item, hearth_json_writer *w)
{
    json_begin_object(w);
    optional_member(w, "id", item->id);
    optional_member(w, "version", item->manifest.version);
    optional_member(w, "file", item->path);
    json_put_key(w, HEARTH_STR("sdk"));
    json_begin_object(w);
    json_member_integer(w, "major", item->manifest.abi_major);
    json_member_integer(w, "minor", item->manifest.abi_minor);
    json_end_object(w);
    optional_member(w, "summary", item->desc.head.summary);
    write_services(&item->desc, w);
    write_routes(&item->desc, w);
    write_rest(&item->desc, w);
    json_put_key(w, HEARTH_STR("config"));
    conf_schema schema = schema_of(item);
    conf_print_json(&schema, w);
    json_end_object(w);
}

static int print_json(const hearth_plugin *item)
{
    hearth_buf text;
    hearth_json_writer w;
    buf_init(&text, MAX_TEXT);
    json_writer_init(&w, &text);
    if (item)
        write_plugin(item, &w);
    else
        conf_print_json(&settings_schema, &w);
    hearth_status status = json_finish(&w, NULL);
    if (status == HEARTH_OK)
        printf("%" HEARTH_PRIS "\n", HEARTH_ARG(buf_str(&text)));
    buf_finish(&text);
    return status == HEARTH_OK ? TOOL_OK : tool_fail(TOOL_FAILED, "what it says is no valid text");
}

/* ---- finding it ----------------------------------------------------------------------------- */

/* An id is looked for among the plugins of the configuration; anything with a slash is a file. */
static int find_file(const tool *t, char path[TOOL_PATH])
{
    const char *name = t->args[0];
    if (strchr(name, '/') || str_ends_with(str_from(name), HEARTH_STR(".so")))
        return tool_path(path, "%s", name) ? TOOL_OK : TOOL_FAILED;
    if (!manifest_id_is_valid(name))
        return tool_fail(TOOL_USAGE, "%s: expected a plugin's id of [a-z0-9.-], or a file", name);
    host_config *config = config_read(t->options);
    if (!config)
        return tool_fail(TOOL_FAILED, "out of memory");
    int status = TOOL_OK;
    if (!config->settings)
        status = tool_fail(TOOL_USAGE, "%s",
                           config->errors.count > 0 ? config->errors.lines[0] : "no configuration");
    else if (!tool_path(path, "%s/%s.so", config_plugin_dir(config), name))
        status = TOOL_FAILED;
    config_destroy(config);
    return status;
}

int tool_inspect(const tool *t)
{
    if (strcmp(t->args[0], "hearthd") == 0)
        return t->json ? print_json(NULL) : print_conf(&settings_schema);
    char path[TOOL_PATH];
    int result = find_file(t, path);
    if (result != TOOL_OK)
        return result;
    hearth_error error;
    hearth_manifest manifest;
    error_clear(&error);
    hearth_status status = manifest_read_file(path, &manifest, &error);
    plugin_set set;
    plugin_set_init(&set);
    if (status == HEARTH_OK)
        status = plugin_load_file(&set, path, &error);
    if (status != HEARTH_OK)
        result = tool_fail(TOOL_FAILED, "%s", error.text);
    else
        result = t->json ? print_json(set.items[0]) : print_text(set.items[0]);
    plugin_set_finish(&set);
    return result;
}
