/*
 * arena.h - memory that lives as long as one request, or one configuration, and is freed at once.
 * Allocation is a pointer moved forward; chunks come back to a free list of the loop, so a
 * keep-alive request allocates nothing from the system.
 *
 * Under AddressSanitizer (or with -DHEARTH_ARENA_DEBUG=1) each object is one malloc of its own, so
 * that an overflow or a use after the end is seen at the object. The ceiling counts the same bytes
 * in both modes.
 */
#ifndef HEARTH_BASE_ARENA_H
#define HEARTH_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/compiler.h"

#ifndef HEARTH_ARENA_DEBUG
#define HEARTH_ARENA_DEBUG HEARTH_ASAN
#endif

#define HEARTH_ARENA_ALIGN ((size_t)16)

/* Free chunks of one size; one pool per loop, used by that loop's thread only. */
typedef struct hearth_arena_pool {
    struct hearth_arena_chunk *free;
    size_t chunk_size; /* of each chunk, its header included */
    size_t free_count;
    size_t free_max; /* what comes back beyond this goes to the system */
    size_t in_use;   /* chunks that arenas hold now */
} hearth_arena_pool;

/* The fields are for the inline functions below; use the functions. */
typedef struct hearth_arena {
    char *cursor; /* next free byte of the newest chunk */
    char *limit;  /* its end */
    size_t used;  /* bytes handed out, rounded up to the alignment */
    size_t ceiling;
    hearth_arena_pool *pool;
    struct hearth_arena_chunk *chunks;
    struct hearth_arena_chunk *large;
    struct hearth_arena_cleanup *cleanups;
    bool secret; /* what was in it is overwritten before the memory goes back */
} hearth_arena;

/* [main, loop] A chunk of 16k is a good size for requests; free_max bounds the memory kept. */
void arena_pool_init(hearth_arena_pool *pool, size_t chunk_size, size_t free_max);
/* Every arena of the pool has been finished before. */
void arena_pool_finish(hearth_arena_pool *pool);

/*
 * An empty arena: it holds no memory until the first allocation. `pool` may be NULL: chunks then
 * come from malloc (for what lives long, such as a configuration). `ceiling` bounds the sum of
 * all objects; the memory held is at most a third more, plus one chunk.
 */
void arena_init(hearth_arena *arena, hearth_arena_pool *pool, size_t ceiling);
/* Runs the cleanups, newest first, then gives all memory back. The arena is empty and usable. */
void arena_finish(hearth_arena *arena);

/*
 * Takes the arena and what is in it out of its pool, and into another one of the same chunk size:
 * for a request that goes to another loop. Each on the thread of its pool; between the two the
 * arena is only read.
 */
void arena_detach(hearth_arena *arena);
void arena_attach(hearth_arena *arena, hearth_arena_pool *pool);

void *arena_alloc_slow(hearth_arena *arena, size_t rounded, size_t size);

/* Aligned for any type, not zeroed; NULL at the ceiling or when the system has no memory. */
static inline void *arena_alloc(hearth_arena *arena, size_t size)
{
    if (HEARTH_UNLIKELY(size > arena->ceiling))
        return NULL;
    size_t rounded = (size + (size == 0) + HEARTH_ARENA_ALIGN - 1) & ~(HEARTH_ARENA_ALIGN - 1);
    if (HEARTH_UNLIKELY(rounded > arena->ceiling - arena->used))
        return NULL;
    if (HEARTH_UNLIKELY(HEARTH_ARENA_DEBUG || rounded > (size_t)(arena->limit - arena->cursor)))
        return arena_alloc_slow(arena, rounded, size);
    void *object = arena->cursor;
    arena->cursor += rounded;
    arena->used += rounded;
    return object;
}

/* Zeroed; an overflowing product gives NULL. */
void *arena_calloc(hearth_arena *arena, size_t count, size_t size);

/*
 * A larger place for an object of `old_size` bytes: the same place when it is the newest object
 * and the chunk has room, else a copy (the old place stays until the end). NULL as arena_alloc;
 * the old object is then untouched.
 */
void *arena_grow(hearth_arena *arena, void *object, size_t old_size, size_t new_size);

/* A copy with a NUL behind it, which `len` does not count. */
char *arena_dup(hearth_arena *arena, const void *ptr, size_t len);
/* The same as a string; {NULL, 0} when there is no memory, so test ptr. */
hearth_str arena_dup_str(hearth_arena *arena, hearth_str text);

char *arena_printf(hearth_arena *arena, const char *fmt, ...) HEARTH_PRINTF(2, 3);
char *arena_vprintf(hearth_arena *arena, const char *fmt, va_list args) HEARTH_PRINTF(2, 0);

/* Runs fn(arg) in arena_finish, before any memory goes. On HEARTH_ENOMEM it will not run. */
HEARTH_MUST_CHECK hearth_status arena_defer(hearth_arena *arena, void (*fn)(void *arg), void *arg);

#endif
