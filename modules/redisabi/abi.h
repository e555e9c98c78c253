/* SPDX-License-Identifier: BSD-3-Clause */
/* abi - what a module built for Redis or Valkey knows of its host.
 *
 * Our own declaration of a documented binary interface: opaque handles, numbers
 * that must not change, and the few structs that cross the border.  The names
 * are those that module authors use.  functions.h says which functions there
 * are.  A struct that grew over the releases says in its first word how much of
 * it there is, and no more than that is read. */
#ifndef REDISABI_ABI_H
#define REDISABI_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef struct RedisModuleCtx RedisModuleCtx;
typedef struct RedisModuleString RedisModuleString;
typedef struct RedisModuleKey RedisModuleKey;
typedef struct RedisModuleCallReply RedisModuleCallReply;
typedef struct RedisModuleCommand RedisModuleCommand;
typedef struct RedisModuleType RedisModuleType;
typedef struct RedisModuleIO RedisModuleIO;
typedef struct RedisModuleDigest RedisModuleDigest;
typedef struct RedisModuleBlockedClient RedisModuleBlockedClient;
typedef struct RedisModuleKeyOptCtx RedisModuleKeyOptCtx;
typedef struct RedisModuleDefragCtx RedisModuleDefragCtx;
typedef struct RedisModuleInfoCtx RedisModuleInfoCtx;
typedef struct RedisModuleServerInfoData RedisModuleServerInfoData;
typedef struct RedisModuleScanCursor RedisModuleScanCursor;
typedef struct RedisModuleDict RedisModuleDict;
typedef struct RedisModuleDictIter RedisModuleDictIter;
typedef long long mstime_t;

#define REDISMODULE_OK  0
#define REDISMODULE_ERR 1

#define REDISMODULE_APIVER_1            1
#define REDISMODULE_TYPE_METHOD_VERSION 4

/* --- Keys ----------------------------------------------------------------- */

#define REDISMODULE_READ               (1 << 0)
#define REDISMODULE_WRITE              (1 << 1)
#define REDISMODULE_OPEN_KEY_NOTOUCH   (1 << 16)
#define REDISMODULE_OPEN_KEY_NONOTIFY  (1 << 17)
#define REDISMODULE_OPEN_KEY_NOSTATS   (1 << 18)
#define REDISMODULE_OPEN_KEY_NOEXPIRE  (1 << 19)
#define REDISMODULE_OPEN_KEY_NOEFFECTS (1 << 20)
#define REDISMODULE_OPEN_KEY_ALL                                               \
    (REDISMODULE_READ | REDISMODULE_WRITE | REDISMODULE_OPEN_KEY_NOTOUCH |     \
     REDISMODULE_OPEN_KEY_NONOTIFY | REDISMODULE_OPEN_KEY_NOSTATS |            \
     REDISMODULE_OPEN_KEY_NOEXPIRE | REDISMODULE_OPEN_KEY_NOEFFECTS)

#define REDISMODULE_LIST_HEAD 0
#define REDISMODULE_LIST_TAIL 1

#define REDISMODULE_KEYTYPE_EMPTY  0
#define REDISMODULE_KEYTYPE_STRING 1
#define REDISMODULE_KEYTYPE_LIST   2
#define REDISMODULE_KEYTYPE_HASH   3
#define REDISMODULE_KEYTYPE_SET    4
#define REDISMODULE_KEYTYPE_ZSET   5
#define REDISMODULE_KEYTYPE_MODULE 6
#define REDISMODULE_KEYTYPE_STREAM 7

#define REDISMODULE_NO_EXPIRE -1

#define REDISMODULE_HASH_NONE      0
#define REDISMODULE_HASH_NX        (1 << 0)
#define REDISMODULE_HASH_XX        (1 << 1)
#define REDISMODULE_HASH_CFIELDS   (1 << 2)
#define REDISMODULE_HASH_EXISTS    (1 << 3)
#define REDISMODULE_HASH_COUNT_ALL (1 << 4)
#define REDISMODULE_HASH_DELETE    ((RedisModuleString *)(uintptr_t)1)

#define REDISMODULE_ZADD_XX      (1 << 0)
#define REDISMODULE_ZADD_NX      (1 << 1)
#define REDISMODULE_ZADD_ADDED   (1 << 2)
#define REDISMODULE_ZADD_UPDATED (1 << 3)
#define REDISMODULE_ZADD_NOP     (1 << 4)
#define REDISMODULE_ZADD_GT      (1 << 5)
#define REDISMODULE_ZADD_LT      (1 << 6)

#define REDISMODULE_POSITIVE_INFINITE (1.0 / 0.0)
#define REDISMODULE_NEGATIVE_INFINITE (-1.0 / 0.0)

#define REDISMODULE_STREAM_ADD_AUTOID         (1 << 0)
#define REDISMODULE_STREAM_ITERATOR_EXCLUSIVE (1 << 0)
#define REDISMODULE_STREAM_ITERATOR_REVERSE   (1 << 1)
#define REDISMODULE_STREAM_TRIM_APPROX        (1 << 0)

typedef struct RedisModuleStreamID {
    uint64_t ms;
    uint64_t seq;
} RedisModuleStreamID;

typedef void (*RedisModuleScanCB)(RedisModuleCtx *ctx, RedisModuleString *name,
                                  RedisModuleKey *key, void *data);
typedef void (*RedisModuleScanKeyCB)(RedisModuleKey *key,
                                     RedisModuleString *field,
                                     RedisModuleString *value, void *data);

#define REDISMODULE_ERRORMSG_WRONGTYPE                                         \
    "WRONGTYPE Operation against a key holding the wrong kind of value"

/* --- Replies -------------------------------------------------------------- */

#define REDISMODULE_POSTPONED_LEN -1

#define REDISMODULE_REPLY_UNKNOWN         -1
#define REDISMODULE_REPLY_STRING          0
#define REDISMODULE_REPLY_ERROR           1
#define REDISMODULE_REPLY_INTEGER         2
#define REDISMODULE_REPLY_ARRAY           3
#define REDISMODULE_REPLY_NULL            4
#define REDISMODULE_REPLY_MAP             5
#define REDISMODULE_REPLY_SET             6
#define REDISMODULE_REPLY_BOOL            7
#define REDISMODULE_REPLY_DOUBLE          8
#define REDISMODULE_REPLY_BIG_NUMBER      9
#define REDISMODULE_REPLY_VERBATIM_STRING 10
#define REDISMODULE_REPLY_ATTRIBUTE       11

/* --- Contexts ------------------------------------------------------------- */

#define REDISMODULE_CTX_FLAGS_LUA           (1 << 0)
#define REDISMODULE_CTX_FLAGS_MULTI         (1 << 1)
#define REDISMODULE_CTX_FLAGS_MASTER        (1 << 2)
#define REDISMODULE_CTX_FLAGS_REPLICATED    (1 << 12)
#define REDISMODULE_CTX_FLAGS_ACTIVE_CHILD  (1 << 18)
#define REDISMODULE_CTX_FLAGS_MULTI_DIRTY   (1 << 19)
#define REDISMODULE_CTX_FLAGS_DENY_BLOCKING (1 << 21)
#define REDISMODULE_CTX_FLAGS_RESP3         (1 << 22)
#define REDISMODULE_CTX_FLAGS_NEXT          (1 << 24)

#define REDISMODULE_OPTIONS_HANDLE_IO_ERRORS           (1 << 0)
#define REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED (1 << 1)
#define REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD     (1 << 2)

typedef int (*RedisModuleCmdFunc)(RedisModuleCtx *ctx, RedisModuleString **argv,
                                  int argc);

typedef void (*RedisModuleDisconnectFunc)(RedisModuleCtx *ctx,
                                          RedisModuleBlockedClient *blocked);

/* --- Parameters ----------------------------------------------------------- */

#define REDISMODULE_CONFIG_DEFAULT      0
#define REDISMODULE_CONFIG_IMMUTABLE    (1u << 0)
#define REDISMODULE_CONFIG_SENSITIVE    (1u << 1)
#define REDISMODULE_CONFIG_HIDDEN       (1u << 4)
#define REDISMODULE_CONFIG_PROTECTED    (1u << 5)
#define REDISMODULE_CONFIG_DENY_LOADING (1u << 6)
#define REDISMODULE_CONFIG_MEMORY       (1u << 7)
#define REDISMODULE_CONFIG_BITFLAGS     (1u << 8)
#define REDISMODULE_CONFIG_ALL          0x1f3u

typedef RedisModuleString *(*RedisModuleConfigGetStringFunc)(const char *name,
                                                             void *data);
typedef long long (*RedisModuleConfigGetNumericFunc)(const char *name,
                                                     void *data);
typedef int (*RedisModuleConfigGetBoolFunc)(const char *name, void *data);
typedef int (*RedisModuleConfigGetEnumFunc)(const char *name, void *data);
typedef int (*RedisModuleConfigSetStringFunc)(const char *name,
                                              RedisModuleString *value,
                                              void *data,
                                              RedisModuleString **error);
typedef int (*RedisModuleConfigSetNumericFunc)(const char *name,
                                               long long value, void *data,
                                               RedisModuleString **error);
typedef int (*RedisModuleConfigSetBoolFunc)(const char *name, int value,
                                            void *data,
                                            RedisModuleString **error);
typedef int (*RedisModuleConfigSetEnumFunc)(const char *name, int value,
                                            void *data,
                                            RedisModuleString **error);
typedef int (*RedisModuleConfigApplyFunc)(RedisModuleCtx *ctx, void *data,
                                          RedisModuleString **error);

/* --- Timers, the event loop, INFO ---------------------------------------- */

typedef uint64_t RedisModuleTimerID;
typedef void (*RedisModuleTimerProc)(RedisModuleCtx *ctx, void *data);

#define REDISMODULE_EVENTLOOP_READABLE 1
#define REDISMODULE_EVENTLOOP_WRITABLE 2

typedef void (*RedisModuleEventLoopFunc)(int fd, void *data, int mask);
typedef void (*RedisModuleEventLoopOneShotFunc)(void *data);
typedef void (*RedisModuleInfoFunc)(RedisModuleInfoCtx *ctx, int for_crash);

#define REDISMODULE_AUX_BEFORE_RDB (1 << 0)
#define REDISMODULE_AUX_AFTER_RDB  (1 << 1)

/* --- Data types ----------------------------------------------------------- */

typedef void *(*RedisModuleTypeLoadFunc)(RedisModuleIO *rdb, int encver);
typedef void (*RedisModuleTypeSaveFunc)(RedisModuleIO *rdb, void *value);
typedef void (*RedisModuleTypeRewriteFunc)(RedisModuleIO *aof,
                                           RedisModuleString *key, void *value);
typedef size_t (*RedisModuleTypeMemUsageFunc)(const void *value);
typedef void (*RedisModuleTypeDigestFunc)(RedisModuleDigest *digest,
                                          void *value);
typedef void (*RedisModuleTypeFreeFunc)(void *value);
typedef int (*RedisModuleTypeAuxLoadFunc)(RedisModuleIO *rdb, int encver,
                                          int when);
typedef void (*RedisModuleTypeAuxSaveFunc)(RedisModuleIO *rdb, int when);
typedef size_t (*RedisModuleTypeFreeEffortFunc)(RedisModuleString *key,
                                                const void *value);
typedef void (*RedisModuleTypeUnlinkFunc)(RedisModuleString *key,
                                          const void *value);
typedef void *(*RedisModuleTypeCopyFunc)(RedisModuleString *from,
                                         RedisModuleString *to,
                                         const void *value);
typedef int (*RedisModuleTypeDefragFunc)(RedisModuleDefragCtx *ctx,
                                         RedisModuleString *key, void **value);
typedef size_t (*RedisModuleTypeMemUsageFunc2)(RedisModuleKeyOptCtx *ctx,
                                               const void *value,
                                               size_t samples);
typedef size_t (*RedisModuleTypeFreeEffortFunc2)(RedisModuleKeyOptCtx *ctx,
                                                 const void *value);
typedef void (*RedisModuleTypeUnlinkFunc2)(RedisModuleKeyOptCtx *ctx,
                                           const void *value);
typedef void *(*RedisModuleTypeCopyFunc2)(RedisModuleKeyOptCtx *ctx,
                                          const void *value);

/* Version 1 ends after `free`, 2 after aux_save_triggers, 3 after `defrag`. */
typedef struct RedisModuleTypeMethods {
    uint64_t version;
    RedisModuleTypeLoadFunc rdb_load;
    RedisModuleTypeSaveFunc rdb_save;
    RedisModuleTypeRewriteFunc aof_rewrite;
    RedisModuleTypeMemUsageFunc mem_usage;
    RedisModuleTypeDigestFunc digest;
    RedisModuleTypeFreeFunc free;
    RedisModuleTypeAuxLoadFunc aux_load;
    RedisModuleTypeAuxSaveFunc aux_save;
    int aux_save_triggers;
    RedisModuleTypeFreeEffortFunc free_effort;
    RedisModuleTypeUnlinkFunc unlink;
    RedisModuleTypeCopyFunc copy;
    RedisModuleTypeDefragFunc defrag;
    RedisModuleTypeMemUsageFunc2 mem_usage2;
    RedisModuleTypeFreeEffortFunc2 free_effort2;
    RedisModuleTypeUnlinkFunc2 unlink2;
    RedisModuleTypeCopyFunc2 copy2;
} RedisModuleTypeMethods;

#endif
