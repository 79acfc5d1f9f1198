/*
 * reader.c - reads are queued per loop; one task at a time takes all that are queued and answers
 * them together. So the connection is never used by two threads, and a burst costs one hop to the
 * pool.
 */
#include "reader.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"

#include <storage_op.h>
#include <storage_read.h>

#define PAGE_BYTES (4u << 20) /* a page ends early when its documents are this large together */

/* One call, and later its answer. */
struct request {
    storage_read read; /* first */
    struct request *next;
    int64_t now_ms;
    hearth_status status;
    storage_row *first, **last;
    size_t count;
    bool more; /* another page follows */
};

struct reader {
    hearth_ctx *ctx;
    sqlite3 *database;
    sqlite3_stmt *get, *query, *scan, *scan_collection;
    struct request *first, **last; /* queued, oldest first */
    struct request *running;       /* in the task now */
    size_t pending;                /* not answered yet */
    uint64_t read_ns;              /* of the task that just ended */
    char error[256];               /* of the last failure in the task, or empty */
};

/* ---- in the task ---- */

static void keep_row(struct reader *reader, struct request *request, sqlite3_stmt *statement)
{
    hearth_doc doc = row_doc(statement);
    storage_row *row = storage_row_create(&doc);
    if (!row) {
        request->status = HEARTH_EUNAVAILABLE;
        snprintf(reader->error, sizeof(reader->error), "storage-sqlite: out of memory");
        return;
    }
    *request->last = row;
    request->last = &row->next;
    request->count++;
}

static bool expired(sqlite3_stmt *statement, int64_t now_ms)
{
    int64_t expires_ms = sqlite3_column_int64(statement, 6);
    return expires_ms > 0 && expires_ms <= now_ms;
}

/* Steps through the statement until the page is full; a row beyond it only sets `more`. */
static void collect(struct reader *reader, struct request *request, sqlite3_stmt *statement,
                    size_t limit)
{
    size_t bytes = 0;
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW && request->status == HEARTH_OK) {
        if (expired(statement, request->now_ms))
            continue;
        if (request->count == limit || bytes >= PAGE_BYTES) {
            request->more = true;
            break;
        }
        bytes += (size_t)sqlite3_column_bytes(statement, 7);
        keep_row(reader, request, statement);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        request->status = HEARTH_EUNAVAILABLE;
        snprintf(reader->error, sizeof(reader->error), "sqlite: %s (%d)",
                 sqlite3_errmsg(reader->database), code);
    }
    sqlite3_reset(statement);
}

/* No string of UTF-8 that begins with the prefix is as large as the prefix with a byte 0xff behind.
 */
static void read_query(struct reader *reader, struct request *request)
{
    const storage_read *read = &request->read;
    char end[HEARTH_STORAGE_MAX_KEY + 1];
    hearth_str prefix = read->key.sort;

    if (prefix.len > 0)
        memcpy(end, prefix.ptr, prefix.len);
    end[prefix.len] = (char)0xff;
    bind_str(reader->query, 1, read->key.collection);
    bind_str(reader->query, 2, read->key.partition);
    bind_str(reader->query, 3, read->after.sort.ptr ? read->after.sort : prefix);
    bind_str(reader->query, 4, (hearth_str){end, prefix.len + 1});
    sqlite3_bind_int(reader->query, 5, read->after.sort.ptr ? 1 : 0);
    collect(reader, request, reader->query, read->limit);
}

static void read_scan(struct reader *reader, struct request *request)
{
    const storage_read *read = &request->read;
    sqlite3_stmt *statement = read->key.collection.len ? reader->scan_collection : reader->scan;

    bind_str(statement, 1, read->after.collection);
    bind_str(statement, 2, read->after.partition);
    bind_str(statement, 3, read->after.sort);
    if (read->key.collection.len)
        bind_str(statement, 4, read->key.collection);
    collect(reader, request, statement, read->limit);
}

static void read_get(struct reader *reader, struct request *request)
{
    const hearth_key *key = &request->read.key;
    bind_str(reader->get, 1, key->collection);
    bind_str(reader->get, 2, key->partition);
    bind_str(reader->get, 3, key->sort);
    collect(reader, request, reader->get, 1);
    if (request->status == HEARTH_OK && request->count == 0)
        request->status = HEARTH_ENOTFOUND;
}

static void work(void *arg)
{
    struct reader *reader = arg;
    const hearth_clock *clock = shared_of(reader->ctx)->clock;
    uint64_t start = clock->mono_ns(reader->ctx);

    reader->error[0] = '\0';
    for (struct request *request = reader->running; request; request = request->next) {
        request->now_ms = clock->wall_ms(reader->ctx);
        if (request->read.kind == STORAGE_GET)
            read_get(reader, request);
        else if (request->read.kind == STORAGE_QUERY)
            read_query(reader, request);
        else
            read_scan(reader, request);
    }
    reader->read_ns = clock->mono_ns(reader->ctx) - start;
}

/* ---- the answer, back on the loop ---- */

static void answer(struct request *request)
{
    const hearth_doc **docs = calloc(request->count + 1, sizeof(*docs));
    storage_row *rows = request->first;
    size_t count = 0;

    for (storage_row *row = rows; docs && row; row = row->next)
        docs[count++] = &row->doc;
    storage_read_answer(&request->read, docs ? request->status : HEARTH_EUNAVAILABLE, docs, count,
                        request->more);
    storage_rows_free(rows);
    free(docs);
}

static void begin(struct reader *reader);

static void finish(hearth_ctx *ctx, void *arg)
{
    struct reader *reader = arg;
    struct request *answered = reader->running;

    reader->running = NULL;
    shared_of(ctx)->metrics->observe(local_of(ctx)->read_seconds, (double)reader->read_ns / 1e9);
    plugin_report_contact(ctx, reader->error[0] ? reader->error : NULL);
    begin(reader); /* the next task works while these are answered */
    while (answered) {
        struct request *next = answered->next;
        answer(answered);
        answered = next;
    }
}

/* Starts a task for what is queued, unless one runs. */
static void begin(struct reader *reader)
{
    struct request *requests = reader->first;

    if (reader->running || !requests)
        return;
    reader->first = NULL;
    reader->last = &reader->first;
    reader->running = requests;
    if (shared_of(reader->ctx)->task->run(reader->ctx, work, finish, reader) != HEARTH_OK) {
        reader->running = NULL;
        while (requests) {
            struct request *next = requests->next;
            storage_read_refuse(&requests->read, HEARTH_EUNAVAILABLE);
            requests = next;
        }
    }
}

/* ---- calls ---- */

static bool queue(storage_read *read)
{
    struct reader *reader = local_of(read->ctx)->reader;
    struct request *request = (struct request *)read;

    request->last = &request->first;
    *reader->last = request;
    reader->last = &request->next;
    begin(reader);
    return true;
}

static void call_begun(hearth_ctx *ctx)
{
    local_of(ctx)->reader->pending++;
}

static void call_ended(hearth_ctx *ctx)
{
    local_of(ctx)->reader->pending--;
    plugin_check_drained(ctx);
}

static const storage_reader calls = {sizeof(struct request), queue, call_begun, call_ended};

void reader_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    storage_read_get(&calls, ctx, key, done, arg);
}

void reader_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    storage_read_query(&calls, ctx, collection, partition, prefix, limit, cursor, done, arg);
}

void reader_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    storage_read_scan(&calls, ctx, collection, limit, cursor, done, arg);
}

int reader_busy(const struct reader *reader)
{
    return reader && reader->pending > 0;
}

/* ---- start and stop ---- */

static bool prepare(struct reader *reader)
{
    static const char from[] = "SELECT " DOCUMENT_COLUMNS " FROM documents WHERE ";
    static const char order[] = " ORDER BY collection, partition, sort";
    char sql[512];

    snprintf(sql, sizeof(sql), "%scollection=?1 AND partition=?2 AND sort=?3", from);
    reader->get = database_prepare(reader->database, sql);
    snprintf(sql, sizeof(sql),
             "%scollection=?1 AND partition=?2 AND sort>=?3 AND sort<?4 AND (?5=0 OR sort>?3)%s",
             from, order);
    reader->query = database_prepare(reader->database, sql);
    snprintf(sql, sizeof(sql), "%s(collection, partition, sort)>(?1,?2,?3)%s", from, order);
    reader->scan = database_prepare(reader->database, sql);
    snprintf(sql, sizeof(sql), "%scollection=?4 AND (collection, partition, sort)>(?1,?2,?3)%s",
             from, order);
    reader->scan_collection = database_prepare(reader->database, sql);
    return reader->get && reader->query && reader->scan && reader->scan_collection;
}

struct reader *reader_create(hearth_ctx *ctx, char *error, size_t error_size)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    if (!reader) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    reader->ctx = ctx;
    reader->last = &reader->first;
    reader->database = database_open_reader(shared_of(ctx)->path, error, error_size);
    if (!reader->database)
        goto destroy;
    if (!prepare(reader)) {
        snprintf(error, error_size, "%s", sqlite3_errmsg(reader->database));
        goto destroy;
    }
    return reader;
destroy:
    reader_destroy(reader);
    return NULL;
}

void reader_destroy(struct reader *reader)
{
    if (!reader)
        return;
    sqlite3_finalize(reader->get);
    sqlite3_finalize(reader->query);
    sqlite3_finalize(reader->scan);
    sqlite3_finalize(reader->scan_collection);
    sqlite3_close(reader->database);
    free(reader);
}
