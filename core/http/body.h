/*
 * body.h - the framing of a request's body: a length, or chunks (RFC 9112, section 7), decoded into
 * the request's arena and never past the limit.
 */
#ifndef HEARTH_HTTP_BODY_H
#define HEARTH_HTTP_BODY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define BODY_MAX_EXTENSIONS 1024  /* bytes of chunk extensions in one body */
#define BODY_MAX_TRAILERS   16384 /* bytes of trailer lines */

typedef enum body_result {
    BODY_MORE = 0,
    BODY_COMPLETE,
    BODY_MALFORMED, /* 400 */
    BODY_TOO_LARGE, /* 413 */
    BODY_NO_MEMORY
} body_result;

typedef struct http_body {
    hearth_arena *arena;
    char *data;
    size_t len, capacity;
    size_t limit;  /* inclusive */
    uint64_t left; /* of the length, or of this chunk */
    bool chunked;
    uint8_t state;
    uint8_t digits;
    bool line_is_empty; /* of the trailer line so far */
    bool in_value;      /* behind the trailer line's colon */
    uint32_t extensions, trailers;
    const char *reason;
} http_body;

/* `length` is ignored when chunked. */
void body_init(http_body *body, hearth_arena *arena, bool chunked, uint64_t length, size_t limit);
/* Takes from `input` what belongs to the body; *used says how much that was. */
body_result body_feed(http_body *body, hearth_str input, size_t *used);

#endif
