/* SPDX-License-Identifier: BSD-3-Clause */
/* key_list - lists through an open key.
 *
 * errno says what is wrong: EINVAL no key or element, ENOTSUP not a list, EBADF
 * not opened for that, EDOM no such index.  An emptied list goes. */
#include "key.h"
#include "text.h"

#include <kr/list.h>

#include <errno.h>

/* The list that is there, opened for `mode`. */
static bool list_find(RedisModuleKey *key, int mode, struct kr_cell *cell)
{
    int wrong = 0;

    if (!key)
        wrong = EINVAL;
    else if (!kr_lists || !key_find(key, mode & REDISMODULE_WRITE, cell) ||
             !kr_lists->is_list(cell))
        wrong = ENOTSUP;
    else if (!(key->mode & mode))
        wrong = EBADF;
    if (wrong)
        errno = wrong;
    return !wrong;
}

/* The same, with an element at `index`. */
static bool list_seek(RedisModuleKey *key, int mode, int64_t index,
                      struct kr_cell *cell)
{
    int64_t count;

    if (!list_find(key, mode, cell))
        return false;
    count = (int64_t)kr_lists->count(cell);
    if (index >= -count && index < count)
        return true;
    errno = EDOM;
    return false;
}

static RedisModuleString *list_copy(RedisModuleKey *key,
                                    const struct kr_cell *cell, int64_t index)
{
    struct kr_walk walk;

    kr_lists->walk(cell, index, false, &walk);
    walk.left = 1;
    if (!kr_lists->next(&walk) || walk.count == 0)
        return NULL;
    return rm_CreateString(key->ctx, walk.item[0].data, walk.item[0].size);
}

int rm_ListPush(RedisModuleKey *key, int where, RedisModuleString *item)
{
    struct kr_cell cell;
    struct kr_str bytes;
    bool there;

    if (!key || !item) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    there = key_find(key, key->mode & REDISMODULE_WRITE, &cell);
    if (!kr_lists || (there && !kr_lists->is_list(&cell))) {
        errno = ENOTSUP;
        return REDISMODULE_ERR;
    }
    if (!(key->mode & REDISMODULE_WRITE)) {
        errno = EBADF;
        return REDISMODULE_ERR;
    }
    bytes = text_view(item);
    if (there)
        kr_lists->push(&cell, where == REDISMODULE_LIST_HEAD, 1, &bytes);
    else
        kr_lists->put(key->db, key_name(key), 1, &bytes, &cell);
    return REDISMODULE_OK;
}

RedisModuleString *rm_ListPop(RedisModuleKey *key, int where)
{
    bool front = where == REDISMODULE_LIST_HEAD;
    RedisModuleString *item;
    struct kr_cell cell;

    if (!list_find(key, REDISMODULE_WRITE, &cell))
        return NULL;
    item = list_copy(key, &cell, front ? 0 : -1);
    if (kr_lists->drop(&cell, front, 1) == 0)
        kr_keyspace->erase(&cell, false);
    return item;
}

RedisModuleString *rm_ListGet(RedisModuleKey *key, long index)
{
    struct kr_cell cell;

    if (!list_seek(key, REDISMODULE_READ, index, &cell))
        return NULL;
    return list_copy(key, &cell, index);
}

int rm_ListSet(RedisModuleKey *key, long index, RedisModuleString *item)
{
    struct kr_cell cell;

    if (!item) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    if (!list_seek(key, REDISMODULE_WRITE, index, &cell))
        return REDISMODULE_ERR;
    return kr_lists->set(&cell, index, text_view(item)) == KR_OK
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

/* A negative index counts places behind elements: -1 is the end. */
int rm_ListInsert(RedisModuleKey *key, long index, RedisModuleString *item)
{
    struct kr_cell cell;
    int64_t count = 0;

    if (!item) {
        errno = EINVAL;
        return REDISMODULE_ERR;
    }
    if (key && key_find(key, false, &cell)) {
        if (kr_lists && kr_lists->is_list(&cell))
            count = (int64_t)kr_lists->count(&cell);
        else
            count = -1;
    }
    if (key && count >= 0 && (index == count || index == -1))
        return rm_ListPush(key, REDISMODULE_LIST_TAIL, item);
    if (key && count >= 0 && (index == 0 || index == -count - 1))
        return rm_ListPush(key, REDISMODULE_LIST_HEAD, item);
    if (!list_seek(key, REDISMODULE_WRITE, index, &cell))
        return REDISMODULE_ERR;
    if (index < 0)
        index += (long)count + 1;
    return kr_lists->insert(&cell, index, text_view(item)) == KR_OK
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

int rm_ListDelete(RedisModuleKey *key, long index)
{
    struct kr_cell cell;

    if (!list_seek(key, REDISMODULE_WRITE, index, &cell) ||
        kr_lists->remove(&cell, index) != KR_OK)
        return REDISMODULE_ERR;
    if (kr_lists->count(&cell) == 0)
        kr_keyspace->erase(&cell, false);
    return REDISMODULE_OK;
}
