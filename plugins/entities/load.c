/*
 * load.c - reading an entity once, however many ask for it, and handing out turns, one at a time
 * and in order of asking.
 */
#include "entity.h"

#include <stdlib.h>

#include "direct.h"
#include "flush.h"
#include "second.h"

/* ---- turns ---- */

void turns_run(struct local *local, struct entity *entity)
{
    struct list *node;

    if (entity->turn)
        return;
    entity_pin(local, entity);
    while (!entity->turn && (node = list_pop(&entity->turns))) {
        struct waiter *waiter = CONTAINER_OF(node, struct waiter, node);
        bool there = entity_visible(entity);
        entity->turn = entity->turn_open = there;
        entity->turn_used = false;
        waiter->done(there ? HEARTH_OK : HEARTH_ENOTFOUND, there ? &entity->view : NULL,
                     waiter->arg);
        free(waiter);
        entity->turn_open = false;
        entity->turn = there && (entity->commit || entity->remove || entity->burial);
    }
    entity_unpin(local, entity);
}

void turn_end(struct local *local, struct entity *entity)
{
    if (entity->turn_open)
        return; /* turns_run goes on when the callback has returned */
    entity->turn = false;
    if (mode_shared(local->ctx))
        direct_next_turn(local, entity);
    else
        turns_run(local, entity);
}

/* ---- the read ---- */

struct read {
    struct parked parked;
    struct local *local;
    struct entity *entity;
};

void entity_loaded(struct local *local, struct entity *entity, hearth_status status)
{
    struct list waiting, *node;
    bool there = entity_visible(entity);
    hearth_status turn_status = there ? HEARTH_OK : status;

    entity_pin(local, entity);
    list_init(&waiting);
    list_splice(&waiting, &entity->waiters);
    while ((node = list_pop(&waiting))) {
        struct waiter *waiter = CONTAINER_OF(node, struct waiter, node);
        if (waiter->turn && there) {
            list_append(&entity->turns, &waiter->node);
            continue;
        }
        waiter->done(turn_status, there ? &entity->view : NULL, waiter->arg);
        free(waiter);
    }
    turns_run(local, entity);
    entity_unpin(local, entity);
}

hearth_status load_status(hearth_status status)
{
    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND || status == HEARTH_EINTERNAL)
        return status;
    return status == HEARTH_EINVAL ? HEARTH_ENOTFOUND : HEARTH_EUNAVAILABLE;
}

static hearth_status show(struct local *local, struct entity *entity, const hearth_doc *doc)
{
    hearth_status status = entity_decode(local, entity, doc->version, doc->body);
    if (status == HEARTH_OK)
        entity->view.durable_version = doc->version;
    return status;
}

static void read_done(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct read *read = arg;
    struct local *local = read->local;
    struct entity *entity = read->entity;

    free(read);
    entity->loading = false;
    if (!entity->view.state && status == HEARTH_OK) {
        status = show(local, entity, doc);
        if (status == HEARTH_OK)
            second_keep(local, entity, doc->body, doc->version, doc->write_id);
    }
    flush_read_contact(local, status);
    entity_loaded(local, entity, load_status(status));
}

static void read_storage(struct read *read)
{
    struct local *local = read->local;
    shared_of(local->ctx)->storage->get(local->storage, &read->entity->view.key, read_done, read);
}

static void second_done(const hearth_doc *doc, void *arg)
{
    struct read *read = arg;
    struct local *local = read->local;
    struct entity *entity = read->entity;
    uint64_t print = entity->print; /* decoding forgets it */

    if (!entity->view.state) {
        if (!doc || show(local, entity, doc) != HEARTH_OK) {
            read_storage(read);
            return;
        }
        entity->print = print;
    }
    free(read);
    entity->loading = false;
    entity_loaded(local, entity, HEARTH_OK);
}

static void read_go(hearth_ctx *ctx, struct parked *parked, hearth_status status)
{
    struct read *read = CONTAINER_OF(parked, struct read, parked);
    struct local *local = local_of(ctx);

    if (status == HEARTH_OK) {
        if (!second_get(local, read->entity, second_done, read))
            read_storage(read);
    } else {
        struct entity *entity = read->entity;
        free(read);
        entity->loading = false;
        entity_loaded(local, entity, status);
    }
}

/* Finds or makes the entity and queues the waiter; starts the read if nobody has. */
static hearth_status wait_for_load(struct local *local, struct entity *entity,
                                   struct collection *collection, const hearth_key *key, bool turn,
                                   hearth_entity_fn done, void *arg)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    struct read *read = NULL;

    if (!waiter)
        return HEARTH_ENOMEM;
    *waiter = (struct waiter){.turn = turn, .done = done, .arg = arg};
    if (!entity && !(entity = entity_create(local, collection, key)))
        goto free_waiter;
    if (!entity->loading) {
        read = calloc(1, sizeof(*read));
        if (!read)
            goto settle;
        *read = (struct read){.parked.go = read_go, .local = local, .entity = entity};
        entity->loading = true;
    }
    list_append(&entity->waiters, &waiter->node);
    if (read)
        gate_pass(local, &read->parked);
    return HEARTH_DEFERRED;
settle:
    entity_settle(local, entity);
free_waiter:
    free(waiter);
    return HEARTH_ENOMEM;
}

/* ---- the service ---- */

/* The entity if it can be shown now. A replayed one is decoded at its first use, when its
 * collection is known. */
static hearth_status find(struct local *local, const hearth_key *key, struct entity **out,
                          struct collection **collection)
{
    struct entity *entity = *out = entity_find(local, key);

    *collection = entity ? entity->collection : NULL;
    if (!*collection)
        *collection = collection_find(local, key->collection);
    if (!*collection ||
        shared_of(local->ctx)->loop->home(local->ctx, key->partition) != local->ctx->loop)
        return HEARTH_EINVAL;
    if (!entity)
        return HEARTH_OK;
    if (!entity->collection)
        entity->collection = *collection;
    if (!entity->view.state && !entity->removed && entity->dirty)
        return entity_decode(local, entity, entity->dirty->version, entity->dirty->body);
    return HEARTH_OK;
}

static void count(struct local *local, bool hit)
{
    shared_of(local->ctx)->metrics->add(local->series[hit ? METRIC_HITS : METRIC_MISSES], 1);
}

static hearth_status queue_turn(struct local *local, struct entity *entity, hearth_entity_fn done,
                                void *arg)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    if (!waiter)
        return HEARTH_ENOMEM;
    *waiter = (struct waiter){.turn = true, .done = done, .arg = arg};
    list_append(&entity->turns, &waiter->node);
    bool now = !entity->turn;
    turns_run(local, entity);
    return now ? HEARTH_OK : HEARTH_DEFERRED;
}

static hearth_status ask(hearth_ctx *ctx, const hearth_key *key, bool turn, hearth_entity_fn done,
                         void *arg)
{
    struct local *local = local_of(ctx);
    struct collection *collection;
    struct entity *entity;

    hearth_status status = find(local, key, &entity, &collection);
    if (status != HEARTH_OK)
        return status;
    if (local->gate == GATE_SHUT)
        return HEARTH_EUNAVAILABLE;
    count(local, !mode_shared(ctx) && entity && entity->view.state);
    if (mode_shared(ctx))
        return direct_ask(local, entity, collection, key, turn, done, arg);
    if (entity && entity->removed) {
        done(HEARTH_ENOTFOUND, NULL, arg);
        return HEARTH_OK;
    }
    if (!entity || !entity->view.state || (turn && local->gate == GATE_WAITING))
        return wait_for_load(local, entity, collection, key, turn, done, arg);
    if (turn)
        return queue_turn(local, entity, done, arg);
    entity_pin(local, entity);
    done(HEARTH_OK, &entity->view, arg);
    entity_unpin(local, entity);
    return HEARTH_OK;
}

hearth_status service_load(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done, void *arg)
{
    return ask(ctx, key, false, done, arg);
}

hearth_status service_turn(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done, void *arg)
{
    return ask(ctx, key, true, done, arg);
}
