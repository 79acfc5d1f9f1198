/*
 * tally.c - see tally.h.
 */
#include "bot/tally.h"

#include <inttypes.h>
#include <stdio.h>

void tally_latency(struct tally *tally, uint64_t ns)
{
    uint64_t bucket = ns / TALLY_BUCKET_NS;
    tally->latency[bucket < TALLY_BUCKETS ? bucket : TALLY_BUCKETS - 1]++;
    tally->latencies++;
}

double tally_percentile(const struct tally *tally, unsigned percent)
{
    uint64_t wanted = (tally->latencies * percent + 99) / 100, seen = 0;
    if (tally->latencies == 0)
        return 0;
    for (unsigned i = 0; i < TALLY_BUCKETS; i++) {
        seen += tally->latency[i];
        if (seen >= wanted)
            return (double)(i + 1) * TALLY_BUCKET_NS / 1e6;
    }
    return 0;
}

void tally_print(const struct tally *tally, bool json)
{
    const char *format = json ? "{\"players\":%" PRIu32 ",\"connected\":%" PRIu32
                                ",\"snapshots\":%" PRIu64 ",\"errors\":%" PRIu32
                                ",\"latencyMs\":{\"p50\":%.1f,\"p99\":%.1f},\"lost\":%" PRId64 "}\n"
                              : "%" PRIu32 " players, %" PRIu32 " connected, %" PRIu64
                                " snapshots, %" PRIu32
                                " errors, latency p50 %.1f ms, p99 %.1f ms, %" PRId64 " lost\n";
    printf(format, tally->players, tally->connected, tally->snapshots, tally->errors,
           tally_percentile(tally, 50), tally_percentile(tally, 99), tally->lost);
    fflush(stdout);
}
