/* SPDX-License-Identifier: BSD-3-Clause */
/* clusters - a module that would talk to other nodes, where there are none.
 *
 *     CLUSTERS.ASK         what it is told
 *     CLUSTERS.NODE id     of one node        CLUSTERS.SLOT key   7.4 has it */
#include "guest.h"

static void hear(RedisModuleCtx *ctx, const char *sender, uint8_t type,
                 const unsigned char *payload, uint32_t size)
{
    (void)ctx;
    (void)sender;
    (void)type;
    (void)payload;
    (void)size;
    abort();
}

static int ask(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    size_t count = 0;
    char **ids = RedisModule_GetClusterNodesList(ctx, &count);

    (void)argv;
    (void)argc;
    RedisModule_RegisterClusterMessageReceiver(ctx, 7, hear);
    RedisModule_SetClusterFlags(ctx, 0);
    RedisModule_ReplyWithArray(ctx, 6);
    RedisModule_ReplyWithBool(ctx, ids != NULL);
    RedisModule_ReplyWithLongLong(ctx, (long long)count);
    RedisModule_ReplyWithBool(ctx, RedisModule_GetMyClusterID() != NULL);
    RedisModule_ReplyWithLongLong(ctx, (long long)RedisModule_GetClusterSize());
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SendClusterMessage(ctx, NULL, 7, "hello", 5));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetContextFlags(ctx) &
                                           REDISMODULE_CTX_FLAGS_CLUSTER);
    if (ids)
        RedisModule_FreeClusterNodesList(ids);
    RedisModule_RegisterClusterMessageReceiver(ctx, 7, NULL);
    return REDISMODULE_OK;
}

static int node(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    char ip[46], primary[40];
    int port, flags;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetClusterNodeInfo(ctx, text_of(argv[1]), ip, primary,
                                            &port, &flags));
}

static int slot(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(ctx,
                                         RedisModule_ClusterKeySlot(argv[1]));
}

static const struct guest_row rows[] = {
    {"clusters.ask", ask, "", 0, 0, 0},
    {"clusters.node", node, "", 0, 0, 0},
    {"clusters.slot", slot, "", 1, 1, 1},
};

GUEST("clusters", rows)
