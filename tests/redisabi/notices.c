/* SPDX-License-Identifier: BSD-3-Clause */
/* notices - a module that is told what happens to keys.
 *
 *     NOTICES.LOG                  what it has been told since the last time:
 *                                  "db type event key length" each, and whether
 *                                  within a transaction (2), a script (1)
 *     NOTICES.CALL command ...     run from here, told of in the same way
 *     NOTICES.SAY type event key   tells it itself
 *     NOTICES.CONFIG               what clients are told
 *
 * A second subscriber counts events in keys, which it is not told of itself. */
#include "guest.h"

static char told[65536];
static size_t told_size;

/* The value is there already: what is read of it is whole.  Only of a key that
 * is being loaded redis-server cannot make a handle. */
static int hear(RedisModuleCtx *ctx, int type, const char *event,
                RedisModuleString *name)
{
    RedisModuleKey *key =
        type == REDISMODULE_NOTIFY_LOADED
            ? NULL
            : RedisModule_OpenKey(ctx, name, REDISMODULE_READ);

    told_size += (size_t)snprintf(
        told + told_size, sizeof(told) - told_size, "%d %x %s %s %zu %d\n",
        RedisModule_GetSelectedDb(ctx), (unsigned)type, event, text_of(name),
        type == REDISMODULE_NOTIFY_NEW ? 0 : RedisModule_ValueLength(key),
        RedisModule_GetContextFlags(ctx) &
            (REDISMODULE_CTX_FLAGS_LUA | REDISMODULE_CTX_FLAGS_MULTI));
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int count(RedisModuleCtx *ctx, int type, const char *event,
                 RedisModuleString *key)
{
    RedisModuleString *name =
        RedisModule_CreateStringPrintf(ctx, "count:%s", event);

    (void)type;
    (void)key;
    RedisModule_FreeCallReply(RedisModule_Call(ctx, "incr", "!s", name));
    RedisModule_FreeString(ctx, name);
    return REDISMODULE_OK;
}

static int log_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    if (argc != 1)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithStringBuffer(ctx, told, told_size);
    told_size = 0;
    return REDISMODULE_OK;
}

static int say(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_NotifyKeyspaceEvent(ctx, (int)number_of(argv[1]),
                                             text_of(argv[2]), argv[3]));
}

static int call(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    reply = RedisModule_Call(ctx, text_of(argv[1]), "!Ev", argv + 2,
                             (size_t)argc - 2);
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static int config(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetNotifyKeyspaceEvents());
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetKeyspaceNotificationFlagsAll());
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_NotifyKeyspaceEvent(NULL, REDISMODULE_NOTIFY_MODULE,
                                             "no context", argv[0]));
}

/* --- What only newer servers have ----------------------------------------- */

static int jobs_freed;

static void job(RedisModuleCtx *ctx, void *data)
{
    RedisModule_FreeCallReply(
        RedisModule_Call(ctx, "rpush", "!cc", "jobs", data));
}

static void job_over(void *data)
{
    RedisModule_Free(data);
    jobs_freed++;
}

static int hear_with_job(RedisModuleCtx *ctx, int type, const char *event,
                         RedisModuleString *key)
{
    (void)type;
    if (strncmp(text_of(key), "job", 3) != 0 ||
        strcmp(text_of(key), "jobs") == 0)
        return REDISMODULE_OK;
    return RedisModule_AddPostNotificationJob(
        ctx, job, RedisModule_Strdup(event), job_over);
}

static int jobs(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argc;
    (void)argv;
    if (!RedisModule_AddPostNotificationJob)
        return RedisModule_ReplyWithNull(ctx);
    if (jobs_freed == 0)
        RedisModule_SubscribeToKeyspaceEvents(
            ctx, REDISMODULE_NOTIFY_STRING | REDISMODULE_NOTIFY_GENERIC,
            hear_with_job);
    return RedisModule_ReplyWithLongLong(ctx, jobs_freed);
}

static const struct guest_row rows[] = {
    {"notices.log", log_of, "", 0, 0, 0},
    {"notices.say", say, "", 0, 0, 0},
    {"notices.call", call, "write", 0, 0, 0},
    {"notices.config", config, "", 0, 0, 0},
    {"notices.jobs", jobs, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    return RedisModule_SubscribeToKeyspaceEvents(
               ctx,
               REDISMODULE_NOTIFY_ALL | REDISMODULE_NOTIFY_KEY_MISS |
                   REDISMODULE_NOTIFY_LOADED | REDISMODULE_NOTIFY_NEW,
               hear) ||
           RedisModule_SubscribeToKeyspaceEvents(ctx,
                                                 REDISMODULE_NOTIFY_STRING |
                                                     REDISMODULE_NOTIFY_HASH |
                                                     REDISMODULE_NOTIFY_EXPIRED,
                                                 count);
}

GUEST_WITH("notices", rows, begin)
