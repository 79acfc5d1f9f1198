/*
 * create.c - name, owner, character: claims first, then the entity and its receipt in one
 * transaction. What a crash leaves of it is at most claims without an entity, which free
 * themselves. Creates with the same receipt wait for each other.
 */
#include "create.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "create_internal.h"
#include "drain.h"
#include "flush.h"
#include "second.h"

static void start_waiting(struct local *local);

/* ---- the end ---- */

static void release_state(struct create *create)
{
    if (create->state && create->collection->def.release)
        create->collection->def.release(create->collection->def.owner, create->state);
    create->state = NULL;
}

void create_finish(struct create *create, hearth_status status, const hearth_create_result *result)
{
    struct local *local = create->local;

    shared_of(local->ctx)->timer->stop(create->deadline);
    list_remove(&create->node);
    if (create->done)
        create->done(status, result, create->arg);
    release_state(create);
    free(create->keys);
    free(create);
    start_waiting(local);
    drain_progress(local);
}

void create_end(struct create *create, hearth_create_outcome outcome, size_t claim)
{
    hearth_create_result result = {
        .struct_size = sizeof(result), .outcome = outcome, .claim = claim};
    create_finish(create, HEARTH_OK, &result);
}

static void deadline_passed(hearth_ctx *ctx, void *arg)
{
    struct create *create = arg;
    (void)ctx;
    create->deadline = NULL;
    create->late = true;
    if (create->done)
        create->done(HEARTH_ETIMEOUT, NULL, create->arg);
    create->done = NULL;
}

static void retry_now(hearth_ctx *ctx, void *arg)
{
    struct create *create = arg;
    (void)ctx;
    create->retry = NULL;
    create->again(create);
}

bool create_again(struct create *create, void (*again)(struct create *create))
{
    hearth_ctx *ctx = create->local->ctx;
    if (create->late || now_ms(ctx) - create->started_ms > CREATE_GIVE_UP_MS || !lease_held(ctx))
        return false;
    create->again = again;
    create->retry = shared_of(ctx)->timer->start(
        ctx, backoff_ms(ctx, CREATE_RETRY_MS, 1000, create->failures++), 0, retry_now, create);
    return create->retry != NULL;
}

/* ---- the entity ---- */

static void created(struct create *create)
{
    struct local *local = create->local;
    struct entity *entity = entity_find(local, create_key(create));
    hearth_create_result result = {.struct_size = sizeof(result), .outcome = HEARTH_CREATED};

    if (!entity)
        entity = entity_create(local, create->collection, create_key(create));
    if (!entity) { /* it exists; the next load finds it */
        struct partition *partition = partition_find(local, create_key(create)->partition);
        if (partition)
            partition->complete = 0;
        create_finish(create, HEARTH_ETIMEOUT, NULL);
        return;
    }
    entity_pin(local, entity);
    if (!entity->view.state || mode_shared(local->ctx)) {
        entity->view.durable_version = 1;
        entity_show(local, entity, 1, create->state, create->state_size, NULL);
        create->state = NULL;
        char id[WRITE_ID_SIZE];
        second_keep(local, entity, (hearth_str){create->body, create->body_len}, 1,
                    write_id_format(shared_of(local->ctx),
                                    journal_start_number(shared_of(local->ctx)->journal), 1, id));
    }
    if (entity->loading && !mode_shared(local->ctx))
        entity_loaded(local, entity, HEARTH_OK);
    result.entity = &entity->view;
    create_finish(create, HEARTH_OK, &result);
    entity_unpin(local, entity);
}

static bool written_by_us(struct create *create, const hearth_doc *doc)
{
    uint64_t start, version;
    return doc && key_equal(&doc->key, create_key(create)) &&
           write_id_parse(shared_of(create->local->ctx), doc->write_id, &start, &version);
}

/* Another process has made it meanwhile, for the same request. */
static void twin_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    if (status == HEARTH_OK)
        create_replay(arg, doc->body);
    else
        create_finish(arg, HEARTH_EUNAVAILABLE, NULL);
}

/* Its claims stay while a write may still take effect; without an entity they free themselves. */
static void give_back(struct create *create)
{
    if (!create->doubtful)
        create_give_back(create);
}

static void written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct create *create = arg;
    hearth_storage_outcome outcome = HEARTH_STORAGE_OK;

    for (size_t i = 0; i < count; i++) {
        if (results[i]->outcome > outcome)
            outcome = results[i]->outcome;
    }
    flush_contact(create->local, outcome == HEARTH_STORAGE_RETRY);
    if (outcome == HEARTH_STORAGE_OK || written_by_us(create, results[0]->current)) {
        created(create);
    } else if (outcome == HEARTH_STORAGE_RETRY) {
        create->doubtful = true;
        if (!create_again(create, create_write))
            create_finish(create, HEARTH_ETIMEOUT, NULL);
    } else if (outcome == HEARTH_STORAGE_CONFLICT && create->has_receipt) {
        if (!results[0]->current) /* else it is there, and somebody has changed it meanwhile */
            create_give_back(create);
        shared_of(create->local->ctx)
            ->storage->get(create->local->storage, create_receipt_key(create), twin_read, create);
    } else {
        if (!results[0]->current)
            give_back(create);
        create_finish(create,
                      outcome == HEARTH_STORAGE_FAILED ? HEARTH_EINVAL : HEARTH_EUNAVAILABLE, NULL);
    }
}

static hearth_str receipt_body(struct create *create, hearth_arena *arena)
{
    struct shared *shared = shared_of(create->local->ctx);
    hearth_str claim =
        claim_body(shared, arena, create_key(create), shared->clock->wall_ms(create->local->ctx));
    char hex[33];

    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", create->receipt.body[i]);
    if (!claim.ptr)
        return claim;
    return shared->arena->printf(arena, "{\"request\":\"%s\",%" HEARTH_PRIS, hex,
                                 (int)(claim.len - 1), claim.ptr + 1);
}

void create_write(struct create *create)
{
    struct local *local = create->local;
    struct shared *shared = shared_of(local->ctx);
    char id[WRITE_ID_SIZE];
    hearth_str write_id = write_id_format(shared, journal_start_number(shared->journal), 1, id);
    hearth_arena *arena = shared->arena->create(local->ctx, CREATE_ARENA);
    hearth_storage_op ops[2] = {{.struct_size = sizeof(hearth_storage_op),
                                 .action = HEARTH_PUT,
                                 .condition = HEARTH_IF_ABSENT,
                                 .doc = {.struct_size = sizeof(hearth_doc),
                                         .key = *create_key(create),
                                         .body = {create->body, create->body_len},
                                         .version = 1,
                                         .write_id = write_id}}};
    const hearth_storage_op *list[2] = {&ops[0], &ops[1]};
    bool late =
        now_ms(local->ctx) - create->started_ms > CREATE_GIVE_UP_MS || !lease_held(local->ctx);

    ops[1] = ops[0];
    ops[1].doc.body = (hearth_str){NULL, 0};
    if (create->has_receipt && arena)
        ops[1].doc.body = receipt_body(create, arena);
    if (late || (create->has_receipt && !ops[1].doc.body.ptr)) {
        give_back(create);
        create_finish(create, create->doubtful ? HEARTH_ETIMEOUT : HEARTH_EUNAVAILABLE, NULL);
    } else {
        ops[1].doc.key = *create_receipt_key(create);
        ops[1].doc.expires_ms = shared->clock->wall_ms(local->ctx) + create->receipt_ttl_ms;
        shared->storage->transact(local->storage, list, create->has_receipt ? 2 : 1, written,
                                  create);
    }
    if (arena)
        shared->arena->destroy(arena);
}

/* ---- the receipt ---- */

static void replay_loaded(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct create *create = arg;
    hearth_create_result result = {
        .struct_size = sizeof(result), .outcome = HEARTH_CREATE_REPLAYED, .entity = entity};
    bool gone = status == HEARTH_ENOTFOUND;
    create_finish(create, gone ? HEARTH_OK : status, status == HEARTH_OK || gone ? &result : NULL);
}

void create_replay(struct create *create, hearth_str body)
{
    struct local *local = create->local;
    struct shared *shared = shared_of(local->ctx);
    const hearth_json_value *root;
    hearth_key key;
    int64_t at;
    char hex[33];

    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", create->receipt.body[i]);
    hearth_arena *arena = shared->arena->create(local->ctx, CREATE_ARENA);
    if (!arena || !claim_parse(shared, arena, body, &key, &at) ||
        shared->json->parse(arena, body, &root, NULL) != HEARTH_OK) {
        create_finish(create, HEARTH_EINTERNAL, NULL);
    } else if (!str_equal(shared->json->as_string(shared->json->get(root, "request")),
                          (hearth_str){hex, 32})) {
        create_end(create, HEARTH_CREATE_MISMATCH, 0);
    } else {
        hearth_status status = service_load(local->ctx, &key, replay_loaded, create);
        if (status < 0)
            create_finish(create, status, NULL);
    }
    if (arena)
        shared->arena->destroy(arena);
}

static void receipt_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct create *create = arg;

    if (status == HEARTH_OK)
        create_replay(create, doc->body);
    else if (status == HEARTH_ENOTFOUND)
        create_begin(create);
    else
        create_finish(create, HEARTH_EUNAVAILABLE, NULL);
}

/* ---- the beginning ---- */

static void go(hearth_ctx *ctx, struct parked *parked, hearth_status status)
{
    struct create *create = CONTAINER_OF(parked, struct create, parked);
    struct local *local = local_of(ctx);

    if (status == HEARTH_OK)
        status = commit_allowed(local);
    if (status != HEARTH_OK) {
        create_finish(create, status, NULL);
        return;
    }
    create->started_ms = now_ms(ctx);
    if (create->has_receipt)
        shared_of(ctx)->storage->get(local->storage, create_receipt_key(create), receipt_read,
                                     create);
    else
        create_begin(create);
}

/* Whether an older create with the same receipt is on its way. */
static bool must_wait(struct local *local, struct create *create)
{
    for (struct list *n = local->creates.next; n != &create->node; n = n->next) {
        struct create *other = CONTAINER_OF(n, struct create, node);
        if (create->has_receipt && other->has_receipt &&
            key_equal(create_receipt_key(create), create_receipt_key(other)))
            return true;
    }
    return false;
}

static void start_waiting(struct local *local)
{
    struct list *n = local->creates.next;

    for (; n != &local->creates; n = n->next) {
        struct create *create = CONTAINER_OF(n, struct create, node);
        if (create->running || must_wait(local, create))
            continue;
        create->running = true;
        gate_pass(local, &create->parked);
        return; /* it may have ended, and then the rest were looked at */
    }
}

static struct keys *copy_keys(const hearth_entity_create *spec)
{
    size_t count = spec->claim_count;
    hearth_key *list = calloc(count + 2, sizeof(*list));
    char hex[33] = "";

    if (!list)
        return NULL;
    list[0] = spec->key;
    for (size_t i = 0; i < count; i++)
        list[1 + i] = spec->claims[i].key;
    for (int i = 0; i < 16 && spec->next.receipt; i++)
        snprintf(hex + 2 * i, 3, "%02x", spec->next.receipt->key[i]);
    list[1 + count] = (hearth_key){HEARTH_STR("receipts"), spec->key.partition, {hex, strlen(hex)}};
    struct keys *keys = keys_copy(list, count + 2, sizeof(*list));
    free(list);
    return keys;
}

hearth_status
service_create(hearth_ctx *ctx, const hearth_entity_create *spec, uint32_t deadline_ms,
               void (*done)(hearth_status status, const hearth_create_result *result, void *arg),
               void *arg)
{
    struct local *local = local_of(ctx);
    struct shared *shared = shared_of(ctx);
    struct collection *collection = collection_find(local, spec->key.collection);

    if (!collection)
        return HEARTH_EINVAL; /* nobody knows how to release the state */
    hearth_status status = HEARTH_EINVAL;
    struct create *create = NULL;
    size_t size = envelope_size(spec->next.body, NULL, (hearth_str){NULL, 0});
    if (!spec->next.state || spec->next.body.len == 0 || size > shared->caps->max_body)
        goto refuse;
    status = HEARTH_ENOMEM;
    create = calloc(1, sizeof(*create) + size);
    if (!create || !(create->keys = copy_keys(spec)))
        goto refuse;
    create->local = local;
    create->collection = collection;
    create->claim_count = spec->claim_count;
    create->has_receipt = spec->next.receipt != NULL;
    if (create->has_receipt)
        create->receipt = *spec->next.receipt;
    create->receipt_ttl_ms = spec->receipt_ttl_ms;
    create->max_entities = HEARTH_HAS(spec, max_entities) ? spec->max_entities : 0;
    create->state = spec->next.state;
    create->state_size = spec->next.state_size;
    create->parked.go = go;
    create->done = done;
    create->arg = arg;
    create->body_len = envelope_write(create->body, collection->def.body_version, spec->next.body,
                                      NULL, (hearth_str){NULL, 0});
    if (deadline_ms > 0)
        create->deadline = shared->timer->start(ctx, deadline_ms, 0, deadline_passed, create);
    list_append(&local->creates, &create->node);
    if (!must_wait(local, create)) {
        create->running = true;
        gate_pass(local, &create->parked);
    }
    return HEARTH_DEFERRED;
refuse:
    free(create);
    if (spec->next.state && collection->def.release)
        collection->def.release(collection->def.owner, spec->next.state);
    return status;
}

void create_free_all(struct local *local)
{
    struct list *node;
    while ((node = list_pop(&local->creates))) {
        struct create *create = CONTAINER_OF(node, struct create, node);
        shared_of(local->ctx)->timer->stop(create->deadline);
        shared_of(local->ctx)->timer->stop(create->retry);
        release_state(create);
        free(create->keys);
        free(create);
    }
}
