/* clock.c - hearth.clock/1 over core/base/clock.h. */
#include "base/clock.h"

#include <string.h>

#include "host/interfaces.h"
#include "host/state.h"

static int64_t wall_ms(hearth_ctx *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static uint64_t mono_ns(hearth_ctx *ctx)
{
    (void)ctx;
    return clock_mono_ns();
}

static uint64_t loop_ms(hearth_ctx *ctx)
{
    CTX_ASSERT(ctx, "hearth_clock.loop_ms");
    return ctx->loop == HEARTH_LOOP_MAIN ? clock_mono_ms() : host_loop_of(ctx)->net.now_ms;
}

static void rfc3339(int64_t wall, char out[HEARTH_RFC3339_SIZE])
{
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(wall, text);
    memcpy(out, text, 19); /* without the milliseconds */
    memcpy(out + 19, "Z", 2);
}

const hearth_clock host_clock_api = {.struct_size = sizeof(hearth_clock),
                                     .wall_ms = wall_ms,
                                     .mono_ns = mono_ns,
                                     .loop_ms = loop_ms,
                                     .rfc3339 = rfc3339};
