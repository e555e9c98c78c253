/* SPDX-License-Identifier: BSD-3-Clause */
/* hashes - hash keys, with fields as strings and as plain text.
 *
 *     HASHES.SET key flags field value    "-" for the value deletes
 *     HASHES.GET key field field  HASHES.HAS key field */
#include "guest.h"

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString *name)
{
    RedisModule_AutoMemory(ctx);
    errno = 0;
    return RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *value;
    RedisModuleKey *key;
    int flags, count;

    if (argc != 5)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    flags = (int)number_of(argv[2]);
    value = strcmp(text_of(argv[4]), "-") ? argv[4] : REDISMODULE_HASH_DELETE;
    if (flags & REDISMODULE_HASH_CFIELDS)
        count = RedisModule_HashSet(key, flags, text_of(argv[3]), value, NULL);
    else
        count = RedisModule_HashSet(key, flags, argv[3], value, NULL);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, count);
    return RedisModule_ReplyWithLongLong(ctx, count ? 0 : errno);
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *a = NULL, *b = NULL;
    RedisModuleKey *key;

    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    if (RedisModule_HashGet(key, REDISMODULE_HASH_CFIELDS, text_of(argv[2]), &a,
                            text_of(argv[3]), &b, NULL) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    RedisModule_ReplyWithArray(ctx, 2);
    a ? RedisModule_ReplyWithString(ctx, a) : RedisModule_ReplyWithNull(ctx);
    return b ? RedisModule_ReplyWithString(ctx, b)
             : RedisModule_ReplyWithNull(ctx);
}

static int has(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int exists = 0;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (RedisModule_HashGet(open_key(ctx, argv[1]), REDISMODULE_HASH_EXISTS,
                            argv[2], &exists, NULL) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
    return RedisModule_ReplyWithBool(ctx, exists);
}

static const struct guest_row rows[] = {
    {"hashes.set", set, "write deny-oom", 1, 1, 1},
    {"hashes.get", get, "readonly", 1, 1, 1},
    {"hashes.has", has, "readonly", 1, 1, 1},
};

GUEST("hashes", rows)
