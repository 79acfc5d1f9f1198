/*
 * histogram.h - how long something took, counted in fixed buckets of seconds, as Prometheus wants
 * it.
 */
#ifndef HOST_HISTOGRAM_H
#define HOST_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 9

/* Upper bounds in microseconds; what is above the last one is only in the total. */
extern const uint32_t histogram_bounds_us[HISTOGRAM_BUCKETS];

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS]; /* of each bucket alone */
    uint64_t total, sum_ns;
};

void histogram_add(struct histogram *histogram, uint64_t ns);

#endif
