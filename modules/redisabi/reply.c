/* SPDX-License-Identifier: BSD-3-Clause */
/* reply - what a guest answers.
 *
 * Straight into the sink of the call.  A context without a sink swallows it, as
 * in Redis, and says that all is well. */
#include "call_reply.h"
#include "context.h"
#include "text.h"

#include <stdarg.h>

#define REPLY(ctx, function, ...)                                              \
    do {                                                                       \
        if ((ctx)->reply)                                                      \
            (ctx)->reply->ops->function((ctx)->reply, ##__VA_ARGS__);          \
        return REDISMODULE_OK;                                                 \
    } while (0)

int rm_ReplyWithLongLong(RedisModuleCtx *ctx, long long value)
{
    REPLY(ctx, int64, value);
}

int rm_ReplyWithError(RedisModuleCtx *ctx, const char *text)
{
    REPLY(ctx, error, kr_cstr(text));
}

/* However long it is: Redis knows no limit. */
int rm_ReplyWithErrorFormat(RedisModuleCtx *ctx, const char *format, ...)
{
    char short_text[256], *text = short_text;
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(short_text, sizeof(short_text), format, args);
    va_end(args);
    if (size < 0)
        size = 0;
    if ((size_t)size >= sizeof(short_text)) {
        text = kr_memory->alloc(redisabi_self, (size_t)size + 1);
        va_start(args, format);
        vsnprintf(text, (size_t)size + 1, format, args);
        va_end(args);
    }
    if (ctx->reply)
        ctx->reply->ops->error(ctx->reply, kr_str(text, (size_t)size));
    if (text != short_text)
        kr_memory->free(redisabi_self, text);
    return REDISMODULE_OK;
}

int rm_WrongArity(RedisModuleCtx *ctx)
{
    if (ctx->reply)
        kr_reply_errorf(ctx->reply,
                        "ERR wrong number of arguments for '%s' command",
                        rm_GetCurrentCommandName(ctx));
    return REDISMODULE_OK;
}

int rm_ReplyWithSimpleString(RedisModuleCtx *ctx, const char *text)
{
    REPLY(ctx, status, kr_cstr(text));
}

int rm_ReplyWithStringBuffer(RedisModuleCtx *ctx, const char *bytes,
                             size_t size)
{
    REPLY(ctx, bulk, kr_str(bytes, size));
}

int rm_ReplyWithCString(RedisModuleCtx *ctx, const char *text)
{
    REPLY(ctx, bulk, kr_cstr(text));
}

int rm_ReplyWithString(RedisModuleCtx *ctx, RedisModuleString *str)
{
    REPLY(ctx, bulk, text_view(str));
}

int rm_ReplyWithEmptyString(RedisModuleCtx *ctx)
{
    REPLY(ctx, bulk, KR_STR(""));
}

int rm_ReplyWithVerbatimString(RedisModuleCtx *ctx, const char *bytes,
                               size_t size)
{
    REPLY(ctx, verbatim, "txt", kr_str(bytes, size));
}

/* Three letters; spaces take the place of those that are missing. */
int rm_ReplyWithVerbatimStringType(RedisModuleCtx *ctx, const char *bytes,
                                   size_t size, const char *type)
{
    char letters[4] = "   ";

    for (size_t i = 0; i < 3 && type[i]; i++)
        letters[i] = type[i];
    REPLY(ctx, verbatim, letters, kr_str(bytes, size));
}

int rm_ReplyWithNull(RedisModuleCtx *ctx)
{
    REPLY(ctx, null);
}

int rm_ReplyWithNullArray(RedisModuleCtx *ctx)
{
    REPLY(ctx, null_array);
}

int rm_ReplyWithBool(RedisModuleCtx *ctx, int value)
{
    REPLY(ctx, boolean, value != 0);
}

int rm_ReplyWithDouble(RedisModuleCtx *ctx, double value)
{
    REPLY(ctx, number, value);
}

int rm_ReplyWithLongDouble(RedisModuleCtx *ctx, long double value)
{
    char text[KR_LONG_DOUBLE_TEXT];

    if (ctx->reply)
        kr_reply_decimal(ctx->reply,
                         kr_str(text, kr_text->from_long_double(value, text)));
    return REDISMODULE_OK;
}

int rm_ReplyWithBigNumber(RedisModuleCtx *ctx, const char *digits, size_t size)
{
    REPLY(ctx, big_number, kr_str(digits, size));
}

/* --- Containers ----------------------------------------------------------- */

static int reply_open(RedisModuleCtx *ctx, uint32_t kind, long count)
{
    if (!ctx->reply)
        return REDISMODULE_OK;
    if (count != REDISMODULE_POSTPONED_LEN) {
        ctx->reply->ops->open(ctx->reply, kind, (uint64_t)count);
        return REDISMODULE_OK;
    }
    ctx->open = array_grow(ctx->open, ctx->open_count, &ctx->open_room,
                           sizeof(*ctx->open));
    ctx->open[ctx->open_count++] = ctx->reply->ops->defer(ctx->reply);
    return REDISMODULE_OK;
}

int rm_ReplyWithArray(RedisModuleCtx *ctx, long count)
{
    return reply_open(ctx, KR_ARRAY, count);
}

int rm_ReplyWithMap(RedisModuleCtx *ctx, long count)
{
    return reply_open(ctx, KR_MAP, count);
}

int rm_ReplyWithSet(RedisModuleCtx *ctx, long count)
{
    return reply_open(ctx, KR_SET, count);
}

int rm_ReplyWithAttribute(RedisModuleCtx *ctx, long count)
{
    if (ctx->reply && ctx->reply->protocol == 2)
        return REDISMODULE_ERR; /* there is no way to write it */
    return reply_open(ctx, KR_ATTRIBUTE, count);
}

int rm_ReplyWithEmptyArray(RedisModuleCtx *ctx)
{
    return reply_open(ctx, KR_ARRAY, 0);
}

/* The innermost that is open. */
static void reply_close(RedisModuleCtx *ctx, uint32_t kind, long count)
{
    if (!ctx->reply)
        return;
    if (ctx->open_count == 0) {
        kr_logf(ctx->guest ? ctx->guest->self : redisabi_self, KR_LOG_WARNING,
                "the length of a reply was set that was not postponed");
        return;
    }
    ctx->reply->ops->close(ctx->reply, ctx->open[--ctx->open_count], kind,
                           (uint64_t)count);
}

void rm_ReplySetArrayLength(RedisModuleCtx *ctx, long count)
{
    reply_close(ctx, KR_ARRAY, count);
}

void rm_ReplySetMapLength(RedisModuleCtx *ctx, long count)
{
    reply_close(ctx, KR_MAP, count);
}

void rm_ReplySetSetLength(RedisModuleCtx *ctx, long count)
{
    reply_close(ctx, KR_SET, count);
}

void rm_ReplySetAttributeLength(RedisModuleCtx *ctx, long count)
{
    if (ctx->reply && ctx->reply->protocol == 2)
        return;
    reply_close(ctx, KR_ATTRIBUTE, count);
}

/* --- Replies of other commands -------------------------------------------- */

/* A script has no protocol, so its bytes would be a string there. */
static bool reply_is_to_a_script(const RedisModuleCtx *ctx)
{
    return ctx->reply && ctx->call && ctx->reply == ctx->call->reply &&
           ctx->call->flags & KR_CALL_SCRIPT;
}

int rm_ReplyWithCallReply(RedisModuleCtx *ctx, RedisModuleCallReply *reply)
{
    if (ctx->reply && ctx->reply->protocol == 2 && call_reply_is_resp3(reply))
        return REDISMODULE_ERR;
    if (reply_is_to_a_script(ctx)) {
        call_reply_tell(reply, ctx->reply);
        return REDISMODULE_OK;
    }
    if (ctx->reply && reply->kind == REDISMODULE_REPLY_ERROR)
        REPLY(ctx, error, reply->text); /* counted as one */
    REPLY(ctx, raw, reply->bytes);
}
