/*
 * plugin.c - auth: accounts, sessions, tokens. The tables, and what each loop starts and stops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "end.h"
#include "ended.h"
#include "hash.h"
#include "identify.h"
#include "keyring.h"
#include "login_limits.h"
#include "provider.h"
#include "revocations.h"
#include "sessions.h"
#include "signing.h"
#include "spread.h"
#include "text.h"
#include "verified.h"

#define MAX_COUNTERS 32768 /* login counters of each kind and loop */

/* ---- what the other files ask for ---- */

void auth_hold(hearth_ctx *ctx)
{
    local_of(ctx)->holds++;
}

void auth_release(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    local->holds--;
    if (local->draining && local->holds == 0) {
        local->draining = 0;
        ctx->host->drained(ctx);
    }
}

void auth_note_loaded(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    if (!local->told && signing_loaded(local->signing) && revocations_loaded(local->revocations))
        local->told = spread_ready(ctx) == HEARTH_OK;
}

struct retry {
    uint32_t index;
    hearth_loop_fn fn;
    void *arg;
};

static void post_again(hearth_ctx *ctx, void *arg)
{
    struct retry *retry = arg;
    auth_post(ctx, retry->index, retry->fn, retry->arg);
    free(retry);
    auth_release(ctx);
}

void auth_post(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn, void *arg)
{
    struct shared *shared = shared_of(ctx);

    if (shared->loop->post(ctx, index, fn, arg) == HEARTH_OK)
        return;
    struct retry *retry = malloc(sizeof(*retry));
    if (retry) {
        *retry = (struct retry){index, fn, arg};
        if (shared->timer->start(ctx, 10, 0, post_again, retry)) {
            auth_hold(ctx);
            return;
        }
    }
    free(retry);
    shared->log->write(ctx, NULL, HEARTH_LOG_ERROR,
                       "out of memory: a call to loop %u is lost, its request ends by its deadline",
                       index);
}

/* ---- metrics ---- */

static const double hash_seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

static const hearth_metric metrics[] = {
    [METRIC_LOGINS] = {"hearth_auth_logins_total", HEARTH_COUNTER, 8, NULL, "Logins by result",
                       NULL, 0, "result"},
    [METRIC_REFRESHES] = {"hearth_auth_refreshes_total", HEARTH_COUNTER, 8, NULL,
                          "Refreshes of a session by result", NULL, 0, "result"},
    [METRIC_TOKENS] = {"hearth_auth_tokens_total", HEARTH_COUNTER, 4, NULL,
                       "Tokens judged: verified, found in the cache, refused", NULL, 0, "result"},
    [METRIC_HASH_WAITING] = {"hearth_auth_hash_waiting", HEARTH_GAUGE, 1, NULL,
                             "Password hashes that wait for a thread", NULL, 0, NULL},
    [METRIC_HASH_SECONDS] = {"hearth_auth_hash_duration_seconds", HEARTH_HISTOGRAM, 1, "seconds",
                             "Duration of a password hash", hash_seconds,
                             sizeof(hash_seconds) / sizeof(hash_seconds[0]), NULL},
    [METRIC_SESSIONS_ENDED] = {"hearth_auth_sessions_ended_total", HEARTH_COUNTER, 1, NULL,
                               "Sessions ended before their time", NULL, 0, NULL},
    [METRIC_KEY_CHANGES] = {"hearth_auth_key_changes_total", HEARTH_COUNTER, 1, NULL,
                            "Changes of the signing keys that were learned", NULL, 0, NULL},
    [METRIC_JWKS] = {"hearth_auth_jwks_fetches_total", HEARTH_COUNTER, 2, NULL,
                     "Fetches of the provider's keys by result", NULL, 0, "result"},
    {0},
};

static hearth_series *labelled(hearth_ctx *ctx, enum metric metric, const char *value)
{
    hearth_str text = text_of(value);
    return shared_of(ctx)->metrics->series(ctx, (uint32_t)metric, &text, 1);
}

static void find_series(hearth_ctx *ctx)
{
    static const char *const results[] = {"ok",     "refused",    "limited",
                                          "reused", "overloaded", "unavailable"};
    static const char *const tokens[] = {"verified", "cached", "refused"};
    struct local *local = local_of(ctx);
    const hearth_metrics *api = shared_of(ctx)->metrics;

    for (int i = 0; i < RESULT_COUNT; i++) {
        local->logins[i] = labelled(ctx, METRIC_LOGINS, results[i]);
        local->refreshes[i] = labelled(ctx, METRIC_REFRESHES, results[i]);
    }
    for (int i = 0; i < TOKEN_RESULT_COUNT; i++)
        local->tokens[i] = labelled(ctx, METRIC_TOKENS, tokens[i]);
    local->jwks_ok = labelled(ctx, METRIC_JWKS, "ok");
    local->jwks_failed = labelled(ctx, METRIC_JWKS, "failed");
    local->hash_waiting = api->series(ctx, METRIC_HASH_WAITING, NULL, 0);
    local->hash_seconds = api->series(ctx, METRIC_HASH_SECONDS, NULL, 0);
    local->sessions_ended = api->series(ctx, METRIC_SESSIONS_ENDED, NULL, 0);
    local->key_changes = api->series(ctx, METRIC_KEY_CHANGES, NULL, 0);
}

static void before_collect(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    if (local->hasher)
        shared_of(ctx)->metrics->set(local->hash_waiting, (double)hasher_waiting(local->hasher));
}

/* ---- life ---- */

static void close_plugin(hearth_ctx *ctx)
{
    free(ctx->shared);
    ctx->shared = NULL;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return HEARTH_ENOMEM;
    ctx->shared = shared;
    shared->http = hearth_http_get(ctx);
    shared->arena = hearth_arena_get(ctx);
    shared->json = hearth_json_get(ctx);
    shared->log = hearth_log_get(ctx);
    shared->loop = hearth_loop_get(ctx);
    shared->mail = hearth_mail_get(ctx);
    shared->timer = hearth_timer_get(ctx);
    shared->task = hearth_task_get(ctx);
    shared->clock = hearth_clock_get(ctx);
    shared->random = hearth_random_get(ctx);
    shared->metrics = hearth_metrics_get(ctx);
    shared->client = hearth_client_get(ctx);
    shared->command = hearth_command_get(ctx);
    shared->storage = hearth_storage_get(ctx);
    shared->body = (body_api){shared->http, shared->json};
    if (sodium_init() < 0 || !hash_make_dummy(ctx->conf, shared->dummy_hash)) {
        shared->log->write(ctx, NULL, HEARTH_LOG_ERROR,
                           "no password can be hashed: argon2_memory is more than there is");
        close_plugin(ctx);
        return HEARTH_ENOMEM;
    }
    return HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    if (!local)
        return;
    provider_destroy(local->provider);
    revocations_destroy(local->revocations);
    signing_destroy(local->signing);
    hasher_destroy(local->hasher);
    listeners_destroy(local->listeners);
    limits_destroy(local->limits);
    ended_destroy(local->ended);
    verified_destroy(local->verified);
    keyring_destroy(local->provider_keys);
    keyring_destroy(local->signing_keys);
    free(local);
    ctx->state = NULL;
}

static struct limits_rule limits_rule_of(const struct config *config)
{
    return (struct limits_rule){.per_account = (size_t)config->login_limit,
                                .per_address = (size_t)config->login_address_limit,
                                .window_ms = (uint64_t)config->login_window,
                                .max_counters = MAX_COUNTERS,
                                .max_waiting = (size_t)config->hash_queue};
}

static int start_loop(hearth_ctx *ctx, struct local *local)
{
    const struct config *config = config_of(ctx);
    struct limits_rule rule = limits_rule_of(config);
    unsigned char hash_key[16];

    shared_of(ctx)->random->bytes(ctx, hash_key, sizeof(hash_key));
    local->storage = ctx->host->provider(ctx, HEARTH_STORAGE_ID);
    local->signing_keys = keyring_create();
    local->provider_keys = keyring_create();
    local->verified = verified_create((size_t)config->token_cache, hash_key);
    local->ended = ended_create(hash_key);
    local->limits = limits_create(&rule, hash_key);
    local->listeners = listeners_create();
    return local->signing_keys && local->provider_keys && local->verified && local->ended &&
           local->limits && local->listeners;
}

/* What one loop does for the process. */
static int start_first_loop(hearth_ctx *ctx, struct local *local)
{
    ctx->host->health(ctx, "tokens", HEARTH_NOT_READY,
                      "the signing keys and ended sessions were not read from storage yet");
    local->hasher = hasher_create();
    local->signing = signing_create(ctx);
    local->revocations = revocations_create(ctx);
    if (config_of(ctx)->jwks_url.len > 0 && !(local->provider = provider_create(ctx)))
        return 0;
    return local->hasher && local->signing && local->revocations;
}

static hearth_status start(hearth_ctx *ctx)
{
    struct local *local = calloc(1, sizeof(*local));

    if (!local)
        return HEARTH_ENOMEM;
    ctx->state = local;
    find_series(ctx);
    shared_of(ctx)->metrics->on_collect(ctx, before_collect);
    if (!start_loop(ctx, local) || (ctx->loop == 0 && !start_first_loop(ctx, local))) {
        stop(ctx);
        return HEARTH_ENOMEM;
    }
    return HEARTH_OK;
}

static void reconfigured(hearth_ctx *ctx)
{
    struct limits_rule rule = limits_rule_of(config_of(ctx));
    limits_set_rule(local_of(ctx)->limits, &rule);
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);

    if (local->signing)
        signing_stop(local->signing);
    if (local->revocations)
        revocations_stop(local->revocations);
    if (local->provider)
        provider_stop(local->provider);
    if (local->holds == 0)
        return HEARTH_OK;
    local->draining = 1;
    return HEARTH_DEFERRED;
}

/* ---- tables ---- */

#define USE(id_, type_)                                                                            \
    {                                                                                              \
        id_, sizeof(type_), HEARTH_REQUIRED, 0                                                     \
    }

static const hearth_use uses[] = {
    USE(HEARTH_HTTP_ID, hearth_http),
    USE(HEARTH_ARENA_ID, hearth_arena_api),
    USE(HEARTH_JSON_ID, hearth_json),
    USE(HEARTH_LOG_ID, hearth_log),
    USE(HEARTH_LOOP_ID, hearth_loop_api),
    USE(HEARTH_MAIL_ID, hearth_mail),
    USE(HEARTH_TIMER_ID, hearth_timer_api),
    USE(HEARTH_TASK_ID, hearth_task),
    USE(HEARTH_CLOCK_ID, hearth_clock),
    USE(HEARTH_RANDOM_ID, hearth_random),
    USE(HEARTH_METRICS_ID, hearth_metrics),
    USE(HEARTH_CLIENT_ID, hearth_client),
    USE(HEARTH_STORAGE_ID, hearth_storage),
    USE(HEARTH_COMMAND_ID, hearth_command_api),
    {0},
};

static const hearth_provide provides[] = {{HEARTH_IDENTITY_ID, &identity_service}, {0}};

static const hearth_route routes[] = {
    {"POST", "/accounts", account_handle_post, HEARTH_BEARER_OPTIONAL, HEARTH_AFFINITY_ANY, NULL, 0,
     0, "Makes an account"},
    {"POST", "/session/login", login_handle, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
     "Starts a session: an access token and a refresh token"},
    {"POST", "/session/refresh", refresh_handle, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
     "Exchanges a refresh token for new tokens"},
    {"POST", "/session/logout", logout_handle, HEARTH_BEARER, HEARTH_AFFINITY_USER, NULL, 0, 0,
     "Ends the session of the token"},
    {0},
};

static const hearth_hook hooks[] = {
    {HEARTH_PHASE_IDENTIFY, 0, identify_token}, {HEARTH_PHASE_LIMIT, 0, identify_session}, {0}};

static const hearth_command commands[] = {
    {"account add", "NAME [--scope admin]", "Makes an account; its password from standard input",
     account_command_add},
    {"token issue", "--scope gamesim --subject NAME [--ttl 365d]",
     "Signs a token and prints it on the last line", identity_command_issue},
    {0},
};

HEARTH_PLUGIN("auth", "1.0.0", .summary = "Accounts, sessions and tokens.", .uses = uses,
              .provides = provides, .config = config_fields, .config_size = sizeof(struct config),
              .routes = routes, .hooks = hooks, .metrics = metrics, .commands = commands,
              .check = config_check, .open = open_plugin, .start = start, .drain = drain,
              .stop = stop, .close = close_plugin, .reconfigured = reconfigured);
