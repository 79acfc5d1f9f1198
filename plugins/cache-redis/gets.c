/*
 * gets.c - asking Redis for a document, for a short time only: what is not here by then is a miss.
 * While an answer is late nothing more is asked, so that a frozen Redis costs one call its patience
 * and not every call.
 */
#include <redis_reply.h>
#include <stdlib.h>
#include <storage_op.h>

#include "key.h"
#include "plugin.h"

/* One call. After its callback it stays until Redis has answered or the connection is gone. */
struct get {
    hearth_ctx *ctx;
    TAILQ_ENTRY(get) node; /* among the waiting, while done is set */
    hearth_key key;
    void (*done)(const hearth_doc *doc, void *arg);
    void *arg;
    uint64_t began_ns, deadline_ms;
    enum get_result refused;
    char bytes[]; /* of the key */
};

/* ---- answers ---- */

/* Runs the callback; the call itself stays. */
static void answer(struct get *get, enum get_result result, const hearth_doc *doc)
{
    struct local *local = local_of(get->ctx);
    const struct shared *shared = shared_of(get->ctx);

    shared->metrics->add(local->gets[result], 1);
    get->done(doc, get->arg);
    get->done = NULL;
    redis_connection_call_ended(local->connection);
}

static void refuse(hearth_ctx *ctx, void *arg)
{
    struct get *get = arg;

    (void)ctx;
    answer(get, get->refused, NULL);
    free(get);
}

/* NULL where there was none. */
static enum get_result read_doc(struct get *get, const redisReply *reply, hearth_doc *doc)
{
    hearth_ctx *ctx = get->ctx;
    struct local *local = local_of(ctx);

    *doc = (hearth_doc){.key = get->key};
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 6)
        return GET_ERROR;
    hearth_str found = redis_reply_str(reply->element[0]);
    hearth_str present = generation_name(&local->generation, shared_of(ctx)->start, ctx->loop,
                                         redis_connection_serial(local->connection));
    if (!storage_str_equal(found, present))
        return GET_MISS;
    if (!redis_reply_doc(reply->element + 1, doc))
        return GET_ERROR;
    if (doc->expires_ms > 0 && doc->expires_ms <= shared_of(ctx)->clock->wall_ms(ctx))
        return GET_MISS;
    return GET_HIT;
}

static void on_reply(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct local *local = local_of(ctx);
    const struct shared *shared = shared_of(ctx);
    struct get *get = arg;
    hearth_doc doc;

    if (get->done) {
        enum get_result result = read_doc(get, reply, &doc);
        TAILQ_REMOVE(&local->waiting, get, node);
        shared->metrics->observe(local->get_seconds,
                                 (double)(shared->clock->mono_ns(ctx) - get->began_ns) / 1e9);
        answer(get, result, result == GET_HIT ? &doc : NULL);
    } else {
        local->late--;
    }
    free(get);
}

/* ---- patience ---- */

static void watch_deadline(hearth_ctx *ctx);

static void on_deadline(hearth_ctx *ctx, void *arg)
{
    struct local *local = local_of(ctx);
    const struct shared *shared = shared_of(ctx);
    uint64_t now = shared->clock->loop_ms(ctx);
    struct get *get;

    (void)arg;
    local->deadline = NULL;
    while ((get = TAILQ_FIRST(&local->waiting)) && get->deadline_ms <= now) {
        TAILQ_REMOVE(&local->waiting, get, node);
        local->late++;
        answer(get, GET_LATE, NULL);
    }
    watch_deadline(ctx);
}

/* Out of memory, the connection's own time limit ends the wait. */
static void watch_deadline(hearth_ctx *ctx)
{
    struct local *local = local_of(ctx);
    const struct shared *shared = shared_of(ctx);
    const struct get *first = TAILQ_FIRST(&local->waiting);
    uint64_t now = shared->clock->loop_ms(ctx);

    if (!first || local->deadline)
        return;
    local->deadline = shared->timer->start(
        ctx, first->deadline_ms > now ? first->deadline_ms - now : 0, 0, on_deadline, NULL);
}

/* ---- the call ---- */

static struct get *get_create(hearth_ctx *ctx, const hearth_key *key)
{
    struct get *get =
        calloc(1, sizeof(*get) + key->collection.len + key->partition.len + key->sort.len);
    if (!get)
        return NULL;
    char *end = get->bytes;
    get->ctx = ctx;
    get->key.collection = storage_place(&end, key->collection);
    get->key.partition = storage_place(&end, key->partition);
    get->key.sort = storage_place(&end, key->sort);
    return get;
}

static bool send(struct get *get)
{
    static const char *const fields[] = {"g", "v", "e", "w", "x", "b"};
    struct redis_connection *connection = local_of(get->ctx)->connection;
    struct redis_command *command = redis_connection_command(connection);
    char text[KEY_SIZE];
    hearth_str name = key_name(text, conf_of(get->ctx)->prefix, &get->key);

    if (!name.ptr)
        return false;
    redis_command_begin(command, 8);
    redis_command_add(command, HEARTH_STR("HMGET"));
    redis_command_add(command, name);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        redis_command_add(command, (hearth_str){fields[i], 1});
    return redis_connection_send(connection, on_reply, get);
}

static enum get_result ask(struct get *get)
{
    struct local *local = local_of(get->ctx);

    if (!redis_connection_healthy(local->connection))
        return GET_AWAY;
    if (local->late > 0)
        return GET_SLOW;
    return send(get) ? GET_HIT : GET_BUSY;
}

void cache_get(hearth_ctx *ctx, const hearth_key *key,
               void (*done)(const hearth_doc *doc, void *arg), void *arg)
{
    struct local *local = local_of(ctx);
    const struct shared *shared = shared_of(ctx);
    struct get *get = get_create(ctx, key);

    if (!get) {
        shared->metrics->add(local->gets[GET_BUSY], 1);
        done(NULL, arg);
        return;
    }
    get->done = done;
    get->arg = arg;
    redis_connection_call_begun(local->connection);
    get->refused = ask(get);
    if (get->refused == GET_HIT) {
        get->began_ns = shared->clock->mono_ns(ctx);
        get->deadline_ms = shared->clock->loop_ms(ctx) + (uint64_t)conf_of(ctx)->call_timeout;
        TAILQ_INSERT_TAIL(&local->waiting, get, node);
        watch_deadline(ctx);
    } else if (shared->loop->post(ctx, ctx->loop, refuse, get) != HEARTH_OK) {
        refuse(ctx, get);
    }
}
