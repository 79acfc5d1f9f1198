/*
 * wheel.h - timers by the ten thousand: a hierarchical timing wheel, one per loop.
 * Setting, moving and stopping a timer is a few stores; moving one to a later time, as every
 * request does to its connection's, is a single one (it is looked at again when its slot is due).
 */
#ifndef HEARTH_NET_WHEEL_H
#define HEARTH_NET_WHEEL_H

#include "base/list.h"

#define WHEEL_TICK_MS 10
#define WHEEL_LEVELS  4
#define WHEEL_SLOTS   256
#define WHEEL_NEVER   UINT64_MAX

typedef struct hearth_wheel_timer {
    hearth_list link;
    uint64_t due_ms;  /* when fn shall run; WHEEL_NEVER: stopped */
    uint64_t slot_ms; /* what the slot it stands in stands for; never after due_ms */
    void (*fn)(struct hearth_wheel_timer *timer);
} hearth_wheel_timer;

/* Everything is [loop]. */
typedef struct hearth_wheel {
    uint64_t tick;  /* the last tick that was run */
    size_t pending; /* timers standing in slots, moved ones included */
    uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
    hearth_list slots[WHEEL_LEVELS][WHEEL_SLOTS];
} hearth_wheel;

void wheel_init(hearth_wheel *wheel, uint64_t now_ms);

static inline void wheel_timer_init(hearth_wheel_timer *timer, void (*fn)(hearth_wheel_timer *))
{
    list_init(&timer->link);
    timer->due_ms = WHEEL_NEVER;
    timer->slot_ms = WHEEL_NEVER;
    timer->fn = fn;
}

/* Runs fn once at or after due_ms, at most a tick late; replaces an earlier set. fn may set the
 * timer again or free it. */
void wheel_set(hearth_wheel *wheel, hearth_wheel_timer *timer, uint64_t due_ms);
/* fn does not run; the timer's memory may go. Harmless on one that is not set. */
void wheel_stop(hearth_wheel *wheel, hearth_wheel_timer *timer);
/* fn does not run until the next set, but the timer may still stand in the wheel: as cheap as
 * moving it. Only wheel_stop lets its memory go. */
static inline void wheel_pause(hearth_wheel_timer *timer)
{
    timer->due_ms = WHEEL_NEVER;
}

/* Runs what is due at now_ms. */
void wheel_advance(hearth_wheel *wheel, uint64_t now_ms);
/* Milliseconds from now_ms until wheel_advance should be called again, WHEEL_NEVER: no need. */
uint64_t wheel_next(const hearth_wheel *wheel, uint64_t now_ms);

#endif
