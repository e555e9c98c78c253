/* SPDX-License-Identifier: BSD-3-Clause */
/* shelves - a data type: a row of numbers with a label, saved in every kind of
 * item that there is.
 *
 *     SHELVES.PUT key label number...   SHELVES.SUM key   SHELVES.LABEL key
 *     SHELVES.PACK key                  its bytes, through a string and back
 *     SHELVES.SWAP key label            the value replaced by an empty one */
#include "guest.h"

struct shelf {
    RedisModuleString *label;
    size_t count;
    long long *numbers;
};

static RedisModuleType *shelf_type;

static struct shelf *shelf_new(const char *label, size_t size)
{
    struct shelf *shelf = RedisModule_Calloc(1, sizeof(*shelf));

    shelf->label = RedisModule_CreateString(NULL, label, size);
    return shelf;
}

static void shelf_add(struct shelf *shelf, long long number)
{
    shelf->numbers = RedisModule_Realloc(
        shelf->numbers, (shelf->count + 1) * sizeof(*shelf->numbers));
    shelf->numbers[shelf->count++] = number;
}

/* --- The type ------------------------------------------------------------- */

static void shelf_free(void *value)
{
    struct shelf *shelf = value;

    RedisModule_FreeString(NULL, shelf->label);
    RedisModule_Free(shelf->numbers);
    RedisModule_Free(shelf);
}

static void shelf_save(RedisModuleIO *io, void *value)
{
    const struct shelf *shelf = value;

    RedisModule_SaveString(io, shelf->label);
    RedisModule_SaveUnsigned(io, shelf->count);
    for (size_t i = 0; i < shelf->count; i++)
        RedisModule_SaveSigned(io, shelf->numbers[i]);
    RedisModule_SaveDouble(io, 0.1);
    RedisModule_SaveFloat(io, 0.25f);
    RedisModule_SaveStringBuffer(io, "end", 3);
}

static void *shelf_load(RedisModuleIO *io, int version)
{
    RedisModuleString *label = RedisModule_LoadString(io);
    struct shelf *shelf;
    size_t size, count;
    char *end;
    int fine;

    if (version != 3 || !label)
        return NULL;
    shelf = shelf_new(text_of(label), strlen(text_of(label)));
    RedisModule_FreeString(NULL, label);
    count = RedisModule_LoadUnsigned(io);
    for (size_t i = 0; i < count && !RedisModule_IsIOError(io); i++)
        shelf_add(shelf, RedisModule_LoadSigned(io));
    fine = RedisModule_LoadDouble(io) == 0.1;
    fine = fine && RedisModule_LoadFloat(io) == 0.25f;
    end = RedisModule_LoadStringBuffer(io, &size);
    fine = fine && end && size == 3 && memcmp(end, "end", 3) == 0;
    RedisModule_Free(end);
    if (fine)
        return shelf;
    shelf_free(shelf);
    return NULL;
}

static void shelf_rewrite(RedisModuleIO *io, RedisModuleString *key,
                          void *value)
{
    const struct shelf *shelf = value;

    RedisModule_EmitAOF(io, "shelves.put", "ss", key, shelf->label);
    for (size_t i = 0; i < shelf->count; i++)
        RedisModule_EmitAOF(io, "shelves.put", "scl", key, "",
                            shelf->numbers[i]);
}

static size_t shelf_memory(const void *value)
{
    const struct shelf *shelf = value;

    return 1000 + shelf->count * sizeof(*shelf->numbers);
}

static void shelf_digest(RedisModuleDigest *digest, void *value)
{
    const struct shelf *shelf = value;

    RedisModule_DigestAddStringBuffer(digest, text_of(shelf->label),
                                      strlen(text_of(shelf->label)));
    RedisModule_DigestEndSequence(digest);
    for (size_t i = 0; i < shelf->count; i++) {
        RedisModule_DigestAddLongLong(digest, (long long)i);
        RedisModule_DigestAddLongLong(digest, shelf->numbers[i]);
        RedisModule_DigestEndSequence(digest);
    }
}

static void *shelf_copy(RedisModuleString *from, RedisModuleString *to,
                        const void *value)
{
    const struct shelf *shelf = value;
    struct shelf *copy =
        shelf_new(text_of(shelf->label), strlen(text_of(shelf->label)));

    (void)from;
    (void)to;
    for (size_t i = 0; i < shelf->count; i++)
        shelf_add(copy, shelf->numbers[i]);
    return copy;
}

/* --- Its commands --------------------------------------------------------- */

/* false: it holds something else, which has been replied. */
static int shelf_open(RedisModuleCtx *ctx, RedisModuleString *name, int mode,
                      RedisModuleKey **key, struct shelf **shelf)
{
    RedisModule_AutoMemory(ctx);
    *key = RedisModule_OpenKey(ctx, name, mode);
    *shelf = NULL;
    if (RedisModule_KeyType(*key) == REDISMODULE_KEYTYPE_EMPTY)
        return 1;
    if (RedisModule_ModuleTypeGetType(*key) != shelf_type) {
        RedisModule_ReplyWithError(ctx, REDISMODULE_ERRORMSG_WRONGTYPE);
        return 0;
    }
    *shelf = RedisModule_ModuleTypeGetValue(*key);
    return 1;
}

static int put(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct shelf *shelf;
    RedisModuleKey *key;

    if (argc < 3)
        return RedisModule_WrongArity(ctx);
    if (!shelf_open(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE, &key,
                    &shelf))
        return REDISMODULE_OK;
    if (!shelf) {
        shelf = shelf_new(text_of(argv[2]), strlen(text_of(argv[2])));
        RedisModule_ModuleTypeSetValue(key, shelf_type, shelf);
    }
    for (int i = 3; i < argc; i++)
        shelf_add(shelf, number_of(argv[i]));
    RedisModule_ReplicateVerbatim(ctx);
    return RedisModule_ReplyWithLongLong(ctx, (long long)shelf->count);
}

static int sum(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct shelf *shelf;
    RedisModuleKey *key;
    long long total = 0;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!shelf_open(ctx, argv[1], REDISMODULE_READ, &key, &shelf))
        return REDISMODULE_OK;
    for (size_t i = 0; shelf && i < shelf->count; i++)
        total += shelf->numbers[i];
    return RedisModule_ReplyWithLongLong(ctx, total);
}

static int label(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct shelf *shelf;
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!shelf_open(ctx, argv[1], REDISMODULE_READ, &key, &shelf))
        return REDISMODULE_OK;
    if (!shelf)
        return RedisModule_ReplyWithNull(ctx);
    return RedisModule_ReplyWithString(ctx, shelf->label);
}

static int pack(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *bytes;
    struct shelf *shelf;
    RedisModuleKey *key;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    if (!shelf_open(ctx, argv[1], REDISMODULE_READ, &key, &shelf))
        return REDISMODULE_OK;
    if (!shelf)
        return RedisModule_ReplyWithNull(ctx);
    bytes = RedisModule_SaveDataTypeToString(ctx, shelf, shelf_type);
    shelf = RedisModule_LoadDataTypeFromStringEncver(bytes, shelf_type, 3);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithString(ctx, bytes);
    RedisModule_ReplyWithLongLong(ctx, (long long)shelf->count);
    shelf_free(shelf);
    return REDISMODULE_OK;
}

static int swap(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    struct shelf *shelf;
    RedisModuleKey *key;
    void *old = NULL;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (!shelf_open(ctx, argv[1], REDISMODULE_READ | REDISMODULE_WRITE, &key,
                    &shelf))
        return REDISMODULE_OK;
    shelf = shelf_new(text_of(argv[2]), strlen(text_of(argv[2])));
    if (RedisModule_ModuleTypeReplaceValue(key, shelf_type, shelf, &old) !=
        REDISMODULE_OK) {
        shelf_free(shelf);
        return RedisModule_ReplyWithError(ctx, "ERR nothing to replace");
    }
    shelf_free(old);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static const struct guest_row rows[] = {
    {"shelves.put", put, "write deny-oom", 1, 1, 1},
    {"shelves.sum", sum, "readonly", 1, 1, 1},
    {"shelves.label", label, "readonly", 1, 1, 1},
    {"shelves.pack", pack, "readonly", 1, 1, 1},
    {"shelves.swap", swap, "write", 1, 1, 1},
};

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleTypeMethods methods = {.version = 3,
                                      .rdb_load = shelf_load,
                                      .rdb_save = shelf_save,
                                      .aof_rewrite = shelf_rewrite,
                                      .mem_usage = shelf_memory,
                                      .digest = shelf_digest,
                                      .free = shelf_free,
                                      .copy = shelf_copy};

    (void)argv;
    (void)argc;
    if (guest_init(ctx, "shelves", 1) != REDISMODULE_OK)
        return REDISMODULE_ERR;
    RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    if (RedisModule_CreateDataType(ctx, "too short", 0, &methods) ||
        RedisModule_CreateDataType(ctx, "shelf-one", 1024, &methods))
        return REDISMODULE_ERR;
    shelf_type = RedisModule_CreateDataType(ctx, "shelf-one", 3, &methods);
    if (!shelf_type)
        return REDISMODULE_ERR;
    return guest_commands(ctx, rows, sizeof(rows) / sizeof(rows[0]));
}
