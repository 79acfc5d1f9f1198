/*
 * map.h - a hash map from strings to pointers that hostile keys cannot slow down.
 * Entries stand densely in the order of insertion, an index of slots points at them: iteration is
 * a walk over an array, in a stable order, and the entry at hand may be removed on the way.
 */
#ifndef HEARTH_BASE_MAP_H
#define HEARTH_BASE_MAP_H

#include <stdbool.h>

#include "base/compiler.h"

typedef struct hearth_map_entry {
    uint64_t hash;
    hearth_str key;
    void *value; /* NULL: removed */
} hearth_map_entry;

typedef struct hearth_map {
    hearth_map_entry *entries;
    uint32_t *index; /* 0 is free, else the entry's place + 1; twice as many slots as entries */
    uint32_t used;   /* entries that are in use or removed */
    uint32_t len;    /* entries in use */
    uint32_t capacity;
    uint32_t ceiling;
} hearth_map;

/* Holds no memory until the first put. `ceiling` bounds the number of entries (at most 2^30). */
void map_init(hearth_map *map, size_t ceiling);
/* Frees the map's own memory, not keys or values. It is empty and usable. */
void map_finish(hearth_map *map);

static inline size_t map_len(const hearth_map *map)
{
    return map->len;
}

/* The value, or NULL. */
void *map_get(const hearth_map *map, hearth_str key);

/*
 * Puts or replaces. The key's bytes are borrowed as long as the entry is there: keep them in the
 * value. When an entry is replaced its value goes to *old (if old is given), and the map uses the
 * new key's bytes from then on. `value` is not NULL. HEARTH_ENOMEM at the ceiling or without
 * memory: nothing has changed.
 */
HEARTH_MUST_CHECK hearth_status map_put(hearth_map *map, hearth_str key, void *value, void **old);

/* The value that was there, or NULL. */
void *map_remove(hearth_map *map, hearth_str key);

/*
 * The next entry in order of insertion; start with *cursor = 0; NULL at the end. The entry at hand
 * (or any other) may be removed meanwhile; after a put start again.
 */
hearth_map_entry *map_next(const hearth_map *map, size_t *cursor);

#endif
