/* SPDX-License-Identifier: BSD-3-Clause */
/* span - how long a piece of the host's own work has taken, for LATENCY.
 *
 *     uint64_t begin = span_begin();
 *     ...
 *     span_end("expire-cycle", begin);
 *
 * While nobody samples latencies, each half is one test.  Less than a
 * millisecond is nobody's concern. */
#ifndef CORE_EVENT_SPAN_H
#define CORE_EVENT_SPAN_H

#include "core/clock/clock.h"
#include "core/event/event.h"

/* Ticks, or 0: nobody asks. */
static inline uint64_t span_begin(void)
{
    return event_is_armed(EVENT_LATENCY) ? clock_ticks() : 0;
}

/* Something called `event` has taken so long. */
void span_tell(const char *event, int64_t ms);
/* The same of `ticks`, as they are counted by clock_ticks(). */
void span_tell_ticks(const char *event, uint64_t ticks);

static inline void span_end(const char *event, uint64_t begin)
{
    if (KR_UNLIKELY(begin != 0))
        span_tell_ticks(event, clock_ticks() - begin);
}

#endif
