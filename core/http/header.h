/*
 * header.h - fields of a request's head: slices of the input, and an index of the known ones.
 */
#ifndef HEARTH_HTTP_HEADER_H
#define HEARTH_HTTP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define HTTP_MAX_HEADERS 100

typedef struct http_header {
    hearth_str name, value; /* the value without white space around it */
} http_header;

/* Fields that the server itself or most plugins ask for: found without a search. */
typedef enum http_known {
    HTTP_HOST = 0,
    HTTP_CONNECTION,
    HTTP_CONTENT_LENGTH,
    HTTP_TRANSFER_ENCODING,
    HTTP_EXPECT,
    HTTP_CONTENT_TYPE,
    HTTP_AUTHORIZATION,
    HTTP_REQUEST_ID,
    HTTP_TRACEPARENT,
    HTTP_IF_MATCH,
    HTTP_IF_NONE_MATCH,
    HTTP_IDEMPOTENCY_KEY,
    HTTP_ORIGIN,
    HTTP_FORWARDED,
    HTTP_FORWARDED_FOR,
    HTTP_ACCEPT,
    HTTP_KNOWN_COUNT
} http_known;

/* HTTP_KNOWN_COUNT: not one of them. */
http_known header_known(hearth_str name);

typedef struct http_headers {
    http_header *items;
    uint32_t count;
    uint8_t first[HTTP_KNOWN_COUNT]; /* 1 + index of the first such field, 0: none */
    uint32_t repeated;               /* bit: a known field that came more than once */
} http_headers;

static inline bool headers_have(const http_headers *headers, http_known known)
{
    return headers->first[known] != 0;
}

/* The first one's value; {NULL, 0}: none. */
static inline hearth_str headers_known(const http_headers *headers, http_known known)
{
    if (headers->first[known] == 0)
        return (hearth_str){NULL, 0};
    return headers->items[headers->first[known] - 1].value;
}

/* RFC 9110, 5.1 and 5.5: a token; no control characters but tab. */
bool header_name_is_valid(hearth_str name);
static inline bool header_value_is_valid(hearth_str value)
{
    return !str_has_control(value);
}

#endif
