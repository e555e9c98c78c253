/* SPDX-License-Identifier: BSD-3-Clause */
/* clients - what a module learns of connections and of the server.
 *
 *     CLIENTS.ME                    all about who asks
 *     CLIENTS.NAME id name          sets it
 *     CLIENTS.OTHER id              about somebody else, who may not be there
 *     CLIENTS.FLAGS                 of the context
 *     CLIENTS.KEYS command ...      where its keys stand
 *     CLIENTS.PUBLISH what c m      a message
 *     CLIENTS.SECRET word word      the first word is not for the slow log
 *     CLIENTS.LATENCY event ms      a sample
 *     CLIENTS.SERVER                memory, pauses, clocks, chance
 *     CLIENTS.CLOSE id              it is cut off */
#include "guest.h"

static int me(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleClientInfo info = {.version = 1};
    unsigned long long id = RedisModule_GetClientId(ctx);
    RedisModuleString *name, *user;

    (void)argv;
    (void)argc;
    RedisModule_AutoMemory(ctx);
    RedisModule_ReplyWithArray(ctx, 9);
    RedisModule_ReplyWithLongLong(ctx,
                                  RedisModule_GetClientInfoById(&info, id));
    RedisModule_ReplyWithBool(ctx, info.id == id && id > 0);
    RedisModule_ReplyWithLongLong(ctx, (long long)info.flags);
    RedisModule_ReplyWithCString(ctx, info.addr);
    RedisModule_ReplyWithBool(ctx, info.port > 0);
    RedisModule_ReplyWithLongLong(ctx, info.db);
    name = RedisModule_GetClientNameById(ctx, id);
    if (name)
        RedisModule_ReplyWithString(ctx, name);
    else
        RedisModule_ReplyWithNull(ctx);
    user = RedisModule_GetClientUserNameById(ctx, id);
    RedisModule_ReplyWithString(ctx, user);
    return RedisModule_ReplyWithBool(
        ctx, RedisModule_GetClientCertificate(ctx, id) == NULL);
}

static int name_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    unsigned long long id = (unsigned long long)number_of(argv[1]);

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SetClientNameById(
                 id ? id : RedisModule_GetClientId(ctx), argv[2]));
    return RedisModule_ReplyWithLongLong(ctx, errno);
}

static int other(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    unsigned long long id = (unsigned long long)number_of(argv[1]);
    RedisModuleClientInfo info = {.version = 1}, newer = {.version = 2};

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithLongLong(ctx,
                                  RedisModule_GetClientInfoById(&info, id));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetClientInfoById(NULL, id));
    RedisModule_ReplyWithBool(ctx,
                              RedisModule_GetClientNameById(ctx, id) == NULL);
    RedisModule_ReplyWithBool(ctx, RedisModule_GetClientUserNameById(ctx, id) ==
                                       NULL);
    RedisModule_ReplyWithLongLong(ctx, errno);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DeauthenticateAndCloseClient(ctx, id));
    return RedisModule_ReplyWithLongLong(
        ctx,
        RedisModule_GetClientInfoById(&newer, RedisModule_GetClientId(ctx)));
}

static int flags(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlags(ctx));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlags(NULL));
    return RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlagsAll());
}

static int keys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int count = 0, *flags_of = NULL, *both, *found;

    errno = 7;
    both = RedisModule_GetCommandKeysWithFlags(ctx, argv + 1, argc - 1, &count,
                                               &flags_of);
    if (!both)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    found = RedisModule_GetCommandKeys(ctx, argv + 1, argc - 1, &count);
    RedisModule_ReplyWithArray(ctx, count);
    for (int i = 0; i < count; i++)
        RedisModule_ReplyWithLongLong(ctx, found[i] == both[i] ? found[i] : -1);
    RedisModule_Free(both);
    RedisModule_Free(found);
    RedisModule_Free(flags_of);
    return REDISMODULE_OK;
}

static int publish(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, number_of(argv[1])
                 ? RedisModule_PublishMessageShard(ctx, argv[2], argv[3])
                 : RedisModule_PublishMessage(ctx, argv[2], argv[3]));
}

static int secret(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_RedactClientCommandArgument(ctx, 1));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_RedactClientCommandArgument(ctx, 0));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_RedactClientCommandArgument(ctx, argc));
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_RedactClientCommandArgument(NULL, 1));
}

static int latency(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_LatencyAddSample(text_of(argv[1]), number_of(argv[2]));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int server(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    uint64_t us = RedisModule_MonotonicMicroseconds();
    unsigned char bytes[16] = {0}, zeros[16] = {0};
    char hex[17] = "";
    float ratio = RedisModule_GetUsedMemoryRatio();

    (void)argv;
    (void)argc;
    RedisModule_GetRandomBytes(bytes, sizeof(bytes));
    RedisModule_GetRandomHexChars(hex, 16);
    RedisModule_ReplyWithArray(ctx, 7);
    RedisModule_ReplyWithBool(ctx, ratio == 0);
    RedisModule_ReplyWithBool(ctx, ratio > 1);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_AvoidReplicaTraffic());
    RedisModule_ReplyWithBool(ctx, RedisModule_MonotonicMicroseconds() >= us);
    RedisModule_ReplyWithBool(ctx,
                              RedisModule_Milliseconds() > 1600000000000LL);
    RedisModule_ReplyWithBool(ctx, memcmp(bytes, zeros, sizeof(bytes)) != 0);
    return RedisModule_ReplyWithLongLong(
        ctx, (long long)strspn(hex, "0123456789abcdef"));
}

static int close_it(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    unsigned long long id = (unsigned long long)number_of(argv[1]);

    (void)argc;
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DeauthenticateAndCloseClient(
                 ctx, id ? id : RedisModule_GetClientId(ctx)));
}

static const struct guest_row rows[] = {
    {"clients.me", me, "", 0, 0, 0},
    {"clients.name", name_it, "", 0, 0, 0},
    {"clients.other", other, "", 0, 0, 0},
    {"clients.flags", flags, "allow-loading", 0, 0, 0},
    {"clients.keys", keys, "", 0, 0, 0},
    {"clients.publish", publish, "", 0, 0, 0},
    {"clients.secret", secret, "", 0, 0, 0},
    {"clients.latency", latency, "", 0, 0, 0},
    {"clients.server", server, "", 0, 0, 0},
    {"clients.close", close_it, "", 0, 0, 0},
};

GUEST("clients", rows)
