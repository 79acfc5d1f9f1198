/*
 * pause.h - waiting before storage is asked again: full jitter, a bound that doubles, and an end.
 */
#ifndef MATCHMAKING_PAUSE_H
#define MATCHMAKING_PAUSE_H

#include "../plugin.h"

struct pause {
    struct mm_loop *loop;
    uint64_t deadline_ms; /* on the loop's clock */
    unsigned times;
    void (*resume)(void *arg);
    void *arg;
};

/* The work that may have to wait begins now, and has WORK_DEADLINE_MS. [loop] */
void pause_init(struct pause *pause, struct mm_loop *loop);
/* False: the deadline has passed, or no memory; `resume` will not run. [loop] */
bool pause_begin(struct pause *pause, void (*resume)(void *arg), void *arg);

#endif
