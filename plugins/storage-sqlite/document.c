/*
 * document.c - copying rows out of SQLite, and judging keys before they get in.
 */
#include "document.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

hearth_str str_place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

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
    row->doc.key.collection = str_place(&end, text[0]);
    row->doc.key.partition = str_place(&end, text[1]);
    row->doc.key.sort = str_place(&end, text[2]);
    row->doc.write_id = str_place(&end, text[3]);
    row->doc.body = str_place(&end, text[4]);
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

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool is_utf8(hearth_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr, *end = p + s.len;

    while (p < end) {
        unsigned char lead = *p++;
        if (lead < 0x80)
            continue;
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < more)
            return false;
        if ((lead == 0xe0 && p[0] < 0xa0) || (lead == 0xed && p[0] > 0x9f) ||
            (lead == 0xf0 && p[0] < 0x90) || (lead == 0xf4 && p[0] > 0x8f))
            return false;
        for (; more > 0; more--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

const char *key_part_problem(hearth_str part, int may_be_empty)
{
    if (part.len == 0)
        return may_be_empty ? NULL : "collection and partition of a key must not be empty";
    if (part.len > HEARTH_STORAGE_MAX_KEY)
        return "a part of the key is longer than 512 bytes";
    if (memchr(part.ptr, '\0', part.len) || !is_utf8(part))
        return "a part of the key is not UTF-8 without NUL";
    return NULL;
}

const char *key_problem(const hearth_key *key)
{
    const char *problem = key_part_problem(key->collection, 0);
    if (!problem)
        problem = key_part_problem(key->partition, 0);
    if (!problem)
        problem = key_part_problem(key->sort, 1);
    return problem;
}

int bind_str(sqlite3_stmt *statement, int index, hearth_str s)
{
    return sqlite3_bind_text(statement, index, s.len ? s.ptr : "", (int)s.len, SQLITE_STATIC);
}
