/*
 * direct_read.c - reads of mode shared. Whoever asks is answered by a read that began after he
 * asked, so he sees all that any process had acknowledged by then; who asks while a read of the
 * same entity is under way shares the next one.
 */
#include "direct.h"

#include <stdlib.h>
#include <string.h>

#include "flush.h"

/* Whoever waits; the first of those who share a read carries it. */
struct asker {
    struct list node;
    struct list others; /* that share its read */
    struct parked parked;
    struct local *local;
    struct entity *entity;
    bool turn;
    hearth_entity_fn done;
    void *arg;
};

/* ---- what was read ---- */

hearth_status direct_show(struct local *local, struct entity *entity, const hearth_doc *doc)
{
    struct envelope envelope;
    hearth_status status = entity_decode(local, entity, doc->version, doc->body);

    if (status != HEARTH_OK)
        return status;
    entity->view.durable_version = doc->version;
    free(entity->writes);
    entity->writes = NULL;
    if (envelope_open(doc->body, &envelope) && envelope.writes.len > 0)
        entity->writes = strndup(envelope.writes.ptr, envelope.writes.len);
    return HEARTH_OK;
}

static void load(struct local *local, struct entity *entity);

static void answer_loads(struct asker *first, hearth_status status, const hearth_entity *view)
{
    struct local *local = first->local;
    struct entity *entity = first->entity;
    struct list *node;

    entity->loading = false;
    first->done(status, view, first->arg);
    while ((node = list_pop(&first->others))) {
        struct asker *asker = CONTAINER_OF(node, struct asker, node);
        asker->done(status, view, asker->arg);
        free(asker);
    }
    free(first);
    load(local, entity);
}

static void answer_turn(struct asker *asker, hearth_status status, const hearth_entity *view)
{
    struct local *local = asker->local;
    struct entity *entity = asker->entity;

    entity->turn_open = status == HEARTH_OK;
    entity->turn_used = false;
    asker->done(status, view, asker->arg);
    free(asker);
    entity->turn_open = false;
    entity->turn = entity->commit || entity->remove;
    direct_next_turn(local, entity);
}

static void answer(struct asker *asker, hearth_status status, const hearth_doc *doc)
{
    struct local *local = asker->local;
    struct entity *entity = asker->entity;

    entity_pin(local, entity);
    if (status == HEARTH_OK)
        status = direct_show(local, entity, doc);
    const hearth_entity *view = status == HEARTH_OK ? &entity->view : NULL;
    if (asker->turn)
        answer_turn(asker, status, view);
    else
        answer_loads(asker, status, view);
    entity_unpin(local, entity);
}

/* ---- the read ---- */

static void read_done(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct asker *asker = arg;
    flush_read_contact(asker->local, status);
    answer(asker, load_status(status), doc);
}

static void go(hearth_ctx *ctx, struct parked *parked, hearth_status status)
{
    struct asker *asker = CONTAINER_OF(parked, struct asker, parked);
    if (status == HEARTH_OK)
        shared_of(ctx)->storage->get(asker->local->storage, &asker->entity->view.key, read_done,
                                     asker);
    else
        answer(asker, status, NULL);
}

/* Reads once for all who wait now, unless that is under way. */
static void load(struct local *local, struct entity *entity)
{
    struct list *node = entity->loading ? NULL : list_pop(&entity->waiters);
    if (!node)
        return;
    struct asker *first = CONTAINER_OF(node, struct asker, node);
    entity->loading = true;
    list_splice(&first->others, &entity->waiters);
    gate_pass(local, &first->parked);
}

void direct_next_turn(struct local *local, struct entity *entity)
{
    struct list *node = entity->turn ? NULL : list_pop(&entity->turns);
    if (!node)
        return;
    entity->turn = true;
    gate_pass(local, &CONTAINER_OF(node, struct asker, node)->parked);
}

hearth_status direct_ask(struct local *local, struct entity *entity, struct collection *collection,
                         const hearth_key *key, bool turn, hearth_entity_fn done, void *arg)
{
    struct asker *asker = malloc(sizeof(*asker));

    if (asker && !entity)
        entity = entity_create(local, collection, key);
    if (!asker || !entity) {
        free(asker);
        return HEARTH_ENOMEM;
    }
    *asker = (struct asker){
        .parked.go = go, .local = local, .entity = entity, .turn = turn, .done = done, .arg = arg};
    list_init(&asker->others);
    list_append(turn ? &entity->turns : &entity->waiters, &asker->node);
    if (turn)
        direct_next_turn(local, entity);
    else
        load(local, entity);
    return HEARTH_DEFERRED;
}
