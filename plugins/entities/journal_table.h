/*
 * journal_table.h - the SQLite side of the journal: file, table, statements. One thread at a time.
 */
#ifndef ENTITIES_JOURNAL_TABLE_H
#define ENTITIES_JOURNAL_TABLE_H

#include <sqlite3.h>

#include "journal.h"

#define DIRECTORY_SIZE 64

struct journal_table {
    sqlite3 *database;
    sqlite3_stmt *begin, *insert, *delete, *commit;
    char directory[DIRECTORY_SIZE];
    uint64_t start;    /* number of this start */
    uint64_t last_seq; /* the newest ever given */
    uint64_t rows;
};

/* -1: `error` says why; finish is due all the same. */
int journal_table_init(struct journal_table *table, const char *path, const char *new_directory,
                       const char *storage, char *error, size_t error_size);
void journal_table_finish(struct journal_table *table);

/* The steps of one transaction: SQLITE_OK, or what went wrong. After a failure of any of them only
 * rollback is allowed. */
int journal_table_begin(struct journal_table *table);
int journal_table_insert(struct journal_table *table, const struct journal_row *row);
int journal_table_delete(struct journal_table *table, uint64_t seq, bool *existed);
/* Writes something that means nothing; SQLite leaves a page out that does not change. */
int journal_table_touch(struct journal_table *table);
int journal_table_commit(struct journal_table *table);
void journal_table_rollback(struct journal_table *table);

/* Keeps the newest row of each key only (conflicts stand for themselves): what a crash left between
 * a row and the deletion of the one before it. */
int journal_table_compact(struct journal_table *table);

/* Visits rows in order of seq: `where` is a condition on the columns with ?1 and ?2. */
int journal_table_visit(struct journal_table *table, const char *where, uint64_t first,
                        uint64_t second, bool (*each)(const struct journal_row *row, void *arg),
                        void *arg);

#endif
