/*
 * backoff.c - see backoff.h.
 */
#include "backoff.h"

#include <hearth/random.h>

uint64_t backoff_ms(hearth_ctx *ctx, uint64_t first, uint64_t max, unsigned failures)
{
    uint64_t ceiling = first;

    for (; failures > 0 && ceiling < max; failures--)
        ceiling *= 2;
    return 1 + hearth_random_get(ctx)->below(ctx, (uint32_t)(ceiling < max ? ceiling : max));
}
