/*
 * database.h - the file: opening it, its one table, and the name it carries for life.
 */
#ifndef STORAGE_SQLITE_DATABASE_H
#define STORAGE_SQLITE_DATABASE_H

#include <sqlite3.h>
#include <stddef.h>

#define STORE_ID_SIZE 64

/* Opens the file for the writer, creating file and table where they are missing. `new_id` names a
 * store that has no name yet; `id` receives the name it has. On failure returns NULL and one
 * sentence in `error`. */
sqlite3 *database_open_writer(const char *path, const char *new_id, char id[STORE_ID_SIZE],
                              char *error, size_t error_size);

/* Opens the file, which must exist, for reading. As above. */
sqlite3 *database_open_reader(const char *path, char *error, size_t error_size);

/* Prepares a statement that stays with the connection; NULL on failure. */
sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql);

/* Runs SQL without results; SQLITE_OK or what went wrong. */
int database_run(sqlite3 *database, const char *sql);

#endif
