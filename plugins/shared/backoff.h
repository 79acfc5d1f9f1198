/*
 * backoff.h - how long to wait before something is tried again: full jitter, so that those who
 * failed together do not come back together. Who asks declares HEARTH_RANDOM_ID in its `uses`.
 */
#ifndef SHARED_BACKOFF_H
#define SHARED_BACKOFF_H

#include <hearth/plugin.h>

/* Uniform in 1 .. min(max, first doubled `failures` times). [loop] */
uint64_t backoff_ms(hearth_ctx *ctx, uint64_t first, uint64_t max, unsigned failures);

#endif
