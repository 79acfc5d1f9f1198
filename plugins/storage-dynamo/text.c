/*
 * text.c - appending; the buffer doubles.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 512

static bool reserve(struct text *text, size_t more)
{
    if (text->failed || more > text->max - text->len) {
        text->failed = true;
        return false;
    }
    if (text->len + more <= text->size)
        return true;
    size_t size = text->size ? text->size * 2 : FIRST_SIZE;
    while (size < text->len + more)
        size *= 2;
    char *grown = realloc(text->ptr, size);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->ptr = grown;
    text->size = size;
    return true;
}

void text_add(struct text *text, hearth_str bytes)
{
    if (bytes.len == 0 || !reserve(text, bytes.len))
        return;
    memcpy(text->ptr + text->len, bytes.ptr, bytes.len);
    text->len += bytes.len;
}

void text_literal(struct text *text, const char *literal)
{
    text_add(text, (hearth_str){literal, strlen(literal)});
}

void text_escaped(struct text *text, hearth_str value)
{
    size_t plain = 0; /* where the bytes begin that need no escape */

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        char escape[8];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add(text, (hearth_str){value.ptr + plain, i - plain});
        plain = i + 1;
        if (c < 0x20)
            snprintf(escape, sizeof(escape), "\\u%04x", c);
        else
            snprintf(escape, sizeof(escape), "\\%c", c);
        text_literal(text, escape);
    }
    if (plain < value.len)
        text_add(text, (hearth_str){value.ptr + plain, value.len - plain});
}

void text_string(struct text *text, hearth_str value)
{
    text_literal(text, "\"");
    text_escaped(text, value);
    text_literal(text, "\"");
}

void text_number(struct text *text, uint64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    text_add(text, (hearth_str){digits, (size_t)len});
}

void text_finish(struct text *text)
{
    free(text->ptr);
    *text = (struct text){.max = text->max};
}
