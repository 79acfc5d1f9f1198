/*
 * writer.c - commas, nesting and escapes.
 * Most bytes of most strings need no escape: they are found eight at a time and copied in runs.
 */
#include "json/writer.h"

#include <string.h>

#include "base/str.h"

void json_writer_init(hearth_json_writer *w, hearth_buf *buf)
{
    *w = (hearth_json_writer){.buf = buf, .start = buf->len};
}

hearth_json_writer *json_writer_create(hearth_arena *arena, size_t ceiling)
{
    hearth_json_writer *w = arena_alloc(arena, sizeof(*w));
    if (!w)
        return NULL;
    *w = (hearth_json_writer){0};
    buf_init_arena(&w->own, arena, ceiling);
    w->buf = &w->own;
    return w;
}

static void fail(hearth_json_writer *w, hearth_status status)
{
    if (w->status == HEARTH_OK)
        w->status = status;
}

static bool in_object(const hearth_json_writer *w)
{
    return w->depth > 0 && (w->objects >> w->depth & 1);
}

/* Room for a comma and `size` bytes, the comma written where one belongs; NULL: failed. */
static char *begin_item(hearth_json_writer *w, size_t size)
{
    char *room = buf_reserve(w->buf, size + 1);
    if (HEARTH_UNLIKELY(!room)) {
        /* at the very ceiling a comma may not be needed */
        bool comma = w->depth > 0 && !w->after_key && (w->filled >> w->depth & 1);
        room = comma ? NULL : buf_reserve(w->buf, size);
        if (!room) {
            fail(w, HEARTH_ENOMEM);
            return NULL;
        }
    }
    if (w->depth > 0 && !w->after_key) {
        if (w->filled >> w->depth & 1) {
            *room++ = ',';
            buf_commit(w->buf, 1);
        }
        w->filled |= UINT64_C(1) << w->depth;
    }
    w->after_key = 0;
    return room;
}

static char *begin_value(hearth_json_writer *w, size_t size)
{
    if (HEARTH_UNLIKELY(w->status != HEARTH_OK))
        return NULL;
    if (HEARTH_UNLIKELY(w->complete || (in_object(w) && !w->after_key))) {
        fail(w, HEARTH_EINVAL);
        return NULL;
    }
    return begin_item(w, size);
}

static void end_value(hearth_json_writer *w)
{
    if (w->depth == 0)
        w->complete = 1;
}

static void begin_container(hearth_json_writer *w, char bracket, uint64_t is_object)
{
    if (w->depth == HEARTH_JSON_WRITE_DEPTH)
        fail(w, HEARTH_EINVAL);
    char *room = begin_value(w, 1);
    if (!room)
        return;
    *room = bracket;
    buf_commit(w->buf, 1);
    w->depth++;
    uint64_t bit = UINT64_C(1) << w->depth;
    w->objects = (w->objects & ~bit) | (is_object << w->depth);
    w->filled &= ~bit;
}

static void end_container(hearth_json_writer *w, char bracket, bool is_object)
{
    if (w->status != HEARTH_OK)
        return;
    if (w->depth == 0 || in_object(w) != is_object || w->after_key) {
        fail(w, HEARTH_EINVAL);
        return;
    }
    if (buf_append_char(w->buf, bracket) != HEARTH_OK) {
        fail(w, HEARTH_ENOMEM);
        return;
    }
    w->depth--;
    end_value(w);
}

void json_begin_object(hearth_json_writer *w)
{
    begin_container(w, '{', 1);
}

void json_end_object(hearth_json_writer *w)
{
    end_container(w, '}', true);
}

void json_begin_array(hearth_json_writer *w)
{
    begin_container(w, '[', 0);
}

void json_end_array(hearth_json_writer *w)
{
    end_container(w, ']', false);
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* How many bytes from `ptr` on are ASCII and need no escape. */
static size_t plain_run(const char *ptr, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, ptr + i, 8);
        uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
        /* a high bit appears where a byte is below 0x20, is a quote, a backslash, or not ASCII */
        if (((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & high)
            break;
    }
    while (i < len && is_plain((unsigned char)ptr[i]))
        i++;
    return i;
}

/* Escapes what stands at `ptr`; returns how many bytes it stands for, 0: not UTF-8. */
static size_t put_special(hearth_json_writer *w, const char *ptr, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    static const char brief[] = "btn?fr"; /* for the bytes 8 to 13 */
    unsigned char byte = (unsigned char)*ptr;
    char escape[6] = {'\\', (char)byte};
    size_t size = 2, step = 1;
    if (byte >= 0x80) {
        step = size = str_utf8_length(ptr, len);
        if (step == 0) {
            fail(w, HEARTH_EINVAL);
            return 0;
        }
        memcpy(escape, ptr, size);
    } else if (byte < 0x20) {
        if (byte >= 8 && byte <= 13 && byte != 11) {
            escape[1] = brief[byte - 8];
        } else {
            memcpy(escape + 1, "u00", 3);
            escape[4] = digits[byte >> 4];
            escape[5] = digits[byte & 15];
            size = 6;
        }
    }
    if (buf_append(w->buf, escape, size) != HEARTH_OK)
        fail(w, HEARTH_ENOMEM);
    return step;
}

/* The rest of a string behind its opening quote, closing quote included. */
static void put_text(hearth_json_writer *w, hearth_str text)
{
    size_t i = 0;
    while (i < text.len && w->status == HEARTH_OK) {
        size_t run = plain_run(text.ptr + i, text.len - i);
        if (buf_append(w->buf, text.ptr + i, run) != HEARTH_OK)
            fail(w, HEARTH_ENOMEM);
        i += run;
        if (i < text.len && w->status == HEARTH_OK)
            i += put_special(w, text.ptr + i, text.len - i);
    }
    if (w->status == HEARTH_OK && buf_append_char(w->buf, '"') != HEARTH_OK)
        fail(w, HEARTH_ENOMEM);
}

void json_put_key(hearth_json_writer *w, hearth_str key)
{
    if (w->status != HEARTH_OK)
        return;
    if (!in_object(w) || w->after_key) {
        fail(w, HEARTH_EINVAL);
        return;
    }
    char *room = begin_item(w, 1);
    if (!room)
        return;
    *room = '"';
    buf_commit(w->buf, 1);
    put_text(w, key);
    if (w->status == HEARTH_OK && buf_append_char(w->buf, ':') != HEARTH_OK)
        fail(w, HEARTH_ENOMEM);
    w->after_key = 1;
}

void json_put_string(hearth_json_writer *w, hearth_str value)
{
    char *room = begin_value(w, 1);
    if (!room)
        return;
    *room = '"';
    buf_commit(w->buf, 1);
    put_text(w, value);
    end_value(w);
}

void json_put_raw(hearth_json_writer *w, hearth_str json)
{
    if (json.len == 0)
        fail(w, HEARTH_EINVAL);
    char *room = begin_value(w, json.len);
    if (!room)
        return;
    memcpy(room, json.ptr, json.len);
    buf_commit(w->buf, json.len);
    end_value(w);
}

void json_put_integer(hearth_json_writer *w, int64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (value < 0)
        digits[--start] = '-';
    json_put_raw(w, (hearth_str){digits + start, sizeof(digits) - start});
}

void json_put_boolean(hearth_json_writer *w, bool value)
{
    json_put_raw(w, value ? HEARTH_STR("true") : HEARTH_STR("false"));
}

void json_put_null(hearth_json_writer *w)
{
    json_put_raw(w, HEARTH_STR("null"));
}

hearth_status json_finish(hearth_json_writer *w, hearth_str *out)
{
    if (!w->complete)
        fail(w, HEARTH_EINVAL);
    if (out)
        *out = (hearth_str){NULL, 0};
    if (w->status != HEARTH_OK)
        w->buf->len = w->start;
    else if (out)
        *out = str_slice(buf_str(w->buf), w->start, w->buf->len);
    return w->status;
}
