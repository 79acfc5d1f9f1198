/*
 * histogram.c - see histogram.h. The bounds surround a tick of 33 ms.
 */
#include "host/histogram.h"

const uint32_t histogram_bounds_us[HISTOGRAM_BUCKETS] = {100,  250,   500,   1000,  2500,
                                                         5000, 10000, 33000, 100000};

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->total++;
    histogram->sum_ns += ns;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (ns <= histogram_bounds_us[i] * UINT64_C(1000)) {
            histogram->counts[i]++;
            return;
        }
    }
}
