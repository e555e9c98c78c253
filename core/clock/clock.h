/* SPDX-License-Identifier: BSD-3-Clause */
/* clock - time, exact and cheap.
 *
 * Ticks are the processor's own count where it is constant and synchronous
 * (about 7 ns to read), nanoseconds of the monotonic clock elsewhere. */
#ifndef CORE_CLOCK_CLOCK_H
#define CORE_CLOCK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

extern bool clock_has_ticks; /* set by clock_init() */
extern double clock_ns_per_tick;
extern int64_t clock_turn_ms;     /* wall clock at the beginning of this turn */
extern uint64_t clock_turn_ticks; /* when it began; 0: not yet */

void clock_init(void);
int64_t clock_wall_ms(void);
int64_t clock_wall_us(void);
int64_t clock_monotonic_ns(void);
/* Read the wall clock into clock_turn_ms. */
void clock_begin_turn(void);

static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
    if (__builtin_expect(clock_has_ticks, 1))
        return __rdtsc();
#endif
    return (uint64_t)clock_monotonic_ns();
}

static inline uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return (uint64_t)((double)ticks * clock_ns_per_tick);
}

#endif
