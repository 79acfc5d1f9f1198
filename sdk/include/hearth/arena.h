/*
 * arena.h - hearth.arena/1: memory that is freed all at once, when its request is over.
 * Every request has one (hearth_http.arena); a plugin may make its own for a piece of work.
 */
#ifndef HEARTH_ARENA_H
#define HEARTH_ARENA_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_ARENA_ID "hearth.arena/1"

typedef struct hearth_arena_api {
    uint32_t struct_size;
    /* `size` bytes aligned for any type, or NULL at the arena's ceiling. [loop] */
    void *(*alloc)(hearth_arena *arena, size_t size);
    /* A copy of s, NUL-terminated beyond its length; {NULL, 0} at the ceiling. [loop] */
    hearth_str (*dup)(hearth_arena *arena, hearth_str s);
    /* Formats into the arena; {NULL, 0} at the ceiling. [loop] */
    hearth_str (*printf)(hearth_arena *arena, const char *fmt, ...) HEARTH_PRINTF(2, 3);
    /* Runs fn(arg) when the arena is freed, last registered first. ENOMEM: it will not. [loop] */
    hearth_status (*defer)(hearth_arena *arena, void (*fn)(void *arg), void *arg) HEARTH_MUST_CHECK;
    /* An arena of the plugin's own, of at most `ceiling` bytes; NULL when out of memory. [loop] */
    hearth_arena *(*create)(hearth_ctx *ctx, size_t ceiling);
    /* Frees one made by create; NULL is fine. [loop] */
    void (*destroy)(hearth_arena *arena);
} hearth_arena_api;

static inline const hearth_arena_api *hearth_arena_get(hearth_ctx *ctx)
{
    return (const hearth_arena_api *)ctx->host->get(ctx, HEARTH_ARENA_ID, sizeof(hearth_arena_api));
}

#ifdef __cplusplus
}
#endif
#endif
