/*
 * journal.h - the local journal: a change that was appended has been fsynced and is replayed at the
 * next start until it is forgotten. One SQLite table, written by one thread for all loops.
 */
#ifndef ENTITIES_JOURNAL_H
#define ENTITIES_JOURNAL_H

#include <hearth/clock.h>
#include <hearth/loop.h>
#include <hearth/service/storage.h>

#include <stdbool.h>

#define WRITE_ID_SIZE 96

struct journal;

enum row_state {
    ROW_LIVE = 0,     /* to be written to storage */
    ROW_DEAD = 1,     /* a dead letter: storage does not take it */
    ROW_CONFLICT = 2, /* a dead letter: storage has somebody else's state, which counts */
    ROW_REMOVED = 3   /* the entity is being deleted, and its claims, named in the body */
};

/* What the journal is told about one version of one entity, or tells at replay. Strings of an entry
 * that is appended stay valid until it is done. */
struct journal_row {
    uint64_t seq; /* names the row; given by the journal */
    enum row_state state;
    hearth_key key;
    uint64_t version;
    uint64_t base; /* the version that storage had confirmed; CONFLICT: that it has now, 0: none */
    hearth_str write_id;
    hearth_str body;
    hearth_str error; /* why it is dead */
    int64_t time_ms;
};

struct journal_entry {
    struct journal_entry *next;
    uint32_t loop;
    struct journal_row row;
    uint64_t obsolete; /* a row to forget once this one is on disk; 0: none */
    bool failed;       /* nothing was written, and never will be */
    double seconds;    /* how long the transaction took; 0 but in the first entry of each */
    void (*done)(hearth_ctx *ctx, struct journal_entry *entry); /* on its loop */
    char write_id[WRITE_ID_SIZE];
    char error[200]; /* why it failed */
};

/* Work of another kind for the thread that owns the table: reading dead letters. */
struct journal_call {
    struct journal_call *next;
    uint32_t loop;
    void (*run)(struct journal *journal, struct journal_call *call); /* journal thread */
    void (*done)(hearth_ctx *ctx, struct journal_call *call);        /* on its loop */
};

/* Opens or creates the file and finds out what is left in it. `storage` names the storage that the
 * changes are for. NULL: `error` says why in one sentence. [main] */
struct journal *journal_open(const char *path, const char *new_directory, const char *storage,
                             char *error, size_t error_size);
/* Writes what is queued, forgets what is to be forgotten, ends. NULL is fine. [main] */
void journal_close(struct journal *journal);

/* Reads what has to be replayed, newest row of each key only, and every dead letter; before run.
 * 0, or -1 when the table cannot be read or `each` answers false. [main] */
int journal_replay(struct journal *journal, bool (*each)(const struct journal_row *row, void *arg),
                   void *arg, char *error, size_t error_size);
/* Starts the thread. ctx is any ctx of the plugin that posts to loops until close. [main] */
bool journal_run(struct journal *journal, hearth_ctx *ctx, const hearth_loop_api *loop,
                 const hearth_clock *clock);

/* The name of this data directory, and how often it was started. [any] */
const char *journal_directory(const struct journal *journal);
uint64_t journal_start_number(const struct journal *journal);

/* Queues an entry; done runs once. Never fails. [loop] */
void journal_append(struct journal *journal, struct journal_entry *entry);
/* Rows that nobody needs any more: deleted some time later. A row that is not forgotten for lack of
 * memory is replayed and found confirmed. 0 is ignored. [any] */
void journal_forget(struct journal *journal, uint64_t seq);
/* Runs call->run on the thread of the journal. [loop] */
void journal_call(struct journal *journal, struct journal_call *call);

/* Rows in the table now. [any] */
uint64_t journal_rows(const struct journal *journal);

/* ---- for journal_call.run, on the journal's thread ---- */

/* Visits dead letters (seq 0: all, at most `limit`) in order; false from `each` ends it. Returns -1
 * when the table cannot be read. */
int journal_read_dead(struct journal *journal, uint64_t seq, uint32_t limit,
                      bool (*each)(const struct journal_row *row, void *arg), void *arg);

#endif
