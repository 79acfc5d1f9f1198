/*
 * cache.c - the live entities of a loop: found by key, grouped by user, evicted least recently used
 * first when they hold more than the ceiling. What is dirty, in use or waited for stays.
 */
#include "second.h"

#include <stdlib.h>
#include <string.h>

struct collection *collection_find(struct local *local, hearth_str name)
{
    for (struct list *n = local->collections.next; n != &local->collections; n = n->next) {
        struct collection *collection = CONTAINER_OF(n, struct collection, node);
        if (strlen(collection->name) == name.len &&
            memcmp(collection->name, name.ptr, name.len) == 0)
            return collection;
    }
    return NULL;
}

/* ---- partitions ---- */

struct partition *partition_find(struct local *local, hearth_str name)
{
    uint64_t hash = table_hash(&local->partitions, &name, 1);
    for (struct table_node *n = table_first(&local->partitions, hash); n; n = table_next(n)) {
        struct partition *partition = CONTAINER_OF(n, struct partition, node);
        if (str_equal(partition->name, name))
            return partition;
    }
    return NULL;
}

static struct partition *partition_get(struct local *local, hearth_str name)
{
    struct partition *partition = partition_find(local, name);
    if (partition)
        return partition;
    partition = calloc(1, sizeof(*partition) + name.len);
    if (!partition)
        return NULL;
    memcpy(partition->bytes, name.ptr, name.len);
    partition->name = (hearth_str){partition->bytes, name.len};
    list_init(&partition->entities);
    table_insert(&local->partitions, &partition->node, table_hash(&local->partitions, &name, 1));
    return partition;
}

static void partition_free(struct local *local, struct partition *partition)
{
    table_remove(&local->partitions, &partition->node);
    free(partition);
}

static uint64_t *departed_slot(struct local *local, hearth_str partition)
{
    return &local->departed[table_hash(&local->partitions, &partition, 1) % DEPARTED_SLOTS];
}

uint64_t partition_departed(struct local *local, hearth_str partition)
{
    return *departed_slot(local, partition);
}

void entity_departs(struct local *local, const struct entity *entity)
{
    uint64_t *slot = departed_slot(local, entity->view.key.partition);
    if (entity->confirmed > *slot)
        *slot = entity->confirmed;
}

/* ---- finding and making ---- */

static uint64_t key_hash(struct local *local, const hearth_key *key)
{
    hearth_str parts[3] = {key->collection, key->partition, key->sort};
    return table_hash(&local->entities, parts, 3);
}

struct entity *entity_find(struct local *local, const hearth_key *key)
{
    uint64_t hash = key_hash(local, key);
    for (struct table_node *n = table_first(&local->entities, hash); n; n = table_next(n)) {
        struct entity *entity = CONTAINER_OF(n, struct entity, node);
        if (key_equal(&entity->view.key, key))
            return entity;
    }
    return NULL;
}

static hearth_str place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

struct entity *entity_alone(struct local *local, struct collection *collection,
                            const hearth_key *key)
{
    size_t size = sizeof(struct entity) + key->collection.len + key->partition.len + key->sort.len;
    struct entity *entity = calloc(1, size);

    if (!entity)
        return NULL;
    char *end = entity->bytes;
    entity->collection = collection;
    entity->view.struct_size = sizeof(hearth_entity);
    entity->view.key.collection = place(&end, key->collection);
    entity->view.key.partition = place(&end, key->partition);
    entity->view.key.sort = place(&end, key->sort);
    entity->size = size;
    list_init(&entity->lru);
    list_init(&entity->of_partition);
    list_init(&entity->dirty_node);
    list_init(&entity->waiters);
    list_init(&entity->turns);
    local->bytes += entity->size;
    return entity;
}

struct entity *entity_create(struct local *local, struct collection *collection,
                             const hearth_key *key)
{
    struct partition *partition = partition_get(local, key->partition);
    struct entity *entity = partition ? entity_alone(local, collection, key) : NULL;

    if (!entity) {
        if (partition && list_empty(&partition->entities))
            partition_free(local, partition);
        return NULL;
    }
    entity->partition = partition;
    list_append(&partition->entities, &entity->of_partition);
    table_insert(&local->entities, &entity->node, key_hash(local, key));
    second_recall(local, entity);
    return entity;
}

/* ---- what is visible ---- */

bool entity_visible(const struct entity *entity)
{
    return entity->view.state && !entity->removed;
}

static void release_state(struct entity *entity)
{
    if (entity->view.state && entity->collection->def.release)
        entity->collection->def.release(entity->collection->def.owner, entity->view.state);
    entity->view.state = NULL;
}

static size_t receipts_size(const struct receipts *receipts)
{
    return receipts ? sizeof(*receipts) + receipts->count * sizeof(hearth_receipt) : 0;
}

void entity_show(struct local *local, struct entity *entity, uint64_t version, void *state,
                 size_t state_size, struct receipts *receipts)
{
    size_t held = entity->state_size + receipts_size(entity->receipts);

    release_state(entity);
    if (receipts != entity->receipts)
        free(entity->receipts);
    entity->view.state = state;
    entity->view.version = version;
    entity->receipts = receipts;
    entity->state_size = state ? state_size : 0;
    size_t now = entity->state_size + receipts_size(receipts);
    entity->size = entity->size - held + now;
    local->bytes = local->bytes - held + now;
}

void entity_forget(struct local *local, struct entity *entity)
{
    entity_show(local, entity, 0, NULL, 0, NULL);
    entity->print = 0;
    entity->partition->complete = 0;
}

/* ---- life ---- */

void entity_free(struct local *local, struct entity *entity)
{
    struct partition *partition = entity->partition;

    second_evicted(local, entity);
    if (partition)
        entity_departs(local, entity);
    entity_show(local, entity, 0, NULL, 0, NULL);
    list_remove(&entity->lru);
    list_remove(&entity->dirty_node);
    list_remove(&entity->of_partition);
    local->bytes -= entity->size;
    if (partition) {
        table_remove(&local->entities, &entity->node);
        if (!entity->removed)
            partition->complete = 0;
        if (list_empty(&partition->entities))
            partition_free(local, partition);
    }
    free(entity->writes);
    free(entity);
}

bool entity_idle(const struct entity *entity)
{
    return entity->pins == 0 && !entity->dirty && !entity->flying && !entity->loading &&
           !entity->turn && !entity->burial && !entity->commit && !entity->remove &&
           list_empty(&entity->waiters) && list_empty(&entity->turns);
}

void entity_settle(struct local *local, struct entity *entity)
{
    if (!entity_idle(entity)) {
        list_remove(&entity->lru);
        return;
    }
    if (!entity_visible(entity) || mode_shared(local->ctx)) {
        entity_free(local, entity);
        return;
    }
    if (list_empty(&entity->lru))
        list_append(&local->lru, &entity->lru);
    cache_shrink(local);
}

void entity_touch(struct local *local, struct entity *entity)
{
    if (!list_empty(&entity->lru)) {
        list_remove(&entity->lru);
        list_append(&local->lru, &entity->lru);
    }
}

void entity_pin(struct local *local, struct entity *entity)
{
    (void)local;
    entity->pins++;
    list_remove(&entity->lru);
}

void entity_unpin(struct local *local, struct entity *entity)
{
    entity->pins--;
    entity_settle(local, entity);
}

void entity_gone(struct local *local, struct entity *entity)
{
    entity->removed = true;
    local->removals++;
}

void cache_shrink(struct local *local)
{
    while (local->bytes > local->ceiling && !list_empty(&local->lru)) {
        entity_free(local, CONTAINER_OF(local->lru.next, struct entity, lru));
        shared_of(local->ctx)->metrics->add(local->series[METRIC_EVICTIONS], 1);
    }
}

void cache_drop(struct local *local)
{
    while (!list_empty(&local->lru))
        entity_free(local, CONTAINER_OF(local->lru.next, struct entity, lru));
}
