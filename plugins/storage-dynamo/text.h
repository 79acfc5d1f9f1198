/*
 * text.h - a text that grows up to a ceiling, and the few ways in which JSON is appended to it.
 * Requests are written into one, answers are gathered in one.
 */
#ifndef STORAGE_DYNAMO_TEXT_H
#define STORAGE_DYNAMO_TEXT_H

#include <hearth/types.h>

#include <stdbool.h>

/* Zeroed but for `max`, which is the ceiling in bytes. Past it, or out of memory, `failed` is set
 * and further appends do nothing. */
struct text {
    char *ptr;
    size_t len, size, max;
    bool failed;
};

void text_add(struct text *text, hearth_str bytes);
void text_literal(struct text *text, const char *literal);
/* A JSON string, quoted and escaped. */
void text_string(struct text *text, hearth_str value);
/* The inside of a JSON string, for one that is put together from parts. */
void text_escaped(struct text *text, hearth_str value);
void text_number(struct text *text, uint64_t value);

static inline hearth_str text_str(const struct text *text)
{
    return (hearth_str){text->ptr, text->len};
}

/* Frees the memory; the text is empty and can be used again. */
void text_finish(struct text *text);

#endif
