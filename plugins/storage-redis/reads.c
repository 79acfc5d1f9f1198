/*
 * reads.c - get is one HMGET; query and scan are scripts that return a page.
 */
#include <stdlib.h>
#include <string.h>
#include <redis_reply.h>
#include <storage_op.h>
#include <storage_read.h>

#include "keys.h"
#include "plugin.h"
#include "refusal.h"
#include "scripts.h"

struct read {
    storage_read read; /* first */
    bool with_source;
};

/* ---- answers ---- */

static void answer_get(storage_read *read, const redisReply *reply)
{
    hearth_doc doc = {.key = read->key};
    const hearth_doc *docs[] = {&doc};
    hearth_status status = HEARTH_OK;

    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 5)
        status = HEARTH_EUNAVAILABLE;
    else if (reply->element[0]->type == REDIS_REPLY_NIL)
        status = HEARTH_ENOTFOUND;
    else if (!redis_reply_doc(reply->element, &doc))
        status = HEARTH_EINTERNAL;
    else if (storage_doc_expired(&doc, shared_of(read->ctx)->clock->wall_ms(read->ctx)))
        status = HEARTH_ENOTFOUND;
    storage_read_answer(read, status, docs, 1, false);
}

/* Turns {more, fields...} into documents; a query's row is sort and five fields, a scan's begins
 * with collection and partition. */
static bool read_page(const storage_read *read, const redisReply *reply, hearth_doc *docs,
                      const hearth_doc **list, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++) {
        redisReply *const *row = reply->element + 1 + i * width;
        docs[i] = (hearth_doc){.key = read->key};
        if (read->kind == STORAGE_SCAN) {
            docs[i].key.collection = redis_reply_str(row[0]);
            docs[i].key.partition = redis_reply_str(row[1]);
        }
        docs[i].key.sort = redis_reply_str(row[width - 6]);
        if (!docs[i].key.sort.ptr || !docs[i].key.partition.ptr ||
            !redis_reply_doc(row + width - 5, &docs[i]))
            return false;
        list[i] = &docs[i];
    }
    return true;
}

static void answer_page(storage_read *read, const redisReply *reply)
{
    size_t width = read->kind == STORAGE_SCAN ? 8 : 6;
    hearth_status status = HEARTH_EUNAVAILABLE;
    size_t count = 0;

    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements % width == 1)
        count = reply->elements / width;
    hearth_doc *docs = calloc(count + 1, sizeof(*docs));
    const hearth_doc **list = calloc(count + 1, sizeof(*list));
    if (docs && list && reply && reply->type == REDIS_REPLY_ARRAY)
        status = reply->elements % width == 1 && read_page(read, reply, docs, list, count, width)
                     ? HEARTH_OK
                     : HEARTH_EINTERNAL;
    storage_read_answer(read, status, list, count,
                        status == HEARTH_OK && reply->element[0]->integer == 1);
    free(docs);
    free(list);
}

static bool send(storage_read *read);

static void on_reply(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct read *read = arg;

    if (redis_script_unknown(reply) && !read->with_source) {
        read->with_source = true;
        if (send(&read->read))
            return;
    }
    refusal_heard(local_of(ctx)->refusal, reply);
    if (read->read.kind == STORAGE_GET)
        answer_get(&read->read, reply);
    else
        answer_page(&read->read, reply);
}

/* ---- commands ---- */

static void build_get(struct redis_command *command, const struct keys *keys)
{
    static const char *const fields[] = {"v", "e", "w", "x", "b"};

    redis_command_begin(command, 7);
    redis_command_add(command, HEARTH_STR("HMGET"));
    redis_command_add(command, keys->doc);
    for (int i = 0; i < 5; i++)
        redis_command_add(command, (hearth_str){fields[i], 1});
}

/* No sort of UTF-8 that begins with the prefix is as large as the prefix with a byte 0xff behind.
 */
static void build_query(struct read *call, struct redis_command *command, const struct keys *keys)
{
    const storage_read *read = &call->read;
    char end[HEARTH_STORAGE_MAX_KEY + 1], *p = end;
    hearth_str prefix = read->key.sort;

    redis_script_begin(command, &scripts[SCRIPT_QUERY], call->with_source, 1, 5);
    redis_command_add(command, keys->index);
    redis_command_add_number(command, (uint64_t)shared_of(read->ctx)->clock->wall_ms(read->ctx));
    redis_command_add_number(command, read->limit);
    redis_command_add(command, keys->prefix);
    if (read->after.sort.ptr)
        redis_command_add_pair(command, HEARTH_STR("("), read->after.sort);
    else
        redis_command_add_pair(command, HEARTH_STR("["), prefix);
    storage_place(&p, prefix);
    *p++ = (char)0xff;
    redis_command_add_pair(command, HEARTH_STR("("), (hearth_str){end, (size_t)(p - end)});
}

static void build_scan(struct read *call, struct redis_command *command, const struct keys *after)
{
    const storage_read *read = &call->read;
    const struct config *conf = read->ctx->conf;
    char last[HEARTH_STORAGE_MAX_KEY + 1], *p = last;
    bool resumes = read->after.partition.ptr != NULL;

    redis_script_begin(command, &scripts[SCRIPT_SCAN], call->with_source, 1, 7);
    redis_command_add_pair(command, conf->prefix, HEARTH_STR("partitions"));
    redis_command_add_number(command, (uint64_t)shared_of(read->ctx)->clock->wall_ms(read->ctx));
    redis_command_add_number(command, read->limit);
    redis_command_add(command, conf->prefix);
    redis_command_add(command, resumes ? after->member : HEARTH_STR(""));
    redis_command_add_pair(command, HEARTH_STR("("), read->after.sort);
    if (resumes)
        redis_command_add_pair(command, HEARTH_STR("["), after->member);
    else
        redis_command_add_pair(command, HEARTH_STR("["), read->key.collection);
    if (read->key.collection.len == 0) {
        redis_command_add(command, HEARTH_STR("+"));
        return;
    }
    storage_place(&p, read->key.collection);
    *p++ = '\x01'; /* the members go on with NUL */
    redis_command_add_pair(command, HEARTH_STR("("), (hearth_str){last, (size_t)(p - last)});
}

static bool send(storage_read *read)
{
    struct redis_connection *connection = local_of(read->ctx)->connection;
    const struct config *conf = read->ctx->conf;
    struct redis_command *command = redis_connection_command(connection);
    struct read *call = (struct read *)read;
    struct keys keys;

    keys_of(&keys, conf->prefix, read->kind == STORAGE_SCAN ? &read->after : &read->key);
    if (read->kind == STORAGE_GET)
        build_get(command, &keys);
    else if (read->kind == STORAGE_QUERY)
        build_query(call, command, &keys);
    else
        build_scan(call, command, &keys);
    return redis_connection_send(connection, on_reply, call);
}

/* ---- calls ---- */

static const storage_reader reader = {sizeof(struct read), send, plugin_call_begun,
                                      plugin_call_ended};

void redis_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    storage_read_get(&reader, ctx, key, done, arg);
}

void redis_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                 uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    storage_read_query(&reader, ctx, collection, partition, prefix, limit, cursor, done, arg);
}

void redis_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                hearth_storage_page_fn done, void *arg)
{
    storage_read_scan(&reader, ctx, collection, limit, cursor, done, arg);
}
