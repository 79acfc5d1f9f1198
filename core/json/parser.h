/*
 * parser.h - what the parts of the JSON reader share: the value and the state of a parse.
 * The text is a copy in the arena; strings are unescaped in place, so positions in it are those of
 * the original, which is kept for counting lines.
 */
#ifndef HEARTH_JSON_PARSER_H
#define HEARTH_JSON_PARSER_H

#include "json/reader.h"

struct hearth_json_value {
    uint32_t type;
    uint32_t len; /* of the string, or number of children */
    union {
        int64_t integer; /* also 0 and 1 of a boolean */
        const char *text;
        const struct hearth_json_value *children;
    } as;
    const char *key; /* of a member */
    uint32_t key_len;
    uint32_t reserved;
};

typedef struct parser {
    hearth_arena *arena;
    const char *original;
    char *start, *at, *end; /* of the copy */
    hearth_error *error;
    hearth_json_value *scratch; /* children of the containers that are still open */
    const hearth_json_value *local;
    size_t scratch_len, scratch_capacity;
} parser;

/* An error with the line and column of `place` in the copy. */
hearth_status parser_refuse(parser *p, const char *place, const char *text);
/* "expected ..., found" what stands at p->at. */
hearth_status parser_unexpected(parser *p, const char *expected);

static inline bool parser_next_is(parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* At the opening quote. */
hearth_status parser_string(parser *p, const char **text, uint32_t *len);
hearth_status parser_number(parser *p, hearth_json_value *value);
/* true, false, null, or an error. */
hearth_status parser_word(parser *p, hearth_json_value *value);

#endif
