/*
 * identity.h - hearth.identity/1: tokens for other plugins, and news of sessions.
 * The first argument is the provider's ctx: host->provider(ctx, HEARTH_IDENTITY_ID).
 */
#ifndef HEARTH_SERVICE_IDENTITY_H
#define HEARTH_SERVICE_IDENTITY_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_IDENTITY_ID "hearth.identity/1"

typedef struct hearth_token_spec {
    uint32_t struct_size;
    uint32_t reserved;
    hearth_str subject;  /* becomes `sub` */
    hearth_str scope;    /* scopes separated by spaces */
    int64_t ttl_seconds; /* 1 .. 10 years */
} hearth_token_spec;

typedef struct hearth_identity_service {
    uint32_t struct_size;
    uint32_t reserved;

    /* Signs a token that belongs to no session: it ends by its expiry alone. The token is a secret,
     * borrowed until done returns. done may run at once (then HEARTH_OK), status: OK, EUNAVAILABLE
     * (no signing key could be read), EINVAL. [loop] */
    hearth_status (*issue)(hearth_ctx *ctx, const hearth_token_spec *spec,
                           void (*done)(hearth_status status, hearth_str token, int64_t expires,
                                        void *arg),
                           void *arg) HEARTH_MUST_CHECK;

    /* Verifies a token's signature, times, issuer and audience, as the host's IDENTIFY phase does.
     * EAUTH: not good. Strings of `out` live until the arena is freed. [loop] */
    hearth_status (*verify)(hearth_ctx *ctx, hearth_str token, hearth_arena *arena,
                            hearth_identity *out) HEARTH_MUST_CHECK;

    /* Runs fn on the user's home loop when the user's last session has ended; once per plugin and
     * loop, in start. [loop] */
    hearth_status (*on_last_logout)(hearth_ctx *ctx, void (*fn)(hearth_str user, void *arg),
                                    void *arg) HEARTH_MUST_CHECK;
} hearth_identity_service;

static inline const hearth_identity_service *hearth_identity_get(hearth_ctx *ctx)
{
    return (const hearth_identity_service *)ctx->host->get(ctx, HEARTH_IDENTITY_ID,
                                                           sizeof(hearth_identity_service));
}

#ifdef __cplusplus
}
#endif
#endif
