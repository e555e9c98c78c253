/* SPDX-License-Identifier: BSD-3-Clause */
/* boxes - a data type with the methods of version 4, and with data of its own
 * beside the values.
 *
 *     BOXES.PUT key number   BOXES.GET key   BOXES.NOTE number before|after
 *     BOXES.NOTES            what is kept beside the values
 *     BOXES.TOLD             what callbacks have noted, and forgets it */
#include "guest.h"

static RedisModuleType *box_type;
static long long notes[3];
static char told[512];

static void tell(const char *what)
{
    strncat(told, what, sizeof(told) - strlen(told) - 1);
}

/* --- The type ------------------------------------------------------------- */

static void *box_new(long long number)
{
    long long *box = RedisModule_Alloc(sizeof(*box));

    *box = number;
    return box;
}

static void *box_load(RedisModuleIO *io, int version)
{
    if (version != 1)
        return NULL;
    return box_new(RedisModule_LoadSigned(io));
}

static void box_save(RedisModuleIO *io, void *value)
{
    RedisModule_SaveSigned(io, *(long long *)value);
}

static void box_free(void *value)
{
    RedisModule_Free(value);
}

static void box_digest(RedisModuleDigest *digest, void *value)
{
    RedisModule_DigestAddLongLong(digest, *(long long *)value);
    RedisModule_DigestEndSequence(digest);
}

static size_t box_memory(RedisModuleKeyOptCtx *key, const void *value,
                         size_t samples)
{
    (void)value;
    return RedisModule_GetKeyNameFromOptCtx(key) ? 1000 + samples : 0;
}

static size_t box_effort(RedisModuleKeyOptCtx *key, const void *value)
{
    (void)value;
    return RedisModule_GetKeyNameFromOptCtx(key) ? 1 : 2;
}

static void box_unlink(RedisModuleKeyOptCtx *key, const void *value)
{
    char text[64];

    snprintf(text, sizeof(text), "unlink:%s:%d:%lld ",
             text_of(RedisModule_GetKeyNameFromOptCtx(key)),
             RedisModule_GetDbIdFromOptCtx(key), *(const long long *)value);
    tell(text);
}

static void *box_copy(RedisModuleKeyOptCtx *key, const void *value)
{
    (void)key;
    tell("copy ");
    return box_new(*(const long long *)value + 1);
}

static void aux_save(RedisModuleIO *io, int when)
{
    RedisModule_SaveSigned(io, notes[when]);
    RedisModule_SaveStringBuffer(io, "note", 4);
}

#ifdef BOXES_SAVE_NOTHING_FOR_ZERO
static void aux_save_some(RedisModuleIO *io, int when)
{
    if (notes[when] != 0)
        aux_save(io, when);
}
#endif

static int aux_load(RedisModuleIO *io, int version, int when)
{
    char *text;
    size_t size;

    if (version != 1)
        return REDISMODULE_ERR;
    notes[when] = RedisModule_LoadSigned(io);
    text = RedisModule_LoadStringBuffer(io, &size);
    if (!text || size != 4 || memcmp(text, "note", 4) != 0)
        return REDISMODULE_ERR;
    RedisModule_Free(text);
    return REDISMODULE_OK;
}

/* --- Commands ------------------------------------------------------------- */

static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_WRITE);
    RedisModule_ModuleTypeSetValue(key, box_type, box_new(number_of(argv[2])));
    RedisModule_CloseKey(key);
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int get(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    RedisModule_AutoMemory(ctx);
    key = RedisModule_OpenKey(ctx, argv[1], REDISMODULE_READ);
    if (RedisModule_ModuleTypeGetType(key) != box_type)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, *(long long *)RedisModule_ModuleTypeGetValue(key));
}

static int note(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    notes[*text_of(argv[2]) == 'b' ? REDISMODULE_AUX_BEFORE_RDB
                                   : REDISMODULE_AUX_AFTER_RDB] =
        number_of(argv[1]);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int noted(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, notes[REDISMODULE_AUX_BEFORE_RDB]);
    return RedisModule_ReplyWithLongLong(ctx, notes[REDISMODULE_AUX_AFTER_RDB]);
}

static int what(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static int begin(RedisModuleCtx *ctx)
{
    RedisModuleTypeMethods methods = {.version = 4,
                                      .rdb_load = box_load,
                                      .rdb_save = box_save,
                                      .digest = box_digest,
                                      .free = box_free,
                                      .aux_load = aux_load,
                                      .aux_save = aux_save,
                                      .aux_save_triggers =
                                          REDISMODULE_AUX_BEFORE_RDB |
                                          REDISMODULE_AUX_AFTER_RDB,
                                      .mem_usage2 = box_memory,
                                      .free_effort2 = box_effort,
                                      .unlink2 = box_unlink,
                                      .copy2 = box_copy};

#ifdef BOXES_SAVE_NOTHING_FOR_ZERO
    methods.version = 5;
    methods.aux_save = NULL;
    methods.aux_save2 = aux_save_some;
#endif
    box_type = RedisModule_CreateDataType(ctx, "boxes-one", 1, &methods);
    return box_type ? REDISMODULE_OK : REDISMODULE_ERR;
}

static const struct guest_row rows[] = {
    {"boxes.put", put, "write", 1, 1, 1},
    {"boxes.get", get, "readonly", 1, 1, 1},
    {"boxes.note", note, "", 0, 0, 0},
    {"boxes.notes", noted, "", 0, 0, 0},
    {"boxes.told", what, "", 0, 0, 0},
};

GUEST_WITH("boxes", rows, begin)
