/*
 * reads.c - get is one HMGET; query and scan are scripts that return a page.
 */
#include <stdlib.h>
#include <string.h>
#include <storage_cursor.h>
#include <storage_op.h>

#include "keys.h"
#include "plugin.h"
#include "reply.h"
#include "scripts.h"

#define MAX_LIMIT 1000

enum kind { READ_GET, READ_QUERY, READ_SCAN };

/* One call, with copies of what its answer and a second try need. */
struct read {
    hearth_ctx *ctx;
    enum kind kind;
    hearth_key key;   /* QUERY: sort is the prefix; SCAN: the collection only */
    hearth_key after; /* where the cursor stands; QUERY: sort only. No pointer: at the start */
    uint32_t limit;
    bool with_source;
    hearth_status status; /* of a refusal */
    union {
        hearth_storage_get_fn get;
        hearth_storage_page_fn page;
    } done;
    void *arg;
    hearth_str cursor; /* as it was given */
};

/* ---- answers ---- */

static void answer(struct read *read, hearth_status status, const hearth_doc *const *docs,
                   size_t count, hearth_str cursor)
{
    hearth_ctx *ctx = read->ctx;

    if (read->kind == READ_GET)
        read->done.get(status, status == HEARTH_OK ? docs[0] : NULL, read->arg);
    else
        read->done.page(status, docs, count, cursor, read->arg);
    free(read);
    local_of(ctx)->pending--;
    plugin_check_drained(ctx);
}

static void refuse(hearth_ctx *ctx, void *arg)
{
    struct read *read = arg;
    (void)ctx;
    answer(read, read->status, NULL, 0, (hearth_str){NULL, 0});
}

static void refuse_later(struct read *read, hearth_status status)
{
    read->status = status;
    if (shared_of(read->ctx)->loop->post(read->ctx, read->ctx->loop, refuse, read) != HEARTH_OK)
        refuse(read->ctx, read);
}

static void answer_get(struct read *read, const redisReply *reply)
{
    hearth_doc doc = {.key = read->key};
    const hearth_doc *docs[] = {&doc};
    hearth_str none = {NULL, 0};

    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 5) {
        answer(read, HEARTH_EUNAVAILABLE, NULL, 0, none);
        return;
    }
    if (reply->element[0]->type == REDIS_REPLY_NIL) {
        answer(read, HEARTH_ENOTFOUND, NULL, 0, none);
        return;
    }
    hearth_status status = reply_doc(reply->element, &doc) ? HEARTH_OK : HEARTH_EINTERNAL;
    if (status == HEARTH_OK && doc.expires_ms > 0 &&
        doc.expires_ms <= shared_of(read->ctx)->clock->wall_ms(read->ctx))
        status = HEARTH_ENOTFOUND;
    answer(read, status, docs, 1, none);
}

/* Turns {more, fields...} into documents; a query's row is sort and five fields, a scan's begins
 * with collection and partition. */
static bool read_page(const struct read *read, const redisReply *reply, hearth_doc *docs,
                      const hearth_doc **list, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++) {
        redisReply *const *row = reply->element + 1 + i * width;
        docs[i] = (hearth_doc){.key = read->key};
        if (read->kind == READ_SCAN) {
            docs[i].key.collection = reply_str(row[0]);
            docs[i].key.partition = reply_str(row[1]);
        }
        docs[i].key.sort = reply_str(row[width - 6]);
        if (!docs[i].key.sort.ptr || !docs[i].key.partition.ptr ||
            !reply_doc(row + width - 5, &docs[i]))
            return false;
        list[i] = &docs[i];
    }
    return true;
}

static void answer_page(struct read *read, const redisReply *reply)
{
    size_t width = read->kind == READ_SCAN ? 8 : 6;
    char text[STORAGE_CURSOR_SIZE];
    hearth_str cursor = {NULL, 0};
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
    if (status == HEARTH_OK && reply->element[0]->integer == 1 && count > 0)
        cursor = read->kind == READ_QUERY ? storage_cursor_of_sort(docs[count - 1].key.sort, text)
                                          : storage_cursor_of_key(&docs[count - 1].key, text);
    answer(read, status, status == HEARTH_OK ? list : NULL, status == HEARTH_OK ? count : 0,
           cursor);
    free(docs);
    free(list);
}

static bool send(struct read *read);

static void on_reply(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct read *read = arg;

    (void)ctx;
    if (reply_noscript(reply) && !read->with_source) {
        read->with_source = true;
        if (send(read))
            return;
    }
    if (read->kind == READ_GET)
        answer_get(read, reply);
    else
        answer_page(read, reply);
}

/* ---- commands ---- */

static void begin_script(struct read *read, struct command *command, enum script script,
                         size_t arguments)
{
    command_begin(command, 3 + 1 + arguments);
    if (read->with_source) {
        command_add(command, HEARTH_STR("EVAL"));
        command_add(command, (hearth_str){script_sources[script], strlen(script_sources[script])});
    } else {
        command_add(command, HEARTH_STR("EVALSHA"));
        command_add(command, (hearth_str){script_digests[script], 40});
    }
    command_add_number(command, 1);
}

static void build_get(const struct read *read, struct command *command, const struct keys *keys)
{
    static const char *const fields[] = {"v", "e", "w", "x", "b"};

    (void)read;
    command_begin(command, 7);
    command_add(command, HEARTH_STR("HMGET"));
    command_add(command, keys->doc);
    for (int i = 0; i < 5; i++)
        command_add(command, (hearth_str){fields[i], 1});
}

/* No sort of UTF-8 that begins with the prefix is as large as the prefix with a byte 0xff behind.
 */
static void build_query(struct read *read, struct command *command, const struct keys *keys)
{
    char end[HEARTH_STORAGE_MAX_KEY + 1], *p = end;
    hearth_str prefix = read->key.sort;

    begin_script(read, command, SCRIPT_QUERY, 5);
    command_add(command, keys->index);
    command_add_number(command, (uint64_t)shared_of(read->ctx)->clock->wall_ms(read->ctx));
    command_add_number(command, read->limit);
    command_add(command, keys->prefix);
    if (read->after.sort.ptr)
        command_add_pair(command, HEARTH_STR("("), read->after.sort);
    else
        command_add_pair(command, HEARTH_STR("["), prefix);
    storage_place(&p, prefix);
    *p++ = (char)0xff;
    command_add_pair(command, HEARTH_STR("("), (hearth_str){end, (size_t)(p - end)});
}

static void build_scan(struct read *read, struct command *command, const struct keys *after)
{
    const struct config *conf = read->ctx->conf;
    char last[HEARTH_STORAGE_MAX_KEY + 1], *p = last;
    bool resumes = read->after.partition.ptr != NULL;

    begin_script(read, command, SCRIPT_SCAN, 7);
    command_add_pair(command, conf->prefix, HEARTH_STR("partitions"));
    command_add_number(command, (uint64_t)shared_of(read->ctx)->clock->wall_ms(read->ctx));
    command_add_number(command, read->limit);
    command_add(command, conf->prefix);
    command_add(command, resumes ? after->member : HEARTH_STR(""));
    command_add_pair(command, HEARTH_STR("("), read->after.sort);
    if (resumes)
        command_add_pair(command, HEARTH_STR("["), after->member);
    else
        command_add_pair(command, HEARTH_STR("["), read->key.collection);
    if (read->key.collection.len == 0) {
        command_add(command, HEARTH_STR("+"));
        return;
    }
    storage_place(&p, read->key.collection);
    *p++ = '\x01'; /* the members go on with NUL */
    command_add_pair(command, HEARTH_STR("("), (hearth_str){last, (size_t)(p - last)});
}

static bool send(struct read *read)
{
    struct connection *connection = local_of(read->ctx)->connection;
    const struct config *conf = read->ctx->conf;
    struct command *command = connection_command(connection);
    struct keys keys;

    keys_of(&keys, conf->prefix, read->kind == READ_SCAN ? &read->after : &read->key);
    if (read->kind == READ_GET)
        build_get(read, command, &keys);
    else if (read->kind == READ_QUERY)
        build_query(read, command, &keys);
    else
        build_scan(read, command, &keys);
    return connection_send(connection, on_reply, read);
}

/* ---- calls ---- */

static struct read *read_create(hearth_ctx *ctx, enum kind kind, const hearth_key *key,
                                hearth_str cursor)
{
    struct read *read = calloc(1, sizeof(*read) + key->collection.len + key->partition.len +
                                      key->sort.len + cursor.len);
    if (!read)
        return NULL;
    char *end = (char *)(read + 1);
    read->ctx = ctx;
    read->kind = kind;
    read->key.collection = storage_place(&end, key->collection);
    read->key.partition = storage_place(&end, key->partition);
    read->key.sort = storage_place(&end, key->sort);
    read->cursor = storage_place(&end, cursor);
    local_of(ctx)->pending++;
    return read;
}

static void submit(struct read *read, bool good)
{
    if (!good)
        refuse_later(read, HEARTH_EINVAL);
    else if (!send(read))
        refuse_later(read, HEARTH_EUNAVAILABLE);
}

void redis_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct read *read = read_create(ctx, READ_GET, key, (hearth_str){NULL, 0});
    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    read->done.get = done;
    read->arg = arg;
    submit(read, !storage_key_problem(key));
}

void redis_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                 uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {collection, partition, prefix};
    struct read *read = read_create(ctx, READ_QUERY, &key, cursor);

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, (hearth_str){NULL, 0}, arg);
        return;
    }
    read->limit = limit;
    read->done.page = done;
    read->arg = arg;
    submit(read, !storage_key_problem(&key) && limit >= 1 && limit <= MAX_LIMIT &&
                     storage_cursor_to_sort(read->cursor, prefix, &read->after.sort));
}

void redis_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {.collection = collection};
    struct read *read = read_create(ctx, READ_SCAN, &key, cursor);

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, (hearth_str){NULL, 0}, arg);
        return;
    }
    read->limit = limit;
    read->done.page = done;
    read->arg = arg;
    submit(read, !storage_part_problem(collection, true) && limit >= 1 && limit <= MAX_LIMIT &&
                     storage_cursor_to_key(read->cursor, collection, &read->after));
}
