/*
 * drain.h - the end: what is dirty is flushed, what storage does not take in time stays in the
 * journal, and the lease is given back when nothing stayed.
 */
#ifndef ENTITIES_DRAIN_H
#define ENTITIES_DRAIN_H

#include "entity.h"

hearth_status plugin_drain(hearth_ctx *ctx);
/* Something that a drain waits for has ended. */
void drain_progress(struct local *local);

#endif
