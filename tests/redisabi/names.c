/* SPDX-License-Identifier: BSD-3-Clause */
/* names - a module that asks for functions by name, as its header would.
 *
 *     NAMES.KNOWN name...    of each 1 if there is one; a pointer to one that is
 *                            not there stays as it was
 *     NAMES.VERSION          the server's, as a number */
#include "guest.h"

static int known(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int (*get_api)(const char *, void *);

    memcpy(&get_api, ctx, sizeof(get_api));
    RedisModule_ReplyWithArray(ctx, argc - 1);
    for (int i = 1; i < argc; i++) {
        void *before = &get_api, *target = before;
        int status = get_api(text_of(argv[i]), &target);

        if ((status == REDISMODULE_OK) != (target != before))
            abort();
        RedisModule_ReplyWithLongLong(ctx, status == REDISMODULE_OK);
    }
    return REDISMODULE_OK;
}

static int version(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetServerVersion());
}

static const struct guest_row rows[] = {
    {"names.known", known, "", 0, 0, 0},
    {"names.version", version, "", 0, 0, 0},
};

GUEST("names", rows)
