/*
 * desc.c - what the tables of a descriptor must say: the rules by which the real host refuses a
 * plugin before it runs. Defaults are tried at start, routes when they are asked for.
 */
#include "fake.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One judgement: the first problem is kept. */
typedef struct judge {
    const hearth_plugin_desc *desc;
    char *problem;
    size_t size;
} judge;

static bool refuse(const judge *j, const char *fmt, ...) HEARTH_PRINTF(2, 3);
static bool refuse(const judge *j, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = snprintf(j->problem, j->size, "%s: ", j->desc->id);
    if (len > 0 && (size_t)len < j->size)
        (void)vsnprintf(j->problem + len, j->size - (size_t)len, fmt, args);
    va_end(args);
    return false;
}

/* Row number i of a table whose rows are `size` bytes in the plugin. */
#define ROW(type_, table_, size_, i_)                                                              \
    ((const type_ *)(const void *)((const char *)(table_) + (i_) * (size_)))

static bool is_name(const char *text)
{
    return text && text[0] && !(text[0] >= '0' && text[0] <= '9') &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               strlen(text);
}

static bool is_service(const char *id)
{
    size_t name = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    const char *number = id + name + 1;
    return name > 0 && id[name] == '/' && *number && strspn(number, "0123456789") == strlen(number);
}

static bool check_services(const judge *j)
{
    const hearth_plugin_desc *desc = j->desc;
    for (size_t i = 0; desc->uses; i++) {
        const hearth_use *use = ROW(hearth_use, desc->uses, desc->use_size, i);
        if (!use->id)
            break;
        if (!is_service(use->id) || use->flags > HEARTH_OPTIONAL)
            return refuse(j, "uses[%zu]: expected an id like hearth.storage/1 and a known flag", i);
    }
    for (size_t i = 0; desc->provides; i++) {
        const hearth_provide *row = ROW(hearth_provide, desc->provides, desc->provide_size, i);
        if (!row->id)
            break;
        if (!is_service(row->id) || !row->table || *(const uint32_t *)row->table < sizeof(uint32_t))
            return refuse(j,
                          "provides[%zu]: expected an id like hearth.storage/1 and a table that "
                          "starts with its struct_size",
                          i);
        if (fake_is_interface(row->id))
            return refuse(j, "provides %s, which is the host's own", row->id);
    }
    return true;
}

/* ---- configuration ---- */

static size_t value_size(hearth_conf_type type)
{
    static const size_t sizes[] = {
        [HEARTH_CONF_STR] = sizeof(hearth_str),        [HEARTH_CONF_INT] = sizeof(int64_t),
        [HEARTH_CONF_BOOL] = sizeof(uint32_t),         [HEARTH_CONF_DURATION] = sizeof(int64_t),
        [HEARTH_CONF_SIZE] = sizeof(int64_t),          [HEARTH_CONF_ENUM] = sizeof(uint32_t),
        [HEARTH_CONF_LIST] = sizeof(hearth_conf_list), [HEARTH_CONF_MAP] = sizeof(hearth_conf_map)};
    return (size_t)type < sizeof(sizes) / sizeof(sizes[0]) ? sizes[type] : 0;
}

static const char *flaw_of_field(const hearth_plugin_desc *desc, const hearth_conf_field *field)
{
    const uint32_t known =
        HEARTH_CONF_REQUIRED | HEARTH_CONF_SECRET | HEARTH_CONF_RELOADABLE | HEARTH_CONF_PATH;
    size_t size = value_size(field->type);
    if (!is_name(field->key) || strlen(field->key) > 64 ||
        strpbrk(field->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") || !field->help || !field->help[0])
        return "expected a key of a-z, 0-9 and _, and its help";
    if (size == 0)
        return "expected a type of hearth_conf_type";
    if (field->offset > desc->config_size || size > desc->config_size - field->offset ||
        field->offset % (size == sizeof(uint32_t) ? 4 : 8) != 0)
        return "expected an offset inside the struct, found one outside or not aligned";
    if (field->flags & ~known)
        return "expected flags of HEARTH_CONF_*, found another";
    if (field->flags & (HEARTH_CONF_PATH | HEARTH_CONF_SECRET) && field->type != HEARTH_CONF_STR)
        return "expected a secret or path to be a text";
    if (field->flags & (HEARTH_CONF_REQUIRED | HEARTH_CONF_SECRET) && field->def)
        return "expected a required key or secret without a default";
    if (field->type == HEARTH_CONF_ENUM && (!field->choices || !field->choices[0]))
        return "expected choices, found none";
    return NULL;
}

static bool check_config(const judge *j)
{
    const hearth_plugin_desc *desc = j->desc;
    for (size_t i = 0; desc->config; i++) {
        const hearth_conf_field *field =
            ROW(hearth_conf_field, desc->config, desc->conf_field_size, i);
        if (!field->key)
            break;
        const char *flaw = flaw_of_field(desc, field);
        for (size_t k = 0; !flaw && k < i; k++) {
            const hearth_conf_field *other =
                ROW(hearth_conf_field, desc->config, desc->conf_field_size, k);
            if (strcmp(other->key, field->key) == 0)
                flaw = "expected each key once, found it a second time";
            else if (other->offset < field->offset + value_size(field->type) &&
                     field->offset < other->offset + value_size(other->type))
                flaw = "expected a place of its own in the struct, found another key's";
        }
        if (flaw)
            return refuse(j, "%s: %s", field->key, flaw);
    }
    return true;
}

/* ---- routes and hooks ---- */

/* Segments that are text, or one parameter whole. */
static bool is_pattern(const char *path)
{
    for (const char *at = path; *at == '/';) {
        size_t len = strcspn(++at, "/");
        bool parameter = len > 2 && at[0] == '{' && at[len - 1] == '}';
        if (strcspn(at + parameter, "{}/") < len - 2 * (size_t)parameter)
            return false;
        at += len;
    }
    return true;
}

static bool is_method(const char *method)
{
    static const char *const known[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(method, known[i]) == 0)
            return true;
    return false;
}

static bool check_routes(const judge *j)
{
    const hearth_plugin_desc *desc = j->desc;
    for (size_t i = 0; desc->routes; i++) {
        const hearth_route *row = ROW(hearth_route, desc->routes, desc->route_size, i);
        if (!row->method && !row->path && !row->handler)
            break;
        if (!row->method || !row->path || row->path[0] != '/' || !row->handler)
            return refuse(j, "routes[%zu]: expected a method, a path and a handler", i);
        if (!is_method(row->method))
            return refuse(j, "route %s %s: expected GET, POST, PUT, PATCH or DELETE", row->method,
                          row->path);
        if (!is_pattern(row->path))
            return refuse(j, "route %s %s: a parameter must be a whole segment, as {name}",
                          row->method, row->path);
        if (row->access > HEARTH_BEARER_OPTIONAL || row->affinity > HEARTH_AFFINITY_USER ||
            (row->access == HEARTH_SCOPE) != (row->scope && row->scope[0]) ||
            (row->affinity == HEARTH_AFFINITY_USER && row->access == HEARTH_PUBLIC))
            return refuse(j,
                          "route %s %s: expected a known access and affinity that go together, and "
                          "a scope with HEARTH_SCOPE only",
                          row->method, row->path);
    }
    for (size_t i = 0; desc->hooks; i++) {
        const hearth_hook *row = ROW(hearth_hook, desc->hooks, desc->hook_size, i);
        if (row->phase == HEARTH_PHASE_END && !row->handler)
            break;
        if (row->phase == HEARTH_PHASE_END || row->phase > HEARTH_PHASE_LOG || !row->handler)
            return refuse(j, "hooks[%zu]: expected a known phase and a handler", i);
    }
    return true;
}

/* ---- metrics and commands ---- */

static bool labels_are_good(const hearth_metric *row)
{
    char names[4][64], text[256];
    size_t count = 0;
    if ((size_t)snprintf(text, sizeof(text), "%s", row->labels ? row->labels : "") >= sizeof(text))
        return false;
    for (char *at = text; *at;) {
        size_t len = strcspn(at, " ");
        bool last = at[len] == '\0';
        at[len] = '\0';
        if (count == 4 || len >= sizeof(names[0]) || !is_name(at) ||
            (row->kind == HEARTH_HISTOGRAM && strcmp(at, "le") == 0))
            return false;
        for (size_t i = 0; i < count; i++)
            if (strcmp(names[i], at) == 0)
                return false;
        memcpy(names[count++], at, len + 1);
        at += len + !last;
    }
    return true;
}

static bool check_metrics(const judge *j)
{
    const hearth_plugin_desc *desc = j->desc;
    for (size_t i = 0; desc->metrics; i++) {
        const hearth_metric *row = ROW(hearth_metric, desc->metrics, desc->metric_size, i);
        if (!row->name)
            break;
        bool histogram = row->kind == HEARTH_HISTOGRAM;
        bool good = is_name(row->name) && row->help && row->kind >= HEARTH_COUNTER &&
                    row->kind <= HEARTH_HISTOGRAM && histogram == (row->bucket_count > 0) &&
                    row->bucket_count <= 64 && (!histogram || row->buckets) && labels_are_good(row);
        for (size_t k = 0; good && k < row->bucket_count; k++)
            good = isfinite(row->buckets[k]) && (k == 0 || row->buckets[k] > row->buckets[k - 1]);
        for (size_t k = 0; good && k < i; k++)
            good = strcmp(ROW(hearth_metric, desc->metrics, desc->metric_size, k)->name,
                          row->name) != 0;
        if (!good)
            return refuse(j,
                          "metric %s: expected a name of its own, help, a known kind, at most 4 "
                          "different label names, and growing buckets for a histogram only",
                          row->name);
    }
    return true;
}

static bool check_commands(const judge *j)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const hearth_plugin_desc *desc = j->desc;
    for (size_t i = 0; desc->commands; i++) {
        const hearth_command *row = ROW(hearth_command, desc->commands, desc->command_size, i);
        if (!row->name)
            break;
        size_t first = strspn(row->name, letters);
        const char *second = row->name + first + (row->name[first] == ' ');
        bool one = first > 0 && row->name[0] != '-' && row->name[first] == '\0';
        bool two = first > 0 && row->name[0] != '-' && row->name[first] == ' ' && second[0] &&
                   second[0] != '-' && strspn(second, letters) == strlen(second);
        if ((!one && !two) || !row->help || !row->run)
            return refuse(j,
                          "commands[%zu]: expected a name of one or two words, help and a "
                          "function",
                          i);
    }
    return true;
}

bool fake_desc_is_good(const hearth_plugin_desc *desc, char *problem, size_t size)
{
    judge j = {desc, problem, size};
    return check_services(&j) && check_config(&j) && check_routes(&j) && check_metrics(&j) &&
           check_commands(&j);
}
