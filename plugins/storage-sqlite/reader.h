/*
 * reader.h - a loop's own connection for reading, used on the task pool by one task at a time.
 */
#ifndef STORAGE_SQLITE_READER_H
#define STORAGE_SQLITE_READER_H

#include "plugin.h"

/* Opens the connection; on failure NULL and one sentence. [loop] */
struct reader *reader_create(hearth_ctx *ctx, char *error, size_t error_size);
/* Nothing may be in flight. NULL is fine. [loop] */
void reader_destroy(struct reader *reader);
/* Whether a read has not been answered yet. [loop] */
int reader_busy(const struct reader *reader);

/* hearth_storage.get, .query and .scan. [loop] */
void reader_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg);
void reader_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);
void reader_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg);

#endif
