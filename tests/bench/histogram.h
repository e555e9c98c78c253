/* SPDX-License-Identifier: BSD-3-Clause */
/* histogram - times in nanoseconds, kept so that percentiles are exact to 1.6
 * %.
 *
 * Values below 64 have a slot each; above, each power of two is cut into 64
 * slots.  The maximum and the sum are kept exactly.
 *
 *     value  0 1 .. 63 | 64 65 .. 127 | 128 130 .. 254 | 256 260 .. 508 | ...
 *     slot   0 1 .. 63 | 64 65 .. 127 | 128 129 .. 191 | 192 193 .. 255 | ...
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS  6
#define HISTOGRAM_SLOTS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

/* All zero bytes: empty. */
struct histogram {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint64_t slots[HISTOGRAM_SLOTS];
};

static inline size_t histogram_slot(uint64_t ns)
{
    int shift;

    if (ns < 1u << HISTOGRAM_BITS)
        return (size_t)ns;
    shift = 63 - __builtin_clzll(ns) - HISTOGRAM_BITS;
    return ((size_t)shift << HISTOGRAM_BITS) + (size_t)(ns >> shift);
}

/* Count `times` values of `ns`. */
static inline void histogram_add(struct histogram *histogram, uint64_t ns,
                                 uint64_t times)
{
    histogram->count += times;
    histogram->sum_ns += ns * times;
    if (histogram->max_ns < ns)
        histogram->max_ns = ns;
    histogram->slots[histogram_slot(ns)] += times;
}

/* The least value that `percent` of all values do not exceed; 0 if empty. */
uint64_t histogram_percentile(const struct histogram *histogram,
                              double percent);

double histogram_mean_ns(const struct histogram *histogram);

#endif
