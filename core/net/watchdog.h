/*
 * watchdog.h - says who holds a loop. A thread of its own looks at every loop's activity several
 * times per `warn_ms`; one that has not moved on for that long is reported while it still hangs.
 */
#ifndef HEARTH_NET_WATCHDOG_H
#define HEARTH_NET_WATCHDOG_H

#include "net/loop.h"

typedef struct hearth_watchdog hearth_watchdog;

/* A stall that has ended, its length known to a quarter of warn_ms. plugin and route are NULL where
 * no code of a plugin ran. On the watchdog's thread. */
typedef void (*watchdog_fn)(void *arg, hearth_loop *loop, const char *plugin, const char *route,
                            uint64_t duration_ms);

/* Watches loops[0..count), which outlive it. Logs each stall when it is seen; `fn` (may be NULL)
 * is called when it is over. NULL: no thread or memory. */
hearth_watchdog *watchdog_create(hearth_loop **loops, uint32_t count, uint64_t warn_ms,
                                 watchdog_fn fn, void *arg);
void watchdog_set_warn(hearth_watchdog *watchdog, uint64_t warn_ms); /* [any] */
void watchdog_destroy(hearth_watchdog *watchdog);

#endif
