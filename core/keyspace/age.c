/* SPDX-License-Identifier: BSD-3-Clause */
/* age - the arithmetic of the two clocks, as Redis 7 has it. */
#include "core/keyspace/age.h"

#include "core/keyspace/db.h"

#define LFU_MINUTES_MASK 0xffffu
#define LFU_COUNTER_MAX  255u

static uint32_t lfu_minutes(int64_t now_ms)
{
    return (uint32_t)((uint64_t)now_ms / 60000 & LFU_MINUTES_MASK);
}

static uint32_t lfu_pack(int64_t now_ms, uint32_t counter)
{
    return lfu_minutes(now_ms) << 8 | counter;
}

bool age_matters(void)
{
    switch ((enum keyspace_policy)keyspace_settings.policy) {
    case POLICY_ALLKEYS_LRU:
    case POLICY_ALLKEYS_LFU:
    case POLICY_VOLATILE_LRU:
    case POLICY_VOLATILE_LFU:
        return keyspace_settings.maxmemory > 0;
    case POLICY_NOEVICTION:
    case POLICY_ALLKEYS_RANDOM:
    case POLICY_VOLATILE_RANDOM:
    case POLICY_VOLATILE_TTL:
        break;
    }
    return false;
}

uint32_t age_first(int64_t now_ms)
{
    return age_counts() ? lfu_pack(now_ms, AGE_LFU_FIRST) : age_seconds(now_ms);
}

uint32_t age_frequency(const struct entry *e, int64_t now_ms)
{
    uint32_t counter = entry_age(e) & LFU_COUNTER_MAX;
    uint32_t since = entry_age(e) >> 8;
    uint32_t minutes = (lfu_minutes(now_ms) - since) & LFU_MINUTES_MASK;
    int64_t lost;

    if (keyspace_settings.lfu_decay_time <= 0)
        return counter;
    lost = (int64_t)minutes / keyspace_settings.lfu_decay_time;
    return lost >= (int64_t)counter ? 0 : counter - (uint32_t)lost;
}

/* A use counts with probability 1 / (above * factor + 1), where `above` is how
 * far the counter is above that of a new key. */
static uint32_t lfu_increase(uint32_t counter)
{
    double above = counter > AGE_LFU_FIRST ? counter - AGE_LFU_FIRST : 0;
    double odds = above * (double)keyspace_settings.lfu_log_factor + 1;
    double dice = (double)(keyspace_chance() >> 11) * 0x1p-53;

    if (counter == LFU_COUNTER_MAX)
        return counter;
    return dice * odds < 1 ? counter + 1 : counter;
}

void age_count_use(struct entry *e, int64_t now_ms)
{
    uint32_t counter = lfu_increase(age_frequency(e, now_ms));

    entry_set_age(e, lfu_pack(now_ms, counter));
}

uint64_t age_idle_ms(const struct entry *e, int64_t now_ms)
{
    uint32_t idle = (age_seconds(now_ms) - entry_age(e)) & ENTRY_AGE_MASK;

    return (uint64_t)idle * 1000;
}

/* What is longer ago than the clock can tell is as old as it can tell. */
void age_set_idle_ms(struct entry *e, uint64_t idle_ms, int64_t now_ms)
{
    uint64_t idle = idle_ms / 1000;

    if (idle > ENTRY_AGE_MASK)
        idle = ENTRY_AGE_MASK;
    entry_set_age(e, age_seconds(now_ms) - (uint32_t)idle);
}

void age_set_frequency(struct entry *e, uint32_t counter, int64_t now_ms)
{
    if (counter > LFU_COUNTER_MAX)
        counter = LFU_COUNTER_MAX;
    entry_set_age(e, lfu_pack(now_ms, counter));
}
