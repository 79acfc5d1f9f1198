/*
 * buf.c - how a buffer gets more room: by moving the content to the front, else by doubling.
 * Doubling keeps the cost of n appends linear; the ceiling ends it.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY ((size_t)256)

static void leave(hearth_buf *buf)
{
    if (buf->arena)
        return;
    if (buf->secret && buf->base)
        explicit_bzero(buf->base, buf->capacity);
    free(buf->base);
}

/* As realloc, which leaves a copy behind. */
static char *move_secret(hearth_buf *buf, size_t capacity)
{
    char *memory = malloc(capacity);
    if (!memory)
        return NULL;
    if (buf->len > 0)
        memcpy(memory, buf->ptr, buf->len);
    leave(buf);
    return memory;
}

void buf_finish(hearth_buf *buf)
{
    leave(buf);
    buf->base = buf->ptr = NULL;
    buf->len = buf->capacity = 0;
}

static bool enlarge(hearth_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > buf->ceiling / 2 ? buf->ceiling : capacity * 2;
    char *memory = buf->arena    ? arena_grow(buf->arena, buf->base, buf->capacity, capacity)
                   : buf->secret ? move_secret(buf, capacity)
                                 : realloc(buf->base, capacity);
    if (!memory)
        return false;
    buf->base = buf->ptr = memory;
    buf->capacity = capacity;
    return true;
}

char *buf_reserve_slow(hearth_buf *buf, size_t size)
{
    if (size > buf->ceiling - buf->len)
        return NULL;
    if (buf->ptr != buf->base) {
        memmove(buf->base, buf->ptr, buf->len);
        buf->ptr = buf->base;
    }
    if ((!buf->base || size > buf->capacity - buf->len) && !enlarge(buf, buf->len + size))
        return NULL;
    return buf->ptr + buf->len;
}

hearth_status buf_vprintf(hearth_buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    char brief[256];
    int len = vsnprintf(brief, sizeof(brief), fmt, args);
    hearth_status status = HEARTH_EINVAL;
    if (len >= 0 && (size_t)len < sizeof(brief)) {
        status = buf_append(buf, brief, (size_t)len);
    } else if (len >= 0) {
        /* one byte more for printf's NUL; at the very ceiling it has to go through the heap */
        char *text = malloc((size_t)len + 1);
        status = HEARTH_ENOMEM;
        if (text && (size_t)len <= buf->ceiling - buf->len) {
            vsnprintf(text, (size_t)len + 1, fmt, again);
            status = buf_append(buf, text, (size_t)len);
        }
        free(text);
    }
    va_end(again);
    return status;
}

hearth_status buf_printf(hearth_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    hearth_status status = buf_vprintf(buf, fmt, args);
    va_end(args);
    return status;
}

void buf_consume(hearth_buf *buf, size_t size)
{
    assert(size <= buf->len);
    buf->ptr += size;
    buf->len -= size;
    if (buf->len == 0)
        buf->ptr = buf->base;
}
