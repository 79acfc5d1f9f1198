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

#include <storage_cursor.h>

#define PAGE_BYTES (4u << 20) /* a page ends early when its documents are this large together */
#define MAX_LIMIT  1000

enum read_kind { READ_GET, READ_QUERY, READ_SCAN };

/* One call, with its strings behind it, and later its answer. */
struct request {
    struct request *next;
    enum read_kind kind;
    uint32_t limit;
    int64_t now_ms;
    hearth_key key;    /* QUERY: sort is the prefix; SCAN: collection only, may be empty */
    hearth_str cursor; /* as it was given */
    hearth_key after;  /* what it says; QUERY: sort only, {NULL, 0} without a cursor */
    union {
        hearth_storage_get_fn get;
        hearth_storage_page_fn page;
    } done;
    void *arg;
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
static void collect(struct reader *reader, struct request *request, sqlite3_stmt *statement)
{
    size_t bytes = 0;
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW && request->status == HEARTH_OK) {
        if (expired(statement, request->now_ms))
            continue;
        if (request->count == request->limit || bytes >= PAGE_BYTES) {
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
    char end[HEARTH_STORAGE_MAX_KEY + 1];
    hearth_str prefix = request->key.sort;

    if (prefix.len > 0)
        memcpy(end, prefix.ptr, prefix.len);
    end[prefix.len] = (char)0xff;
    bind_str(reader->query, 1, request->key.collection);
    bind_str(reader->query, 2, request->key.partition);
    bind_str(reader->query, 3, request->after.sort.ptr ? request->after.sort : prefix);
    bind_str(reader->query, 4, (hearth_str){end, prefix.len + 1});
    sqlite3_bind_int(reader->query, 5, request->after.sort.ptr ? 1 : 0);
    collect(reader, request, reader->query);
}

static void read_scan(struct reader *reader, struct request *request)
{
    sqlite3_stmt *statement = request->key.collection.len ? reader->scan_collection : reader->scan;

    bind_str(statement, 1, request->after.collection);
    bind_str(statement, 2, request->after.partition);
    bind_str(statement, 3, request->after.sort);
    if (request->key.collection.len)
        bind_str(statement, 4, request->key.collection);
    collect(reader, request, statement);
}

static void read_get(struct reader *reader, struct request *request)
{
    bind_str(reader->get, 1, request->key.collection);
    bind_str(reader->get, 2, request->key.partition);
    bind_str(reader->get, 3, request->key.sort);
    request->limit = 1;
    collect(reader, request, reader->get);
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
        if (request->kind == READ_GET)
            read_get(reader, request);
        else if (request->kind == READ_QUERY)
            read_query(reader, request);
        else
            read_scan(reader, request);
    }
    reader->read_ns = clock->mono_ns(reader->ctx) - start;
}

/* ---- the answer, back on the loop ---- */

static void answer_page(struct request *request)
{
    hearth_str cursor = {NULL, 0};
    char text[STORAGE_CURSOR_SIZE];
    const hearth_doc **docs = calloc(request->count + 1, sizeof(*docs));
    size_t i = 0;

    if (!docs) {
        request->done.page(HEARTH_EUNAVAILABLE, NULL, 0, cursor, request->arg);
        return;
    }
    for (storage_row *row = request->first; row; row = row->next)
        docs[i++] = &row->doc;
    if (request->more)
        cursor = request->kind == READ_QUERY ? storage_cursor_of_sort(docs[i - 1]->key.sort, text)
                                             : storage_cursor_of_key(&docs[i - 1]->key, text);
    bool ok = request->status == HEARTH_OK;
    request->done.page(request->status, ok ? docs : NULL, ok ? i : 0, cursor, request->arg);
    free(docs);
}

static void answer(struct request *request)
{
    if (request->kind != READ_GET)
        answer_page(request);
    else
        request->done.get(request->status,
                          request->status == HEARTH_OK ? &request->first->doc : NULL, request->arg);
    storage_rows_free(request->first);
    free(request);
}

static void answer_all(struct reader *reader, struct request *request)
{
    while (request) {
        struct request *next = request->next;
        answer(request);
        reader->pending--;
        request = next;
    }
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
    answer_all(reader, answered);
    plugin_check_drained(ctx);
}

/* Answers requests that were refused with a status of their own. */
static void refuse(hearth_ctx *ctx, void *arg)
{
    answer_all(local_of(ctx)->reader, arg);
    plugin_check_drained(ctx);
}

/* A refusal comes later too, as promised; only out of memory it comes at once. */
static void refuse_later(struct reader *reader, struct request *requests, hearth_status status)
{
    for (struct request *request = requests; request; request = request->next)
        request->status = status;
    hearth_ctx *ctx = reader->ctx;
    if (shared_of(ctx)->loop->post(ctx, ctx->loop, refuse, requests) != HEARTH_OK)
        refuse(ctx, requests);
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
        refuse_later(reader, requests, HEARTH_EUNAVAILABLE);
    }
}

/* ---- calls ---- */

static struct request *request_create(enum read_kind kind, hearth_str collection,
                                      hearth_str partition, hearth_str sort, hearth_str cursor)
{
    struct request *request =
        calloc(1, sizeof(*request) + collection.len + partition.len + sort.len + cursor.len);
    if (!request)
        return NULL;
    char *end = (char *)(request + 1);
    request->kind = kind;
    request->key.collection = storage_place(&end, collection);
    request->key.partition = storage_place(&end, partition);
    request->key.sort = storage_place(&end, sort);
    request->cursor = storage_place(&end, cursor);
    request->last = &request->first;
    return request;
}

static void submit(hearth_ctx *ctx, struct request *request, hearth_status status)
{
    struct reader *reader = local_of(ctx)->reader;

    reader->pending++;
    if (status != HEARTH_OK) {
        refuse_later(reader, request, status);
        return;
    }
    *reader->last = request;
    reader->last = &request->next;
    begin(reader);
}

void reader_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct request *request =
        request_create(READ_GET, key->collection, key->partition, key->sort, (hearth_str){NULL, 0});
    if (!request) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    request->done.get = done;
    request->arg = arg;
    submit(ctx, request, storage_key_problem(key) ? HEARTH_EINVAL : HEARTH_OK);
}

void reader_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_key key = {collection, partition, prefix};
    hearth_status status = HEARTH_OK;
    struct request *request = request_create(READ_QUERY, collection, partition, prefix, cursor);

    if (!request) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, (hearth_str){NULL, 0}, arg);
        return;
    }
    request->limit = limit;
    request->done.page = done;
    request->arg = arg;
    if (storage_key_problem(&key) || limit < 1 || limit > MAX_LIMIT ||
        !storage_cursor_to_sort(request->cursor, prefix, &request->after.sort))
        status = HEARTH_EINVAL;
    submit(ctx, request, status);
}

void reader_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    hearth_str none = {NULL, 0};
    hearth_status status = HEARTH_OK;
    struct request *request = request_create(READ_SCAN, collection, none, none, cursor);

    if (!request) {
        done(HEARTH_EUNAVAILABLE, NULL, 0, none, arg);
        return;
    }
    request->limit = limit;
    request->done.page = done;
    request->arg = arg;
    if (storage_part_problem(collection, true) || limit < 1 || limit > MAX_LIMIT ||
        !storage_cursor_to_key(request->cursor, collection, &request->after))
        status = HEARTH_EINVAL;
    submit(ctx, request, status);
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
