/*
 * listing.c - what storage has, under what is alive here: a live entity counts, flushed or not, and
 * one that was deleted meanwhile does not come back. When a user's entities are all cached, and
 * until one of them is evicted, storage is not asked.
 */
#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "direct.h"
#include "flush.h"
#include "second.h"

#define PAGE 100

struct listing {
    struct parked parked;
    struct local *local;
    struct collection *collection;
    uint64_t removals, confirmations; /* when the reading began */
    struct entity **pinned;
    size_t pinned_count, pinned_size;
    listing_fn done;
    void *arg;
    hearth_str partition;
    char bytes[];
};

/* ---- answering ---- */

static int by_sort(const void *a, const void *b)
{
    hearth_str left = (*(const hearth_entity *const *)a)->key.sort;
    hearth_str right = (*(const hearth_entity *const *)b)->key.sort;
    size_t shorter = left.len < right.len ? left.len : right.len;
    int order = shorter > 0 ? memcmp(left.ptr, right.ptr, shorter) : 0;
    return order ? order : (left.len > right.len) - (left.len < right.len);
}

/* A replayed entity becomes visible at its first use. */
static bool decoded(struct local *local, struct entity *entity, struct collection *collection)
{
    if (!entity->collection)
        entity->collection = collection;
    return entity->view.state || entity->removed || !entity->dirty ||
           entity_decode(local, entity, entity->dirty->version, entity->dirty->body) == HEARTH_OK;
}

static bool belongs(const struct entity *entity, const struct collection *collection)
{
    return entity->collection == collection ||
           (!entity->collection &&
            str_equal(entity->view.key.collection,
                      (hearth_str){collection->name, strlen(collection->name)}));
}

static void answer(struct local *local, struct collection *collection, hearth_str name,
                   listing_fn done, void *arg)
{
    struct partition *partition = partition_find(local, name);
    size_t count = 0;

    if (!partition) {
        done(HEARTH_OK, NULL, 0, arg);
        return;
    }
    for (struct list *n = partition->entities.next; n != &partition->entities; n = n->next)
        count++;
    const hearth_entity **views = calloc(count, sizeof(*views));
    hearth_status status = views ? HEARTH_OK : HEARTH_ENOMEM;
    count = 0;
    for (struct list *n = partition->entities.next; n != &partition->entities && views;
         n = n->next) {
        struct entity *entity = CONTAINER_OF(n, struct entity, of_partition);
        if (!belongs(entity, collection))
            continue;
        if (!decoded(local, entity, collection))
            status = HEARTH_EINTERNAL;
        if (!entity_visible(entity))
            continue;
        entity_touch(local, entity);
        entity_pin(local, entity);
        views[count++] = &entity->view;
    }
    if (count > 1)
        qsort(views, count, sizeof(*views), by_sort);
    done(status, status == HEARTH_OK ? views : NULL, status == HEARTH_OK ? count : 0, arg);
    for (size_t i = 0; i < count; i++)
        entity_unpin(local, CONTAINER_OF((uintptr_t)views[i], struct entity, view));
    free(views);
}

/* Mode shared: what was read, and nothing else. */
static void answer_read(struct listing *listing)
{
    const hearth_entity **views = calloc(listing->pinned_count + 1, sizeof(*views));

    for (size_t i = 0; i < listing->pinned_count && views; i++)
        views[i] = &listing->pinned[i]->view;
    if (views && listing->pinned_count > 1)
        qsort(views, listing->pinned_count, sizeof(*views), by_sort);
    listing->done(views ? HEARTH_OK : HEARTH_ENOMEM, views, views ? listing->pinned_count : 0,
                  listing->arg);
    free(views);
}

static void finish(struct listing *listing, hearth_status status)
{
    struct local *local = listing->local;
    bool alone = mode_shared(local->ctx);

    if (status != HEARTH_OK)
        listing->done(status, NULL, 0, listing->arg);
    else if (alone)
        answer_read(listing);
    else
        answer(local, listing->collection, listing->partition, listing->done, listing->arg);
    for (size_t i = 0; i < listing->pinned_count; i++) {
        if (alone)
            entity_free(local, listing->pinned[i]);
        else
            entity_unpin(local, listing->pinned[i]);
    }
    free(listing->pinned);
    free(listing);
}

/* ---- reading ---- */

static bool pin(struct listing *listing, struct entity *entity)
{
    if (listing->pinned_count == listing->pinned_size) {
        size_t size = listing->pinned_size ? listing->pinned_size * 2 : 8;
        struct entity **grown = realloc(listing->pinned, size * sizeof(struct entity *));
        if (!grown)
            return false;
        listing->pinned = grown;
        listing->pinned_size = size;
    }
    listing->pinned[listing->pinned_count++] = entity;
    entity_pin(listing->local, entity);
    return true;
}

static hearth_status take_alone(struct listing *listing, const hearth_doc *doc)
{
    struct local *local = listing->local;
    struct entity *entity = entity_alone(local, listing->collection, &doc->key);

    if (!entity)
        return HEARTH_ENOMEM;
    if (!pin(listing, entity)) {
        entity_free(local, entity);
        return HEARTH_ENOMEM;
    }
    return direct_show(local, entity, doc);
}

static hearth_status take(struct listing *listing, const hearth_doc *doc)
{
    struct local *local = listing->local;

    if (mode_shared(local->ctx))
        return take_alone(listing, doc);
    struct entity *entity = entity_find(local, &doc->key);

    /* Held as well: evicted before the last page, it would be missing from the answer. */
    if (entity && (entity->view.state || entity->removed || entity->dirty)) {
        if (!pin(listing, entity))
            return HEARTH_ENOMEM;
        return decoded(local, entity, listing->collection) ? HEARTH_OK : HEARTH_EINTERNAL;
    }
    if (!entity)
        entity = entity_create(local, listing->collection, &doc->key);
    if (!entity)
        return HEARTH_ENOMEM;
    if (!pin(listing, entity)) {
        entity_settle(local, entity);
        return HEARTH_ENOMEM;
    }
    hearth_status status = entity_decode(local, entity, doc->version, doc->body);
    if (status == HEARTH_OK) {
        entity->view.durable_version = doc->version;
        second_keep(local, entity, doc->body, doc->version, doc->write_id);
    }
    return status;
}

static void page(hearth_status status, const hearth_doc *const *docs, size_t count,
                 hearth_str cursor, void *arg);

static void query(struct listing *listing, hearth_str cursor)
{
    struct collection *collection = listing->collection;
    shared_of(listing->local->ctx)
        ->storage->query(listing->local->storage,
                         (hearth_str){collection->name, strlen(collection->name)},
                         listing->partition, (hearth_str){NULL, 0}, PAGE, cursor, page, listing);
}

static void begin(struct listing *listing)
{
    listing->removals = listing->local->removals;
    listing->confirmations = listing->local->confirmations;
    query(listing, (hearth_str){NULL, 0});
}

/* What is read may show an entity that is gone, or as it was before a change that storage has, and
 * nothing in memory says better. */
static bool outdated(struct listing *listing)
{
    struct local *local = listing->local;
    return !mode_shared(local->ctx) &&
           (listing->removals != local->removals ||
            partition_departed(local, listing->partition) > listing->confirmations);
}

static void page(hearth_status status, const hearth_doc *const *docs, size_t count,
                 hearth_str cursor, void *arg)
{
    struct listing *listing = arg;
    struct local *local = listing->local;
    struct partition *partition;

    flush_read_contact(local, status);
    for (size_t i = 0; i < count && status == HEARTH_OK && !outdated(listing); i++)
        status = take(listing, docs[i]);
    if (status == HEARTH_OK && outdated(listing)) {
        begin(listing);
        return;
    }
    if (status == HEARTH_OK && cursor.len > 0) {
        query(listing, cursor);
        return;
    }
    partition = partition_find(local, listing->partition);
    if (status == HEARTH_OK && partition && listing->collection->index < 64)
        partition->complete |= 1ull << listing->collection->index;
    finish(listing, status == HEARTH_OK || status == HEARTH_EINTERNAL || status == HEARTH_ENOMEM
                        ? status
                        : HEARTH_EUNAVAILABLE);
}

static void go(hearth_ctx *ctx, struct parked *parked, hearth_status status)
{
    struct listing *listing = CONTAINER_OF(parked, struct listing, parked);
    (void)ctx;

    if (status != HEARTH_OK) {
        finish(listing, status);
        return;
    }
    begin(listing);
}

hearth_status service_list(hearth_ctx *ctx, hearth_str name, hearth_str partition, listing_fn done,
                           void *arg)
{
    struct local *local = local_of(ctx);
    struct collection *collection = collection_find(local, name);
    struct partition *known = partition_find(local, partition);

    if (!collection || partition.len == 0 ||
        shared_of(ctx)->loop->home(ctx, partition) != ctx->loop)
        return HEARTH_EINVAL;
    if (local->gate == GATE_SHUT)
        return HEARTH_EUNAVAILABLE;
    if (known && collection->index < 64 && (known->complete >> collection->index & 1)) {
        answer(local, collection, partition, done, arg);
        return HEARTH_OK;
    }
    struct listing *listing = calloc(1, sizeof(*listing) + partition.len);
    if (!listing)
        return HEARTH_ENOMEM;
    memcpy(listing->bytes, partition.ptr, partition.len);
    listing->partition = (hearth_str){listing->bytes, partition.len};
    listing->parked.go = go;
    listing->local = local;
    listing->collection = collection;
    listing->done = done;
    listing->arg = arg;
    gate_pass(local, &listing->parked);
    return HEARTH_DEFERRED;
}
