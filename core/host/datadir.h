/*
 * datadir.h - data_dir: made when missing, held by one process at a time.
 */
#ifndef HEARTH_HOST_DATADIR_H
#define HEARTH_HOST_DATADIR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* The absolute path of a directory that is there and may be written, made with mode 0700 when it is
 * missing; NULL: error says why. */
char *datadir_open(hearth_arena *arena, const char *path, hearth_error *error);

/* The same path, without making anything; NULL when there is none. */
char *datadir_resolve(hearth_arena *arena, const char *path);

/* Takes data_dir/lock if it is free: a descriptor that holds it until it is closed, by whatever
 * end of the process. -1: somebody has it (HEARTH_ECONFLICT), or error says why not. */
int datadir_lock(const char *data_dir, hearth_error *error);

/* Whether data_dir/lock is still the file that `lock` holds: else the directory was removed or
 * replaced, and what is written goes with the process. [any] */
bool datadir_is_ours(const char *data_dir, int lock);

#endif
