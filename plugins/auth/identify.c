/*
 * identify.c - see identify.h. Nothing here waits for storage: keys and ended sessions are in this
 * loop's memory, and a token that was seen before costs a hash and a comparison.
 */
#include "identify.h"

#include <strings.h>

#include "ended.h"
#include "provider.h"
#include "text.h"
#include "token.h"
#include "verified.h"

/* The token of "Bearer TOKEN" (RFC 6750, 2.1; RFC 9110, 11.4). {NULL, 0}: another scheme. */
static hearth_str bearer_of(hearth_str field)
{
    static const char scheme[] = "bearer";
    size_t i = sizeof(scheme) - 1;

    if (field.len <= i || strncasecmp(field.ptr, scheme, i) != 0 || field.ptr[i] != ' ')
        return (hearth_str){NULL, 0};
    while (i < field.len && field.ptr[i] == ' ')
        i++;
    return (hearth_str){field.ptr + i, field.len - i};
}

static enum token_fault verify(hearth_ctx *ctx, hearth_str token, hearth_arena *arena,
                               int64_t now_ms, hearth_identity *out)
{
    const struct config *config = config_of(ctx);
    struct local *local = local_of(ctx);
    struct token_rules rules = {
        .arena_api = shared_of(ctx)->arena,
        .json = shared_of(ctx)->json,
        .own = {local->signing_keys, config->issuer, config->audience},
        .provider = {config->jwks_url.len ? local->provider_keys : NULL, config->jwks_issuer,
                     config->jwks_audience},
        .provider_scopes = &config->jwks_scopes,
        .now_ms = now_ms,
        .leeway_ms = config->leeway,
    };
    enum token_fault fault = token_verify(&rules, token, arena, out);

    if (fault == TOKEN_KEY_UNKNOWN)
        provider_key_unknown(ctx);
    return fault;
}

/* Whose token it is; NULL: nobody's. Valid until the next call on this loop, or as the arena. */
static const hearth_identity *judge(hearth_ctx *ctx, hearth_str token, hearth_arena *arena,
                                    hearth_identity *fresh, enum token_fault *fault)
{
    struct shared *shared = shared_of(ctx);
    struct local *local = local_of(ctx);
    int64_t now_ms = shared->clock->wall_ms(ctx);
    enum token_result result = TOKEN_CACHED;
    const hearth_identity *who = verified_find(local->verified, token, now_ms / 1000);

    *fault = TOKEN_GOOD;
    if (!who) {
        result = TOKEN_VERIFIED;
        *fault = verify(ctx, token, arena, now_ms, fresh);
        if (*fault == TOKEN_GOOD) {
            verified_add(local->verified, token, fresh);
            who = fresh;
        }
    }
    if (who && who->session.len > 0 && ended_has(local->ended, who->session)) {
        *fault = TOKEN_ENDED;
        who = NULL;
    }
    shared->metrics->add(local->tokens[who ? result : TOKEN_REFUSED], 1);
    return who;
}

static hearth_status refuse(hearth_ctx *ctx, hearth_req *req, const char *why)
{
    return shared_of(ctx)->http->error(req, 401, "UNAUTHENTICATED", "%s", why);
}

hearth_status identify_token(hearth_ctx *ctx, hearth_req *req)
{
    struct shared *shared = shared_of(ctx);
    hearth_str field = shared->http->header(req, "Authorization");
    hearth_identity fresh;
    enum token_fault fault;

    if (!field.ptr)
        return HEARTH_OK; /* the route decides whether it needs one */
    hearth_str token = bearer_of(field);
    if (token.len == 0)
        return refuse(ctx, req, "Authorization: expected Bearer and a token.");
    if (!local_of(ctx)->ready)
        return shared->http->error(req, 503, "STORAGE_UNAVAILABLE",
                                   "The keys of tokens could not be read from storage yet.");
    const hearth_identity *who = judge(ctx, token, shared->http->arena(req), &fresh, &fault);
    if (!who) {
        HEARTH_LOG(shared->log, ctx, req, HEARTH_LOG_DEBUG, "token refused: %s",
                   token_fault_name(fault));
        return refuse(ctx, req, "This token is not good, or not any more.");
    }
    return shared->http->identify(req, who);
}

hearth_status identify_session(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_identity *who = shared_of(ctx)->http->identity(req);

    if (who && who->session.len > 0 && ended_has(local_of(ctx)->ended, who->session))
        return refuse(ctx, req, "This session has ended.");
    return HEARTH_OK;
}

hearth_status identify_verify(hearth_ctx *ctx, hearth_str token, hearth_arena *arena,
                              hearth_identity *out)
{
    const hearth_arena_api *arenas = shared_of(ctx)->arena;
    hearth_identity fresh;
    enum token_fault fault;

    if (!local_of(ctx)->ready)
        return HEARTH_EUNAVAILABLE;
    const hearth_identity *who = judge(ctx, token, arena, &fresh, &fault);
    if (!who)
        return HEARTH_EAUTH;
    *out = (hearth_identity){.struct_size = sizeof(*out),
                             .user = arenas->dup(arena, who->user),
                             .session = arenas->dup(arena, who->session),
                             .scope = arenas->dup(arena, who->scope),
                             .expires = who->expires};
    return out->user.ptr && out->session.ptr && out->scope.ptr ? HEARTH_OK : HEARTH_ENOMEM;
}
