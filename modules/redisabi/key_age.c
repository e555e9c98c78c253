/* SPDX-License-Identifier: BSD-3-Clause */
/* key_age - how long ago a key was used, or how often: which of the two is kept
 * follows maxmemory-policy, and the functions for the other one say -1. */
#include "key.h"

#define FREQUENCY_MAX 255 /* of the counter, which is logarithmic */

int rm_GetLRU(RedisModuleKey *key, mstime_t *idle_ms)
{
    struct kr_cell cell;

    *idle_ms = -1;
    if (!key || !key_find(key, false, &cell))
        return REDISMODULE_ERR;
    if (!kr_keyspace->counts_frequency())
        *idle_ms = (mstime_t)kr_keyspace->idle_ms(&cell);
    return REDISMODULE_OK;
}

int rm_SetLRU(RedisModuleKey *key, mstime_t idle_ms)
{
    struct kr_cell cell;

    if (!key || idle_ms < 0 || kr_keyspace->counts_frequency() ||
        !key_find(key, false, &cell))
        return REDISMODULE_ERR;
    kr_keyspace->set_idle_ms(&cell, (uint64_t)idle_ms);
    return REDISMODULE_OK;
}

int rm_GetLFU(RedisModuleKey *key, long long *frequency)
{
    struct kr_cell cell;

    *frequency = -1;
    if (!key || !key_find(key, false, &cell))
        return REDISMODULE_ERR;
    if (kr_keyspace->counts_frequency())
        *frequency = kr_keyspace->frequency(&cell);
    return REDISMODULE_OK;
}

/* Redis ends when the counter is too large; here it is an error. */
int rm_SetLFU(RedisModuleKey *key, long long frequency)
{
    struct kr_cell cell;

    if (!key || frequency < 0 || frequency > FREQUENCY_MAX ||
        !kr_keyspace->counts_frequency() || !key_find(key, false, &cell))
        return REDISMODULE_ERR;
    kr_keyspace->set_frequency(&cell, (uint32_t)frequency);
    return REDISMODULE_OK;
}

int rm_GetOpenKeyModesAll(void)
{
    return REDISMODULE_OPEN_KEY_ALL;
}
