/* SPDX-License-Identifier: BSD-3-Clause */
/* toils - a module whose command takes long, and lets others in meanwhile.
 *
 *     TOILS.WORK    until it is told to stop, at most 20 s; whether it was
 *     TOILS.THREAD  the same on a thread that has the lock meanwhile
 *     TOILS.LOCK    a thread wants the lock, and answers when it has it
 *     TOILS.STOP
 *     TOILS.PUT key   a value that toils when it is loaded; TOILS.GET key says
 *                     whether it was told to stop then */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

static bool stop;

static RedisModuleType *toil_type;

static bool toil(RedisModuleCtx *ctx)
{
    long long begin = RedisModule_Milliseconds();

    stop = false;
    while (!stop && RedisModule_Milliseconds() - begin < 20000) {
        RedisModule_Yield(ctx, REDISMODULE_YIELD_FLAG_CLIENTS, "Toiling.");
        usleep(1000);
    }
    return stop;
}

static int work(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithBool(ctx, toil(ctx));
}

static void *work_on(void *blocked)
{
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(blocked);

    RedisModule_ThreadSafeContextLock(ctx);
    RedisModule_ReplyWithBool(ctx, toil(ctx));
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_UnblockClient(blocked, NULL);
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static void *lock_on(void *blocked)
{
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(blocked);

    RedisModule_ThreadSafeContextLock(ctx);
    RedisModule_ReplyWithBool(ctx, stop);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_UnblockClient(blocked, NULL);
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static int begin(RedisModuleCtx *ctx, void *(*run)(void *blocked))
{
    RedisModuleBlockedClient *blocked =
        RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, blocked) != 0) {
        RedisModule_AbortBlock(blocked);
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    pthread_detach(thread);
    return REDISMODULE_OK;
}

static int work_aside(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return begin(ctx, work_on);
}

static int lock_aside(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return begin(ctx, lock_on);
}

static int stop_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    stop = true;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* --- A type --------------------------------------------------------------- */

static void toil_save(RedisModuleIO *io, void *value)
{
    RedisModule_SaveUnsigned(io, *(const bool *)value);
}

static void *toil_load(RedisModuleIO *io, int version)
{
    bool *value = RedisModule_Alloc(sizeof(*value));

    (void)version;
    (void)RedisModule_LoadUnsigned(io);
    *value = toil(RedisModule_GetContextFromIO(io));
    return value;
}

static void toil_free(void *value)
{
    RedisModule_Free(value);
}

static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, toil_type,
                                   RedisModule_Calloc(1, sizeof(bool)));
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (RedisModule_ModuleTypeGetType(key) != toil_type)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithBool(
        ctx, *(const bool *)RedisModule_ModuleTypeGetValue(key));
}

static int begin_type(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {.version = 1,
                                      .rdb_load = toil_load,
                                      .rdb_save = toil_save,
                                      .free = toil_free};

    toil_type = RedisModule_CreateDataType(ctx, "toil-type", 0, &methods);
    return toil_type ? REDISMODULE_OK : REDISMODULE_ERR;
}

static const struct guest_row rows[] = {
    {"toils.work", work, "", 0, 0, 0},
    {"toils.thread", work_aside, "", 0, 0, 0},
    {"toils.lock", lock_aside, "allow-busy", 0, 0, 0},
    {"toils.stop", stop_it, "allow-busy allow-loading", 0, 0, 0},
    {"toils.put", put, "write", 1, 1, 1},
    {"toils.get", get, "readonly", 1, 1, 1},
};

GUEST_WITH("toils", rows, begin_type)
