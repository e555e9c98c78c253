/* SPDX-License-Identifier: BSD-3-Clause */
/* key - opening and closing, what a value is, its end and its expiry. */
#include "key.h"

#include "text.h"

#include <kr/hash.h>
#include <kr/list.h>
#include <kr/set.h>
#include <kr/stream.h>
#include <kr/string.h>
#include <kr/zset.h>

/* --- Handles -------------------------------------------------------------- */

struct kr_str key_name(const RedisModuleKey *key)
{
    return text_view(key->name);
}

void key_begin(RedisModuleKey *key, RedisModuleCtx *ctx, kr_db *db,
               RedisModuleString *name, int mode)
{
    *key = (RedisModuleKey){
        .ctx = ctx, .guest = ctx->guest, .name = name, .db = db, .mode = mode};
    name->references++;
}

void key_end(RedisModuleKey *key)
{
    key_range_end(key);
    key_entries_end(key);
    text_release(key->name);
}

bool key_find(RedisModuleKey *key, bool write, struct kr_cell *cell)
{
    return kr_keyspace->find(key->db, key_name(key),
                             (write ? KR_FIND_WRITE : 0) | KR_FIND_QUIET, cell);
}

/* For reading what is not there has no handle; KeyType() and ValueLength() take
 * NULL. */
RedisModuleKey *rm_OpenKey(RedisModuleCtx *ctx, RedisModuleString *name,
                           int mode)
{
    bool write = mode & REDISMODULE_WRITE;
    uint32_t how = write ? KR_FIND_WRITE | KR_FIND_NO_STATS : KR_FIND_READ;
    struct kr_cell cell;
    RedisModuleKey *key;

    if (mode & REDISMODULE_OPEN_KEY_NOTOUCH)
        how |= KR_FIND_NO_TOUCH;
    if (!kr_keyspace->find(ctx->db, text_view(name), how, &cell) && !write)
        return NULL;
    key = kr_memory->alloc(redisabi_self, sizeof(*key));
    key_begin(key, ctx, ctx->db, name, mode);
    context_own(ctx, OWNED_KEY, key);
    return key;
}

/* Who opened it for writing is taken to have written, as in Redis. */
void rm_CloseKey(RedisModuleKey *key)
{
    if (!key)
        return;
    if (key->mode & REDISMODULE_WRITE &&
        !(key->guest &&
          key->guest->options & REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED))
        kr_keyspace->changed_too(key->ctx->call, key->db, key_name(key),
                                 KR_CLASS_GENERIC, KR_STR(""));
    (void)context_disown(key->ctx, OWNED_KEY, key);
    key_end(key);
    kr_memory->free(redisabi_self, key);
}

int rm_SignalModifiedKey(RedisModuleCtx *ctx, RedisModuleString *name)
{
    kr_keyspace->changed_too(ctx->call, ctx->db, text_view(name),
                             KR_CLASS_GENERIC, KR_STR(""));
    return REDISMODULE_OK;
}

const RedisModuleString *rm_GetKeyNameFromModuleKey(RedisModuleKey *key)
{
    return key ? key->name : NULL;
}

int rm_GetDbIdFromModuleKey(RedisModuleKey *key)
{
    return key ? kr_keyspace->db_index(key->db) : -1;
}

int rm_KeyExists(RedisModuleCtx *ctx, RedisModuleString *name)
{
    struct kr_cell cell;

    return kr_keyspace->find(ctx->db, text_view(name), KR_FIND_NO_TOUCH, &cell);
}

RedisModuleString *rm_RandomKey(RedisModuleCtx *ctx)
{
    struct kr_cell cell;
    struct kr_str name;

    if (!kr_keyspace->random(ctx->db, &cell))
        return NULL;
    name = kr_keyspace->key(&cell);
    return rm_CreateString(ctx, name.data, name.size);
}

/* --- What is there -------------------------------------------------------- */

int rm_KeyType(RedisModuleKey *key)
{
    struct kr_cell cell;

    if (!key || !key_find(key, false, &cell))
        return REDISMODULE_KEYTYPE_EMPTY;
    if (kr_strings->is_string(&cell))
        return REDISMODULE_KEYTYPE_STRING;
    if (kr_lists && kr_lists->is_list(&cell))
        return REDISMODULE_KEYTYPE_LIST;
    if (kr_hashes && kr_hashes->is_hash(&cell))
        return REDISMODULE_KEYTYPE_HASH;
    if (kr_sets && kr_sets->is_set(&cell))
        return REDISMODULE_KEYTYPE_SET;
    if (kr_zsets && kr_zsets->is_zset(&cell))
        return REDISMODULE_KEYTYPE_ZSET;
    if (kr_streams && kr_streams->is_stream(&cell))
        return REDISMODULE_KEYTYPE_STREAM;
    return REDISMODULE_KEYTYPE_MODULE;
}

size_t rm_ValueLength(RedisModuleKey *key)
{
    char scratch[KR_INT64_TEXT];
    struct kr_cell cell;

    if (!key || !key_find(key, false, &cell))
        return 0;
    switch (rm_KeyType(key)) {
    case REDISMODULE_KEYTYPE_STRING:
        return kr_strings->view(&cell, scratch).size;
    case REDISMODULE_KEYTYPE_LIST:
        return kr_lists->count(&cell);
    case REDISMODULE_KEYTYPE_HASH:
        return kr_hashes->count(&cell);
    case REDISMODULE_KEYTYPE_SET:
        return kr_sets->count(&cell);
    case REDISMODULE_KEYTYPE_ZSET:
        return kr_zsets->count(&cell);
    case REDISMODULE_KEYTYPE_STREAM:
        return kr_streams->count(&cell);
    default:
        return 0;
    }
}

/* --- Its end -------------------------------------------------------------- */

static int key_erase(RedisModuleKey *key, bool lazily)
{
    struct kr_cell cell;

    if (!(key->mode & REDISMODULE_WRITE))
        return REDISMODULE_ERR;
    if (key_find(key, true, &cell))
        kr_keyspace->erase(&cell, lazily);
    return REDISMODULE_OK;
}

int rm_DeleteKey(RedisModuleKey *key)
{
    return key_erase(key, false);
}

int rm_UnlinkKey(RedisModuleKey *key)
{
    return key_erase(key, true);
}

/* --- Its expiry ----------------------------------------------------------- */

mstime_t rm_GetAbsExpire(RedisModuleKey *key)
{
    struct kr_cell cell;
    int64_t when;

    if (!key_find(key, false, &cell))
        return REDISMODULE_NO_EXPIRE;
    when = kr_keyspace->expiry(&cell);
    return when == KR_NO_EXPIRY ? REDISMODULE_NO_EXPIRE : when;
}

mstime_t rm_GetExpire(RedisModuleKey *key)
{
    mstime_t when = rm_GetAbsExpire(key);

    if (when == REDISMODULE_NO_EXPIRE)
        return REDISMODULE_NO_EXPIRE;
    when -= kr_loop->wall_ms();
    return when > 0 ? when : 0;
}

static int key_expire(RedisModuleKey *key, mstime_t expire, mstime_t from)
{
    struct kr_cell cell;
    int64_t when = KR_NO_EXPIRY;

    if (!(key->mode & REDISMODULE_WRITE) ||
        (expire < 0 && expire != REDISMODULE_NO_EXPIRE) ||
        !key_find(key, true, &cell))
        return REDISMODULE_ERR;
    if (expire != REDISMODULE_NO_EXPIRE &&
        __builtin_add_overflow(expire, from, &when))
        return REDISMODULE_ERR;
    kr_keyspace->set_expiry(&cell, when);
    return REDISMODULE_OK;
}

int rm_SetAbsExpire(RedisModuleKey *key, mstime_t expire)
{
    return key_expire(key, expire, 0);
}

int rm_SetExpire(RedisModuleKey *key, mstime_t expire)
{
    return key_expire(key, expire, kr_loop->wall_ms());
}
