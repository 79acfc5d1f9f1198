/*
 * create_claims.c - claims are put where nothing is, one after the other. One whose entity never
 * came is free again once it has been seen like that for a minute; until then it counts.
 */
#include "create_internal.h"
#include "flush.h"
#include "orphans.h"

#include <stdlib.h>

static void put_claim(struct create *create, uint32_t condition, uint64_t base);

static void take(struct create *create)
{
    put_claim(create, HEARTH_IF_ABSENT, 0);
}

void create_take_claims(struct create *create)
{
    if (create->taken < create->claim_count)
        take(create);
    else
        create_write(create);
}

/* ---- somebody has it ---- */

struct inspection {
    struct create *create;
    uint64_t version; /* of the claim */
    struct orphan orphan;
    bool twin; /* perhaps another process at work on the same request */
};

static void claimed(struct create *create)
{
    create_give_back(create);
    create_end(create, HEARTH_CREATE_CLAIMED, create->taken);
}

/* Mode shared: another process may be at work on the same request. Its receipt comes with its
 * entity; so once that is there, no receipt means another request. */
static void twin_receipt(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct create *create = arg;

    if (status == HEARTH_OK) {
        create_give_back(create);
        create_replay(create, doc->body);
    } else if (status != HEARTH_ENOTFOUND) {
        create_give_back(create);
        create_finish(create, HEARTH_EUNAVAILABLE, NULL);
    } else if (create->owner_there || !create_again(create, take)) {
        claimed(create);
    }
}

static void owner_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct inspection inspection = *(struct inspection *)arg;
    struct create *create = inspection.create;
    struct local *local = create->local;
    (void)doc;

    free(arg);
    create->owner_there = status == HEARTH_OK;
    if (status == HEARTH_ENOTFOUND && orphan_is_free(local, &inspection.orphan))
        put_claim(create, HEARTH_IF_VERSION, inspection.version);
    else if (inspection.twin)
        shared_of(local->ctx)
            ->storage->get(local->storage, create_receipt_key(create), twin_receipt, create);
    else if (status == HEARTH_OK || status == HEARTH_ENOTFOUND || !create_again(create, take))
        claimed(create);
}

/* Whether its entity is there decides. */
static bool look_for_owner(struct create *create, const hearth_doc *current,
                           const hearth_key *owner)
{
    struct local *local = create->local;
    struct inspection *inspection = malloc(sizeof(*inspection));
    if (!inspection)
        return false;
    *inspection = (struct inspection){
        .create = create,
        .version = current->version,
        .orphan = orphan_of(local, current, owner),
        .twin = create->has_receipt && mode_shared(local->ctx) &&
                str_equal(owner->partition, create_key(create)->partition),
    };
    shared_of(local->ctx)->storage->get(local->storage, owner, owner_read, inspection);
    return true;
}

static void inspect(struct create *create, const hearth_doc *current)
{
    struct shared *shared = shared_of(create->local->ctx);
    hearth_arena *arena = shared->arena->create(create->local->ctx, CREATE_ARENA);
    hearth_key owner;
    int64_t at;

    bool read = arena && claim_parse(shared, arena, current->body, &owner, &at);
    bool ours = read && key_equal(&owner, create_key(create));
    bool looking = read && !ours && look_for_owner(create, current, &owner);
    if (arena)
        shared->arena->destroy(arena);
    if (ours) { /* taken before; the answer was lost */
        create->taken++;
        create_take_claims(create);
    } else if (!looking) {
        claimed(create);
    }
}

/* ---- taking one ---- */

static void put_done(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct create *create = arg;
    (void)count;

    flush_contact(create->local, results[0]->outcome == HEARTH_STORAGE_RETRY);
    switch (results[0]->outcome) {
    case HEARTH_STORAGE_OK:
        create->taken++;
        create_take_claims(create);
        return;
    case HEARTH_STORAGE_CONFLICT:
        if (results[0]->current)
            inspect(create, results[0]->current);
        else if (!create_again(create, take))
            create_finish(create, HEARTH_EUNAVAILABLE, NULL);
        return;
    case HEARTH_STORAGE_RETRY:
        if (create_again(create, take))
            return;
        create_give_back(create);
        create_finish(create, HEARTH_EUNAVAILABLE, NULL);
        return;
    case HEARTH_STORAGE_FAILED:
        create_give_back(create);
        create_finish(create, HEARTH_EINVAL, NULL);
        return;
    }
}

static void put_claim(struct create *create, uint32_t condition, uint64_t base)
{
    struct local *local = create->local;
    struct shared *shared = shared_of(local->ctx);
    char id[WRITE_ID_SIZE];

    if (!lease_held(local->ctx)) {
        create_give_back(create);
        create_finish(create, HEARTH_EUNAVAILABLE, NULL);
        return;
    }
    hearth_arena *arena = shared->arena->create(local->ctx, CREATE_ARENA);
    hearth_str body =
        arena ? claim_body(shared, arena, create_key(create), shared->clock->wall_ms(local->ctx))
              : (hearth_str){NULL, 0};
    if (!body.ptr) {
        if (arena)
            shared->arena->destroy(arena);
        create_give_back(create);
        create_finish(create, HEARTH_ENOMEM, NULL);
        return;
    }
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_PUT,
        .condition = condition,
        .base_version = base,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = *create_claim(create, create->taken),
                .body = body,
                .version = base + 1,
                .write_id = write_id_format(shared, journal_start_number(shared->journal), 1, id)}};
    const hearth_storage_op *list = &op;
    shared->storage->write(local->storage, &list, 1, put_done, create);
    shared->arena->destroy(arena);
}

/* ---- giving back ---- */

void create_give_back(struct create *create)
{
    size_t upto = create->taken < create->claim_count ? create->taken + 1 : create->taken;
    while (upto > 0)
        claim_release(create->local, create_claim(create, --upto), create_key(create), NULL, NULL);
}
