/*
 * journal.c - what a data directory's journal still holds. Its table is documented for the sqlite3
 * shell, and is read here in the same way: loading its plugin would write the rows to a storage.
 */
#include "tool.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static hearth_status read_rows(sqlite3 *database, uint64_t *rows, uint64_t *dead, char storage[512])
{
    sqlite3_stmt *statement = NULL;
    hearth_status status = HEARTH_EINTERNAL;
    if (sqlite3_prepare_v2(database,
                           "SELECT count(*), coalesce(sum(state IN ('dead', 'conflict')), 0),"
                           " (SELECT storage FROM directory) FROM journal",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *name = sqlite3_column_text(statement, 2);
        *rows = (uint64_t)sqlite3_column_int64(statement, 0);
        *dead = (uint64_t)sqlite3_column_int64(statement, 1);
        snprintf(storage, 512, "%s", name ? (const char *)name : "its storage");
        status = HEARTH_OK;
    }
    sqlite3_finalize(statement);
    return status;
}

hearth_status tool_journal_rows(const char *data_dir, uint64_t *rows, uint64_t *dead,
                                char storage[512], hearth_error *error)
{
    char path[TOOL_PATH];
    sqlite3 *database = NULL;
    *rows = *dead = 0;
    if (!tool_path(path, "%s/journal.db", data_dir))
        return error_set(error, HEARTH_EINVAL, "%s: the path is too long", data_dir);
    if (access(path, F_OK) != 0)
        return HEARTH_OK;
    hearth_status status = HEARTH_EINTERNAL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        status = read_rows(database, rows, dead, storage);
    if (status != HEARTH_OK)
        (void)error_set(error, status, "%s: cannot be read: %s", path, sqlite3_errmsg(database));
    sqlite3_close(database);
    return status;
}
