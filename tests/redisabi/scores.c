/* SPDX-License-Identifier: BSD-3-Clause */
/* scores - sorted sets.
 *
 *     SCORES.ADD key flags score member    SCORES.INCR key flags by member
 *     SCORES.OF key member    SCORES.REM key member */
#include "guest.h"

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString *name)
{
    RedisModule_AutoMemory(ctx);
    return RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
}

static int change(RedisModuleCtx *ctx, RedisModuleString **argv, int argc,
                  int by)
{
    double score = 0, now = -1;
    int flags, status;

    if (argc != 5)
        return RedisModule_WrongArity(ctx);
    score = strtod(text_of(argv[3]), NULL);
    flags = (int)number_of(argv[2]);
    if (by)
        status = RedisModule_ZsetIncrby(open_key(ctx, argv[1]), score, argv[4],
                                        &flags, &now);
    else
        status =
            RedisModule_ZsetAdd(open_key(ctx, argv[1]), score, argv[4], &flags);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, status);
    RedisModule_ReplyWithLongLong(ctx, flags);
    return RedisModule_ReplyWithDouble(ctx, now);
}

static int add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return change(ctx, argv, argc, 0);
}

static int incr(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return change(ctx, argv, argc, 1);
}

static int of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    double score;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (RedisModule_ZsetScore(open_key(ctx, argv[1]), argv[2], &score) !=
        REDISMODULE_OK)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithDouble(ctx, score);
}

static int rem(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int deleted = -1;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ZsetRem(open_key(ctx, argv[1]), argv[2], &deleted));
    return RedisModule_ReplyWithLongLong(ctx, deleted);
}

static const struct guest_row rows[] = {
    {"scores.add", add, "write deny-oom", 1, 1, 1},
    {"scores.incr", incr, "write deny-oom", 1, 1, 1},
    {"scores.of", of, "readonly", 1, 1, 1},
    {"scores.rem", rem, "write", 1, 1, 1},
};

GUEST("scores", rows)
