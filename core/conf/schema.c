/*
 * schema.c - is a table sound, and what differs between two structs made by it?
 * A table comes from a plugin; a wrong offset in it must not become a write past its struct.
 */
#include "conf/internal.h"

#include <stdalign.h>
#include <stdio.h>

size_t conf_value_size(hearth_conf_type type)
{
    switch (type) {
    case HEARTH_CONF_STR:
        return sizeof(hearth_str);
    case HEARTH_CONF_INT:
    case HEARTH_CONF_DURATION:
    case HEARTH_CONF_SIZE:
        return sizeof(int64_t);
    case HEARTH_CONF_BOOL:
    case HEARTH_CONF_ENUM:
        return sizeof(uint32_t);
    case HEARTH_CONF_LIST:
        return sizeof(hearth_conf_list);
    case HEARTH_CONF_MAP:
        return sizeof(hearth_conf_map);
    case HEARTH_CONF_END:
        break;
    }
    return 0;
}

static bool is_key(const char *key)
{
    size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len <= 64 && key[len] == '\0';
}

/* What is wrong with a row, or NULL. */
static const char *flaw(const conf_schema *schema, const hearth_conf_field *field)
{
    size_t size = conf_value_size(field->type);
    size_t align = size == sizeof(uint32_t) ? alignof(uint32_t) : alignof(int64_t);
    if (size == 0)
        return "expected a type of hearth_conf_type, found another number";
    if (!is_key(field->key))
        return "expected a key of a-z, 0-9 and _, found another text";
    if (field->offset > schema->size || size > schema->size - field->offset ||
        field->offset % align != 0)
        return "expected an offset inside the struct, found one outside or not aligned";
    if (!field->help || !field->help[0])
        return "expected a line of help, found none";
    if (field->type == HEARTH_CONF_ENUM && (!field->choices || !field->choices[0]))
        return "expected choices, found none";
    if (field->flags & ~(uint32_t)(HEARTH_CONF_REQUIRED | HEARTH_CONF_SECRET |
                                   HEARTH_CONF_RELOADABLE | HEARTH_CONF_PATH))
        return "expected flags of HEARTH_CONF_*, found another";
    if (field->flags & HEARTH_CONF_PATH && field->type != HEARTH_CONF_STR)
        return "expected a path to be a text, found another type";
    if (field->flags & HEARTH_CONF_SECRET && field->type != HEARTH_CONF_STR)
        return "expected a secret to be a text, found another type";
    if (field->flags & HEARTH_CONF_SECRET && field->def)
        return "expected a secret without a default, found one";
    if (field->flags & HEARTH_CONF_REQUIRED && field->def)
        return "expected a required key without a default, found one";
    return NULL;
}

static bool overlap(const hearth_conf_field *a, const hearth_conf_field *b)
{
    return a->offset < b->offset + conf_value_size(b->type) &&
           b->offset < a->offset + conf_value_size(a->type);
}

static bool check_field(const conf_schema *schema, const hearth_conf_field *field, size_t index,
                        conf_place place, conf_errors *errors)
{
    const char *key = field->key ? field->key : "(no key)";
    const char *wrong = field->key ? flaw(schema, field) : "expected a key, found none";
    for (size_t i = 0; !wrong && i < index; i++) {
        const hearth_conf_field *other = conf_field_at(schema, i);
        if (strcmp(other->key, key) == 0)
            wrong = "expected each key once, found it a second time";
        else if (overlap(other, field))
            wrong = "expected a place of its own in the struct, found another key's";
    }
    if (wrong)
        conf_errors_add(errors, place, key, "%s", wrong);
    return !wrong;
}

/* Every default must be one that its own field accepts. */
static bool check_defaults(const conf_schema *schema, const char *section, conf_errors *errors)
{
    const char *file = section[0] ? arena_printf(errors->arena, "%s: default", section) : "default";
    conf_source none = {.section = ""};
    filling f = {.arena = errors->arena, .source = &none, .errors = errors};
    char *scratch = arena_calloc(errors->arena, 1, schema->size ? schema->size : 1);
    const hearth_conf_field *field;
    bool good = scratch && file;
    for (size_t i = 0; scratch && file && (field = conf_field_at(schema, i)); i++) {
        if (!field->def)
            continue;
        const conf_node *node = node_from_text(errors->arena, (conf_place){.file = file},
                                               field->type, str_from(field->def), errors);
        good = node && store_value(&f, field, field->key, node, scratch) && good;
    }
    return good;
}

bool conf_schema_check(const conf_schema *schema, const char *section, conf_errors *errors)
{
    conf_place place = {.file = section[0] ? section : "configuration"};
    const hearth_conf_field *field;
    bool good = true;
    if (schema->fields && schema->field_size < sizeof(*field)) {
        conf_errors_add(errors, place, NULL, "expected config rows of %zu bytes, found %zu",
                        sizeof(*field), schema->field_size);
        return false;
    }
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++)
        good = check_field(schema, field, i, place, errors) && good;
    for (const conf_group *group = schema->groups; group && group->key; group++)
        good = conf_schema_check(group->item, group->key, errors) && good;
    return good && check_defaults(schema, section, errors);
}

static bool lists_equal(const hearth_conf_list *a, const hearth_conf_list *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = str_eq(a->items[i], b->items[i]);
    return equal;
}

static bool maps_equal(const hearth_conf_map *a, const hearth_conf_map *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = str_eq(a->items[i].key, b->items[i].key) &&
                str_eq(a->items[i].value, b->items[i].value);
    return equal;
}

static bool values_equal(const hearth_conf_field *field, const void *before, const void *after)
{
    const void *a = (const char *)before + field->offset, *b = (const char *)after + field->offset;
    if (field->type == HEARTH_CONF_STR)
        return str_eq(*(const hearth_str *)a, *(const hearth_str *)b);
    if (field->type == HEARTH_CONF_LIST)
        return lists_equal(a, b);
    if (field->type == HEARTH_CONF_MAP)
        return maps_equal(a, b);
    return memcmp(a, b, conf_value_size(field->type)) == 0;
}

static void note_difference(void *arg, const char *key, bool reloadable)
{
    (void)key;
    (void)reloadable;
    *(bool *)arg = false;
}

static bool groups_equal(const conf_group *group, const void *before, const void *after)
{
    const conf_group_list *a = (const void *)((const char *)before + group->offset);
    const conf_group_list *b = (const void *)((const char *)after + group->offset);
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++) {
        size_t at = i * group->item->size;
        conf_diff(group->item, (const char *)a->items + at, (const char *)b->items + at,
                  note_difference, &equal);
    }
    return equal;
}

void conf_diff(const conf_schema *schema, const void *before, const void *after, conf_change_fn fn,
               void *arg)
{
    const hearth_conf_field *field;
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++) {
        if (!values_equal(field, before, after))
            fn(arg, field->key, field->flags & HEARTH_CONF_RELOADABLE);
    }
    for (const conf_group *group = schema->groups; group && group->key; group++) {
        if (!groups_equal(group, before, after))
            fn(arg, group->key, group->flags & HEARTH_CONF_RELOADABLE);
    }
}
