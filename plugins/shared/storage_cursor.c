/*
 * storage_cursor.c - "q" and the sort, or "s" with two lengths and the three parts of the key.
 * Written by us, but read as if by a stranger: every length is checked.
 */
#include "storage_cursor.h"

#include <stdio.h>
#include <string.h>

#include "storage_op.h"

static size_t put(char *text, size_t at, hearth_str s)
{
    if (s.len > 0)
        memcpy(text + at, s.ptr, s.len);
    return at + s.len;
}

hearth_str storage_cursor_of_sort(hearth_str sort, char text[STORAGE_CURSOR_SIZE])
{
    text[0] = 'q';
    return (hearth_str){text, put(text, 1, sort)};
}

bool storage_cursor_to_sort(hearth_str cursor, hearth_str prefix, hearth_str *sort)
{
    *sort = (hearth_str){NULL, 0};
    if (cursor.len == 0)
        return true;
    if (cursor.ptr[0] != 'q')
        return false;
    *sort = (hearth_str){cursor.ptr + 1, cursor.len - 1};
    return !storage_part_problem(*sort, true) && sort->len >= prefix.len &&
           (prefix.len == 0 || memcmp(sort->ptr, prefix.ptr, prefix.len) == 0);
}

hearth_str storage_cursor_of_key(const hearth_key *key, char text[STORAGE_CURSOR_SIZE])
{
    int head = snprintf(text, 16, "s%03zu%03zu", key->collection.len, key->partition.len);
    size_t at = put(text, (size_t)head, key->collection);
    at = put(text, at, key->partition);
    return (hearth_str){text, put(text, at, key->sort)};
}

/* Three decimal digits, or -1. */
static int three_digits(const char *p)
{
    int value = 0;
    for (int i = 0; i < 3; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

bool storage_cursor_to_key(hearth_str cursor, hearth_str collection, hearth_key *key)
{
    *key = (hearth_key){.collection = collection};
    if (cursor.len == 0)
        return true;
    if (cursor.len < 7 || cursor.ptr[0] != 's')
        return false;
    int first = three_digits(cursor.ptr + 1), second = three_digits(cursor.ptr + 4);
    if (first < 0 || second < 0 || (size_t)first + (size_t)second + 7 > cursor.len)
        return false;
    key->collection = (hearth_str){cursor.ptr + 7, (size_t)first};
    key->partition = (hearth_str){key->collection.ptr + first, (size_t)second};
    key->sort =
        (hearth_str){key->partition.ptr + second, cursor.len - 7 - (size_t)(first + second)};
    if (storage_key_problem(key))
        return false;
    return collection.len == 0 ||
           (collection.len == key->collection.len &&
            memcmp(collection.ptr, key->collection.ptr, collection.len) == 0);
}
