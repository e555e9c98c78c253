/* SPDX-License-Identifier: BSD-3-Clause */
/* toils - a module whose command takes long, and lets others in meanwhile.
 *
 *     TOILS.WORK    until it is told to stop, at most 20 s; whether it was
 *     TOILS.STOP */
#include "guest.h"

#include <unistd.h>

static bool stop;

static int work(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    long long begin = RedisModule_Milliseconds();

    (void)argv;
    (void)argc;
    stop = false;
    while (!stop && RedisModule_Milliseconds() - begin < 20000) {
        RedisModule_Yield(ctx, REDISMODULE_YIELD_FLAG_CLIENTS, "Toiling.");
        usleep(1000);
    }
    return RedisModule_ReplyWithBool(ctx, stop);
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
    {"toils.stop", stop_it, "allow-busy", 0, 0, 0},
};

GUEST("toils", rows)
