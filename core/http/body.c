/*
 * body.c - the decoder of chunks is our own, one byte at a time outside of the data, because
 * parsers are most often attacked where they are generous: sizes, extensions and line ends.
 */
#include "http/body.h"

#include "http/header.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, FIXED };

#define FIRST_ROOM ((size_t)4096)

void body_init(http_body *body, hearth_arena *arena, bool chunked, uint64_t length, size_t limit)
{
    *body = (http_body){.arena = arena,
                        .limit = limit,
                        .chunked = chunked,
                        .left = chunked ? 0 : length,
                        .state = chunked ? SIZE : FIXED};
}

/* Memory follows what has arrived, not what was announced. */
static bool append(http_body *body, const char *ptr, size_t len)
{
    if (len > body->capacity - body->len) {
        size_t need = body->len + len;
        size_t room = body->capacity ? body->capacity * 2 : FIRST_ROOM;
        if (!body->chunked && body->len == 0 && body->left == len)
            room = len; /* all of it is here: exactly as much as it needs */
        while (room < need)
            room *= 2;
        if (room > body->limit)
            room = body->limit > need ? body->limit : need;
        char *grown = arena_grow(body->arena, body->data, body->capacity, room);
        if (!grown)
            return false;
        body->data = grown;
        body->capacity = room;
    }
    memcpy(body->data + body->len, ptr, len);
    body->len += len;
    return true;
}

static body_result malformed(http_body *body, const char *reason)
{
    body->reason = reason;
    return BODY_MALFORMED;
}

/* Bytes of data: as many as are here and belong to it. */
static body_result take_data(http_body *body, hearth_str input, size_t *at)
{
    size_t here = input.len - *at;
    size_t take = body->left < here ? (size_t)body->left : here;
    if (take > 0 && !append(body, input.ptr + *at, take))
        return BODY_NO_MEMORY;
    *at += take;
    body->left -= take;
    if (body->left > 0)
        return BODY_MORE;
    if (body->state == FIXED)
        return BODY_COMPLETE;
    body->state = DATA_CR;
    return BODY_MORE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static body_result take_size(http_body *body, char c)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (++body->digits > 15)
            return malformed(body, "The size of a chunk is too long.");
        body->left = body->left * 16 + (unsigned)digit;
        return body->left > body->limit - body->len ? BODY_TOO_LARGE : BODY_MORE;
    }
    if (body->digits == 0)
        return malformed(body, "A chunk must begin with its size.");
    if (c == '\r')
        body->state = SIZE_LF;
    else if (c == ';')
        body->state = EXTENSION;
    else
        return malformed(body, "The size of a chunk must be hexadecimal.");
    return BODY_MORE;
}

static body_result take_extension(http_body *body, char c)
{
    if (++body->extensions > BODY_MAX_EXTENSIONS)
        return malformed(body, "The chunk extensions are too long.");
    if (c == '\r')
        body->state = SIZE_LF;
    else if (!header_value_is_valid((hearth_str){&c, 1}))
        return malformed(body, "A chunk extension must not hold control characters.");
    return BODY_MORE;
}

/* Trailers are checked and dropped: nobody here may be surprised by a late header. */
static body_result take_trailer(http_body *body, char c)
{
    if (++body->trailers > BODY_MAX_TRAILERS)
        return malformed(body, "The trailers are too long.");
    if (c == '\r') {
        if (!body->line_is_empty && !body->in_value)
            return malformed(body, "A trailer must have a colon.");
        body->state = TRAILER_LF;
    } else if (body->in_value) {
        if (!header_value_is_valid((hearth_str){&c, 1}))
            return malformed(body, "A trailer must not hold control characters.");
    } else if (c == ':' && !body->line_is_empty) {
        body->in_value = true;
    } else if (header_name_is_valid((hearth_str){&c, 1})) {
        body->line_is_empty = false;
    } else {
        return malformed(body, "A trailer must be a name, a colon and a value.");
    }
    return BODY_MORE;
}

static body_result take_line_end(http_body *body, char c)
{
    if (c != (body->state == DATA_CR ? '\r' : '\n'))
        return malformed(body, "A line of a chunked body must end in CRLF.");
    switch (body->state) {
    case SIZE_LF:
        body->state = body->left > 0 ? DATA : TRAILER;
        body->line_is_empty = true;
        body->in_value = false;
        return BODY_MORE;
    case DATA_CR:
        body->state = DATA_LF;
        return BODY_MORE;
    case DATA_LF:
        body->state = SIZE;
        body->digits = 0;
        return BODY_MORE;
    default:
        if (body->line_is_empty)
            return BODY_COMPLETE;
        body->state = TRAILER;
        body->line_is_empty = true;
        body->in_value = false;
        return BODY_MORE;
    }
}

body_result body_feed(http_body *body, hearth_str input, size_t *used)
{
    body_result result = BODY_MORE;
    size_t at = 0;
    if (body->state == FIXED) {
        result =
            body->left > body->limit - body->len ? BODY_TOO_LARGE : take_data(body, input, &at);
        *used = at;
        return result;
    }
    while (at < input.len && result == BODY_MORE) {
        if (body->state == DATA) {
            result = take_data(body, input, &at);
            continue;
        }
        char c = input.ptr[at++];
        if (body->state == SIZE)
            result = take_size(body, c);
        else if (body->state == EXTENSION)
            result = take_extension(body, c);
        else if (body->state == TRAILER)
            result = take_trailer(body, c);
        else
            result = take_line_end(body, c);
    }
    *used = at;
    return result;
}
