/*
 * choose.c - pools of instances of one region and version, listed by how full they are, so that a
 * choice costs the same however large the fleet is.
 */
#include "choose.h"

#include <stdlib.h>
#include <string.h>

#define OPEN_COMPARED 16u /* instances whose open sessions are compared */
#define ANYWHERE      8u  /* next best ones, after a conflict */

/* ---- rings ---- */

static void ring_init(struct link *head)
{
    head->next = head->prev = head;
}

static void ring_remove(struct link *link)
{
    if (!link->next)
        return;
    link->next->prev = link->prev;
    link->prev->next = link->next;
    link->next = link->prev = NULL;
}

static void ring_append(struct link *head, struct link *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static struct entry *of_room(struct link *link)
{
    return (struct entry *)(void *)((char *)link - offsetof(struct entry, room));
}

static struct entry *of_open(struct link *link)
{
    return (struct entry *)(void *)((char *)link - offsetof(struct entry, open));
}

/* ---- pools ---- */

static struct pool *pool_get(struct fleet *fleet, const struct instance *instance)
{
    struct pool *pool = fleet->pools;
    while (pool && (pool->wire_version != instance->wire_version ||
                    strcmp(pool->region, instance->region) != 0 ||
                    strcmp(pool->version, instance->version) != 0))
        pool = pool->next;
    if (pool)
        return pool;
    pool = calloc(1, sizeof(*pool));
    if (!pool)
        return NULL;
    strcpy(pool->region, instance->region);
    strcpy(pool->version, instance->version);
    pool->wire_version = instance->wire_version;
    for (unsigned i = 0; i < FILL_LEVELS; i++)
        ring_init(&pool->room[i]);
    ring_init(&pool->open);
    pool->next = fleet->pools;
    fleet->pools = pool;
    return pool;
}

void pools_trim(struct fleet *fleet)
{
    struct pool **at = &fleet->pools;
    while (*at) {
        struct pool *pool = *at;
        if (pool->entries > 0) {
            at = &pool->next;
            continue;
        }
        *at = pool->next;
        free(pool);
    }
}

void pools_destroy(struct fleet *fleet)
{
    while (fleet->pools) {
        struct pool *pool = fleet->pools;
        fleet->pools = pool->next;
        free(pool);
    }
}

void entry_unindex(struct entry *entry)
{
    ring_remove(&entry->room);
    ring_remove(&entry->open);
    if (entry->pool && entry->pool->finding == entry)
        entry->pool->finding = NULL;
    if (entry->pool)
        entry->pool->entries--;
    entry->pool = NULL;
}

void entry_index(struct entry *entry)
{
    const struct instance *instance = entry->instance;
    struct entry *finding = entry->pool ? entry->pool->finding : NULL;
    entry_unindex(entry);
    if (!instance || instance_is_final(instance) || entry->quiet)
        return;
    entry->pool = pool_get(entry->fleet, instance);
    if (!entry->pool)
        return;
    entry->pool->entries++;
    if (finding == entry)
        entry->pool->finding = entry;
    uint32_t load = instance_active(instance) + entry->opening;
    if (instance_has_room(instance) && load < instance->game_sims)
        ring_append(&entry->pool->room[load * FILL_LEVELS / instance->game_sims], &entry->room);
    if (choose_session(instance))
        ring_append(&entry->pool->open, &entry->open);
}

static bool matches(const struct pool *pool, const struct wish *wish)
{
    return (wish->wire_version == 0 || pool->wire_version == wish->wire_version) &&
           strcmp(pool->region, wish->region) == 0;
}

/* ---- choice ---- */

struct game_session *choose_session(const struct instance *instance)
{
    struct game_session *best = NULL;
    uint32_t best_taken = 0;
    for (uint32_t i = 0; i < instance->session_count; i++) {
        struct game_session *session = &instance->sessions[i];
        uint32_t taken = session_taken(session);
        if (session_is_open(instance, session) && (!best || taken > best_taken)) {
            best = session;
            best_taken = taken;
        }
    }
    return best;
}

struct entry *choose_open(struct fleet *fleet, const struct wish *wish)
{
    struct entry *best = NULL, *finding = NULL;
    uint32_t best_taken = 0, compared = 0;
    for (struct pool *pool = fleet->pools; pool; pool = pool->next) {
        if (!matches(pool, wish))
            continue;
        if (pool->finding && pool->finding->busy)
            finding = pool->finding;
        for (struct link *at = pool->open.next; at != &pool->open && compared < OPEN_COMPARED;
             at = at->next, compared++) {
            uint32_t taken = session_taken(choose_session(of_open(at)->instance));
            if (!best || taken > best_taken) {
                best = of_open(at);
                best_taken = taken;
            }
        }
    }
    return best ? best : finding;
}

/* Packed: the fullest with room; spread: the emptiest, in turns. */
static struct entry *choose_in(struct fleet *fleet, struct pool *pool, bool anywhere)
{
    struct mm_loop *loop = fleet->loop;
    bool pack = mm_conf(loop)->policy == POLICY_PACK;
    uint32_t skip = anywhere ? loop->random->below(loop->ctx, ANYWHERE) : 0;
    struct link *chosen = NULL;
    for (unsigned i = 0; i < FILL_LEVELS; i++) {
        struct link *head = &pool->room[pack ? FILL_LEVELS - 1 - i : i];
        for (struct link *at = head->next; at != head; at = at->next) {
            chosen = at;
            if (skip-- == 0) {
                i = FILL_LEVELS;
                break;
            }
        }
    }
    if (chosen && !pack) { /* behind the others of its level */
        struct entry *entry = of_room(chosen);
        entry_index(entry);
        return entry;
    }
    return chosen ? of_room(chosen) : NULL;
}

static bool pool_has_room(const struct pool *pool)
{
    for (unsigned i = 0; i < FILL_LEVELS; i++) {
        if (pool->room[i].next != &pool->room[i])
            return true;
    }
    return false;
}

/* The version's weight; -1: the configuration does not name it. */
static int64_t weight_of(const hearth_conf_map *weights, const char *version)
{
    for (size_t i = 0; i < weights->count; i++) {
        if (weights->items[i].key.len == strlen(version) &&
            memcmp(weights->items[i].key.ptr, version, weights->items[i].key.len) == 0)
            return strtoll(weights->items[i].value.ptr, NULL, 10);
    }
    return -1;
}

/* How much a pool counts. Without weights all do; versions that are not named are the last resort;
 * weight 0 takes nothing. */
static uint32_t share_of(const hearth_conf_map *weights, const struct pool *pool, bool named)
{
    int64_t weight = weights->count > 0 ? weight_of(weights, pool->version) : 1;
    if (named)
        return weight > 0 ? (uint32_t)weight : 0;
    return weight < 0;
}

static struct pool *draw_pool(struct fleet *fleet, const struct wish *wish, bool named)
{
    const hearth_conf_map *weights = &mm_conf(fleet->loop)->weights;
    uint32_t total = 0;
    for (const struct pool *pool = fleet->pools; pool; pool = pool->next) {
        if (matches(pool, wish) && pool_has_room(pool))
            total += share_of(weights, pool, named);
    }
    if (total == 0)
        return NULL;
    uint32_t at = fleet->loop->random->below(fleet->loop->ctx, total);
    for (struct pool *pool = fleet->pools; pool; pool = pool->next) {
        if (!matches(pool, wish) || !pool_has_room(pool))
            continue;
        uint32_t share = share_of(weights, pool, named);
        if (at < share)
            return pool;
        at -= share;
    }
    return NULL;
}

struct entry *choose_room(struct fleet *fleet, const struct wish *wish, bool anywhere)
{
    struct pool *pool = draw_pool(fleet, wish, true);
    if (!pool)
        pool = draw_pool(fleet, wish, false);
    return pool ? choose_in(fleet, pool, anywhere) : NULL;
}
