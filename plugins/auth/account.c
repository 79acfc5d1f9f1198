/*
 * account.c - see account.h.
 */
#include "account.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

#define DOC_MEMORY 16384

hearth_key account_key(hearth_str lower_username)
{
    return (hearth_key){HEARTH_STR("auth.accounts"), lower_username, HEARTH_STR("")};
}

hearth_str account_encode(hearth_ctx *ctx, hearth_arena *arena, const struct account *account)
{
    const hearth_json *json = shared_of(ctx)->json;
    hearth_json_writer *w = json->writer(arena, 4096);
    hearth_str out = {NULL, 0};

    if (!w)
        return out;
    json->object_begin(w);
    text_member(json, w, "userId", account->user);
    text_member(json, w, "username", account->username);
    text_member(json, w, "scope", account->scope);
    text_member(json, w, "passwordHash", account->hash);
    json->object_end(w);
    return json->finish(w, &out) == HEARTH_OK ? out : (hearth_str){NULL, 0};
}

static int copy_member(const hearth_json *json, const hearth_json_value *object, const char *name,
                       char *out, size_t size)
{
    const hearth_json_value *value = json->get(object, name);
    hearth_str text = value ? json->as_string(value) : (hearth_str){NULL, 0};

    if (!text.ptr || text.len >= size)
        return 0;
    memset(out, 0, size); /* libsodium wants a hash padded with zeros */
    memcpy(out, text.ptr, text.len);
    return 1;
}

int account_decode(hearth_ctx *ctx, hearth_arena *arena, hearth_str body, struct account *out)
{
    const hearth_json *json = shared_of(ctx)->json;
    const hearth_json_value *root = NULL;

    return json->parse(arena, body, &root, NULL) == HEARTH_OK &&
           copy_member(json, root, "userId", out->user, sizeof(out->user)) &&
           copy_member(json, root, "username", out->username, sizeof(out->username)) &&
           copy_member(json, root, "scope", out->scope, sizeof(out->scope)) &&
           copy_member(json, root, "passwordHash", out->hash, sizeof(out->hash));
}

static struct account_making *making_of(struct hash_job *job)
{
    return (struct account_making *)(void *)((char *)job - offsetof(struct account_making, job));
}

static void written(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                    void *arg)
{
    struct account_making *making = arg;
    (void)current;
    making->done(ctx,
                 outcome == STORE_OK         ? ACCOUNT_MADE
                 : outcome == STORE_CONFLICT ? ACCOUNT_TAKEN
                                             : ACCOUNT_UNAVAILABLE,
                 making);
}

hearth_status account_write(hearth_ctx *ctx, const struct account *account, hearth_str lower,
                            uint64_t base_version, store_fn done, void *arg)
{
    const hearth_arena_api *arenas = shared_of(ctx)->arena;
    hearth_arena *arena = arenas->create(ctx, DOC_MEMORY);
    hearth_str body = {NULL, 0};

    if (arena)
        body = account_encode(ctx, arena, account);
    hearth_storage_op op = {.struct_size = sizeof(op),
                            .action = HEARTH_PUT,
                            .condition = base_version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
                            .base_version = base_version,
                            .doc = {.struct_size = sizeof(hearth_doc),
                                    .key = account_key(lower),
                                    .body = body,
                                    .version = base_version + 1,
                                    .write_id = text_of(account->user)}};
    hearth_status status = body.ptr ? store_write(ctx, &op, done, arg) : HEARTH_ENOMEM;
    arenas->destroy(arena);
    return status;
}

static void hashed(hearth_ctx *ctx, struct hash_job *job)
{
    struct account_making *making = making_of(job);

    if (job->status != HEARTH_OK) {
        making->done(ctx, ACCOUNT_OVERLOADED, making);
        return;
    }
    memcpy(making->account.hash, job->hash, sizeof(making->account.hash));
    if (!job->good || account_write(ctx, &making->account, text_of(making->lower), 0, written,
                                    making) != HEARTH_OK)
        making->done(ctx, ACCOUNT_UNAVAILABLE, making);
}

hearth_status account_make(hearth_ctx *ctx, struct account_making *making, hearth_str password)
{
    shared_of(ctx)->random->uuid(ctx, making->account.user);
    making->job.kind = HASH_MAKE;
    making->job.done = hashed;
    return hash_submit(ctx, &making->job, password);
}
