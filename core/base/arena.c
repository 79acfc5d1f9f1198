/*
 * arena.c - chunks, large objects and cleanups of an arena.
 * An object larger than a quarter of a chunk gets memory of its own, so at most a quarter of a
 * chunk is ever left unused behind the cursor. In debug mode every object counts as large.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CHUNK ((size_t)4096)

struct hearth_arena_chunk {
    struct hearth_arena_chunk *next;
    size_t size; /* of data */
    alignas(HEARTH_ARENA_ALIGN) char data[];
};

struct hearth_arena_cleanup {
    struct hearth_arena_cleanup *next;
    void (*fn)(void *arg);
    void *arg;
};

void arena_pool_init(hearth_arena_pool *pool, size_t chunk_size, size_t free_max)
{
    assert(chunk_size >= 256);
    *pool = (hearth_arena_pool){.chunk_size = chunk_size, .free_max = free_max};
}

void arena_pool_finish(hearth_arena_pool *pool)
{
    assert(pool->in_use == 0);
    while (pool->free) {
        struct hearth_arena_chunk *chunk = pool->free;
        pool->free = chunk->next;
        free(chunk);
    }
    pool->free_count = 0;
}

static struct hearth_arena_chunk *pool_take(hearth_arena_pool *pool)
{
    struct hearth_arena_chunk *chunk = pool->free;
    if (chunk) {
        pool->free = chunk->next;
        pool->free_count--;
    } else {
        chunk = malloc(pool->chunk_size);
    }
    if (chunk)
        pool->in_use++;
    return chunk;
}

static void pool_give(hearth_arena_pool *pool, struct hearth_arena_chunk *chunk)
{
    pool->in_use--;
    if (pool->free_count >= pool->free_max) {
        free(chunk);
        return;
    }
    chunk->next = pool->free;
    pool->free = chunk;
    pool->free_count++;
}

void arena_init(hearth_arena *arena, hearth_arena_pool *pool, size_t ceiling)
{
    assert(ceiling <= SIZE_MAX / 2);
    *arena = (hearth_arena){.pool = pool, .ceiling = ceiling & ~(HEARTH_ARENA_ALIGN - 1)};
}

/* Of the newest chunk only what was handed out; the older ones are full, or nearly. */
static void overwrite(hearth_arena *arena)
{
    for (struct hearth_arena_chunk *chunk = arena->large; chunk; chunk = chunk->next)
        explicit_bzero(chunk->data, chunk->size);
    for (struct hearth_arena_chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        explicit_bzero(chunk->data, chunk == arena->chunks ? (size_t)(arena->cursor - chunk->data)
                                                           : chunk->size);
}

void arena_finish(hearth_arena *arena)
{
    while (arena->cleanups) {
        struct hearth_arena_cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->fn(cleanup->arg);
    }
    if (arena->secret)
        overwrite(arena);
    while (arena->large) {
        struct hearth_arena_chunk *chunk = arena->large;
        arena->large = chunk->next;
        free(chunk);
    }
    while (arena->chunks) {
        struct hearth_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        if (arena->pool)
            pool_give(arena->pool, chunk);
        else
            free(chunk);
    }
    arena->cursor = arena->limit = NULL;
    arena->used = 0;
}

static size_t count_chunks(const hearth_arena *arena)
{
    size_t count = 0;
    for (const struct hearth_arena_chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        count++;
    return count;
}

void arena_detach(hearth_arena *arena)
{
    arena->pool->in_use -= count_chunks(arena);
    arena->pool = NULL;
}

void arena_attach(hearth_arena *arena, hearth_arena_pool *pool)
{
    arena->pool = pool;
    pool->in_use += count_chunks(arena);
}

static void *alloc_large(hearth_arena *arena, size_t rounded, size_t size)
{
    struct hearth_arena_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        return NULL;
    chunk->next = arena->large;
    chunk->size = size;
    arena->large = chunk;
    arena->used += rounded;
    return chunk->data;
}

void *arena_alloc_slow(hearth_arena *arena, size_t rounded, size_t size)
{
    size_t chunk_size = arena->pool ? arena->pool->chunk_size : DEFAULT_CHUNK;
    if (HEARTH_ARENA_DEBUG || rounded > chunk_size / 4)
        return alloc_large(arena, rounded, size);

    struct hearth_arena_chunk *chunk = arena->pool ? pool_take(arena->pool) : malloc(chunk_size);
    if (!chunk)
        return NULL;
    chunk->next = arena->chunks;
    chunk->size = chunk_size - sizeof(*chunk);
    arena->chunks = chunk;
    arena->cursor = chunk->data + rounded;
    arena->limit = (char *)chunk + (chunk_size & ~(HEARTH_ARENA_ALIGN - 1));
    arena->used += rounded;
    return chunk->data;
}

void *arena_calloc(hearth_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *object = arena_alloc(arena, total);
    return object ? memset(object, 0, total) : NULL;
}

void *arena_grow(hearth_arena *arena, void *object, size_t old_size, size_t new_size)
{
    if (new_size <= old_size)
        return object;
    size_t old_rounded = (old_size + HEARTH_ARENA_ALIGN - 1) & ~(HEARTH_ARENA_ALIGN - 1);
    bool newest =
        !HEARTH_ARENA_DEBUG && old_size > 0 && (char *)object + old_rounded == arena->cursor;
    if (newest && new_size <= arena->ceiling) {
        size_t more =
            ((new_size + HEARTH_ARENA_ALIGN - 1) & ~(HEARTH_ARENA_ALIGN - 1)) - old_rounded;
        if (more <= (size_t)(arena->limit - arena->cursor) &&
            more <= arena->ceiling - arena->used) {
            arena->cursor += more;
            arena->used += more;
            return object;
        }
    }
    void *larger = arena_alloc(arena, new_size);
    if (larger && old_size > 0)
        memcpy(larger, object, old_size);
    return larger;
}

char *arena_dup(hearth_arena *arena, const void *ptr, size_t len)
{
    if (len >= arena->ceiling)
        return NULL;
    char *copy = arena_alloc(arena, len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

hearth_str arena_dup_str(hearth_arena *arena, hearth_str text)
{
    char *copy = arena_dup(arena, text.ptr, text.len);
    return (hearth_str){copy, copy ? text.len : 0};
}

char *arena_vprintf(hearth_arena *arena, const char *fmt, va_list args)
{
    char brief[512];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(brief, sizeof(brief), fmt, args);
    char *text = NULL;
    if (len >= 0 && (size_t)len < sizeof(brief)) {
        text = arena_dup(arena, brief, (size_t)len);
    } else if (len >= 0) {
        text = arena_alloc(arena, (size_t)len + 1);
        if (text)
            vsnprintf(text, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    return text;
}

char *arena_printf(hearth_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

hearth_status arena_defer(hearth_arena *arena, void (*fn)(void *arg), void *arg)
{
    struct hearth_arena_cleanup *cleanup = arena_alloc(arena, sizeof(*cleanup));
    if (!cleanup)
        return HEARTH_ENOMEM;
    *cleanup = (struct hearth_arena_cleanup){.next = arena->cleanups, .fn = fn, .arg = arg};
    arena->cleanups = cleanup;
    return HEARTH_OK;
}
