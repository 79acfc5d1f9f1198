/*
 * json_read.c - the strict reader of hearth.json/1 (RFC 8259): no duplicate keys, no lone
 * surrogates, nesting of at most 32. Everything it makes is in the arena that it is given.
 */
#include "json.h"

#include <string.h>

#define MAX_DEPTH   32
#define MAX_INTEGER INT64_C(9007199254740991) /* 2^53 - 1 */

struct hearth_json_value {
    hearth_json_type type;
    struct hearth_json_value *next; /* in its array or object */
    hearth_str key;
    hearth_str text;   /* STRING */
    hearth_str source; /* as it was written */
    int64_t integer;   /* INTEGER, BOOL */
    struct hearth_json_value *children;
    size_t count;
};

typedef struct reader {
    hearth_arena *arena;
    const char *at, *end, *start;
    int depth;
    hearth_status status;
    const char *why;
} reader;

static bool refuse(reader *r, hearth_status status, const char *why)
{
    if (r->status == HEARTH_OK) {
        r->status = status;
        r->why = why;
    }
    return false;
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(reader *r, char c)
{
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool word(reader *r, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
        return refuse(r, HEARTH_EINVAL, "expected a value");
    r->at += len;
    return true;
}

static bool digits(reader *r)
{
    const char *before = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > before || refuse(r, HEARTH_EINVAL, "expected a digit");
}

static bool read_number(reader *r, hearth_json_value *value)
{
    bool negative = take(r, '-');
    const char *first = r->at;
    if (!digits(r))
        return false;
    if (*first == '0' && r->at - first > 1)
        return refuse(r, HEARTH_EINVAL, "a number with a leading zero");
    value->type = HEARTH_JSON_INTEGER;
    for (const char *c = first; c < r->at && value->integer <= MAX_INTEGER; c++)
        value->integer = value->integer * 10 + (*c - '0');
    if (value->integer > MAX_INTEGER)
        value->type = HEARTH_JSON_NUMBER;
    if (take(r, '.')) {
        value->type = HEARTH_JSON_NUMBER;
        if (!digits(r))
            return false;
    }
    if (take(r, 'e') || take(r, 'E')) {
        value->type = HEARTH_JSON_NUMBER;
        if (!take(r, '+'))
            take(r, '-');
        if (!digits(r))
            return false;
    }
    if (value->type == HEARTH_JSON_NUMBER)
        value->integer = 0;
    else if (negative)
        value->integer = -value->integer;
    return true;
}

static bool hex4(reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = r->at < r->end ? *r->at++ : '\0';
        if (c == '\0' || !strchr("0123456789abcdefABCDEF", c))
            return refuse(r, HEARTH_EINVAL, "expected four hexadecimal digits");
        *out = *out << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return true;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

static bool read_escape(reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->end ? *r->at : '\0';
    r->at += r->at < r->end;
    const char *at = c ? strchr(from, c) : NULL;
    if (at) {
        *(*out)++ = to[at - from];
        return true;
    }
    uint32_t code, low;
    if (c != 'u')
        return refuse(r, HEARTH_EINVAL, "an unknown escape");
    if (!hex4(r, &code))
        return false;
    if (code >= 0xd800 && code <= 0xdfff) {
        if (code > 0xdbff || !take(r, '\\') || !take(r, 'u') || !hex4(r, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return refuse(r, HEARTH_EINVAL, "a lone surrogate");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *out = put_utf8(*out, code);
    return true;
}

static bool read_string(reader *r, hearth_str *text)
{
    if (!take(r, '"'))
        return refuse(r, HEARTH_EINVAL, "expected a string");
    const char *quote = r->at;
    while (quote < r->end && *quote != '"')
        quote += *quote == '\\' && r->end - quote > 1 ? 2 : 1;
    if (quote >= r->end)
        return refuse(r, HEARTH_EINVAL, "a string without end");
    char *buffer = fake_arena_alloc(r->arena, (size_t)(quote - r->at) + 1);
    if (!buffer)
        return refuse(r, HEARTH_ENOMEM, "no memory");
    char *out = buffer;
    while (*r->at != '"') {
        if (take(r, '\\')) {
            if (!read_escape(r, &out))
                return false;
            continue;
        }
        size_t len = fake_utf8_length(r->at, (size_t)(r->end - r->at));
        if (len == 0 || (unsigned char)*r->at < 0x20)
            return refuse(r, HEARTH_EINVAL, "a control character or invalid UTF-8 in a string");
        memcpy(out, r->at, len);
        out += len;
        r->at += len;
    }
    r->at++;
    *out = '\0';
    *text = (hearth_str){buffer, (size_t)(out - buffer)};
    return true;
}

static hearth_json_value *read_value(reader *r);

static bool has_key(const hearth_json_value *object, hearth_str key)
{
    for (const hearth_json_value *item = object->children; item; item = item->next)
        if (item->key.len == key.len && memcmp(item->key.ptr, key.ptr, key.len) == 0)
            return true;
    return false;
}

static bool read_items(reader *r, hearth_json_value *value, char close)
{
    bool object = close == '}';
    hearth_json_value **tail = &value->children;
    r->at++;
    skip_space(r);
    if (take(r, close))
        return true;
    do {
        hearth_str key = {NULL, 0};
        skip_space(r);
        if (object && !read_string(r, &key))
            return false;
        if (object && has_key(value, key))
            return refuse(r, HEARTH_EINVAL, "a key twice in one object");
        skip_space(r);
        if (object && !take(r, ':'))
            return refuse(r, HEARTH_EINVAL, "expected ':'");
        hearth_json_value *item = read_value(r);
        if (!item)
            return false;
        item->key = key;
        *tail = item;
        tail = &item->next;
        value->count++;
        skip_space(r);
    } while (take(r, ','));
    return take(r, close) || refuse(r, HEARTH_EINVAL, "expected ',' or the end");
}

static bool read_kind(reader *r, hearth_json_value *value)
{
    switch (*r->at) {
    case '{':
        value->type = HEARTH_JSON_OBJECT;
        return read_items(r, value, '}');
    case '[':
        value->type = HEARTH_JSON_ARRAY;
        return read_items(r, value, ']');
    case '"':
        value->type = HEARTH_JSON_STRING;
        return read_string(r, &value->text);
    case 't':
        value->type = HEARTH_JSON_BOOL;
        value->integer = 1;
        return word(r, "true");
    case 'f':
        value->type = HEARTH_JSON_BOOL;
        return word(r, "false");
    case 'n':
        value->type = HEARTH_JSON_NULL;
        return word(r, "null");
    default:
        return read_number(r, value);
    }
}

static hearth_json_value *read_value(reader *r)
{
    skip_space(r);
    if (r->at >= r->end) {
        refuse(r, HEARTH_EINVAL, "expected a value, found the end");
        return NULL;
    }
    bool nests = *r->at == '{' || *r->at == '[';
    if (nests && r->depth >= MAX_DEPTH) {
        refuse(r, HEARTH_EINVAL, "nested deeper than 32");
        return NULL;
    }
    hearth_json_value *value = fake_arena_alloc(r->arena, sizeof(*value));
    if (!value) {
        refuse(r, HEARTH_ENOMEM, "no memory");
        return NULL;
    }
    memset(value, 0, sizeof(*value));
    const char *start = r->at;
    r->depth += nests;
    bool ok = read_kind(r, value);
    r->depth -= nests;
    value->source = (hearth_str){start, (size_t)(r->at - start)};
    return ok ? value : NULL;
}

hearth_status fake_json_parse(hearth_arena *arena, hearth_str text, const hearth_json_value **out,
                              hearth_str *error)
{
    reader r = {.arena = arena, .at = text.ptr, .start = text.ptr, .end = text.ptr + text.len};
    *out = NULL;
    hearth_json_value *value = read_value(&r);
    skip_space(&r);
    if (value && r.at < r.end)
        refuse(&r, HEARTH_EINVAL, "text after the value");
    if (r.status == HEARTH_OK)
        *out = value;
    else if (error)
        *error = fake_arena_api.printf(arena, "byte %zu: %s", (size_t)(r.at - r.start), r.why);
    return r.status;
}

hearth_json_type fake_json_type(const hearth_json_value *value)
{
    return value->type;
}

const hearth_json_value *fake_json_get(const hearth_json_value *object, const char *key)
{
    if (!object || object->type != HEARTH_JSON_OBJECT)
        return NULL;
    size_t len = strlen(key);
    for (const hearth_json_value *item = object->children; item; item = item->next)
        if (item->key.len == len && memcmp(item->key.ptr, key, len) == 0)
            return item;
    return NULL;
}

size_t fake_json_size(const hearth_json_value *value)
{
    return value ? value->count : 0;
}

static const hearth_json_value *child(const hearth_json_value *value, size_t index)
{
    const hearth_json_value *item = value->children;
    while (item && index-- > 0)
        item = item->next;
    return item;
}

const hearth_json_value *fake_json_at(const hearth_json_value *array, size_t index)
{
    return array && array->type == HEARTH_JSON_ARRAY ? child(array, index) : NULL;
}

const hearth_json_value *fake_json_member(const hearth_json_value *object, size_t index,
                                          hearth_str *key)
{
    const hearth_json_value *item =
        object && object->type == HEARTH_JSON_OBJECT ? child(object, index) : NULL;
    if (item)
        *key = item->key;
    return item;
}

hearth_str fake_json_as_string(const hearth_json_value *value)
{
    return value ? value->text : (hearth_str){NULL, 0};
}

int64_t fake_json_as_integer(const hearth_json_value *value)
{
    return value && value->type == HEARTH_JSON_INTEGER ? value->integer : 0;
}

int fake_json_as_boolean(const hearth_json_value *value)
{
    return value && value->type == HEARTH_JSON_BOOL && value->integer != 0;
}

hearth_str fake_json_source(const hearth_json_value *value)
{
    return value->source;
}
