/*
 * clock.h - hearth.clock/1: the time. Tests run plugins on a virtual clock, so plugins ask no
 * other.
 */
#ifndef HEARTH_CLOCK_H
#define HEARTH_CLOCK_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_CLOCK_ID     "hearth.clock/1"
#define HEARTH_RFC3339_SIZE 32

typedef struct hearth_clock {
    uint32_t struct_size;
    /* Milliseconds since 1970-01-01 UTC; may jump. [any] */
    int64_t (*wall_ms)(hearth_ctx *ctx);
    /* Nanoseconds since some moment; never goes back. For measuring. [any] */
    uint64_t (*mono_ns)(hearth_ctx *ctx);
    /* Monotonic milliseconds, read once per turn of the loop: cheap. [loop] */
    uint64_t (*loop_ms)(hearth_ctx *ctx);
    /* Writes "2026-11-21T01:00:00Z" and NUL (RFC 3339, whole seconds, UTC). [any] */
    void (*rfc3339)(int64_t wall_ms, char out[HEARTH_RFC3339_SIZE]);
} hearth_clock;

static inline const hearth_clock *hearth_clock_get(hearth_ctx *ctx)
{
    return (const hearth_clock *)ctx->host->get(ctx, HEARTH_CLOCK_ID, sizeof(hearth_clock));
}

#ifdef __cplusplus
}
#endif
#endif
