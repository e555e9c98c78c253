/* SPDX-License-Identifier: BSD-3-Clause */
/* ranges - walks through ranges of sorted sets.
 *
 *     RANGES.SCORE key first|last min max min-open max-open steps
 *     RANGES.LEX key first|last min max steps
 *
 * `steps` is a word of letters: n next, p previous, c current, e end reached, s
 * stop.  The answer is what each of them said. */
#include "guest.h"

static void current(RedisModuleCtx *ctx, RedisModuleKey *key)
{
    double score = -1;
    RedisModuleString *member =
        RedisModule_ZsetRangeCurrentElement(key, &score);

    RedisModule_ReplyWithArray(ctx, 2);
    if (member)
        RedisModule_ReplyWithString(ctx, member);
    else
        RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithDouble(ctx, score);
}

static int walk(RedisModuleCtx *ctx, RedisModuleKey *key, int status,
                const char *steps)
{
    RedisModule_ReplyWithArray(ctx, 1 + (long)strlen(steps));
    RedisModule_ReplyWithLongLong(ctx, status);
    for (; *steps; steps++) {
        if (*steps == 'n') {
            RedisModule_ReplyWithLongLong(ctx, RedisModule_ZsetRangeNext(key));
        } else if (*steps == 'p') {
            RedisModule_ReplyWithLongLong(ctx, RedisModule_ZsetRangePrev(key));
        } else if (*steps == 'e') {
            RedisModule_ReplyWithLongLong(ctx,
                                          RedisModule_ZsetRangeEndReached(key));
        } else if (*steps == 's') {
            RedisModule_ZsetRangeStop(key);
            RedisModule_ReplyWithNull(ctx);
        } else {
            current(ctx, key);
        }
    }
    return REDISMODULE_OK;
}

static int by_score(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    double min = 0, max = 0;
    int status;

    if (argc != 8)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    if (RedisModule_StringToDouble(argv[3], &min) != REDISMODULE_OK ||
        RedisModule_StringToDouble(argv[4], &max) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR no number");
    status = (*text_of(argv[2]) == 'f' ? RedisModule_ZsetFirstInScoreRange
                                       : RedisModule_ZsetLastInScoreRange)(
        key, min, max, (int)number_of(argv[5]), (int)number_of(argv[6]));
    return walk(ctx, key, status, text_of(argv[7]));
}

static int by_lex(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    int status;

    if (argc != 6)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    status = (*text_of(argv[2]) == 'f'
                  ? RedisModule_ZsetFirstInLexRange
                  : RedisModule_ZsetLastInLexRange)(key, argv[3], argv[4]);
    return walk(ctx, key, status, text_of(argv[5]));
}

static const struct guest_row rows[] = {
    {"ranges.score", by_score, "readonly", 1, 1, 1},
    {"ranges.lex", by_lex, "readonly", 1, 1, 1},
};

GUEST("ranges", rows)
