/*
 * logout.c - POST /session/logout. The 204 is sent when no loop of this instance, and no start of
 * another one, will take a token of the session any more.
 */
#include <stdlib.h>

#include "end.h"
#include "grant.h"
#include "sessions.h"

struct logout {
    hearth_async *async;
    hearth_status status;
};

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct logout *logout = arg;

    if (req && logout->status == HEARTH_OK)
        (void)shared_of(ctx)->http->reply(req, 204, HEARTH_STR(""), HEARTH_STR(""));
    else if (req)
        grant_reply_unavailable(ctx, req);
    free(logout);
}

static void ended(hearth_ctx *ctx, hearth_status status, void *arg)
{
    struct logout *logout = arg;
    logout->status = status;
    shared_of(ctx)->http->complete(logout->async, reply, logout);
}

hearth_status logout_handle(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = shared_of(ctx)->http;
    const hearth_identity *who = http->identity(req);

    if (who->session.len == 0)
        return http->error(req, 403, "FORBIDDEN",
                           "This token belongs to no session: it ends by its expiry alone.");
    struct logout *logout = calloc(1, sizeof(*logout));
    if (!logout)
        return HEARTH_ENOMEM;
    logout->async = http->defer(req, NULL, NULL);
    if (!logout->async) {
        free(logout);
        return HEARTH_ENOMEM;
    }
    if (end_session(ctx, who->user, who->session, who->expires, ended, logout) != HEARTH_OK)
        ended(ctx, HEARTH_EUNAVAILABLE, logout);
    return HEARTH_DEFERRED;
}
