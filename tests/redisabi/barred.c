/* SPDX-License-Identifier: BSD-3-Clause */
/* barred - uses at its load what its first word says, or later on:
 *
 *   BARRED.CALL           what PING answers, or the errno of no answer
 *   BARRED.PUBLISH        how many got it
 *   BARRED.SAVE file      0, or the errno */
#include "guest.h"

static int call(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "PING", "");

    (void)argv;
    (void)argc;
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static int publish(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *text = RedisModule_CreateString(ctx, "x", 1);

    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_PublishMessage(ctx, text, text));
}

static int save(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleRdbStream *file;
    int failed;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    file = RedisModule_RdbStreamCreateFromFile(
        RedisModule_StringPtrLen(argv[1], NULL));
    failed = RedisModule_RdbSave(ctx, file, 0) != REDISMODULE_OK ? errno : 0;
    RedisModule_RdbStreamFree(file);
    return RedisModule_ReplyWithLongLong(ctx, failed);
}

static const struct guest_row rows[] = {
    {"barred.call", call, "readonly", 0, 0, 0},
    {"barred.publish", publish, "readonly", 0, 0, 0},
    {"barred.save", save, "readonly", 0, 0, 0},
};

/* --- While it is loaded --------------------------------------------------- */

static void *value_load(RedisModuleIO *io, int version)
{
    (void)io;
    (void)version;
    return RedisModule_Alloc(1);
}

static void value_save(RedisModuleIO *io, void *value)
{
    (void)io;
    (void)value;
}

static void on_event(RedisModuleCtx *ctx, RedisModuleEvent event, uint64_t sub,
                     void *data)
{
    (void)ctx;
    (void)event;
    (void)sub;
    (void)data;
}

static int on_key(RedisModuleCtx *ctx, int type, const char *event,
                  RedisModuleString *key)
{
    (void)ctx;
    (void)type;
    (void)event;
    (void)key;
    return REDISMODULE_OK;
}

static void on_command(RedisModuleCommandFilterCtx *filter)
{
    (void)filter;
}

static void on_info(RedisModuleInfoCtx *info, int crash)
{
    (void)info;
    (void)crash;
}

static int use(RedisModuleCtx *ctx, const char *what)
{
    static const RedisModuleEvent flush = {.id = 2, .dataver = 1};
    RedisModuleTypeMethods methods = {.version = 1,
                                      .rdb_load = value_load,
                                      .rdb_save = value_save,
                                      .free = RedisModule_Free};

    if (strcmp(what, "type") == 0)
        return RedisModule_CreateDataType(ctx, "barredtyp", 0, &methods)
                   ? REDISMODULE_OK
                   : REDISMODULE_ERR;
    if (strcmp(what, "event") == 0)
        return RedisModule_SubscribeToServerEvent(ctx, flush, on_event);
    if (strcmp(what, "key") == 0)
        return RedisModule_SubscribeToKeyspaceEvents(ctx, 4, on_key);
    if (strcmp(what, "filter") == 0)
        return RedisModule_RegisterCommandFilter(ctx, on_command, 0)
                   ? REDISMODULE_OK
                   : REDISMODULE_ERR;
    if (strcmp(what, "info") == 0)
        return RedisModule_RegisterInfoFunc(ctx, on_info);
    if (strcmp(what, "command") == 0)
        return guest_commands(ctx, rows, sizeof(rows) / sizeof(rows[0]));
    return REDISMODULE_OK;
}

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (guest_init(ctx, "barred", 1) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    return argc > 0 ? use(ctx, RedisModule_StringPtrLen(argv[0], NULL))
                    : REDISMODULE_OK;
}
