/*
 * timer.h - hearth.timer/1: call me later, on this loop.
 */
#ifndef HEARTH_TIMER_H
#define HEARTH_TIMER_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_TIMER_ID "hearth.timer/1"

typedef struct hearth_timer hearth_timer;
typedef void (*hearth_timer_fn)(hearth_ctx *ctx, void *arg);

typedef struct hearth_timer_api {
    uint32_t struct_size;
    /* Calls fn after delay_ms, then every repeat_ms (0: once). Not earlier, and late by at most the
     * wheel's 10 ms plus whatever holds the loop. A one-shot timer is freed after fn. NULL when out
     * of memory. The host stops what is left after the plugin's stop. [loop] */
    hearth_timer *(*start)(hearth_ctx *ctx, uint64_t delay_ms, uint64_t repeat_ms,
                           hearth_timer_fn fn, void *arg);
    /* Ends and frees it: fn does not run again. Not for a one-shot timer that has run; allowed from
     * inside fn for a repeating one. NULL is fine. [loop] */
    void (*stop)(hearth_timer *timer);
} hearth_timer_api;

static inline const hearth_timer_api *hearth_timer_get(hearth_ctx *ctx)
{
    return (const hearth_timer_api *)ctx->host->get(ctx, HEARTH_TIMER_ID, sizeof(hearth_timer_api));
}

#ifdef __cplusplus
}
#endif
#endif
