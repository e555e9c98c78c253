/* SPDX-License-Identifier: BSD-3-Clause */
/* rivers - streams.
 *
 *     RIVERS.ADD key flags id mode field value...   mode: r, w or rw
 *     RIVERS.DEL key id mode      RIVERS.LEN key flags length mode
 *     RIVERS.FROM key flags id mode
 *     RIVERS.READ key flags start end mode steps    "" is no limit
 *     RIVERS.ID text      RIVERS.MANY key n
 *
 * `steps`: i next entry, f next field, d delete the current entry, D delete the
 * entry 5-0, a append an entry, s stop, S start again. */
#include "guest.h"

static RedisModuleKey *open_key(RedisModuleCtx *ctx, RedisModuleString *name,
                                RedisModuleString *mode)
{
    int bits = 0;

    RedisModule_AutoMemory(ctx);
    if (strchr(text_of(mode), 'r'))
        bits |= REDISMODULE_READ;
    if (strchr(text_of(mode), 'w'))
        bits |= REDISMODULE_WRITE;
    return RedisModule_OpenKey(ctx, name, bits);
}

static RedisModuleStreamID *id_of(const RedisModuleString *text,
                                  RedisModuleStreamID *id)
{
    if (*text_of(text) == '\0')
        return NULL;
    id->ms = id->seq = 12345;
    (void)RedisModule_StringToStreamID(text, id);
    return id;
}

static int say(RedisModuleCtx *ctx, long long result, int error)
{
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, result);
    return RedisModule_ReplyWithCString(ctx, error ? strerror(error) : "");
}

static int add(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleStreamID id, *given;
    int flags, status;

    if (argc < 5)
        return RedisModule_WrongArity(ctx);
    flags = (int)number_of(argv[2]);
    given = id_of(argv[3], &id);
    errno = 0;
    status = RedisModule_StreamAdd(open_key(ctx, argv[1], argv[4]), flags,
                                   given, argv + 5, (argc - 5) / 2);
    if (status != REDISMODULE_OK || flags || !given)
        return say(ctx, status, status == REDISMODULE_OK ? 0 : errno);
    return RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromStreamID(ctx, &id));
}

static int del(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleStreamID id;
    int status;

    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    status = RedisModule_StreamDelete(open_key(ctx, argv[1], argv[3]),
                                      id_of(argv[2], &id));
    return say(ctx, status, errno);
}

static int by_length(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    long long gone;

    if (argc != 5)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    gone = RedisModule_StreamTrimByLength(open_key(ctx, argv[1], argv[4]),
                                          (int)number_of(argv[2]),
                                          number_of(argv[3]));
    return say(ctx, gone, gone < 0 ? errno : 0);
}

static int by_id(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleStreamID id;
    long long gone;

    if (argc != 5)
        return RedisModule_WrongArity(ctx);
    errno = 0;
    gone = RedisModule_StreamTrimByID(open_key(ctx, argv[1], argv[4]),
                                      (int)number_of(argv[2]),
                                      id_of(argv[3], &id));
    return say(ctx, gone, gone < 0 ? errno : 0);
}

static void entry(RedisModuleCtx *ctx, RedisModuleKey *key)
{
    RedisModuleStreamID id = {7, 7};
    long pairs = -1;
    int status = RedisModule_StreamIteratorNextID(key, &id, &pairs);

    RedisModule_ReplyWithArray(ctx, 4);
    say(ctx, status, status == REDISMODULE_OK ? 0 : errno);
    RedisModule_ReplyWithLongLong(ctx, (long long)id.ms);
    RedisModule_ReplyWithLongLong(ctx, (long long)id.seq);
    RedisModule_ReplyWithLongLong(ctx, pairs);
}

static void field(RedisModuleCtx *ctx, RedisModuleKey *key)
{
    RedisModuleString *name, *value;

    if (RedisModule_StreamIteratorNextField(key, &name, &value) !=
        REDISMODULE_OK) {
        say(ctx, -1, errno);
        return;
    }
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithString(ctx, name);
    RedisModule_ReplyWithString(ctx, value);
}

static int step(RedisModuleCtx *ctx, RedisModuleKey *key, char what)
{
    RedisModuleStreamID five = {5, 0}, far = {1000000, 0};
    RedisModuleString *pair[2];

    if (what == 'd')
        return RedisModule_StreamIteratorDelete(key);
    if (what == 'D')
        return RedisModule_StreamDelete(key, &five);
    if (what == 's')
        return RedisModule_StreamIteratorStop(key);
    if (what == 'S')
        return RedisModule_StreamIteratorStart(key, 0, NULL, NULL);
    pair[0] = pair[1] = RedisModule_CreateString(ctx, "appended", 8);
    return RedisModule_StreamAdd(key, 0, &far, pair, 1);
}

static int read_all(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleStreamID start, end;
    RedisModuleKey *key;
    int status;

    if (argc != 7)
        return RedisModule_WrongArity(ctx);
    key = open_key(ctx, argv[1], argv[5]);
    errno = 0;
    status = RedisModule_StreamIteratorStart(key, (int)number_of(argv[2]),
                                             id_of(argv[3], &start),
                                             id_of(argv[4], &end));
    RedisModule_ReplyWithArray(ctx, 1 + (long)strlen(text_of(argv[6])));
    say(ctx, status, errno);
    for (const char *steps = text_of(argv[6]); *steps; steps++) {
        if (*steps == 'i') {
            entry(ctx, key);
        } else if (*steps == 'f') {
            field(ctx, key);
        } else {
            errno = 0;
            status = step(ctx, key, *steps);
            say(ctx, status, status == REDISMODULE_OK ? 0 : errno);
        }
    }
    return REDISMODULE_OK;
}

static int id(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleStreamID got;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    if (RedisModule_StringToStreamID(argv[1], &got) != REDISMODULE_OK)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithString(
        ctx, RedisModule_CreateStringFromStreamID(ctx, &got));
}

static int many(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    for (long long i = 1; i <= number_of(argv[2]); i++) {
        RedisModuleStreamID at = {(uint64_t)i, 0};

        if (RedisModule_StreamAdd(key, 0, &at, argv + 1, 1) != REDISMODULE_OK)
            return RedisModule_ReplyWithError(ctx, "ERR not added");
    }
    return RedisModule_ReplyWithLongLong(
        ctx, (long long)RedisModule_ValueLength(key));
}

static const struct guest_row rows[] = {
    {"rivers.add", add, "write deny-oom", 1, 1, 1},
    {"rivers.del", del, "write", 1, 1, 1},
    {"rivers.len", by_length, "write", 1, 1, 1},
    {"rivers.from", by_id, "write", 1, 1, 1},
    {"rivers.read", read_all, "write", 1, 1, 1},
    {"rivers.id", id, "readonly", 0, 0, 0},
    {"rivers.many", many, "write", 1, 1, 1},
};

GUEST("rivers", rows)
