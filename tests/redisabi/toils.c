/* SPDX-License-Identifier: BSD-3-Clause */
/* toils - a module whose command takes long, and lets others in meanwhile.
 *
 *     TOILS.WORK    until it is told to stop, at most 20 s; whether it was
 *     TOILS.THREAD  the same on a thread that has the lock meanwhile
 *     TOILS.LOCK    a thread wants the lock, and answers when it has it
 *     TOILS.STOP */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

static bool stop;

static int toil(RedisModuleCtx *ctx)
{
    long long begin = RedisModule_Milliseconds();

    stop = false;
    while (!stop && RedisModule_Milliseconds() - begin < 20000) {
        RedisModule_Yield(ctx, REDISMODULE_YIELD_FLAG_CLIENTS, "Toiling.");
        usleep(1000);
    }
    return RedisModule_ReplyWithBool(ctx, stop);
}

static int work(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return toil(ctx);
}

static void *work_on(void *blocked)
{
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(blocked);

    RedisModule_ThreadSafeContextLock(ctx);
    toil(ctx);
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

static const struct guest_row rows[] = {
    {"toils.work", work, "", 0, 0, 0},
    {"toils.thread", work_aside, "", 0, 0, 0},
    {"toils.lock", lock_aside, "allow-busy", 0, 0, 0},
    {"toils.stop", stop_it, "allow-busy", 0, 0, 0},
};

GUEST("toils", rows)
