/* SPDX-License-Identifier: BSD-3-Clause */
/* age - when a key was last used, or how often: 24 bits, read by eviction.
 *
 *   LRU   seconds, modulo 2^24 (194 days)
 *
 *   LFU   bit 23                8 7              0
 *             +------------------+----------------+
 *             | minutes mod 2^16 | counter        |
 *             +------------------+----------------+
 *         The counter is logarithmic: the more it counts, the less likely it
 *         counts another use; and it loses one each lfu-decay-time minutes.
 *         The minutes say when that was last reckoned.
 *
 * Which of the two is kept follows maxmemory-policy.  When the policy changes
 * old ages are nonsense until keys are used again. */
#ifndef CORE_KEYSPACE_AGE_H
#define CORE_KEYSPACE_AGE_H

#include "core/keyspace/entry.h"
#include "core/keyspace/keyspace.h"

#define AGE_LFU_FIRST                                                          \
    5 /* counter of a new key, so that it may live a while   \
                         */

/* Does anybody evict by it? */
bool age_matters(void);

static inline bool age_counts(void)
{
    return keyspace_settings.policy == POLICY_ALLKEYS_LFU ||
           keyspace_settings.policy == POLICY_VOLATILE_LFU;
}

static inline uint32_t age_seconds(int64_t now_ms)
{
    return (uint32_t)((uint64_t)now_ms / 1000 & ENTRY_AGE_MASK);
}

/* The age of a key that is made now. */
uint32_t age_first(int64_t now_ms);

/* One more use of a key whose frequency is kept. */
void age_count_use(struct entry *e, int64_t now_ms);

static inline void age_touch(struct entry *e, int64_t now_ms)
{
    if (KR_UNLIKELY(age_counts()))
        age_count_use(e, now_ms);
    else
        entry_set_age(e, age_seconds(now_ms));
}

/* How long ago; to whole seconds. */
uint64_t age_idle_ms(const struct entry *e, int64_t now_ms);
/* The counter with what it has lost until now. */
uint32_t age_frequency(const struct entry *e, int64_t now_ms);

void age_set_idle_ms(struct entry *e, uint64_t idle_ms, int64_t now_ms);
void age_set_frequency(struct entry *e, uint32_t counter, int64_t now_ms);

#endif
