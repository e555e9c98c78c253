/* SPDX-License-Identifier: BSD-3-Clause */
/* forks - a module that works in a child.
 *
 *     FORKS.START code ms progress   a child that ends with that code, or error
 *     FORKS.WAIT                     how it has ended, once it has
 *     FORKS.TOLD                     how many have ended, code and signal of the
 *                                    last
 *     FORKS.KILL pid                 0: the one that is there
 *     FORKS.ACTIVE                   is there a child, and is this one? */
#include "guest.h"

#include <unistd.h>

static int pid, told, last_code, last_signal;
static RedisModuleBlockedClient *waiter;

static int say(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, told);
    RedisModule_ReplyWithLongLong(ctx, last_code);
    return RedisModule_ReplyWithLongLong(ctx, last_signal);
}

static void done(int code, int by_signal, void *data)
{
    if (data != &pid)
        abort();
    told++;
    last_code = code;
    last_signal = by_signal;
    pid = 0;
    if (waiter)
        RedisModule_UnblockClient(waiter, NULL);
    waiter = NULL;
}

static void work(const char *key, long long ms, double progress, int code)
{
    /* What the server does from now on is not seen here. */
    setenv("FORKS", key, 1);
    RedisModule_SendChildHeartbeat(progress);
    RedisModule_SendChildHeartbeat(-1);
    usleep((useconds_t)(ms * 1000));
    RedisModule_ExitFromChild(code);
}

static int start(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    double progress = 0;
    int child;

    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    (void)RedisModule_StringToDouble(argv[3], &progress);
    child = RedisModule_Fork(done, &pid);
    if (child < 0)
        return RedisModule_ReplyWithError(ctx, "ERR there is a child");
    if (child == 0)
        work("child", number_of(argv[2]), progress, (int)number_of(argv[1]));
    if (getenv("FORKS"))
        abort();
    pid = child;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int wait_for_end(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (pid == 0 || waiter)
        return say(ctx, argv, argc);
    waiter = RedisModule_BlockClient(ctx, say, NULL, NULL, 0);
    return REDISMODULE_OK;
}

static int kill_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int which, status;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    which = (int)number_of(argv[1]);
    status = RedisModule_KillForkChild(which ? which : pid);
    if (status == REDISMODULE_OK)
        pid = 0;
    return RedisModule_ReplyWithLongLong(ctx, status);
}

static int active(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int flags = RedisModule_GetContextFlags(ctx);

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithBool(ctx, flags & REDISMODULE_CTX_FLAGS_ACTIVE_CHILD);
    return RedisModule_ReplyWithBool(ctx,
                                     flags & REDISMODULE_CTX_FLAGS_IS_CHILD);
}

static const struct guest_row rows[] = {
    {"forks.start", start, "", 0, 0, 0},
    {"forks.wait", wait_for_end, "", 0, 0, 0},
    {"forks.told", say, "", 0, 0, 0},
    {"forks.kill", kill_it, "", 0, 0, 0},
    {"forks.active", active, "", 0, 0, 0},
};

GUEST("forks", rows)
