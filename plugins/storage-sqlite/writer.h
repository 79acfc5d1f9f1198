/*
 * writer.h - the one thread that writes: group commit of whatever all loops have queued meanwhile.
 */
#ifndef STORAGE_SQLITE_WRITER_H
#define STORAGE_SQLITE_WRITER_H

#include "plugin.h"

/* Takes the connection over, also on failure. NULL: out of memory or threads. [main] */
struct writer *writer_create(struct shared *shared, sqlite3 *database_take, size_t max_queue);

/* Writes what is queued, then ends the thread and closes the connection. NULL is fine. [main] */
void writer_destroy(struct writer *writer);

/* hearth_storage.write and .transact. [loop] */
void writer_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg);
void writer_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg);

/* Removes what has expired, step by step between the writes of others. [loop 0] */
void writer_purge(hearth_ctx *ctx);

/* Jobs queued or being written now. [any] */
size_t writer_depth(struct writer *writer);

#endif
