/*
 * map.c - linear probing over an index of 32-bit slots, at most half full.
 * A removal shifts the following slots back, so there are no tombstones in the index and a lookup
 * never gets longer with age; holes among the entries are squeezed out when room is needed.
 */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"

#define FIRST_CAPACITY 8u
#define MAX_CAPACITY   (1u << 30)

void map_init(hearth_map *map, size_t ceiling)
{
    *map = (hearth_map){.ceiling = ceiling > MAX_CAPACITY ? MAX_CAPACITY : (uint32_t)ceiling};
}

void map_finish(hearth_map *map)
{
    free(map->entries);
    free(map->index);
    *map = (hearth_map){.ceiling = map->ceiling};
}

static uint32_t slot_mask(const hearth_map *map)
{
    return map->capacity * 2 - 1;
}

/* The slot that holds the key, or the free slot where it would go. */
static uint32_t find_slot(const hearth_map *map, hearth_str key, uint64_t hash)
{
    uint32_t mask = slot_mask(map);
    uint32_t slot = (uint32_t)hash & mask;
    for (; map->index[slot] != 0; slot = (slot + 1) & mask) {
        const hearth_map_entry *entry = &map->entries[map->index[slot] - 1];
        if (entry->hash == hash && str_eq(entry->key, key))
            break;
    }
    return slot;
}

void *map_get(const hearth_map *map, hearth_str key)
{
    if (map->len == 0)
        return NULL;
    uint32_t place = map->index[find_slot(map, key, hash_keyed(key))];
    return place ? map->entries[place - 1].value : NULL;
}

/* Moves the entries in use to `entries`, in order, and points a fresh index at them. */
static void rebuild(hearth_map *map, hearth_map_entry *entries, uint32_t *index, uint32_t capacity)
{
    uint32_t kept = 0, mask = capacity * 2 - 1;
    memset(index, 0, sizeof(*index) * capacity * 2);
    for (uint32_t i = 0; i < map->used; i++) {
        if (!map->entries[i].value)
            continue;
        entries[kept] = map->entries[i];
        uint32_t slot = (uint32_t)entries[kept].hash & mask;
        while (index[slot] != 0)
            slot = (slot + 1) & mask;
        index[slot] = ++kept;
    }
    map->used = kept;
}

static hearth_status make_room(hearth_map *map)
{
    if (map->len < map->capacity / 4 * 3 && map->len < map->used) {
        rebuild(map, map->entries, map->index, map->capacity);
        return HEARTH_OK;
    }
    if (map->capacity >= MAX_CAPACITY)
        return HEARTH_ENOMEM;
    uint32_t capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY;
    hearth_map_entry *entries = malloc(sizeof(*entries) * capacity);
    uint32_t *index = malloc(sizeof(*index) * capacity * 2);
    if (!entries || !index) {
        free(entries);
        free(index);
        return HEARTH_ENOMEM;
    }
    rebuild(map, entries, index, capacity);
    free(map->entries);
    free(map->index);
    map->entries = entries;
    map->index = index;
    map->capacity = capacity;
    return HEARTH_OK;
}

hearth_status map_put(hearth_map *map, hearth_str key, void *value, void **old)
{
    assert(value);
    uint64_t hash = hash_keyed(key);
    if (old)
        *old = NULL;
    uint32_t slot = 0;
    if (map->capacity > 0) {
        slot = find_slot(map, key, hash);
        if (map->index[slot] != 0) {
            hearth_map_entry *entry = &map->entries[map->index[slot] - 1];
            if (old)
                *old = entry->value;
            entry->key = key;
            entry->value = value;
            return HEARTH_OK;
        }
    }
    if (map->len >= map->ceiling)
        return HEARTH_ENOMEM;
    if (map->used == map->capacity) {
        if (make_room(map) != HEARTH_OK)
            return HEARTH_ENOMEM;
        slot = find_slot(map, key, hash);
    }
    map->entries[map->used] = (hearth_map_entry){hash, key, value};
    map->index[slot] = ++map->used;
    map->len++;
    return HEARTH_OK;
}

/* Frees a slot and moves back those behind it that would otherwise no longer be found. */
static void free_slot(hearth_map *map, uint32_t slot)
{
    uint32_t mask = slot_mask(map), hole = slot;
    for (uint32_t next = (slot + 1) & mask; map->index[next] != 0; next = (next + 1) & mask) {
        uint32_t home = (uint32_t)map->entries[map->index[next] - 1].hash & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            map->index[hole] = map->index[next];
            hole = next;
        }
    }
    map->index[hole] = 0;
}

void *map_remove(hearth_map *map, hearth_str key)
{
    if (map->len == 0)
        return NULL;
    uint32_t slot = find_slot(map, key, hash_keyed(key));
    uint32_t place = map->index[slot];
    if (place == 0)
        return NULL;
    hearth_map_entry *entry = &map->entries[place - 1];
    void *value = entry->value;
    free_slot(map, slot);
    entry->value = NULL;
    entry->key = (hearth_str){NULL, 0};
    map->len--;
    if (place == map->used)
        map->used--;
    if (map->len == 0)
        map->used = 0;
    return value;
}

hearth_map_entry *map_next(const hearth_map *map, size_t *cursor)
{
    while (*cursor < map->used) {
        hearth_map_entry *entry = &map->entries[(*cursor)++];
        if (entry->value)
            return entry;
    }
    return NULL;
}
