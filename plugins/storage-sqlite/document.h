/*
 * document.h - documents on their way in and out of the database.
 */
#ifndef STORAGE_SQLITE_DOCUMENT_H
#define STORAGE_SQLITE_DOCUMENT_H

#include <hearth/service/storage.h>
#include <sqlite3.h>
#include <storage_op.h>

/* The columns that row_doc expects, in this order. */
#define DOCUMENT_COLUMNS "collection, partition, sort, version, epoch, write_id, expires_ms, body"

/* The statement's present row, borrowed until the statement goes on. */
hearth_doc row_doc(sqlite3_stmt *statement);

/* Binds a string, an empty one as '' and never as NULL. */
int bind_str(sqlite3_stmt *statement, int index, hearth_str s);

#endif
