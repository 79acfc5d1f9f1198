/*
 * refusal.c - the question is a script that reads, writes and removes a key of its own: it needs
 * the rights and the room that a document needs, and leaves nothing behind. While it is refused the
 * storage is not healthy, so nobody counts what was refused against a document.
 */
#include "refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "scripts.h"

#define ASK_MS 500

struct refusal {
    hearth_ctx *ctx;
    bool lasts, asking, closed;
    hearth_timer *timer;
};

static void ask(hearth_ctx *ctx, void *arg);

bool refusal_lasts(const struct refusal *refusal)
{
    return refusal->lasts;
}

static void ask_later(struct refusal *refusal)
{
    if (!refusal->closed && !refusal->timer)
        refusal->timer =
            shared_of(refusal->ctx)->timer->start(refusal->ctx, ASK_MS, 0, ask, refusal);
}

static void begins(struct refusal *refusal, const char *said)
{
    const struct shared *shared = shared_of(refusal->ctx);
    const char *end = strstr(said, " script: "); /* which nobody knows by its number */
    int len = (int)(end ? (size_t)(end - said) : strlen(said));
    char reason[400];

    snprintf(reason, sizeof(reason), "redis %s:%u refuses: %.*s", shared->place.host,
             shared->place.port, len, said);
    if (!refusal->lasts)
        HEARTH_LOG(shared->log, refusal->ctx, NULL, HEARTH_LOG_ERROR, "%s", reason);
    refusal->lasts = true;
    refusal->ctx->host->health(refusal->ctx, "storage", HEARTH_DEGRADED, reason);
}

static void ends(struct refusal *refusal)
{
    HEARTH_LOG(shared_of(refusal->ctx)->log, refusal->ctx, NULL, HEARTH_LOG_INFO,
               "redis refuses no more");
    refusal->lasts = false;
    refusal->ctx->host->health(refusal->ctx, "storage", HEARTH_HEALTHY, "");
}

static void on_answer(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct refusal *refusal = arg;

    (void)ctx;
    refusal->asking = false;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        begins(refusal, reply->str);
    else if (reply && refusal->lasts)
        ends(refusal);
    if (refusal->lasts) /* without connection as well */
        ask_later(refusal);
}

static void ask(hearth_ctx *ctx, void *arg)
{
    struct refusal *refusal = arg;
    struct redis_connection *connection = local_of(ctx)->connection;
    const struct config *conf = ctx->conf;
    struct redis_command *command = redis_connection_command(connection);

    refusal->timer = NULL; /* it has run */
    redis_script_begin(command, &scripts[SCRIPT_TRY], true, 1, 0);
    redis_command_add_pair(command, conf->prefix, HEARTH_STR("try"));
    refusal->asking = redis_connection_send(connection, on_answer, refusal);
    if (!refusal->asking && refusal->lasts)
        ask_later(refusal);
}

void refusal_heard(struct refusal *refusal, const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return;
    shared_of(refusal->ctx)->metrics->add(local_of(refusal->ctx)->refused, 1);
    if (!refusal->asking && !refusal->timer && !refusal->closed)
        ask(refusal->ctx, refusal);
}

void refusal_close(struct refusal *refusal)
{
    refusal->closed = true;
    shared_of(refusal->ctx)->timer->stop(refusal->timer);
    refusal->timer = NULL;
}

struct refusal *refusal_create(hearth_ctx *ctx)
{
    struct refusal *refusal = calloc(1, sizeof(*refusal));
    if (refusal)
        refusal->ctx = ctx;
    return refusal;
}

void refusal_destroy(struct refusal *refusal)
{
    if (refusal)
        refusal_close(refusal);
    free(refusal);
}
