/*
 * tick.c - see tick.h. A process that was away for a while catches up on a few ticks and lets the
 * rest go: a burst of hundreds would delay everybody once more.
 */
#include "host/tick.h"

#define CATCH_UP  5
#define SECOND_NS UINT64_C(1000000000)
#define MILLION   UINT64_C(1000000)

static uint64_t due_at(const struct tick_timer *tick, uint64_t number)
{
    return tick->started_ns + number * SECOND_NS / tick->rate;
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct tick_timer *tick)
{
    uint64_t now = uv_hrtime(), due = due_at(tick, tick->done + 1);
    uv_update_time(tick->timer.loop);
    uv_timer_start(&tick->timer, on_timer, due > now ? (due - now + MILLION - 1) / MILLION : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct tick_timer *tick = timer->data;
    uint64_t now = uv_hrtime();
    uint64_t owed = (now - tick->started_ns) * tick->rate / SECOND_NS;
    if (owed > tick->done + CATCH_UP) {
        tick->skipped += owed - tick->done - CATCH_UP;
        tick->done = owed - CATCH_UP;
    }
    while (tick->done < owed) {
        uint64_t began = uv_hrtime();
        tick->done++;
        histogram_add(&tick->lateness, began - due_at(tick, tick->done));
        tick->fn(tick->arg, began);
        histogram_add(&tick->duration, uv_hrtime() - began);
    }
    schedule(tick);
}

void tick_start(struct tick_timer *tick, uv_loop_t *loop, unsigned rate, tick_fn fn, void *arg)
{
    tick->fn = fn;
    tick->arg = arg;
    tick->rate = rate;
    tick->done = tick->skipped = 0;
    tick->duration = tick->lateness = (struct histogram){0};
    tick->started_ns = uv_hrtime();
    uv_timer_init(loop, &tick->timer);
    tick->timer.data = tick;
    schedule(tick);
}

void tick_stop(struct tick_timer *tick)
{
    uv_timer_stop(&tick->timer);
    uv_close((uv_handle_t *)&tick->timer, NULL);
}
