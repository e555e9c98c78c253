/* SPDX-License-Identifier: BSD-3-Clause */
/* key_zset - sorted sets through an open key. */
#include "key.h"
#include "text.h"

#include <kr/zset.h>

#include <math.h>

/* The flags that came in have become those that go out. */
static int zset_add(RedisModuleKey *key, double score, bool by,
                    struct kr_str member, int *flags, double *out)
{
    int in = flags ? *flags : 0;
    double old = 0;
    struct kr_cell cell;
    bool there, exists;
    int did = REDISMODULE_ZADD_NOP;

    if (!kr_zsets || !(key->mode & REDISMODULE_WRITE))
        return REDISMODULE_ERR;
    there = key_find(key, true, &cell);
    if (there && !kr_zsets->is_zset(&cell))
        return REDISMODULE_ERR;
    exists = there && kr_zsets->score(&cell, member, &old);
    if (!isnan(score) &&
        in & (exists ? REDISMODULE_ZADD_NX : REDISMODULE_ZADD_XX))
        goto done;
    if (by && exists)
        score += old;
    if (isnan(score)) {
        if (flags)
            *flags = 0;
        return REDISMODULE_ERR;
    }
    if (exists && ((in & REDISMODULE_ZADD_GT && score <= old) ||
                   (in & REDISMODULE_ZADD_LT && score >= old)))
        goto done;
    if (there) {
        (void)kr_zsets->add(&cell, member, score);
    } else {
        struct kr_scored first = {member, score};

        kr_zsets->put(key->db, key_name(key), 1, &first, &cell);
    }
    did = exists ? (score != old ? REDISMODULE_ZADD_UPDATED : 0)
                 : REDISMODULE_ZADD_ADDED;
    if (out)
        *out = score;
done:
    if (flags)
        *flags = did;
    return REDISMODULE_OK;
}

int rm_ZsetAdd(RedisModuleKey *key, double score, RedisModuleString *member,
               int *flags)
{
    return zset_add(key, score, false, text_view(member), flags, NULL);
}

int rm_ZsetIncrby(RedisModuleKey *key, double score, RedisModuleString *member,
                  int *flags, double *out)
{
    return zset_add(key, score, true, text_view(member), flags, out);
}

int rm_ZsetScore(RedisModuleKey *key, RedisModuleString *member, double *score)
{
    struct kr_cell cell;

    return kr_zsets && key_find(key, false, &cell) &&
                   kr_zsets->is_zset(&cell) &&
                   kr_zsets->score(&cell, text_view(member), score)
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

int rm_ZsetRem(RedisModuleKey *key, RedisModuleString *member, int *deleted)
{
    struct kr_cell cell;
    bool there, gone;

    if (!kr_zsets || !(key->mode & REDISMODULE_WRITE))
        return REDISMODULE_ERR;
    there = key_find(key, true, &cell);
    if (there && !kr_zsets->is_zset(&cell))
        return REDISMODULE_ERR;
    gone = there && kr_zsets->remove(&cell, text_view(member));
    if (gone && kr_zsets->count(&cell) == 0)
        kr_keyspace->erase(&cell, false);
    if (deleted)
        *deleted = gone;
    return REDISMODULE_OK;
}
