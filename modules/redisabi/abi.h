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
typedef struct RedisModuleCommandFilter RedisModuleCommandFilter;
typedef struct RedisModuleCommandFilterCtx RedisModuleCommandFilterCtx;
typedef struct RedisModuleServerInfoData RedisModuleServerInfoData;
typedef struct RedisModuleScanCursor RedisModuleScanCursor;
typedef struct RedisModuleDict RedisModuleDict;
typedef struct RedisModuleDictIter RedisModuleDictIter;
typedef struct RedisModuleUser RedisModuleUser;
typedef struct RedisModuleRdbStream RedisModuleRdbStream;
typedef long long mstime_t;

#define REDISMODULE_OK  0
#define REDISMODULE_ERR 1

#define REDISMODULE_APIVER_1            1
#define REDISMODULE_TYPE_METHOD_VERSION 5

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
#define REDISMODULE_REPLY_PROMISE         12

/* --- Contexts ------------------------------------------------------------- */

#define REDISMODULE_CTX_FLAGS_LUA           (1 << 0)
#define REDISMODULE_CTX_FLAGS_MULTI         (1 << 1)
#define REDISMODULE_CTX_FLAGS_MASTER        (1 << 2)
#define REDISMODULE_CTX_FLAGS_CLUSTER       (1 << 5)
#define REDISMODULE_CTX_FLAGS_AOF           (1 << 6)
#define REDISMODULE_CTX_FLAGS_RDB           (1 << 7)
#define REDISMODULE_CTX_FLAGS_MAXMEMORY     (1 << 8)
#define REDISMODULE_CTX_FLAGS_EVICT         (1 << 9)
#define REDISMODULE_CTX_FLAGS_OOM           (1 << 10)
#define REDISMODULE_CTX_FLAGS_OOM_WARNING   (1 << 11)
#define REDISMODULE_CTX_FLAGS_REPLICATED    (1 << 12)
#define REDISMODULE_CTX_FLAGS_LOADING       (1 << 13)
#define REDISMODULE_CTX_FLAGS_ACTIVE_CHILD  (1 << 18)
#define REDISMODULE_CTX_FLAGS_MULTI_DIRTY   (1 << 19)
#define REDISMODULE_CTX_FLAGS_IS_CHILD      (1 << 20)
#define REDISMODULE_CTX_FLAGS_DENY_BLOCKING (1 << 21)
#define REDISMODULE_CTX_FLAGS_RESP3         (1 << 22)
#define REDISMODULE_CTX_FLAGS_NEXT          (1 << 24)

#define REDISMODULE_OPTIONS_HANDLE_IO_ERRORS           (1 << 0)
#define REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED (1 << 1)
#define REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD     (1 << 2)
#define REDISMODULE_OPTIONS_NEXT                       (1 << 4)

#define REDISMODULE_YIELD_FLAG_NONE    (1 << 0)
#define REDISMODULE_YIELD_FLAG_CLIENTS (1 << 1)

/* --- Clients -------------------------------------------------------------- */

#define REDISMODULE_CLIENTINFO_FLAG_SSL        (1 << 0)
#define REDISMODULE_CLIENTINFO_FLAG_PUBSUB     (1 << 1)
#define REDISMODULE_CLIENTINFO_FLAG_BLOCKED    (1 << 2)
#define REDISMODULE_CLIENTINFO_FLAG_TRACKING   (1 << 3)
#define REDISMODULE_CLIENTINFO_FLAG_UNIXSOCKET (1 << 4)
#define REDISMODULE_CLIENTINFO_FLAG_MULTI      (1 << 5)

typedef struct RedisModuleClientInfo {
    uint64_t version; /* 1, set by who passes it */
    uint64_t flags;   /* REDISMODULE_CLIENTINFO_FLAG_ */
    uint64_t id;
    char addr[46];
    uint16_t port;
    uint16_t db;
} RedisModuleClientInfo;

/* --- Command filters ------------------------------------------------------ */

#define REDISMODULE_CMDFILTER_NOSELF (1 << 0)

typedef void (*RedisModuleCommandFilterFunc)(
    RedisModuleCommandFilterCtx *filter);

/* --- Keyspace notifications ----------------------------------------------- */

#define REDISMODULE_NOTIFY_KEYSPACE (1 << 0)
#define REDISMODULE_NOTIFY_KEYEVENT (1 << 1)
#define REDISMODULE_NOTIFY_GENERIC  (1 << 2)
#define REDISMODULE_NOTIFY_STRING   (1 << 3)
#define REDISMODULE_NOTIFY_LIST     (1 << 4)
#define REDISMODULE_NOTIFY_SET      (1 << 5)
#define REDISMODULE_NOTIFY_HASH     (1 << 6)
#define REDISMODULE_NOTIFY_ZSET     (1 << 7)
#define REDISMODULE_NOTIFY_EXPIRED  (1 << 8)
#define REDISMODULE_NOTIFY_EVICTED  (1 << 9)
#define REDISMODULE_NOTIFY_STREAM   (1 << 10)
#define REDISMODULE_NOTIFY_KEY_MISS (1 << 11)
#define REDISMODULE_NOTIFY_LOADED   (1 << 12)
#define REDISMODULE_NOTIFY_MODULE   (1 << 13)
#define REDISMODULE_NOTIFY_NEW      (1 << 14)
#define REDISMODULE_NOTIFY_NEXT     (1 << 15)
/* What A stands for: all but key misses, loaded and new keys. */
#define REDISMODULE_NOTIFY_ALL                                                 \
    (REDISMODULE_NOTIFY_GENERIC | REDISMODULE_NOTIFY_STRING |                  \
     REDISMODULE_NOTIFY_LIST | REDISMODULE_NOTIFY_SET |                        \
     REDISMODULE_NOTIFY_HASH | REDISMODULE_NOTIFY_ZSET |                       \
     REDISMODULE_NOTIFY_EXPIRED | REDISMODULE_NOTIFY_EVICTED |                 \
     REDISMODULE_NOTIFY_STREAM | REDISMODULE_NOTIFY_MODULE)

typedef int (*RedisModuleNotificationFunc)(RedisModuleCtx *ctx, int type,
                                           const char *event,
                                           RedisModuleString *key);
typedef void (*RedisModulePostNotificationJobFunc)(RedisModuleCtx *ctx,
                                                   void *data);

/* --- Server events -------------------------------------------------------- */

#define REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED 0
#define REDISMODULE_EVENT_PERSISTENCE              1
#define REDISMODULE_EVENT_FLUSHDB                  2
#define REDISMODULE_EVENT_LOADING                  3
#define REDISMODULE_EVENT_CLIENT_CHANGE            4
#define REDISMODULE_EVENT_SHUTDOWN                 5
#define REDISMODULE_EVENT_REPLICA_CHANGE           6
#define REDISMODULE_EVENT_MASTER_LINK_CHANGE       7
#define REDISMODULE_EVENT_CRON_LOOP                8
#define REDISMODULE_EVENT_MODULE_CHANGE            9
#define REDISMODULE_EVENT_LOADING_PROGRESS         10
#define REDISMODULE_EVENT_SWAPDB                   11
#define REDISMODULE_EVENT_REPL_BACKUP              12
#define REDISMODULE_EVENT_FORK_CHILD               13
#define REDISMODULE_EVENT_REPL_ASYNC_LOAD          14
#define REDISMODULE_EVENT_EVENTLOOP                15
#define REDISMODULE_EVENT_CONFIG                   16
#define REDISMODULE_EVENT_KEY                      17

#define REDISMODULE_SUBEVENT_PERSISTENCE_RDB_START      0
#define REDISMODULE_SUBEVENT_PERSISTENCE_AOF_START      1
#define REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_RDB_START 2
#define REDISMODULE_SUBEVENT_PERSISTENCE_ENDED          3
#define REDISMODULE_SUBEVENT_PERSISTENCE_FAILED         4
#define REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_AOF_START 5
#define REDISMODULE_SUBEVENT_LOADING_RDB_START          0
#define REDISMODULE_SUBEVENT_LOADING_AOF_START          1
#define REDISMODULE_SUBEVENT_LOADING_ENDED              3
#define REDISMODULE_SUBEVENT_LOADING_FAILED             4
#define REDISMODULE_SUBEVENT_CLIENT_CHANGE_CONNECTED    0
#define REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED 1
#define REDISMODULE_SUBEVENT_FLUSHDB_START              0
#define REDISMODULE_SUBEVENT_FLUSHDB_END                1
#define REDISMODULE_SUBEVENT_MODULE_LOADED              0
#define REDISMODULE_SUBEVENT_MODULE_UNLOADED            1
#define REDISMODULE_SUBEVENT_CONFIG_CHANGE              0
#define REDISMODULE_SUBEVENT_LOADING_PROGRESS_RDB       0
#define REDISMODULE_SUBEVENT_LOADING_PROGRESS_AOF       1
#define REDISMODULE_SUBEVENT_FORK_CHILD_BORN            0
#define REDISMODULE_SUBEVENT_FORK_CHILD_DIED            1
#define REDISMODULE_SUBEVENT_EVENTLOOP_BEFORE_SLEEP     0
#define REDISMODULE_SUBEVENT_EVENTLOOP_AFTER_SLEEP      1
#define REDISMODULE_SUBEVENT_KEY_DELETED                0
#define REDISMODULE_SUBEVENT_KEY_EXPIRED                1
#define REDISMODULE_SUBEVENT_KEY_EVICTED                2
#define REDISMODULE_SUBEVENT_KEY_OVERWRITTEN            3

typedef struct RedisModuleEvent {
    uint64_t id;      /* REDISMODULE_EVENT_ */
    uint64_t dataver; /* of the struct that comes with it */
} RedisModuleEvent;

typedef void (*RedisModuleEventCallback)(RedisModuleCtx *ctx,
                                         RedisModuleEvent event,
                                         uint64_t subevent, void *data);

/* What comes with events, version 1 each. */
typedef struct RedisModuleFlushInfo {
    uint64_t version;
    int32_t sync;
    int32_t dbnum; /* -1: all */
} RedisModuleFlushInfo;

typedef struct RedisModuleModuleChange {
    uint64_t version;
    const char *module_name;
    int32_t module_version;
} RedisModuleModuleChange;

typedef struct RedisModuleConfigChange {
    uint64_t version;
    uint32_t num_changes;
    const char **config_names;
} RedisModuleConfigChange;

typedef struct RedisModuleCronLoop {
    uint64_t version;
    int32_t hz;
} RedisModuleCronLoop;

typedef struct RedisModuleLoadingProgress {
    uint64_t version;
    int32_t hz;
    int32_t progress; /* of 1024, -1: unknown */
} RedisModuleLoadingProgress;

typedef struct RedisModuleSwapDbInfo {
    uint64_t version;
    int32_t dbnum_first;
    int32_t dbnum_second;
} RedisModuleSwapDbInfo;

/* Of a key about to go; the handle is the host's to close. */
typedef struct RedisModuleKeyInfo {
    uint64_t version;
    RedisModuleKey *key;
} RedisModuleKeyInfo;

typedef int (*RedisModuleCmdFunc)(RedisModuleCtx *ctx, RedisModuleString **argv,
                                  int argc);

/* The reply of a command that had to wait is there; it is the handler's. */
typedef void (*RedisModuleOnUnblocked)(RedisModuleCtx *ctx,
                                       RedisModuleCallReply *reply, void *data);

#define REDISMODULE_AUTH_HANDLED     0
#define REDISMODULE_AUTH_NOT_HANDLED 1

/* Asked about who wants to log in.  It may make an error, which is ours. */
typedef int (*RedisModuleAuthCallback)(RedisModuleCtx *ctx,
                                       RedisModuleString *user,
                                       RedisModuleString *password,
                                       RedisModuleString **error);

typedef void (*RedisModuleDisconnectFunc)(RedisModuleCtx *ctx,
                                          RedisModuleBlockedClient *blocked);

#define REDISMODULE_BLOCK_UNBLOCK_DEFAULT 0
#define REDISMODULE_BLOCK_UNBLOCK_DELETED (1 << 0)

/* --- What is known of a command ------------------------------------------- */

#define REDISMODULE_CMD_KEY_RO     (1ULL << 0)
#define REDISMODULE_CMD_KEY_RW     (1ULL << 1)
#define REDISMODULE_CMD_KEY_OW     (1ULL << 2)
#define REDISMODULE_CMD_KEY_RM     (1ULL << 3)
#define REDISMODULE_CMD_KEY_ACCESS (1ULL << 4)
#define REDISMODULE_CMD_KEY_UPDATE (1ULL << 5)
#define REDISMODULE_CMD_KEY_INSERT (1ULL << 6)
#define REDISMODULE_CMD_KEY_DELETE (1ULL << 7)
#define REDISMODULE_CMD_KEY_ALL    ((1ULL << 11) - 1)

#define REDISMODULE_CMD_CHANNEL_PATTERN     (1 << 0)
#define REDISMODULE_CMD_CHANNEL_PUBLISH     (1 << 1)
#define REDISMODULE_CMD_CHANNEL_SUBSCRIBE   (1 << 2)
#define REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE (1 << 3)

#define REDISMODULE_KSPEC_BS_INVALID 0 /* the end of an array */
#define REDISMODULE_KSPEC_BS_UNKNOWN 1
#define REDISMODULE_KSPEC_BS_INDEX   2
#define REDISMODULE_KSPEC_BS_KEYWORD 3
#define REDISMODULE_KSPEC_FK_OMITTED 0 /* one key */
#define REDISMODULE_KSPEC_FK_UNKNOWN 1
#define REDISMODULE_KSPEC_FK_RANGE   2
#define REDISMODULE_KSPEC_FK_KEYNUM  3

#define REDISMODULE_ARG_TYPE_STRING     0
#define REDISMODULE_ARG_TYPE_INTEGER    1
#define REDISMODULE_ARG_TYPE_DOUBLE     2
#define REDISMODULE_ARG_TYPE_KEY        3
#define REDISMODULE_ARG_TYPE_PATTERN    4
#define REDISMODULE_ARG_TYPE_UNIX_TIME  5
#define REDISMODULE_ARG_TYPE_PURE_TOKEN 6
#define REDISMODULE_ARG_TYPE_ONEOF      7
#define REDISMODULE_ARG_TYPE_BLOCK      8

#define REDISMODULE_CMD_ARG_OPTIONAL       (1 << 0)
#define REDISMODULE_CMD_ARG_MULTIPLE       (1 << 1)
#define REDISMODULE_CMD_ARG_MULTIPLE_TOKEN (1 << 2)
#define REDISMODULE_CMD_ARG_NEXT           (1 << 3)

typedef struct RedisModuleCommandHistoryEntry {
    const char *since; /* NULL: the end of the array */
    const char *changes;
} RedisModuleCommandHistoryEntry;

typedef struct RedisModuleCommandKeySpec {
    const char *notes;
    uint64_t flags;        /* REDISMODULE_CMD_KEY_ */
    int begin_search_type; /* REDISMODULE_KSPEC_BS_ */
    union {
        struct {
            int pos;
        } index;
        struct {
            const char *keyword;
            int startfrom;
        } keyword;
    } bs;
    int find_keys_type; /* REDISMODULE_KSPEC_FK_ */
    union {
        struct {
            int lastkey, keystep, limit;
        } range;
        struct {
            int keynumidx, firstkey, keystep;
        } keynum;
    } fk;
} RedisModuleCommandKeySpec;

typedef struct RedisModuleCommandArg {
    const char *name; /* NULL: the end of the array */
    int type;         /* REDISMODULE_ARG_TYPE_ */
    int key_spec_index;
    const char *token;
    const char *summary;
    const char *since;
    int flags; /* REDISMODULE_CMD_ARG_ */
    const char *deprecated_since;
    struct RedisModuleCommandArg *subargs;
    const char *display_text; /* since 7.2 */
} RedisModuleCommandArg;

/* How long the elements of the arrays are where they were built. */
typedef struct RedisModuleCommandInfoVersion {
    int version;
    size_t sizeof_historyentry;
    size_t sizeof_keyspec;
    size_t sizeof_arg;
} RedisModuleCommandInfoVersion;

typedef struct RedisModuleCommandInfo {
    const RedisModuleCommandInfoVersion *version;
    const char *summary;
    const char *complexity;
    const char *since;
    RedisModuleCommandHistoryEntry *history;
    const char *tips; /* words with spaces between them */
    int arity;
    RedisModuleCommandKeySpec *key_specs;
    RedisModuleCommandArg *args;
} RedisModuleCommandInfo;

/* --- Users ---------------------------------------------------------------- */

#define REDISMODULE_ACL_LOG_AUTH    0
#define REDISMODULE_ACL_LOG_CMD     1
#define REDISMODULE_ACL_LOG_KEY     2
#define REDISMODULE_ACL_LOG_CHANNEL 3

typedef void (*RedisModuleUserChangedFunc)(uint64_t client, void *data);

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

/* --- Children, clusters, defragmentation ---------------------------------- */

typedef void (*RedisModuleForkDoneHandler)(int exit_code, int by_signal,
                                           void *data);
typedef void (*RedisModuleClusterMessageReceiver)(RedisModuleCtx *ctx,
                                                  const char *sender,
                                                  uint8_t type,
                                                  const unsigned char *payload,
                                                  uint32_t size);
typedef int (*RedisModuleDefragFunc)(RedisModuleDefragCtx *ctx);

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

/* Version 1 ends after `free`, 2 after aux_save_triggers, 3 after `defrag`, 4
 * after copy2. */
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
    RedisModuleTypeAuxSaveFunc aux_save2; /* in place of aux_save */
} RedisModuleTypeMethods;

#endif
