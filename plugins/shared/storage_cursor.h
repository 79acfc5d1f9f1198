/*
 * storage_cursor.h - where a page ended, as the opaque string that the caller brings back.
 */
#ifndef HEARTH_SHARED_STORAGE_CURSOR_H
#define HEARTH_SHARED_STORAGE_CURSOR_H

#include <hearth/service/storage.h>

#include <stdbool.h>

#define STORAGE_CURSOR_SIZE (3 * HEARTH_STORAGE_MAX_KEY + 64)

/* A query goes on behind this sort. The result lies in text. */
hearth_str storage_cursor_of_sort(hearth_str sort, char text[STORAGE_CURSOR_SIZE]);
/* The sort of a query's cursor, {NULL, 0} of an empty one; false: malformed, or of another query.
 * The result is a part of the cursor. */
bool storage_cursor_to_sort(hearth_str cursor, hearth_str prefix, hearth_str *sort);

/* The same for a scan, which goes on behind a key. An empty cursor begins before every key. */
hearth_str storage_cursor_of_key(const hearth_key *key, char text[STORAGE_CURSOR_SIZE]);
bool storage_cursor_to_key(hearth_str cursor, hearth_str collection, hearth_key *key);

#endif
