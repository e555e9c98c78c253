/* SPDX-License-Identifier: BSD-3-Clause */
/* farewells - a module that looks at keys before they go, as 7.2 lets it.
 *
 *     FAREWELLS.LOG          what it has seen since the last time
 *     FAREWELLS.MEDDLE word  what it does meanwhile: nothing, "dma" (which moves
 *                            a number), "del" (it goes at once), "set" (of a
 *                            key beside it) */
#include "guest.h"

static char told[16384];
static size_t told_size;
static char meddle[16];
static int depth;

static long long ask(RedisModuleCtx *ctx, const char *command,
                     const RedisModuleString *key)
{
    RedisModuleCallReply *reply = RedisModule_Call(
        ctx, command, "s", (RedisModuleString *)(uintptr_t)key);
    long long answer = reply ? RedisModule_CallReplyInteger(reply) : -1;

    if (reply)
        RedisModule_FreeCallReply(reply);
    return answer;
}

static void do_meddle(RedisModuleCtx *ctx, const RedisModuleString *name,
                      RedisModuleKey *key)
{
    size_t size;

    if (strcmp(meddle, "dma") == 0)
        (void)RedisModule_StringDMA(key, &size, REDISMODULE_READ);
    else if (strcmp(meddle, "del") == 0)
        (void)ask(ctx, "DEL", name);
    else if (strcmp(meddle, "set") == 0)
        RedisModule_FreeCallReply(
            RedisModule_Call(ctx, "SET", "cc", "beside", "x"));
}

static void hear(RedisModuleCtx *ctx, RedisModuleEvent event, uint64_t subevent,
                 void *data)
{
    static const char *const ends[] = {"deleted", "expired", "evicted",
                                       "overwritten"};
    static const char *const lengths[] = {NULL,    "STRLEN", "LLEN", "HLEN",
                                          "SCARD", "ZCARD",  NULL,   "XLEN"};
    const RedisModuleKeyInfo *info = data;
    const RedisModuleString *name =
        RedisModule_GetKeyNameFromModuleKey(info->key);
    int type = RedisModule_KeyType(info->key);
    RedisModuleKey *again = RedisModule_OpenKey(
        ctx, (RedisModuleString *)(uintptr_t)name, REDISMODULE_READ);

    if (event.id != REDISMODULE_EVENT_KEY || depth > 0)
        return;
    depth++;
    told_size += (size_t)snprintf(
        told + told_size, sizeof(told) - told_size,
        "%s %s in %d type %d length %zu again %zu asked %lld\n", ends[subevent],
        text_of(name), RedisModule_GetSelectedDb(ctx), type,
        RedisModule_ValueLength(info->key), RedisModule_ValueLength(again),
        lengths[type] ? ask(ctx, lengths[type], name) : -2);
    RedisModule_CloseKey(again);
    do_meddle(ctx, name, info->key);
    depth--;
}

static int log_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithStringBuffer(ctx, told, told_size);
    told_size = 0;
    return REDISMODULE_OK;
}

static int set_meddle(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    snprintf(meddle, sizeof(meddle), "%s", text_of(argv[1]));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static const struct guest_row rows[] = {
    {"farewells.log", log_of, "", 0, 0, 0},
    {"farewells.meddle", set_meddle, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    RedisModuleEvent event = {REDISMODULE_EVENT_KEY, 1};

    if (!RedisModule_IsSubEventSupported(event, 3) ||
        RedisModule_IsSubEventSupported(event, 4))
        return REDISMODULE_ERR;
    return RedisModule_SubscribeToServerEvent(ctx, event, hear);
}

GUEST_WITH("farewells", rows, begin)
