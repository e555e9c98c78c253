/* SPDX-License-Identifier: BSD-3-Clause */
/* histogram - reading it: rare, so a walk over all slots is good enough. */
#include "histogram.h"

/* The largest value that falls into `slot`. */
static uint64_t histogram_slot_end(size_t slot)
{
    size_t shift;
    uint64_t mantissa;

    if (slot < 2u << HISTOGRAM_BITS)
        return slot;
    shift = (slot >> HISTOGRAM_BITS) - 1;
    mantissa = slot - (shift << HISTOGRAM_BITS);
    return ((mantissa + 1) << shift) - 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    double rank = (double)histogram->count * percent / 100.0;
    uint64_t seen = 0;

    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
        seen += histogram->slots[slot];
        if (seen > 0 && (double)seen >= rank) {
            uint64_t end = histogram_slot_end(slot);

            return end < histogram->max_ns ? end : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}

double histogram_mean_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    return (double)histogram->sum_ns / (double)histogram->count;
}
