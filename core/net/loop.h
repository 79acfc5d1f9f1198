/*
 * loop.h - one thread's event loop and what every part on it shares: the cached clock, the timer
 * wheel, the mailbox, chunks for arenas, and the buffer that sockets read into.
 */
#ifndef HEARTH_NET_LOOP_H
#define HEARTH_NET_LOOP_H

#include <stdatomic.h>
#include <uv.h>

#include "base/arena.h"
#include "base/error.h"
#include "net/mailbox.h"
#include "net/wheel.h"

#define LOOP_MAX         256
#define LOOP_READ_BUFFER ((size_t)65536)

/* What runs on a loop now, for the watchdog: written by the loop, read by the watchdog's thread.
 * The strings live as long as the process. */
typedef struct hearth_loop_activity {
    _Atomic(const char *) plugin;
    _Atomic(const char *) route;
    atomic_uint_fast64_t count; /* moves whenever something begins or ends */
    atomic_bool awake;          /* not waiting for events */
} hearth_loop_activity;

typedef struct hearth_loop {
    uv_loop_t uv;
    uint32_t index; /* 0 .. count-1 */
    uint32_t count;
    uint64_t now_ms; /* monotonic, read once per turn */
    hearth_wheel wheel;
    hearth_arena_pool arenas; /* 16k chunks */
    char *read_buffer;        /* LOOP_READ_BUFFER bytes, valid until the callback returns */
    void *owner;              /* whoever runs the loop; not touched here */

    /* the loop's own business */
    hearth_mailbox mailbox;
    hearth_loop_activity activity;
    uint64_t random[4];
    uv_timer_t wheel_timer;
    uv_prepare_t prepare;
    uv_check_t check;
    uint64_t wheel_armed_ms;
    struct hearth_loop *announce[LOOP_MAX]; /* loops that letters of this turn went to */
    uint32_t announce_count;
    uint64_t announce_seen[LOOP_MAX / 64];
    bool stopping;
} hearth_loop;

/* [main] Before any thread. Undone by loop_finish. */
HEARTH_MUST_CHECK hearth_status loop_init(hearth_loop *loop, uint32_t index, uint32_t count,
                                          hearth_error *error);
/* The thread that calls it is the loop's thread until it returns, after loop_stop. */
void loop_run(hearth_loop *loop);
/* [any] Lets loop_run return at the end of its turn, whatever is still open. */
void loop_stop(hearth_loop *loop);
/* [main] After loop_run has returned on every loop: delivers remaining letters, runs what is left
 * to close, frees. Whatever opened a uv handle has begun to close it before. */
void loop_finish(hearth_loop *loop);

/* The loop whose thread this is, or NULL. [any] */
hearth_loop *loop_current(void);

/*
 * [any] Runs letter->fn on `loop`, never before loop_send returns, in the order of one sender.
 * HEARTH_ECANCELED: the loop has stopped; fn will not run and the letter is the caller's again.
 */
HEARTH_MUST_CHECK hearth_status loop_send(hearth_loop *loop, hearth_letter *letter);

/* [loop] */
static inline void loop_timer_set(hearth_loop *loop, hearth_wheel_timer *timer, uint64_t delay_ms)
{
    wheel_set(&loop->wheel, timer, loop->now_ms + delay_ms);
}
static inline void loop_timer_stop(hearth_loop *loop, hearth_wheel_timer *timer)
{
    wheel_stop(&loop->wheel, timer);
}

/* [loop] First thing in every callback that comes from uv (sockets, uv_poll): the turn has begun.
 */
static inline void loop_wake(hearth_loop *loop);

/* [loop] Fast random numbers for ids that must be unique, not secret. */
uint64_t loop_random(hearth_loop *loop);

/* [loop] Around code that is not the core's: what the watchdog names when it takes too long. Both
 * strings live as long as the process. Nested calls: keep the old values and enter them again. */
static inline void loop_enter(hearth_loop *loop, const char *plugin, const char *route)
{
    hearth_loop_activity *now = &loop->activity;
    atomic_store_explicit(&now->plugin, plugin, memory_order_relaxed);
    atomic_store_explicit(&now->route, route, memory_order_relaxed);
    uint_fast64_t count = atomic_load_explicit(&now->count, memory_order_relaxed);
    atomic_store_explicit(&now->count, count + 1, memory_order_release);
}
static inline void loop_leave(hearth_loop *loop)
{
    loop_enter(loop, NULL, NULL);
}

static inline void loop_wake(hearth_loop *loop)
{
    if (HEARTH_LIKELY(atomic_load_explicit(&loop->activity.awake, memory_order_relaxed)))
        return;
    loop->now_ms = uv_now(&loop->uv);
    loop_leave(loop);
    atomic_store_explicit(&loop->activity.awake, true, memory_order_release);
}

#endif
