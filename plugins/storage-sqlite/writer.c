/*
 * writer.c - the writer thread. Each wake-up takes everything that is queued, as far as one
 * transaction should reach, and answers all of it after one fsync.
 *
 * Within the transaction every op is judged against what is there now, which earlier ops of the
 * same batch may have changed. A job of `transact` runs in a savepoint. If the commit fails,
 * nothing has happened and every op is to be retried.
 */
#include "writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "job.h"
#include "statements.h"

#define BATCH_OPS 4096 /* one transaction's ops; bounds how long the first one waits */

struct writer {
    struct shared *shared;
    sqlite3 *database;
    struct statements statements;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last; /* queued, oldest first; under lock, as are the next three */
    size_t depth;              /* ops of queued jobs and of those being written */
    size_t max_depth;
    bool stopping;
};

/* ---- back to the loop ---- */

static struct job *job_create(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                              bool atomic, hearth_storage_write_fn done, void *arg)
{
    struct job *job =
        storage_call_create(sizeof(*job), ops, count, atomic, MAX_TRANSACT, done, arg);
    if (!job)
        return NULL;
    job->ctx = ctx;
    /* SQLite's json_valid lets in what the other backends do not: bytes behind a NUL or of no
     * UTF-8. */
    storage_call_check_bodies(&job->call, ctx, shared_of(ctx)->json, shared_of(ctx)->arena);
    return job;
}

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    struct local *local = local_of(ctx);
    struct shared *shared = shared_of(ctx);

    if (job->batch_ops > 0) {
        shared->metrics->observe(local->commit_seconds, (double)job->commit_ns / 1e9);
        shared->metrics->observe(local->commit_ops, (double)job->batch_ops);
    }
    plugin_report_contact(ctx, job->error);
    if (job->call.done)
        job->call.done(job->call.result_list, job->call.count, job->call.arg);
    bool more = job->more && !job->error;
    storage_call_destroy(job);
    local->writes_pending--;
    if (more && local->purge) /* however fast documents expire, the file does not grow by them */
        writer_purge(ctx);
    plugin_check_drained(ctx);
}

/* Only a lack of memory delays an answer; a loop that has stopped wants none. [writer thread] */
static void send_back(struct writer *writer, struct job *job)
{
    for (;;) {
        hearth_status status = writer->shared->loop->post(job->ctx, job->ctx->loop, deliver, job);
        if (status == HEARTH_OK)
            return;
        if (status != HEARTH_ENOMEM) {
            storage_call_destroy(job);
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* ---- one batch [writer thread] ---- */

static void fail_batch(struct writer *writer, struct job *batch)
{
    char text[sizeof(batch->error_text)];

    snprintf(text, sizeof(text), "sqlite: %s (%d)", sqlite3_errmsg(writer->database),
             sqlite3_extended_errcode(writer->database));
    if (!sqlite3_get_autocommit(writer->database))
        database_run(writer->database, "ROLLBACK");
    for (struct job *job = batch; job; job = job->next) {
        memcpy(job->error_text, text, sizeof(text));
        job->error = job->error_text;
        storage_call_fail(&job->call, HEARTH_STORAGE_RETRY, job->error);
    }
}

static void write_batch(struct writer *writer, struct job *batch)
{
    const hearth_clock *clock = writer->shared->clock;
    uint64_t start = clock->mono_ns(batch->ctx);
    size_t ops = 0;

    int code = database_run(writer->database, "BEGIN IMMEDIATE");
    for (struct job *job = batch; job && code == SQLITE_OK; job = job->next) {
        code = job_write(&writer->statements, job, clock->wall_ms(job->ctx));
        ops += job->call.count;
    }
    if (code == SQLITE_OK)
        code = database_run(writer->database, "COMMIT");
    if (code != SQLITE_OK)
        fail_batch(writer, batch);
    batch->commit_ns = clock->mono_ns(batch->ctx) - start;
    batch->batch_ops = ops;
}

/* Takes the oldest jobs, at least one and about BATCH_OPS ops; NULL when it is time to end. */
static struct job *take_batch(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->stopping)
        pthread_cond_wait(&writer->wake, &writer->lock);
    struct job *batch = writer->first, **link = &writer->first;
    for (size_t ops = 0; *link && ops < BATCH_OPS; link = &(*link)->next)
        ops += (*link)->call.count;
    if (batch) {
        writer->first = *link;
        *link = NULL;
        if (!writer->first)
            writer->last = &writer->first;
    }
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

static void *run(void *arg)
{
    struct writer *writer = arg;
    struct job *batch;

    while ((batch = take_batch(writer))) {
        size_t ops = 0;
        write_batch(writer, batch);
        while (batch) {
            struct job *next = batch->next;
            ops += batch->call.count;
            send_back(writer, batch);
            batch = next;
        }
        pthread_mutex_lock(&writer->lock);
        writer->depth -= ops;
        pthread_mutex_unlock(&writer->lock);
    }
    return NULL;
}

/* ---- from the loops ---- */

/* Queues the job, or answers RETRY, later, when the queue is full. */
static void submit(hearth_ctx *ctx, struct job *job)
{
    struct writer *writer = shared_of(ctx)->writer;

    local_of(ctx)->writes_pending++;
    pthread_mutex_lock(&writer->lock);
    bool full = writer->depth > 0 && writer->depth + job->call.count > writer->max_depth;
    if (!full) {
        bool idle = !writer->first;
        *writer->last = job;
        writer->last = &job->next;
        writer->depth += job->call.count;
        if (idle)
            pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    if (full) {
        job->error = "storage-sqlite: the write queue is full";
        storage_call_fail(&job->call, HEARTH_STORAGE_RETRY, job->error);
        send_back(writer, job);
    }
}

static void call(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count, bool atomic,
                 hearth_storage_write_fn done, void *arg)
{
    struct job *job = job_create(ctx, ops, count, atomic, done, arg);
    if (job)
        submit(ctx, job);
    else
        storage_fail_now(count, done, arg);
}

void writer_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg)
{
    call(ctx, ops, count, false, done, arg);
}

void writer_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg)
{
    call(ctx, ops, count, true, done, arg);
}

void writer_purge(hearth_ctx *ctx)
{
    struct job *job = job_create(ctx, NULL, 0, false, NULL, NULL);
    if (!job)
        return; /* the next one will do */
    job->purge = true;
    submit(ctx, job);
}

size_t writer_depth(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    size_t depth = writer->depth;
    pthread_mutex_unlock(&writer->lock);
    return depth;
}

/* ---- start and stop [main] ---- */

static void finish(struct writer *writer)
{
    statements_finish(&writer->statements);
    sqlite3_close(writer->database);
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

struct writer *writer_create(struct shared *shared, sqlite3 *database, size_t max_queue)
{
    struct writer *writer = calloc(1, sizeof(*writer));
    if (!writer) {
        sqlite3_close(database);
        return NULL;
    }
    writer->shared = shared;
    writer->database = database;
    writer->last = &writer->first;
    writer->max_depth = max_queue;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, NULL);
    if (!statements_init(&writer->statements, database) ||
        pthread_create(&writer->thread, NULL, run, writer) != 0) {
        finish(writer);
        return NULL;
    }
    return writer;
}

void writer_destroy(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    finish(writer);
}
