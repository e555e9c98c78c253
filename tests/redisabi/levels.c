/* SPDX-License-Identifier: BSD-3-Clause */
/* levels - a module that is replaced by other builds of itself, which macros
 * make: VERSION, WIDE (values in another form in memory), ENCVER, and what is to
 * fail: FAIL_ONLOAD, FAIL_666 (rdb_load), NO_TYPE, NO_AUX, FAIL_AUX, FAIL_UNLOAD,
 * SMALL (a parameter that takes no value above 10), NO_WAIT (a command lacks).
 *
 *     LEVELS.VERSION         LEVELS.SET key n         LEVELS.GET key
 *     LEVELS.WAIT key ms     waits for a level        -> level, version
 *     LEVELS.LATER ms n      a timer answers          -> n, version
 *     LEVELS.THREAD ms n     a thread answers         -> n, version
 *     LEVELS.NOTE n          beside the values: -> what it was
 *     LEVELS.TOLD            ticks, events heard, limit, config calls
 *     LEVELS.DETACH 1|0      a context of a thread, held */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION 1
#endif
#ifndef ENCVER
#define ENCVER 1
#endif

struct level {
#ifdef WIDE
    char before[48];
#endif
    long long level;
};

static RedisModuleType *level_type;
static long long noted, limit, ticks, heard, limit_calls;
static RedisModuleCtx *detached;

/* --- The type ------------------------------------------------------------- */

static struct level *level_new(long long number)
{
    struct level *level = RedisModule_Calloc(1, sizeof(*level));

    level->level = number;
    return level;
}

static void level_save(RedisModuleIO *io, void *value)
{
    RedisModule_SaveSigned(io, ((struct level *)value)->level);
}

static void *level_load(RedisModuleIO *io, int version)
{
    long long number = RedisModule_LoadSigned(io);

    if (version > ENCVER)
        return NULL;
#ifdef FAIL_666
    if (number == 666)
        return NULL;
#endif
    return level_new(number);
}

static void level_free(void *value)
{
    RedisModule_Free(value);
}

static void level_digest(RedisModuleDigest *digest, void *value)
{
    RedisModule_DigestAddLongLong(digest, ((struct level *)value)->level);
    RedisModule_DigestEndSequence(digest);
}

static void note_save(RedisModuleIO *io, int when)
{
    if (when == REDISMODULE_AUX_AFTER_RDB)
        RedisModule_SaveSigned(io, noted);
    else
        RedisModule_SaveStringBuffer(io, "levels", 6);
}

static int note_load(RedisModuleIO *io, int version, int when)
{
    size_t size;
    char *text;

    (void)version;
#ifdef FAIL_AUX
    return REDISMODULE_ERR;
#endif
    if (when == REDISMODULE_AUX_AFTER_RDB) {
        noted = RedisModule_LoadSigned(io);
        return REDISMODULE_OK;
    }
    text = RedisModule_LoadStringBuffer(io, &size);
    RedisModule_Free(text);
    return size == 6 ? REDISMODULE_OK : REDISMODULE_ERR;
}

/* --- Commands ------------------------------------------------------------- */

static int version(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, VERSION);
}

/* NULL: it is not there, or another type's, which has been replied. */
static RedisModuleKey *level_open(RedisModuleCtx *ctx, RedisModuleString *name,
                                  struct level **level)
{
    RedisModuleKey *key;

    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, name, REDISMODULE_READ | REDISMODULE_WRITE);
    *level = NULL;
    if (RedisModule_KeyType(key) == REDISMODULE_KEYTYPE_EMPTY)
        return key;
    if (RedisModule_ModuleTypeGetType(key) != level_type) {
        RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
        return NULL;
    }
    *level = RedisModule_ModuleTypeGetValue(key);
    return key;
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct level *level;
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = level_open(ctx, argv[1], &level);
    if (!key)
        return REDISMODULE_OK;
    if (level)
        level->level = number_of(argv[2]);
    else
        RedisModule_ModuleTypeSetValue(key, level_type,
                                       level_new(number_of(argv[2])));
    RedisModule_SignalKeyAsReady(ctx, argv[1]);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct level *level;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!level_open(ctx, argv[1], &level))
        return REDISMODULE_OK;
    return level ? RedisModule_ReplyWithLongLong(ctx, level->level)
                 : RedisModule_ReplyWithNull(ctx);
}

static int reply_with(RedisModuleCtx *ctx, long long number)
{
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, number);
    return RedisModule_ReplyWithLongLong(ctx, VERSION);
}

/* --- Clients that wait ---------------------------------------------------- */

static int wait_reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct level *level;

    (void)argc;
    if (!level_open(ctx, argv[1], &level) || !level)
        return REDISMODULE_ERR;
    return reply_with(ctx, level->level);
}

static int wait_timeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithSimpleString(ctx, "timeout");
}

static void wait_free(RedisModuleCtx *ctx, void *data)
{
    (void)ctx;
    RedisModule_Free(data);
}

__attribute__((unused)) static int wait_for(RedisModuleCtx *ctx,
                                            RedisModuleString **argv, int argc)
{
    struct level *level;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (!level_open(ctx, argv[1], &level))
        return REDISMODULE_OK;
    if (level)
        return reply_with(ctx, level->level);
    RedisModule_BlockClientOnKeys(ctx, wait_reply, wait_timeout, wait_free,
                                  number_of(argv[2]), argv + 1, 1,
                                  RedisModule_Calloc(1, 16));
    return REDISMODULE_OK;
}

static int later_reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argc;
    return reply_with(ctx, number_of(argv[2]));
}

static void later_due(RedisModuleCtx *ctx, void *data)
{
    (void)ctx;
    RedisModule_UnblockClient(data, NULL);
}

static int later(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_CreateTimer(
        ctx, number_of(argv[1]), later_due,
        RedisModule_BlockClient(ctx, later_reply, NULL, NULL, 0));
    return REDISMODULE_OK;
}

struct work {
    RedisModuleBlockedClient *blocked;
    long long ms, number;
};

static void *work_run(void *given)
{
    struct work *work = given;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(work->blocked);

    usleep((useconds_t)work->ms * 1000);
    RedisModule_ThreadSafeContextLock(ctx);
    reply_with(ctx, work->number);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_UnblockClient(work->blocked, NULL);
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_Free(work);
    return NULL;
}

static int in_thread(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct work *work;
    pthread_t thread;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    work = RedisModule_Calloc(1, sizeof(*work));
    work->blocked = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    work->ms = number_of(argv[1]);
    work->number = number_of(argv[2]);
    pthread_create(&thread, NULL, work_run, work);
    pthread_detach(thread);
    return REDISMODULE_OK;
}

/* --- What else there is --------------------------------------------------- */

static int note(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    long long was = noted;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    noted = number_of(argv[1]);
    return RedisModule_ReplyWithLongLong(ctx, was);
}

static int told(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, ticks);
    RedisModule_ReplyWithLongLong(ctx, heard);
    RedisModule_ReplyWithLongLong(ctx, limit);
    return RedisModule_ReplyWithLongLong(ctx, limit_calls);
}

static int detach(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (detached)
        RedisModule_FreeThreadSafeContext(detached);
    detached = number_of(argv[1])
                   ? RedisModule_GetDetachedThreadSafeContext(ctx)
                   : NULL;
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static void tick(RedisModuleCtx *ctx, void *data)
{
    (void)data;
    ticks++;
    RedisModule_CreateTimer(ctx, 5, tick, NULL);
}

static int hear(RedisModuleCtx *ctx, int type, const char *event,
                RedisModuleString *key)
{
    (void)ctx;
    (void)type;
    (void)event;
    (void)key;
    heard++;
    return REDISMODULE_OK;
}

static void filter(RedisModuleCommandFilterCtx *call)
{
    for (int i = 1; i < RedisModule_CommandFilterArgsCount(call); i++) {
        if (strcmp(text_of(RedisModule_CommandFilterArgGet(call, i)),
                   "@version") == 0)
            RedisModule_CommandFilterArgReplace(
                call, i, RedisModule_CreateStringFromLongLong(NULL, VERSION));
    }
}

static void info(RedisModuleInfoCtx *ctx, int crash)
{
    (void)crash;
    RedisModule_InfoAddSection(ctx, "");
    RedisModule_InfoAddFieldLongLong(ctx, "version", VERSION);
}

static long long limit_get(const char *name, void *data)
{
    (void)name;
    (void)data;
    return limit;
}

static int limit_set(const char *name, long long value, void *data,
                     RedisModuleString **error)
{
    (void)name;
    (void)data;
    (void)error;
#ifdef SMALL
    if (value > 10)
        return REDISMODULE_ERR;
#endif
    limit = value;
    limit_calls++;
    return REDISMODULE_OK;
}

/* --- Its life ------------------------------------------------------------- */

static const struct guest_row rows[] = {
    {"levels.version", version, "readonly", 0, 0, 0},
    {"levels.set", set, "write", 1, 1, 1},
    {"levels.get", get, "readonly", 1, 1, 1},
#ifndef NO_WAIT
    {"levels.wait", wait_for, "readonly", 1, 1, 1},
#endif
    {"levels.later", later, "readonly", 0, 0, 0},
    {"levels.thread", in_thread, "readonly", 0, 0, 0},
    {"levels.note", note, "readonly", 0, 0, 0},
    {"levels.told", told, "readonly", 0, 0, 0},
    {"levels.detach", detach, "readonly", 0, 0, 0},
};

static int type_begin(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {
        .version = 4,
        .rdb_load = level_load,
        .rdb_save = level_save,
        .free = level_free,
        .digest = level_digest,
#ifndef NO_AUX
        .aux_load = note_load,
        .aux_save = note_save,
        .aux_save_triggers =
            REDISMODULE_AUX_BEFORE_RDB | REDISMODULE_AUX_AFTER_RDB,
#endif
    };

    (void)note_load;
    (void)note_save;
#ifdef NO_TYPE
    return REDISMODULE_OK;
#endif
    level_type = RedisModule_CreateDataType(ctx, "level-one", ENCVER, &methods);
    return level_type ? REDISMODULE_OK : REDISMODULE_ERR;
}

static int begin(RedisModuleCtx *ctx)
{
    if (type_begin(ctx) != REDISMODULE_OK ||
        RedisModule_RegisterNumericConfig(ctx, "limit", 7, 0, 0, 1000,
                                          limit_get, limit_set, NULL,
                                          NULL) != REDISMODULE_OK ||
        RedisModule_LoadConfigs(ctx) != REDISMODULE_OK ||
        RedisModule_RegisterInfoFunc(ctx, info) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    RedisModule_SubscribeToKeyspaceEvents(ctx, REDISMODULE_NOTIFY_STRING, hear);
    RedisModule_RegisterCommandFilter(ctx, filter, 0);
    RedisModule_CreateTimer(ctx, 5, tick, NULL);
#ifdef FAIL_ONLOAD
    return REDISMODULE_ERR;
#endif
    return REDISMODULE_OK;
}

GUEST_WITH("levels", rows, begin)

int RedisModule_OnUnload(RedisModuleCtx *ctx);

/* In the log, where the tests find it. */
int RedisModule_OnUnload(RedisModuleCtx *ctx)
{
    RedisModule_Log(ctx, "warning", "version %d says farewell", VERSION);
#ifdef FAIL_UNLOAD
    return REDISMODULE_ERR;
#endif
    return REDISMODULE_OK;
}
