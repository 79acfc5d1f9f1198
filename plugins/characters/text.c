/*
 * text.c - see text.h. A character is written once per change, so it is written by hand.
 */
#include "text.h"

#include <stdio.h>
#include <string.h>

void text_put(struct text *text, const char *bytes, size_t len)
{
    if (len > text->size - text->len) {
        text->overflow = 1;
        return;
    }
    memcpy(text->ptr + text->len, bytes, len);
    text->len += len;
}

void text_raw(struct text *text, const char *json)
{
    text_put(text, json, strlen(json));
}

void text_integer(struct text *text, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    text_put(text, digits + at, sizeof(digits) - at);
}

void text_string(struct text *text, hearth_str value)
{
    size_t from = 0;
    text_raw(text, "\"");
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        char escaped[8];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_put(text, value.ptr + from, i - from);
        snprintf(escaped, sizeof(escaped), c < 0x20 ? "\\u%04x" : "\\%c", c);
        text_raw(text, escaped);
        from = i + 1;
    }
    text_put(text, value.ptr + from, value.len - from);
    text_raw(text, "\"");
}

void text_string_or_null(struct text *text, const char *value)
{
    if (value[0])
        text_string(text, (hearth_str){value, strlen(value)});
    else
        text_raw(text, "null");
}
