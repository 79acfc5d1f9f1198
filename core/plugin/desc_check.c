/* desc_check.c - the rules that rows of a descriptor obey. See desc_check.h. */
#include "plugin/desc_check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf.h"

/* "hearth.storage/1": words of [a-z0-9.-], a slash, a number. */
static bool service_id_is_valid(const char *id)
{
    size_t name = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    uint64_t major;
    return name > 0 && id[name] == '/' && str_parse_u64(str_from(id + name + 1), &major) &&
           strlen(id) < 128;
}

static bool identifier_is_valid(const char *name)
{
    return name[0] &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_") == strlen(name) &&
           !(name[0] >= '0' && name[0] <= '9');
}

static hearth_status check_services(const plugin_desc *desc, hearth_error *error)
{
    const char *who = desc->head.id;
    for (size_t i = 0; i < desc->use_count; i++) {
        const hearth_use *use = &desc->head.uses[i];
        if (!use->id || !service_id_is_valid(use->id) || use->flags > HEARTH_OPTIONAL)
            return error_set(error, HEARTH_EINVAL,
                             "%s: uses[%zu]: expected an id like hearth.storage/1 and a known flag",
                             who, i);
    }
    for (size_t i = 0; i < desc->provide_count; i++) {
        const hearth_provide *provide = &desc->head.provides[i];
        if (!provide->id || !service_id_is_valid(provide->id) || !provide->table)
            return error_set(error, HEARTH_EINVAL,
                             "%s: provides[%zu]: expected an id like hearth.storage/1 and a table",
                             who, i);
        if (*(const uint32_t *)provide->table < sizeof(uint32_t))
            return error_set(error, HEARTH_EINVAL,
                             "%s: provides %s: expected a table that starts with its struct_size",
                             who, provide->id);
    }
    return HEARTH_OK;
}

static hearth_status check_config(const plugin_desc *desc, hearth_error *error)
{
    const char *who = desc->head.id;
    for (size_t i = 0; i < desc->conf_count; i++) {
        const hearth_conf_field *field = &desc->head.config[i];
        if (!field->key || !identifier_is_valid(field->key) || !field->help)
            return error_set(error, HEARTH_EINVAL, "%s: config[%zu]: expected a key and its help",
                             who, i);
        size_t size = conf_value_size(field->type);
        if (size == 0 || field->offset > desc->head.config_size ||
            size > desc->head.config_size - field->offset || field->offset % 4 != 0)
            return error_set(error, HEARTH_EINVAL,
                             "%s: config `%s`: expected a known type and a place inside the %zu "
                             "bytes of the config struct",
                             who, field->key, desc->head.config_size);
        if (field->type == HEARTH_CONF_ENUM && !field->choices)
            return error_set(error, HEARTH_EINVAL, "%s: config `%s`: expected choices of the enum",
                             who, field->key);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(desc->head.config[k].key, field->key) == 0)
                return error_set(error, HEARTH_EINVAL, "%s: config `%s`: declared twice", who,
                                 field->key);
        }
    }
    return HEARTH_OK;
}

static hearth_status check_routes(const plugin_desc *desc, hearth_error *error)
{
    const char *who = desc->head.id;
    for (size_t i = 0; i < desc->route_count; i++) {
        const hearth_route *route = &desc->head.routes[i];
        if (!route->method || !route->path || route->path[0] != '/' || !route->handler)
            return error_set(error, HEARTH_EINVAL,
                             "%s: routes[%zu]: expected a method, a path and a handler", who, i);
        if (route->access > HEARTH_BEARER_OPTIONAL || route->affinity > HEARTH_AFFINITY_USER ||
            (route->access == HEARTH_SCOPE) != (route->scope && route->scope[0]))
            return error_set(error, HEARTH_EINVAL,
                             "%s: route %s %s: expected a known access and affinity, and a scope "
                             "with HEARTH_SCOPE only",
                             who, route->method, route->path);
        if (route->affinity == HEARTH_AFFINITY_USER && route->access == HEARTH_PUBLIC)
            return error_set(error, HEARTH_EINVAL,
                             "%s: route %s %s: affinity USER needs an access that identifies one",
                             who, route->method, route->path);
    }
    for (size_t i = 0; i < desc->hook_count; i++) {
        const hearth_hook *hook = &desc->head.hooks[i];
        if (hook->phase > HEARTH_PHASE_LOG || hook->phase == HEARTH_PHASE_END || !hook->handler)
            return error_set(error, HEARTH_EINVAL,
                             "%s: hooks[%zu]: expected a known phase and a handler", who, i);
    }
    return HEARTH_OK;
}

static hearth_status check_metric(const char *who, const hearth_metric *metric, hearth_error *error)
{
    if (!metric->name || !identifier_is_valid(metric->name) || !metric->help)
        return error_set(error, HEARTH_EINVAL, "%s: metric `%s`: expected a name and help", who,
                         metric->name ? metric->name : "");
    if (metric->kind < HEARTH_COUNTER || metric->kind > HEARTH_HISTOGRAM ||
        (metric->kind == HEARTH_HISTOGRAM) != (metric->bucket_count > 0) ||
        metric->bucket_count > 64 || (metric->bucket_count > 0 && !metric->buckets))
        return error_set(error, HEARTH_EINVAL,
                         "%s: metric `%s`: expected a known kind, and 1 to 64 buckets for a "
                         "histogram only",
                         who, metric->name);
    for (size_t i = 0; i < metric->bucket_count; i++) {
        if (!isfinite(metric->buckets[i]) ||
            (i > 0 && metric->buckets[i] <= metric->buckets[i - 1]))
            return error_set(error, HEARTH_EINVAL, "%s: metric `%s`: expected growing buckets", who,
                             metric->name);
    }
    return HEARTH_OK;
}

/* Names that Prometheus takes, each once; `le` is the histogram's own. */
static bool labels_are_valid(const hearth_metric *metric)
{
    hearth_str names[4], rest = str_from(metric->labels), part;
    size_t count = 0;
    while (str_split(&rest, ' ', &part)) {
        char name[64];
        if (count == 4 || part.len == 0 || part.len >= sizeof(name))
            return false;
        memcpy(name, part.ptr, part.len);
        name[part.len] = '\0';
        if (!identifier_is_valid(name) ||
            (metric->kind == HEARTH_HISTOGRAM && strcmp(name, "le") == 0))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (str_eq(names[i], part))
                return false;
        }
        names[count++] = part;
    }
    return true;
}

static hearth_status check_metrics(const plugin_desc *desc, hearth_error *error)
{
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && i < desc->metric_count; i++) {
        const hearth_metric *metric = &desc->head.metrics[i];
        status = check_metric(desc->head.id, metric, error);
        if (status == HEARTH_OK && !labels_are_valid(metric))
            status = error_set(error, HEARTH_EINVAL,
                               "%s: metric `%s`: expected at most 4 different label names of "
                               "letters, digits and _",
                               desc->head.id, metric->name);
    }
    return status;
}

/* One or two words of [a-z0-9-]. */
static bool command_is_valid(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t first = strspn(name, letters);
    if (first == 0 || name[0] == '-')
        return false;
    if (name[first] == '\0')
        return true;
    const char *second = name + first + 1;
    return name[first] == ' ' && second[0] && second[0] != '-' &&
           strspn(second, letters) == strlen(second);
}

static hearth_status check_commands(const plugin_desc *desc, hearth_error *error)
{
    for (size_t i = 0; i < desc->command_count; i++) {
        const hearth_command *command = &desc->head.commands[i];
        if (!command->name || !command_is_valid(command->name) || !command->help || !command->run)
            return error_set(error, HEARTH_EINVAL,
                             "%s: commands[%zu]: expected a name of one or two words, help and a "
                             "function",
                             desc->head.id, i);
    }
    return HEARTH_OK;
}

hearth_status plugin_desc_check(const plugin_desc *desc, hearth_error *error)
{
    hearth_status status = check_services(desc, error);
    if (status == HEARTH_OK)
        status = check_config(desc, error);
    if (status == HEARTH_OK)
        status = check_routes(desc, error);
    if (status == HEARTH_OK)
        status = check_metrics(desc, error);
    if (status == HEARTH_OK)
        status = check_commands(desc, error);
    return status;
}
