/* SPDX-License-Identifier: BSD-3-Clause */
/* guest - the header that the test modules are built with.
 *
 * Stands in for the one that module authors have: a pointer for each function
 * of the host's list, filled by name at the load.  The same file is loaded into
 * our server and into redis-server, where a name may be unknown (the 7.2 ones),
 * too. */
#ifndef TESTS_REDISABI_GUEST_H
#define TESTS_REDISABI_GUEST_H

#include "../../modules/redisabi/abi.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FUNCTION(result, name, parameters)                                     \
    static result(*RedisModule_##name) parameters __attribute__((unused));
#include "../../modules/redisabi/functions.h"
#undef FUNCTION

static int guest_init(RedisModuleCtx *ctx, const char *name, int version)
{
    int (*get_api)(const char *, void *);

    memcpy(&get_api, ctx, sizeof(get_api));
#define FUNCTION(result, name, parameters)                                     \
    (void)get_api("RedisModule_" #name, (void *)&RedisModule_##name);
#include "../../modules/redisabi/functions.h"
#undef FUNCTION
    if (get_api("RedisModule_NoSuchFunction", &(void *){NULL}) !=
        REDISMODULE_ERR)
        return REDISMODULE_ERR;
    if (RedisModule_IsModuleNameBusy(name))
        return REDISMODULE_ERR;
    RedisModule_SetModuleAttribs(ctx, name, version, REDISMODULE_APIVER_1);
    return REDISMODULE_OK;
}

struct guest_row {
    const char *name;
    RedisModuleCmdFunc run;
    const char *flags;
    int first, last, step;
};

static int guest_commands(RedisModuleCtx *ctx, const struct guest_row *rows,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (RedisModule_CreateCommand(
                ctx, rows[i].name, rows[i].run, rows[i].flags, rows[i].first,
                rows[i].last, rows[i].step) != REDISMODULE_OK)
            return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}

/* A module of these rows; `begin(ctx)` does what else is to be done at the load,
 * and answers whether it went well. */
#define GUEST_WITH(module, rows, begin)                                        \
    int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,      \
                           int argc);                                          \
    int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv,      \
                           int argc)                                           \
    {                                                                          \
        (void)argv;                                                            \
        (void)argc;                                                            \
        if (guest_init(ctx, module, 1) != REDISMODULE_OK ||                    \
            begin(ctx) != REDISMODULE_OK)                                      \
            return REDISMODULE_ERR;                                            \
        return guest_commands(ctx, rows, sizeof(rows) / sizeof((rows)[0]));    \
    }

static inline int guest_begin(RedisModuleCtx *ctx)
{
    (void)ctx;
    return REDISMODULE_OK;
}

#define GUEST(module, rows) GUEST_WITH(module, rows, guest_begin)

/* The text of a string, which a long time ago was all that there was. */
static inline const char *text_of(const RedisModuleString *str)
{
    return RedisModule_StringPtrLen(str, NULL);
}

static inline long long number_of(const RedisModuleString *str)
{
    long long value = 0;

    (void)RedisModule_StringToLongLong(str, &value);
    return value;
}

#endif
