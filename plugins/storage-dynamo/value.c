/*
 * value.c - one pass over the text of a body, and one over the tree of an answer.
 */
#include "value.h"

#include <string.h>

#define MAX_DIGITS 38
#define MAX_KEY    65535

/* The body that is being turned, and how large the item's attribute gets: DynamoDB counts three
 * bytes for a list or map, one for each thing in it, the bytes of keys and strings, and a byte for
 * two digits of a number. Escapes count as they are written, which is never too little. */
struct source {
    const char *at, *end;
    size_t size;
    struct text *text;
};

static bool write_value(struct source *source, int depth);

static void skip_space(struct source *source)
{
    while (source->at < source->end && (*source->at == ' ' || *source->at == '\n' ||
                                        *source->at == '\r' || *source->at == '\t'))
        source->at++;
}

static bool take(struct source *source, char c)
{
    skip_space(source);
    if (source->at == source->end || *source->at != c)
        return false;
    source->at++;
    return true;
}

static bool take_word(struct source *source, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(source->end - source->at) < len || memcmp(source->at, word, len) != 0)
        return false;
    source->at += len;
    return true;
}

/* The next string with its quotes, still escaped. */
static bool take_string(struct source *source, hearth_str *string)
{
    const char *start = source->at;

    if (!take(source, '"'))
        return false;
    start = source->at - 1;
    while (source->at < source->end && *source->at != '"')
        source->at += *source->at == '\\' && source->end - source->at > 1 ? 2 : 1;
    if (source->at == source->end)
        return false;
    source->at++;
    *string = (hearth_str){start, (size_t)(source->at - start)};
    source->size += string->len - 2;
    return true;
}

/* Integers, and decimals that are no integers: those come back as what they were. */
static bool is_exact(hearth_str number)
{
    size_t digits = 0;
    bool point = false, fraction = false;

    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        if (c == '.') {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits++;
            fraction = fraction || (point && c != '0');
        } else if (c != '-' || i > 0) {
            return false; /* an exponent */
        }
    }
    if (number.len == 2 && number.ptr[0] == '-' && number.ptr[1] == '0')
        return false;
    return digits > 0 && digits <= MAX_DIGITS && (!point || fraction);
}

static bool write_number(struct source *source)
{
    const char *start = source->at;

    while (source->at < source->end && *source->at && strchr("+-.0123456789eE", *source->at))
        source->at++;
    hearth_str number = {start, (size_t)(source->at - start)};
    if (!is_exact(number))
        return false;
    source->size += number.len / 2 + 2;
    text_literal(source->text, "{\"N\":\"");
    text_add(source->text, number);
    text_literal(source->text, "\"}");
    return true;
}

static bool write_list(struct source *source, int depth)
{
    text_literal(source->text, "{\"L\":[");
    source->size += 3;
    for (bool first = true; !take(source, ']'); first = false) {
        if (!first && !take(source, ','))
            return false;
        if (!first)
            text_literal(source->text, ",");
        source->size++;
        if (!write_value(source, depth + 1))
            return false;
    }
    text_literal(source->text, "]}");
    return true;
}

static bool write_map(struct source *source, int depth)
{
    text_literal(source->text, "{\"M\":{");
    source->size += 3;
    for (bool first = true; !take(source, '}'); first = false) {
        hearth_str key;
        if (!first && !take(source, ','))
            return false;
        skip_space(source);
        if (!take_string(source, &key) || key.len == 2 || key.len > MAX_KEY || !take(source, ':'))
            return false;
        if (!first)
            text_literal(source->text, ",");
        text_add(source->text, key);
        text_literal(source->text, ":");
        source->size++;
        if (!write_value(source, depth + 1))
            return false;
    }
    text_literal(source->text, "}}");
    return true;
}

static bool write_value(struct source *source, int depth)
{
    hearth_str string;

    skip_space(source);
    if (source->at == source->end || depth > VALUE_MAX_DEPTH || source->size > VALUE_MAX_SIZE)
        return false;
    switch (*source->at) {
    case '{':
        source->at++;
        return write_map(source, depth);
    case '[':
        source->at++;
        return write_list(source, depth);
    case '"':
        if (!take_string(source, &string))
            return false;
        text_literal(source->text, "{\"S\":");
        text_add(source->text, string);
        text_literal(source->text, "}");
        return true;
    case 't':
        text_literal(source->text, "{\"BOOL\":true}");
        source->size++;
        return take_word(source, "true");
    case 'f':
        text_literal(source->text, "{\"BOOL\":false}");
        source->size++;
        return take_word(source, "false");
    case 'n':
        text_literal(source->text, "{\"NULL\":true}");
        source->size++;
        return take_word(source, "null");
    default:
        return write_number(source);
    }
}

void value_write(struct text *text, hearth_str body)
{
    struct source source = {body.ptr, body.ptr + body.len, 0, text};
    size_t start = text->len;

    bool native = write_value(&source, 1) && source.size <= VALUE_MAX_SIZE;
    skip_space(&source);
    if (text->failed || (native && source.at == source.end))
        return;
    text->len = start;
    text_literal(text, "{\"S\":");
    text_string(text, body);
    text_literal(text, "}");
}

/* ---- back ---- */

/* A number as JSON spells it. */
static bool is_number(hearth_str number)
{
    size_t digits = 0;

    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        digits += c >= '0' && c <= '9';
        if (!c || !strchr("+-.0123456789eE", c))
            return false;
    }
    return digits > 0 && (number.ptr[0] == '-' || (number.ptr[0] >= '0' && number.ptr[0] <= '9'));
}

static bool read_element(const hearth_json *json, const hearth_json_value *value,
                         struct text *text);

static bool read_map(const hearth_json *json, const hearth_json_value *map, struct text *text)
{
    text_literal(text, "{");
    for (size_t i = 0; i < json->size(map); i++) {
        hearth_str key;
        const hearth_json_value *member = json->member(map, i, &key);
        if (i > 0)
            text_literal(text, ",");
        text_string(text, key);
        text_literal(text, ":");
        if (!read_element(json, member, text))
            return false;
    }
    text_literal(text, "}");
    return true;
}

static bool read_list(const hearth_json *json, const hearth_json_value *list, struct text *text)
{
    text_literal(text, "[");
    for (size_t i = 0; i < json->size(list); i++) {
        if (i > 0)
            text_literal(text, ",");
        if (!read_element(json, json->at(list, i), text))
            return false;
    }
    text_literal(text, "]");
    return true;
}

static bool read_element(const hearth_json *json, const hearth_json_value *value, struct text *text)
{
    hearth_str type;
    const hearth_json_value *inner = json->member(value, 0, &type);

    if (!inner || json->size(value) != 1)
        return false;
    if (type.len == 1 && type.ptr[0] == 'M')
        return json->type(inner) == HEARTH_JSON_OBJECT && read_map(json, inner, text);
    if (type.len == 1 && type.ptr[0] == 'L')
        return json->type(inner) == HEARTH_JSON_ARRAY && read_list(json, inner, text);
    if (type.len == 1 && type.ptr[0] == 'S') {
        text_string(text, json->as_string(inner));
        return json->type(inner) == HEARTH_JSON_STRING;
    }
    if (type.len == 1 && type.ptr[0] == 'N') {
        text_add(text, json->as_string(inner));
        return is_number(json->as_string(inner));
    }
    if (type.len == 4 && memcmp(type.ptr, "BOOL", 4) == 0)
        text_literal(text, json->as_boolean(inner) ? "true" : "false");
    else if (type.len == 4 && memcmp(type.ptr, "NULL", 4) == 0)
        text_literal(text, "null");
    else
        return false; /* sets and binary: somebody else wrote them */
    return true;
}

bool value_read(const hearth_json *json, const hearth_json_value *value, struct text *text)
{
    const hearth_json_value *whole = json->get(value, "S");
    const hearth_json_value *map = json->get(value, "M");

    if (whole && json->type(whole) == HEARTH_JSON_STRING) {
        text_add(text, json->as_string(whole));
        return !text->failed;
    }
    return map && json->type(map) == HEARTH_JSON_OBJECT && read_map(json, map, text) &&
           !text->failed;
}
