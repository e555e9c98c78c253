/* SPDX-License-Identifier: BSD-3-Clause */
/* settings - parameters of a module, of every type.
 *
 *     SETTINGS.ALL      what the module has, and how often apply was called
 *     SETTINGS.REGISTER name flags    tries to, when it is too late or wrong */
#include "guest.h"

static int flag, word, bits, fixed, applied;
static long long number, bytes;
static RedisModuleString *text;

/* --- Its functions -------------------------------------------------------- */

static int get_int(const char *name, void *data)
{
    (void)name;
    return *(int *)data;
}

static int set_int(const char *name, int value, void *data,
                   RedisModuleString **error)
{
    (void)name;
    (void)error;
    *(int *)data = value;
    return REDISMODULE_OK;
}

static long long get_number(const char *name, void *data)
{
    (void)name;
    return *(long long *)data;
}

/* 13 is refused, and 14 without a word. */
static int set_number(const char *name, long long value, void *data,
                      RedisModuleString **error)
{
    if (value == 13)
        *error = RedisModule_CreateStringPrintf(NULL, "%s: no luck", name);
    if (value == 13 || value == 14)
        return REDISMODULE_ERR;
    *(long long *)data = value;
    return REDISMODULE_OK;
}

static RedisModuleString *get_text(const char *name, void *data)
{
    (void)name;
    (void)data;
    return text;
}

static int set_text(const char *name, RedisModuleString *value, void *data,
                    RedisModuleString **error)
{
    (void)name;
    (void)data;
    (void)error;
    if (text)
        RedisModule_FreeString(NULL, text);
    RedisModule_RetainString(NULL, value);
    text = value;
    return REDISMODULE_OK;
}

static int apply(RedisModuleCtx *ctx, void *data, RedisModuleString **error)
{
    (void)ctx;
    (void)data;
    applied++;
    if (number != 15)
        return REDISMODULE_OK;
    *error = RedisModule_CreateString(NULL, "cannot be applied", 17);
    return REDISMODULE_ERR;
}

/* --- Commands ------------------------------------------------------------- */

static int all(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 8);
    RedisModule_ReplyWithLongLong(ctx, flag);
    RedisModule_ReplyWithLongLong(ctx, number);
    RedisModule_ReplyWithLongLong(ctx, bytes);
    RedisModule_ReplyWithLongLong(ctx, word);
    RedisModule_ReplyWithLongLong(ctx, bits);
    RedisModule_ReplyWithLongLong(ctx, fixed);
    RedisModule_ReplyWithString(ctx, text);
    return RedisModule_ReplyWithLongLong(ctx, applied);
}

/* --- Life ----------------------------------------------------------------- */

static const char *const words[] = {"none", "one", "two", "four"};
static const int values[] = {0, 1, 2, 4};

static int begin(RedisModuleCtx *ctx)
{
    if (RedisModule_RegisterBoolConfig(ctx, "flag", 1, 0, get_int, set_int,
                                       apply, &flag) ||
        RedisModule_RegisterNumericConfig(ctx, "number", -5, 0, -100, 1000,
                                          get_number, set_number, apply,
                                          &number) ||
        RedisModule_RegisterNumericConfig(
            ctx, "bytes", 1024, REDISMODULE_CONFIG_MEMORY, 0, 1 << 30,
            get_number, set_number, NULL, &bytes) ||
        RedisModule_RegisterStringConfig(ctx, "text", "a secret \"word\"", 0,
                                         get_text, set_text, NULL, NULL) ||
        RedisModule_RegisterEnumConfig(ctx, "word", 2, 0, (const char **)words,
                                       values, 4, get_int, set_int, NULL,
                                       &word) ||
        RedisModule_RegisterEnumConfig(
            ctx, "bits", 5, REDISMODULE_CONFIG_BITFLAGS, (const char **)words,
            values, 4, get_int, set_int, NULL, &bits) ||
        RedisModule_RegisterBoolConfig(ctx, "fixed", 0,
                                       REDISMODULE_CONFIG_IMMUTABLE, get_int,
                                       set_int, NULL, &fixed))
        return REDISMODULE_ERR;
    if (!RedisModule_RegisterBoolConfig(ctx, "FLAG", 1, 0, get_int, set_int,
                                        NULL, &flag) ||
        errno != EALREADY ||
        !RedisModule_RegisterBoolConfig(ctx, "a.b", 1, 0, get_int, set_int,
                                        NULL, &flag) ||
        errno != EINVAL ||
        !RedisModule_RegisterBoolConfig(ctx, "", 1, 0, get_int, set_int, NULL,
                                        &flag) ||
        !RedisModule_RegisterBoolConfig(ctx, "x", 1, REDISMODULE_CONFIG_MEMORY,
                                        get_int, set_int, NULL, &flag) ||
        !RedisModule_RegisterBoolConfig(ctx, "y", 1, 1u << 9, get_int, set_int,
                                        NULL, &flag))
        return REDISMODULE_ERR;
    return RedisModule_LoadConfigs(ctx);
}

static const struct guest_row rows[] = {
    {"settings.all", all, "", 0, 0, 0},
};

GUEST_WITH("settings", rows, begin)
