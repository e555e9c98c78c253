/* SPDX-License-Identifier: BSD-3-Clause */
/* ages - how long ago keys were used, how often, when they end, how they are
 * opened.
 *
 *     AGES.LRU key [ms]   AGES.LFU key [n]   AGES.MODES
 *     AGES.TTL key mode [ms]   AGES.AT key mode [ms]
 *     AGES.OPEN key mode   opens, and tells the type */
#include "guest.h"

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString **argv,
                                int mode)
{
    RedisModule_AutoMemory(ctx);
    return RedisModule_OpenKey(ctx, argv[1],
                               mode | REDISMODULE_OPEN_KEY_NOTOUCH);
}

static int two(RedisModuleCtx *ctx, long long status, long long value)
{
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    return RedisModule_ReplyWithLongLong(ctx, value);
}

static int lru(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, REDISMODULE_WRITE);
    mstime_t idle = 77;
    int status;

    if (argc == 3)
        return RedisModule_ReplyWithLongLong(
            ctx, RedisModule_SetLRU(key, number_of(argv[2])));
    status = RedisModule_GetLRU(key, &idle);
    return two(ctx, status, idle < 0 ? idle : idle / 10000);
}

static int lfu(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, REDISMODULE_WRITE);
    long long often = 77;
    int status;

    if (argc == 3)
        return RedisModule_ReplyWithLongLong(
            ctx, RedisModule_SetLFU(key, number_of(argv[2])));
    status = RedisModule_GetLFU(key, &often);
    return two(ctx, status, often);
}

/* Rounded to 10 s, for the two servers are not asked in the same moment. */
static long long rough(mstime_t ms)
{
    return ms < 0 ? ms : (ms + 5000) / 10000;
}

static int ttl(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, (int)number_of(argv[2]));

    if (argc == 4)
        return RedisModule_ReplyWithLongLong(
            ctx, RedisModule_SetExpire(key, number_of(argv[3])));
    return two(ctx, rough(RedisModule_GetExpire(key)),
               RedisModule_GetAbsExpire(key) == REDISMODULE_NO_EXPIRE);
}

static int at(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, (int)number_of(argv[2]));

    if (argc == 4)
        return RedisModule_ReplyWithLongLong(
            ctx, RedisModule_SetAbsExpire(key, number_of(argv[3])));
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetAbsExpire(key));
}

static int open_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], (int)number_of(argv[2]));
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, key != NULL);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(key));
    return RedisModule_ReplyWithLongLong(
        ctx, (long long)RedisModule_ValueLength(key));
}

/* 7.2 has it, 7.0 not. */
static int modes(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithBool(
        ctx, !RedisModule_GetOpenKeyModesAll ||
                 RedisModule_GetOpenKeyModesAll() == REDISMODULE_OPEN_KEY_ALL);
}

static const struct guest_row rows[] = {
    {"ages.lru", lru, "write", 1, 1, 1},
    {"ages.lfu", lfu, "write", 1, 1, 1},
    {"ages.ttl", ttl, "write", 1, 1, 1},
    {"ages.at", at, "write", 1, 1, 1},
    {"ages.open", open_it, "write", 1, 1, 1},
    {"ages.modes", modes, "", 0, 0, 0},
};

GUEST("ages", rows)
