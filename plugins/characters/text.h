/*
 * text.h - appends JSON to a buffer of fixed size. What overflows is not written and remembered in
 * `overflow`, so that a caller checks once, at the end.
 */
#ifndef HEARTH_CHARACTERS_TEXT_H
#define HEARTH_CHARACTERS_TEXT_H

#include <hearth/types.h>

struct text {
    char *ptr;
    size_t len, size;
    int overflow;
};

void text_put(struct text *text, const char *bytes, size_t len);
/* JSON as it stands: keys, braces, commas. */
void text_raw(struct text *text, const char *json);
void text_integer(struct text *text, int64_t value);
/* A JSON string, escaped as RFC 8259 wants. */
void text_string(struct text *text, hearth_str value);
/* A JSON string, or null when it is empty. */
void text_string_or_null(struct text *text, const char *value);

#endif
