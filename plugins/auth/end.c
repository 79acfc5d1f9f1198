/*
 * end.c - see end.h.
 */
#include "end.h"

#include <stdlib.h>
#include <string.h>

#include "revocations.h"
#include "session.h"
#include "spread.h"
#include "text.h"
#include "token.h"

struct listener {
    struct listener *next;
    void (*fn)(hearth_str user, void *arg);
    void *arg;
};

struct listeners {
    struct listener *first;
};

struct listeners *listeners_create(void)
{
    return calloc(1, sizeof(struct listeners));
}

void listeners_destroy(struct listeners *listeners)
{
    while (listeners && listeners->first) {
        struct listener *next = listeners->first->next;
        free(listeners->first);
        listeners->first = next;
    }
    free(listeners);
}

hearth_status listeners_add(struct listeners *listeners, void (*fn)(hearth_str user, void *arg),
                            void *arg)
{
    struct listener *listener = malloc(sizeof(*listener));
    if (!listener)
        return HEARTH_ENOMEM;
    *listener = (struct listener){listeners->first, fn, arg};
    listeners->first = listener;
    return HEARTH_OK;
}

struct ending {
    char user[USER_MAX + 1];
    struct ended_session session;
    void (*done)(hearth_ctx *ctx, hearth_status status, void *arg);
    void *arg;
    hearth_ctx *ctx;
};

/* On the user's home loop. */
static void tell(hearth_ctx *ctx, void *arg)
{
    struct ending *ending = arg;

    for (struct listener *l = local_of(ctx)->listeners->first; l; l = l->next)
        l->fn(text_of(ending->user), l->arg);
    free(ending);
}

/* The session's own document is gone; what is left are others. If nobody knows, nobody is told: the
 * caches that wait for this news have ceilings of their own. */
static void others_read(hearth_status status, const hearth_doc *const *docs, size_t count,
                        hearth_str cursor, void *arg)
{
    struct ending *ending = arg;
    hearth_ctx *ctx = ending->ctx;
    (void)docs;
    (void)cursor;

    if (status != HEARTH_OK || count > 0 ||
        shared_of(ctx)->mail->send(ctx, text_of(ending->user), tell, ending) != HEARTH_OK)
        free(ending);
    auth_release(ctx);
}

static void ended_everywhere(hearth_ctx *ctx, hearth_status status, void *arg)
{
    struct ending *ending = arg;

    ending->done(ctx, status == HEARTH_OK ? HEARTH_OK : HEARTH_EUNAVAILABLE, ending->arg);
    auth_hold(ctx);
    shared_of(ctx)->storage->query(local_of(ctx)->storage, HEARTH_STR("auth.sessions"),
                                   text_of(ending->user), HEARTH_STR(""), 1, HEARTH_STR(""),
                                   others_read, ending);
}

static void fail(hearth_ctx *ctx, struct ending *ending)
{
    ending->done(ctx, HEARTH_EUNAVAILABLE, ending->arg);
    free(ending);
}

static void document_deleted(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                             void *arg)
{
    struct ending *ending = arg;
    (void)current;

    if (outcome != STORE_OK ||
        spread_ended(ctx, &ending->session, 1, ended_everywhere, ending) != HEARTH_OK)
        fail(ctx, ending);
}

/* The order matters: whoever sees the session gone must find it revoked. */
static void revocation_written(hearth_ctx *ctx, enum store_outcome outcome,
                               const hearth_doc *current, void *arg)
{
    struct ending *ending = arg;
    (void)current;
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_DELETE,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = session_key(text_of(ending->user), text_of(ending->session.session))}};

    if (outcome != STORE_OK || store_write(ctx, &op, document_deleted, ending) != HEARTH_OK)
        fail(ctx, ending);
}

hearth_status end_session(hearth_ctx *ctx, hearth_str user, hearth_str session, int64_t expires,
                          void (*done)(hearth_ctx *ctx, hearth_status status, void *arg), void *arg)
{
    const struct config *config = config_of(ctx);
    int64_t until_ms = shared_of(ctx)->clock->wall_ms(ctx) + config->access_ttl;
    struct ending *ending = calloc(1, sizeof(*ending));

    if (!ending)
        return HEARTH_ENOMEM;
    if (user.len > USER_MAX || session.len > SID_MAX) {
        free(ending);
        return HEARTH_EINVAL;
    }
    if (expires * 1000 > until_ms)
        until_ms = expires * 1000;
    memcpy(ending->user, user.ptr, user.len);
    memcpy(ending->session.session, session.ptr, session.len);
    ending->session.until_ms = until_ms + config->leeway;
    ending->done = done;
    ending->arg = arg;
    ending->ctx = ctx;
    hearth_status status =
        revocations_write(ctx, user, session, ending->session.until_ms, revocation_written, ending);
    if (status != HEARTH_OK)
        free(ending);
    return status;
}
