/*
 * override.c - --set KEY=VALUE, and values that come as one text: overrides and defaults.
 */
#include "conf/internal.h"

#include <stdio.h>

bool conf_overrides_add(conf_overrides *overrides, hearth_arena *arena, const char *argument,
                        conf_errors *errors)
{
    hearth_str text = str_from(argument);
    size_t equals = str_index(text, '=');
    conf_place place = {.file = "--set"};
    if (equals == text.len || equals == 0 || !str_is_utf8(text)) {
        conf_errors_add(errors, place, NULL, "expected KEY=VALUE, found %s",
                        equals == 0 ? "no key" : "another text");
        return false;
    }
    if (overrides->count == CONF_OVERRIDES_MAX) {
        conf_errors_add(errors, place, NULL, "expected at most %d of them, found more",
                        CONF_OVERRIDES_MAX);
        return false;
    }
    char name[QUOTE_SIZE];
    escape(str_slice(text, 0, equals), name, sizeof(name));
    conf_override override = {.place = arena_printf(arena, "--set %s", name),
                              .key = arena_dup_str(arena, str_slice(text, 0, equals)),
                              .value = arena_dup_str(arena, str_slice(text, equals + 1, text.len))};
    if (!override.place || !override.key.ptr || !override.value.ptr) {
        conf_errors_add(errors, place, NULL, "out of memory");
        return false;
    }
    overrides->items[overrides->count++] = override;
    return true;
}

void conf_overrides_finish(const conf_overrides *overrides, conf_errors *errors)
{
    for (size_t i = 0; i < overrides->count; i++) {
        const conf_override *override = &overrides->items[i];
        if (!override->used)
            conf_errors_add(errors, (conf_place){.file = override->place}, NULL,
                            "expected a key of the host or of an enabled plugin, found neither");
    }
}

/* All nodes of a default or override stand at its one place. */
static void place_nodes(conf_node *node, conf_place place)
{
    node->place = node->key_place = place;
    for (conf_node *child = node->first; child; child = child->next)
        place_nodes(child, place);
}

/* a, b, c */
static conf_node *split_list(hearth_arena *arena, conf_node *list, hearth_str text)
{
    conf_node **end = &list->first;
    hearth_str part;
    list->kind = CONF_SEQUENCE;
    while (text.len > 0 && str_split(&text, ',', &part)) {
        *end = arena_calloc(arena, 1, sizeof(**end));
        if (!*end)
            return NULL;
        (*end)->text = arena_dup_str(arena, str_trim_ows(part));
        (*end)->quoted = true;
        if (!(*end)->text.ptr)
            return NULL;
        end = &(*end)->next;
    }
    return list;
}

const conf_node *node_from_text(hearth_arena *arena, conf_place place, hearth_conf_type type,
                                hearth_str text, conf_errors *errors)
{
    bool flow = text.len > 0 && (text.ptr[0] == '[' || text.ptr[0] == '{');
    bool collection = type == HEARTH_CONF_LIST || type == HEARTH_CONF_MAP;
    conf_node *node;
    if (collection && flow) {
        node = yaml_read(arena, place.file, text, errors);
        if (!node)
            return NULL;
    } else {
        node = arena_calloc(arena, 1, sizeof(*node));
        if (node && type == HEARTH_CONF_LIST)
            node = split_list(arena, node, text);
        else if (node && type == HEARTH_CONF_MAP && text.len == 0)
            node->kind = CONF_MAPPING;
        else if (node)
            *node =
                (conf_node){.kind = CONF_SCALAR, .text = text, .quoted = type == HEARTH_CONF_STR};
        if (!node) {
            conf_errors_add(errors, place, NULL, "out of memory");
            return NULL;
        }
    }
    place_nodes(node, place);
    return node;
}
