/*
 * value.c - one value of a field: from the text of an operator to the type of the table.
 * Every refusal says what the field takes and what was found; a secret's text is never shown.
 */
#include "conf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct unit {
    hearth_str name;
    int64_t factor;
} unit;

static const unit durations[] = {
    {{"ms", 2}, 1}, {{"s", 1}, 1000}, {{"m", 1}, 60000}, {{"h", 1}, 3600000}, {{"d", 1}, 86400000}};
static const unit sizes[] = {
    {{"", 0}, 1}, {{"k", 1}, 1 << 10}, {{"m", 1}, 1 << 20}, {{"g", 1}, 1 << 30}};

static bool parse_with_unit(hearth_str text, const unit *units, size_t count, int64_t *out)
{
    size_t digits = 0;
    uint64_t number;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    hearth_str name = str_slice(text, digits, text.len);
    if (!str_parse_u64(str_slice(text, 0, digits), &number) || number > INT64_MAX)
        return false;
    if (number == 0 && name.len == 0) {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, units[i].name))
            return !__builtin_mul_overflow((int64_t)number, units[i].factor, out);
    }
    return false;
}

bool conf_duration(hearth_str text, int64_t *ms)
{
    return parse_with_unit(text, durations, HEARTH_COUNT(durations), ms);
}

bool parse_size(hearth_str text, int64_t *bytes)
{
    return parse_with_unit(text, sizes, HEARTH_COUNT(sizes), bytes);
}

bool parse_choice(const char *choices, hearth_str text, uint32_t *index)
{
    hearth_str rest = str_from(choices), choice;
    for (uint32_t i = 0; str_split(&rest, '|', &choice); i++) {
        if (str_eq(choice, text)) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* In the largest unit that leaves no remainder. */
static void format_bound(hearth_conf_type type, int64_t value, char out[32])
{
    const unit *units = type == HEARTH_CONF_DURATION ? durations : sizes;
    size_t count = type == HEARTH_CONF_DURATION ? HEARTH_COUNT(durations) : HEARTH_COUNT(sizes);
    size_t best = 0;
    if (type != HEARTH_CONF_DURATION && type != HEARTH_CONF_SIZE)
        count = 1;
    for (size_t i = 1; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0)
            best = i;
    }
    bool named = type == HEARTH_CONF_DURATION || type == HEARTH_CONF_SIZE;
    snprintf(out, 32, "%" PRId64 "%s", value / units[best].factor,
             named ? units[best].name.ptr : "");
}

static bool has_upper_bound(const hearth_conf_field *field)
{
    return field->max > field->min || (field->max == field->min && field->max != 0);
}

static bool is_in_bounds(const hearth_conf_field *field, int64_t value)
{
    if (field->min == 0 && field->max == 0)
        return true;
    return value >= field->min && (!has_upper_bound(field) || value <= field->max);
}

static void describe_bounds(const hearth_conf_field *field, const char *unit_name, char *out,
                            size_t size)
{
    char min[32], max[32];
    out[0] = '\0';
    if (field->min == 0 && field->max == 0)
        return;
    format_bound(field->type, field->min, min);
    format_bound(field->type, field->max, max);
    bool length = unit_name[0] != '\0';
    if (!has_upper_bound(field))
        snprintf(out, size, " of at least %s%s", min, unit_name);
    else if (length && field->min == 0)
        snprintf(out, size, " of at most %s%s", max, unit_name);
    else
        snprintf(out, size, " %s %s to %s%s", length ? "of" : "from", min, max, unit_name);
}

static void describe_choices(const char *choices, char *out, size_t size)
{
    hearth_str rest = str_from(choices), choice;
    size_t len = (size_t)snprintf(out, size, "one of ");
    for (bool first = true; str_split(&rest, '|', &choice) && len + 4 < size; first = false)
        len += (size_t)snprintf(out + len, size - len, "%s%" HEARTH_PRIS, first ? "" : ", ",
                                HEARTH_ARG(choice));
}

void conf_describe(const hearth_conf_field *field, char *out, size_t size)
{
    char bounds[96];
    if (field->flags & HEARTH_CONF_SECRET) {
        snprintf(out, size, "env:NAME or file:PATH");
        return;
    }
    switch (field->type) {
    case HEARTH_CONF_STR:
        describe_bounds(field, " bytes", bounds, sizeof(bounds));
        snprintf(out, size, "a text%s", bounds);
        return;
    case HEARTH_CONF_INT:
        describe_bounds(field, "", bounds, sizeof(bounds));
        snprintf(out, size, "an integer%s", bounds);
        return;
    case HEARTH_CONF_BOOL:
        snprintf(out, size, "true or false");
        return;
    case HEARTH_CONF_DURATION:
        describe_bounds(field, "", bounds, sizeof(bounds));
        snprintf(out, size, "a duration (250ms, 10s, 15m, 24h, 7d)%s", bounds);
        return;
    case HEARTH_CONF_SIZE:
        describe_bounds(field, "", bounds, sizeof(bounds));
        snprintf(out, size, "a size (512, 64k, 10m, 1g)%s", bounds);
        return;
    case HEARTH_CONF_ENUM:
        describe_choices(field->choices, out, size);
        return;
    case HEARTH_CONF_LIST:
        describe_bounds(field, " texts", bounds, sizeof(bounds));
        snprintf(out, size, "a list%s", bounds[0] ? bounds : " of texts");
        return;
    case HEARTH_CONF_MAP:
        snprintf(out, size, "a map of texts");
        return;
    case HEARTH_CONF_END:
        break;
    }
    snprintf(out, size, "nothing");
}

static bool is_nothing(const conf_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; node->kind == CONF_SCALAR && !node->quoted && i < HEARTH_COUNT(words); i++) {
        if (str_eq(node->text, str_from(words[i])))
            return true;
    }
    return false;
}

static void describe_found(const hearth_conf_field *field, const conf_node *node, char *out,
                           size_t size)
{
    char text[QUOTE_SIZE];
    if (node->kind != CONF_SCALAR) {
        snprintf(out, size, "a %s", node->kind == CONF_MAPPING ? "map" : "list");
    } else if (is_nothing(node)) {
        snprintf(out, size, "nothing");
    } else if (field->flags & HEARTH_CONF_SECRET) {
        snprintf(out, size, "another text, which is not shown");
    } else {
        quote(node->text, text, sizeof(text));
        snprintf(out, size, "%s%s", text,
                 node->quoted && field->type != HEARTH_CONF_STR ? " in quotes" : "");
    }
}

static bool refuse(const filling *f, const hearth_conf_field *field, const char *key,
                   const conf_node *node)
{
    char expected[256], found[QUOTE_SIZE + 16], hint[80] = "";
    conf_describe(field, expected, sizeof(expected));
    describe_found(field, node, found, sizeof(found));
    if (field->type == HEARTH_CONF_ENUM && node->kind == CONF_SCALAR) {
        hearth_str rest = str_from(field->choices), choice;
        suggestion near;
        suggestion_init(&near, node->text);
        while (str_split(&rest, '|', &choice))
            suggestion_offer(&near, choice);
        suggestion_text(&near, hint, sizeof(hint));
    }
    conf_errors_add(f->errors, node->place, key, "expected %s, found %s%s", expected, found, hint);
    return false;
}

static bool store_text(const filling *f, const hearth_conf_field *field, const char *key,
                       const conf_node *node, hearth_str *out)
{
    if (node->kind != CONF_SCALAR || is_nothing(node))
        return refuse(f, field, key, node);
    if (field->flags & HEARTH_CONF_SECRET) {
        if (!str_starts_with(node->text, HEARTH_STR("env:")) &&
            !str_starts_with(node->text, HEARTH_STR("file:")))
            return refuse(f, field, key, node);
        if (!resolve_secret(f, key, node, out))
            return false;
        if (is_in_bounds(field, (int64_t)out->len))
            return true;
        char bounds[96];
        describe_bounds(field, " bytes", bounds, sizeof(bounds));
        conf_errors_add(f->errors, node->place, key, "expected a secret%s, found %zu bytes", bounds,
                        out->len);
        return false;
    }
    if (!is_in_bounds(field, (int64_t)node->text.len))
        return refuse(f, field, key, node);
    *out = node->text;
    return true;
}

static bool store_integer(const filling *f, const hearth_conf_field *field, const char *key,
                          const conf_node *node, int64_t *out)
{
    bool good = node->kind == CONF_SCALAR;
    if (good && field->type == HEARTH_CONF_INT)
        good = !node->quoted && str_parse_i64(node->text, out);
    else if (good && field->type == HEARTH_CONF_DURATION)
        good = conf_duration(node->text, out);
    else if (good)
        good = parse_size(node->text, out);
    if (!good || !is_in_bounds(field, *out))
        return refuse(f, field, key, node);
    return true;
}

static size_t count_children(const conf_node *node)
{
    size_t count = 0;
    for (const conf_node *child = node->first; child; child = child->next)
        count++;
    return count;
}

/* An item of a list or map: a text. */
static bool check_item(const filling *f, const char *key, const conf_node *item)
{
    if (item->kind == CONF_SCALAR && !is_nothing(item))
        return true;
    hearth_conf_field text = {.type = HEARTH_CONF_STR};
    return refuse(f, &text, key, item);
}

static bool store_list(const filling *f, const hearth_conf_field *field, const char *key,
                       const conf_node *node, hearth_conf_list *out)
{
    bool one = node->kind == CONF_SCALAR && !is_nothing(node); /* `include: plugins.d/x.yaml` */
    if (node->kind != CONF_SEQUENCE && !one)
        return refuse(f, field, key, node);
    size_t count = one ? 1 : count_children(node), i = 0;
    if (!is_in_bounds(field, (int64_t)count)) {
        char expected[256];
        conf_describe(field, expected, sizeof(expected));
        conf_errors_add(f->errors, node->place, key, "expected %s, found %zu", expected, count);
        return false;
    }
    hearth_str *items = arena_calloc(f->arena, count, sizeof(*items));
    bool good = items != NULL;
    for (const conf_node *item = one ? node : node->first; items && i < count; item = item->next) {
        good = check_item(f, key, item) && good;
        items[i++] = item->text;
    }
    *out = (hearth_conf_list){items, count};
    return good;
}

static bool store_map(const filling *f, const hearth_conf_field *field, const char *key,
                      const conf_node *node, hearth_conf_map *out)
{
    if (node->kind != CONF_MAPPING)
        return refuse(f, field, key, node);
    size_t count = count_children(node), i = 0;
    hearth_conf_pair *items = arena_calloc(f->arena, count, sizeof(*items));
    bool good = items != NULL;
    for (const conf_node *item = node->first; items && item; item = item->next) {
        char name[2 * QUOTE_SIZE], entry[QUOTE_SIZE];
        escape(item->key, entry, sizeof(entry));
        snprintf(name, sizeof(name), "%.90s.%s", key, entry);
        good = check_item(f, name, item) && good;
        items[i++] = (hearth_conf_pair){item->key, item->text};
    }
    *out = (hearth_conf_map){items, count};
    return good;
}

/* The directory of a default is that of the file that the key would be in. */
static bool make_absolute(const filling *f, const char *key, conf_place place, hearth_str *path)
{
    const char *folder = f->source->doc ? f->source->doc->directory : ".";
    char directory[PATH_MAX];
    if (path->len == 0 || path->ptr[0] == '/')
        return true;
    if (!realpath(folder, directory)) {
        conf_errors_add(f->errors, place, key, "expected a directory %s, found: %s", folder,
                        strerror(errno));
        return false;
    }
    const char *text = arena_printf(f->arena, "%s/%" HEARTH_PRIS, directory, HEARTH_ARG(*path));
    if (!text) {
        conf_errors_add(f->errors, place, key, "out of memory");
        return false;
    }
    *path = str_from(text);
    return true;
}

bool store_value(const filling *f, const hearth_conf_field *field, const char *key,
                 const conf_node *node, char *out)
{
    void *value = out + field->offset;
    switch (field->type) {
    case HEARTH_CONF_STR:
        return store_text(f, field, key, node, value) &&
               (!(field->flags & HEARTH_CONF_PATH) || make_absolute(f, key, node->place, value));
    case HEARTH_CONF_INT:
    case HEARTH_CONF_DURATION:
    case HEARTH_CONF_SIZE:
        return store_integer(f, field, key, node, value);
    case HEARTH_CONF_BOOL:
        if (node->kind != CONF_SCALAR || node->quoted ||
            !parse_choice("false|true", node->text, value))
            return refuse(f, field, key, node);
        return true;
    case HEARTH_CONF_ENUM:
        if (node->kind != CONF_SCALAR || !parse_choice(field->choices, node->text, value))
            return refuse(f, field, key, node);
        return true;
    case HEARTH_CONF_LIST:
        return store_list(f, field, key, node, value);
    case HEARTH_CONF_MAP:
        return store_map(f, field, key, node, value);
    case HEARTH_CONF_END:
        break;
    }
    return false;
}
