/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/event/span.h"

void span_tell(const char *event, int64_t ms)
{
    struct kr_latency_event payload = {
        .size = sizeof(payload), .event = event, .ms = ms};

    if (event_is_armed(EVENT_LATENCY))
        event_raise(EVENT_LATENCY, &payload);
}

void span_tell_ticks(const char *event, uint64_t ticks)
{
    uint64_t ms = clock_ticks_to_ns(ticks) / 1000000;

    if (ms > 0)
        span_tell(event, (int64_t)ms);
}
