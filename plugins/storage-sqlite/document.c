/*
 * document.c - copying rows out of SQLite, and strings into its statements.
 */
#include "document.h"

#include <stdlib.h>

struct row *row_read(sqlite3_stmt *statement)
{
    static const int texts[] = {0, 1, 2, 5, 7};
    hearth_str text[5];
    size_t total = 0;

    for (size_t i = 0; i < 5; i++) {
        text[i].ptr = (const char *)sqlite3_column_text(statement, texts[i]);
        text[i].len = (size_t)sqlite3_column_bytes(statement, texts[i]);
        total += text[i].len;
    }
    struct row *row = malloc(sizeof(*row) + total);
    if (!row)
        return NULL;
    char *end = row->bytes;
    row->next = NULL;
    row->doc = (hearth_doc){
        .struct_size = sizeof(hearth_doc),
        .version = (uint64_t)sqlite3_column_int64(statement, 3),
        .epoch = (uint64_t)sqlite3_column_int64(statement, 4),
        .expires_ms = sqlite3_column_int64(statement, 6),
    };
    row->doc.key.collection = storage_place(&end, text[0]);
    row->doc.key.partition = storage_place(&end, text[1]);
    row->doc.key.sort = storage_place(&end, text[2]);
    row->doc.write_id = storage_place(&end, text[3]);
    row->doc.body = storage_place(&end, text[4]);
    return row;
}

void rows_free(struct row *first)
{
    while (first) {
        struct row *next = first->next;
        free(first);
        first = next;
    }
}

int bind_str(sqlite3_stmt *statement, int index, hearth_str s)
{
    return sqlite3_bind_text(statement, index, s.len ? s.ptr : "", (int)s.len, SQLITE_STATIC);
}
