/*
 * clock.h - the two clocks: one to measure with, one to tell people the time.
 * Timeouts and durations use the monotonic one; the wall clock may jump.
 */
#ifndef HEARTH_BASE_CLOCK_H
#define HEARTH_BASE_CLOCK_H

#include <stdint.h>

#include "base/compiler.h"

/* "2026-11-21T08:00:00.123Z" and its NUL. */
#define CLOCK_RFC3339_SIZE 25

/* [any] Nanoseconds since an unspecified start; never goes back. */
uint64_t clock_mono_ns(void);
static inline uint64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000u;
}

/* [any] Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* [any] UTC with milliseconds. Times outside the years 0 to 9999 are clamped to them. */
void clock_rfc3339(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE]);

#endif
