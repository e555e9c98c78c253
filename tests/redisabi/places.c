/* SPDX-License-Identifier: BSD-3-Clause */
/* places - a data type whose values know where they stand: each of its functions
 * notes for which key of which database it is called.
 *
 *     PLACES.PUT key number     PLACES.GET key     a long double, in hexadecimal
 *     PLACES.TOLD               what has been noted, and forgets it */
#include "guest.h"

static RedisModuleType *place_type;
static char told[4096];

static void tell(const char *what, const RedisModuleString *key, int db)
{
    size_t used = strlen(told);

    snprintf(told + used, sizeof(told) - used, "%s %d %s\n", what, db,
             key ? text_of(key) : "-");
}

static long double *place_new(long double number)
{
    long double *place = RedisModule_Alloc(sizeof(*place));

    *place = number;
    return place;
}

static void *place_load(RedisModuleIO *io, int version)
{
    long double number = RedisModule_LoadLongDouble(io);

    (void)version;
    tell("load", RedisModule_GetKeyNameFromIO(io),
         RedisModule_GetDbIdFromIO(io));
    return place_new(number);
}

static void place_save(RedisModuleIO *io, void *value)
{
    tell("save", RedisModule_GetKeyNameFromIO(io),
         RedisModule_GetDbIdFromIO(io));
    RedisModule_SaveLongDouble(io, *(long double *)value);
}

static void place_free(void *value)
{
    RedisModule_Free(value);
}

static size_t place_memory(RedisModuleKeyOptCtx *key, const void *value,
                           size_t samples)
{
    (void)value;
    tell(samples > 1000 ? "memory of all" : "memory",
         RedisModule_GetKeyNameFromOptCtx(key),
         RedisModule_GetDbIdFromOptCtx(key));
    return 5000;
}

static size_t place_effort(RedisModuleKeyOptCtx *key, const void *value)
{
    (void)key;
    (void)value;
    return 1;
}

static void place_unlink(RedisModuleKeyOptCtx *key, const void *value)
{
    (void)value;
    tell("unlink", RedisModule_GetKeyNameFromOptCtx(key),
         RedisModule_GetDbIdFromOptCtx(key));
}

static void *place_copy(RedisModuleKeyOptCtx *key, const void *value)
{
    const long double *place = value;

    tell("copy", RedisModule_GetKeyNameFromOptCtx(key),
         RedisModule_GetDbIdFromOptCtx(key));
    tell("to", RedisModule_GetToKeyNameFromOptCtx(key),
         RedisModule_GetToDbIdFromOptCtx(key));
    return *place < 0 ? NULL : place_new(*place);
}

static void place_digest(RedisModuleDigest *digest, void *value)
{
    (void)value;
    tell("digest", RedisModule_GetKeyNameFromDigest(digest),
         RedisModule_GetDbIdFromDigest(digest));
    RedisModule_DigestAddStringBuffer(digest, "place", 5);
    RedisModule_DigestEndSequence(digest);
}

static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    long double number;
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (RedisModule_StringToLongDouble(argv[2], &number) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR no number");
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, place_type, place_new(number));
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;
    char text[64] = "none";

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (RedisModule_ModuleTypeGetType(key) == place_type)
        snprintf(text, sizeof(text), "%La",
                 *(long double *)RedisModule_ModuleTypeGetValue(key));
    RedisModule_CloseKey(key);
    return RedisModule_ReplyWithCString(ctx, text);
}

static int what(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static const struct guest_row rows[] = {
    {"places.put", put, "write", 1, 1, 1},
    {"places.get", get, "readonly", 1, 1, 1},
    {"places.told", what, "", 0, 0, 0},
};

static int begin(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {.version = 4,
                                      .rdb_load = place_load,
                                      .rdb_save = place_save,
                                      .free = place_free,
                                      .digest = place_digest,
                                      .mem_usage2 = place_memory,
                                      .free_effort2 = place_effort,
                                      .unlink2 = place_unlink,
                                      .copy2 = place_copy};

    place_type = RedisModule_CreateDataType(ctx, "placetype", 0, &methods);
    return place_type ? REDISMODULE_OK : REDISMODULE_ERR;
}

GUEST_WITH("places", rows, begin)
