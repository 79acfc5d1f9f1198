/*
 * str.h - questions one asks of a hearth_str: equality, prefixes, numbers, UTF-8.
 * Nothing here allocates or changes what it is given; results are slices of the input.
 */
#ifndef HEARTH_BASE_STR_H
#define HEARTH_BASE_STR_H

#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"

/* All of these: [any]. */

static inline hearth_str str_from(const char *cstr)
{
    return (hearth_str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_eq(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts_with(hearth_str text, hearth_str prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_ends_with(hearth_str text, hearth_str suffix)
{
    return text.len >= suffix.len && (suffix.len == 0 || memcmp(text.ptr + text.len - suffix.len,
                                                                suffix.ptr, suffix.len) == 0);
}

/* From byte `from` on, at most `len` bytes; clamped to what is there. */
static inline hearth_str str_slice(hearth_str text, size_t from, size_t len)
{
    if (from >= text.len)
        return (hearth_str){text.ptr ? text.ptr + text.len : NULL, 0};
    size_t left = text.len - from;
    return (hearth_str){text.ptr + from, len < left ? len : left};
}

/* ASCII letters are equal in either case, all other bytes only to themselves. */
bool str_eq_nocase(hearth_str a, hearth_str b);

/* Control characters other than tab: what HTTP keeps out of its field values. */
bool str_has_control(hearth_str text);

/* Nothing but visible ASCII: no spaces, no control characters, no byte above 0x7e. */
bool str_is_visible(hearth_str text);

/* -1, 0 or 1: bytewise order, a prefix comes first. */
int str_compare(hearth_str a, hearth_str b);

/* Index of the first `c`, or text.len when there is none. */
static inline size_t str_index(hearth_str text, char c)
{
    const char *found = text.len > 0 ? memchr(text.ptr, c, text.len) : NULL;
    return found ? (size_t)(found - text.ptr) : text.len;
}

/* Without spaces and tabs at either end (HTTP's optional white space). */
hearth_str str_trim_ows(hearth_str text);

/*
 * Takes the part before the next `separator` off `rest`; false when nothing is left. The last part
 * has rest->ptr NULL behind it, so "a," gives "a" and "", and "" gives one "" (but {NULL, 0} none).
 */
bool str_split(hearth_str *rest, char separator, hearth_str *part);

/*
 * Decimal digits and nothing else: no sign ('-' for i64), no space, no leading zeros but "0"
 * itself, no overflow. False leaves *out alone.
 */
bool str_parse_u64(hearth_str text, uint64_t *out);
bool str_parse_i64(hearth_str text, int64_t *out);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF). */
bool str_is_utf8(hearth_str text);

/* The length of the valid UTF-8 sequence at `ptr` (1 to 4), or 0 when it is not one. */
size_t str_utf8_length(const char *ptr, size_t len);

/* Whether a NUL-terminated copy would be the same string. */
static inline bool str_has_nul(hearth_str text)
{
    return text.len > 0 && memchr(text.ptr, 0, text.len) != NULL;
}

#endif
