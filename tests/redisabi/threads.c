/* SPDX-License-Identifier: BSD-3-Clause */
/* threads - the lock: what a thread does under it nobody comes between.
 *
 *     THREADS.BEGIN      a thread adds 1 to a number a hundred times, slowly
 *     THREADS.ADD        so does the command, once
 *     THREADS.LOST sum   how much of what should be there is not
 *     THREADS.TRY        a thread tries the lock while the command has it, and
 *                        then until it gets it
 *     THREADS.FOREVER    a thread that never ends, under the lock and without
 *
 * Adding is a read, a nap and a write: one that is lost shows. */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

static volatile long long number, running;

static void add_slowly(RedisModuleCtx *ctx, useconds_t nap_us)
{
    long long before = number;

    usleep(nap_us);
    number = before + 1;
    RedisModule_FreeCallReply(RedisModule_Call(ctx, "incr", "!c", "number"));
}

static void *run(void *data)
{
    RedisModuleCtx *ctx = data;

    for (int i = 0; i < 100; i++) {
        RedisModule_ThreadSafeContextLock(ctx);
        add_slowly(ctx, 500);
        if (i == 99)
            running--;
        RedisModule_ThreadSafeContextUnlock(ctx);
        usleep(200);
    }
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static int begin(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    pthread_t thread;

    (void)argv;
    (void)argc;
    running++;
    if (pthread_create(&thread, NULL, run,
                       RedisModule_GetDetachedThreadSafeContext(ctx)) != 0)
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    add_slowly(ctx, 1500);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

/* 0 when nothing has been lost, and no thread runs any more. */
static int lost(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx,
                                         number + running - number_of(argv[1]));
}

static volatile bool tried;

static void *try_on(void *blocked)
{
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(blocked);
    int status = RedisModule_ThreadSafeContextTryLock(ctx), error = errno;

    tried = true;
    while (RedisModule_ThreadSafeContextTryLock(ctx) != REDISMODULE_OK)
        usleep(100);
    RedisModule_FreeCallReply(RedisModule_Call(ctx, "incr", "!c", "tried"));
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    RedisModule_ReplyWithLongLong(ctx, error);
    RedisModule_UnblockClient(blocked, NULL);
    RedisModule_FreeThreadSafeContext(ctx);
    return NULL;
}

static int try_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleBlockedClient *blocked =
        RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    pthread_t thread;

    (void)argv;
    (void)argc;
    tried = false;
    if (pthread_create(&thread, NULL, try_on, blocked) != 0) {
        RedisModule_AbortBlock(blocked);
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    }
    pthread_detach(thread);
    while (!tried)
        usleep(100);
    return REDISMODULE_OK;
}

static void *run_forever(void *data)
{
    RedisModuleCtx *ctx = data;

    for (;;) {
        RedisModule_Free(RedisModule_Alloc(100));
        RedisModule_ThreadSafeContextLock(ctx);
        RedisModule_FreeCallReply(
            RedisModule_Call(ctx, "incr", "!c", "forever"));
        RedisModule_ThreadSafeContextUnlock(ctx);
    }
    return NULL;
}

static int forever(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    pthread_t thread;

    (void)argv;
    (void)argc;
    if (pthread_create(&thread, NULL, run_forever,
                       RedisModule_GetDetachedThreadSafeContext(ctx)) != 0)
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static const struct guest_row rows[] = {
    {"threads.begin", begin, "write", 0, 0, 0},
    {"threads.add", add, "write", 0, 0, 0},
    {"threads.lost", lost, "", 0, 0, 0},
    {"threads.try", try_it, "write", 0, 0, 0},
    {"threads.forever", forever, "write", 0, 0, 0},
};

GUEST("threads", rows)
