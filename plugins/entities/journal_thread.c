/*
 * journal_thread.c - the journal's thread. Each wake-up takes what all loops have queued, writes it
 * in one transaction with one fsync, and tells each loop once.
 *
 * If the transaction fails, nothing of it counts: every entry is answered as failed. Because an
 * fsync that failed says nothing about what was written, a crash might still find it complete at
 * the end of the log; so the thread writes over that place as soon as the disk lets it.
 */
#include "journal_thread.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal_unsafe.h"

#define BATCH_ENTRIES  4096 /* bounds how long the first one waits */
#define DELETES_BESIDE 512  /* deletes that ride on a transaction of appends */
#define DELETES_ALONE  4096
#define IDLE_MS        200 /* before deletes get a transaction of their own */

/* ---- back to the loops ---- */

static void deliver_entries(hearth_ctx *ctx, void *arg)
{
    struct journal_entry *entry = arg;
    while (entry) {
        struct journal_entry *next = entry->next;
        entry->done(ctx, entry);
        entry = next;
    }
}

static void deliver_call(hearth_ctx *ctx, void *arg)
{
    struct journal_call *call = arg;
    call->done(ctx, call);
}

/* Only a lack of memory delays an answer; a loop that has stopped wants none. */
static void post(struct journal *journal, uint32_t loop, hearth_loop_fn fn, void *arg)
{
    while (journal->loop->post(journal->ctx, loop, fn, arg) == HEARTH_ENOMEM)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* One post per loop: entries of a loop keep their order. */
static void deliver(struct journal *journal, struct journal_entry *batch)
{
    while (batch) {
        uint32_t loop = batch->loop;
        struct journal_entry *mine = NULL, **mine_last = &mine, *rest = NULL, **rest_last = &rest;
        for (struct journal_entry *entry = batch; entry; entry = entry->next) {
            struct journal_entry ***link = entry->loop == loop ? &mine_last : &rest_last;
            **link = entry;
            *link = &entry->next;
        }
        *mine_last = *rest_last = NULL;
        post(journal, loop, deliver_entries, mine);
        batch = rest;
    }
}

/* ---- one transaction [journal thread] ---- */

static size_t take_forgotten(struct journal *journal, uint64_t *seqs, size_t limit)
{
    pthread_mutex_lock(&journal->lock);
    size_t count = journal->forgotten_count < limit ? journal->forgotten_count : limit;
    journal->forgotten_count -= count;
    if (count > 0)
        memcpy(seqs, journal->forgotten + journal->forgotten_count, count * sizeof(*seqs));
    pthread_mutex_unlock(&journal->lock);
    return count;
}

/* A conflict takes its place at once: it does not count as a newer row of its key. */
static int replace_row(struct journal *journal, const struct journal_entry *entry,
                       uint64_t *deleted)
{
    bool existed = false;
    int code = journal_table_insert(&journal->table, &entry->row);
    if (code == 0 && entry->row.state == ROW_CONFLICT && entry->obsolete)
        code = journal_table_delete(&journal->table, entry->obsolete, &existed);
    *deleted += existed;
    return code;
}

static int write_rows(struct journal *journal, struct journal_entry *batch, const uint64_t *seqs,
                      size_t count, uint64_t *deleted)
{
    struct journal_table *table = &journal->table;
    int code = journal_table_begin(table);

    if (code == 0 && journal->scrub)
        code = journal_table_touch(table);
    for (struct journal_entry *entry = batch; entry && code == 0; entry = entry->next)
        code = replace_row(journal, entry, deleted);
    for (size_t i = 0; i < count && code == 0; i++) {
        bool existed;
        code = journal_table_delete(table, seqs[i], &existed);
        *deleted += existed;
    }
    return code == 0 ? journal_table_commit(table) : code;
}

static void fail_batch(struct journal *journal, struct journal_entry *batch)
{
    char error[sizeof(batch->error)];
    snprintf(error, sizeof(error), "journal: %s (%d)", sqlite3_errmsg(journal->table.database),
             sqlite3_extended_errcode(journal->table.database));
    journal_table_rollback(&journal->table);
    for (struct journal_entry *entry = batch; entry; entry = entry->next) {
        entry->failed = true;
        memcpy(entry->error, error, sizeof(error));
    }
}

#ifdef HEARTH_UNSAFE_ACK_BEFORE_FSYNC
static struct journal_entry *acknowledge_before_fsync(struct journal *journal,
                                                      struct journal_entry *batch)
{
    struct journal_entry *copy = journal_unsafe_copy(batch);
    if (!copy)
        return batch;
    deliver(journal, batch);
    nanosleep(&(struct timespec){.tv_nsec = JOURNAL_UNSAFE_MS * 1000000L}, NULL);
    return copy;
}
#endif

/* Writes the batch (NULL: only deletes). The rows it made obsolete go only after it is on disk. */
static bool write_batch(struct journal *journal, struct journal_entry *batch, size_t max_deletes)
{
    uint64_t seqs[DELETES_ALONE], inserted = 0, deleted = 0;
    uint64_t start = journal->clock->mono_ns(journal->ctx);

    for (struct journal_entry *entry = batch; entry; entry = entry->next, inserted++)
        entry->row.seq = ++journal->table.last_seq;
    size_t count = take_forgotten(journal, seqs, max_deletes);
    if (!batch && count == 0 && !journal->scrub)
        return true;
#ifdef HEARTH_UNSAFE_ACK_BEFORE_FSYNC
    batch = acknowledge_before_fsync(journal, batch);
#endif
    bool ok = write_rows(journal, batch, seqs, count, &deleted) == 0;
    if (!ok)
        fail_batch(journal, batch);
    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < count && !ok; i++)
        journal_forget_locked(journal, seqs[i]);
    for (struct journal_entry *entry = batch; entry && ok; entry = entry->next)
        journal_forget_locked(journal, entry->obsolete);
    pthread_mutex_unlock(&journal->lock);
    journal->scrub = !ok;
    if (ok) {
        journal->table.rows += inserted - deleted;
        atomic_store(&journal->rows, journal->table.rows);
    }
    if (batch)
        batch->seconds = (double)(journal->clock->mono_ns(journal->ctx) - start) / 1e9;
    deliver(journal, batch);
    return ok;
}

/* ---- the thread ---- */

struct work {
    struct journal_entry *batch;
    struct journal_call *call;
    bool idle, stop;
};

static void wait_a_moment(struct journal *journal)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&journal->wake, &journal->lock, &until);
}

static void take_work(struct journal *journal, struct work *work)
{
    *work = (struct work){0};
    pthread_mutex_lock(&journal->lock);
    while (!journal->first && !journal->calls && !journal->stopping && !work->idle) {
        if (journal->forgotten_count > 0 || journal->scrub) {
            wait_a_moment(journal);
            work->idle = !journal->first && !journal->calls;
        } else {
            pthread_cond_wait(&journal->wake, &journal->lock);
        }
    }
    work->batch = journal->first;
    struct journal_entry **link = &journal->first;
    for (size_t n = 0; *link && n < BATCH_ENTRIES; n++)
        link = &(*link)->next;
    if (work->batch) {
        journal->first = *link;
        *link = NULL;
        if (!journal->first)
            journal->last = &journal->first;
    }
    work->call = journal->calls;
    if (work->call) {
        journal->calls = work->call->next;
        if (!journal->calls)
            journal->last_call = &journal->calls;
    }
    work->stop = journal->stopping && !work->batch && !work->call;
    pthread_mutex_unlock(&journal->lock);
}

static size_t forgotten_left(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    size_t count = journal->forgotten_count;
    pthread_mutex_unlock(&journal->lock);
    return count;
}

static void forget_all(struct journal *journal)
{
    while (forgotten_left(journal) > 0 && write_batch(journal, NULL, DELETES_ALONE))
        ;
}

void *journal_thread(void *arg)
{
    struct journal *journal = arg;
    struct work work;

    for (;;) {
        take_work(journal, &work);
        if (work.stop)
            break;
        if (work.batch)
            write_batch(journal, work.batch, DELETES_BESIDE);
        else if (work.idle)
            write_batch(journal, NULL, DELETES_ALONE);
        if (work.call) {
            forget_all(journal); /* what is forgotten is not shown any more */
            work.call->run(journal, work.call);
            post(journal, work.call->loop, deliver_call, work.call);
        }
    }
    forget_all(journal);
    return NULL;
}
