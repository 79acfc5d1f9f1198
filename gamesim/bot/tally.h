/*
 * tally.h - what a run of bots adds up to: counts, and the distribution of latencies.
 */
#ifndef BOT_TALLY_H
#define BOT_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#define TALLY_BUCKETS   50000
#define TALLY_BUCKET_NS 100000u /* 0.1 ms; what is above 5 s counts as 5 s */

struct tally {
    uint32_t players, connected, errors;
    uint64_t snapshots;
    int64_t lost; /* snapshots that were sent and never came */
    uint64_t latencies;
    uint32_t latency[TALLY_BUCKETS];
};

void tally_latency(struct tally *tally, uint64_t ns);

/* Milliseconds under which `percent` of all latencies lie; 0 without any. */
double tally_percentile(const struct tally *tally, unsigned percent);

/* One line for people, or one JSON object. */
void tally_print(const struct tally *tally, bool json);

#endif
