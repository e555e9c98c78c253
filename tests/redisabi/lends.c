/* SPDX-License-Identifier: BSD-3-Clause */
/* lends - a module that lends others a function, by name.  See borrows.c.
 *
 *     LENDS.AGAIN   what it answers to lend the same name twice */
#include "guest.h"

static long long add(long long a, long long b)
{
    return a + b;
}

static void *add_as_data(void)
{
    long long (*function)(long long, long long) = add;
    void *data;

    memcpy(&data, &function, sizeof(data));
    return data;
}

static int again(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ExportSharedAPI(ctx, "lends_add", add_as_data()));
}

static const struct guest_row rows[] = {
    {"lends.again", again, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    return RedisModule_ExportSharedAPI(ctx, "lends_add", add_as_data());
}

GUEST_WITH("lends", rows, begin)
