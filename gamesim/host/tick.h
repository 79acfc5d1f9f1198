/*
 * tick.h - calls a function a fixed number of times a second, without drift: each tick is due at a
 * multiple of the interval since the start, whatever the one before it took.
 */
#ifndef HOST_TICK_H
#define HOST_TICK_H

#include "host/histogram.h"

#include <uv.h>

typedef void (*tick_fn)(void *arg, uint64_t mono_ns);

struct tick_timer {
    uv_timer_t timer;
    tick_fn fn;
    void *arg;
    unsigned rate;
    uint64_t started_ns, done; /* ticks since then */
    uint64_t skipped;          /* ticks given up because the process was away for too long */
    struct histogram duration, lateness;
};

/* [loop] */
void tick_start(struct tick_timer *tick, uv_loop_t *loop, unsigned rate, tick_fn fn, void *arg);

/* [loop] Closes the handle; the memory must stay until the loop has run once more. */
void tick_stop(struct tick_timer *tick);

#endif
