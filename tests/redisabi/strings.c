/* SPDX-License-Identifier: BSD-3-Clause */
/* strings - string keys, expiry, what keys are.
 *
 *     STRINGS.SET key value    STRINGS.SHOUT key    STRINGS.SIZE key size
 *     STRINGS.ABOUT key        type, length, expiry
 *     STRINGS.DROP key [lazy]  STRINGS.EXPIRE key ms  STRINGS.EXPIREAT key ms */
#include "guest.h"

#include <ctype.h>

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString *name)
{
    return RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
}

static int answer(RedisModuleCtx *ctx, RedisModuleKey *key, int status)
{
    RedisModule_CloseKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    if (status == REDISMODULE_OK)
        return RedisModule_ReplyWithSimpleString(ctx, "OK");
    return RedisModule_ReplyWithError(ctx, "ERR refused");
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    return answer(ctx, key, RedisModule_StringSet(key, argv[2]));
}

static int shout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    size_t size;
    char *bytes;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    bytes =
        RedisModule_StringDMA(key, &size, REDISMODULE_READ | REDISMODULE_WRITE);
    for (size_t i = 0; bytes && i < size; i++)
        bytes[i] = (char)toupper((unsigned char)bytes[i]);
    return answer(ctx, key, bytes ? REDISMODULE_OK : REDISMODULE_ERR);
}

static int resize(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    return answer(ctx, key,
                  RedisModule_StringTruncate(key, (size_t)number_of(argv[2])));
}

static int about(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    size_t size = 0;
    char *bytes;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    RedisModule_ReplyWithArray(ctx, 5);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyType(key));
    RedisModule_ReplyWithLongLong(ctx, (long long)RedisModule_ValueLength(key));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_KeyExists(ctx, argv[1]));
    if (!key) {
        RedisModule_ReplyWithNull(ctx);
        return RedisModule_ReplyWithNull(ctx);
    }
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetExpire(key) == REDISMODULE_NO_EXPIRE
                 ? -1
                 : (RedisModule_GetExpire(key) + 999) / 1000);
    bytes = RedisModule_KeyType(key) == REDISMODULE_KEYTYPE_STRING
                ? RedisModule_StringDMA(key, &size, REDISMODULE_READ)
                : NULL;
    if (bytes)
        RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
    else
        RedisModule_ReplyWithNull(ctx);
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int drop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    return answer(ctx, key,
                  argc > 2 ? RedisModule_UnlinkKey(key)
                           : RedisModule_DeleteKey(key));
}

static int expire(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    return answer(ctx, key, RedisModule_SetExpire(key, number_of(argv[2])));
}

static int expire_at(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1]);
    return answer(ctx, key, RedisModule_SetAbsExpire(key, number_of(argv[2])));
}

static const struct guest_row rows[] = {
    {"strings.set", set, "write deny-oom", 1, 1, 1},
    {"strings.shout", shout, "write", 1, 1, 1},
    {"strings.size", resize, "write deny-oom", 1, 1, 1},
    {"strings.about", about, "readonly", 1, 1, 1},
    {"strings.drop", drop, "write", 1, 1, 1},
    {"strings.expire", expire, "write", 1, 1, 1},
    {"strings.expireat", expire_at, "write", 1, 1, 1},
};

GUEST("strings", rows)
