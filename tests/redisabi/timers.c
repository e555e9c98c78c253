/* SPDX-License-Identifier: BSD-3-Clause */
/* timers - functions that run later: after some time, when a descriptor is
 * ready, when a thread asks.
 *
 *     TIMERS.START ms key      INCR of the key later; answers a number for it
 *     TIMERS.STOP n            1 and the key, or 0
 *     TIMERS.INFO n            the key, and whether the time left is sensible
 *     TIMERS.AGAIN ms times k  a timer that makes the next one
 *     TIMERS.IDS               do ids of nothing find nothing?
 *     TIMERS.PIPE what ...     make, write, del, close: bytes are appended to a key
 *     TIMERS.ONCE word         a thread asks for it to be told
 *     TIMERS.REFUSED           errors of the event loop's functions */
#include "guest.h"

#include <pthread.h>
#include <unistd.h>

#define MANY 16

static RedisModuleTimerID ids[MANY];
static int made;

static void count(RedisModuleCtx *ctx, void *data)
{
    RedisModuleCallReply *reply = RedisModule_Call(ctx, "INCR", "!s", data);

    RedisModule_FreeCallReply(reply);
    RedisModule_FreeString(ctx, data);
}

static int start(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3 || made == MANY)
        return RedisModule_WrongArity(ctx);
    RedisModule_RetainString(ctx, argv[2]);
    ids[made] =
        RedisModule_CreateTimer(ctx, number_of(argv[1]), count, argv[2]);
    return RedisModule_ReplyWithLongLong(ctx, made++);
}

static RedisModuleTimerID id_of(const RedisModuleString *str)
{
    return ids[number_of(str) & (MANY - 1)];
}

static int stop(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    void *key = NULL;

    (void)argc;
    if (RedisModule_StopTimer(ctx, id_of(argv[1]), &key) != REDISMODULE_OK)
        return RedisModule_ReplyWithLongLong(ctx, 0);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, 1);
    RedisModule_ReplyWithString(ctx, key);
    RedisModule_FreeString(ctx, key);
    return REDISMODULE_OK;
}

static int about(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    uint64_t left = 0;
    void *key = NULL;

    (void)argc;
    if (RedisModule_GetTimerInfo(ctx, id_of(argv[1]), &left, &key) !=
        REDISMODULE_OK)
        return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithString(ctx, key);
    RedisModule_ReplyWithBool(ctx, left > 90000 && left <= 100000);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetTimerInfo(ctx, id_of(argv[1]), NULL, NULL));
}

static long long times;

static void next(RedisModuleCtx *ctx, void *data)
{
    RedisModule_FreeCallReply(
        RedisModule_Call(ctx, "rpush", "!sl", data, times));
    if (--times > 0)
        RedisModule_CreateTimer(ctx, 1, next, data);
    else
        RedisModule_FreeString(ctx, data);
}

static int again(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argc;
    times = number_of(argv[2]);
    RedisModule_CreateTimer(ctx, number_of(argv[1]), next,
                            RedisModule_HoldString(ctx, argv[3]));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int no_ids(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    void *data = &times;

    (void)argv, (void)argc;
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_StopTimer(ctx, 7, &data));
    RedisModule_ReplyWithLongLong(ctx,
                                  RedisModule_StopTimer(ctx, UINT64_MAX, NULL));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_GetTimerInfo(ctx, 1, NULL, &data));
    return RedisModule_ReplyWithBool(ctx, data == &times);
}

/* --- Descriptors ---------------------------------------------------------- */

static int ends[2] = {-1, -1};
static char read_so_far[128];
static int writable;

static void ready(int fd, void *data, int mask)
{
    size_t used = strlen(read_so_far);
    ssize_t size = read(fd, read_so_far + used, 1);

    if (data != &read_so_far || mask != REDISMODULE_EVENTLOOP_READABLE ||
        size != 1)
        strcpy(read_so_far, "wrong");
}

static void may_write(int fd, void *data, int mask)
{
    writable += data == &writable && mask == REDISMODULE_EVENTLOOP_WRITABLE;
    (void)RedisModule_EventLoopDel(fd, mask);
}

static int pipe_step(const char *what, const char *bytes)
{
    if (strcmp(what, "make") == 0) {
        if (pipe(ends) != 0)
            return -1;
        return RedisModule_EventLoopAdd(ends[0], REDISMODULE_EVENTLOOP_READABLE,
                                        ready, &read_so_far) +
               RedisModule_EventLoopAdd(ends[1], REDISMODULE_EVENTLOOP_WRITABLE,
                                        may_write, &writable);
    }
    if (strcmp(what, "write") == 0)
        return (int)write(ends[1], bytes, strlen(bytes));
    if (strcmp(what, "del") == 0)
        return RedisModule_EventLoopDel(ends[0],
                                        REDISMODULE_EVENTLOOP_READABLE |
                                            REDISMODULE_EVENTLOOP_WRITABLE);
    if (strcmp(what, "writable") == 0)
        return writable;
    close(ends[0]);
    return close(ends[1]);
}

static int pipes(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int result = pipe_step(text_of(argv[1]), argc > 2 ? text_of(argv[2]) : "");

    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, result);
    return RedisModule_ReplyWithCString(ctx, read_so_far);
}

/* --- Once ----------------------------------------------------------------- */

static char told[32];

static void tell(void *data)
{
    snprintf(told, sizeof(told), "%s", (char *)data);
    RedisModule_Free(data);
}

static void *ask(void *data)
{
    return RedisModule_EventLoopAddOneShot(tell, data) == REDISMODULE_OK ? NULL
                                                                         : data;
}

/* What has been told before, and let it be told another thing. */
static int once(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    pthread_t thread;

    if (argc != 2 || pthread_create(&thread, NULL, ask,
                                    RedisModule_Strdup(text_of(argv[1]))) != 0)
        return RedisModule_WrongArity(ctx);
    pthread_join(thread, NULL);
    return RedisModule_ReplyWithCString(ctx, told);
}

static int refused(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv, (void)argc;
    RedisModule_ReplyWithArray(ctx, 12);
#define TRY(call)                                                              \
    do {                                                                       \
        errno = 0;                                                             \
        RedisModule_ReplyWithLongLong(ctx, call);                              \
        RedisModule_ReplyWithLongLong(ctx, errno);                             \
    } while (0)
    TRY(RedisModule_EventLoopAdd(-1, 1, ready, NULL));
    TRY(RedisModule_EventLoopAdd(0, 4, ready, NULL));
    TRY(RedisModule_EventLoopAdd(0, 1, NULL, NULL));
    TRY(RedisModule_EventLoopDel(-1, 1));
    TRY(RedisModule_EventLoopDel(0, 8));
    TRY(RedisModule_EventLoopAddOneShot(NULL, NULL));
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"timers.start", start, "write", 0, 0, 0},
    {"timers.stop", stop, "", 0, 0, 0},
    {"timers.info", about, "", 0, 0, 0},
    {"timers.again", again, "write", 0, 0, 0},
    {"timers.ids", no_ids, "", 0, 0, 0},
    {"timers.pipe", pipes, "", 0, 0, 0},
    {"timers.once", once, "", 0, 0, 0},
    {"timers.refused", refused, "", 0, 0, 0},
};

GUEST("timers", rows)
