/*
 * memory.c - the fake host's memory and hearth.arena/1. Every object is one malloc of its own, so
 * that a sanitizer sees an overflow or a late use at the object, and any allocation that a plugin
 * can see failing can be made to fail.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *fake_new(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        fake_rule("the test host is out of memory");
    return memory;
}

char *fake_copy_str(hearth_str text)
{
    char *copy = fake_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

char *fake_copy(const char *text)
{
    return fake_copy_str((hearth_str){text, text ? strlen(text) : 0});
}

char *fake_vformat(const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0)
        fake_rule("the test host is out of memory");
    return text;
}

bool fake_alloc_fails(hearth_test_host *host)
{
    pthread_mutex_lock(&host->lock);
    host->allocations++;
    bool fails = host->fail_at != 0 && host->allocations == host->fail_at;
    if (fails)
        host->fail_at = 0;
    pthread_mutex_unlock(&host->lock);
    return fails;
}

void *fake_try_new(hearth_test_host *host, size_t size)
{
    return fake_alloc_fails(host) ? NULL : fake_new(size);
}

void hearth_test_fail_allocation(hearth_test_host *host, size_t nth)
{
    pthread_mutex_lock(&host->lock);
    host->fail_at = nth ? host->allocations + nth : 0;
    pthread_mutex_unlock(&host->lock);
}

size_t hearth_test_allocations(const hearth_test_host *host)
{
    return host->allocations;
}

/* ---- arenas --------------------------------------------------------------------------------- */

hearth_arena *fake_arena_create(hearth_test_host *host, size_t ceiling)
{
    hearth_arena *arena = fake_new(sizeof(*arena));
    arena->host = host;
    arena->ceiling = ceiling;
    return arena;
}

void fake_arena_destroy(hearth_arena *arena)
{
    if (!arena)
        return;
    while (arena->cleanups) {
        fake_cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->fn(cleanup->arg);
        free(cleanup);
    }
    while (arena->blocks) {
        fake_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    free(arena);
}

void *fake_arena_alloc(hearth_arena *arena, size_t size)
{
    size_t rounded = (size + (size == 0) + 15) & ~(size_t)15;
    if (size > arena->ceiling || rounded > arena->ceiling - arena->used ||
        fake_alloc_fails(arena->host))
        return NULL;
    /* Exactly `size` bytes behind the header, and not zeroed: as in the real host. */
    fake_block *block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    memset(block->data, 0xa5, size);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used += rounded;
    return block->data;
}

hearth_str fake_arena_dup(hearth_arena *arena, hearth_str text)
{
    char *copy = fake_arena_alloc(arena, text.len + 1);
    if (!copy)
        return (hearth_str){NULL, 0};
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (hearth_str){copy, text.len};
}

static hearth_str arena_format(hearth_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = fake_vformat(fmt, args);
    va_end(args);
    hearth_str copy = fake_arena_dup(arena, (hearth_str){text, strlen(text)});
    free(text);
    return copy;
}

static hearth_status arena_on_free(hearth_arena *arena, void (*fn)(void *arg), void *arg)
{
    fake_cleanup *cleanup = fake_try_new(arena->host, sizeof(*cleanup));
    if (!cleanup)
        return HEARTH_ENOMEM;
    *cleanup = (fake_cleanup){arena->cleanups, fn, arg};
    arena->cleanups = cleanup;
    return HEARTH_OK;
}

static hearth_arena *arena_create(hearth_ctx *ctx, size_t ceiling)
{
    fake_check_loop(ctx, "hearth_arena_api.create");
    hearth_test_host *host = fake_of(ctx)->host;
    if (fake_alloc_fails(host))
        return NULL;
    hearth_arena *arena = fake_arena_create(host, ceiling);
    arena->owner = fake_of(ctx)->plugin;
    arena->next = host->arenas;
    host->arenas = arena;
    return arena;
}

static void arena_destroy(hearth_arena *arena)
{
    if (!arena)
        return;
    hearth_arena **at = &arena->host->arenas;
    while (*at && *at != arena)
        at = &(*at)->next;
    if (!*at)
        fake_rule("hearth_arena_api.destroy: this arena was not made by create");
    *at = arena->next;
    fake_arena_destroy(arena);
}

const hearth_arena_api fake_arena_api = {
    sizeof(hearth_arena_api),
    fake_arena_alloc,
    fake_arena_dup,
    arena_format,
    arena_on_free,
    arena_create,
    arena_destroy,
};
