/*
 * evict.c - a user who has logged out: what is dirty is written at once, then everything of him is
 * forgotten. The first write that fails ends the attempt, and nothing is forgotten.
 */
#include "evict.h"

#include <stdlib.h>
#include <string.h>

#include "flush.h"

struct eviction {
    struct list node;
    void (*done)(hearth_status status, void *arg);
    void *arg;
    bool failed;
    hearth_str partition;
    char bytes[];
};

static void finish(struct eviction *eviction, hearth_status status)
{
    list_remove(&eviction->node);
    if (eviction->done)
        eviction->done(status, eviction->arg);
    free(eviction);
}

/* Writes what is dirty; whether there is any. Dead letters stay: only an operator ends them. */
static bool flush(struct local *local, struct partition *partition)
{
    bool waiting = false;
    for (struct list *n = partition->entities.next; n != &partition->entities; n = n->next) {
        struct entity *entity = CONTAINER_OF(n, struct entity, of_partition);
        if ((!entity->dirty || entity->dead) && !entity->commit)
            continue;
        waiting = true;
        flush_entity(local, entity);
    }
    return waiting;
}

static void forget(struct local *local, struct partition *partition)
{
    struct list *n = partition->entities.next;
    bool last = false;

    while (!last && n != &partition->entities) {
        struct entity *entity = CONTAINER_OF(n, struct entity, of_partition);
        n = n->next;
        last = n == &partition->entities; /* the partition goes with its last entity */
        if (entity_idle(entity))
            entity_free(local, entity);
    }
}

/* True: it has ended. */
static bool advance(struct local *local, struct eviction *eviction)
{
    struct partition *partition = partition_find(local, eviction->partition);

    if (partition && flush(local, partition))
        return false;
    if (partition)
        forget(local, partition);
    finish(eviction, HEARTH_OK);
    return true;
}

void evict_failed(struct local *local, const struct entity *entity)
{
    for (struct list *n = local->evictions.next; n != &local->evictions; n = n->next) {
        struct eviction *eviction = CONTAINER_OF(n, struct eviction, node);
        if (str_equal(eviction->partition, entity->view.key.partition))
            eviction->failed = true;
    }
}

void evict_progress(struct local *local)
{
    struct list waiting, *node;

    list_init(&waiting);
    list_splice(&waiting, &local->evictions);
    while ((node = list_pop(&waiting))) {
        struct eviction *eviction = CONTAINER_OF(node, struct eviction, node);
        list_append(&local->evictions, node);
        if (eviction->failed)
            finish(eviction, HEARTH_EUNAVAILABLE);
        else
            advance(local, eviction);
    }
}

void evict_cancel(struct local *local)
{
    while (!list_empty(&local->evictions))
        finish(CONTAINER_OF(local->evictions.next, struct eviction, node), HEARTH_ECANCELED);
}

hearth_status service_evict(hearth_ctx *ctx, hearth_str partition,
                            void (*done)(hearth_status status, void *arg), void *arg)
{
    struct local *local = local_of(ctx);
    if (mode_shared(ctx)) { /* nothing is dirty, nothing kept */
        if (done)
            done(HEARTH_OK, arg);
        return HEARTH_OK;
    }
    bool away = local->gate != GATE_OPEN || !lease_held(ctx) || local->outage_failures > 0;
    struct partition *found = partition_find(local, partition);

    if (away && found && !list_empty(&local->dirty))
        return HEARTH_EUNAVAILABLE;
    struct eviction *eviction = calloc(1, sizeof(*eviction) + partition.len);
    if (!eviction)
        return HEARTH_ENOMEM;
    if (partition.len > 0)
        memcpy(eviction->bytes, partition.ptr, partition.len);
    eviction->partition = (hearth_str){eviction->bytes, partition.len};
    eviction->done = done;
    eviction->arg = arg;
    list_append(&local->evictions, &eviction->node);
    return advance(local, eviction) ? HEARTH_OK : HEARTH_DEFERRED;
}
