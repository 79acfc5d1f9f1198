/*
 * method.h - the request methods this server knows (RFC 9110, 9.3, and PATCH of RFC 5789).
 */
#ifndef HEARTH_HTTP_METHOD_H
#define HEARTH_HTTP_METHOD_H

#include <stdint.h>

#include "base/str.h"

typedef enum http_method {
    HTTP_GET_METHOD = 0,
    HTTP_HEAD_METHOD,
    HTTP_POST_METHOD,
    HTTP_PUT_METHOD,
    HTTP_PATCH_METHOD,
    HTTP_DELETE_METHOD,
    HTTP_OPTIONS_METHOD,
    HTTP_OTHER_METHOD /* a token that no route can have */
} http_method;

/* Case-sensitive, as methods are. */
http_method method_from(hearth_str name);
hearth_str method_name(http_method method);
/* "GET, HEAD, POST" from bits (1 << method); NUL-terminated. */
size_t method_list(uint32_t bits, char out[64]);

#endif
