/*
 * timer.c - hearth.timer/1 on a clock that only the test moves (or that follows real time when it
 * asked for that), and hearth.clock/1 on the same clock.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* 2026-01-01T00:00:00Z: a wall clock that a test can rely on. */
#define WALL_START INT64_C(1767225600000)

static uint64_t real_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t fake_mono_ns(const hearth_test_host *host)
{
    uint64_t base = host->options.real_time ? real_ns() - host->real_start_ns : 0;
    return UINT64_C(1000000000) + base + host->mono_offset_ns;
}

static int64_t clock_wall(hearth_ctx *ctx)
{
    const hearth_test_host *host = fake_of(ctx)->host;
    int64_t start = host->options.wall_ms ? host->options.wall_ms : WALL_START;
    return start + host->wall_offset_ms + (int64_t)(fake_mono_ns(host) / 1000000) - 1000;
}

static uint64_t clock_mono(hearth_ctx *ctx)
{
    return fake_mono_ns(fake_of(ctx)->host);
}

static uint64_t clock_loop(hearth_ctx *ctx)
{
    fake_check_loop(ctx, "hearth_clock.loop_ms");
    return fake_mono_ns(fake_of(ctx)->host) / 1000000;
}

static void clock_rfc3339(int64_t wall_ms, char out[HEARTH_RFC3339_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(out, HEARTH_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

const hearth_clock fake_clock_api = {sizeof(hearth_clock), clock_wall, clock_mono, clock_loop,
                                     clock_rfc3339};

void hearth_test_set_wall(hearth_test_host *host, int64_t wall_ms)
{
    host->wall_offset_ms += wall_ms - clock_wall(&host->own->main.pub);
}

/* ---- timers --------------------------------------------------------------------------------- */

/* In order of time, equals in order of starting. */
static void insert(hearth_test_host *host, hearth_timer *timer)
{
    hearth_timer **at = &host->timers;
    while (*at && (*at)->due_ns <= timer->due_ns)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static void unlink_timer(hearth_test_host *host, hearth_timer *timer)
{
    hearth_timer **at = &host->timers;
    while (*at && *at != timer)
        at = &(*at)->next;
    if (!*at)
        fake_rule("hearth_timer_api.stop: this timer is not running");
    *at = timer->next;
}

static hearth_timer *timer_start(hearth_ctx *ctx, uint64_t delay_ms, uint64_t repeat_ms,
                                 hearth_timer_fn fn, void *arg)
{
    fake_check_loop(ctx, "hearth_timer_api.start");
    hearth_test_host *host = fake_of(ctx)->host;
    hearth_timer *timer = fake_try_new(host, sizeof(*timer));
    if (!timer)
        return NULL;
    *timer = (hearth_timer){.ctx = ctx, .repeat_ms = repeat_ms, .fn = fn, .arg = arg};
    if (delay_ms > UINT64_MAX / 4000000)
        delay_ms = UINT64_MAX / 4000000;
    timer->due_ns = fake_mono_ns(host) + delay_ms * 1000000;
    insert(host, timer);
    return timer;
}

static void timer_stop(hearth_timer *timer)
{
    if (!timer)
        return;
    fake_check_loop(timer->ctx, "hearth_timer_api.stop");
    if (timer->running) {
        if (timer->repeat_ms == 0 || timer->stopped)
            fake_rule("hearth_timer_api.stop: a one-shot timer that has run, or a second stop");
        timer->stopped = true;
        return;
    }
    unlink_timer(fake_of(timer->ctx)->host, timer);
    free(timer);
}

const hearth_timer_api fake_timer_api = {sizeof(hearth_timer_api), timer_start, timer_stop};

bool fake_timer_next(const hearth_test_host *host, uint64_t *due_ns)
{
    if (host->timers)
        *due_ns = host->timers->due_ns;
    return host->timers != NULL;
}

bool fake_timer_step(hearth_test_host *host)
{
    hearth_timer *timer = host->timers;
    uint64_t now = fake_mono_ns(host);
    if (!timer || timer->due_ns > now)
        return false;
    host->timers = timer->next;
    timer->running = true;
    uint32_t before = fake_enter(host, timer->ctx->loop);
    timer->fn(timer->ctx, timer->arg);
    fake_leave(host, before);
    timer->running = false;
    if (timer->repeat_ms == 0 || timer->stopped || fake_of(timer->ctx)->stopped) {
        free(timer);
        return true;
    }
    timer->due_ns += timer->repeat_ms * 1000000;
    if (timer->due_ns <= now)
        timer->due_ns = now + timer->repeat_ms * 1000000;
    insert(host, timer);
    return true;
}

void fake_timers_end(hearth_test_host *host, const hearth_ctx *ctx)
{
    for (hearth_timer **at = &host->timers; *at;) {
        hearth_timer *timer = *at;
        if (ctx && timer->ctx != ctx) {
            at = &timer->next;
            continue;
        }
        *at = timer->next;
        free(timer);
    }
}

size_t hearth_test_timers(const hearth_test_host *host)
{
    size_t count = 0;
    for (const hearth_timer *timer = host->timers; timer; timer = timer->next)
        count += fake_of(timer->ctx)->plugin != host->own;
    return count;
}
