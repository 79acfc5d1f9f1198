/*
 * header.c - which bytes a field may have, and which fields are known by number.
 */
#include "http/header.h"

static const hearth_str names[HTTP_KNOWN_COUNT] = {
    [HTTP_HOST] = {"Host", 4},
    [HTTP_CONNECTION] = {"Connection", 10},
    [HTTP_CONTENT_LENGTH] = {"Content-Length", 14},
    [HTTP_TRANSFER_ENCODING] = {"Transfer-Encoding", 17},
    [HTTP_EXPECT] = {"Expect", 6},
    [HTTP_CONTENT_TYPE] = {"Content-Type", 12},
    [HTTP_AUTHORIZATION] = {"Authorization", 13},
    [HTTP_REQUEST_ID] = {"X-Request-Id", 12},
    [HTTP_TRACEPARENT] = {"traceparent", 11},
    [HTTP_IF_MATCH] = {"If-Match", 8},
    [HTTP_IF_NONE_MATCH] = {"If-None-Match", 13},
    [HTTP_IDEMPOTENCY_KEY] = {"Idempotency-Key", 15},
    [HTTP_ORIGIN] = {"Origin", 6},
    [HTTP_FORWARDED] = {"Forwarded", 9},
    [HTTP_FORWARDED_FOR] = {"X-Forwarded-For", 15},
    [HTTP_ACCEPT] = {"Accept", 6},
};

/* Candidates by length and first letter; at most two comparisons for any name. */
http_known header_known(hearth_str name)
{
    static const uint8_t by_length[18][2] = {
        [4] = {1 + HTTP_HOST},
        [6] = {1 + HTTP_ACCEPT, 1 + HTTP_EXPECT},
        [8] = {1 + HTTP_IF_MATCH},
        [9] = {1 + HTTP_FORWARDED},
        [10] = {1 + HTTP_CONNECTION},
        [11] = {1 + HTTP_TRACEPARENT},
        [12] = {1 + HTTP_CONTENT_TYPE, 1 + HTTP_REQUEST_ID},
        [13] = {1 + HTTP_AUTHORIZATION, 1 + HTTP_IF_NONE_MATCH},
        [14] = {1 + HTTP_CONTENT_LENGTH},
        [15] = {1 + HTTP_IDEMPOTENCY_KEY, 1 + HTTP_FORWARDED_FOR},
        [17] = {1 + HTTP_TRANSFER_ENCODING},
    };
    if (name.len >= HEARTH_COUNT(by_length))
        return HTTP_KNOWN_COUNT;
    for (int i = 0; i < 2; i++) {
        unsigned candidate = by_length[name.len][i];
        if (candidate && str_eq_nocase(names[candidate - 1], name))
            return (http_known)(candidate - 1);
    }
    if (name.len == 6 && str_eq_nocase(names[HTTP_ORIGIN], name))
        return HTTP_ORIGIN;
    return HTTP_KNOWN_COUNT;
}

/* tchar of RFC 9110, 5.6.2. */
static const bool token[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,
    ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,         ['^'] = 1,         ['_'] = 1,
    ['`'] = 1, ['|'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

bool header_name_is_valid(hearth_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!token[(uint8_t)name.ptr[i]])
            return false;
    return name.len > 0;
}
