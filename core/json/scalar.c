/*
 * scalar.c - strings, numbers and words of JSON, and errors that say where.
 * Whatever an escape stands for is shorter than the escape, so unescaping never overtakes reading.
 */
#include "json/parser.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Line and column (in characters, from 1) of a place, for people. */
hearth_status parser_refuse(parser *p, const char *place, const char *text)
{
    size_t line = 1, column = 1;
    const char *end = p->original + (place - p->start);
    for (const char *c = p->original; c < end; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xC0) != 0x80) {
            column++;
        }
    }
    return error_set(p->error, HEARTH_EINVAL, "line %zu, column %zu: %s", line, column, text);
}

hearth_status parser_unexpected(parser *p, const char *expected)
{
    char text[128];
    hearth_error found;
    if (p->at == p->end)
        error_set(&found, HEARTH_EINVAL, "the end of the text");
    else if ((unsigned char)*p->at < 0x20)
        error_set(&found, HEARTH_EINVAL, "the control character 0x%02x", (unsigned char)*p->at);
    else
        error_set(&found, HEARTH_EINVAL, "\"%.*s\"",
                  (int)str_utf8_length(p->at, (size_t)(p->end - p->at)), p->at);
    snprintf(text, sizeof(text), "expected %s, found %.32s", expected, found.text);
    return parser_refuse(p, p->at, text);
}

static hearth_status parse_hex(parser *p, unsigned *out)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = p->at < p->end ? *p->at : '\0';
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a' + 10);
        else
            return parser_unexpected(p, "four hexadecimal digits after \\u");
        value = value << 4 | digit;
    }
    *out = value;
    return HEARTH_OK;
}

static char *put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* Behind "\u". What is written is never longer than what was read, so `out` stays behind. */
static hearth_status parse_unicode(parser *p, char **out)
{
    const char *place = p->at - 2;
    unsigned code, low;
    hearth_status status = parse_hex(p, &code);
    if (status != HEARTH_OK)
        return status;
    if (code >= 0xDC00 && code <= 0xDFFF)
        return parser_refuse(p, place,
                             "expected a character, found the second half of a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
            return parser_refuse(p, place, "expected a character, found half a surrogate pair");
        p->at += 2;
        status = parse_hex(p, &low);
        if (status != HEARTH_OK)
            return status;
        if (low < 0xDC00 || low > 0xDFFF)
            return parser_refuse(p, place, "expected a character, found half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put_utf8(*out, code);
    return HEARTH_OK;
}

static hearth_status parse_escape(parser *p, char **out)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = p->at < p->end ? *p->at : '\0';
    if (c == 'u') {
        p->at++;
        return parse_unicode(p, out);
    }
    const char *name = c ? strchr(names, c) : NULL;
    if (!name)
        return parser_unexpected(p, "an escape (one of \" \\ / b f n r t u)");
    p->at++;
    *(*out)++ = bytes[name - names];
    return HEARTH_OK;
}

/* At the opening quote. */
hearth_status parser_string(parser *p, const char **text, uint32_t *len)
{
    char *begin = ++p->at, *out = begin;
    for (;;) {
        char *run = p->at;
        while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
            p->at++;
        size_t size = (size_t)(p->at - run);
        if (out != run)
            memmove(out, run, size);
        out += size;
        if (p->at == p->end || (unsigned char)*p->at < 0x20)
            return parser_unexpected(p, "the rest of a string");
        if (*p->at++ == '"')
            break;
        hearth_status status = parse_escape(p, &out);
        if (status != HEARTH_OK)
            return status;
    }
    *text = begin;
    *len = (uint32_t)(out - begin);
    return HEARTH_OK;
}

static bool is_digit(const parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static hearth_status parse_fraction_and_exponent(parser *p, hearth_json_value *value)
{
    if (parser_next_is(p, '.')) {
        value->type = HEARTH_JSON_NUMBER;
        if (!is_digit(p))
            return parser_unexpected(p, "a digit after the decimal point");
        while (is_digit(p))
            p->at++;
    }
    if (parser_next_is(p, 'e') || parser_next_is(p, 'E')) {
        value->type = HEARTH_JSON_NUMBER;
        if (!parser_next_is(p, '+'))
            parser_next_is(p, '-');
        if (!is_digit(p))
            return parser_unexpected(p, "a digit of the exponent");
        while (is_digit(p))
            p->at++;
    }
    return HEARTH_OK;
}

hearth_status parser_number(parser *p, hearth_json_value *value)
{
    bool negative = parser_next_is(p, '-');
    if (!is_digit(p))
        return parser_unexpected(p, negative ? "a digit after the minus" : "a value");
    value->type = HEARTH_JSON_INTEGER;
    int64_t magnitude = *p->at++ - '0';
    if (magnitude == 0 && is_digit(p))
        return parser_unexpected(p, "no digit after a leading zero");
    for (; is_digit(p); p->at++) {
        magnitude = magnitude * 10 + (*p->at - '0');
        if (magnitude > HEARTH_JSON_INTEGER_MAX) {
            value->type = HEARTH_JSON_NUMBER;
            magnitude = HEARTH_JSON_INTEGER_MAX;
        }
    }
    value->as.integer = negative ? -magnitude : magnitude;
    return parse_fraction_and_exponent(p, value);
}

hearth_status parser_word(parser *p, hearth_json_value *value)
{
    static const struct {
        hearth_str word;
        hearth_json_type type;
        int64_t integer;
    } words[] = {{{"true", 4}, HEARTH_JSON_BOOL, 1},
                 {{"false", 5}, HEARTH_JSON_BOOL, 0},
                 {{"null", 4}, HEARTH_JSON_NULL, 0}};
    hearth_str rest = {p->at, (size_t)(p->end - p->at)};
    for (size_t i = 0; i < HEARTH_COUNT(words); i++) {
        if (str_starts_with(rest, words[i].word)) {
            value->type = words[i].type;
            value->as.integer = words[i].integer;
            p->at += words[i].word.len;
            return HEARTH_OK;
        }
    }
    return parser_unexpected(p, "a value");
}
