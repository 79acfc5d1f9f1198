/* arena.c - hearth.arena/1 over core/base/arena.h. */
#include <stdlib.h>

#include "base/str.h"
#include "host/interfaces.h"
#include "host/state.h"

static void *alloc(hearth_arena *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static hearth_str format(hearth_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return str_from(text);
}

static hearth_arena *create(hearth_ctx *ctx, size_t ceiling)
{
    CTX_ASSERT(ctx, "hearth_arena.create");
    hearth_arena *arena = malloc(sizeof(*arena));
    if (arena)
        arena_init(arena, ctx->loop == HEARTH_LOOP_MAIN ? NULL : &host_loop_of(ctx)->net.arenas,
                   ceiling);
    return arena;
}

static void destroy(hearth_arena *arena)
{
    if (!arena)
        return;
    arena_finish(arena);
    free(arena);
}

const hearth_arena_api host_arena_api = {.struct_size = sizeof(hearth_arena_api),
                                         .alloc = alloc,
                                         .dup = arena_dup_str,
                                         .printf = format,
                                         .defer = arena_defer,
                                         .create = create,
                                         .destroy = destroy};
