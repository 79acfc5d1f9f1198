/*
 * document.c - copying rows out of SQLite, and strings into its statements.
 */
#include "document.h"

static hearth_str column(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return (hearth_str){text, (size_t)sqlite3_column_bytes(statement, index)};
}

hearth_doc row_doc(sqlite3_stmt *statement)
{
    return (hearth_doc){
        .struct_size = sizeof(hearth_doc),
        .key = {column(statement, 0), column(statement, 1), column(statement, 2)},
        .version = (uint64_t)sqlite3_column_int64(statement, 3),
        .epoch = (uint64_t)sqlite3_column_int64(statement, 4),
        .write_id = column(statement, 5),
        .expires_ms = sqlite3_column_int64(statement, 6),
        .body = column(statement, 7),
    };
}

int bind_str(sqlite3_stmt *statement, int index, hearth_str s)
{
    return sqlite3_bind_text(statement, index, s.len ? s.ptr : "", (int)s.len, SQLITE_STATIC);
}
