/* SPDX-License-Identifier: BSD-3-Clause */
/* waits - blocked clients, and threads that let them go.
 *
 *     WAITS.SLOW ms timeout word   a thread sleeps, a callback replies the word
 *     WAITS.MEASURED ms timeout word   as well, and the sleep is work
 *     WAITS.DIRECT key word        a thread, under the lock, sets and replies
 *     WAITS.ABORT                  blocked, and replied at once after all */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

struct work {
    RedisModuleBlockedClient *blocked;
    bool measured;
    long long ms;
    char *key, *word;
};

static int begin(RedisModuleCtx *ctx, void *(*run)(void *), struct work *work)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, work) != 0)
        return RedisModule_ReplyWithError(ctx, "ERR no thread");
    pthread_detach(thread);
    return REDISMODULE_OK;
}

static int reply(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    const char *word = RedisModule_GetBlockedClientPrivateData(ctx);

    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, argc);
    RedisModule_ReplyWithString(ctx, argv[1]);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_IsBlockedReplyRequest(ctx));
    return RedisModule_ReplyWithCString(ctx, word);
}

static int timeout(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, argc);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_IsBlockedTimeoutRequest(ctx));
}

static void free_data(RedisModuleCtx *ctx, void *data)
{
    (void)ctx;
    RedisModule_Free(data);
}

static void *sleep_thread(void *given)
{
    struct work *work = given;

    if (work->measured)
        RedisModule_BlockedClientMeasureTimeStart(work->blocked);
    usleep((useconds_t)work->ms * 1000);
    if (work->measured)
        RedisModule_BlockedClientMeasureTimeEnd(work->blocked);
    RedisModule_UnblockClient(work->blocked, work->word);
    RedisModule_Free(work);
    return NULL;
}

static int slow(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct work *work;

    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    work = RedisModule_Calloc(1, sizeof(*work));
    work->measured = strcasecmp(text_of(argv[0]), "waits.measured") == 0;
    work->ms = number_of(argv[1]);
    work->word = RedisModule_Strdup(text_of(argv[3]));
    work->blocked = RedisModule_BlockClient(ctx, reply, timeout, free_data,
                                            number_of(argv[2]));
    return begin(ctx, sleep_thread, work);
}

static void *direct_thread(void *given)
{
    struct work *work = given;
    RedisModuleCtx *ctx = RedisModule_GetThreadSafeContext(work->blocked);
    RedisModuleCallReply *answer;

    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ThreadSafeContextLock(ctx);
    answer = RedisModule_Call(ctx, "set", "!cc", work->key, work->word);
    RedisModule_ReplyWithCallReply(ctx, answer);
    RedisModule_FreeCallReply(answer);
    RedisModule_ThreadSafeContextUnlock(ctx);
    RedisModule_ReplyWithCString(ctx, work->word);
    RedisModule_FreeThreadSafeContext(ctx);
    RedisModule_UnblockClient(work->blocked, NULL);
    RedisModule_Free(work->key);
    RedisModule_Free(work->word);
    RedisModule_Free(work);
    return NULL;
}

static int direct(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct work *work;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    work = RedisModule_Calloc(1, sizeof(*work));
    work->key = RedisModule_Strdup(text_of(argv[1]));
    work->word = RedisModule_Strdup(text_of(argv[2]));
    work->blocked = RedisModule_BlockClient(ctx, NULL, NULL, NULL, 0);
    return begin(ctx, direct_thread, work);
}

static int give_up(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleBlockedClient *blocked =
        RedisModule_BlockClient(ctx, reply, timeout, free_data, 0);

    (void)argv;
    (void)argc;
    RedisModule_AbortBlock(blocked);
    return RedisModule_ReplyWithSimpleString(ctx, "given up");
}

static const struct guest_row rows[] = {
    {"waits.slow", slow, "", 0, 0, 0},
    {"waits.measured", slow, "", 0, 0, 0},
    {"waits.direct", direct, "write", 1, 1, 1},
    {"waits.abort", give_up, "", 0, 0, 0},
};

GUEST("waits", rows)
