/* SPDX-License-Identifier: BSD-3-Clause */
/* replies - every kind of reply, postponed lengths, errors.
 *
 *     REPLIES.SAY kind [word]     one reply of that kind
 *     REPLIES.TREE                containers within containers, all postponed */
#include "guest.h"

static int say(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    const char *kind, *word;
    size_t size = 0;

    if (argc < 2 || argc > 3)
        return RedisModule_WrongArity(ctx);
    kind = text_of(argv[1]);
    word = argc == 3 ? RedisModule_StringPtrLen(argv[2], &size) : "";
    if (!strcmp(kind, "integer"))
        return RedisModule_ReplyWithLongLong(ctx, number_of(argv[2]));
    if (!strcmp(kind, "error"))
        return RedisModule_ReplyWithError(ctx, word);
    if (!strcmp(kind, "simple"))
        return RedisModule_ReplyWithSimpleString(ctx, word);
    if (!strcmp(kind, "buffer"))
        return RedisModule_ReplyWithStringBuffer(ctx, word, size);
    if (!strcmp(kind, "c"))
        return RedisModule_ReplyWithCString(ctx, word);
    if (!strcmp(kind, "string"))
        return RedisModule_ReplyWithString(ctx, argv[2]);
    if (!strcmp(kind, "empty"))
        return RedisModule_ReplyWithEmptyString(ctx);
    if (!strcmp(kind, "verbatim"))
        return RedisModule_ReplyWithVerbatimString(ctx, word, size);
    if (!strcmp(kind, "markdown"))
        return RedisModule_ReplyWithVerbatimStringType(ctx, word, size, "mkd");
    if (!strcmp(kind, "null"))
        return RedisModule_ReplyWithNull(ctx);
    if (!strcmp(kind, "nullarray"))
        return RedisModule_ReplyWithNullArray(ctx);
    if (!strcmp(kind, "emptyarray"))
        return RedisModule_ReplyWithEmptyArray(ctx);
    if (!strcmp(kind, "bool"))
        return RedisModule_ReplyWithBool(ctx, (int)number_of(argv[2]));
    if (!strcmp(kind, "double"))
        return RedisModule_ReplyWithDouble(ctx, strtod(word, NULL));
    if (!strcmp(kind, "longdouble"))
        return RedisModule_ReplyWithLongDouble(ctx, strtold(word, NULL));
    if (!strcmp(kind, "bignumber"))
        return RedisModule_ReplyWithBigNumber(ctx, word, size);
    if (!strcmp(kind, "attribute")) {
        if (RedisModule_ReplyWithAttribute(ctx, 1) != REDISMODULE_OK)
            return RedisModule_ReplyWithError(ctx, "ERR no attributes here");
        RedisModule_ReplyWithSimpleString(ctx, "ttl");
        RedisModule_ReplyWithLongLong(ctx, 3600);
        return RedisModule_ReplyWithLongLong(ctx, 1);
    }
    if (!strcmp(kind, "later-attribute")) {
        if (RedisModule_ReplyWithAttribute(ctx, REDISMODULE_POSTPONED_LEN) !=
            REDISMODULE_OK) {
            RedisModule_ReplySetAttributeLength(ctx, 2);
            return RedisModule_ReplyWithError(ctx, "ERR no attributes here");
        }
        for (int i = 0; i < 4; i++)
            RedisModule_ReplyWithLongLong(ctx, i);
        RedisModule_ReplySetAttributeLength(ctx, 2);
        return RedisModule_ReplyWithCString(ctx, word);
    }
    return RedisModule_ReplyWithError(ctx, "ERR no such kind");
}

static int tree(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    if (argc != 1)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, REDISMODULE_POSTPONED_LEN);
    RedisModule_ReplyWithMap(ctx, REDISMODULE_POSTPONED_LEN);
    RedisModule_ReplyWithCString(ctx, "members");
    RedisModule_ReplyWithSet(ctx, REDISMODULE_POSTPONED_LEN);
    for (int i = 0; i < 5; i++)
        RedisModule_ReplyWithLongLong(ctx, i);
    RedisModule_ReplySetSetLength(ctx, 5);
    RedisModule_ReplyWithCString(ctx, "none");
    RedisModule_ReplyWithArray(ctx, 0);
    RedisModule_ReplySetMapLength(ctx, 2);
    RedisModule_ReplyWithMap(ctx, 1);
    RedisModule_ReplyWithCString(ctx, "plain");
    RedisModule_ReplyWithSet(ctx, 2);
    RedisModule_ReplyWithDouble(ctx, 0.5);
    RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplySetArrayLength(ctx, 2);
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"replies.say", say, "readonly fast", 0, 0, 0},
    {"Replies.Tree", tree, "", 0, 0, 0},
};

GUEST("replies", rows)
