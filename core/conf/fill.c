/*
 * fill.c - a schema's struct from override, document and default, in this order.
 * All keys are looked at even after the first error, so that one run tells everything.
 */
#include "conf/internal.h"

#include <stdio.h>

static bool fill_mapping(const filling *f, const conf_schema *schema, const conf_node *mapping,
                         const char *prefix, conf_place place, char *out);

const hearth_conf_field *conf_field_at(const conf_schema *schema, size_t index)
{
    if (!schema->fields)
        return NULL;
    const char *rows = (const char *)schema->fields;
    const hearth_conf_field *field = (const void *)(rows + index * schema->field_size);
    return field->type == HEARTH_CONF_END ? NULL : field;
}

/* The rest of an override's key behind "section.", or {NULL, 0} when it is another's. */
static hearth_str key_in_section(const conf_override *override, const char *section)
{
    hearth_str name = str_from(section);
    if (name.len == 0)
        return override->key;
    if (str_starts_with(override->key, name) && override->key.len > name.len &&
        override->key.ptr[name.len] == '.')
        return str_slice(override->key, name.len + 1, override->key.len);
    return (hearth_str){NULL, 0};
}

static conf_place place_of(const conf_override *override)
{
    return (conf_place){.file = override->place};
}

/* What --set says of a field, the last one if there are several; NULL: nothing, or an error. */
static const conf_node *overridden(const filling *f, const hearth_conf_field *field, bool *good)
{
    conf_overrides *overrides = f->source->overrides;
    const conf_node *node = NULL;
    for (size_t i = 0; overrides && i < overrides->count; i++) {
        conf_override *override = &overrides->items[i];
        if (!str_eq(key_in_section(override, f->source->section), str_from(field->key)))
            continue;
        override->used = true;
        node =
            node_from_text(f->arena, place_of(override), field->type, override->value, f->errors);
        *good = *good && node;
    }
    return node;
}

/* Replaces or appends one entry of a mapping, in a copy: documents do not change. */
static conf_node *with_entry(hearth_arena *arena, const conf_node *mapping, hearth_str key,
                             const conf_override *override)
{
    conf_node *copy = arena_calloc(arena, 1, sizeof(*copy));
    conf_node *entry = arena_calloc(arena, 1, sizeof(*entry));
    if (!copy || !entry)
        return NULL;
    *entry = (conf_node){.kind = CONF_SCALAR,
                         .quoted = true,
                         .text = override->value,
                         .key = key,
                         .place = place_of(override),
                         .key_place = place_of(override)};
    copy->kind = CONF_MAPPING;
    copy->place = mapping ? mapping->place : place_of(override);
    conf_node **end = &copy->first;
    for (const conf_node *old = mapping ? mapping->first : NULL; old; old = old->next) {
        if (str_eq(old->key, key))
            continue;
        *end = arena_alloc(arena, sizeof(**end));
        if (!*end)
            return NULL;
        **end = *old;
        end = &(*end)->next;
    }
    *end = entry;
    return copy;
}

/* --set services.storage=x changes one entry of the map `services`. */
static const conf_node *with_overridden_entries(const filling *f, const hearth_conf_field *field,
                                                const conf_node *mapping, bool *good)
{
    conf_overrides *overrides = f->source->overrides;
    for (size_t i = 0; overrides && i < overrides->count; i++) {
        conf_override *override = &overrides->items[i];
        hearth_str key = key_in_section(override, f->source->section);
        hearth_str name = str_from(field->key);
        if (!str_starts_with(key, name) || key.len <= name.len + 1 || key.ptr[name.len] != '.')
            continue;
        override->used = true;
        if (mapping && mapping->kind != CONF_MAPPING)
            return mapping;
        mapping = with_entry(f->arena, mapping, str_slice(key, name.len + 1, key.len), override);
        if (!mapping) {
            conf_errors_add(f->errors, place_of(override), field->key, "out of memory");
            *good = false;
            return NULL;
        }
    }
    return mapping;
}

/* An empty text that is a text all the same: ptr is never NULL in a filled struct. */
static void store_nothing(const hearth_conf_field *field, char *out)
{
    if (field->type == HEARTH_CONF_STR)
        *(hearth_str *)(void *)(out + field->offset) = HEARTH_STR("");
}

static bool fill_field(const filling *f, const hearth_conf_field *field, const conf_node *mapping,
                       const char *prefix, conf_place place, char *out)
{
    bool good = true, top = prefix[0] == '\0';
    const char *key = top ? field->key : arena_printf(f->arena, "%s%s", prefix, field->key);
    if (!key)
        return false;
    const conf_node *node = top ? overridden(f, field, &good) : NULL;
    if (!node)
        node = conf_child(mapping, str_from(field->key));
    if (!node && field->def) {
        node = node_from_text(f->arena, (conf_place){.file = "default"}, field->type,
                              str_from(field->def), f->errors);
        good = good && node;
    }
    if (top && field->type == HEARTH_CONF_MAP)
        node = with_overridden_entries(f, field, node, &good);
    if (!good)
        return false;
    if (node)
        return store_value(f, field, key, node, out);
    store_nothing(field, out);
    if (!(field->flags & HEARTH_CONF_REQUIRED))
        return true;
    char expected[256];
    conf_describe(field, expected, sizeof(expected));
    conf_errors_add(f->errors, place, key, "expected %s, found nothing: this key is required",
                    expected);
    return false;
}

static const conf_group *find_group(const conf_schema *schema, hearth_str key)
{
    for (const conf_group *group = schema->groups; group && group->key; group++) {
        if (str_eq(str_from(group->key), key))
            return group;
    }
    return NULL;
}

static const hearth_conf_field *find_field(const conf_schema *schema, hearth_str key)
{
    const hearth_conf_field *field;
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++) {
        if (str_eq(str_from(field->key), key))
            return field;
    }
    return NULL;
}

static void add_unknown(const filling *f, const conf_schema *schema, conf_place place,
                        const char *prefix, hearth_str key)
{
    suggestion near;
    char hint[80], name[QUOTE_SIZE];
    const hearth_conf_field *field;
    suggestion_init(&near, key);
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++)
        suggestion_offer(&near, str_from(field->key));
    for (const conf_group *group = schema->groups; group && group->key; group++)
        suggestion_offer(&near, str_from(group->key));
    suggestion_text(&near, hint, sizeof(hint));
    escape(key, name, sizeof(name));
    const char *full = arena_printf(f->arena, "%s%s", prefix, name);
    conf_errors_add(f->errors, place, full, "expected a known key, found an unknown one%s", hint);
}

static bool refuse_unknown(const filling *f, const conf_schema *schema, const conf_node *mapping,
                           const char *prefix)
{
    bool good = true;
    for (const conf_node *child = mapping ? mapping->first : NULL; child; child = child->next) {
        if (find_field(schema, child->key) || find_group(schema, child->key))
            continue;
        add_unknown(f, schema, child->key_place, prefix, child->key);
        good = false;
    }
    return good;
}

/* Overrides of this section whose key is no field; those with a dot may be a plugin's. */
static bool refuse_unknown_overrides(const filling *f, const conf_schema *schema)
{
    conf_overrides *overrides = f->source->overrides;
    bool good = true;
    for (size_t i = 0; overrides && i < overrides->count; i++) {
        conf_override *override = &overrides->items[i];
        hearth_str key = key_in_section(override, f->source->section);
        if (override->used || !key.ptr || str_index(key, '.') < key.len)
            continue;
        override->used = true;
        good = false;
        if (find_group(schema, key))
            conf_errors_add(f->errors, place_of(override), find_group(schema, key)->key,
                            "expected a key of one value, found a list of maps: edit the file");
        else
            add_unknown(f, schema, place_of(override), "", key);
    }
    return good;
}

static bool fill_items(const filling *f, const conf_group *group, const conf_node *node,
                       const char *prefix, conf_group_list *list, size_t count)
{
    char *items = arena_calloc(f->arena, count, group->item->size);
    bool good = items != NULL;
    size_t i = 0;
    for (const conf_node *item = node->first; items && item; item = item->next, i++) {
        const char *inner = arena_printf(f->arena, "%s%s[%zu].", prefix, group->key, i);
        if (item->kind != CONF_MAPPING || !inner) {
            conf_errors_add(f->errors, item->place, group->key, "expected a map, found a %s",
                            item->kind == CONF_SEQUENCE ? "list" : "text");
            good = false;
        } else {
            good = fill_mapping(f, group->item, item, inner, item->place,
                                items + i * group->item->size) &&
                   good;
        }
    }
    *list = (conf_group_list){items, count};
    return good;
}

static bool fill_group(const filling *f, const conf_group *group, const conf_node *mapping,
                       const char *prefix, conf_place place, char *out)
{
    conf_group_list *list = (void *)(out + group->offset);
    const conf_node *node = conf_child(mapping, str_from(group->key));
    size_t count = 0;
    if (node && node->kind != CONF_SEQUENCE) {
        conf_errors_add(f->errors, node->place, group->key, "expected a list of maps, found a %s",
                        node->kind == CONF_MAPPING ? "map" : "text");
        return false;
    }
    for (const conf_node *item = node ? node->first : NULL; item; item = item->next)
        count++;
    if (count > group->max || (count == 0 && group->flags & HEARTH_CONF_REQUIRED)) {
        conf_errors_add(f->errors, node ? node->place : place, group->key,
                        "expected a list of %s%zu maps, found %zu",
                        group->flags & HEARTH_CONF_REQUIRED ? "1 to " : "at most ", group->max,
                        count);
        return false;
    }
    return count == 0 || fill_items(f, group, node, prefix, list, count);
}

static bool fill_mapping(const filling *f, const conf_schema *schema, const conf_node *mapping,
                         const char *prefix, conf_place place, char *out)
{
    bool good = refuse_unknown(f, schema, mapping, prefix);
    const hearth_conf_field *field;
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++)
        good = fill_field(f, field, mapping, prefix, place, out) && good;
    for (const conf_group *group = schema->groups; group && group->key; group++)
        good = fill_group(f, group, mapping, prefix, place, out) && good;
    return good;
}

const void *conf_fill(hearth_arena *arena, const conf_schema *schema, const conf_source *source,
                      conf_errors *errors)
{
    filling f = {.arena = arena, .source = source, .errors = errors};
    const char *name = source->section[0] ? source->section : "configuration";
    conf_place place = source->doc ? source->doc->root->place : (conf_place){.file = name};
    const conf_node *root = source->doc ? source->doc->root : NULL;
    char *out = arena_calloc(arena, 1, schema->size ? schema->size : 1);
    if (!out) {
        conf_errors_add(errors, place, NULL, "out of memory");
        return NULL;
    }
    size_t before = errors->count + errors->more;
    bool good = fill_mapping(&f, schema, root, "", place, out);
    good = refuse_unknown_overrides(&f, schema) && good;
    if (!good && errors->count + errors->more == before)
        conf_errors_add(errors, place, NULL, "out of memory");
    return good ? out : NULL;
}
