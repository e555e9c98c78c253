/* SPDX-License-Identifier: BSD-3-Clause */
/* dicts - dictionaries, and iterators that go both ways.
 *
 *     DICTS.SET key number   DICTS.REPLACE key number   DICTS.GET key
 *     DICTS.DEL key   DICTS.SIZE   DICTS.FILL n   DICTS.CLEAR
 *     DICTS.WALK op key steps [op key]
 *
 * DICTS.REPLACE-BYTES and DICTS.WALK-BYTES do the same by the functions that take
 * bytes; an empty key is no address at all then.
 *
 * `steps`: n next, p previous, N and P the same by strings, r seek again with the
 * second op and key, c compare with them, x delete the key just seen, + add one
 * behind it, - add one before all. */
#include "guest.h"

static RedisModuleDict *dict;

static int begin(RedisModuleCtx *ctx)
{
    (void)ctx;
    dict = RedisModule_CreateDict(NULL);
    return REDISMODULE_OK;
}

static void *data_of(const RedisModuleString *number)
{
    return (void *)(intptr_t)number_of(number);
}

static int set(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DictSet(dict, argv[1], data_of(argv[2])));
}

static int replace(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DictReplace(dict, argv[1], data_of(argv[2])));
}

/* The bytes of a key; NULL: there are none. */
static void *bytes_of(RedisModuleString *key, size_t *size)
{
    const char *bytes = RedisModule_StringPtrLen(key, size);

    return *size > 0 ? (void *)(uintptr_t)bytes : NULL;
}

static int replace_bytes(RedisModuleCtx *ctx, RedisModuleString **argv,
                         int argc)
{
    size_t size;
    void *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = bytes_of(argv[1], &size);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DictReplaceC(dict, key, size, data_of(argv[2])));
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int missing = -1;
    void *data;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    data = RedisModule_DictGet(dict, argv[1], &missing);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx, (intptr_t)data);
    RedisModule_ReplyWithLongLong(ctx, missing);
    return RedisModule_ReplyWithLongLong(
        ctx, (intptr_t)RedisModule_DictGetC(dict, (char *)text_of(argv[1]),
                                            strlen(text_of(argv[1])), NULL));
}

static int del(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    void *old = (void *)(intptr_t)-1;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, 3);
    RedisModule_ReplyWithLongLong(ctx,
                                  RedisModule_DictDel(dict, argv[1], &old));
    RedisModule_ReplyWithLongLong(ctx, (intptr_t)old);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_DictDel(dict, argv[1], NULL));
}

static int size(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithLongLong(ctx,
                                         (long long)RedisModule_DictSize(dict));
}

static int fill(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    for (long long i = 0; i < number_of(argv[1]); i++) {
        char key[32];

        snprintf(key, sizeof(key), "%lld", i * 7919 % 100003);
        RedisModule_DictSetC(dict, key, strlen(key), (void *)(intptr_t)i);
    }
    return size(ctx, argv, argc);
}

static int clear(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleDict *automatic;

    RedisModule_FreeDict(NULL, dict);
    dict = RedisModule_CreateDict(NULL);
    RedisModule_AutoMemory(ctx);
    automatic = RedisModule_CreateDict(ctx);
    RedisModule_DictSetC(automatic, "x", 1, dict);
    automatic = RedisModule_CreateDict(ctx);
    RedisModule_FreeDict(ctx, automatic);
    return size(ctx, argv, argc);
}

static void seen(RedisModuleCtx *ctx, const char *key, size_t length,
                 void *data)
{
    if (!key) {
        RedisModule_ReplyWithNull(ctx);
        return;
    }
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithStringBuffer(ctx, key, length);
    RedisModule_ReplyWithLongLong(ctx, (intptr_t)data);
}

static RedisModuleDictIter *start_at(const char *op, RedisModuleString *key,
                                     bool bytes)
{
    size_t size;
    void *data;

    if (!bytes)
        return RedisModule_DictIteratorStart(dict, op, key);
    data = bytes_of(key, &size);
    return RedisModule_DictIteratorStartC(dict, op, data, size);
}

static int compare(RedisModuleDictIter *it, const char *op,
                   RedisModuleString *key, bool bytes)
{
    size_t size;
    void *data;

    if (!bytes)
        return RedisModule_DictCompare(it, op, key);
    data = bytes_of(key, &size);
    return RedisModule_DictCompareC(it, op, data, size);
}

static int walk(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    bool bytes = strcasecmp(text_of(argv[0]), "dicts.walk-bytes") == 0;
    char last[64] = "";
    RedisModuleDictIter *it;
    const char *steps;

    if (argc != 4 && argc != 6)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    it = start_at(text_of(argv[1]), argv[2], bytes);
    steps = text_of(argv[3]);
    RedisModule_ReplyWithArray(ctx, (long)strlen(steps));
    for (; *steps; steps++) {
        void *data = NULL;
        size_t length = 0;
        const char *key = NULL;
        RedisModuleString *str;

        switch (*steps) {
        case 'n':
        case 'p':
            key = *steps == 'n' ? RedisModule_DictNextC(it, &length, &data)
                                : RedisModule_DictPrevC(it, &length, &data);
            seen(ctx, key, length, data);
            break;
        case 'N':
        case 'P':
            str = *steps == 'N' ? RedisModule_DictNext(ctx, it, &data)
                                : RedisModule_DictPrev(ctx, it, &data);
            if (str)
                key = RedisModule_StringPtrLen(str, &length);
            seen(ctx, key, length, data);
            break;
        case 'r':
            RedisModule_ReplyWithLongLong(
                ctx,
                RedisModule_DictIteratorReseek(it, text_of(argv[4]), argv[5]));
            break;
        case 'c':
            RedisModule_ReplyWithLongLong(
                ctx, compare(it, text_of(argv[4]), argv[5], bytes));
            break;
        case 'x':
            RedisModule_ReplyWithLongLong(
                ctx, RedisModule_DictDelC(dict, last, strlen(last), NULL));
            (void)RedisModule_DictIteratorReseekC(it, ">=", last, strlen(last));
            break;
        default:
            RedisModule_ReplyWithNull(ctx);
        }
        if (key && length < sizeof(last)) {
            memcpy(last, key, length);
            last[length] = '\0';
        }
    }
    RedisModule_DictIteratorStop(it);
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"dicts.set", set, "", 0, 0, 0},
    {"dicts.replace", replace, "", 0, 0, 0},
    {"dicts.get", get, "", 0, 0, 0},
    {"dicts.del", del, "", 0, 0, 0},
    {"dicts.size", size, "", 0, 0, 0},
    {"dicts.fill", fill, "", 0, 0, 0},
    {"dicts.clear", clear, "", 0, 0, 0},
    {"dicts.walk", walk, "", 0, 0, 0},
    {"dicts.walk-bytes", walk, "", 0, 0, 0},
    {"dicts.replace-bytes", replace_bytes, "", 0, 0, 0},
};

GUEST_WITH("dicts", rows, begin)
