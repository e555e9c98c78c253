/* SPDX-License-Identifier: BSD-3-Clause */
/* happenings - a module that is told what happens to the server.
 *
 *     HAPPENINGS.LOG           what it has been told since the last time
 *     HAPPENINGS.OFF id        no longer this one; answers what that answered
 *     HAPPENINGS.TURNS         have loop and cron been seen? then they are off
 *     HAPPENINGS.SUPPORTED     which subevents there are
 *     HAPPENINGS.REFUSED       subscriptions that are refused */
#include "guest.h"

static char told[16384];
static size_t told_size;
static int turns[3]; /* before sleep, after it, cron */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    told_size += (size_t)vsnprintf(told + told_size, sizeof(told) - told_size,
                                   format, args);
    va_end(args);
}

static void hear_config(const RedisModuleConfigChange *info)
{
    for (uint32_t i = 0; i < info->num_changes; i++)
        tell(" %s", info->config_names[i]);
}

static void hear_client(RedisModuleCtx *ctx, const RedisModuleClientInfo *info)
{
    tell(" flags %d addr %s port %d db %d own %d", (int)info->flags, info->addr,
         info->port > 0, info->db, RedisModule_GetClientId(ctx) == info->id);
}

static void hear(RedisModuleCtx *ctx, RedisModuleEvent event, uint64_t subevent,
                 void *data)
{
    const RedisModuleFlushInfo *flush = data;
    const RedisModuleModuleChange *module = data;
    const RedisModuleSwapDbInfo *swap = data;

    tell("%d.%d", (int)event.id, (int)subevent);
    switch (event.id) {
    case REDISMODULE_EVENT_FLUSHDB:
        tell(" db %d sync %d selected %d", flush->dbnum, flush->sync,
             RedisModule_GetSelectedDb(ctx));
        break;
    case REDISMODULE_EVENT_SWAPDB:
        tell(" %d %d", swap->dbnum_first, swap->dbnum_second);
        break;
    case REDISMODULE_EVENT_MODULE_CHANGE:
        tell(" %s %d", module->module_name, module->module_version);
        break;
    case REDISMODULE_EVENT_CONFIG:
        hear_config(data);
        break;
    case REDISMODULE_EVENT_CLIENT_CHANGE:
        hear_client(ctx, data);
        break;
    default:
        tell(" %s", data ? "data" : "none");
    }
    tell("\n");
}

static void hear_turn(RedisModuleCtx *ctx, RedisModuleEvent event,
                      uint64_t subevent, void *data)
{
    const RedisModuleCronLoop *cron = data;

    (void)ctx;
    if (event.id == REDISMODULE_EVENT_EVENTLOOP)
        turns[subevent & 1]++;
    else if (cron->hz == 10)
        turns[2]++;
}

static int log_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithStringBuffer(ctx, told, told_size);
    told_size = 0;
    return REDISMODULE_OK;
}

static int off(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleEvent event = {0, 1};

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    event.id = (uint64_t)number_of(argv[1]);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SubscribeToServerEvent(ctx, event, NULL));
}

static int seen_turns(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleEvent loop = {REDISMODULE_EVENT_EVENTLOOP, 1};
    RedisModuleEvent cron = {REDISMODULE_EVENT_CRON_LOOP, 1};

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 5);
    for (int i = 0; i < 3; i++)
        RedisModule_ReplyWithBool(ctx, turns[i] > 0);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SubscribeToServerEvent(ctx, loop, NULL));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SubscribeToServerEvent(ctx, cron, NULL));
    memset(turns, 0, sizeof(turns));
    return REDISMODULE_OK;
}

static int supported(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 18);
    for (uint64_t id = 0; id < 18; id++) {
        RedisModuleEvent event = {id == 17 ? 1000 : id, 1};
        int count = 0;

        while (RedisModule_IsSubEventSupported(event, count))
            count++;
        RedisModule_ReplyWithLongLong(ctx, count);
    }
    return REDISMODULE_OK;
}

static int refused(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleEvent unknown = {1000, 1};
    RedisModuleEvent newer = {REDISMODULE_EVENT_FLUSHDB, 2};

    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SubscribeToServerEvent(ctx, unknown, hear));
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SubscribeToServerEvent(ctx, newer, hear));
}

static const struct guest_row rows[] = {
    {"happenings.log", log_of, "allow-loading", 0, 0, 0},
    {"happenings.off", off, "", 0, 0, 0},
    {"happenings.turns", seen_turns, "", 0, 0, 0},
    {"happenings.supported", supported, "", 0, 0, 0},
    {"happenings.refused", refused, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    for (uint64_t id = 0; id <= REDISMODULE_EVENT_CONFIG; id++) {
        bool turn = id == REDISMODULE_EVENT_EVENTLOOP ||
                    id == REDISMODULE_EVENT_CRON_LOOP;
        RedisModuleEvent event = {id, 1};

        if (id == REDISMODULE_EVENT_LOADING_PROGRESS)
            continue;
        if (RedisModule_SubscribeToServerEvent(
                ctx, event, turn ? hear_turn : hear) != REDISMODULE_OK)
            return REDISMODULE_ERR;
    }
    return REDISMODULE_OK;
}

GUEST_WITH("happenings", rows, begin)
