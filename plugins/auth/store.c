/*
 * store.c - see store.h.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define ATTEMPTS      5
#define FIRST_WAIT_MS 40

struct call {
    hearth_ctx *ctx;
    hearth_storage_op op;
    store_fn done;
    void *arg;
    unsigned attempts;
    size_t size;
    char bytes[];
};

static hearth_str place(char **end, hearth_str text)
{
    hearth_str placed = {*end, text.len};
    if (text.len > 0)
        memcpy(*end, text.ptr, text.len);
    *end += text.len;
    return placed;
}

static void finish(struct call *call, enum store_outcome outcome, const hearth_doc *current)
{
    hearth_ctx *ctx = call->ctx;

    call->done(ctx, outcome, current, call->arg);
    sodium_memzero(call->bytes, call->size); /* bodies hold keys and password hashes */
    free(call);
    auth_release(ctx);
}

static void attempt(hearth_ctx *ctx, void *arg);

static void retry(struct call *call)
{
    struct shared *shared = shared_of(call->ctx);
    uint32_t ceiling = (uint32_t)FIRST_WAIT_MS << call->attempts;
    uint64_t wait = ceiling / 2 + shared->random->below(call->ctx, ceiling / 2 + 1);

    if (call->attempts >= ATTEMPTS || !shared->timer->start(call->ctx, wait, 0, attempt, call))
        finish(call, STORE_UNAVAILABLE, NULL);
}

static int is_ours(const struct call *call, const hearth_doc *current)
{
    return current && call->op.doc.write_id.len > 0 &&
           text_equal(current->write_id, call->op.doc.write_id);
}

static void written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct call *call = arg;
    const hearth_storage_result *result = count == 1 ? results[0] : NULL;

    if (!result || result->outcome == HEARTH_STORAGE_FAILED) {
        shared_of(call->ctx)->log->write(call->ctx, NULL, HEARTH_LOG_ERROR,
                                         "storage refused a write to %" HEARTH_PRIS ": %s",
                                         HEARTH_ARG(call->op.doc.key.collection),
                                         result && result->error ? result->error : "no result");
        finish(call, STORE_FAILED, NULL);
    } else if (result->outcome == HEARTH_STORAGE_RETRY) {
        retry(call);
    } else if (result->outcome == HEARTH_STORAGE_OK || is_ours(call, result->current)) {
        finish(call, STORE_OK, NULL);
    } else {
        finish(call, STORE_CONFLICT, result->current);
    }
}

static void attempt(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    const hearth_storage_op *op = &call->op;

    call->attempts++;
    shared_of(ctx)->storage->write(local_of(ctx)->storage, &op, 1, written, call);
}

hearth_status store_write(hearth_ctx *ctx, const hearth_storage_op *op, store_fn done, void *arg)
{
    const hearth_doc *doc = &op->doc;
    size_t size = doc->key.collection.len + doc->key.partition.len + doc->key.sort.len +
                  doc->body.len + doc->write_id.len;
    struct call *call = malloc(sizeof(*call) + size);

    if (!call)
        return HEARTH_ENOMEM;
    *call = (struct call){.ctx = ctx, .op = *op, .done = done, .arg = arg, .size = size};
    char *end = call->bytes;
    hearth_doc *copy = &call->op.doc;
    copy->key.collection = place(&end, doc->key.collection);
    copy->key.partition = place(&end, doc->key.partition);
    copy->key.sort = place(&end, doc->key.sort);
    copy->body = place(&end, doc->body);
    copy->write_id = place(&end, doc->write_id);
    auth_hold(ctx);
    attempt(ctx, call);
    return HEARTH_OK;
}
