/*
 * writes.c - putting and forgetting. Nobody waits for these, but none may be lost without a trace:
 * when the fate of one is not known, the generation ends and nothing older is believed.
 */
#include <redis_reply.h>
#include <stdio.h>
#include <string.h>

#include "key.h"
#include "plugin.h"
#include "script.h"

/* ---- what came of it ---- */

static void count(hearth_ctx *ctx, enum write_result result)
{
    shared_of(ctx)->metrics->add(local_of(ctx)->writes[result], 1);
    if (result == WRITE_LOST)
        generation_end(&local_of(ctx)->generation);
}

/* `why` is what Redis says against taking documents, NULL when it takes them. */
static void report(hearth_ctx *ctx, const char *why)
{
    struct local *local = local_of(ctx);
    const struct redis_place *place = &shared_of(ctx)->place;
    char reason[300];

    if (why) {
        snprintf(reason, sizeof(reason), "redis %s:%u takes nothing: %s", place->host, place->port,
                 why);
        if (!local->refused)
            HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_WARNING, "%s", reason);
        ctx->host->health(ctx, "writes", HEARTH_DEGRADED, reason);
    } else if (local->refused) {
        ctx->host->health(ctx, "writes", HEARTH_HEALTHY, "");
    }
    local->refused = why != NULL;
}

/* An error says nothing about the document that was there before: as good as no answer. */
static enum write_result judge(hearth_ctx *ctx, const redisReply *reply)
{
    if (!reply)
        return WRITE_LOST;
    if (redis_script_unknown(reply)) {
        memset(local_of(ctx)->scripts_known, 0, sizeof(local_of(ctx)->scripts_known));
        return WRITE_LOST;
    }
    if (reply->type == REDIS_REPLY_INTEGER) {
        report(ctx, NULL);
        return reply->integer == 1 ? WRITE_KEPT : WRITE_OLDER;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[1]->type == REDIS_REPLY_STRING) {
        report(ctx, reply->element[1]->str);
        return WRITE_REFUSED;
    }
    report(ctx, reply->type == REDIS_REPLY_ERROR ? reply->str : "its answer is not ours");
    return WRITE_LOST;
}

static void on_reply(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    redis_connection_call_ended(local_of(ctx)->connection);
    local_of(ctx)->write_bytes -= (uintptr_t)arg;
    count(ctx, judge(ctx, reply));
}

/* ---- commands ---- */

/* A connection is sent the source of a script once, and its digest from then on. */
static bool begin(hearth_ctx *ctx, enum script script, hearth_str name, size_t arguments)
{
    struct local *local = local_of(ctx);
    uint64_t serial = redis_connection_serial(local->connection);

    if (!redis_connection_healthy(local->connection))
        return false;
    redis_script_begin(redis_connection_command(local->connection), &scripts[script],
                       local->scripts_known[script] != serial, 1, arguments);
    redis_command_add(redis_connection_command(local->connection), name);
    return true;
}

static bool send(hearth_ctx *ctx, enum script script)
{
    struct local *local = local_of(ctx);
    size_t bytes = redis_connection_command(local->connection)->len;

    if (!redis_connection_send(local->connection, on_reply, (void *)(uintptr_t)bytes))
        return false;
    local->scripts_known[script] = redis_connection_serial(local->connection);
    local->write_bytes += bytes;
    redis_connection_call_begun(local->connection);
    return true;
}

static bool send_put(hearth_ctx *ctx, const hearth_doc *doc, hearth_str name)
{
    struct local *local = local_of(ctx);
    struct redis_command *command = redis_connection_command(local->connection);

    if (!begin(ctx, SCRIPT_PUT, name, 7))
        return false;
    redis_command_add(command, generation_name(&local->generation, shared_of(ctx)->start, ctx->loop,
                                               redis_connection_serial(local->connection)));
    redis_command_add_number(command, doc->version);
    redis_command_add_number(command, doc->epoch);
    redis_command_add(command, doc->write_id);
    redis_command_add_number(command, (uint64_t)doc->expires_ms);
    redis_command_add(command, doc->body);
    redis_command_add_number(command, (uint64_t)conf_of(ctx)->ttl);
    return send(ctx, SCRIPT_PUT);
}

static bool send_invalidate(hearth_ctx *ctx, hearth_str name, uint64_t version)
{
    struct redis_command *command = redis_connection_command(local_of(ctx)->connection);

    if (!begin(ctx, SCRIPT_INVALIDATE, name, 2))
        return false;
    redis_command_add_number(command, version);
    redis_command_add_number(command, (uint64_t)conf_of(ctx)->refuse_older);
    return send(ctx, SCRIPT_INVALIDATE);
}

/* ---- calls ---- */

/* Whether there is room for its body. What is not put must be forgotten, which is a short command.
 */
static bool fits(hearth_ctx *ctx, const hearth_doc *doc)
{
    const struct config *conf = conf_of(ctx);

    return doc->body.len <= (size_t)conf->max_body &&
           local_of(ctx)->write_bytes + doc->body.len <= (size_t)conf->max_buffered &&
           (doc->expires_ms == 0 || doc->expires_ms > shared_of(ctx)->clock->wall_ms(ctx));
}

void cache_put(hearth_ctx *ctx, const hearth_doc *doc)
{
    char text[KEY_SIZE];
    hearth_str name = key_name(text, conf_of(ctx)->prefix, &doc->key);

    if (!name.ptr)
        return;
    if (!(fits(ctx, doc) ? send_put(ctx, doc, name) : send_invalidate(ctx, name, doc->version)))
        count(ctx, WRITE_LOST);
}

void cache_invalidate(hearth_ctx *ctx, const hearth_key *key, uint64_t version)
{
    char text[KEY_SIZE];
    hearth_str name = key_name(text, conf_of(ctx)->prefix, key);

    if (name.ptr && !send_invalidate(ctx, name, version))
        count(ctx, WRITE_LOST);
}
