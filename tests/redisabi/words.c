/* SPDX-License-Identifier: BSD-3-Clause */
/* words - strings: made, read, compared, grown, kept for longer than a command.
 *
 *     WORDS.NUMBERS word          as integer, unsigned, double, long double
 *     WORDS.MAKE number           the strings that numbers make
 *     WORDS.COMPARE a b    WORDS.APPEND a b    WORDS.PRINT format-free text
 *     WORDS.KEEP word  WORDS.KEPT what was kept, by reference */
#include "guest.h"

static RedisModuleString *kept;

static int numbers(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    unsigned long long natural;
    long double precise;
    long long integer;
    double number;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, 4);
    if (RedisModule_StringToLongLong(argv[1], &integer) == REDISMODULE_OK)
        RedisModule_ReplyWithLongLong(ctx, integer);
    else
        RedisModule_ReplyWithNull(ctx);
    if (RedisModule_StringToULongLong(argv[1], &natural) == REDISMODULE_OK)
        RedisModule_ReplyWithString(
            ctx, RedisModule_CreateStringFromULongLong(ctx, natural));
    else
        RedisModule_ReplyWithNull(ctx);
    if (RedisModule_StringToDouble(argv[1], &number) == REDISMODULE_OK)
        RedisModule_ReplyWithDouble(ctx, number);
    else
        RedisModule_ReplyWithNull(ctx);
    if (RedisModule_StringToLongDouble(argv[1], &precise) == REDISMODULE_OK)
        RedisModule_ReplyWithLongDouble(ctx, precise);
    else
        RedisModule_ReplyWithNull(ctx);
    return REDISMODULE_OK;
}

static int make(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    double number = 0;

    RedisModule_AutoMemory(ctx);
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    (void)RedisModule_StringToDouble(argv[1], &number);
    RedisModule_ReplyWithArray(ctx, 6);
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromLongLong(ctx, number_of(argv[1])));
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromDouble(ctx, number));
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromLongDouble(ctx, number, 0));
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromLongDouble(ctx, number, 1));
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromString(ctx, argv[1]));
    RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringPrintf(ctx, "<%s|%5.2f>", text_of(argv[1]),
                                            number));
    return REDISMODULE_OK;
}

static int compare(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int order;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    order = RedisModule_StringCompare(argv[1], argv[2]);
    return RedisModule_ReplyWithLongLong(ctx, (order > 0) - (order < 0));
}

static int append(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *sum;
    const char *bytes;
    size_t size;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    sum = RedisModule_CreateStringFromString(ctx, argv[1]);
    bytes = RedisModule_StringPtrLen(argv[2], &size);
    RedisModule_ReplyWithArray(ctx, 3);
    for (int i = 0; i < 2; i++)
        RedisModule_ReplyWithLongLong(
            ctx, RedisModule_StringAppendBuffer(ctx, sum, bytes, size));
    RedisModule_TrimStringAllocation(sum);
    RedisModule_ReplyWithString(ctx, sum);
    RedisModule_FreeString(ctx, sum);
    return REDISMODULE_OK;
}

static int keep(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModule_AutoMemory(ctx);
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (kept)
        RedisModule_FreeString(NULL, kept);
    kept = RedisModule_HoldString(NULL, argv[1]);
    RedisModule_RetainString(NULL, kept);
    RedisModule_FreeString(NULL, kept);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int was_kept(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    if (!kept)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithString(ctx, kept);
}

static const struct guest_row rows[] = {
    {"words.numbers", numbers, "", 0, 0, 0},
    {"words.make", make, "", 0, 0, 0},
    {"words.compare", compare, "", 0, 0, 0},
    {"words.append", append, "", 0, 0, 0},
    {"words.keep", keep, "", 0, 0, 0},
    {"words.kept", was_kept, "", 0, 0, 0},
};

GUEST("words", rows)
