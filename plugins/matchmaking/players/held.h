/*
 * held.h - see held.c.
 */
#ifndef MATCHMAKING_HELD_H
#define MATCHMAKING_HELD_H

#include "../plugin.h"

/* Registers this plugin as who knows whether a hold stands; once per loop, in start. */
hearth_status held_start(struct mm_loop *loop);

#endif
