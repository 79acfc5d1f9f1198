/*
 * refresh.c - POST /session/refresh. Storage decides between two that refresh at once: the write is
 * conditional on the version that was read, and the loser is judged again by what is there.
 */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

#include "end.h"
#include "grant.h"
#include "text.h"

#define MEMORY 131072

struct refresh {
    hearth_ctx *ctx;
    hearth_async *async;
    hearth_arena *arena;
    struct refresh_token token;
    char user[HEARTH_UUID_SIZE], sid[HEARTH_UUID_SIZE];
    struct grant grant;
    enum result result;
};

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct refresh *refresh = arg;

    if (req && refresh->result == RESULT_OK)
        grant_reply(ctx, req, &refresh->grant);
    else if (req && refresh->result == RESULT_UNAVAILABLE)
        grant_reply_unavailable(ctx, req);
    else if (req)
        (void)shared_of(ctx)->http->error(req, 401, "INVALID_CREDENTIALS",
                                          "This refresh token is not good. Log in again.");
    shared_of(ctx)->arena->destroy(refresh->arena);
    sodium_memzero(refresh, sizeof(*refresh));
    free(refresh);
    auth_release(ctx);
}

static void finish(struct refresh *refresh, enum result result)
{
    struct shared *shared = shared_of(refresh->ctx);

    refresh->result = result;
    shared->metrics->add(local_of(refresh->ctx)->refreshes[result], 1);
    shared->http->complete(refresh->async, reply, refresh);
}

static void judge(struct refresh *refresh, const hearth_doc *doc);

static void granted(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                    struct grant *grant)
{
    struct refresh *refresh =
        (struct refresh *)(void *)((char *)grant - offsetof(struct refresh, grant));
    (void)ctx;

    if (outcome == STORE_OK)
        finish(refresh, RESULT_OK);
    else if (outcome == STORE_CONFLICT)
        judge(refresh, current);
    else
        finish(refresh, RESULT_UNAVAILABLE);
}

static void revoked(hearth_ctx *ctx, hearth_status status, void *arg)
{
    struct refresh *refresh = arg;
    (void)ctx;
    finish(refresh, status == HEARTH_OK ? RESULT_REUSED : RESULT_UNAVAILABLE);
}

static void revoke(struct refresh *refresh)
{
    hearth_ctx *ctx = refresh->ctx;

    shared_of(ctx)->log->write(ctx, NULL, HEARTH_LOG_WARNING,
                               "session %s of user %s: a dead refresh token was used again; the "
                               "session is revoked",
                               refresh->sid, refresh->user);
    if (end_session(ctx, text_of(refresh->user), text_of(refresh->sid), 0, revoked, refresh) !=
        HEARTH_OK)
        finish(refresh, RESULT_UNAVAILABLE);
}

/* doc: the session as it is there; NULL: it is not. */
static void judge(struct refresh *refresh, const hearth_doc *doc)
{
    hearth_ctx *ctx = refresh->ctx;
    struct grant *grant = &refresh->grant;
    int64_t now_ms = shared_of(ctx)->clock->wall_ms(ctx);

    if (!doc || !session_decode(ctx, refresh->arena, doc, &grant->session)) {
        finish(refresh, RESULT_REFUSED);
        return;
    }
    switch (session_judge(&grant->session, &refresh->token, now_ms)) {
    case REFRESH_GOOD:
        grant->base_version = grant->session.version;
        session_rotate(ctx, &grant->session, &refresh->token, now_ms, config_of(ctx)->refresh_grace,
                       grant->refresh);
        grant->done = granted;
        grant_start(ctx, refresh->arena, grant);
        break;
    case REFRESH_REUSED:
        revoke(refresh);
        break;
    case REFRESH_LATE:
    case REFRESH_FOREIGN:
        finish(refresh, RESULT_REFUSED);
        break;
    }
}

static void was_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct refresh *refresh = arg;

    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND)
        judge(refresh, status == HEARTH_OK ? doc : NULL);
    else
        finish(refresh, RESULT_UNAVAILABLE);
}

static hearth_status refuse(hearth_ctx *ctx, hearth_req *req)
{
    struct shared *shared = shared_of(ctx);
    shared->metrics->add(local_of(ctx)->refreshes[RESULT_REFUSED], 1);
    return shared->http->error(req, 401, "INVALID_CREDENTIALS",
                               "This refresh token is not good. Log in again.");
}

hearth_status refresh_handle(hearth_ctx *ctx, hearth_req *req)
{
    static const body_field fields[] = {{"refreshToken", BODY_STRING, 1, 0, 0}};
    struct shared *shared = shared_of(ctx);
    struct refresh_token token;
    body_value value;

    if (!body_read(&shared->body, req, fields, 1, BODY_NEEDED, &value))
        return HEARTH_OK;
    if (!session_parse_refresh(value.string, &token))
        return refuse(ctx, req);
    struct refresh *refresh = calloc(1, sizeof(*refresh));
    if (!refresh)
        return HEARTH_ENOMEM;
    refresh->ctx = ctx;
    refresh->token = token;
    sodium_memzero(&token, sizeof(token));
    session_uuid(refresh->token.user, refresh->user);
    session_uuid(refresh->token.sid, refresh->sid);
    refresh->arena = shared->arena->create(ctx, MEMORY);
    refresh->async = refresh->arena ? shared->http->defer(req, NULL, NULL) : NULL;
    if (!refresh->async) {
        shared->arena->destroy(refresh->arena);
        free(refresh);
        return HEARTH_ENOMEM;
    }
    auth_hold(ctx);
    hearth_key key = session_key(text_of(refresh->user), text_of(refresh->sid));
    shared->storage->get(local_of(ctx)->storage, &key, was_read, refresh);
    return HEARTH_DEFERRED;
}
