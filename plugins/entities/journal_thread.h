/*
 * journal_thread.h - what the loops' side of the journal (journal.c) and its thread
 * (journal_thread.c) share.
 */
#ifndef ENTITIES_JOURNAL_THREAD_H
#define ENTITIES_JOURNAL_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal_table.h"

struct journal {
    struct journal_table table;
    hearth_ctx *ctx;
    const hearth_loop_api *loop;
    const hearth_clock *clock;
    pthread_t thread;
    bool running;
    bool scrub; /* the log may end with a transaction that failed; the thread's own */
    _Atomic uint64_t rows;

    pthread_mutex_t lock; /* over all below */
    pthread_cond_t wake;
    struct journal_entry *first, **last;
    struct journal_call *calls, **last_call;
    uint64_t *forgotten; /* a stack */
    size_t forgotten_count, forgotten_size;
    bool stopping;
};

/* Remembers a row that nobody needs any more; the lock is held. */
void journal_forget_locked(struct journal *journal, uint64_t seq);

/* The thread; its argument is the journal. */
void *journal_thread(void *arg);

#endif
