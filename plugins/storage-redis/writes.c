/*
 * writes.c - each op is one run of the write script; a transaction is one run for all of its ops.
 * All of a batch go out at once, in order, on the loop's one connection, which keeps ops on one key
 * in their order.
 */
#include <stdlib.h>
#include <string.h>
#include <redis_reply.h>
#include <storage_op.h>

#include "keys.h"
#include "plugin.h"
#include "refusal.h"
#include "scripts.h"

#define OP_ARGUMENTS 11

struct call {
    storage_call call;
    hearth_ctx *ctx;
    size_t waiting;     /* answers that have not come */
    struct slot *slots; /* one for each command */
    char error[160];    /* the last problem; results point to it */
};

/* One command: op number `first`, or the whole transaction. */
struct slot {
    struct call *call;
    size_t first;
    bool with_source; /* sent as EVAL, because Redis had forgotten the script */
};

static void finish(struct call *call)
{
    hearth_ctx *ctx = call->ctx;

    if (call->call.done)
        call->call.done(call->call.result_list, call->call.count, call->call.arg);
    free(call->slots);
    storage_call_destroy(call);
    plugin_call_ended(ctx);
}

static void finish_later(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    finish(arg);
}

static size_t ops_of(const struct slot *slot)
{
    return slot->call->call.atomic ? slot->call->call.count : 1;
}

/* ---- results ---- */

static void fail_slot(struct slot *slot, const char *problem)
{
    struct call *call = slot->call;

    strncpy(call->error, problem, sizeof(call->error) - 1);
    for (size_t i = 0; i < ops_of(slot); i++) {
        call->call.results[slot->first + i].outcome = HEARTH_STORAGE_RETRY;
        call->call.results[slot->first + i].error = call->error;
        call->call.results[slot->first + i].current = NULL;
    }
}

/* {1}, {0} or {0, v, e, w, x, b}. */
static bool read_result(storage_call *call, size_t i, const redisReply *reply)
{
    hearth_doc doc = {.key = call->ops[i].doc.key};

    if (reply->type != REDIS_REPLY_ARRAY || (reply->elements != 1 && reply->elements != 6) ||
        reply->element[0]->type != REDIS_REPLY_INTEGER)
        return false;
    if (reply->element[0]->integer == 1)
        return true;
    if (reply->elements == 1)
        return storage_call_conflict(call, i, NULL);
    return redis_reply_doc(reply->element + 1, &doc) && storage_call_conflict(call, i, &doc);
}

static bool read_results(struct slot *slot, const redisReply *reply)
{
    storage_call *call = &slot->call->call;
    bool refused = false;

    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != ops_of(slot))
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        if (!read_result(call, slot->first + i, reply->element[i]))
            return false;
        refused = refused || call->results[slot->first + i].outcome != HEARTH_STORAGE_OK;
    }
    if (call->atomic && refused)
        storage_call_refuse(call);
    return true;
}

static bool send_slot(struct slot *slot);

static void on_reply(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct slot *slot = arg;

    if (redis_script_unknown(reply) && !slot->with_source) {
        slot->with_source = true;
        if (send_slot(slot))
            return;
    }
    refusal_heard(local_of(ctx)->refusal, reply);
    if (!read_results(slot, reply))
        fail_slot(slot, redis_reply_problem(reply));
    if (--slot->call->waiting == 0)
        finish(slot->call);
}

/* ---- commands ---- */

static void add_op(struct redis_command *command, const hearth_storage_op *op,
                   const struct keys *keys)
{
    const hearth_str none = {NULL, 0};
    bool put = op->action == HEARTH_PUT;

    redis_command_add_number(command, (uint64_t)op->action);
    redis_command_add_number(command, op->condition);
    redis_command_add_number(command, op->base_version);
    redis_command_add_number(command, op->base_epoch);
    redis_command_add(command, op->doc.key.sort);
    redis_command_add(command, keys->member);
    if (!put) {
        for (int i = 0; i < 5; i++)
            redis_command_add(command, none);
        return;
    }
    redis_command_add_number(command, op->doc.version);
    redis_command_add_number(command, op->doc.epoch);
    redis_command_add(command, op->doc.write_id);
    redis_command_add_number(command, (uint64_t)op->doc.expires_ms);
    redis_command_add(command, op->doc.body);
}

static bool send_slot(struct slot *slot)
{
    hearth_ctx *ctx = slot->call->ctx;
    struct redis_connection *connection = local_of(ctx)->connection;
    const struct config *conf = ctx->conf;
    struct redis_command *command = redis_connection_command(connection);
    size_t count = ops_of(slot);
    const hearth_storage_op *ops = slot->call->call.ops + slot->first;
    struct keys keys;

    redis_script_begin(command, &scripts[SCRIPT_WRITE], slot->with_source, 1 + 2 * count,
                       1 + OP_ARGUMENTS * count);
    redis_command_add_pair(command, conf->prefix, HEARTH_STR("partitions"));
    for (size_t i = 0; i < count; i++) {
        keys_of(&keys, conf->prefix, &ops[i].doc.key);
        redis_command_add(command, keys.doc);
        redis_command_add(command, keys.index);
    }
    redis_command_add_number(command, (uint64_t)shared_of(ctx)->clock->wall_ms(ctx));
    for (size_t i = 0; i < count; i++) {
        keys_of(&keys, conf->prefix, &ops[i].doc.key);
        add_op(command, &ops[i], &keys);
    }
    return redis_connection_send(connection, on_reply, slot);
}

/* ---- calls ---- */

static void send_all(struct call *call)
{
    size_t commands = call->call.atomic ? 1 : call->call.count;

    if (call->call.atomic && storage_call_has_failed(&call->call)) {
        storage_call_refuse(&call->call);
        commands = 0;
    }
    call->waiting = 1; /* keeps the call while commands are being sent */
    for (size_t i = 0; i < commands && call->call.count > 0; i++) {
        struct slot *slot = &call->slots[i];
        *slot = (struct slot){.call = call, .first = i};
        if (!call->call.atomic && call->call.results[i].outcome == HEARTH_STORAGE_FAILED)
            continue;
        if (send_slot(slot))
            call->waiting++;
        else
            fail_slot(slot, "redis: there is no connection, or too much is in flight");
    }
    if (--call->waiting > 0)
        return;
    if (shared_of(call->ctx)->loop->post(call->ctx, call->ctx->loop, finish_later, call) !=
        HEARTH_OK)
        finish(call);
}

static void start(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count, bool atomic,
                  hearth_storage_write_fn done, void *arg)
{
    struct call *call =
        storage_call_create(sizeof(*call), ops, count, atomic, MAX_TRANSACT, done, arg);
    struct slot *slots = calloc(count + 1, sizeof(*slots));

    if (!call || !slots) {
        if (call)
            storage_call_destroy(call);
        free(slots);
        storage_fail_now(count, done, arg);
        return;
    }
    call->ctx = ctx;
    call->slots = slots;
    plugin_call_begun(ctx);
    storage_call_check_bodies(&call->call, ctx, shared_of(ctx)->json, shared_of(ctx)->arena);
    send_all(call);
}

void redis_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                 hearth_storage_write_fn done, void *arg)
{
    start(ctx, ops, count, false, done, arg);
}

void redis_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                    hearth_storage_write_fn done, void *arg)
{
    start(ctx, ops, count, true, done, arg);
}
