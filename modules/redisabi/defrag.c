/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag - nothing moves: our allocator is not asked to, so the functions of
 * guests are never called, and a block asked about stays where it is. */
#include "context.h"

int rm_RegisterDefragFunc(RedisModuleCtx *ctx, RedisModuleDefragFunc run)
{
    (void)ctx;
    (void)run;
    return REDISMODULE_OK;
}

void *rm_DefragAlloc(RedisModuleDefragCtx *ctx, void *block)
{
    (void)ctx;
    (void)block;
    return NULL;
}

RedisModuleString *rm_DefragRedisModuleString(RedisModuleDefragCtx *ctx,
                                              RedisModuleString *str)
{
    (void)ctx;
    (void)str;
    return NULL;
}

int rm_DefragShouldStop(RedisModuleDefragCtx *ctx)
{
    (void)ctx;
    return 0;
}

int rm_DefragCursorSet(RedisModuleDefragCtx *ctx, unsigned long cursor)
{
    (void)ctx;
    (void)cursor;
    return REDISMODULE_ERR;
}

int rm_DefragCursorGet(RedisModuleDefragCtx *ctx, unsigned long *cursor)
{
    (void)ctx;
    (void)cursor;
    return REDISMODULE_ERR;
}

const RedisModuleString *rm_GetKeyNameFromDefragCtx(RedisModuleDefragCtx *ctx)
{
    (void)ctx;
    return NULL;
}

int rm_GetDbIdFromDefragCtx(RedisModuleDefragCtx *ctx)
{
    (void)ctx;
    return -1;
}
