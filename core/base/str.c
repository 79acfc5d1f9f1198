/*
 * str.c - the parts of str.h that are longer than a line.
 * These run on bytes from the network: every index is checked against len, no NUL is assumed.
 */
#include "base/str.h"

#include <stdint.h>

static unsigned char lower(char c)
{
    unsigned char byte = (unsigned char)c;
    return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

/* lower() of eight bytes at once. The high bit of a byte of the sums says: at or above that letter;
 * bytes of 0x80 and more are no letters. */
static uint64_t lower8(const char *ptr)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, ptr, sizeof(word));
    uint64_t seven = word & 0x7f * each;
    uint64_t from_a = seven + (0x80 - 'A') * each, past_z = seven + (0x7f - 'Z') * each;
    return word | (~word & (from_a ^ past_z) & 0x80 * each) >> 2;
}

bool str_eq_nocase(hearth_str a, hearth_str b)
{
    size_t i = 0;
    if (a.len != b.len)
        return false;
    for (; a.len - i >= 8; i += 8)
        if (lower8(a.ptr + i) != lower8(b.ptr + i))
            return false;
    if (i > 0) /* the rest, with some of what was equal before it */
        return lower8(a.ptr + a.len - 8) == lower8(b.ptr + a.len - 8);
    for (; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

/* Whether `judge` marks any byte of a text. It never marks a letter, which fills the last block. */
static inline bool any_byte(hearth_str text, hearth_bytes16 (*judge)(hearth_bytes16))
{
    hearth_bytes16 bytes, marks = {0};
    uint64_t halves[2];
    size_t i = 0;
    for (; text.len - i >= sizeof(bytes); i += sizeof(bytes)) {
        memcpy(&bytes, text.ptr + i, sizeof(bytes));
        marks |= judge(bytes);
    }
    if (i < text.len) {
        memset(&bytes, 'a', sizeof(bytes));
        memcpy(&bytes, text.ptr + i, text.len - i);
        marks |= judge(bytes);
    }
    memcpy(halves, &marks, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

static hearth_bytes16 control(hearth_bytes16 c)
{
    return (hearth_bytes16)(((c < 0x20) & (c != '\t')) | (c == 0x7f));
}

bool str_has_control(hearth_str text)
{
    return any_byte(text, control);
}

static hearth_bytes16 invisible(hearth_bytes16 c)
{
    return (hearth_bytes16)((c <= 0x20) | (c >= 0x7f));
}

bool str_is_visible(hearth_str text)
{
    return !any_byte(text, invisible);
}

int str_compare(hearth_str a, hearth_str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

hearth_str str_trim_ows(hearth_str text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool str_split(hearth_str *rest, char separator, hearth_str *part)
{
    if (!rest->ptr)
        return false;
    size_t end = str_index(*rest, separator);
    *part = (hearth_str){rest->ptr, end};
    if (end == rest->len)
        *rest = (hearth_str){NULL, 0};
    else
        *rest = (hearth_str){rest->ptr + end + 1, rest->len - end - 1};
    return true;
}

bool str_parse_u64(hearth_str text, uint64_t *out)
{
    if (text.len == 0 || text.len > 20 || (text.ptr[0] == '0' && text.len > 1))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)((unsigned char)text.ptr[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool str_parse_i64(hearth_str text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (negative)
        text = str_slice(text, 1, text.len);
    uint64_t magnitude;
    if (!str_parse_u64(text, &magnitude) || (negative && magnitude == 0))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t str_utf8_length(const char *ptr, size_t len)
{
    const unsigned char *p = (const unsigned char *)ptr;
    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2)
        return 0;
    if (p[0] < 0xE0)
        return len >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (p[0] < 0xF0) {
        if (len < 3 || !is_continuation(p[1]) || !is_continuation(p[2]))
            return 0;
        bool overlong = p[0] == 0xE0 && p[1] < 0xA0;
        bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (p[0] < 0xF5) {
        if (len < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3]))
            return 0;
        bool overlong = p[0] == 0xF0 && p[1] < 0x90;
        bool beyond = p[0] == 0xF4 && p[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool str_is_utf8(hearth_str text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t word; /* ASCII, by far the most frequent, goes eight bytes at a time */
        if (text.len - i >= sizeof(word)) {
            memcpy(&word, text.ptr + i, sizeof(word));
            if (!(word & UINT64_C(0x8080808080808080))) {
                i += sizeof(word);
                continue;
            }
        }
        size_t step = str_utf8_length(text.ptr + i, text.len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}
