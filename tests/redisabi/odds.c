/* SPDX-License-Identifier: BSD-3-Clause */
/* odds - what belongs to no other of these modules.
 *
 *     ODDS.NAME   ODDS.PARENT CHILD   what the command is called
 *     ODDS.USER                       who asks
 *     ODDS.DB db key                  that of a handle, and of the context
 *     ODDS.RANDOM                     a key, or null
 *     ODDS.CHANGED key                says that it has been
 *     ODDS.SIZES                      that measures of memory are plausible
 *     ODDS.VERSION                    of a type's methods
 *     ODDS.THROUGH n                  a value through its bytes and back
 *     ODDS.LOAD bytes                 a value from them, or null
 *     ODDS.REPLICATE key word n       other commands than itself are replicated
 *     ODDS.LOCK                       tries the lock that it has
 *     ODDS.WAIT   ODDS.GO word        is blocked; lets the last one go
 *     ODDS.TOLD                       what callbacks have noted
 *     ODDS.ASSERT                     ends the server
 *
 * and of later servers only
 *
 *     ODDS.LATER                      of some functions whether they do as they should
 *     ODDS.ERROR word n               an error by a format
 *     ODDS.DENIED user what reason    notes that somebody was */
#include "guest.h"

#include <unistd.h>

static RedisModuleType *odd_type;
static RedisModuleBlockedClient *blocked;
static char told[256];
static int categories[2]; /* how SetCommandACLCategories went */

static void tell(const char *what)
{
    strncat(told, what, sizeof(told) - strlen(told) - 1);
}

/* --- Names ---------------------------------------------------------------- */

static int name_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithCString(ctx,
                                        RedisModule_GetCurrentCommandName(ctx));
}

static int user(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_AutoMemory(ctx);
    return RedisModule_ReplyWithString(ctx,
                                       RedisModule_GetCurrentUserName(ctx));
}

/* --- Keys ----------------------------------------------------------------- */

static int db_of(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int before = RedisModule_GetSelectedDb(ctx);
    RedisModuleKey *key;

    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    if (RedisModule_SelectDb(ctx, (int)number_of(argv[1])) != REDISMODULE_OK)
        return RedisModule_ReplyWithError(ctx, "ERR no such db");
    key = RedisModule_OpenKey(ctx, argv[2], REDISMODULE_WRITE);
    RedisModule_SelectDb(ctx, before);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetDbIdFromModuleKey(key));
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetSelectedDb(ctx));
    RedisModule_CloseKey(key);
    return REDISMODULE_OK;
}

static int random_key(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *name = RedisModule_RandomKey(ctx);

    (void)argv;
    (void)argc;
    if (!name)
        return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithString(ctx, name);
    RedisModule_FreeString(ctx, name);
    return REDISMODULE_OK;
}

static int changed(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_SignalModifiedKey(ctx, argv[1]));
}

/* --- Memory --------------------------------------------------------------- */

static int sizes(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleDict *dict = RedisModule_CreateDict(NULL);
    RedisModuleString *str = RedisModule_CreateString(NULL, "", 0);
    size_t empty = RedisModule_MallocSizeDict(dict);
    size_t bare = RedisModule_MallocSizeString(str);
    char bytes[1000];

    (void)argv;
    (void)argc;
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 1000; i++) {
        snprintf(bytes, sizeof(bytes), "%d", i);
        RedisModule_DictSetC(dict, bytes, 50, NULL);
    }
    RedisModule_StringAppendBuffer(NULL, str, bytes, sizeof(bytes));
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithBool(ctx, empty > 0);
    RedisModule_ReplyWithBool(ctx, RedisModule_MallocSizeDict(dict) >=
                                       empty + sizeof(bytes));
    RedisModule_ReplyWithBool(ctx, bare > 0);
    RedisModule_ReplyWithBool(ctx,
                              RedisModule_MallocSizeString(str) >= bare + 900);
    RedisModule_FreeString(NULL, str);
    RedisModule_FreeDict(NULL, dict);
    return REDISMODULE_OK;
}

/* --- A type: a number that is not 7 --------------------------------------- */

static void odd_save(RedisModuleIO *io, void *value)
{
    RedisModule_SaveSigned(io, *(const long long *)value);
}

static void *odd_load(RedisModuleIO *io, int version)
{
    RedisModuleCtx *ctx = RedisModule_GetContextFromIO(io);
    long long number = RedisModule_LoadSigned(io), *value;

    if (RedisModule_IsIOError(io)) {
        RedisModule_LogIOError(io, "warning", "no number of version %d",
                               version);
        return NULL;
    }
    if (number == 7 || RedisModule_GetContextFromIO(io) != ctx) {
        RedisModule_LogIOError(io, "warning", "never a %lld", number);
        return NULL;
    }
    RedisModule_Log(ctx, "warning", "through the context: %lld", number);
    value = RedisModule_Alloc(sizeof(*value));
    *value = number;
    return value;
}

static int reply_odd(RedisModuleCtx *ctx, const RedisModuleString *bytes)
{
    long long *value = RedisModule_LoadDataTypeFromString(bytes, odd_type);

    if (!value)
        return RedisModule_ReplyWithNull(ctx);
    RedisModule_ReplyWithLongLong(ctx, *value);
    RedisModule_Free(value);
    return REDISMODULE_OK;
}

static int through(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleString *bytes;
    long long number;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    number = number_of(argv[1]);
    bytes = RedisModule_SaveDataTypeToString(ctx, &number, odd_type);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithString(ctx, bytes);
    reply_odd(ctx, bytes);
    RedisModule_FreeString(ctx, bytes);
    return REDISMODULE_OK;
}

static int load(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    return argc == 2 ? reply_odd(ctx, argv[1]) : RedisModule_WrongArity(ctx);
}

static int version(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    return RedisModule_ReplyWithBool(ctx, RedisModule_GetTypeMethodVersion() >=
                                              4); /* 7.0's */
}

/* --- Replication ---------------------------------------------------------- */

static int replicate(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    RedisModule_ReplyWithArray(ctx, 5);
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Replicate(ctx, "set", "ss", argv[1], argv[2]));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Replicate(ctx, "incrby", "cl", "odd-number",
                                   number_of(argv[3])));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Replicate(ctx, "rpush", "bv", "odd-list-x", (size_t)8,
                                   argv + 1, (size_t)3));
    RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Replicate(ctx, "no-such", "s", argv[1]));
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_Replicate(ctx, "set", "s?", argv[1], argv[2]));
}

/* --- Waiting -------------------------------------------------------------- */

static int lock(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    int status;

    (void)argv;
    (void)argc;
    errno = 0;
    status = RedisModule_ThreadSafeContextTryLock(ctx);
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithLongLong(ctx, status);
    return RedisModule_ReplyWithLongLong(ctx, errno);
}

static int waited(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 2);
    RedisModule_ReplyWithBool(ctx, RedisModule_GetBlockedClientHandle(ctx) ==
                                       blocked);
    return RedisModule_ReplyWithCString(
        ctx, RedisModule_GetBlockedClientPrivateData(ctx));
}

static void gone(RedisModuleCtx *ctx, RedisModuleBlockedClient *who)
{
    (void)ctx;
    tell(who == blocked ? "gone " : "another ");
    RedisModule_UnblockClient(who, RedisModule_Strdup("gone"));
}

static void free_data(RedisModuleCtx *ctx, void *data)
{
    tell(RedisModule_BlockedClientDisconnected(ctx) ? "free-gone " : "free ");
    tell(data);
    tell(" ");
    RedisModule_Free(data);
}

static int wait_here(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    tell(RedisModule_GetBlockedClientHandle(ctx) ? "early " : "");
    blocked = RedisModule_BlockClient(ctx, waited, NULL, free_data, 0);
    RedisModule_SetDisconnectCallback(blocked, gone);
    return REDISMODULE_OK;
}

/* A later server can be given the data before. */
static int go(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    char *word;

    if (argc != 2)
        return RedisModule_WrongArity(ctx);
    word = RedisModule_Strdup(text_of(argv[1]));
    if (RedisModule_BlockClientSetPrivateData) {
        RedisModule_BlockClientSetPrivateData(blocked, word);
        word = RedisModule_BlockClientGetPrivateData(blocked);
    }
    RedisModule_UnblockClient(blocked, word);
    return RedisModule_ReplyWithSimpleString(ctx, "OK");
}

static int what(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithCString(ctx, told);
    told[0] = '\0';
    return REDISMODULE_OK;
}

static int assertion(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule__Assert("1 == 2", "odds.c", 7);
    return RedisModule_ReplyWithSimpleString(ctx, "still there");
}

/* --- Of later servers only ------------------------------------------------ */

static bool tells_the_time(void)
{
    uint64_t cached = RedisModule_CachedMicroseconds();
    uint64_t begin = RedisModule_Microseconds();
    long long ms = RedisModule_Milliseconds();

    usleep(3000);
    return RedisModule_CachedMicroseconds() == cached &&
           RedisModule_Microseconds() >= begin + 3000 && cached <= begin &&
           (long long)(begin / 1000) <= ms &&
           ms - (long long)(begin / 1000) < 60000;
}

static int later(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    (void)argv;
    (void)argc;
    RedisModule_ReplyWithArray(ctx, 4);
    RedisModule_ReplyWithBool(ctx, tells_the_time());
    RedisModule_ReplyWithLongLong(ctx, RedisModule_GetModuleOptionsAll());
    RedisModule_ReplyWithLongLong(ctx, categories[0]);
    return RedisModule_ReplyWithLongLong(ctx, categories[1]);
}

static int error(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 3)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithErrorFormat(
        ctx, "ODD %s is not %lld", text_of(argv[1]), number_of(argv[2]));
}

static int denied(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    if (argc != 4)
        return RedisModule_WrongArity(ctx);
    return RedisModule_ReplyWithLongLong(
        ctx, RedisModule_ACLAddLogEntryByUserName(ctx, argv[1], argv[2],
                                                  (int)number_of(argv[3])));
}

/* --- Life ----------------------------------------------------------------- */

static const struct guest_row rows[] = {
    {"odds.name", name_of, "", 0, 0, 0},
    {"odds.parent", NULL, "", 0, 0, 0},
    {"odds.user", user, "", 0, 0, 0},
    {"odds.db", db_of, "write", 0, 0, 0},
    {"odds.random", random_key, "readonly", 0, 0, 0},
    {"odds.changed", changed, "write", 1, 1, 1},
    {"odds.sizes", sizes, "", 0, 0, 0},
    {"odds.version", version, "", 0, 0, 0},
    {"odds.through", through, "", 0, 0, 0},
    {"odds.load", load, "", 0, 0, 0},
    {"odds.replicate", replicate, "write", 1, 1, 1},
    {"odds.lock", lock, "", 0, 0, 0},
    {"odds.wait", wait_here, "", 0, 0, 0},
    {"odds.go", go, "", 0, 0, 0},
    {"odds.told", what, "", 0, 0, 0},
    {"odds.assert", assertion, "", 0, 0, 0},
    {"odds.later", later, "", 0, 0, 0},
    {"odds.error", error, "", 0, 0, 0},
    {"odds.denied", denied, "", 0, 0, 0},
};

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc);

int RedisModule_OnLoad(RedisModuleCtx *ctx, RedisModuleString **argv, int argc)
{
    RedisModuleTypeMethods methods = {
        .version = 1, .rdb_load = odd_load, .rdb_save = odd_save};
    RedisModuleCommand *command;

    (void)argv;
    (void)argc;
    if (guest_init(ctx, "odds", 1) != REDISMODULE_OK ||
        guest_commands(ctx, rows, sizeof(rows) / sizeof(rows[0])) !=
            REDISMODULE_OK)
        return REDISMODULE_ERR;
    RedisModule_SetModuleOptions(ctx, REDISMODULE_OPTIONS_HANDLE_IO_ERRORS);
    methods.free = RedisModule_Free;
    odd_type = RedisModule_CreateDataType(ctx, "odds-type", 0, &methods);
    command = RedisModule_GetCommand(ctx, "odds.parent");
    if (!odd_type || !command ||
        RedisModule_CreateSubcommand(command, "child", name_of, "", 0, 0, 0) !=
            REDISMODULE_OK)
        return REDISMODULE_ERR;
    command = RedisModule_GetCommand(ctx, "odds.later");
    if (RedisModule_SetCommandACLCategories) {
        categories[0] =
            RedisModule_SetCommandACLCategories(command, "geo  bitmap");
        categories[1] =
            RedisModule_SetCommandACLCategories(command, "hash nonsense");
    }
    return REDISMODULE_OK;
}
