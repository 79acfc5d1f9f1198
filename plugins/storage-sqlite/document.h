/*
 * document.h - documents on their way in and out of the database.
 * One row is one heap block, so that results can travel between threads and be freed alone.
 */
#ifndef STORAGE_SQLITE_DOCUMENT_H
#define STORAGE_SQLITE_DOCUMENT_H

#include <hearth/service/storage.h>
#include <sqlite3.h>
#include <storage_op.h>

/* The columns that row_read expects, in this order. */
#define DOCUMENT_COLUMNS "collection, partition, sort, version, epoch, write_id, expires_ms, body"

/* A document read from the database, with its strings behind it. */
struct row {
    struct row *next;
    hearth_doc doc;
    char bytes[];
};

/* Copies the statement's present row; NULL when out of memory. Freed with free(). */
struct row *row_read(sqlite3_stmt *statement);

/* Frees a list of rows. */
void rows_free(struct row *first);

/* Binds a string, an empty one as '' and never as NULL. */
int bind_str(sqlite3_stmt *statement, int index, hearth_str s);

#endif
