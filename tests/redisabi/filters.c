/* SPDX-License-Identifier: BSD-3-Clause */
/* filters - a module that changes commands before they run.
 *
 *     FILTERS.ON noself          begin to filter; FILTERS.OFF ends it
 *     FILTERS.RUN command ...    run through a module's call
 *     FILTERS.SEEN               commands that have been seen, and words
 *     FILTERS.WHO                whose it was that has been seen last (7.2)
 *
 * While it filters, of words that begin with @
 *     @insert-before x, @insert-after x: "--inserted" stands there as well
 *     @replace: "--replaced"     @delete: nothing
 * and a command called SHOUT is ECHO. */
#include "guest.h"

static RedisModuleCommandFilter *filter;
static long long seen, words, who;

static void change(RedisModuleCommandFilterCtx *ctx)
{
    seen++;
    words += RedisModule_CommandFilterArgsCount(ctx);
    if (RedisModule_CommandFilterGetClientId)
        who = (long long)RedisModule_CommandFilterGetClientId(ctx);
    if (RedisModule_CommandFilterArgGet(ctx, -1) ||
        RedisModule_CommandFilterArgGet(
            ctx, RedisModule_CommandFilterArgsCount(ctx)))
        abort();
    for (int i = 0; i < RedisModule_CommandFilterArgsCount(ctx); i++) {
        const char *word = text_of(RedisModule_CommandFilterArgGet(ctx, i));

        if (i == 0 && strcasecmp(word, "shout") == 0) {
            RedisModule_CommandFilterArgReplace(
                ctx, 0, RedisModule_CreateString(NULL, "echo", 4));
        } else if (strcmp(word, "@insert-before") == 0) {
            RedisModule_CommandFilterArgInsert(
                ctx, i++, RedisModule_CreateString(NULL, "--inserted", 10));
        } else if (strcmp(word, "@insert-after") == 0) {
            RedisModule_CommandFilterArgInsert(
                ctx, i + 1, RedisModule_CreateString(NULL, "--inserted", 10));
        } else if (strcmp(word, "@replace") == 0) {
            RedisModule_CommandFilterArgReplace(
                ctx, i, RedisModule_CreateString(NULL, "--replaced", 10));
        } else if (strcmp(word, "@delete") == 0) {
            RedisModule_CommandFilterArgDelete(ctx, i--);
        }
    }
    if (RedisModule_CommandFilterArgDelete(ctx, -1) == REDISMODULE_OK ||
        RedisModule_CommandFilterArgReplace(ctx, 1000, NULL) ==
            REDISMODULE_OK ||
        RedisModule_CommandFilterArgInsert(ctx, -1, NULL) == REDISMODULE_OK)
        abort();
}

static int on(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!filter)
        filter = RedisModule_RegisterCommandFilter(
            ctx, change, number_of(argv[1]) ? REDISMODULE_CMDFILTER_NOSELF : 0);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int off(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int status = RedisModule_UnregisterCommandFilter(ctx, filter);

    (void)argv;
    (void)argc;
    filter = NULL;
    return RedisModule_ReplyWithLongLong(ctx, status);
}

static int run(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleCallReply *reply;

    if (argc < 2)
        return RedisModule_WrongArity(ctx);
    reply = RedisModule_Call(ctx, text_of(argv[1]), "Ev", argv + 2,
                             (size_t)argc - 2);
    RedisModule_ReplyWithCallReply(ctx, reply);
    RedisModule_FreeCallReply(reply);
    return REDISMODULE_OK;
}

static int seen_so_far(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, seen);
    RedisModule_ReplyWithLongLong(ctx, words);
    seen = words = 0;
    return REDISMODULE_OK;
}

static int who_was_seen(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx, who);
}

static const struct guest_row rows[] = {
    {"filters.on", on, "", 0, 0, 0},
    {"filters.off", off, "", 0, 0, 0},
    {"filters.run", run, "", 0, 0, 0},
    {"filters.seen", seen_so_far, "", 0, 0, 0},
    {"filters.who", who_was_seen, "", 0, 0, 0},
};

GUEST("filters", rows)
