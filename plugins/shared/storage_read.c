/*
 * storage_read.c - see storage_read.h.
 */
#include "storage_read.h"

#include <stdlib.h>

#include "storage_cursor.h"
#include "storage_op.h"

#define MAX_LIMIT 1000

static const hearth_str nothing;

void storage_read_answer(storage_read *read, hearth_status status, const hearth_doc *const *docs,
                         size_t count, bool more)
{
    hearth_ctx *ctx = read->ctx;
    char text[STORAGE_CURSOR_SIZE];
    hearth_str cursor = nothing;

    if (status != HEARTH_OK)
        count = 0;
    if (more && count > 0 && read->kind == STORAGE_QUERY)
        cursor = storage_cursor_of_sort(docs[count - 1]->key.sort, text);
    else if (more && count > 0)
        cursor = storage_cursor_of_key(&docs[count - 1]->key, text);
    if (read->kind == STORAGE_GET)
        read->done.get(status, count > 0 ? docs[0] : NULL, read->arg);
    else
        read->done.page(status, count > 0 ? docs : NULL, count, cursor, read->arg);
    void (*ended)(hearth_ctx * ctx) = read->reader->ended;
    free(read);
    ended(ctx);
}

static void refuse(hearth_ctx *ctx, void *arg)
{
    storage_read *read = arg;
    (void)ctx;
    storage_read_answer(read, read->status, NULL, 0, false);
}

/* Only out of memory it comes at once. */
void storage_read_refuse(storage_read *read, hearth_status status)
{
    read->status = status;
    if (hearth_loop_get(read->ctx)->post(read->ctx, read->ctx->loop, refuse, read) != HEARTH_OK)
        refuse(read->ctx, read);
}

static void submit(storage_read *read, bool good)
{
    if (!good)
        storage_read_refuse(read, HEARTH_EINVAL);
    else if (!read->reader->send(read))
        storage_read_refuse(read, HEARTH_EUNAVAILABLE);
}

/* *cursor becomes the copy of it. */
static storage_read *create(const storage_reader *reader, hearth_ctx *ctx, storage_read_kind kind,
                            const hearth_key *key, hearth_str *cursor)
{
    storage_read *read = calloc(1, reader->size + key->collection.len + key->partition.len +
                                       key->sort.len + cursor->len);
    if (!read)
        return NULL;
    char *end = (char *)read + reader->size;
    read->ctx = ctx;
    read->kind = kind;
    read->reader = reader;
    read->key.collection = storage_place(&end, key->collection);
    read->key.partition = storage_place(&end, key->partition);
    read->key.sort = storage_place(&end, key->sort);
    *cursor = storage_place(&end, *cursor);
    reader->begun(ctx);
    return read;
}

void storage_read_get(const storage_reader *reader, hearth_ctx *ctx, const hearth_key *key,
                      hearth_storage_get_fn done, void *arg)
{
    hearth_str cursor = nothing;
    storage_read *read = create(reader, ctx, STORAGE_GET, key, &cursor);
    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    read->done.get = done;
    read->arg = arg;
    submit(read, !storage_key_problem(key));
}

/* The rest of a query or scan, once its cursor was looked at. */
static void submit_page(storage_read *read, uint32_t limit, hearth_storage_page_fn done, void *arg,
                        bool good)
{
    read->limit = limit;
    read->done.page = done;
    read->arg = arg;
    submit(read, good && limit >= 1 && limit <= MAX_LIMIT);
}

void storage_read_query(const storage_reader *reader, hearth_ctx *ctx, hearth_str collection,
                        hearth_str partition, hearth_str prefix, uint32_t limit, hearth_str cursor,
                        hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {collection, partition, prefix};
    storage_read *read = create(reader, ctx, STORAGE_QUERY, &key, &cursor);
    hearth_str sort = nothing;

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, nothing, arg);
        return;
    }
    bool good =
        !storage_key_problem(&read->key) && storage_cursor_to_sort(cursor, read->key.sort, &sort);
    if (good && sort.ptr)
        read->after = (hearth_key){read->key.collection, read->key.partition, sort};
    submit_page(read, limit, done, arg, good);
}

void storage_read_scan(const storage_reader *reader, hearth_ctx *ctx, hearth_str collection,
                       uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {.collection = collection};
    storage_read *read = create(reader, ctx, STORAGE_SCAN, &key, &cursor);

    if (!read) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, nothing, arg);
        return;
    }
    submit_page(read, limit, done, arg,
                !storage_part_problem(collection, true) &&
                    storage_cursor_to_key(cursor, read->key.collection, &read->after));
}
