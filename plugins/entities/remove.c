/*
 * remove.c - the journal first (so that a crash cannot leave half of it), then the entity's
 * document, then its claims in the reverse order of taking them.
 */
#include "remove.h"

#include <backoff.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "commit.h"
#include "drain.h"
#include "flush.h"
#include "second.h"

#define RETRY_MS   50
#define ARENA_SIZE 65536

struct remove {
    struct list node;
    struct local *local;
    struct entity *entity;
    struct keys *claims;
    struct change *change; /* until its row is in the journal */
    uint64_t base;         /* mode shared: the version that was judged */
    size_t left;           /* claims that are not given back yet */
    bool begun;            /* its row is on the way */
    bool deleted, busy, late;
    uint32_t failures;
    hearth_timer *deadline, *retry;
    hearth_entity_fn done; /* NULL: nobody waits any more */
    void *arg;
};

static void proceed(struct remove *remove);

static void answer(struct remove *remove, hearth_status status)
{
    struct local *local = remove->local;
    struct entity *entity = remove->entity;
    hearth_entity_fn done = remove->done;

    shared_of(local->ctx)->timer->stop(remove->deadline);
    remove->deadline = NULL;
    remove->done = NULL;
    if (done)
        done(status, NULL, remove->arg);
    turn_end(local, entity);
}

static void finish(struct remove *remove, hearth_status status)
{
    struct local *local = remove->local;
    struct entity *entity = remove->entity;

    list_remove(&remove->node);
    shared_of(local->ctx)->timer->stop(remove->retry);
    if (entity->remove == remove) { /* else it was answered, and the turn is somebody else's */
        entity->remove = NULL;
        answer(remove, status);
    }
    free(remove->claims);
    free(remove);
    entity_unpin(local, entity);
    drain_progress(local);
}

/* ---- storage, until it has done it ---- */

static void again(hearth_ctx *ctx, void *arg)
{
    struct remove *remove = arg;
    (void)ctx;
    remove->retry = NULL;
    proceed(remove);
}

static void put_off(struct remove *remove)
{
    struct local *local = remove->local;
    uint64_t delay = backoff_ms(local->ctx, RETRY_MS, (uint64_t)config_of(local->ctx)->retry_max,
                                remove->failures++);
    remove->retry = shared_of(local->ctx)->timer->start(local->ctx, delay, 0, again, remove);
}

static void claim_released(bool ok, void *arg)
{
    struct remove *remove = arg;
    remove->busy = false;
    if (ok)
        remove->left--;
    if (ok)
        proceed(remove);
    else
        put_off(remove);
}

/* Mode shared: it goes only if it is still what was judged. */
static void judge_direct(struct remove *remove, const hearth_storage_result *result)
{
    bool conflict = result->outcome == HEARTH_STORAGE_CONFLICT;

    if (conflict && result->current) {
        finish(remove, HEARTH_ECONFLICT);
    } else if (conflict && remove->failures == 0) {
        finish(remove, HEARTH_ENOTFOUND); /* somebody else was first */
    } else if (conflict || result->outcome == HEARTH_STORAGE_OK) {
        remove->deleted = true;
        proceed(remove);
    } else if (remove->late) {
        finish(remove, HEARTH_ETIMEOUT);
    } else {
        put_off(remove);
    }
}

static void document_deleted(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct remove *remove = arg;
    (void)count;
    remove->busy = false;
    flush_contact(remove->local, results[0]->outcome == HEARTH_STORAGE_RETRY);
    if (mode_shared(remove->local->ctx)) {
        judge_direct(remove, results[0]);
        return;
    }
    if (results[0]->outcome != HEARTH_STORAGE_OK) {
        put_off(remove);
        return;
    }
    remove->deleted = true;
    second_removed(remove->local, &remove->entity->view.key);
    if (!remove->entity->removed)
        entity_gone(remove->local, remove->entity);
    proceed(remove);
}

static void proceed(struct remove *remove)
{
    struct local *local = remove->local;
    struct shared *shared = shared_of(local->ctx);
    struct entity *entity = remove->entity;

    if (local->gate != GATE_OPEN || !lease_held(local->ctx)) {
        put_off(remove);
        return;
    }
    remove->busy = true;
    if (!remove->deleted) {
        hearth_storage_op op = {
            .struct_size = sizeof(op),
            .action = HEARTH_DELETE,
            .condition = mode_shared(local->ctx) ? HEARTH_IF_VERSION : HEARTH_IF_ANY,
            .base_version = remove->base,
            .doc = {.struct_size = sizeof(hearth_doc), .key = entity->view.key}};
        const hearth_storage_op *list = &op;
        shared->storage->write(local->storage, &list, 1, document_deleted, remove);
    } else if (remove->left > 0) {
        claim_release(local, &remove->claims->items[remove->left - 1], &entity->view.key,
                      claim_released, remove);
    } else {
        remove->busy = false;
        journal_forget(shared->journal, entity->row);
        entity->row = 0;
        claimants_forget(local, remove->claims);
        finish(remove, HEARTH_OK);
    }
}

/* ---- the journal ---- */

static void journaled(hearth_ctx *ctx, struct journal_entry *entry)
{
    struct local *local = local_of(ctx);
    struct change *change = CONTAINER_OF(entry, struct change, entry);
    struct entity *entity = change->entity;
    struct remove *remove = entity->remove;
    bool failed = entry->failed;

    change_appended(local, entry);
    if (!failed) {
        entity->row = entry->row.seq;
        entity->row_version = change->version;
        flush_drop(local, entity);
    }
    free(change);
    remove->change = NULL;
    if (failed) {
        finish(remove, HEARTH_EUNAVAILABLE);
    } else {
        if (remove->late) {
            entity_gone(local, entity);
            answer(remove, HEARTH_ETIMEOUT);
        }
        proceed(remove);
    }
    entity_unpin(local, entity);
    drain_progress(local);
}

static void begin(struct remove *remove)
{
    remove->begun = true;
    change_append(remove->local, remove->change, ROW_REMOVED, journaled);
}

void remove_landed(struct local *local, struct entity *entity)
{
    (void)local;
    if (!entity->remove->begun && !entity->flying)
        begin(entity->remove);
}

/* ---- the service ---- */

static void deadline_passed(hearth_ctx *ctx, void *arg)
{
    struct remove *remove = arg;
    (void)ctx;
    remove->deadline = NULL;
    remove->late = true;
    if (mode_shared(ctx)) { /* it goes on, but keeps nobody waiting */
        remove->entity->remove = NULL;
        answer(remove, remove->deleted ? HEARTH_OK : HEARTH_ETIMEOUT);
        return;
    }
    if (remove->change)
        return; /* not journaled yet: nothing stands */
    if (!remove->entity->removed)
        entity_gone(remove->local, remove->entity);
    answer(remove, HEARTH_ETIMEOUT);
}

static void write_key(const hearth_json *json, hearth_json_writer *w, const hearth_key *key)
{
    json->array_begin(w);
    json->string(w, key->collection);
    json->string(w, key->partition);
    json->string(w, key->sort);
    json->array_end(w);
}

/* The row's body names the claims, so that a replay gives them back too. */
static struct change *tombstone(struct local *local, struct entity *entity,
                                const struct keys *claims)
{
    struct shared *shared = shared_of(local->ctx);
    const hearth_json *json = shared->json;
    hearth_arena *arena = shared->arena->create(local->ctx, ARENA_SIZE);
    hearth_json_writer *w = arena ? json->writer(arena, ARENA_SIZE) : NULL;
    struct change *change = NULL;
    hearth_str body;

    if (w) {
        json->object_begin(w);
        json->key(w, HEARTH_STR("claims"));
        json->array_begin(w);
        for (size_t i = 0; i < claims->count; i++)
            write_key(json, w, &claims->items[i]);
        json->array_end(w);
        json->object_end(w);
        if (json->finish(w, &body) == HEARTH_OK)
            change = change_create(local, entity, entity->view.version + 1, 1, body, NULL,
                                   (hearth_str){NULL, 0});
    }
    if (arena)
        shared->arena->destroy(arena);
    return change;
}

static struct remove *remove_create(struct local *local, struct entity *entity, struct keys *claims)
{
    struct remove *remove = claims ? calloc(1, sizeof(*remove)) : NULL;
    if (!remove) {
        free(claims);
        return NULL;
    }
    remove->local = local;
    remove->entity = entity;
    remove->claims = claims;
    remove->left = claims->count;
    entity->remove = remove;
    entity_pin(local, entity);
    list_append(&local->removes, &remove->node);
    return remove;
}

hearth_status service_remove(hearth_ctx *ctx, const hearth_entity *view, const hearth_claim *claims,
                             size_t claim_count, uint32_t deadline_ms, hearth_entity_fn done,
                             void *arg)
{
    struct local *local = local_of(ctx);
    struct entity *entity = CONTAINER_OF((uintptr_t)view, struct entity, view);

    if (!entity->turn_open || entity->turn_used)
        return HEARTH_EINVAL;
    hearth_status status = commit_allowed(local);
    if (status != HEARTH_OK)
        return status;
    struct keys *copy = keys_copy((const hearth_key *)claims, claim_count, sizeof(hearth_claim));
    struct change *change = copy && !mode_shared(ctx) ? tombstone(local, entity, copy) : NULL;
    if (!copy || (!change && !mode_shared(ctx))) {
        free(copy);
        return HEARTH_ENOMEM;
    }
    struct remove *remove = remove_create(local, entity, copy);
    if (!remove) {
        free(change);
        return HEARTH_ENOMEM;
    }
    remove->change = change;
    remove->base = view->version;
    remove->done = done;
    remove->arg = arg;
    entity->turn_used = true;
    if (deadline_ms > 0)
        remove->deadline =
            shared_of(ctx)->timer->start(ctx, deadline_ms, 0, deadline_passed, remove);
    if (mode_shared(ctx))
        proceed(remove);
    else if (!entity->flying)
        begin(remove);
    return HEARTH_DEFERRED;
}

/* ---- replay ---- */

static struct keys *parse_claims(struct local *local, hearth_str body)
{
    struct shared *shared = shared_of(local->ctx);
    const hearth_json *json = shared->json;
    const hearth_json_value *root;
    struct envelope envelope;
    struct keys *keys = NULL;
    hearth_key *list = NULL;

    hearth_arena *arena = shared->arena->create(local->ctx, ARENA_SIZE * 4);
    if (!arena || !envelope_open(body, &envelope) ||
        json->parse(arena, envelope.state, &root, NULL) != HEARTH_OK)
        goto destroy;
    const hearth_json_value *claims = json->get(root, "claims");
    size_t count = claims ? json->size(claims) : 0;
    list = calloc(count + 1, sizeof(*list));
    if (!list)
        goto destroy;
    for (size_t i = 0; i < count; i++) {
        const hearth_json_value *key = json->at(claims, i);
        list[i] = (hearth_key){json->as_string(json->at(key, 0)), json->as_string(json->at(key, 1)),
                               json->as_string(json->at(key, 2))};
    }
    keys = keys_copy(list, count, sizeof(*list));
destroy:
    free(list);
    if (arena)
        shared->arena->destroy(arena);
    return keys;
}

bool remove_replay(struct local *local, struct entity *entity, hearth_str body)
{
    struct remove *remove = remove_create(local, entity, parse_claims(local, body));
    if (!remove)
        return false;
    remove->begun = true;
    entity_gone(local, entity);
    return true;
}

void remove_resume(struct local *local)
{
    for (struct list *n = local->removes.next; n != &local->removes;) {
        struct remove *remove = CONTAINER_OF(n, struct remove, node);
        n = n->next;
        if (!remove->change && !remove->busy && !remove->retry)
            proceed(remove);
    }
}

void remove_free_all(struct local *local)
{
    struct list *node;
    while ((node = list_pop(&local->removes))) {
        struct remove *remove = CONTAINER_OF(node, struct remove, node);
        remove->entity->remove = NULL;
        shared_of(local->ctx)->timer->stop(remove->deadline);
        shared_of(local->ctx)->timer->stop(remove->retry);
        free(remove->claims);
        free(remove);
    }
}
