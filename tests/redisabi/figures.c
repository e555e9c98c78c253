/* SPDX-License-Identifier: BSD-3-Clause */
/* figures - what a module adds to INFO, and what it reads there.
 *
 *     FIGURES.GET section field        as text, by both functions
 *     FIGURES.NUMBER section field     signed, unsigned, a double; with errors */
#include "guest.h"

static void fill(RedisModuleInfoCtx *info, int for_crash)
{
    RedisModuleString *str = RedisModule_CreateString(NULL, "a \"string\"", 10);

    /* Nothing may be added before there is a section. */
    if (RedisModule_InfoAddFieldLongLong(info, "early", 1) == REDISMODULE_OK ||
        RedisModule_InfoEndDictField(info) == REDISMODULE_OK)
        abort();
    if (RedisModule_InfoAddSection(info, "") == REDISMODULE_OK) {
        RedisModule_InfoAddFieldLongLong(info, "global", -2);
        RedisModule_InfoAddFieldULongLong(info, "large",
                                          (unsigned long long)-2);
        RedisModule_InfoAddFieldDouble(info, "third", 1.0 / 3);
        RedisModule_InfoAddFieldDouble(info, "ten", 10);
        RedisModule_InfoAddFieldString(info, "str", str);
        RedisModule_InfoAddFieldLongLong(info, "crash", for_crash);
    }
    RedisModule_InfoAddSection(info, "Spanish");
    RedisModule_InfoAddFieldCString(info, "uno", "one");
    RedisModule_InfoBeginDictField(info, "un:safe\r\n#");
    RedisModule_InfoAddFieldLongLong(info, "dos", 2);
    RedisModule_InfoAddFieldCString(info, "tres", "three");
    RedisModule_InfoAddFieldDouble(info, "cuatro", 4.5);
    RedisModule_InfoAddFieldULongLong(info, "cinco", 5);
    RedisModule_InfoAddFieldString(info, "seis", str);
    RedisModule_InfoBeginDictField(info, "empty");
    if (RedisModule_InfoEndDictField(info) == REDISMODULE_OK)
        RedisModule_InfoAddFieldCString(info, "ended", "");
    RedisModule_InfoAddSection(info, "last");
    RedisModule_InfoBeginDictField(info, "open");
    RedisModule_InfoAddFieldLongLong(info, "end", 1);
    RedisModule_FreeString(NULL, str);
}

static RedisModuleServerInfoData *look(RedisModuleCtx *ctx,
                                       RedisModuleString **argv)
{
    const char *section = text_of(argv[1]);

    return RedisModule_GetServerInfo(ctx, *section ? section : NULL);
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleServerInfoData *data;
    RedisModuleString *str;
    const char *text;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    data = look(NULL, argv);
    str = RedisModule_ServerInfoGetField(NULL, data, text_of(argv[2]));
    text = RedisModule_ServerInfoGetFieldC(data, text_of(argv[2]));
    RedisModule_ReplyWithArray(ctx, 2);
    if (str)
        RedisModule_ReplyWithString(ctx, str);
    else
        RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithCString(ctx, text ? text : "none");
    if (str)
        RedisModule_FreeString(NULL, str);
    RedisModule_FreeServerInfo(NULL, data);
    return REDISMODULE_OK;
}

/* Freed by automatic memory. */
static int number(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleServerInfoData *data;
    const char *field;
    int error = 7;

    RedisModule_AutoMemory(ctx);
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    data = look(ctx, argv);
    field = text_of(argv[2]);
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ServerInfoGetFieldSigned(data, field, &error));
    RedisModule_ReplyWithLongLong(ctx, error);
    RedisModule_ReplyWithLongLong(
        ctx,
        (long long)RedisModule_ServerInfoGetFieldUnsigned(data, field, &error));
    RedisModule_ReplyWithLongLong(ctx, error);
    RedisModule_ReplyWithDouble(
        ctx, RedisModule_ServerInfoGetFieldDouble(data, field, &error));
    RedisModule_ReplyWithLongLong(ctx, error);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ServerInfoGetFieldSigned(data, field, NULL));
}

static const struct guest_row rows[] = {
    {"figures.get", get, "readonly", 0, 0, 0},
    {"figures.number", number, "readonly", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    return RedisModule_RegisterInfoFunc(ctx, fill);
}

GUEST_WITH("figures", rows, begin)
