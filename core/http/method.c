/*
 * method.c - methods by name; the Allow header is made of their bits.
 */
#include "http/method.h"

static const hearth_str names[] = {
    {"GET", 3},   {"HEAD", 4},   {"POST", 4},    {"PUT", 3},
    {"PATCH", 5}, {"DELETE", 6}, {"OPTIONS", 7}, {"", 0},
};

http_method method_from(hearth_str name)
{
    for (int i = 0; i < HTTP_OTHER_METHOD; i++)
        if (str_eq(names[i], name))
            return (http_method)i;
    return HTTP_OTHER_METHOD;
}

hearth_str method_name(http_method method)
{
    return names[method];
}

size_t method_list(uint32_t bits, char out[64])
{
    size_t len = 0;
    for (int i = 0; i < HTTP_OTHER_METHOD; i++) {
        if (!(bits & (1u << i)))
            continue;
        if (len > 0) {
            out[len++] = ',';
            out[len++] = ' ';
        }
        memcpy(out + len, names[i].ptr, names[i].len);
        len += names[i].len;
    }
    out[len] = '\0';
    return len;
}
