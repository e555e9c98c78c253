/* SPDX-License-Identifier: BSD-3-Clause */
/* dict - dictionaries in the order of their keys' bytes.
 *
 * A tree (../structure/tree.h) whose scores are all 0; behind the key of each
 * item stands the guest's pointer:
 *
 *   tree --> item   +-----------+------+
 *                   | size  key | data |
 *                   +-----------+------+
 *
 * An iterator keeps a copy of the key that it is at.  As long as the dictionary
 * has not changed it goes on from its place in the tree, O(1); otherwise it
 * looks for its key first, O(log n), so a change is never a danger to it.
 *
 * A dictionary belongs to one thread at a time and needs no lock. */
#include "context.h"
#include "text.h"

#include "../structure/module_host.h"
#include "../structure/tree.h"

static const struct structure_host dict_host = STRUCTURE_HOST(redisabi_self);

struct RedisModuleDict {
    struct tree tree;
    uint64_t changes; /* keys that have come or gone */
};

struct RedisModuleDictIter {
    RedisModuleDict *dict;
    uint64_t changes;        /* of the dictionary when it was placed */
    struct tree_place place; /* the gap behind the current entry */
    RedisModuleString *key;  /* of the current entry, or NULL */
    void *data;              /* as it was when it was reached */
    bool fresh;              /* was sought, and not handed out yet */
    bool over;
};

/* --- Life ----------------------------------------------------------------- */

RedisModuleDict *rm_CreateDict(RedisModuleCtx *ctx)
{
    RedisModuleDict *dict = kr_memory->calloc(redisabi_self, 1, sizeof(*dict));

    context_own(ctx, OWNED_DICT, dict);
    return dict;
}

static void dict_release(double score, struct item *item, void *ctx)
{
    (void)score, (void)ctx;
    structure_free(&dict_host, item);
}

/* The pointers are the guest's. */
void rm_FreeDict(RedisModuleCtx *ctx, RedisModuleDict *dict)
{
    if (ctx)
        (void)context_disown(ctx, OWNED_DICT, dict);
    while (!tree_clear_step(&dict->tree, &dict_host, UINT64_MAX, dict_release,
                            NULL))
        continue;
    kr_memory->free(redisabi_self, dict);
}

uint64_t rm_DictSize(RedisModuleDict *dict)
{
    return tree_count(&dict->tree);
}

size_t rm_MallocSizeDict(RedisModuleDict *dict)
{
    struct tree_entry batch[32];
    struct tree_place place;
    size_t count, size = sizeof(*dict) + tree_memory(&dict->tree);

    tree_seek(&dict->tree, 0, &place);
    while ((count = tree_forward(&place, batch, KR_COUNT(batch))) > 0) {
        for (size_t i = 0; i < count; i++)
            size += kr_memory->usable(batch[i].item);
    }
    return size;
}

/* --- Entries -------------------------------------------------------------- */

static void *dict_data(const struct item *item)
{
    void *data;

    memcpy(&data, item_tail(item), sizeof(data));
    return data;
}

static void dict_set_data(struct item *item, void *data)
{
    memcpy(item_tail(item), &data, sizeof(data));
}

static struct item *dict_find(const RedisModuleDict *dict, struct kr_str key)
{
    struct tree_entry entry;
    struct tree_place place;

    if (!tree_find(&dict->tree, 0, key, NULL, &place) ||
        tree_forward(&place, &entry, 1) == 0)
        return NULL;
    return entry.item;
}

static void dict_add(RedisModuleDict *dict, struct kr_str key, void *data)
{
    struct item *item = item_new(&dict_host, key, sizeof(data));

    dict_set_data(item, data);
    tree_insert(&dict->tree, &dict_host, 0, item);
    dict->changes++;
}

int rm_DictSetC(RedisModuleDict *dict, void *key, size_t size, void *data)
{
    struct kr_str bytes = kr_str(key, size);

    if (dict_find(dict, bytes))
        return REDISMODULE_ERR;
    dict_add(dict, bytes, data);
    return REDISMODULE_OK;
}

/* The error says that there was one, which has been replaced. */
int rm_DictReplaceC(RedisModuleDict *dict, void *key, size_t size, void *data)
{
    struct kr_str bytes = kr_str(key, size);
    struct item *item = dict_find(dict, bytes);

    if (!item) {
        dict_add(dict, bytes, data);
        return REDISMODULE_OK;
    }
    dict_set_data(item, data);
    return REDISMODULE_ERR;
}

void *rm_DictGetC(RedisModuleDict *dict, void *key, size_t size, int *missing)
{
    const struct item *item = dict_find(dict, kr_str(key, size));

    if (missing)
        *missing = !item;
    return item ? dict_data(item) : NULL;
}

int rm_DictDelC(RedisModuleDict *dict, void *key, size_t size, void *old)
{
    struct item *item =
        tree_erase(&dict->tree, &dict_host, 0, kr_str(key, size));

    if (!item)
        return REDISMODULE_ERR;
    if (old)
        memcpy(old, item_tail(item), sizeof(void *));
    structure_free(&dict_host, item);
    dict->changes++;
    return REDISMODULE_OK;
}

int rm_DictSet(RedisModuleDict *dict, RedisModuleString *key, void *data)
{
    return rm_DictSetC(dict, key->bytes, key->size, data);
}

int rm_DictReplace(RedisModuleDict *dict, RedisModuleString *key, void *data)
{
    return rm_DictReplaceC(dict, key->bytes, key->size, data);
}

void *rm_DictGet(RedisModuleDict *dict, RedisModuleString *key, int *missing)
{
    return rm_DictGetC(dict, key->bytes, key->size, missing);
}

int rm_DictDel(RedisModuleDict *dict, RedisModuleString *key, void *old)
{
    return rm_DictDelC(dict, key->bytes, key->size, old);
}

/* --- Iterators ------------------------------------------------------------ */

static void iter_leave(RedisModuleDictIter *it)
{
    if (it->key)
        text_release(it->key);
    it->key = NULL;
}

/* The entry next to the place becomes the current one; the place is then the gap
 * behind it.  At an end the old one stays. */
static bool iter_take(RedisModuleDictIter *it, bool back)
{
    struct tree_entry entry;
    size_t count = back ? tree_backward(&it->place, &entry, 1)
                        : tree_forward(&it->place, &entry, 1);

    it->over = count == 0;
    if (it->over)
        return false;
    iter_leave(it);
    it->key = text_new(item_key(entry.item));
    it->data = dict_data(entry.item);
    if (back)
        (void)tree_forward(&it->place, &entry, 1);
    it->changes = it->dict->changes;
    return true;
}

/* An operator: which side of the key, the key itself, an end. */
struct op {
    bool less, more, equal, first, last;
};

static bool op_read(const char *text, struct op *op)
{
    *op = (struct op){.less = text[0] == '<',
                      .more = text[0] == '>',
                      .first = text[0] == '^',
                      .last = text[0] == '$'};
    op->equal = text[0] == '=' || ((op->less || op->more) && text[1] == '=');
    return op->less || op->more || op->equal || op->first || op->last;
}

/* 0: no such operator.  As in Redis that nothing was found is told by Next(). */
static int iter_seek(RedisModuleDictIter *it, const char *text,
                     struct kr_str key)
{
    const struct tree *tree = &it->dict->tree;
    bool exact = false;
    struct op op;

    iter_leave(it);
    it->fresh = true;
    it->over = true;
    if (!op_read(text, &op))
        return 0;
    if (op.first || op.last)
        tree_seek(tree, op.first ? 0 : tree_count(tree), &it->place);
    else
        exact = tree_find(tree, 0, key, NULL, &it->place);
    if (exact && op.more && !op.equal)
        (void)iter_take(it, false); /* the key itself, which is passed over */
    if (op.more || op.first || (exact && op.equal))
        (void)iter_take(it, false);
    else if (op.less || op.last)
        (void)iter_take(it, true);
    return 1;
}

RedisModuleDictIter *rm_DictIteratorStartC(RedisModuleDict *dict,
                                           const char *op, void *key,
                                           size_t size)
{
    RedisModuleDictIter *it = kr_memory->calloc(redisabi_self, 1, sizeof(*it));

    it->dict = dict;
    (void)iter_seek(it, op, kr_str(key, size));
    return it;
}

RedisModuleDictIter *rm_DictIteratorStart(RedisModuleDict *dict, const char *op,
                                          RedisModuleString *key)
{
    return rm_DictIteratorStartC(dict, op, key->bytes, key->size);
}

void rm_DictIteratorStop(RedisModuleDictIter *it)
{
    iter_leave(it);
    kr_memory->free(redisabi_self, it);
}

int rm_DictIteratorReseekC(RedisModuleDictIter *it, const char *op, void *key,
                           size_t size)
{
    /* The key may be the iterator's own. */
    RedisModuleString *copy = text_new(kr_str(key, size));
    int result = iter_seek(it, op, text_view(copy));

    text_release(copy);
    return result;
}

int rm_DictIteratorReseek(RedisModuleDictIter *it, const char *op,
                          RedisModuleString *key)
{
    return rm_DictIteratorReseekC(it, op, key->bytes, key->size);
}

/* To the next or the previous entry; false at an end. */
static bool iter_step(RedisModuleDictIter *it, bool back)
{
    const struct tree *tree = &it->dict->tree;
    struct tree_entry current;

    if (it->over)
        return false;
    if (it->fresh) {
        it->fresh = false;
        return true;
    }
    if (it->changes != it->dict->changes) {
        bool there = tree_find(tree, 0, text_view(it->key), NULL, &it->place);

        if (there && !back)
            (void)tree_forward(&it->place, &current, 1);
    } else if (back) {
        (void)tree_backward(&it->place, &current, 1);
    }
    return iter_take(it, back);
}

static void *iter_hand_out(RedisModuleDictIter *it, bool back, size_t *size,
                           void **data)
{
    if (!iter_step(it, back))
        return NULL;
    if (size)
        *size = it->key->size;
    if (data)
        *data = it->data;
    return it->key->bytes;
}

void *rm_DictNextC(RedisModuleDictIter *it, size_t *size, void **data)
{
    return iter_hand_out(it, false, size, data);
}

void *rm_DictPrevC(RedisModuleDictIter *it, size_t *size, void **data)
{
    return iter_hand_out(it, true, size, data);
}

RedisModuleString *rm_DictNext(RedisModuleCtx *ctx, RedisModuleDictIter *it,
                               void **data)
{
    size_t size;
    const char *key = iter_hand_out(it, false, &size, data);

    return key ? rm_CreateString(ctx, key, size) : NULL;
}

RedisModuleString *rm_DictPrev(RedisModuleCtx *ctx, RedisModuleDictIter *it,
                               void **data)
{
    size_t size;
    const char *key = iter_hand_out(it, true, &size, data);

    return key ? rm_CreateString(ctx, key, size) : NULL;
}

/* The current key against another: "==", "<", "<=", ">", ">=". */
int rm_DictCompareC(RedisModuleDictIter *it, const char *text, void *key,
                    size_t size)
{
    size_t common;
    struct op op;
    int order;

    if (it->over || !op_read(text, &op) || op.first || op.last ||
        (text[0] == '=' && text[1] != '='))
        return REDISMODULE_ERR;
    common = size < it->key->size ? size : it->key->size;
    order = common > 0 ? memcmp(it->key->bytes, key, common) : 0;
    if (order == 0)
        order = (it->key->size > size) - (it->key->size < size);
    return (op.equal && order == 0) || (op.less && order < 0) ||
                   (op.more && order > 0)
               ? REDISMODULE_OK
               : REDISMODULE_ERR;
}

int rm_DictCompare(RedisModuleDictIter *it, const char *op,
                   RedisModuleString *key)
{
    return rm_DictCompareC(it, op, key->bytes, key->size);
}
