/*
 * buf.h - a byte buffer that grows up to a ceiling given when it is made, and never past it.
 * It is appended to at the end and consumed from the front, and gives its memory back when idle.
 * Its memory comes from malloc, or from an arena (then it needs no finish).
 */
#ifndef HEARTH_BASE_BUF_H
#define HEARTH_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

/* `ptr` and `len` are the content, to be read freely; change them by the functions only. */
typedef struct hearth_buf {
    char *ptr;
    size_t len;
    char *base; /* start of the memory; ptr - base bytes have been consumed */
    size_t capacity;
    size_t ceiling;
    hearth_arena *arena;
    bool secret; /* memory that it leaves is overwritten; an arena's is the arena's */
} hearth_buf;

/* Holds no memory until the first append. `ceiling` bounds the content. */
static inline void buf_init(hearth_buf *buf, size_t ceiling)
{
    *buf = (hearth_buf){.ceiling = ceiling};
}

/* The same in an arena, whose own ceiling holds as well. */
static inline void buf_init_arena(hearth_buf *buf, hearth_arena *arena, size_t ceiling)
{
    *buf = (hearth_buf){.ceiling = ceiling, .arena = arena};
}

/* Frees the memory; the buffer is empty and usable. For idle connections, and at the end. */
void buf_finish(hearth_buf *buf);

/* Forgets the content, keeps the memory. */
static inline void buf_reset(hearth_buf *buf)
{
    buf->ptr = buf->base;
    buf->len = 0;
}

static inline hearth_str buf_str(const hearth_buf *buf)
{
    return (hearth_str){buf->ptr, buf->len};
}

char *buf_reserve_slow(hearth_buf *buf, size_t size);

/*
 * Room for `size` more bytes behind the content, to be written there and then counted by
 * buf_commit. NULL at the ceiling or without memory: the content is as before.
 */
static inline char *buf_reserve(hearth_buf *buf, size_t size)
{
    size_t end = (size_t)(buf->ptr - buf->base) + buf->len;
    if (HEARTH_UNLIKELY(!buf->base || size > buf->capacity - end || size > buf->ceiling - buf->len))
        return buf_reserve_slow(buf, size);
    return buf->ptr + buf->len;
}

static inline void buf_commit(hearth_buf *buf, size_t size)
{
    buf->len += size;
}

/* HEARTH_ENOMEM at the ceiling or without memory: the content is as before. */
HEARTH_MUST_CHECK static inline hearth_status buf_append(hearth_buf *buf, const void *ptr,
                                                         size_t len)
{
    if (len == 0)
        return HEARTH_OK;
    char *room = buf_reserve(buf, len);
    if (HEARTH_UNLIKELY(!room))
        return HEARTH_ENOMEM;
    memcpy(room, ptr, len);
    buf->len += len;
    return HEARTH_OK;
}

HEARTH_MUST_CHECK static inline hearth_status buf_append_str(hearth_buf *buf, hearth_str text)
{
    return buf_append(buf, text.ptr, text.len);
}

HEARTH_MUST_CHECK static inline hearth_status buf_append_char(hearth_buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

HEARTH_MUST_CHECK hearth_status buf_printf(hearth_buf *buf, const char *fmt, ...)
    HEARTH_PRINTF(2, 3);
HEARTH_MUST_CHECK hearth_status buf_vprintf(hearth_buf *buf, const char *fmt, va_list args)
    HEARTH_PRINTF(2, 0);

/* Takes `size` bytes (at most len) off the front. */
void buf_consume(hearth_buf *buf, size_t size);

#endif
