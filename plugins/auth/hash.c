/*
 * hash.c - see hash.h.
 */
#include "hash.h"

#include <stdlib.h>
#include <string.h>

struct hasher {
    struct hash_job *first, **last;
    size_t waiting, running;
};

struct hasher *hasher_create(void)
{
    struct hasher *hasher = calloc(1, sizeof(*hasher));
    if (hasher)
        hasher->last = &hasher->first;
    return hasher;
}

void hasher_destroy(struct hasher *hasher)
{
    free(hasher);
}

size_t hasher_waiting(const struct hasher *hasher)
{
    return hasher->waiting;
}

static void wipe(struct hash_job *job)
{
    if (!job->password)
        return;
    sodium_memzero(job->password, job->password_len);
    free(job->password);
    job->password = NULL;
}

/* On a thread of the pool. */
static void work(void *arg)
{
    struct hash_job *job = arg;
    uint64_t start = job->shared->clock->mono_ns(job->ctx);

    if (job->kind == HASH_MAKE)
        job->good = crypto_pwhash_str_alg(job->hash, job->password, job->password_len, job->passes,
                                          job->memory, crypto_pwhash_ALG_ARGON2ID13) == 0;
    else
        job->good = crypto_pwhash_str_verify(job->hash, job->password, job->password_len) == 0;
    wipe(job);
    job->duration_ns = job->shared->clock->mono_ns(job->ctx) - start;
}

static void returned(hearth_ctx *ctx, void *arg)
{
    struct hash_job *job = arg;
    wipe(job);
    job->done(ctx, job);
    auth_release(ctx);
}

static void send_back(hearth_ctx *ctx, struct hash_job *job, hearth_status status)
{
    job->status = status;
    auth_post(ctx, job->loop, returned, job);
}

static void run_next(hearth_ctx *ctx);

static void hashed(hearth_ctx *ctx, void *arg)
{
    struct hash_job *job = arg;
    struct local *local = local_of(ctx);

    local->hasher->running--;
    shared_of(ctx)->metrics->observe(local->hash_seconds, (double)job->duration_ns / 1e9);
    send_back(ctx, job, HEARTH_OK);
    run_next(ctx);
    auth_release(ctx);
}

static void run_next(hearth_ctx *ctx)
{
    struct hasher *hasher = local_of(ctx)->hasher;

    while (hasher->first && hasher->running < (size_t)config_of(ctx)->hash_concurrency) {
        struct hash_job *job = hasher->first;
        hasher->first = job->next;
        if (!hasher->first)
            hasher->last = &hasher->first;
        hasher->waiting--;
        job->ctx = ctx;
        auth_hold(ctx);
        if (shared_of(ctx)->task->run(ctx, work, hashed, job) == HEARTH_OK) {
            hasher->running++;
        } else {
            send_back(ctx, job, HEARTH_EUNAVAILABLE);
            auth_release(ctx);
        }
    }
}

static void enqueue(hearth_ctx *ctx, void *arg)
{
    struct hash_job *job = arg;
    struct hasher *hasher = local_of(ctx)->hasher;

    if (hasher->waiting >= (size_t)config_of(ctx)->hash_queue) {
        send_back(ctx, job, HEARTH_EUNAVAILABLE);
        return;
    }
    job->next = NULL;
    *hasher->last = job;
    hasher->last = &job->next;
    hasher->waiting++;
    run_next(ctx);
}

hearth_status hash_submit(hearth_ctx *ctx, struct hash_job *job, hearth_str password)
{
    const struct config *config = config_of(ctx);

    job->password = malloc(password.len + 1);
    if (!job->password)
        return HEARTH_ENOMEM;
    if (password.len > 0)
        memcpy(job->password, password.ptr, password.len);
    job->password_len = password.len;
    job->passes = (unsigned long long)config->argon2_passes;
    job->memory = (size_t)config->argon2_memory;
    job->loop = ctx->loop;
    job->shared = shared_of(ctx);
    job->good = 0;
    hearth_status status = shared_of(ctx)->loop->post(ctx, 0, enqueue, job);
    if (status != HEARTH_OK) {
        wipe(job);
        return HEARTH_ENOMEM;
    }
    auth_hold(ctx);
    return HEARTH_OK;
}

int hash_make_dummy(const struct config *config, char out[crypto_pwhash_STRBYTES])
{
    unsigned char password[32];

    /* Nobody knows it, so that nothing ever verifies against it. */
    randombytes_buf(password, sizeof(password));
    int made =
        crypto_pwhash_str_alg(out, (const char *)password, sizeof(password),
                              (unsigned long long)config->argon2_passes,
                              (size_t)config->argon2_memory, crypto_pwhash_ALG_ARGON2ID13) == 0;
    sodium_memzero(password, sizeof(password));
    return made;
}

int hash_is_old(const struct config *config, const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, (unsigned long long)config->argon2_passes,
                                          (size_t)config->argon2_memory) != 0;
}
