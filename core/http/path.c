/*
 * path.c - the path of a target: split first, then each segment decoded once, never normalised.
 * What two programs could understand differently is refused instead of repaired.
 */
#include "http/router.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static hearth_status decode(hearth_arena *arena, hearth_str raw, hearth_str *out,
                            const char **reason)
{
    *out = raw;
    if (str_index(raw, '%') == raw.len)
        return HEARTH_OK;
    char *copy = arena_alloc(arena, raw.len);
    if (!copy)
        return HEARTH_ENOMEM;
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            bool whole = i + 2 < raw.len;
            int high = whole ? hex(raw.ptr[i + 1]) : -1;
            int low = whole ? hex(raw.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                *reason = "The path has an invalid escape.";
                return HEARTH_EINVAL;
            }
            c = (char)(high * 16 + low);
            i += 2;
            if (c == '/' || c == '\0') {
                *reason = "The path must not have an escaped slash or NUL.";
                return HEARTH_EINVAL;
            }
        }
        copy[len++] = c;
    }
    *out = (hearth_str){copy, len};
    if (str_is_utf8(*out))
        return HEARTH_OK;
    *reason = "The path must be UTF-8.";
    return HEARTH_EINVAL;
}

hearth_status path_split(hearth_arena *arena, hearth_str raw, http_path *out, const char **reason)
{
    out->count = 0;
    if (raw.len == 0 || raw.ptr[0] != '/') {
        *reason = "The path must begin with a slash.";
        return HEARTH_EINVAL;
    }
    hearth_str rest = str_slice(raw, 1, raw.len), part;
    if (rest.len == 0)
        return HEARTH_OK;
    while (str_split(&rest, '/', &part)) {
        hearth_str segment;
        hearth_status status = decode(arena, part, &segment, reason);
        if (status < 0)
            return status;
        if (segment.len == 0) {
            *reason = "The path must not have empty segments or end in a slash.";
            return HEARTH_EINVAL;
        }
        if (str_eq(segment, HEARTH_STR(".")) || str_eq(segment, HEARTH_STR(".."))) {
            *reason = "The path must not have dot segments.";
            return HEARTH_EINVAL;
        }
        if (out->count < ROUTER_MAX_SEGMENTS)
            out->segments[out->count] = segment;
        out->count++;
    }
    return HEARTH_OK;
}
