/* SPDX-License-Identifier: BSD-3-Clause */
/* borrows - a module that calls a function of another one's.
 *
 *     BORROWS.ADD a b   their sum, as lends.c has it */
#include "guest.h"

static int add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    long long (*function)(long long, long long);
    void *data;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    data = RedisModule_GetSharedAPI(ctx, "lends_add");
    if (!data)
        return RedisModule_ReplyWithError(ctx, "ERR nobody lends it");
    memcpy(&function, &data, sizeof(function));
    return RedisModule_ReplyWithLongLong(
        ctx, function(number_of(argv[1]), number_of(argv[2])));
}

static const struct guest_row rows[] = {
    {"borrows.add", add, "", 0, 0, 0},
};

GUEST("borrows", rows)
