/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/latency.h"

#include "core/clock/clock.h"
#include "core/memory/memory.h"

#define SUB_BITS 4 /* sixteen buckets a power of two */
#define SUB      (1u << SUB_BITS)
#define TOP_BITS 40 /* 2^40 ns are 18 minutes: the last bucket has the rest */
#define BUCKETS  ((TOP_BITS - SUB_BITS + 1) * SUB)

struct latency {
    uint64_t total;
    uint32_t counts[BUCKETS];
};

bool latency_enabled = true;

static uint32_t latency_bucket(uint64_t ns)
{
    uint32_t power;

    if (ns < SUB)
        return (uint32_t)ns;
    if (ns >> TOP_BITS)
        return BUCKETS - 1;
    power = 63 - (uint32_t)__builtin_clzll(ns);
    return (power - SUB_BITS + 1) * SUB +
           ((uint32_t)(ns >> (power - SUB_BITS)) & (SUB - 1));
}

/* The largest value that belongs to the bucket. */
static uint64_t latency_bound(uint32_t bucket)
{
    uint32_t power = bucket / SUB, sub = bucket % SUB;

    if (power == 0)
        return sub;
    return ((uint64_t)(SUB + sub + 1) << (power - 1)) - 1;
}

void latency_add(struct kr_cmd *command, uint64_t ticks)
{
    if (!latency_enabled)
        return;
    if (KR_UNLIKELY(!command->latency))
        command->latency = memory_calloc(1, sizeof(*command->latency));
    command->latency->total++;
    command->latency->counts[latency_bucket(clock_ticks_to_ns(ticks))]++;
}

void latency_free(struct kr_cmd *command)
{
    memory_free(command->latency);
    command->latency = NULL;
}

void latency_reset(struct kr_cmd *command)
{
    latency_free(command);
}

uint64_t latency_percentile(const kr_cmd *command, double p)
{
    const struct latency *latency = command->latency;
    uint64_t seen = 0, wanted;

    if (!latency || latency->total == 0)
        return 0;
    wanted = (uint64_t)(p / 100.0 * (double)latency->total + 0.5);
    if (wanted == 0)
        wanted = 1;
    for (uint32_t i = 0; i < BUCKETS; i++) {
        seen += latency->counts[i];
        if (seen >= wanted)
            return latency_bound(i);
    }
    return latency_bound(BUCKETS - 1);
}

uint64_t latency_histogram(const kr_cmd *command, uint64_t *at_most,
                           uint32_t room)
{
    const struct latency *latency = command->latency;
    uint64_t seen = 0;
    uint32_t bucket = 0;

    for (uint32_t i = 0; i < room; i++) {
        uint64_t limit_ns = (UINT64_C(1000) << i) - 1;

        for (; latency && bucket < BUCKETS && latency_bound(bucket) <= limit_ns;
             bucket++)
            seen += latency->counts[bucket];
        at_most[i] = seen;
    }
    return latency ? latency->total : 0;
}
