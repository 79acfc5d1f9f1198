/*
 * provider.c - see provider.h.
 */
#include "provider.h"

#include <stdlib.h>

#include "jwks.h"
#include "spread.h"

#define MEMORY        1048576
#define MAX_RESPONSE  262144
#define TIMEOUT_MS    10000
#define FIRST_WAIT_MS 1000
#define ASK_MS        100

struct provider {
    hearth_ctx *ctx;
    hearth_timer *timer;
    hearth_client_call *call;
    int busy, stopped;
    unsigned failures;
    uint64_t fetched_ms; /* when the last fetch began, on the loop's clock */
};

static void fetch(struct provider *provider);

static void on_timer(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    struct provider *provider = arg;
    provider->timer = NULL;
    fetch(provider);
}

static void schedule(struct provider *provider)
{
    struct shared *shared = shared_of(provider->ctx);
    uint64_t wait = (uint64_t)config_of(provider->ctx)->jwks_refresh;

    if (provider->stopped)
        return;
    if (provider->failures > 0) {
        unsigned doublings = provider->failures < 12 ? provider->failures - 1 : 11;
        uint64_t backoff = (uint64_t)FIRST_WAIT_MS << doublings;
        backoff = backoff < wait ? backoff : wait;
        wait = backoff / 2 + shared->random->below(provider->ctx, (uint32_t)(backoff / 2 + 1));
    }
    shared->timer->stop(provider->timer);
    provider->timer = shared->timer->start(provider->ctx, wait, 0, on_timer, provider);
}

static void end_fetch(struct provider *provider, const char *fault)
{
    hearth_ctx *ctx = provider->ctx;
    struct local *local = local_of(ctx);

    shared_of(ctx)->metrics->add(fault ? local->jwks_failed : local->jwks_ok, 1);
    provider->failures = fault ? provider->failures + 1 : 0;
    if (fault && !provider->stopped) {
        HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_WARNING,
                   "the identity provider's keys could not be fetched: %s", fault);
        ctx->host->health(ctx, "identity-provider", HEARTH_DEGRADED, fault);
    } else if (!fault) {
        ctx->host->health(ctx, "identity-provider", HEARTH_HEALTHY, "");
    }
    provider->busy = 0;
    schedule(provider);
    auth_release(ctx);
}

static void keys_spread(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    end_fetch(arg, NULL);
}

static void adopt(struct provider *provider, const struct keyring *ring)
{
    hearth_ctx *ctx = provider->ctx;

    if (ring->count == 0)
        end_fetch(provider, "the key set holds no key that may sign tokens here");
    else if (keyring_same(ring, local_of(ctx)->provider_keys))
        end_fetch(provider, NULL);
    else if (spread_keys(ctx, RING_PROVIDER, ring, keys_spread, provider) != HEARTH_OK)
        end_fetch(provider, "out of memory");
}

static void answered(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                     void *arg)
{
    struct provider *provider = arg;
    const hearth_arena_api *arenas = shared_of(ctx)->arena;

    provider->call = NULL;
    if (status != HEARTH_OK) {
        end_fetch(provider, response && response->error ? response->error : "no answer");
        return;
    }
    if (response->status != 200) {
        end_fetch(provider, "its answer is not 200");
        return;
    }
    hearth_arena *arena = arenas->create(ctx, MEMORY);
    struct keyring *ring = arena ? jwks_parse(shared_of(ctx)->json, arena, response->body,
                                              config_of(ctx)->jwks_algorithm)
                                 : NULL;
    if (ring)
        adopt(provider, ring);
    else
        end_fetch(provider, "its answer is not a JSON Web Key Set");
    keyring_destroy(ring);
    arenas->destroy(arena);
}

static void fetch(struct provider *provider)
{
    hearth_ctx *ctx = provider->ctx;
    const struct config *config = config_of(ctx);
    static const hearth_header accept = {{"Accept", 6}, {"application/json", 16}};
    hearth_client_request request = {.struct_size = sizeof(request),
                                     .timeout_ms = TIMEOUT_MS,
                                     .max_response = MAX_RESPONSE,
                                     .url = config->jwks_url,
                                     .headers = &accept,
                                     .header_count = 1,
                                     .ca_file = config->jwks_ca_file};

    if (provider->busy || provider->stopped)
        return;
    provider->busy = 1;
    provider->fetched_ms = shared_of(ctx)->clock->loop_ms(ctx);
    auth_hold(ctx);
    provider->call = shared_of(ctx)->client->send(ctx, &request, answered, provider);
    if (!provider->call)
        end_fetch(provider, "too many calls are on their way");
}

/* On loop 0. */
static void asked(hearth_ctx *ctx, void *arg)
{
    struct provider *provider = local_of(ctx)->provider;
    (void)arg;

    if (provider && shared_of(ctx)->clock->loop_ms(ctx) - provider->fetched_ms >=
                        (uint64_t)config_of(ctx)->jwks_retry)
        fetch(provider);
}

void provider_key_unknown(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    uint64_t now_ms = shared_of(ctx)->clock->loop_ms(ctx);

    if (config_of(ctx)->jwks_url.len == 0 ||
        (local->asked_ms > 0 && now_ms - local->asked_ms < ASK_MS))
        return;
    /* Loop 0 decides; this only spares it the mail of a flood. */
    if (shared_of(ctx)->loop->post(ctx, 0, asked, NULL) == HEARTH_OK)
        local->asked_ms = now_ms;
}

struct provider *provider_create(hearth_ctx *ctx)
{
    struct provider *provider = calloc(1, sizeof(*provider));
    if (!provider)
        return NULL;
    provider->ctx = ctx;
    provider->timer = shared_of(ctx)->timer->start(ctx, 0, 0, on_timer, provider);
    if (!provider->timer) {
        free(provider);
        return NULL;
    }
    return provider;
}

void provider_stop(struct provider *provider)
{
    provider->stopped = 1;
    shared_of(provider->ctx)->timer->stop(provider->timer);
    provider->timer = NULL;
    if (provider->call)
        shared_of(provider->ctx)->client->cancel(provider->call);
}

void provider_destroy(struct provider *provider)
{
    if (!provider)
        return;
    provider_stop(provider);
    free(provider);
}
