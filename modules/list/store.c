/* SPDX-License-Identifier: BSD-3-Clause */
/* What is saved is Redis's LIST_QUICKLIST_2, which versions from 7.0 on read:
 *
 *   nodes | container of node 0 | string | container of node 1 | string | ...
 *
 *   container   1  plain: the string is one element
 *               2  packed: the string is a listpack
 *
 * Nodes are what they are in memory, so saving copies bytes, also those that
 * are squeezed.  Older forms are read: LIST is elements, LIST_ZIPLIST is one
 * ziplist, LIST_QUICKLIST a number of them. */
#include "store.h"

#include "../compact/legacy.h"
#include "module.h"
#include "value.h"

#define CODE_LIST        1
#define CODE_ZIPLIST     10
#define CODE_QUICKLIST   14
#define CODE_QUICKLIST_2 18

#define CONTAINER_PLAIN  1u
#define CONTAINER_PACKED 2u

#define REWRITE_BATCH 64u /* elements of a command */

const uint8_t store_codes[] = {CODE_LIST, CODE_ZIPLIST, CODE_QUICKLIST,
                               CODE_QUICKLIST_2};

_Static_assert(KR_COUNT(store_codes) == STORE_CODE_COUNT,
               "STORE_CODE_COUNT counts the codes");

/* --- Saving -------------------------------------------------------------- */

static void store_save_node(const struct node *node, kr_writer *out)
{
    size_t size = node_size(node);

    kr_codec->write_uint64(out,
                           node->plain ? CONTAINER_PLAIN : CONTAINER_PACKED);
    if (node->squeezed)
        kr_codec->write_packed(
            out, kr_str((const char *)node->block, node->room), size);
    else
        kr_codec->write_string(
            out,
            kr_str(node->plain ? node->blob->data : node_pack(node), size));
}

void store_save(const struct kr_peek *value, kr_writer *out)
{
    kr_codec->code(out, CODE_QUICKLIST_2);
    if (value->meta == VALUE_PACKED) {
        unsigned char room[PACKED_INLINE_MAX];

        kr_codec->write_uint64(out, 1);
        kr_codec->write_uint64(out, CONTAINER_PACKED);
        kr_codec->write_string(out, packed_saved(value, room));
        return;
    }
    kr_codec->write_uint64(out, value_chain(value)->length);
    for (uint32_t i = 0; i < value_chain(value)->length; i++)
        store_save_node(chain_node(value_chain(value), i), out);
}

/* --- Loading ------------------------------------------------------------- */

static bool store_refuse(kr_reader *in, const char *reason)
{
    kr_codec->refuse(in, reason);
    return false;
}

static bool store_push(kr_reader *in, struct chain *chain,
                       const struct limits *limits, struct kr_str bytes)
{
    struct element element = {.bytes = bytes};

    if (limit_is_huge(limits, bytes.size)) {
        element.blob = kr_memory->blob_new(bytes.size, 0);
        if (!element.blob)
            return store_refuse(in, "not enough memory for a list");
        memcpy(element.blob->data, bytes.data, bytes.size);
    }
    chain_push(chain, limits, false, &element);
    return true;
}

static bool store_add_element(kr_reader *in, struct chain *chain,
                              const struct limits *limits)
{
    struct kr_str bytes;

    return kr_codec->read_string(in, &bytes) &&
           store_push(in, chain, limits, bytes);
}

static bool store_add_plain(kr_reader *in, struct chain *chain,
                            const struct limits *limits)
{
    struct element element = {.blob = NULL};
    struct node node;

    if (!kr_codec->read_blob(in, &element.blob))
        return false;
    if (element.blob->size == 0) {
        kr_memory->blob_release(element.blob);
        return store_refuse(in, "an empty node of a list");
    }
    node_init_plain(&node, &element);
    chain_append(chain, limits, &node);
    return true;
}

/* An empty listpack is passed over: there are files with such nodes. */
static bool store_add_packed(kr_reader *in, struct chain *chain,
                             const struct limits *limits, struct kr_str bytes)
{
    enum listpack_verdict verdict = listpack_check(bytes);
    struct node node;

    if (verdict == LISTPACK_BROKEN)
        return store_refuse(in, "Listpack integrity check failed");
    if (!listpack_first(bytes.data))
        return true;
    if (!node_init_copy(&node, bytes.data, true))
        return store_refuse(in, "not enough memory for a list");
    if (verdict == LISTPACK_FOREIGN)
        listpack_canonise(node_pack(&node));
    chain_append(chain, limits, &node);
    return true;
}

/* Not a packed one. */
static bool store_add_other(kr_reader *in, struct chain *chain,
                            const struct limits *limits, uint64_t container)
{
    return container == CONTAINER_PLAIN
               ? store_add_plain(in, chain, limits)
               : store_refuse(in, "a node of no known kind in a list");
}

static bool store_add_node(kr_reader *in, struct chain *chain,
                           const struct limits *limits)
{
    struct kr_str bytes;
    uint64_t container;

    if (!kr_codec->read_uint64(in, &container))
        return false;
    if (container != CONTAINER_PACKED)
        return store_add_other(in, chain, limits, container);
    return kr_codec->read_string(in, &bytes) &&
           store_add_packed(in, chain, limits, bytes);
}

/* The elements of a ziplist, which have another form than ours: they are added
 * one by one. */
static bool store_add_ziplist(kr_reader *in, struct chain *chain,
                              const struct limits *limits)
{
    struct legacy_reader reader;
    struct listpack_item item;
    char text[LISTPACK_TEXT];
    enum legacy_step step;
    struct kr_str bytes;

    if (!kr_codec->read_string(in, &bytes))
        return false;
    if (!legacy_open(&reader, LEGACY_ZIPLIST, bytes))
        return store_refuse(in, "Ziplist integrity check failed");
    while ((step = legacy_next(&reader, &item)) == LEGACY_ITEM)
        if (!store_push(in, chain, limits, listpack_item_bytes(&item, text)))
            return false;
    return step == LEGACY_END ||
           store_refuse(in, "Ziplist integrity check failed");
}

static bool (*store_adder(uint32_t code))(kr_reader *, struct chain *,
                                          const struct limits *)
{
    if (code == CODE_LIST)
        return store_add_element;
    return code == CODE_QUICKLIST_2 ? store_add_node : store_add_ziplist;
}

static bool store_refuse_empty(kr_reader *in)
{
    kr_codec->refuse_empty(in);
    return false;
}

/* What the chain is to be in the keyspace; nothing, if it is not `fine`. */
static bool store_finish(kr_reader *in, struct chain *chain,
                         const struct limits *limits, bool fine,
                         struct kr_value *out)
{
    struct node *node = chain_node(chain, 0);

    if (fine && chain->count == 0)
        fine = store_refuse_empty(in);
    if (fine && (chain->length > 1 || node->plain || node->squeezed ||
                 limit_exceeded(limits, node_size(node), node->count))) {
        out->meta = VALUE_CHAINED;
        out->boxed = true;
        out->box = value_word(chain);
        return true;
    }
    /* One listpack, which is small enough not to be a chain. */
    if (fine &&
        !packed_load(list_self, in, kr_str(node_pack(node), node_size(node)),
                     VALUE_PACKED, out))
        fine = store_refuse(in, "not enough memory for a list");
    chain_free(chain);
    return fine;
}

static bool store_is_cell(const struct limits *limits, struct kr_str bytes)
{
    return listpack_check(bytes) == LISTPACK_SOUND &&
           listpack_first(bytes.data) &&
           !limit_exceeded(limits, bytes.size, listpack_count(bytes.data));
}

/* Most lists are one listpack in its right form: it is taken from where the
 * reader has it, without a chain in between. */
static bool store_load_one(kr_reader *in, const struct limits *limits,
                           struct kr_value *out)
{
    struct kr_str bytes = {NULL, 0};
    uint64_t container;
    struct chain *chain;
    bool fine;

    if (!kr_codec->read_uint64(in, &container) ||
        (container == CONTAINER_PACKED && !kr_codec->read_string(in, &bytes)))
        return false;
    if (container == CONTAINER_PACKED && store_is_cell(limits, bytes))
        return packed_load(list_self, in, bytes, VALUE_PACKED, out) ||
               store_refuse(in, "not enough memory for a list");
    chain = chain_new();
    fine = container == CONTAINER_PACKED
               ? store_add_packed(in, chain, limits, bytes)
               : store_add_other(in, chain, limits, container);
    return store_finish(in, chain, limits, fine, out);
}

bool store_load(kr_reader *in, uint32_t code, uint32_t format,
                struct kr_value *out)
{
    bool (*add)(kr_reader * in, struct chain * chain,
                const struct limits *limits) = store_adder(code);
    struct limits limits = limit_now();
    struct chain *chain;
    bool fine = true;
    uint64_t count;

    (void)format;
    if (code == CODE_ZIPLIST)
        count = 1;
    else if (!kr_codec->read_uint64(in, &count))
        return false;
    if (code == CODE_QUICKLIST_2 && count == 1)
        return store_load_one(in, &limits, out);
    chain = chain_new();
    for (uint64_t i = 0; fine && i < count; i++)
        fine = add(in, chain, &limits);
    return store_finish(in, chain, &limits, fine, out);
}

/* --- Rewriting ----------------------------------------------------------- */

void store_rewrite(const struct kr_peek *value, struct kr_str key,
                   kr_writer *out)
{
    struct kr_str words[2 + REWRITE_BATCH] = {KR_STR("RPUSH"), key};
    char texts[REWRITE_BATCH][LISTPACK_TEXT];
    struct listpack_item items[REWRITE_BATCH];
    struct kr_blob *blob;
    struct walk walk;
    size_t count;

    walk_begin(&walk, value, 0, false);
    while ((count = walk_next(&walk, items, REWRITE_BATCH, &blob)) > 0) {
        for (size_t i = 0; i < count; i++)
            words[2 + i] = listpack_item_bytes(&items[i], texts[i]);
        kr_codec->emit(out, 2 + (uint32_t)count, words);
    }
    walk_end(&walk);
}
