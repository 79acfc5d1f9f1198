/*
 * spread.c - see spread.h.
 */
#include "spread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ended.h"
#include "text.h"
#include "verified.h"

struct key_news {
    enum ring which;
    hearth_loop_fn done;
    void *arg;
    uint32_t loops;
    struct keyring *copies[]; /* one for each loop, taken there */
};

static void learn_keys(hearth_ctx *ctx, void *arg)
{
    struct key_news *news = arg;
    struct local *local = local_of(ctx);
    struct keyring **ring =
        news->which == RING_SIGNING ? &local->signing_keys : &local->provider_keys;

    keyring_destroy(*ring);
    *ring = news->copies[ctx->loop];
    news->copies[ctx->loop] = NULL;
    verified_clear(local->verified); /* a key that went takes its tokens along */
}

static void free_key_news(struct key_news *news)
{
    for (uint32_t i = 0; i < news->loops; i++)
        keyring_destroy(news->copies[i]);
    free(news);
}

static void keys_learned(hearth_ctx *ctx, void *arg)
{
    struct key_news *news = arg;

    if (news->done)
        news->done(ctx, news->arg);
    free_key_news(news);
    auth_release(ctx);
}

hearth_status spread_keys(hearth_ctx *ctx, enum ring which, const struct keyring *ring,
                          hearth_loop_fn done, void *arg)
{
    struct key_news *news = calloc(1, sizeof(*news) + ctx->loops * sizeof(struct keyring *));
    if (!news)
        return HEARTH_ENOMEM;
    *news = (struct key_news){.which = which, .done = done, .arg = arg, .loops = ctx->loops};
    for (uint32_t i = 0; i < ctx->loops; i++)
        if (!(news->copies[i] = keyring_dup(ring)))
            goto fail;
    if (shared_of(ctx)->loop->each(ctx, learn_keys, keys_learned, news) != HEARTH_OK)
        goto fail;
    auth_hold(ctx);
    return HEARTH_OK;

fail:
    free_key_news(news);
    return HEARTH_ENOMEM;
}

struct ended_news {
    void (*done)(hearth_ctx *ctx, hearth_status status, void *arg);
    void *arg;
    int64_t now_ms;
    atomic_int failed;
    size_t count;
    struct ended_session sessions[];
};

static void learn_ended(hearth_ctx *ctx, void *arg)
{
    struct ended_news *news = arg;

    for (size_t i = 0; i < news->count; i++)
        if (ended_add(local_of(ctx)->ended, text_of(news->sessions[i].session),
                      news->sessions[i].until_ms, news->now_ms) != HEARTH_OK)
            atomic_store(&news->failed, 1);
}

static void ended_learned(hearth_ctx *ctx, void *arg)
{
    struct ended_news *news = arg;
    struct local *local = local_of(ctx);

    shared_of(ctx)->metrics->add(local->sessions_ended, (double)news->count);
    news->done(ctx, atomic_load(&news->failed) ? HEARTH_ENOMEM : HEARTH_OK, news->arg);
    free(news);
    auth_release(ctx);
}

hearth_status spread_ended(hearth_ctx *ctx, const struct ended_session *sessions, size_t count,
                           void (*done)(hearth_ctx *ctx, hearth_status status, void *arg),
                           void *arg)
{
    struct ended_news *news = malloc(sizeof(*news) + count * sizeof(*sessions));
    if (!news)
        return HEARTH_ENOMEM;
    news->done = done;
    news->arg = arg;
    news->now_ms = shared_of(ctx)->clock->wall_ms(ctx);
    atomic_init(&news->failed, 0);
    news->count = count;
    memcpy(news->sessions, sessions, count * sizeof(*sessions));
    if (shared_of(ctx)->loop->each(ctx, learn_ended, ended_learned, news) != HEARTH_OK) {
        free(news);
        return HEARTH_ENOMEM;
    }
    auth_hold(ctx);
    return HEARTH_OK;
}

static void learn_ready(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    local_of(ctx)->ready = 1;
}

static void ready_learned(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    ctx->host->health(ctx, "tokens", HEARTH_HEALTHY, "");
    auth_release(ctx);
}

hearth_status spread_ready(hearth_ctx *ctx)
{
    hearth_status status = shared_of(ctx)->loop->each(ctx, learn_ready, ready_learned, NULL);
    if (status == HEARTH_OK)
        auth_hold(ctx);
    return status;
}
