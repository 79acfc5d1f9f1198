/*
 * claims.c - taking part in uniqueness: the body of a claim, giving one back, and remembering who
 * holds which.
 */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

#define CACHED_CLAIMS 16384 /* per loop */
#define ARENA_SIZE    16384

struct keys *keys_copy(const hearth_key *first, size_t count, size_t stride)
{
    size_t size = sizeof(struct keys) + count * sizeof(hearth_key);

    for (size_t i = 0; i < count; i++) {
        const hearth_key *key = (const void *)((const char *)first + i * stride);
        size += key->collection.len + key->partition.len + key->sort.len;
    }
    struct keys *keys = malloc(size);
    if (!keys)
        return NULL;
    keys->count = count;
    char *end = (char *)(keys->items + count);
    for (size_t i = 0; i < count; i++) {
        const hearth_key *key = (const void *)((const char *)first + i * stride);
        const hearth_str parts[3] = {key->collection, key->partition, key->sort};
        hearth_str *out[3] = {&keys->items[i].collection, &keys->items[i].partition,
                              &keys->items[i].sort};
        for (int part = 0; part < 3; part++) {
            *out[part] = (hearth_str){end, parts[part].len};
            if (parts[part].len > 0)
                memcpy(end, parts[part].ptr, parts[part].len);
            end += parts[part].len;
        }
    }
    return keys;
}

/* ---- the body ---- */

hearth_str claim_body(const struct shared *shared, hearth_arena *arena, const hearth_key *owner,
                      int64_t at_ms)
{
    const hearth_json *json = shared->json;
    hearth_str body = {NULL, 0};
    hearth_json_writer *w = json->writer(arena, ARENA_SIZE);

    if (!w)
        return body;
    json->object_begin(w);
    json->key(w, HEARTH_STR("collection"));
    json->string(w, owner->collection);
    json->key(w, HEARTH_STR("partition"));
    json->string(w, owner->partition);
    json->key(w, HEARTH_STR("sort"));
    json->string(w, owner->sort);
    json->key(w, HEARTH_STR("at"));
    json->integer(w, at_ms);
    json->object_end(w);
    return json->finish(w, &body) == HEARTH_OK ? body : (hearth_str){NULL, 0};
}

bool claim_parse(const struct shared *shared, hearth_arena *arena, hearth_str body,
                 hearth_key *owner, int64_t *at_ms)
{
    const hearth_json *json = shared->json;
    const hearth_json_value *root;

    if (json->parse(arena, body, &root, NULL) != HEARTH_OK ||
        json->type(root) != HEARTH_JSON_OBJECT)
        return false;
    owner->collection = json->as_string(json->get(root, "collection"));
    owner->partition = json->as_string(json->get(root, "partition"));
    owner->sort = json->as_string(json->get(root, "sort"));
    *at_ms = json->as_integer(json->get(root, "at"));
    return owner->collection.len > 0 && owner->partition.len > 0;
}

/* ---- giving back ---- */

struct release {
    struct local *local;
    struct keys *keys; /* the claim, its owner */
    void (*done)(bool ok, void *arg);
    void *arg;
};

static void release_finish(struct release *release, bool ok)
{
    if (release->done)
        release->done(ok, release->arg);
    free(release->keys);
    free(release);
}

static void release_written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    (void)count;
    release_finish(arg, results[0]->outcome == HEARTH_STORAGE_OK ||
                            results[0]->outcome == HEARTH_STORAGE_CONFLICT);
}

static void release_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct release *release = arg;
    struct local *local = release->local;
    struct shared *shared = shared_of(local->ctx);
    hearth_key owner;
    int64_t at;

    if (status != HEARTH_OK) {
        release_finish(release, status == HEARTH_ENOTFOUND || status == HEARTH_EINVAL);
        return;
    }
    hearth_arena *arena = shared->arena->create(local->ctx, ARENA_SIZE);
    bool read = arena && claim_parse(shared, arena, doc->body, &owner, &at);
    bool ours = read && key_equal(&owner, &release->keys->items[1]);
    if (arena)
        shared->arena->destroy(arena);
    if (!ours) {
        release_finish(release, arena != NULL);
        return;
    }
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_DELETE,
        .condition = HEARTH_IF_VERSION,
        .base_version = doc->version,
        .doc = {.struct_size = sizeof(hearth_doc), .key = release->keys->items[0]}};
    const hearth_storage_op *list = &op;
    shared->storage->write(local->storage, &list, 1, release_written, release);
}

void claim_release(struct local *local, const hearth_key *claim, const hearth_key *owner,
                   void (*done)(bool ok, void *arg), void *arg)
{
    const hearth_key both[2] = {*claim, *owner};
    struct release *release = malloc(sizeof(*release));

    if (release)
        *release = (struct release){local, keys_copy(both, 2, sizeof(*both)), done, arg};
    if (!release || !release->keys) {
        free(release);
        if (done)
            done(false, arg);
        return;
    }
    shared_of(local->ctx)
        ->storage->get(local->storage, &release->keys->items[0], release_read, release);
}

/* ---- who holds it ---- */

struct claimant {
    struct table_node node;
    struct list lru;
    struct keys *keys; /* the claim, its owner */
};

static uint64_t claim_hash(struct local *local, const hearth_key *key)
{
    hearth_str parts[3] = {key->collection, key->partition, key->sort};
    return table_hash(&local->claims, parts, 3);
}

static struct claimant *claimant_find(struct local *local, const hearth_key *claim)
{
    struct table_node *n = table_first(&local->claims, claim_hash(local, claim));
    for (; n; n = table_next(n)) {
        struct claimant *claimant = CONTAINER_OF(n, struct claimant, node);
        if (key_equal(&claimant->keys->items[0], claim))
            return claimant;
    }
    return NULL;
}

static void claimant_free(struct local *local, struct claimant *claimant)
{
    table_remove(&local->claims, &claimant->node);
    list_remove(&claimant->lru);
    free(claimant->keys);
    free(claimant);
}

static void claimant_keep(struct local *local, struct keys *keys)
{
    struct claimant *old = claimant_find(local, &keys->items[0]);
    struct claimant *claimant = calloc(1, sizeof(*claimant));

    if (!claimant) {
        free(keys);
        return;
    }
    if (old)
        claimant_free(local, old);
    if (local->claims.count >= CACHED_CLAIMS)
        claimant_free(local, CONTAINER_OF(local->claims_lru.next, struct claimant, lru));
    claimant->keys = keys;
    list_append(&local->claims_lru, &claimant->lru);
    table_insert(&local->claims, &claimant->node, claim_hash(local, &keys->items[0]));
}

struct lookup {
    struct local *local;
    uint64_t removals;
    void (*done)(hearth_status status, const hearth_key *entity, void *arg);
    void *arg;
};

static void looked_up(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct lookup *lookup = arg;
    struct local *local = lookup->local;
    struct shared *shared = shared_of(local->ctx);
    hearth_arena *arena = NULL;
    hearth_key both[2];
    int64_t at;

    if (status == HEARTH_OK) {
        arena = shared->arena->create(local->ctx, ARENA_SIZE);
        if (!arena || !claim_parse(shared, arena, doc->body, &both[1], &at))
            status = HEARTH_EINTERNAL;
    } else if (status == HEARTH_EINVAL) {
        status = HEARTH_ENOTFOUND;
    } else if (status == HEARTH_ETIMEOUT) {
        status = HEARTH_EUNAVAILABLE;
    }
    if (status == HEARTH_OK && lookup->removals == local->removals && !mode_shared(local->ctx)) {
        both[0] = doc->key;
        struct keys *keys = keys_copy(both, 2, sizeof(*both));
        if (keys)
            claimant_keep(local, keys);
    }
    lookup->done(status, status == HEARTH_OK ? &both[1] : NULL, lookup->arg);
    if (arena)
        shared->arena->destroy(arena);
    free(lookup);
}

hearth_status
service_claimant(hearth_ctx *ctx, const hearth_key *claim,
                 void (*done)(hearth_status status, const hearth_key *entity, void *arg), void *arg)
{
    struct local *local = local_of(ctx);
    struct claimant *known = claimant_find(local, claim);

    if (known) {
        list_remove(&known->lru);
        list_append(&local->claims_lru, &known->lru);
        done(HEARTH_OK, &known->keys->items[1], arg);
        return HEARTH_OK;
    }
    struct lookup *lookup = malloc(sizeof(*lookup));
    if (!lookup)
        return HEARTH_ENOMEM;
    *lookup = (struct lookup){local, local->removals, done, arg};
    shared_of(ctx)->storage->get(local->storage, claim, looked_up, lookup);
    return HEARTH_DEFERRED;
}

/* ---- forgetting on every loop ---- */

static void forget_here(hearth_ctx *ctx, void *arg)
{
    struct local *local = local_of(ctx);
    const struct keys *claims = arg;

    local->removals++; /* a lookup under way may have read what is gone now */
    for (size_t i = 0; i < claims->count; i++) {
        struct claimant *claimant = claimant_find(local, &claims->items[i]);
        if (claimant)
            claimant_free(local, claimant);
    }
}

static void forgotten(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    free(arg);
}

void claimants_forget(struct local *local, const struct keys *claims)
{
    struct keys *copy =
        claims->count > 0 ? keys_copy(claims->items, claims->count, sizeof(hearth_key)) : NULL;
    if (copy &&
        shared_of(local->ctx)->loop->each(local->ctx, forget_here, forgotten, copy) != HEARTH_OK)
        free(copy);
}

void claimants_finish(struct local *local)
{
    while (!list_empty(&local->claims_lru))
        claimant_free(local, CONTAINER_OF(local->claims_lru.next, struct claimant, lru));
}
