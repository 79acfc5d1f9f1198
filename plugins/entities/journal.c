/*
 * journal.c - the loops' side of the journal: they queue under a lock what its thread is to do, and
 * wake it. Also its life, and what is read before the thread runs, or on it.
 */
#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "journal_thread.h"

/* ---- from the loops ---- */

void journal_append(struct journal *journal, struct journal_entry *entry)
{
    entry->next = NULL;
    entry->failed = false;
    entry->seconds = 0;
    pthread_mutex_lock(&journal->lock);
    bool idle = !journal->first;
    *journal->last = entry;
    journal->last = &entry->next;
    if (idle)
        pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
}

void journal_call(struct journal *journal, struct journal_call *call)
{
    call->next = NULL;
    pthread_mutex_lock(&journal->lock);
    *journal->last_call = call;
    journal->last_call = &call->next;
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
}

void journal_forget_locked(struct journal *journal, uint64_t seq)
{
    if (seq == 0)
        return;
    if (journal->forgotten_count == journal->forgotten_size) {
        size_t size = journal->forgotten_size ? journal->forgotten_size * 2 : 1024;
        uint64_t *grown = realloc(journal->forgotten, size * sizeof(*grown));
        if (!grown)
            return;
        journal->forgotten = grown;
        journal->forgotten_size = size;
    }
    journal->forgotten[journal->forgotten_count++] = seq;
}

void journal_forget(struct journal *journal, uint64_t seq)
{
    pthread_mutex_lock(&journal->lock);
    bool first = journal->forgotten_count == 0;
    journal_forget_locked(journal, seq);
    if (first)
        pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
}

uint64_t journal_rows(const struct journal *journal)
{
    return atomic_load(&journal->rows);
}

/* ---- open, replay, close [main] ---- */

struct journal *journal_open(const char *path, const char *new_directory, const char *storage,
                             char *error, size_t error_size)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    pthread_condattr_t attributes;

    if (!journal) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    if (journal_table_init(&journal->table, path, new_directory, storage, error, error_size) < 0) {
        journal_table_finish(&journal->table);
        free(journal);
        return NULL;
    }
    journal->last = &journal->first;
    journal->last_call = &journal->calls;
    atomic_init(&journal->rows, journal->table.rows);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&journal->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return journal;
}

bool journal_run(struct journal *journal, hearth_ctx *ctx, const hearth_loop_api *loop,
                 const hearth_clock *clock)
{
    journal->ctx = ctx;
    journal->loop = loop;
    journal->clock = clock;
    journal->running = pthread_create(&journal->thread, NULL, journal_thread, journal) == 0;
    return journal->running;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    if (journal->running) {
        pthread_mutex_lock(&journal->lock);
        journal->stopping = true;
        pthread_cond_signal(&journal->wake);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
    }
    journal_table_finish(&journal->table);
    pthread_cond_destroy(&journal->wake);
    pthread_mutex_destroy(&journal->lock);
    free(journal->forgotten);
    free(journal);
}

int journal_replay(struct journal *journal, bool (*each)(const struct journal_row *row, void *arg),
                   void *arg, char *error, size_t error_size)
{
    if (journal_table_compact(&journal->table) == 0 &&
        journal_table_visit(&journal->table, "seq > ?1 AND seq > ?2 ORDER BY seq", 0, 0, each,
                            arg) == 0) {
        atomic_store(&journal->rows, journal->table.rows);
        return 0;
    }
    snprintf(error, error_size, "journal: cannot be replayed: %s",
             sqlite3_errmsg(journal->table.database));
    return -1;
}

int journal_read_dead(struct journal *journal, uint64_t seq, uint32_t limit,
                      bool (*each)(const struct journal_row *row, void *arg), void *arg)
{
    return journal_table_visit(
        &journal->table,
        seq ? "seq = ?1 AND ?2 > 0 AND state IN ('dead', 'conflict')"
            : "seq > ?1 AND state IN ('dead', 'conflict') ORDER BY seq LIMIT ?2",
        seq, limit, each, arg);
}

const char *journal_directory(const struct journal *journal)
{
    return journal->table.directory;
}

uint64_t journal_start_number(const struct journal *journal)
{
    return journal->table.start;
}
