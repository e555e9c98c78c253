/* SPDX-License-Identifier: BSD-3-Clause */
/* moves - a module whose memory may be moved, where nobody moves any.
 *
 *     MOVES.PUT key text   MOVES.GET key
 *     MOVES.TOLD           how often it was asked to move something
 *     MOVES.ASK            what blocks asked about out of turn answer: 7.0 would
 *                          crash */
#include "guest.h"

static RedisModuleType *text_type;
static long long told;

static int move_global(RedisModuleDefragCtx *ctx)
{
    (void)ctx;
    told++;
    return 0;
}

static int move_value(RedisModuleDefragCtx *ctx, RedisModuleString *key,
                      void **value)
{
    void *moved = RedisModule_DefragAlloc(ctx, *value);

    (void)key;
    if (moved)
        *value = moved;
    told++;
    return RedisModule_DefragShouldStop(ctx);
}

static void *load(RedisModuleIO *io, int version)
{
    (void)version;
    return RedisModule_LoadStringBuffer(io, NULL);
}

static void save(RedisModuleIO *io, void *value)
{
    RedisModule_SaveStringBuffer(io, value, strlen(value) + 1);
}

static void release(void *value)
{
    RedisModule_Free(value);
}

static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, text_type,
                                   RedisModule_Strdup(text_of(argv[2])));
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (RedisModule_ModuleTypeGetType(key) == text_type)
        RedisModule_ReplyWithCString(ctx, RedisModule_ModuleTypeGetValue(key));
    else
        RedisModule_ReplyWithNull(ctx);
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int say(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, told);
}

static int ask(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    unsigned long cursor = 5;

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithBool(ctx,
                              RedisModule_DefragAlloc(NULL, &told) != NULL);
    RedisModule_ReplyWithBool(
        ctx, RedisModule_DefragRedisModuleString(NULL, NULL) != NULL);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_DefragShouldStop(NULL));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_DefragCursorSet(NULL, 1));
    RedisModule_ReplyWithLongLong(ctx,
                                  RedisModule_DefragCursorGet(NULL, &cursor));
    RedisModule_ReplyWithBool(ctx, RedisModule_GetKeyNameFromDefragCtx(NULL) !=
                                       NULL);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetDbIdFromDefragCtx(NULL));
}

static const struct guest_row rows[] = {
    {"moves.put", put, "write", 1, 1, 1},
    {"moves.get", get, "readonly", 1, 1, 1},
    {"moves.told", say, "", 0, 0, 0},
    {"moves.ask", ask, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {.version = 3,
                                      .rdb_load = load,
                                      .rdb_save = save,
                                      .free = release,
                                      .defrag = move_value};

    text_type = RedisModule_CreateDataType(ctx, "moves-txt", 0, &methods);
    if (!text_type)
        return REDISMODULE_ERR;
    return RedisModule_RegisterDefragFunc(ctx, move_global);
}

GUEST_WITH("moves", rows, begin)
