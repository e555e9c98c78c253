/* SPDX-License-Identifier: BSD-3-Clause */
/* queues - clients that wait for keys, from one thread.
 *
 *     QUEUES.TAKE key at-least ms     waits until a list has so many items
 *     QUEUES.ANY ms key...            waits for any of the keys; tells which
 *     QUEUES.START ms key...          the same, and lets the client go by itself
 *     QUEUES.GONE key                 waits for the end of a key (7.2)
 *     QUEUES.SIGNAL key               says that a key is ready
 *     QUEUES.TOLD                     what callbacks have noted, and forgets it */
#include "guest.h"

static char told[512];

static void tell(const char *what)
{
    strncat(told, what, sizeof(told) - strlen(told) - 1);
}

static int timeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithCString(ctx, "timeout");
    RedisModule_ReplyWithLongLong(ctx, argc);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_IsBlockedTimeoutRequest(ctx));
}

static void free_data(RedisModuleCtx *ctx, void *data)
{
    tell(RedisModule_BlockedClientDisconnected(ctx) ? "free-gone " : "free ");
    RedisModule_Free(data);
}

static int take_reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    RedisModuleString *item;

    (void)argc;
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    tell("asked ");
    if (RedisModule_KeyType(key) != REDISMODULE_KEYTYPE_LIST ||
        (long long)RedisModule_ValueLength(key) < number_of(argv[2]))
        return REDISMODULE_ERR;
    item = RedisModule_ListPop(key, REDISMODULE_LIST_HEAD);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithString(ctx, item);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_IsBlockedReplyRequest(ctx));
    RedisModule_ReplyWithCString(ctx,
                                 RedisModule_GetBlockedClientPrivateData(ctx));
    return REDISMODULE_OK;
}

static int take(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    (void)RedisModule_BlockClientOnKeys(ctx, take_reply, timeout, free_data,
                                        number_of(argv[3]), argv + 1, 1,
                                        RedisModule_Strdup("data"));
    return REDISMODULE_OK;
}

static int any_reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, argc);
    return RedisModule_ReplyWithString(
        ctx, RedisModule_GetBlockedClientReadyKey(ctx));
}

static int any(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    (void)RedisModule_BlockClientOnKeys(ctx, any_reply, timeout, NULL,
                                        number_of(argv[1]), argv + 2, argc - 2,
                                        NULL);
    return REDISMODULE_OK;
}

static int gone_reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *name = RedisModule_GetBlockedClientReadyKey(ctx);

    (void)argv;
    (void)argc;
    tell("asked ");
    if (RedisModule_KeyExists(ctx, name))
        return REDISMODULE_ERR;
    return RedisModule_ReplyWithString(ctx, name);
}

static int gone(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    (void)RedisModule_BlockClientOnKeysWithFlags(
        ctx, gone_reply, timeout, NULL, 0, argv + 1, 1, NULL,
        REDISMODULE_BLOCK_UNBLOCK_DELETED);
    return REDISMODULE_OK;
}

static void let_go(RedisModuleCtx *ctx, void *data)
{
    (void)ctx;
    RedisModule_UnblockClient(data, NULL);
    RedisModule_UnblockClient(data, NULL);
}

static int start(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleBlockedClient *blocked;

    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    blocked = RedisModule_BlockClientOnKeys(ctx, any_reply, timeout, free_data,
                                            0, argv + 2, argc - 2,
                                            RedisModule_Strdup("mine"));
    tell(RedisModule_BlockedClientMeasureTimeEnd(blocked) == REDISMODULE_OK
             ? "measured "
             : "not-begun ");
    RedisModule_BlockedClientMeasureTimeStart(blocked);
    tell(RedisModule_BlockedClientMeasureTimeEnd(blocked) == REDISMODULE_OK
             ? "measured "
             : "not-begun ");
    RedisModule_CreateTimer(ctx, number_of(argv[1]), let_go, blocked);
    return REDISMODULE_OK;
}

static int signal_key(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_SignalKeyAsReady(ctx, argv[1]);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int what(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"queues.take", take, "write", 1, 1, 1},
    {"queues.any", any, "", 2, -1, 1},
    {"queues.start", start, "", 2, -1, 1},
    {"queues.gone", gone, "", 1, 1, 1},
    {"queues.signal", signal_key, "", 1, 1, 1},
    {"queues.told", what, "", 0, 0, 0},
};

GUEST("queues", rows)
