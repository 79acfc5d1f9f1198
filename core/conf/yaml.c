/*
 * yaml.c - YAML events to a bounded tree with places.
 * Only the plain part of YAML is taken: what configuration needs, and nothing that could make a
 * small file large (aliases), ambiguous (duplicate keys) or surprising (tags, documents).
 */
#include "conf/internal.h"

#include <yaml.h>

#include "base/map.h"

#define NODES_MAX 100000

typedef struct reader {
    yaml_parser_t yaml;
    hearth_arena *arena;
    const char *file;
    conf_errors *errors;
    size_t nodes;
} reader;

static conf_node *read_node(reader *r, yaml_event_t *event, int depth);

static conf_place place_of(const reader *r, yaml_mark_t mark)
{
    return (conf_place){r->file, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static void *refuse(reader *r, yaml_mark_t mark, const char *text)
{
    conf_errors_add(r->errors, place_of(r, mark), "yaml", "%s", text);
    return NULL;
}

static bool next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->yaml, event))
        return true;
    const char *context = r->yaml.context;
    conf_errors_add(r->errors, place_of(r, r->yaml.problem_mark), "yaml",
                    "expected valid YAML, found an error: %s%s%s",
                    r->yaml.problem ? r->yaml.problem : "out of memory", context ? " " : "",
                    context ? context : "");
    return false;
}

/* What this event may not have: an anchor or a tag. */
static bool is_plain(reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor)
        refuse(r, event->start_mark, "expected a value, found an anchor, which is not supported");
    else if (tag)
        refuse(r, event->start_mark, "expected a value, found a tag, which is not supported");
    return !anchor && !tag;
}

static conf_node *new_node(reader *r, const yaml_event_t *event, conf_kind kind)
{
    conf_node *node = r->nodes++ < NODES_MAX ? arena_calloc(r->arena, 1, sizeof(*node)) : NULL;
    if (!node)
        return refuse(r, event->start_mark, "expected a smaller file, found too many values");
    node->kind = kind;
    node->place = place_of(r, event->start_mark);
    return node;
}

static bool copy_scalar(reader *r, const yaml_event_t *event, hearth_str *out)
{
    hearth_str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (str_has_nul(text)) {
        refuse(r, event->start_mark, "expected a text, found a NUL character in it");
        return false;
    }
    *out = arena_dup_str(r->arena, text);
    if (!out->ptr)
        refuse(r, event->start_mark, "expected a smaller file, found too much text");
    return out->ptr != NULL;
}

static conf_node *read_scalar(reader *r, const yaml_event_t *event)
{
    conf_node *node = new_node(r, event, CONF_SCALAR);
    if (!node || !copy_scalar(r, event, &node->text))
        return NULL;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static conf_node *read_sequence(reader *r, const yaml_event_t *start, int depth)
{
    conf_node *sequence = new_node(r, start, CONF_SEQUENCE);
    if (!sequence)
        return NULL;
    for (conf_node **end = &sequence->first;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return NULL;
        bool over = event.type == YAML_SEQUENCE_END_EVENT;
        if (!over)
            *end = read_node(r, &event, depth);
        yaml_event_delete(&event);
        if (over)
            return sequence;
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
}

/* The key that `event` is, checked against those seen; false: an error was added. */
static bool read_key(reader *r, const yaml_event_t *event, hearth_map *seen, hearth_str *key)
{
    if (event->type == YAML_ALIAS_EVENT)
        return refuse(r, event->start_mark,
                      "expected a key, found an alias, which is not supported");
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(r, event->start_mark, "expected a key, found a list or map in its place");
    if (!is_plain(r, event) || !copy_scalar(r, event, key))
        return false;
    void *earlier = NULL;
    if (map_put(seen, *key, r, &earlier) != HEARTH_OK)
        return refuse(r, event->start_mark, "expected a smaller file, found too many keys");
    if (earlier) {
        char text[QUOTE_SIZE];
        escape(*key, text, sizeof(text));
        conf_errors_add(r->errors, place_of(r, event->start_mark), text,
                        "expected each key once, found it a second time");
    }
    return !earlier;
}

/* One key and its value. *over: the mapping has ended. */
static conf_node *read_pair(reader *r, hearth_map *seen, int depth, bool *over)
{
    yaml_event_t event;
    hearth_str key;
    if (!next_event(r, &event))
        return NULL;
    conf_place place = place_of(r, event.start_mark);
    *over = event.type == YAML_MAPPING_END_EVENT;
    bool good = !*over && read_key(r, &event, seen, &key);
    yaml_event_delete(&event);
    if (!good || !next_event(r, &event))
        return NULL;
    conf_node *value = read_node(r, &event, depth);
    yaml_event_delete(&event);
    if (value) {
        value->key = key;
        value->key_place = place;
    }
    return value;
}

static conf_node *read_mapping(reader *r, const yaml_event_t *start, int depth)
{
    conf_node *mapping = new_node(r, start, CONF_MAPPING);
    if (!mapping)
        return NULL;
    hearth_map seen;
    bool over = false;
    map_init(&seen, NODES_MAX);
    for (conf_node **end = &mapping->first; !over; end = &(*end)->next) {
        *end = read_pair(r, &seen, depth, &over);
        if (!*end)
            break;
    }
    map_finish(&seen);
    return over ? mapping : NULL;
}

static conf_node *read_node(reader *r, yaml_event_t *event, int depth)
{
    if (event->type == YAML_ALIAS_EVENT)
        return refuse(r, event->start_mark,
                      "expected a value, found an alias, which is not supported");
    if (!is_plain(r, event))
        return NULL;
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(r, event);
    if (depth == CONF_DEPTH_MAX)
        return refuse(r, event->start_mark, "expected nesting of at most 16, found deeper");
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_sequence(r, event, depth + 1);
    return read_mapping(r, event, depth + 1);
}

static bool expect_event(reader *r, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;
    if (!next_event(r, &event))
        return false;
    bool good = event.type == type;
    if (!good)
        refuse(r, event.start_mark, otherwise);
    yaml_event_delete(&event);
    return good;
}

/* The one document of the stream; an empty stream is an empty mapping. */
static conf_node *read_stream(reader *r)
{
    yaml_event_t event;
    if (!expect_event(r, YAML_STREAM_START_EVENT, "expected YAML") || !next_event(r, &event))
        return NULL;
    conf_node *root = NULL;
    bool empty = event.type == YAML_STREAM_END_EVENT;
    if (empty)
        root = new_node(r, &event, CONF_MAPPING);
    yaml_event_delete(&event);
    if (empty || !next_event(r, &event))
        return root;
    root = read_node(r, &event, 0);
    yaml_event_delete(&event);
    if (!root || !expect_event(r, YAML_DOCUMENT_END_EVENT, "expected the end of the document") ||
        !expect_event(r, YAML_STREAM_END_EVENT, "expected one document, found another"))
        return NULL;
    if (root->kind == CONF_SCALAR && !root->quoted && root->text.len == 0)
        root->kind = CONF_MAPPING;
    return root;
}

/* What libyaml would take or explain badly: other encodings, NUL, tabs as indentation. */
static bool check_bytes(reader *r, hearth_str text)
{
    size_t line = 0, column = 0;
    bool indentation = true;
    for (size_t i = 0, step; i < text.len; i += step, column++) {
        char c = text.ptr[i];
        yaml_mark_t mark = {.line = line, .column = column};
        step = str_utf8_length(text.ptr + i, text.len - i);
        if (step == 0)
            return refuse(r, mark, "expected UTF-8, found an invalid byte sequence");
        if (c == '\0')
            return refuse(r, mark, "expected text, found a NUL byte");
        if (c == '\t' && indentation)
            return refuse(r, mark, "expected spaces as indentation, found a tab");
        indentation = c == '\n' || (indentation && c == ' ');
        if (c == '\n') {
            line++;
            column = (size_t)-1;
        }
    }
    return true;
}

conf_node *yaml_read(hearth_arena *arena, const char *file, hearth_str text, conf_errors *errors)
{
    reader r = {.arena = arena, .file = file, .errors = errors};
    if (!check_bytes(&r, text))
        return NULL;
    if (!yaml_parser_initialize(&r.yaml))
        return refuse(&r, (yaml_mark_t){0}, "out of memory");
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(text.len ? text.ptr : ""),
                                 text.len);
    conf_node *root = read_stream(&r);
    yaml_parser_delete(&r.yaml);
    return root;
}
