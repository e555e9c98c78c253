/* SPDX-License-Identifier: BSD-3-Clause */
/* datasets - a module that empties, saves and loads everything.
 *
 *     DATASETS.RESET log async      DATASETS.SAVE path flags
 *     DATASETS.LOAD path flags      0, or the errno of what went wrong */
#include "guest.h"

static int reset(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    RedisModule_ResetDataset((int)number_of(argv[1]), (int)number_of(argv[2]));
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int through(RedisModuleCtx *ctx, RedisModuleString **argv, int argc,
                   int (*run)(RedisModuleCtx *, RedisModuleRdbStream *, int))
{
    RedisModuleRdbStream *stream;
    int status;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    stream = RedisModule_RdbStreamCreateFromFile(text_of(argv[1]));
    status = run(ctx, stream, (int)number_of(argv[2]));
    RedisModule_ReplyWithLongLong(ctx, status == REDISMODULE_OK ? 0 : errno);
    RedisModule_RdbStreamFree(stream);
    return REDISMODULE_OK;
}

static int save(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return through(ctx, argv, argc, RedisModule_RdbSave);
}

static int load(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return through(ctx, argv, argc, RedisModule_RdbLoad);
}

static const struct guest_row rows[] = {
    {"datasets.reset", reset, "write", 0, 0, 0},
    {"datasets.save", save, "", 0, 0, 0},
    {"datasets.load", load, "", 0, 0, 0},
};

GUEST("datasets", rows)
