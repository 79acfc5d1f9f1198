/*
 * signing.c - see signing.h. One round at a time: read the document, decide what is due, write it
 * if anything is, tell the loops, answer who waited. A lost race means that another instance
 * decided first: its document is taken and judged again.
 */
#include "signing.h"

#include <stdlib.h>
#include <string.h>

#include "signing_doc.h"
#include "spread.h"
#include "store.h"
#include "text.h"
#include "token.h"

#define ROUND_MEMORY 262144
#define FIRST_WAIT   100 /* ms before a failed first read is tried again; doubles */

struct signing {
    hearth_ctx *ctx;
    hearth_timer *timer;
    hearth_arena *arena;  /* of the round */
    struct keyring *ring; /* as it was read, or as it is being written */
    uint64_t version;
    int busy, again, loaded, stopped;
    unsigned failures;
    const char *told;                /* why the latest round failed, or NULL */
    struct signing_request *waiting; /* for the next round */
    struct signing_request *serving; /* in this one */
};

static void run(struct signing *signing);

static void on_timer(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    struct signing *signing = arg;
    signing->timer = NULL;
    run(signing);
}

static void schedule(struct signing *signing)
{
    struct shared *shared = shared_of(signing->ctx);
    uint64_t wait = (uint64_t)config_of(signing->ctx)->key_refresh;

    if (signing->stopped)
        return;
    if (!signing->loaded) {
        uint64_t backoff = (uint64_t)FIRST_WAIT << (signing->failures < 6 ? signing->failures : 6);
        wait = backoff < wait ? backoff : wait;
        wait = wait / 2 + shared->random->below(signing->ctx, (uint32_t)(wait / 2 + 1));
    }
    shared->timer->stop(signing->timer);
    signing->timer = shared->timer->start(signing->ctx, wait, 0, on_timer, signing);
}

/* ---- who waits for a longer key ---- */

static void try_sign(hearth_ctx *ctx, struct signing_request *request);

static void resume(hearth_ctx *ctx, void *arg)
{
    struct signing_request *request = arg;
    if (request->outcome == HEARTH_OK)
        try_sign(ctx, request);
    else
        request->done(ctx, request->outcome, (hearth_str){NULL, 0}, 0, request);
    auth_release(ctx);
}

static void answer(struct signing *signing, hearth_status outcome)
{
    struct signing_request *request = signing->serving, *next;

    signing->serving = NULL;
    for (; request; request = next) {
        next = request->next;
        request->outcome = outcome;
        auth_post(signing->ctx, request->loop, resume, request);
    }
}

static void enqueue(hearth_ctx *ctx, void *arg)
{
    struct signing *signing = local_of(ctx)->signing;
    struct signing_request *request = arg;

    request->next = signing->waiting;
    signing->waiting = request;
    run(signing);
}

static void try_sign(hearth_ctx *ctx, struct signing_request *request)
{
    const struct config *config = config_of(ctx);
    int64_t now_ms = shared_of(ctx)->clock->wall_ms(ctx);
    const struct key *key = keyring_signer(local_of(ctx)->signing_keys, now_ms);

    if (!key || key->until_ms < request->expires * 1000) {
        if (request->asked) {
            request->done(ctx, HEARTH_EUNAVAILABLE, (hearth_str){NULL, 0}, 0, request);
            return;
        }
        request->asked = 1;
        auth_hold(ctx);
        auth_post(ctx, 0, enqueue, request);
        return;
    }
    struct token_claims claims = {config->issuer.ptr, config->audience.ptr, request->subject,
                                  request->session,   request->scope,       now_ms / 1000,
                                  request->expires};
    char *token = token_sign(key, &claims);
    hearth_str text = token ? text_of(token) : (hearth_str){NULL, 0};
    request->done(ctx, token ? HEARTH_OK : HEARTH_ENOMEM, text, request->expires, request);
    token_free(token);
}

void signing_sign(hearth_ctx *ctx, struct signing_request *request)
{
    request->loop = ctx->loop;
    request->asked = 0;
    request->expires = shared_of(ctx)->clock->wall_ms(ctx) / 1000 + request->ttl_s;
    try_sign(ctx, request);
}

/* ---- a round ---- */

static const char no_memory[] = "out of memory";

/* `why`: NULL when all is well. A reason is logged once, until all is well or another one comes. */
static void end_round(struct signing *signing, const char *why)
{
    hearth_ctx *ctx = signing->ctx;

    if (!why) {
        signing->failures = 0;
        signing->loaded = 1;
        auth_note_loaded(ctx);
    } else {
        signing->failures++;
        if (why != signing->told)
            shared_of(ctx)->log->write(ctx, NULL, HEARTH_LOG_WARNING,
                                       "signing keys: %s; trying again", why);
    }
    signing->told = why;
    answer(signing, why ? HEARTH_EUNAVAILABLE : HEARTH_OK);
    keyring_destroy(signing->ring);
    signing->ring = NULL;
    shared_of(ctx)->arena->destroy(signing->arena);
    signing->arena = NULL;
    signing->busy = 0;
    schedule(signing);
    if (signing->again || signing->waiting)
        run(signing);
    auth_release(ctx);
}

static void keys_spread(hearth_ctx *ctx, void *arg)
{
    shared_of(ctx)->metrics->add(local_of(ctx)->key_changes, 1);
    end_round(arg, NULL);
}

static void adopt(struct signing *signing)
{
    hearth_ctx *ctx = signing->ctx;

    if (keyring_same(signing->ring, local_of(ctx)->signing_keys))
        end_round(signing, NULL);
    else if (spread_keys(ctx, RING_SIGNING, signing->ring, keys_spread, signing) != HEARTH_OK)
        end_round(signing, no_memory);
}

static void judge(struct signing *signing, const hearth_doc *doc);

static void written(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                    void *arg)
{
    struct signing *signing = arg;
    (void)ctx;

    if (outcome == STORE_OK)
        adopt(signing);
    else if (outcome == STORE_CONFLICT)
        judge(signing, current);
    else
        end_round(signing, outcome == STORE_FAILED ? "storage refuses to write them"
                                                   : "storage does not answer the write of them");
}

static hearth_status write_ring(struct signing *signing)
{
    struct shared *shared = shared_of(signing->ctx);
    char write_id[HEARTH_UUID_SIZE];

    shared->random->uuid(signing->ctx, write_id);
    hearth_str body = signing_doc_encode(signing->ctx, signing->arena, signing->ring);
    if (!body.ptr)
        return HEARTH_ENOMEM;
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_PUT,
        .condition = signing->version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
        .base_version = signing->version,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = {HEARTH_STR("auth.keys"), HEARTH_STR("signing"), HEARTH_STR("")},
                .body = body,
                .version = signing->version + 1,
                .write_id = text_of(write_id)}};
    return store_write(signing->ctx, &op, written, signing);
}

/* Decides about the document that is there; NULL: none is. */
static void judge(struct signing *signing, const hearth_doc *doc)
{
    hearth_ctx *ctx = signing->ctx;
    const struct config *config = config_of(ctx);
    struct key_times times = {config->key_rotation, 3 * config->key_refresh,
                              config->access_ttl + config->leeway};
    int64_t until_ms = 0;

    for (const struct signing_request *r = signing->serving; r; r = r->next)
        if (r->expires * 1000 > until_ms)
            until_ms = r->expires * 1000;
    keyring_destroy(signing->ring);
    signing->ring = doc ? signing_doc_decode(ctx, signing->arena, doc->body) : keyring_create();
    signing->version = doc ? doc->version : 0;
    if (!signing->ring) {
        end_round(signing, "expected a list of keys in storage, in auth.keys/signing, found "
                           "something else");
        return;
    }
    struct keyring *next =
        signing_doc_next(ctx, signing->ring, &times, shared_of(ctx)->clock->wall_ms(ctx), until_ms);
    if (!next) {
        end_round(signing, no_memory);
        return;
    }
    int same = keyring_same(next, signing->ring);
    keyring_destroy(signing->ring);
    signing->ring = next;
    if (same)
        adopt(signing);
    else if (write_ring(signing) != HEARTH_OK)
        end_round(signing, no_memory);
}

static void was_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct signing *signing = arg;

    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND)
        judge(signing, status == HEARTH_OK ? doc : NULL);
    else
        end_round(signing, status == HEARTH_ETIMEOUT       ? "storage does not answer in time"
                           : status == HEARTH_EUNAVAILABLE ? "storage cannot be reached"
                                                           : "storage fails to read them");
}

static void run(struct signing *signing)
{
    hearth_ctx *ctx = signing->ctx;
    static const char collection[] = "auth.keys", partition[] = "signing";

    signing->again = 1;
    if (signing->busy)
        return;
    signing->again = 0;
    signing->busy = 1;
    auth_hold(ctx);
    signing->serving = signing->waiting;
    signing->waiting = NULL;
    signing->arena = shared_of(ctx)->arena->create(ctx, ROUND_MEMORY);
    if (!signing->arena) {
        end_round(signing, no_memory);
        return;
    }
    hearth_key key = {text_of(collection), text_of(partition), HEARTH_STR("")};
    shared_of(ctx)->storage->get(local_of(ctx)->storage, &key, was_read, signing);
}

struct signing *signing_create(hearth_ctx *ctx)
{
    struct signing *signing = calloc(1, sizeof(*signing));
    if (!signing)
        return NULL;
    signing->ctx = ctx;
    signing->timer = shared_of(ctx)->timer->start(ctx, 0, 0, on_timer, signing);
    if (!signing->timer) {
        free(signing);
        return NULL;
    }
    return signing;
}

void signing_stop(struct signing *signing)
{
    signing->stopped = 1;
    shared_of(signing->ctx)->timer->stop(signing->timer);
    signing->timer = NULL;
}

void signing_destroy(struct signing *signing)
{
    if (!signing)
        return;
    signing_stop(signing);
    keyring_destroy(signing->ring);
    free(signing);
}

int signing_loaded(const struct signing *signing)
{
    return signing->loaded;
}
