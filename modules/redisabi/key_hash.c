/* SPDX-License-Identifier: BSD-3-Clause */
/* key_hash - hashes through an open key: pairs in the arguments, NULL ends. */
#include "key.h"
#include "text.h"

#include <kr/hash.h>

#include <errno.h>
#include <stdarg.h>

#define HASH_SET_FLAGS                                                         \
    (REDISMODULE_HASH_NX | REDISMODULE_HASH_XX | REDISMODULE_HASH_CFIELDS |    \
     REDISMODULE_HASH_COUNT_ALL)

/* The next field; false at the end. */
static bool hash_field(va_list *args, int flags, struct kr_str *field)
{
    if (flags & REDISMODULE_HASH_CFIELDS) {
        const char *text = va_arg(*args, char *);

        *field = text ? kr_cstr(text) : kr_str(NULL, 0);
        return text != NULL;
    }
    const RedisModuleString *str = va_arg(*args, RedisModuleString *);

    *field = str ? text_view(str) : kr_str(NULL, 0);
    return str != NULL;
}

/* What one pair counts; the hash appears with its first field and goes with its
 * last. */
static int hash_set_one(RedisModuleKey *key, int flags, struct kr_str field,
                        RedisModuleString *value)
{
    char scratch[KR_INT64_TEXT];
    struct kr_cell cell;
    struct kr_str old;
    bool there = key_find(key, true, &cell);
    bool exists = there && kr_hashes->get(&cell, field, scratch, &old);

    if ((flags & REDISMODULE_HASH_XX && !exists) ||
        (flags & REDISMODULE_HASH_NX && exists))
        return 0;
    if (value == REDISMODULE_HASH_DELETE) {
        if (!exists)
            return 0;
        kr_hashes->remove(&cell, field);
        if (kr_hashes->count(&cell) == 0)
            kr_keyspace->erase(&cell, false);
        return 1;
    }
    if (there) {
        kr_hashes->set(&cell, field, text_view(value));
    } else {
        struct kr_str pair[2] = {field, text_view(value)};

        kr_hashes->put(key->db, key_name(key), 1, pair, &cell);
    }
    return flags & REDISMODULE_HASH_COUNT_ALL ? 1 : exists;
}

/* How many fields were updated or deleted, with COUNT_ALL those added too. */
int rm_HashSet(RedisModuleKey *key, int flags, ...)
{
    struct kr_cell cell;
    struct kr_str field;
    va_list args;
    int count = 0;

    if (!key || flags & ~HASH_SET_FLAGS) {
        errno = EINVAL;
        return 0;
    }
    if (!kr_hashes ||
        (key_find(key, false, &cell) && !kr_hashes->is_hash(&cell))) {
        errno = ENOTSUP;
        return 0;
    }
    if (!(key->mode & REDISMODULE_WRITE)) {
        errno = EBADF;
        return 0;
    }
    va_start(args, flags);
    while (hash_field(&args, flags, &field))
        count +=
            hash_set_one(key, flags, field, va_arg(args, RedisModuleString *));
    va_end(args);
    if (count == 0)
        errno = ENOENT;
    return count;
}

int rm_HashGet(RedisModuleKey *key, int flags, ...)
{
    char scratch[KR_INT64_TEXT];
    struct kr_str field, value;
    struct kr_cell cell;
    va_list args;
    bool there;

    if (!key || !kr_hashes)
        return REDISMODULE_ERR;
    there = key_find(key, false, &cell);
    if (there && !kr_hashes->is_hash(&cell))
        return REDISMODULE_ERR;
    va_start(args, flags);
    while (hash_field(&args, flags, &field)) {
        bool exists = there && kr_hashes->get(&cell, field, scratch, &value);

        if (flags & REDISMODULE_HASH_EXISTS)
            *va_arg(args, int *) = exists;
        else
            *va_arg(args, RedisModuleString **) =
                exists ? rm_CreateString(key->ctx, value.data, value.size)
                       : NULL;
    }
    va_end(args);
    return REDISMODULE_OK;
}
