/*
 * reader.c - a recursive descent into values that stand in arrays.
 * Children are collected on a scratch stack and moved to the arena when their container closes,
 * so that items and members are found by index at once.
 */
#include "json/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"
#include "json/parser.h"

#define SCRATCH_LOCAL 64
#define FEW_MEMBERS   16 /* up to here duplicates are found by comparing each with each */

static hearth_status parse_value(parser *p, hearth_json_value *value, int depth);

static void skip_space(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static hearth_status push(parser *p, const hearth_json_value *value)
{
    if (p->scratch_len == p->scratch_capacity) {
        size_t capacity = p->scratch_capacity * 2;
        bool local = p->scratch == p->local;
        hearth_json_value *larger = realloc(local ? NULL : p->scratch, capacity * sizeof(*larger));
        if (!larger)
            return HEARTH_ENOMEM;
        if (local)
            memcpy(larger, p->local, p->scratch_len * sizeof(*larger));
        p->scratch = larger;
        p->scratch_capacity = capacity;
    }
    p->scratch[p->scratch_len++] = *value;
    return HEARTH_OK;
}

/* Moves everything above `base` off the stack and makes it the children of `container`. */
static hearth_status adopt(parser *p, size_t base, hearth_json_value *container)
{
    size_t count = p->scratch_len - base;
    p->scratch_len = base;
    container->len = (uint32_t)count;
    container->as.children = NULL;
    if (count == 0)
        return HEARTH_OK;
    hearth_json_value *children = arena_alloc(p->arena, count * sizeof(*children));
    if (!children)
        return HEARTH_ENOMEM;
    memcpy(children, p->scratch + base, count * sizeof(*children));
    container->as.children = children;
    return HEARTH_OK;
}

/* Behind the opening bracket. */
static hearth_status parse_array(parser *p, hearth_json_value *array, int depth)
{
    size_t base = p->scratch_len;
    array->type = HEARTH_JSON_ARRAY;
    skip_space(p);
    if (parser_next_is(p, ']'))
        return adopt(p, base, array);
    for (;;) {
        hearth_json_value item = {0};
        hearth_status status = parse_value(p, &item, depth);
        if (status == HEARTH_OK)
            status = push(p, &item);
        if (status != HEARTH_OK)
            return status;
        skip_space(p);
        if (parser_next_is(p, ']'))
            return adopt(p, base, array);
        if (!parser_next_is(p, ','))
            return parser_unexpected(p, "\",\" or \"]\"");
    }
}

static hearth_str key_of(const hearth_json_value *member)
{
    return (hearth_str){member->key, member->key_len};
}

static hearth_status refuse_duplicate(parser *p, const hearth_json_value *member)
{
    char text[96];
    hearth_str key = key_of(member), shown = {key.ptr, 0};
    while (shown.len < key.len && shown.len < 40 && (unsigned char)shown.ptr[shown.len] >= 0x20)
        shown.len += str_utf8_length(shown.ptr + shown.len, key.len - shown.len);
    snprintf(text, sizeof(text), "the key \"%" HEARTH_PRIS "%s\" appears twice", HEARTH_ARG(shown),
             shown.len < key.len ? "..." : "");
    return parser_refuse(p, key.ptr - 1, text);
}

/* In members `base` and above; with many of them by a hash, so that none can make it slow. */
static hearth_status refuse_duplicates(parser *p, size_t base)
{
    const hearth_json_value *members = p->scratch + base;
    size_t count = p->scratch_len - base;
    if (count <= FEW_MEMBERS) {
        for (size_t i = 1; i < count; i++) {
            for (size_t j = 0; j < i; j++) {
                if (str_eq(key_of(&members[i]), key_of(&members[j])))
                    return refuse_duplicate(p, &members[i]);
            }
        }
        return HEARTH_OK;
    }
    hearth_map seen;
    hearth_status status = HEARTH_OK;
    map_init(&seen, count);
    for (size_t i = 0; i < count && status == HEARTH_OK; i++) {
        void *earlier;
        status = map_put(&seen, key_of(&members[i]), p, &earlier);
        if (status == HEARTH_OK && earlier)
            status = refuse_duplicate(p, &members[i]);
    }
    map_finish(&seen);
    return status;
}

static hearth_status parse_member(parser *p, int depth)
{
    hearth_json_value member = {0};
    skip_space(p);
    if (p->at == p->end || *p->at != '"')
        return parser_unexpected(p, "a key in quotes");
    hearth_status status = parser_string(p, &member.key, &member.key_len);
    if (status != HEARTH_OK)
        return status;
    skip_space(p);
    if (!parser_next_is(p, ':'))
        return parser_unexpected(p, "\":\"");
    status = parse_value(p, &member, depth);
    return status == HEARTH_OK ? push(p, &member) : status;
}

/* Behind the opening brace. */
static hearth_status parse_object(parser *p, hearth_json_value *object, int depth)
{
    size_t base = p->scratch_len;
    object->type = HEARTH_JSON_OBJECT;
    skip_space(p);
    if (parser_next_is(p, '}'))
        return adopt(p, base, object);
    for (;;) {
        hearth_status status = parse_member(p, depth);
        if (status != HEARTH_OK)
            return status;
        skip_space(p);
        if (parser_next_is(p, '}')) {
            status = refuse_duplicates(p, base);
            return status == HEARTH_OK ? adopt(p, base, object) : status;
        }
        if (!parser_next_is(p, ','))
            return parser_unexpected(p, "\",\" or \"}\"");
    }
}

static hearth_status parse_value(parser *p, hearth_json_value *value, int depth)
{
    skip_space(p);
    char c = p->at < p->end ? *p->at : '\0';
    if (c == '"') {
        value->type = HEARTH_JSON_STRING;
        return parser_string(p, &value->as.text, &value->len);
    }
    if (c == '{' || c == '[') {
        if (depth == HEARTH_JSON_DEPTH)
            return parser_refuse(p, p->at, "expected nesting of at most 32, found deeper");
        p->at++;
        return c == '{' ? parse_object(p, value, depth + 1) : parse_array(p, value, depth + 1);
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return parser_number(p, value);
    return parser_word(p, value);
}

static hearth_status parse_text(parser *p, hearth_json_value *value)
{
    hearth_str text = {p->start, (size_t)(p->end - p->start)};
    if (!str_is_utf8(text)) {
        size_t i = 0;
        for (size_t step; (step = str_utf8_length(text.ptr + i, text.len - i)) > 0;)
            i += step;
        return parser_refuse(p, text.ptr + i, "expected UTF-8, found an invalid byte sequence");
    }
    hearth_status status = parse_value(p, value, 0);
    if (status != HEARTH_OK)
        return status;
    skip_space(p);
    return p->at == p->end ? HEARTH_OK : parser_unexpected(p, "the end of the text");
}

hearth_status json_parse(hearth_arena *arena, hearth_str text, const hearth_json_value **out,
                         hearth_error *error)
{
    *out = NULL;
    if (error)
        error_clear(error);
    hearth_json_value *value = arena_calloc(arena, 1, sizeof(*value));
    char *copy = text.len < UINT32_MAX ? arena_dup(arena, text.ptr, text.len) : NULL;
    hearth_status status = HEARTH_ENOMEM;
    if (value && copy) {
        hearth_json_value local[SCRATCH_LOCAL];
        parser p = {.arena = arena,
                    .original = text.ptr,
                    .start = copy,
                    .at = copy,
                    .end = copy + text.len,
                    .error = error,
                    .scratch = local,
                    .local = local,
                    .scratch_capacity = SCRATCH_LOCAL};
        status = parse_text(&p, value);
        if (p.scratch != local)
            free(p.scratch);
    }
    if (status == HEARTH_OK)
        *out = value;
    else if (status == HEARTH_ENOMEM)
        error_set(error, status, "expected JSON that fits into the memory of a request");
    return status;
}
