/* SPDX-License-Identifier: BSD-3-Clause */
/* lists - list keys.  Answers what the function did, and errno.
 *
 *     LISTS.PUSH key where item   LISTS.POP key where   LISTS.GET key index
 *     LISTS.SET key index item    LISTS.INSERT key index item
 *     LISTS.DEL key index         (each with a last word "r": opened to read) */
#include "guest.h"

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString **argv,
                                int argc)
{
    int reading = strcmp(text_of(argv[argc - 1]), "r") == 0;

    RedisModule_AutoMemory(ctx);
    errno = 0;
    return RedisModule_OpenKey(ctx, argv[1],
                               reading ? REDISMODULE_READ
                                       : REDISMODULE_READ | REDISMODULE_WRITE);
}

static int answer(RedisModuleCtx *ctx, int status, int wrong)
{
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    return RedisModule_ReplyWithLongLong(ctx, status ? wrong : 0);
}

static int answer_item(RedisModuleCtx *ctx, RedisModuleString *item, int wrong)
{
    if (item)
        return RedisModule_ReplyWithString(ctx, item);
    return RedisModule_ReplyWithLongLong(ctx, wrong);
}

static int push(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    int status = RedisModule_ListPush(key, (int)number_of(argv[2]), argv[3]);

    return answer(ctx, status, errno);
}

static int pop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    RedisModuleString *item = RedisModule_ListPop(key, (int)number_of(argv[2]));

    return answer_item(ctx, item, errno);
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    RedisModuleString *item = RedisModule_ListGet(key, number_of(argv[2]));

    return answer_item(ctx, item, errno);
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    int status = RedisModule_ListSet(key, number_of(argv[2]), argv[3]);

    return answer(ctx, status, errno);
}

static int insert(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    int status = RedisModule_ListInsert(key, number_of(argv[2]), argv[3]);

    return answer(ctx, status, errno);
}

static int del(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key = open_key(ctx, argv, argc);
    int status = RedisModule_ListDelete(key, number_of(argv[2]));

    return answer(ctx, status, errno);
}

static const struct guest_row rows[] = {
    {"lists.push", push, "write deny-oom", 1, 1, 1},
    {"lists.pop", pop, "write", 1, 1, 1},
    {"lists.get", get, "readonly", 1, 1, 1},
    {"lists.set", set, "write", 1, 1, 1},
    {"lists.insert", insert, "write", 1, 1, 1},
    {"lists.del", del, "write", 1, 1, 1},
};

GUEST("lists", rows)
