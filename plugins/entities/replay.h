/*
 * replay.h - what the journal still held at the start goes back to its home loops, dirty, before
 * anybody is served.
 */
#ifndef ENTITIES_REPLAY_H
#define ENTITIES_REPLAY_H

#include "plugin.h"

struct replayed;

/* Reads the journal and sorts its rows by loop. [main] */
hearth_status replay_read(hearth_ctx *ctx, char *error, size_t error_size);
/* Makes this loop's rows its dirty entities. [loop] */
hearth_status replay_start(struct local *local);
/* Frees what no loop took. [main] */
void replay_finish(hearth_ctx *ctx);

#endif
