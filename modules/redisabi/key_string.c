/* SPDX-License-Identifier: BSD-3-Clause */
/* key_string - strings through an open key. */
#include "key.h"
#include "text.h"

#include <kr/string.h>

#define STRING_MAX (UINT64_C(512) << 20) /* bytes; as StringTruncate has it */

int rm_StringSet(RedisModuleKey *key, RedisModuleString *str)
{
    struct kr_cell cell;

    if (!(key->mode & REDISMODULE_WRITE))
        return REDISMODULE_ERR;
    if (key_find(key, true, &cell))
        kr_keyspace->erase(&cell, false);
    return kr_strings->put(key->db, key_name(key), 0, text_view(str), &cell)
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

/* The value's own memory.  For reading, too, numbers become bytes in the value,
 * so that the answer outlives this function: good until the key changes. */
char *rm_StringDMA(RedisModuleKey *key, size_t *size, int mode)
{
    static char none[] = "<dma-empty-string>";
    char scratch[KR_INT64_TEXT];
    bool write = mode & REDISMODULE_WRITE;
    struct kr_cell cell;
    struct kr_str view;

    *size = 0;
    if (!key_find(key, write, &cell))
        return none;
    if (!kr_strings->is_string(&cell))
        return NULL;
    view = kr_strings->view(&cell, scratch);
    *size = view.size;
    if (write || view.data == scratch)
        return kr_strings->edit(&cell, view.size);
    return (char *)(uintptr_t)view.data;
}

int rm_StringTruncate(RedisModuleKey *key, size_t size)
{
    struct kr_cell cell;

    if (!(key->mode & REDISMODULE_WRITE) || size > STRING_MAX)
        return REDISMODULE_ERR;
    if (!key_find(key, true, &cell)) {
        if (size == 0)
            return REDISMODULE_OK;
        return kr_strings->create(key->db, key_name(key), 0, size, &cell)
                   ? REDISMODULE_OK
                   : REDISMODULE_ERR;
    }
    if (!kr_strings->is_string(&cell))
        return REDISMODULE_ERR;
    return kr_strings->resize(&cell, size) ? REDISMODULE_OK : REDISMODULE_ERR;
}
