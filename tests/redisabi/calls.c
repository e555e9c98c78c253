/* SPDX-License-Identifier: BSD-3-Clause */
/* calls - other commands, run from a module.
 *
 *     CALLS.RUN format command word...    the reply, handed through
 *     CALLS.WALK format command word...   the reply, taken apart
 *     CALLS.ATTRIBUTE command word...     how many there are before the reply, the
 *                                         first of them, and the reply
 *     CALLS.LETTERS key                   c s b l v in one call
 *     CALLS.KEYS n key...  getkeys-api    where the keys are
 *     CALLS.CONTEXT                       flags, database, client */
#include "guest.h"

static RedisModuleCallReply *run(RedisModuleCtx *ctx, RedisModuleString **argv,
                                 int argc)
{
    char format[32];

    errno = 0;
    snprintf(format, sizeof(format), "%sv", text_of(argv[1]));
    return RedisModule_Call(ctx, text_of(argv[2]), format, argv + 3,
                            (size_t)argc - 3);
}

static int hand_through(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;
    int status;

    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    reply = run(ctx, argv, argc);
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    status = RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    if (status != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR not for this protocol");
    return REDISMODULE_OK;
}

/* Each node as [type, length, what it holds]. */
static void walk(RedisModuleCtx *ctx, RedisModuleCallReply *reply)
{
    RedisModuleCallReply *key, *value;
    int type = RedisModule_CallReplyType(reply);
    const char *bytes, *format;
    RedisModuleString *copy;
    size_t size;

    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, type);
    RedisModule_ReplyWithLongLong(
        ctx, (long long)RedisModule_CallReplyLength(reply));
    size =
        type == REDISMODULE_REPLY_NULL ? 0 : RedisModule_CallReplyLength(reply);
    switch (type) {
    case REDISMODULE_REPLY_STRING:
    case REDISMODULE_REPLY_ERROR:
        bytes = RedisModule_CallReplyStringPtr(reply, &size);
        RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
        break;
    case REDISMODULE_REPLY_INTEGER:
        copy = RedisModule_CreateStringFromCallReply(reply);
        RedisModule_ReplyWithString(ctx, copy);
        RedisModule_FreeString(ctx, copy);
        break;
    case REDISMODULE_REPLY_DOUBLE:
        RedisModule_ReplyWithDouble(ctx, RedisModule_CallReplyDouble(reply));
        break;
    case REDISMODULE_REPLY_BOOL:
        RedisModule_ReplyWithBool(ctx, RedisModule_CallReplyBool(reply));
        break;
    case REDISMODULE_REPLY_BIG_NUMBER:
        bytes = RedisModule_CallReplyBigNumber(reply, &size);
        RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
        break;
    case REDISMODULE_REPLY_VERBATIM_STRING:
        bytes = RedisModule_CallReplyVerbatim(reply, &size, &format);
        RedisModule_ReplyWithArray(ctx, 2);
        RedisModule_ReplyWithStringBuffer(ctx, format, 3);
        RedisModule_ReplyWithStringBuffer(ctx, bytes, size);
        break;
    case REDISMODULE_REPLY_ARRAY:
        RedisModule_ReplyWithArray(ctx, (long)size);
        for (size_t i = 0; i < size; i++)
            walk(ctx, RedisModule_CallReplyArrayElement(reply, i));
        break;
    case REDISMODULE_REPLY_SET:
        RedisModule_ReplyWithArray(ctx, (long)size);
        for (size_t i = 0; i < size; i++)
            walk(ctx, RedisModule_CallReplySetElement(reply, i));
        break;
    case REDISMODULE_REPLY_MAP:
        RedisModule_ReplyWithArray(ctx, 2 * (long)size);
        for (size_t i = 0; i < size; i++) {
            RedisModule_CallReplyMapElement(reply, i, &key, &value);
            walk(ctx, key);
            walk(ctx, value);
        }
        break;
    default:
        RedisModule_ReplyWithNull(ctx);
    }
}

static int take_apart(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;

    RedisModule_AutoMemory(ctx);
    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    reply = run(ctx, argv, argc);
    if (!reply)
        return RedisModule_ReplyWithLongLong(ctx, errno);
    walk(ctx, reply);
    return REDISMODULE_OK;
}

static int attribute(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply, *before, *key = NULL, *value = NULL;

    RedisModule_AutoMemory(ctx);
    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    reply = RedisModule_Call(ctx, text_of(argv[1]), "3v", argv + 2,
                             (size_t)argc - 2);
    before = RedisModule_CallReplyAttribute(reply);
    if (!before) {
        walk(ctx, reply);
        return REDISMODULE_OK;
    }
    RedisModule_ReplyWithArray(ctx, 6);
    RedisModule_ReplyWithLongLong(
        ctx, (long long)RedisModule_CallReplyLength(before));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_CallReplyAttributeElement(before, 0, &key, &value));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_CallReplyAttributeElement(before, 9, NULL, NULL));
    walk(ctx, key);
    walk(ctx, value);
    walk(ctx, reply);
    return REDISMODULE_OK;
}

static int letters(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModule_AutoMemory(ctx);
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithCallReply(
        ctx, RedisModule_Call(ctx, "rpush", "!scblv", argv[1], "text",
                              "by\0tes", (size_t)6, -7LL, argv, (size_t)argc));
}

static int keys(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    if (RedisModule_IsKeysPositionRequest(ctx)) {
        for (int i = 2; i < 2 + (int)number_of(argv[1]); i++)
            RedisModule_KeyAtPos(ctx, i);
        return REDISMODULE_OK;
    }
    return RedisModule_ReplyWithLongLong(ctx, argc);
}

static int context(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int flags = RedisModule_GetContextFlags(ctx);

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(
        ctx,
        flags & (REDISMODULE_CTX_FLAGS_LUA | REDISMODULE_CTX_FLAGS_MULTI |
                 REDISMODULE_CTX_FLAGS_MASTER | REDISMODULE_CTX_FLAGS_RESP3));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetSelectedDb(ctx));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_SelectDb(ctx, 99));
    return RedisModule_ReplyWithLongLong(ctx,
                                         (long long)RedisModule_DbSize(ctx));
}

static const struct guest_row rows[] = {
    {"calls.run", hand_through, "write", 0, 0, 0},
    {"calls.walk", take_apart, "write", 0, 0, 0},
    {"calls.attribute", attribute, "write", 0, 0, 0},
    {"calls.letters", letters, "write", 1, 1, 1},
    {"calls.keys", keys, "readonly getkeys-api", 2, 2, 1},
    {"calls.context", context, "readonly", 0, 0, 0},
};

GUEST("calls", rows)
