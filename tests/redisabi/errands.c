/* SPDX-License-Identifier: BSD-3-Clause */
/* errands - a module that runs commands that may wait, as 7.2 lets it.
 *
 *     ERRANDS.RUN format word ...   the reply, or "promise"; format as RM_Call's
 *     ERRANDS.WAIT word ...         the reply, whenever it comes
 *     ERRANDS.LOG                   replies that have come since the last time
 *     ERRANDS.ABORT                 the last promise; what that answers, and
 *                                   whether its data are those given */
#include "guest.h"

static RedisModuleCallReply *last;
static char told[4096];
static int tag;

static void hear(RedisModuleCtx *ctx, RedisModuleCallReply *reply, void *data)
{
    size_t size, used = strlen(told);
    const char *proto = RedisModule_CallReplyProto(reply, &size);

    snprintf(told + used, sizeof(told) - used, "%d:%d:%.*s", data == &tag,
             RedisModule_GetSelectedDb(ctx), (int)size, proto);
    RedisModule_FreeCallReply(reply);
}

static void let_go(void)
{
    if (last)
        RedisModule_FreeCallReply(last);
    last = NULL;
}

static int run(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;
    char format[32];

    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    snprintf(format, sizeof(format), "v%s", text_of(argv[1]));
    reply = RedisModule_Call(ctx, text_of(argv[2]), format, argv + 3,
                             (size_t)argc - 3);
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    if (RedisModule_CallReplyType(reply) == REDISMODULE_REPLY_PROMISE) {
        let_go();
        last = reply;
        RedisModule_CallReplyPromiseSetUnblockHandler(reply, hear, &tag);
        return RedisModule_ReplyWithSimpleString(ctx, "promise");
    }
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static void wake(RedisModuleCtx *ctx, RedisModuleCallReply *reply, void *data)
{
    RedisModuleBlockedClient *blocked = data;
    RedisModuleCtx *other = RedisModule_GetThreadSafeContext(blocked);

    (void)ctx;
    RedisModule_ReplyWithCallReply(other, reply);
    RedisModule_FreeCallReply(reply);
    RedisModule_FreeThreadSafeContext(other);
    RedisModule_UnblockClient(blocked, NULL);
}

static int wait_for(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    reply = RedisModule_Call(ctx, text_of(argv[1]), "vK3", argv + 2,
                             (size_t)argc - 2);
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    if (RedisModule_CallReplyType(reply) == REDISMODULE_REPLY_PROMISE)
        RedisModule_CallReplyPromiseSetUnblockHandler(
            reply, wake, RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0));
    else
        RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static int log_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static int give_up(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    void *data = NULL;

    (void)argv;
    (void)argc;
    if (!last)
        return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_CallReplyPromiseAbort(last, &data));
    RedisModule_ReplyWithLongLong(ctx, data == &tag);
    let_go();
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"errands.run", run, "", 0, 0, 0},
    {"errands.wait", wait_for, "", 0, 0, 0},
    {"errands.log", log_of, "", 0, 0, 0},
    {"errands.abort", give_up, "", 0, 0, 0},
};

GUEST("errands", rows)
