/*
 * journal.c - what a data directory's journal still holds. Its table is documented for the sqlite3
 * shell, and is read here in the same way: loading its plugin would write the rows to a storage.
 */
#include "tool.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static hearth_status read_rows(sqlite3 *database, tool_journal *journal)
{
    sqlite3_stmt *statement = NULL;
    hearth_status status = HEARTH_EINTERNAL;
    if (sqlite3_prepare_v2(database,
                           "SELECT count(*), coalesce(sum(state IN ('dead', 'conflict')), 0),"
                           " (SELECT storage FROM directory), (SELECT id FROM directory)"
                           " FROM journal",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *storage = sqlite3_column_text(statement, 2);
        const unsigned char *directory = sqlite3_column_text(statement, 3);
        journal->rows = (uint64_t)sqlite3_column_int64(statement, 0);
        journal->dead = (uint64_t)sqlite3_column_int64(statement, 1);
        snprintf(journal->storage, sizeof(journal->storage), "%s",
                 storage ? (const char *)storage : "its storage");
        snprintf(journal->directory, sizeof(journal->directory), "%s",
                 directory ? (const char *)directory : "");
        status = HEARTH_OK;
    }
    sqlite3_finalize(statement);
    return status;
}

hearth_status tool_journal_read(const char *data_dir, tool_journal *journal, hearth_error *error)
{
    char path[TOOL_PATH];
    sqlite3 *database = NULL;
    *journal = (tool_journal){.rows = 0};
    if (!tool_path(path, "%s/journal.db", data_dir))
        return error_set(error, HEARTH_EINVAL, "%s: the path is too long", data_dir);
    if (access(path, F_OK) != 0)
        return HEARTH_OK;
    hearth_status status = HEARTH_EINTERNAL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
        status = read_rows(database, journal);
    if (status != HEARTH_OK)
        (void)error_set(error, status, "%s: cannot be read: %s", path, sqlite3_errmsg(database));
    sqlite3_close(database);
    return status;
}
