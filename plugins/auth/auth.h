/*
 * auth.h - what the files of this plugin share: its configuration, the interfaces it uses, and its
 * state on one loop. Nothing here is locked: `shared` is immutable after open, `local` is one
 * loop's.
 */
#ifndef AUTH_H
#define AUTH_H

#include <hearth/client.h>
#include <hearth/command.h>
#include <hearth/json.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/identity.h>
#include <hearth/service/storage.h>
#include <hearth/task.h>
#include <hearth/timer.h>

#include <sodium.h>

#include "body.h"

#define USER_MAX     64  /* bytes of a user id: the `sub` of a token */
#define SCOPE_MAX    128 /* bytes of a token's scope */
#define USERNAME_MIN 3
#define USERNAME_MAX 64
#define PASSWORD_MIN 8
#define PASSWORD_MAX 256

struct config {
    uint32_t registration; /* 0 closed, 1 open */
    hearth_str issuer, audience;
    int64_t access_ttl, refresh_ttl, refresh_grace, leeway;
    int64_t key_rotation, key_refresh, revocation_interval;
    int64_t argon2_memory, argon2_passes, hash_concurrency, hash_queue;
    int64_t login_limit, login_address_limit, login_window;
    int64_t token_cache;
    hearth_str jwks_url, jwks_issuer, jwks_audience, jwks_ca_file;
    uint32_t jwks_algorithm;
    hearth_conf_list jwks_scopes;
    int64_t jwks_refresh, jwks_retry;
};

extern const hearth_conf_field config_fields[];
hearth_status config_check(const void *conf, char *err, size_t err_size);

enum { REGISTRATION_CLOSED = 0, REGISTRATION_OPEN = 1 };
enum { JWKS_ANY = 0, JWKS_RS256 = 1, JWKS_ES256 = 2 };

enum metric {
    METRIC_LOGINS,
    METRIC_REFRESHES,
    METRIC_TOKENS,
    METRIC_HASH_WAITING,
    METRIC_HASH_SECONDS,
    METRIC_SESSIONS_ENDED,
    METRIC_KEY_CHANGES,
    METRIC_JWKS
};

/* The label values of METRIC_LOGINS and METRIC_REFRESHES. */
enum result {
    RESULT_OK,
    RESULT_REFUSED,
    RESULT_LIMITED,
    RESULT_REUSED,
    RESULT_OVERLOADED,
    RESULT_UNAVAILABLE,
    RESULT_COUNT
};

enum token_result { TOKEN_VERIFIED, TOKEN_CACHED, TOKEN_REFUSED, TOKEN_RESULT_COUNT };

struct shared {
    const hearth_http *http;
    const hearth_arena_api *arena;
    const hearth_json *json;
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_mail *mail;
    const hearth_timer_api *timer;
    const hearth_task *task;
    const hearth_clock *clock;
    const hearth_random *random;
    const hearth_metrics *metrics;
    const hearth_client *client;
    const hearth_command_api *command;
    const hearth_storage *storage;
    body_api body;
    char dummy_hash[crypto_pwhash_STRBYTES]; /* verified for accounts that do not exist */
};

struct keyring;
struct verified;
struct ended;
struct limits;
struct hasher;
struct signing;
struct revocations;
struct provider;
struct listeners;

struct local {
    hearth_ctx *storage;           /* the provider's ctx on this loop */
    struct keyring *signing_keys;  /* ours; never NULL, empty until they were read */
    struct keyring *provider_keys; /* the external provider's */
    struct verified *verified;     /* tokens seen */
    struct ended *ended;           /* sessions that are over */
    struct limits *limits;         /* login counters of the addresses whose home is here */
    struct listeners *listeners;   /* on_last_logout */
    struct hasher *hasher;         /* loop 0 only, as the next three */
    struct signing *signing;
    struct revocations *revocations;
    struct provider *provider;
    int ready;         /* keys and revocations were read */
    int told;          /* loop 0: and all loops were told */
    int draining;      /* drained() is due when holds is 0 */
    size_t holds;      /* calls whose answers are still to come */
    uint64_t asked_ms; /* when this loop last asked for the provider's keys */
    hearth_series *logins[RESULT_COUNT];
    hearth_series *refreshes[RESULT_COUNT];
    hearth_series *tokens[TOKEN_RESULT_COUNT];
    hearth_series *hash_waiting, *hash_seconds, *sessions_ended, *key_changes;
    hearth_series *jwks_ok, *jwks_failed;
};

static inline struct shared *shared_of(hearth_ctx *ctx)
{
    return (struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

static inline const struct config *config_of(hearth_ctx *ctx)
{
    return (const struct config *)ctx->conf;
}

/* An asynchronous call begins; the drain of this loop waits for its release. [loop] */
void auth_hold(hearth_ctx *ctx);
/* It is over. [loop] */
void auth_release(hearth_ctx *ctx);

/* Loop 0 has read its keys, or its revocations: when both are there, tokens can be judged. [loop]
 */
void auth_note_loaded(hearth_ctx *ctx);

/* Runs fn on loop `index`, sooner or later, also when memory is short for a while. [loop] */
void auth_post(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn, void *arg);

#endif
