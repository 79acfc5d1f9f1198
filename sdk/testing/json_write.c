/*
 * json_write.c - the writer of hearth.json/1: it checks the order of calls and the UTF-8 of what
 * it is given, and reports the first mistake at finish.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64

struct hearth_json_writer {
    hearth_arena *arena;
    char *text;
    size_t len, capacity, ceiling;
    hearth_status status;
    int depth;
    bool in_object[MAX_DEPTH];
    bool first[MAX_DEPTH];
    bool has_key, finished;
};

static void free_text(void *arg)
{
    free(((struct hearth_json_writer *)arg)->text);
}

static hearth_json_writer *json_writer(hearth_arena *arena, size_t ceiling)
{
    hearth_json_writer *w = fake_arena_alloc(arena, sizeof(*w));
    if (!w)
        return NULL;
    *w = (hearth_json_writer){.arena = arena, .ceiling = ceiling, .first = {true}};
    if (fake_arena_api.defer(arena, free_text, w) != HEARTH_OK)
        return NULL;
    return w;
}

static void fail(hearth_json_writer *w, hearth_status status)
{
    if (w->status == HEARTH_OK)
        w->status = status;
}

static void append(hearth_json_writer *w, const char *ptr, size_t len)
{
    if (w->status != HEARTH_OK || len == 0)
        return;
    if (len > w->ceiling - w->len) {
        fail(w, HEARTH_ENOMEM);
        return;
    }
    if (w->len + len > w->capacity) {
        size_t capacity = (w->len + len) * 2;
        char *grown = realloc(w->text, capacity);
        if (!grown)
            fake_rule("the test host is out of memory");
        w->text = grown;
        w->capacity = capacity;
    }
    memcpy(w->text + w->len, ptr, len);
    w->len += len;
}

/* Before a value: a comma, and whether a value may stand here. */
static void value_begin(hearth_json_writer *w)
{
    bool ok = w->in_object[w->depth] ? w->has_key : w->depth > 0 || w->first[0];
    if (w->finished || !ok)
        fail(w, HEARTH_EINVAL);
    if (!w->in_object[w->depth] && !w->first[w->depth])
        append(w, ",", 1);
    w->first[w->depth] = false;
    w->has_key = false;
}

static void begin(hearth_json_writer *w, bool object)
{
    value_begin(w);
    append(w, object ? "{" : "[", 1);
    if (w->depth + 1 >= MAX_DEPTH) {
        fail(w, HEARTH_EINVAL);
        return;
    }
    w->depth++;
    w->in_object[w->depth] = object;
    w->first[w->depth] = true;
}

static void end(hearth_json_writer *w, bool object)
{
    if (w->depth == 0 || w->in_object[w->depth] != object || w->has_key) {
        fail(w, HEARTH_EINVAL);
        return;
    }
    w->depth--;
    append(w, object ? "}" : "]", 1);
}

static void object_begin(hearth_json_writer *w)
{
    begin(w, true);
}

static void object_end(hearth_json_writer *w)
{
    end(w, true);
}

static void array_begin(hearth_json_writer *w)
{
    begin(w, false);
}

static void array_end(hearth_json_writer *w)
{
    end(w, false);
}

size_t fake_utf8_length(const char *ptr, size_t len)
{
    const unsigned char *s = (const unsigned char *)ptr;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t need = s[0] >= 0xf8 ? 0 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    if (need == 0 || need > len)
        return 0;
    uint32_t code = s[0] & (0xffu >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    bool good = code >= least[need] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return good ? need : 0;
}

static void quoted(hearth_json_writer *w, hearth_str text)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    append(w, "\"", 1);
    for (size_t i = 0; i < text.len;) {
        size_t len = fake_utf8_length(text.ptr + i, text.len - i);
        if (len == 0) {
            fail(w, HEARTH_EINVAL);
            return;
        }
        char c = text.ptr[i];
        const char *pair = NULL;
        for (const char *at = short_escapes; *at; at += 2)
            if (*at == c)
                pair = at;
        char escape[8];
        if (pair) {
            append(w, "\\", 1);
            append(w, pair + 1, 1);
        } else if ((unsigned char)c < 0x20) {
            append(w, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
        } else {
            append(w, text.ptr + i, len);
        }
        i += len;
    }
    append(w, "\"", 1);
}

static void key(hearth_json_writer *w, hearth_str name)
{
    if (!w->in_object[w->depth] || w->has_key)
        fail(w, HEARTH_EINVAL);
    if (!w->first[w->depth])
        append(w, ",", 1);
    w->first[w->depth] = false;
    quoted(w, name);
    append(w, ":", 1);
    w->has_key = true;
}

static void string(hearth_json_writer *w, hearth_str value)
{
    value_begin(w);
    quoted(w, value);
}

static void raw(hearth_json_writer *w, hearth_str json)
{
    value_begin(w);
    append(w, json.ptr, json.len);
}

static void integer(hearth_json_writer *w, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)value);
    raw(w, (hearth_str){text, (size_t)len});
}

static void boolean(hearth_json_writer *w, int value)
{
    raw(w, value ? HEARTH_STR("true") : HEARTH_STR("false"));
}

static void null(hearth_json_writer *w)
{
    raw(w, HEARTH_STR("null"));
}

static hearth_status finish(hearth_json_writer *w, hearth_str *out)
{
    if (w->depth != 0 || w->first[0] || w->finished)
        fail(w, HEARTH_EINVAL);
    w->finished = true;
    *out = (hearth_str){NULL, 0};
    if (w->status != HEARTH_OK)
        return w->status;
    *out = fake_arena_dup(w->arena, (hearth_str){w->text, w->len});
    return out->ptr ? HEARTH_OK : HEARTH_ENOMEM;
}

const hearth_json fake_json_api = {
    .struct_size = sizeof(hearth_json),
    .writer = json_writer,
    .object_begin = object_begin,
    .object_end = object_end,
    .array_begin = array_begin,
    .array_end = array_end,
    .key = key,
    .string = string,
    .integer = integer,
    .boolean = boolean,
    .null = null,
    .raw = raw,
    .finish = finish,
    .parse = fake_json_parse,
    .type = fake_json_type,
    .get = fake_json_get,
    .size = fake_json_size,
    .at = fake_json_at,
    .member = fake_json_member,
    .as_string = fake_json_as_string,
    .as_integer = fake_json_as_integer,
    .as_boolean = fake_json_as_boolean,
};
