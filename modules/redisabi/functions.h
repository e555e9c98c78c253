/* SPDX-License-Identifier: BSD-3-Clause */
/* functions - the API functions that this host has, in one list.
 *
 * FUNCTION(result, name, (parameters)) is expanded by who includes it: abi of
 * the host (the prototypes of rm_name), names.c (the table that GetApi looks
 * into), and the header of the test modules (the pointers that it fills).  So a
 * name that is here is complete on both sides, and one that is not is unknown.
 * In the order of the areas; names.c sorts. */

/* --- Memory --------------------------------------------------------------- */
FUNCTION(void *, Alloc, (size_t size))
FUNCTION(void *, TryAlloc, (size_t size))
FUNCTION(void *, Calloc, (size_t count, size_t size))
FUNCTION(void *, TryCalloc, (size_t count, size_t size))
FUNCTION(void *, TryRealloc, (void *block, size_t size))
FUNCTION(void *, Realloc, (void *block, size_t size))
FUNCTION(void, Free, (void *block))
FUNCTION(char *, Strdup, (const char *text))
FUNCTION(size_t, MallocSize, (void *block))
FUNCTION(size_t, MallocUsableSize, (void *block))
FUNCTION(size_t, MallocSizeString, (RedisModuleString * str))
FUNCTION(void *, PoolAlloc, (RedisModuleCtx * ctx, size_t size))

/* --- Life, contexts ------------------------------------------------------- */
FUNCTION(void, SetModuleAttribs,
         (RedisModuleCtx * ctx, const char *name, int ver, int apiver))
FUNCTION(int, IsModuleNameBusy, (const char *name))
FUNCTION(void, SetModuleOptions, (RedisModuleCtx * ctx, int options))
FUNCTION(int, GetModuleOptionsAll, (void))
FUNCTION(int, GetServerVersion, (void))
FUNCTION(int, GetTypeMethodVersion, (void))
FUNCTION(int, GetContextFlags, (RedisModuleCtx * ctx))
FUNCTION(int, GetContextFlagsAll, (void))
FUNCTION(int, GetSelectedDb, (RedisModuleCtx * ctx))
FUNCTION(int, SelectDb, (RedisModuleCtx * ctx, int db))
FUNCTION(unsigned long long, DbSize, (RedisModuleCtx * ctx))
FUNCTION(void, AutoMemory, (RedisModuleCtx * ctx))
FUNCTION(void, Log,
         (RedisModuleCtx * ctx, const char *level, const char *format, ...))
FUNCTION(void, _Assert, (const char *what, const char *file, int line))
FUNCTION(long long, Milliseconds, (void))
FUNCTION(uint64_t, MonotonicMicroseconds, (void))
FUNCTION(uint64_t, Microseconds, (void))
FUNCTION(uint64_t, CachedMicroseconds, (void))
FUNCTION(void, GetRandomBytes, (unsigned char *out, size_t size))
FUNCTION(void, GetRandomHexChars, (char *out, size_t size))

/* --- Commands ------------------------------------------------------------- */
FUNCTION(int, CreateCommand,
         (RedisModuleCtx * ctx, const char *name, RedisModuleCmdFunc run,
          const char *flags, int first, int last, int step))
FUNCTION(RedisModuleCommand *, GetCommand,
         (RedisModuleCtx * ctx, const char *name))
FUNCTION(int, CreateSubcommand,
         (RedisModuleCommand * parent, const char *name, RedisModuleCmdFunc run,
          const char *flags, int first, int last, int step))
FUNCTION(int, IsKeysPositionRequest, (RedisModuleCtx * ctx))
FUNCTION(void, KeyAtPos, (RedisModuleCtx * ctx, int pos))
FUNCTION(void, KeyAtPosWithFlags, (RedisModuleCtx * ctx, int pos, int flags))
FUNCTION(const char *, GetCurrentCommandName, (RedisModuleCtx * ctx))
FUNCTION(int, IsChannelsPositionRequest, (RedisModuleCtx * ctx))
FUNCTION(void, ChannelAtPosWithFlags,
         (RedisModuleCtx * ctx, int pos, int flags))
FUNCTION(int, SetCommandInfo,
         (RedisModuleCommand * command, const RedisModuleCommandInfo *info))
FUNCTION(int, SetCommandACLCategories,
         (RedisModuleCommand * command, const char *words))

/* --- Strings -------------------------------------------------------------- */
FUNCTION(RedisModuleString *, CreateString,
         (RedisModuleCtx * ctx, const char *bytes, size_t size))
FUNCTION(RedisModuleString *, CreateStringPrintf,
         (RedisModuleCtx * ctx, const char *format, ...))
FUNCTION(RedisModuleString *, CreateStringFromLongLong,
         (RedisModuleCtx * ctx, long long value))
FUNCTION(RedisModuleString *, CreateStringFromULongLong,
         (RedisModuleCtx * ctx, unsigned long long value))
FUNCTION(RedisModuleString *, CreateStringFromDouble,
         (RedisModuleCtx * ctx, double value))
FUNCTION(RedisModuleString *, CreateStringFromLongDouble,
         (RedisModuleCtx * ctx, long double value, int human))
FUNCTION(RedisModuleString *, CreateStringFromString,
         (RedisModuleCtx * ctx, const RedisModuleString *from))
FUNCTION(RedisModuleString *, CreateStringFromCallReply,
         (RedisModuleCallReply * reply))
FUNCTION(void, FreeString, (RedisModuleCtx * ctx, RedisModuleString *str))
FUNCTION(void, RetainString, (RedisModuleCtx * ctx, RedisModuleString *str))
FUNCTION(RedisModuleString *, HoldString,
         (RedisModuleCtx * ctx, RedisModuleString *str))
FUNCTION(const char *, StringPtrLen,
         (const RedisModuleString *str, size_t *size))
FUNCTION(int, StringToLongLong, (const RedisModuleString *str, long long *out))
FUNCTION(int, StringToULongLong,
         (const RedisModuleString *str, unsigned long long *out))
FUNCTION(int, StringToDouble, (const RedisModuleString *str, double *out))
FUNCTION(int, StringToLongDouble,
         (const RedisModuleString *str, long double *out))
FUNCTION(int, StringCompare,
         (const RedisModuleString *a, const RedisModuleString *b))
FUNCTION(int, StringAppendBuffer,
         (RedisModuleCtx * ctx, RedisModuleString *str, const char *bytes,
          size_t size))
FUNCTION(void, TrimStringAllocation, (RedisModuleString * str))

/* --- Replies -------------------------------------------------------------- */
FUNCTION(int, WrongArity, (RedisModuleCtx * ctx))
FUNCTION(int, ReplyWithLongLong, (RedisModuleCtx * ctx, long long value))
FUNCTION(int, ReplyWithError, (RedisModuleCtx * ctx, const char *text))
FUNCTION(int, ReplyWithErrorFormat,
         (RedisModuleCtx * ctx, const char *format, ...))
FUNCTION(int, ReplyWithSimpleString, (RedisModuleCtx * ctx, const char *text))
FUNCTION(int, ReplyWithStringBuffer,
         (RedisModuleCtx * ctx, const char *bytes, size_t size))
FUNCTION(int, ReplyWithCString, (RedisModuleCtx * ctx, const char *text))
FUNCTION(int, ReplyWithString, (RedisModuleCtx * ctx, RedisModuleString *str))
FUNCTION(int, ReplyWithEmptyString, (RedisModuleCtx * ctx))
FUNCTION(int, ReplyWithVerbatimString,
         (RedisModuleCtx * ctx, const char *bytes, size_t size))
FUNCTION(int, ReplyWithVerbatimStringType,
         (RedisModuleCtx * ctx, const char *bytes, size_t size,
          const char *type))
FUNCTION(int, ReplyWithNull, (RedisModuleCtx * ctx))
FUNCTION(int, ReplyWithNullArray, (RedisModuleCtx * ctx))
FUNCTION(int, ReplyWithBool, (RedisModuleCtx * ctx, int value))
FUNCTION(int, ReplyWithDouble, (RedisModuleCtx * ctx, double value))
FUNCTION(int, ReplyWithLongDouble, (RedisModuleCtx * ctx, long double value))
FUNCTION(int, ReplyWithBigNumber,
         (RedisModuleCtx * ctx, const char *digits, size_t size))
FUNCTION(int, ReplyWithArray, (RedisModuleCtx * ctx, long count))
FUNCTION(int, ReplyWithMap, (RedisModuleCtx * ctx, long count))
FUNCTION(int, ReplyWithSet, (RedisModuleCtx * ctx, long count))
FUNCTION(int, ReplyWithAttribute, (RedisModuleCtx * ctx, long count))
FUNCTION(int, ReplyWithEmptyArray, (RedisModuleCtx * ctx))
FUNCTION(void, ReplySetArrayLength, (RedisModuleCtx * ctx, long count))
FUNCTION(void, ReplySetMapLength, (RedisModuleCtx * ctx, long count))
FUNCTION(void, ReplySetSetLength, (RedisModuleCtx * ctx, long count))
FUNCTION(void, ReplySetAttributeLength, (RedisModuleCtx * ctx, long count))
FUNCTION(int, ReplyWithCallReply,
         (RedisModuleCtx * ctx, RedisModuleCallReply *reply))

/* --- Calls ---------------------------------------------------------------- */
FUNCTION(RedisModuleCallReply *, Call,
         (RedisModuleCtx * ctx, const char *name, const char *format, ...))
FUNCTION(int, Replicate,
         (RedisModuleCtx * ctx, const char *name, const char *format, ...))
FUNCTION(int, ReplicateVerbatim, (RedisModuleCtx * ctx))
FUNCTION(void, FreeCallReply, (RedisModuleCallReply * reply))
FUNCTION(int, CallReplyType, (RedisModuleCallReply * reply))
FUNCTION(const char *, CallReplyProto,
         (RedisModuleCallReply * reply, size_t *size))
FUNCTION(size_t, CallReplyLength, (RedisModuleCallReply * reply))
FUNCTION(long long, CallReplyInteger, (RedisModuleCallReply * reply))
FUNCTION(double, CallReplyDouble, (RedisModuleCallReply * reply))
FUNCTION(int, CallReplyBool, (RedisModuleCallReply * reply))
FUNCTION(const char *, CallReplyStringPtr,
         (RedisModuleCallReply * reply, size_t *size))
FUNCTION(const char *, CallReplyBigNumber,
         (RedisModuleCallReply * reply, size_t *size))
FUNCTION(const char *, CallReplyVerbatim,
         (RedisModuleCallReply * reply, size_t *size, const char **format))
FUNCTION(RedisModuleCallReply *, CallReplyArrayElement,
         (RedisModuleCallReply * reply, size_t index))
FUNCTION(RedisModuleCallReply *, CallReplySetElement,
         (RedisModuleCallReply * reply, size_t index))
FUNCTION(RedisModuleCallReply *, CallReplyAttribute,
         (RedisModuleCallReply * reply))
FUNCTION(int, CallReplyAttributeElement,
         (RedisModuleCallReply * reply, size_t index,
          RedisModuleCallReply **key, RedisModuleCallReply **value))
FUNCTION(int, CallReplyMapElement,
         (RedisModuleCallReply * reply, size_t index,
          RedisModuleCallReply **key, RedisModuleCallReply **value))

FUNCTION(void, CallReplyPromiseSetUnblockHandler,
         (RedisModuleCallReply * reply, RedisModuleOnUnblocked run, void *data))
FUNCTION(int, CallReplyPromiseAbort,
         (RedisModuleCallReply * reply, void **data))

/* --- Keys ----------------------------------------------------------------- */
FUNCTION(RedisModuleKey *, OpenKey,
         (RedisModuleCtx * ctx, RedisModuleString *name, int mode))
FUNCTION(void, CloseKey, (RedisModuleKey * key))
FUNCTION(int, KeyExists, (RedisModuleCtx * ctx, RedisModuleString *name))
FUNCTION(int, KeyType, (RedisModuleKey * key))
FUNCTION(size_t, ValueLength, (RedisModuleKey * key))
FUNCTION(const RedisModuleString *, GetKeyNameFromModuleKey,
         (RedisModuleKey * key))
FUNCTION(int, GetDbIdFromModuleKey, (RedisModuleKey * key))
FUNCTION(int, DeleteKey, (RedisModuleKey * key))
FUNCTION(int, UnlinkKey, (RedisModuleKey * key))
FUNCTION(mstime_t, GetExpire, (RedisModuleKey * key))
FUNCTION(int, SetExpire, (RedisModuleKey * key, mstime_t expire))
FUNCTION(mstime_t, GetAbsExpire, (RedisModuleKey * key))
FUNCTION(int, SetAbsExpire, (RedisModuleKey * key, mstime_t expire))
FUNCTION(int, SignalModifiedKey,
         (RedisModuleCtx * ctx, RedisModuleString *name))
FUNCTION(RedisModuleString *, RandomKey, (RedisModuleCtx * ctx))

FUNCTION(int, StringSet, (RedisModuleKey * key, RedisModuleString *str))
FUNCTION(char *, StringDMA, (RedisModuleKey * key, size_t *size, int mode))
FUNCTION(int, StringTruncate, (RedisModuleKey * key, size_t size))

FUNCTION(int, ListPush,
         (RedisModuleKey * key, int where, RedisModuleString *item))
FUNCTION(RedisModuleString *, ListPop, (RedisModuleKey * key, int where))
FUNCTION(RedisModuleString *, ListGet, (RedisModuleKey * key, long index))
FUNCTION(int, ListSet,
         (RedisModuleKey * key, long index, RedisModuleString *item))
FUNCTION(int, ListInsert,
         (RedisModuleKey * key, long index, RedisModuleString *item))
FUNCTION(int, ListDelete, (RedisModuleKey * key, long index))

FUNCTION(int, HashSet, (RedisModuleKey * key, int flags, ...))
FUNCTION(int, HashGet, (RedisModuleKey * key, int flags, ...))

FUNCTION(int, ZsetAdd,
         (RedisModuleKey * key, double score, RedisModuleString *member,
          int *flags))
FUNCTION(int, ZsetIncrby,
         (RedisModuleKey * key, double score, RedisModuleString *member,
          int *flags, double *out))
FUNCTION(int, ZsetScore,
         (RedisModuleKey * key, RedisModuleString *member, double *score))
FUNCTION(int, ZsetRem,
         (RedisModuleKey * key, RedisModuleString *member, int *deleted))

/* --- Ranges of sorted sets ------------------------------------------------ */
FUNCTION(int, ZsetFirstInScoreRange,
         (RedisModuleKey * key, double min, double max, int min_open,
          int max_open))
FUNCTION(int, ZsetLastInScoreRange,
         (RedisModuleKey * key, double min, double max, int min_open,
          int max_open))
FUNCTION(int, ZsetFirstInLexRange,
         (RedisModuleKey * key, RedisModuleString *min, RedisModuleString *max))
FUNCTION(int, ZsetLastInLexRange,
         (RedisModuleKey * key, RedisModuleString *min, RedisModuleString *max))
FUNCTION(RedisModuleString *, ZsetRangeCurrentElement,
         (RedisModuleKey * key, double *score))
FUNCTION(int, ZsetRangeNext, (RedisModuleKey * key))
FUNCTION(int, ZsetRangePrev, (RedisModuleKey * key))
FUNCTION(int, ZsetRangeEndReached, (RedisModuleKey * key))
FUNCTION(void, ZsetRangeStop, (RedisModuleKey * key))

/* --- Streams -------------------------------------------------------------- */
FUNCTION(int, StreamAdd,
         (RedisModuleKey * key, int flags, RedisModuleStreamID *id,
          RedisModuleString **argv, long pairs))
FUNCTION(int, StreamDelete, (RedisModuleKey * key, RedisModuleStreamID *id))
FUNCTION(int, StreamIteratorStart,
         (RedisModuleKey * key, int flags, RedisModuleStreamID *start,
          RedisModuleStreamID *end))
FUNCTION(int, StreamIteratorStop, (RedisModuleKey * key))
FUNCTION(int, StreamIteratorNextID,
         (RedisModuleKey * key, RedisModuleStreamID *id, long *pairs))
FUNCTION(int, StreamIteratorNextField,
         (RedisModuleKey * key, RedisModuleString **field,
          RedisModuleString **value))
FUNCTION(int, StreamIteratorDelete, (RedisModuleKey * key))
FUNCTION(long long, StreamTrimByLength,
         (RedisModuleKey * key, int flags, long long length))
FUNCTION(long long, StreamTrimByID,
         (RedisModuleKey * key, int flags, RedisModuleStreamID *id))
FUNCTION(int, StringToStreamID,
         (const RedisModuleString *str, RedisModuleStreamID *id))
FUNCTION(RedisModuleString *, CreateStringFromStreamID,
         (RedisModuleCtx * ctx, const RedisModuleStreamID *id))

/* --- Scans ---------------------------------------------------------------- */
FUNCTION(RedisModuleScanCursor *, ScanCursorCreate, (void))
FUNCTION(void, ScanCursorRestart, (RedisModuleScanCursor * cursor))
FUNCTION(void, ScanCursorDestroy, (RedisModuleScanCursor * cursor))
FUNCTION(int, Scan,
         (RedisModuleCtx * ctx, RedisModuleScanCursor *cursor,
          RedisModuleScanCB each, void *data))
FUNCTION(int, ScanKey,
         (RedisModuleKey * key, RedisModuleScanCursor *cursor,
          RedisModuleScanKeyCB each, void *data))

/* --- Age ------------------------------------------------------------------ */
FUNCTION(int, SetLRU, (RedisModuleKey * key, mstime_t idle_ms))
FUNCTION(int, GetLRU, (RedisModuleKey * key, mstime_t *idle_ms))
FUNCTION(int, SetLFU, (RedisModuleKey * key, long long frequency))
FUNCTION(int, GetLFU, (RedisModuleKey * key, long long *frequency))
FUNCTION(int, GetOpenKeyModesAll, (void))

/* --- Dictionaries --------------------------------------------------------- */
FUNCTION(RedisModuleDict *, CreateDict, (RedisModuleCtx * ctx))
FUNCTION(void, FreeDict, (RedisModuleCtx * ctx, RedisModuleDict *dict))
FUNCTION(uint64_t, DictSize, (RedisModuleDict * dict))
FUNCTION(size_t, MallocSizeDict, (RedisModuleDict * dict))
FUNCTION(int, DictSetC,
         (RedisModuleDict * dict, void *key, size_t size, void *data))
FUNCTION(int, DictReplaceC,
         (RedisModuleDict * dict, void *key, size_t size, void *data))
FUNCTION(int, DictSet,
         (RedisModuleDict * dict, RedisModuleString *key, void *data))
FUNCTION(int, DictReplace,
         (RedisModuleDict * dict, RedisModuleString *key, void *data))
FUNCTION(void *, DictGetC,
         (RedisModuleDict * dict, void *key, size_t size, int *missing))
FUNCTION(void *, DictGet,
         (RedisModuleDict * dict, RedisModuleString *key, int *missing))
FUNCTION(int, DictDelC,
         (RedisModuleDict * dict, void *key, size_t size, void *old))
FUNCTION(int, DictDel,
         (RedisModuleDict * dict, RedisModuleString *key, void *old))
FUNCTION(RedisModuleDictIter *, DictIteratorStartC,
         (RedisModuleDict * dict, const char *op, void *key, size_t size))
FUNCTION(RedisModuleDictIter *, DictIteratorStart,
         (RedisModuleDict * dict, const char *op, RedisModuleString *key))
FUNCTION(void, DictIteratorStop, (RedisModuleDictIter * it))
FUNCTION(int, DictIteratorReseekC,
         (RedisModuleDictIter * it, const char *op, void *key, size_t size))
FUNCTION(int, DictIteratorReseek,
         (RedisModuleDictIter * it, const char *op, RedisModuleString *key))
FUNCTION(void *, DictNextC,
         (RedisModuleDictIter * it, size_t *size, void **data))
FUNCTION(void *, DictPrevC,
         (RedisModuleDictIter * it, size_t *size, void **data))
FUNCTION(RedisModuleString *, DictNext,
         (RedisModuleCtx * ctx, RedisModuleDictIter *it, void **data))
FUNCTION(RedisModuleString *, DictPrev,
         (RedisModuleCtx * ctx, RedisModuleDictIter *it, void **data))
FUNCTION(int, DictCompareC,
         (RedisModuleDictIter * it, const char *op, void *key, size_t size))
FUNCTION(int, DictCompare,
         (RedisModuleDictIter * it, const char *op, RedisModuleString *key))

/* --- Blocked on keys ------------------------------------------------------ */
FUNCTION(RedisModuleBlockedClient *, BlockClientOnKeys,
         (RedisModuleCtx * ctx, RedisModuleCmdFunc reply,
          RedisModuleCmdFunc timeout,
          void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms,
          RedisModuleString **keys, int count, void *data))
FUNCTION(RedisModuleBlockedClient *, BlockClientOnKeysWithFlags,
         (RedisModuleCtx * ctx, RedisModuleCmdFunc reply,
          RedisModuleCmdFunc timeout,
          void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms,
          RedisModuleString **keys, int count, void *data, int flags))
FUNCTION(void, SignalKeyAsReady,
         (RedisModuleCtx * ctx, RedisModuleString *name))
FUNCTION(RedisModuleString *, GetBlockedClientReadyKey, (RedisModuleCtx * ctx))
FUNCTION(void, SetDisconnectCallback,
         (RedisModuleBlockedClient * blocked, RedisModuleDisconnectFunc run))
FUNCTION(int, BlockedClientDisconnected, (RedisModuleCtx * ctx))
FUNCTION(int, BlockedClientMeasureTimeStart,
         (RedisModuleBlockedClient * blocked))
FUNCTION(int, BlockedClientMeasureTimeEnd, (RedisModuleBlockedClient * blocked))
FUNCTION(void *, BlockClientGetPrivateData,
         (RedisModuleBlockedClient * blocked))
FUNCTION(void, BlockClientSetPrivateData,
         (RedisModuleBlockedClient * blocked, void *data))

/* --- Parameters ----------------------------------------------------------- */
FUNCTION(int, RegisterBoolConfig,
         (RedisModuleCtx * ctx, const char *name, int initial, unsigned flags,
          RedisModuleConfigGetBoolFunc get, RedisModuleConfigSetBoolFunc set,
          RedisModuleConfigApplyFunc apply, void *data))
FUNCTION(int, RegisterNumericConfig,
         (RedisModuleCtx * ctx, const char *name, long long initial,
          unsigned flags, long long min, long long max,
          RedisModuleConfigGetNumericFunc get,
          RedisModuleConfigSetNumericFunc set, RedisModuleConfigApplyFunc apply,
          void *data))
FUNCTION(int, RegisterStringConfig,
         (RedisModuleCtx * ctx, const char *name, const char *initial,
          unsigned flags, RedisModuleConfigGetStringFunc get,
          RedisModuleConfigSetStringFunc set, RedisModuleConfigApplyFunc apply,
          void *data))
FUNCTION(int, RegisterEnumConfig,
         (RedisModuleCtx * ctx, const char *name, int initial, unsigned flags,
          const char **words, const int *values, int count,
          RedisModuleConfigGetEnumFunc get, RedisModuleConfigSetEnumFunc set,
          RedisModuleConfigApplyFunc apply, void *data))
FUNCTION(int, LoadConfigs, (RedisModuleCtx * ctx))

/* --- What a type's functions may ask -------------------------------------- */
FUNCTION(const RedisModuleString *, GetKeyNameFromOptCtx,
         (RedisModuleKeyOptCtx * key))
FUNCTION(const RedisModuleString *, GetToKeyNameFromOptCtx,
         (RedisModuleKeyOptCtx * key))
FUNCTION(int, GetDbIdFromOptCtx, (RedisModuleKeyOptCtx * key))
FUNCTION(int, GetToDbIdFromOptCtx, (RedisModuleKeyOptCtx * key))
FUNCTION(const RedisModuleString *, GetKeyNameFromDigest,
         (RedisModuleDigest * digest))
FUNCTION(int, GetDbIdFromDigest, (RedisModuleDigest * digest))

/* --- Data types ----------------------------------------------------------- */
FUNCTION(RedisModuleType *, CreateDataType,
         (RedisModuleCtx * ctx, const char *name, int encver,
          RedisModuleTypeMethods *methods))
FUNCTION(int, ModuleTypeSetValue,
         (RedisModuleKey * key, RedisModuleType *type, void *value))
FUNCTION(int, ModuleTypeReplaceValue,
         (RedisModuleKey * key, RedisModuleType *type, void *value, void **old))
FUNCTION(RedisModuleType *, ModuleTypeGetType, (RedisModuleKey * key))
FUNCTION(void *, ModuleTypeGetValue, (RedisModuleKey * key))
FUNCTION(void, SaveUnsigned, (RedisModuleIO * io, uint64_t value))
FUNCTION(uint64_t, LoadUnsigned, (RedisModuleIO * io))
FUNCTION(void, SaveSigned, (RedisModuleIO * io, int64_t value))
FUNCTION(int64_t, LoadSigned, (RedisModuleIO * io))
FUNCTION(void, SaveString, (RedisModuleIO * io, RedisModuleString *str))
FUNCTION(void, SaveStringBuffer,
         (RedisModuleIO * io, const char *bytes, size_t size))
FUNCTION(RedisModuleString *, LoadString, (RedisModuleIO * io))
FUNCTION(char *, LoadStringBuffer, (RedisModuleIO * io, size_t *size))
FUNCTION(void, SaveDouble, (RedisModuleIO * io, double value))
FUNCTION(double, LoadDouble, (RedisModuleIO * io))
FUNCTION(void, SaveFloat, (RedisModuleIO * io, float value))
FUNCTION(float, LoadFloat, (RedisModuleIO * io))
FUNCTION(void, SaveLongDouble, (RedisModuleIO * io, long double value))
FUNCTION(long double, LoadLongDouble, (RedisModuleIO * io))
FUNCTION(const RedisModuleString *, GetKeyNameFromIO, (RedisModuleIO * io))
FUNCTION(int, GetDbIdFromIO, (RedisModuleIO * io))
FUNCTION(int, IsIOError, (RedisModuleIO * io))
FUNCTION(void, LogIOError,
         (RedisModuleIO * io, const char *level, const char *format, ...))
FUNCTION(RedisModuleCtx *, GetContextFromIO, (RedisModuleIO * io))
FUNCTION(void, EmitAOF,
         (RedisModuleIO * io, const char *name, const char *format, ...))
FUNCTION(RedisModuleString *, SaveDataTypeToString,
         (RedisModuleCtx * ctx, void *value, const RedisModuleType *type))
FUNCTION(void *, LoadDataTypeFromString,
         (const RedisModuleString *str, const RedisModuleType *type))
FUNCTION(void *, LoadDataTypeFromStringEncver,
         (const RedisModuleString *str, const RedisModuleType *type,
          int encver))
FUNCTION(void, DigestAddStringBuffer,
         (RedisModuleDigest * digest, const char *bytes, size_t size))
FUNCTION(void, DigestAddLongLong, (RedisModuleDigest * digest, long long value))
FUNCTION(void, DigestEndSequence, (RedisModuleDigest * digest))

/* --- Blocked clients, other threads --------------------------------------- */
FUNCTION(RedisModuleBlockedClient *, BlockClient,
         (RedisModuleCtx * ctx, RedisModuleCmdFunc reply,
          RedisModuleCmdFunc timeout,
          void (*free_data)(RedisModuleCtx *ctx, void *data), long long ms))
FUNCTION(int, UnblockClient, (RedisModuleBlockedClient * blocked, void *data))
FUNCTION(int, AbortBlock, (RedisModuleBlockedClient * blocked))
FUNCTION(int, IsBlockedReplyRequest, (RedisModuleCtx * ctx))
FUNCTION(int, IsBlockedTimeoutRequest, (RedisModuleCtx * ctx))
FUNCTION(void *, GetBlockedClientPrivateData, (RedisModuleCtx * ctx))
FUNCTION(RedisModuleBlockedClient *, GetBlockedClientHandle,
         (RedisModuleCtx * ctx))
FUNCTION(RedisModuleCtx *, GetThreadSafeContext,
         (RedisModuleBlockedClient * blocked))
FUNCTION(RedisModuleCtx *, GetDetachedThreadSafeContext, (RedisModuleCtx * ctx))
FUNCTION(void, FreeThreadSafeContext, (RedisModuleCtx * ctx))
FUNCTION(void, ThreadSafeContextLock, (RedisModuleCtx * ctx))
FUNCTION(int, ThreadSafeContextTryLock, (RedisModuleCtx * ctx))
FUNCTION(void, ThreadSafeContextUnlock, (RedisModuleCtx * ctx))

/* --- Timers, the event loop ----------------------------------------------- */
FUNCTION(RedisModuleTimerID, CreateTimer,
         (RedisModuleCtx * ctx, mstime_t ms, RedisModuleTimerProc run,
          void *data))
FUNCTION(int, StopTimer,
         (RedisModuleCtx * ctx, RedisModuleTimerID id, void **data))
FUNCTION(int, GetTimerInfo,
         (RedisModuleCtx * ctx, RedisModuleTimerID id, uint64_t *remaining_ms,
          void **data))
FUNCTION(int, EventLoopAdd,
         (int fd, int mask, RedisModuleEventLoopFunc run, void *data))
FUNCTION(int, EventLoopDel, (int fd, int mask))
FUNCTION(int, EventLoopAddOneShot,
         (RedisModuleEventLoopOneShotFunc run, void *data))

/* --- INFO ----------------------------------------------------------------- */
FUNCTION(int, RegisterInfoFunc,
         (RedisModuleCtx * ctx, RedisModuleInfoFunc fill))
FUNCTION(int, InfoAddSection, (RedisModuleInfoCtx * info, const char *name))
FUNCTION(int, InfoBeginDictField, (RedisModuleInfoCtx * info, const char *name))
FUNCTION(int, InfoEndDictField, (RedisModuleInfoCtx * info))
FUNCTION(int, InfoAddFieldString,
         (RedisModuleInfoCtx * info, const char *field,
          RedisModuleString *value))
FUNCTION(int, InfoAddFieldCString,
         (RedisModuleInfoCtx * info, const char *field, const char *value))
FUNCTION(int, InfoAddFieldDouble,
         (RedisModuleInfoCtx * info, const char *field, double value))
FUNCTION(int, InfoAddFieldLongLong,
         (RedisModuleInfoCtx * info, const char *field, long long value))
FUNCTION(int, InfoAddFieldULongLong,
         (RedisModuleInfoCtx * info, const char *field,
          unsigned long long value))
FUNCTION(RedisModuleServerInfoData *, GetServerInfo,
         (RedisModuleCtx * ctx, const char *section))
FUNCTION(void, FreeServerInfo,
         (RedisModuleCtx * ctx, RedisModuleServerInfoData *data))
FUNCTION(RedisModuleString *, ServerInfoGetField,
         (RedisModuleCtx * ctx, RedisModuleServerInfoData *data,
          const char *name))
FUNCTION(const char *, ServerInfoGetFieldC,
         (RedisModuleServerInfoData * data, const char *name))
FUNCTION(long long, ServerInfoGetFieldSigned,
         (RedisModuleServerInfoData * data, const char *name, int *error))
FUNCTION(unsigned long long, ServerInfoGetFieldUnsigned,
         (RedisModuleServerInfoData * data, const char *name, int *error))
FUNCTION(double, ServerInfoGetFieldDouble,
         (RedisModuleServerInfoData * data, const char *name, int *error))

/* --- Keyspace notifications, server events -------------------------------- */
FUNCTION(int, SubscribeToKeyspaceEvents,
         (RedisModuleCtx * ctx, int types, RedisModuleNotificationFunc run))
FUNCTION(int, NotifyKeyspaceEvent,
         (RedisModuleCtx * ctx, int type, const char *event,
          RedisModuleString *key))
FUNCTION(int, GetNotifyKeyspaceEvents, (void))
FUNCTION(int, GetKeyspaceNotificationFlagsAll, (void))
FUNCTION(int, AddPostNotificationJob,
         (RedisModuleCtx * ctx, RedisModulePostNotificationJobFunc run,
          void *data, void (*free_data)(void *data)))
FUNCTION(int, SubscribeToServerEvent,
         (RedisModuleCtx * ctx, RedisModuleEvent event,
          RedisModuleEventCallback run))
FUNCTION(int, IsSubEventSupported, (RedisModuleEvent event, int64_t subevent))

/* --- Command filters ------------------------------------------------------ */
FUNCTION(RedisModuleCommandFilter *, RegisterCommandFilter,
         (RedisModuleCtx * ctx, RedisModuleCommandFilterFunc run, int flags))
FUNCTION(int, UnregisterCommandFilter,
         (RedisModuleCtx * ctx, RedisModuleCommandFilter *filter))
FUNCTION(int, CommandFilterArgsCount, (RedisModuleCommandFilterCtx * filter))
FUNCTION(RedisModuleString *, CommandFilterArgGet,
         (RedisModuleCommandFilterCtx * filter, int pos))
FUNCTION(int, CommandFilterArgInsert,
         (RedisModuleCommandFilterCtx * filter, int pos,
          RedisModuleString *word))
FUNCTION(int, CommandFilterArgReplace,
         (RedisModuleCommandFilterCtx * filter, int pos,
          RedisModuleString *word))
FUNCTION(int, CommandFilterArgDelete,
         (RedisModuleCommandFilterCtx * filter, int pos))
FUNCTION(unsigned long long, CommandFilterGetClientId,
         (RedisModuleCommandFilterCtx * filter))

/* --- Clients, the server -------------------------------------------------- */
FUNCTION(unsigned long long, GetClientId, (RedisModuleCtx * ctx))
FUNCTION(int, GetClientInfoById, (void *info, uint64_t id))
FUNCTION(RedisModuleString *, GetClientUserNameById,
         (RedisModuleCtx * ctx, uint64_t id))
FUNCTION(RedisModuleString *, GetCurrentUserName, (RedisModuleCtx * ctx))
FUNCTION(RedisModuleString *, GetClientNameById,
         (RedisModuleCtx * ctx, uint64_t id))
FUNCTION(int, SetClientNameById, (uint64_t id, RedisModuleString *name))
FUNCTION(RedisModuleString *, GetClientCertificate,
         (RedisModuleCtx * ctx, uint64_t id))
FUNCTION(int, DeauthenticateAndCloseClient, (RedisModuleCtx * ctx, uint64_t id))
FUNCTION(int, PublishMessage,
         (RedisModuleCtx * ctx, RedisModuleString *channel,
          RedisModuleString *message))
FUNCTION(int, PublishMessageShard,
         (RedisModuleCtx * ctx, RedisModuleString *channel,
          RedisModuleString *message))
FUNCTION(int, RedactClientCommandArgument, (RedisModuleCtx * ctx, int pos))
FUNCTION(int *, GetCommandKeys,
         (RedisModuleCtx * ctx, RedisModuleString **argv, int argc, int *count))
FUNCTION(int *, GetCommandKeysWithFlags,
         (RedisModuleCtx * ctx, RedisModuleString **argv, int argc, int *count,
          int **flags))
FUNCTION(float, GetUsedMemoryRatio, (void))
FUNCTION(int, AvoidReplicaTraffic, (void))
FUNCTION(void, LatencyAddSample, (const char *event, mstime_t ms))
FUNCTION(void, Yield, (RedisModuleCtx * ctx, int flags, const char *busy))

/* --- Children ------------------------------------------------------------- */
FUNCTION(int, Fork, (RedisModuleForkDoneHandler done, void *data))
FUNCTION(void, SendChildHeartbeat, (double progress))
FUNCTION(int, ExitFromChild, (int code))
FUNCTION(int, KillForkChild, (int pid))

/* --- Users ---------------------------------------------------------------- */
FUNCTION(RedisModuleUser *, CreateModuleUser, (const char *name))
FUNCTION(int, FreeModuleUser, (RedisModuleUser * user))
FUNCTION(int, SetModuleUserACL, (RedisModuleUser * user, const char *rule))
FUNCTION(int, SetModuleUserACLString,
         (RedisModuleCtx * ctx, RedisModuleUser *user, const char *rules,
          RedisModuleString **error))
FUNCTION(RedisModuleString *, GetModuleUserACLString, (RedisModuleUser * user))
FUNCTION(RedisModuleUser *, GetModuleUserFromUserName,
         (RedisModuleString * name))
FUNCTION(void, SetContextUser,
         (RedisModuleCtx * ctx, const RedisModuleUser *user))
FUNCTION(int, ACLCheckCommandPermissions,
         (RedisModuleUser * user, RedisModuleString **argv, int argc))
FUNCTION(int, ACLCheckKeyPermissions,
         (RedisModuleUser * user, RedisModuleString *key, int flags))
FUNCTION(int, ACLCheckChannelPermissions,
         (RedisModuleUser * user, RedisModuleString *channel, int flags))
FUNCTION(int, ACLAddLogEntry,
         (RedisModuleCtx * ctx, RedisModuleUser *user, RedisModuleString *what,
          int reason))
FUNCTION(int, ACLAddLogEntryByUserName,
         (RedisModuleCtx * ctx, RedisModuleString *name,
          RedisModuleString *what, int reason))
FUNCTION(int, AuthenticateClientWithUser,
         (RedisModuleCtx * ctx, RedisModuleUser *user,
          RedisModuleUserChangedFunc changed, void *data, uint64_t *client))
FUNCTION(int, AuthenticateClientWithACLUser,
         (RedisModuleCtx * ctx, const char *name, size_t size,
          RedisModuleUserChangedFunc changed, void *data, uint64_t *client))

FUNCTION(void, RegisterAuthCallback,
         (RedisModuleCtx * ctx, RedisModuleAuthCallback run))
FUNCTION(RedisModuleBlockedClient *, BlockClientOnAuth,
         (RedisModuleCtx * ctx, RedisModuleAuthCallback reply,
          void (*free_data)(RedisModuleCtx *ctx, void *data)))

/* --- The data set --------------------------------------------------------- */
FUNCTION(void, ResetDataset, (int restart_log, int async))
FUNCTION(RedisModuleRdbStream *, RdbStreamCreateFromFile, (const char *path))
FUNCTION(void, RdbStreamFree, (RedisModuleRdbStream * stream))
FUNCTION(int, RdbLoad,
         (RedisModuleCtx * ctx, RedisModuleRdbStream *stream, int flags))
FUNCTION(int, RdbSave,
         (RedisModuleCtx * ctx, RedisModuleRdbStream *stream, int flags))

/* --- Shared functions ----------------------------------------------------- */
FUNCTION(int, ExportSharedAPI,
         (RedisModuleCtx * ctx, const char *name, void *function))
FUNCTION(void *, GetSharedAPI, (RedisModuleCtx * ctx, const char *name))

/* --- Clusters: there is none ---------------------------------------------- */
FUNCTION(void, RegisterClusterMessageReceiver,
         (RedisModuleCtx * ctx, uint8_t type,
          RedisModuleClusterMessageReceiver run))
FUNCTION(int, SendClusterMessage,
         (RedisModuleCtx * ctx, const char *target, uint8_t type,
          const char *message, uint32_t size))
FUNCTION(char **, GetClusterNodesList, (RedisModuleCtx * ctx, size_t *count))
FUNCTION(void, FreeClusterNodesList, (char **ids))
FUNCTION(int, GetClusterNodeInfo,
         (RedisModuleCtx * ctx, const char *id, char *ip, char *primary,
          int *port, int *flags))
FUNCTION(const char *, GetMyClusterID, (void))
FUNCTION(size_t, GetClusterSize, (void))
FUNCTION(void, SetClusterFlags, (RedisModuleCtx * ctx, uint64_t flags))
FUNCTION(unsigned int, ClusterKeySlot, (RedisModuleString * key))

/* --- Defragmentation: nothing moves --------------------------------------- */
FUNCTION(int, RegisterDefragFunc,
         (RedisModuleCtx * ctx, RedisModuleDefragFunc run))
FUNCTION(void *, DefragAlloc, (RedisModuleDefragCtx * ctx, void *block))
FUNCTION(RedisModuleString *, DefragRedisModuleString,
         (RedisModuleDefragCtx * ctx, RedisModuleString *str))
FUNCTION(int, DefragShouldStop, (RedisModuleDefragCtx * ctx))
FUNCTION(int, DefragCursorSet,
         (RedisModuleDefragCtx * ctx, unsigned long cursor))
FUNCTION(int, DefragCursorGet,
         (RedisModuleDefragCtx * ctx, unsigned long *cursor))
FUNCTION(const RedisModuleString *, GetKeyNameFromDefragCtx,
         (RedisModuleDefragCtx * ctx))
FUNCTION(int, GetDbIdFromDefragCtx, (RedisModuleDefragCtx * ctx))
