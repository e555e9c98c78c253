/* SPDX-License-Identifier: BSD-3-Clause */
#include "value.h"

#include "module.h"

#include <kr/args.h>
#include <kr/loop.h>
#include <kr/string.h>

#define VALUE_BATCH    16u    /* elements that are added at once */
#define VALUE_TAKE_MIN 32768u /* bytes: arguments that come in a blob */

uint16_t value_type;

/* --- Walking ------------------------------------------------------------- */

/* Stand at the beginning of the node, or at its end. */
static void walk_enter(struct walk *walk)
{
    const struct node *node = chain_node(walk->chain, walk->node);
    const void *inside = chain_read(walk->chain, walk->node);

    walk->is_plain = node->plain;
    if (node->plain) {
        walk->plain = kr_str(inside, node_size(node));
        walk->blob = node->squeezed ? NULL : node->blob;
    } else {
        walk->pack = inside;
        walk->at = walk->back ? listpack_last(inside) : listpack_first(inside);
    }
}

void walk_begin(struct walk *walk, const struct kr_peek *value, uint64_t from,
                bool back)
{
    *walk = (struct walk){.back = back};
    if (value->meta == VALUE_PACKED) {
        walk->pack = packed_peek(value);
        walk->at = from < listpack_count(walk->pack)
                       ? listpack_seek(walk->pack, (int64_t)from)
                       : 0;
        return;
    }
    walk->chain = value_chain(value);
    if (from < walk->chain->count) {
        struct place place = chain_seek(walk->chain, from);

        walk->node = place.node;
        walk_enter(walk);
        walk->at = place.at;
    } else {
        walk->node = back ? 0 : walk->chain->length - 1; /* at the end */
    }
}

void walk_save(const struct walk *walk, uint64_t place[3])
{
    place[0] = walk->node;
    place[1] = walk->at;
    place[2] = walk->is_plain;
}

void walk_resume(struct walk *walk, const struct kr_peek *value,
                 const uint64_t place[3], bool back)
{
    *walk = (struct walk){.back = back, .node = (uint32_t)place[0]};
    if (value->meta == VALUE_PACKED) {
        walk->pack = packed_peek(value);
    } else {
        walk->chain = value_chain(value);
        if (place[1] > 0 || place[2])
            walk_enter(walk);
    }
    walk->at = place[1];
}

static size_t walk_back(struct walk *walk, struct listpack_item *items,
                        size_t max)
{
    size_t count = 0;

    for (; count < max && walk->at; count++) {
        listpack_get(walk->pack, walk->at, &items[count]);
        walk->at = listpack_prev(walk->pack, walk->at);
    }
    return count;
}

/* To the next node; false: there is none. */
static bool walk_on(struct walk *walk)
{
    if (!walk->chain ||
        walk->node == (walk->back ? 0 : walk->chain->length - 1))
        return false;
    walk->node += walk->back ? (uint32_t)-1 : 1;
    walk_enter(walk);
    return true;
}

size_t walk_next(struct walk *walk, struct listpack_item *items, size_t max,
                 struct kr_blob **blob)
{
    *blob = NULL;
    if (!walk->is_plain && walk->at == 0 && !walk_on(walk))
        return 0;
    if (KR_UNLIKELY(walk->is_plain)) {
        items[0] = (struct listpack_item){.bytes = walk->plain};
        *blob = walk->blob;
        walk->is_plain = false;
        walk->at = 0;
        return 1;
    }
    return walk->back ? walk_back(walk, items, max)
                      : listpack_items(walk->pack, &walk->at, items, max);
}

void value_reply(const struct kr_cell *cell, struct kr_reply *reply,
                 uint64_t from, uint64_t count, bool back)
{
    struct kr_peek peek = kr_cell_peek(cell);
    struct listpack_item items[32];
    struct kr_blob *blob;
    struct walk walk;

    walk_begin(&walk, &peek, from, back);
    while (count > 0) {
        size_t n =
            walk_next(&walk, items,
                      count < KR_COUNT(items) ? count : KR_COUNT(items), &blob);

        count -= n;
        if (KR_UNLIKELY(blob != NULL)) {
            reply->ops->blob(reply, blob, 0, blob->size);
            continue;
        }
        for (size_t i = 0; i < n; i++)
            if (items[i].is_number)
                reply->ops->bulk_int64(reply, items[i].number);
            else
                reply->ops->bulk(reply, items[i].bytes);
    }
    walk_end(&walk);
}

/* --- From one form to the other ------------------------------------------ */

static struct chain *value_box(const struct kr_cell *cell)
{
    return value_of_word(kr_cell_box(cell));
}

static void value_to_chain(struct kr_cell *cell, const struct limits *limits)
{
    struct chain *chain = chain_new();
    const void *pack = packed_bytes(cell);
    struct node node;

    if (listpack_first(pack)) {
        (void)node_init_copy(&node, pack, false);
        chain_append(chain, limits, &node);
    }
    packed_replace(list_self, cell, value_word(chain));
    kr_keyspace->set_meta(cell, VALUE_CHAINED);
}

void value_expect(struct kr_cell *cell, uint64_t bytes, uint64_t count)
{
    struct limits limits;
    const void *pack;

    if (cell->meta != VALUE_PACKED)
        return;
    limits = limit_now();
    pack = packed_bytes(cell);
    if (limit_exceeded(&limits, listpack_size(pack) + bytes,
                       listpack_count(pack) + count))
        value_to_chain(cell, &limits);
}

/* Of what is the one node of a chain. */
static void value_to_pack(struct kr_cell *cell, const void *pack, size_t size)
{
    if (size <= PACKED_INLINE_MAX) {
        kr_keyspace->reshape(cell, 0, (uint32_t)(size - LISTPACK_SHORT_SAVES));
        listpack_copy_short(packed_bytes(cell), pack);
    } else {
        kr_cell_set_box(cell, kr_memory->alloc(list_self, size));
        memcpy(packed_bytes(cell), pack, size);
    }
    kr_keyspace->set_meta(cell, VALUE_PACKED);
}

void value_shrink(struct kr_cell *cell)
{
    struct limits limits;
    struct chain *chain;
    struct node *node;
    size_t size;

    if (cell->meta != VALUE_CHAINED || value_box(cell)->length != 1)
        return;
    limits = limit_now();
    chain = value_box(cell);
    node = chain_node(chain, 0);
    size = node_size(node);
    if (node->plain || !limit_allows_return(&limits, size, node->count))
        return;
    if (node->squeezed)
        node_expand(node);
    value_to_pack(cell, node_pack(node), size);
    chain_free(chain);
}

/* --- Adding -------------------------------------------------------------- */

/* About the size of a listpack with these; what will be a chain needs none. */
static size_t value_size(uint64_t count, const struct kr_str *items)
{
    size_t size = LISTPACK_EMPTY;

    for (uint64_t i = 0; i < count && size <= PACKED_INLINE_MAX; i++)
        size += items[i].size + LISTPACK_ENTRY_MIN;
    return size <= PACKED_INLINE_MAX ? size : LISTPACK_EMPTY;
}

void value_create(kr_db *db, struct kr_str key, uint64_t count,
                  const struct kr_str *items, struct kr_cell *cell)
{
    packed_put_key(list_self, db, key, value_type, VALUE_PACKED, 0,
                   value_size(count, items), cell);
}

void value_create_arg(struct kr_call *call, uint32_t arg, uint64_t count,
                      const struct kr_str *items, struct kr_cell *cell)
{
    packed_put(list_self, call, arg, value_type, VALUE_PACKED, 0,
               value_size(count, items), cell);
}

/* A batch into a listpack; what comes to the front is turned round. */
static void value_push_pack(struct kr_cell *cell, bool front, size_t count,
                            const struct kr_str *items)
{
    struct listpack_element elements[VALUE_BATCH];
    void *pack = packed_bytes(cell);
    size_t size = listpack_size(pack);

    for (size_t i = 0; i < count; i++) {
        struct listpack_element *e = &elements[front ? count - 1 - i : i];

        *e = listpack_element(items[i]);
        size += e->size;
    }
    pack = packed_resize(list_self, cell, size);
    if (front)
        listpack_prepend(pack, elements, count);
    else
        listpack_append(pack, elements, count);
}

void value_push(struct kr_cell *cell, bool front, uint64_t count,
                const struct kr_str *items, struct kr_blob *const *blobs)
{
    uint64_t bytes = 0;
    struct limits limits;

    for (uint64_t i = 0; i < count; i++)
        bytes += items[i].size;
    value_expect(cell, bytes, count);
    if (KR_LIKELY(cell->meta == VALUE_PACKED)) {
        for (uint64_t i = 0; i < count; i += VALUE_BATCH)
            value_push_pack(cell, front,
                            count - i < VALUE_BATCH ? count - i : VALUE_BATCH,
                            items + i);
        for (uint64_t i = 0; blobs && i < count; i++)
            kr_memory->blob_release(blobs[i]);
        return;
    }
    limits = limit_now();
    for (uint64_t i = 0; i < count; i++) {
        struct element element = {items[i], blobs ? blobs[i] : NULL};

        chain_push(value_box(cell), &limits, front, &element);
    }
}

/* --- Editing ------------------------------------------------------------- */

void value_free_cut(void *ctx)
{
    chain_free(ctx);
}

void value_cut_done(void *ctx)
{
    (void)ctx;
}

void value_drop(struct kr_cell *cell, bool front, uint64_t count)
{
    struct limits limits;
    struct chain *cut;
    void *pack;

    if (count == 0)
        return;
    if (KR_LIKELY(cell->meta == VALUE_PACKED)) {
        pack = packed_bytes(cell);
        listpack_delete_range(pack, front ? 0 : -(int64_t)count, count);
        (void)packed_resize(list_self, cell, listpack_size(pack));
        return;
    }
    limits = limit_now();
    cut = chain_drop(value_box(cell), &limits, front, count);
    if (cut)
        (void)kr_loop->job(list_self, value_free_cut, value_cut_done, cut);
}

void value_set(struct kr_cell *cell, uint64_t index,
               const struct element *element)
{
    struct listpack_element entry;
    struct limits limits;
    size_t at, before, after;
    void *pack;

    if (cell->meta == VALUE_CHAINED) {
        limits = limit_now();
        chain_replace(value_box(cell), &limits, index, element);
        return;
    }
    pack = packed_bytes(cell);
    entry = listpack_element(element->bytes);
    at = listpack_seek(pack, (int64_t)index);
    before = listpack_size(pack);
    after = before - listpack_entry_size(pack, at) + entry.size;
    if (after > before)
        pack = packed_resize(list_self, cell, after);
    listpack_replace(pack, at, &entry);
    if (after < before)
        (void)packed_resize(list_self, cell, after);
}

void value_insert(struct kr_cell *cell, uint64_t index,
                  const struct element *element)
{
    struct listpack_element entry;
    struct limits limits;
    void *pack;
    size_t at;

    if (cell->meta == VALUE_CHAINED) {
        limits = limit_now();
        chain_insert(value_box(cell), &limits, index, element);
        return;
    }
    pack = packed_bytes(cell);
    entry = listpack_element(element->bytes);
    at = index < listpack_count(pack) ? listpack_seek(pack, (int64_t)index)
                                      : listpack_end(pack);
    pack = packed_resize(list_self, cell, listpack_size(pack) + entry.size);
    listpack_insert(pack, at, &entry, 1);
}

void value_remove(struct kr_cell *cell, uint64_t index)
{
    struct limits limits;
    void *pack;

    if (cell->meta == VALUE_CHAINED) {
        limits = limit_now();
        chain_remove(value_box(cell), &limits, index);
        return;
    }
    pack = packed_bytes(cell);
    listpack_delete(pack, listpack_seek(pack, (int64_t)index), 1);
    (void)packed_resize(list_self, cell, listpack_size(pack));
}

uint64_t value_remove_equal(struct kr_cell *cell, struct kr_str bytes,
                            uint64_t most, bool back)
{
    struct listpack_element element;
    struct limits limits;
    uint64_t gone;
    void *pack;

    if (cell->meta == VALUE_CHAINED) {
        limits = limit_now();
        return chain_remove_equal(value_box(cell), &limits, bytes, most, back);
    }
    pack = packed_bytes(cell);
    element = listpack_element(bytes);
    gone = pack_remove_equal(pack, &element, most, back);
    if (gone > 0)
        (void)packed_resize(list_self, cell, listpack_size(pack));
    return gone;
}

/* --- Telling ------------------------------------------------------------- */

void value_lost(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
                struct kr_str event, uint64_t changes)
{
    bool empty = value_count(cell) == 0;

    if (empty)
        kr_keyspace->erase(cell, true);
    else
        value_shrink(cell);
    kr_changed_by(call, call->db, key, KR_CLASS_LIST, event, changes);
    if (empty)
        kr_keyspace->notify(call->db, key, KR_CLASS_GENERIC, KR_STR("del"));
}

void value_take(struct kr_call *call, struct kr_cell *cell, struct kr_str key,
                bool front, uint64_t count, uint64_t changes)
{
    struct kr_str event = front ? KR_STR("lpop") : KR_STR("rpop");

    if (count < value_count(cell)) {
        value_drop(cell, front, count);
        value_lost(call, cell, key, event, changes);
        return;
    }
    kr_keyspace->erase(cell, true);
    kr_changed_by(call, call->db, key, KR_CLASS_LIST, event, changes);
    kr_keyspace->notify(call->db, key, KR_CLASS_GENERIC, KR_STR("del"));
}

/* --- Arguments ----------------------------------------------------------- */

/* Only for a node by itself: what goes into a listpack is copied, and the
 * argument has to outlive the call. */
static bool value_is_takeable(const struct limits *limits, struct kr_str bytes)
{
    return KR_UNLIKELY(bytes.size >= VALUE_TAKE_MIN) &&
           limit_is_huge(limits, bytes.size);
}

bool value_take_element(struct kr_call *call, uint32_t arg,
                        struct element *element)
{
    struct limits limits = limit_now();

    *element = (struct element){.bytes = call->argv[arg]};
    if (!value_is_takeable(&limits, element->bytes))
        return true;
    element->blob = kr_calls->take(call, arg);
    if (!element->blob)
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
    return element->blob != NULL;
}

static struct kr_blob **value_take_all(struct kr_call *call, uint32_t first,
                                       uint32_t count)
{
    struct kr_blob **blobs =
        kr_memory->calloc(list_self, count, sizeof(struct kr_blob *));
    struct element element;

    for (uint32_t i = 0; i < count; i++) {
        if (!value_take_element(call, first + i, &element)) {
            while (i-- > 0)
                kr_memory->blob_release(blobs[i]);
            kr_memory->free(list_self, blobs);
            return NULL;
        }
        blobs[i] = element.blob;
    }
    return blobs;
}

bool value_take_blobs(struct kr_call *call, uint32_t first, uint32_t count,
                      struct kr_blob ***blobs)
{
    *blobs = NULL;
    for (uint32_t i = first; i < first + count; i++)
        if (KR_UNLIKELY(call->argv[i].size >= VALUE_TAKE_MIN))
            return (*blobs = value_take_all(call, first, count)) != NULL;
    return true;
}

bool value_arg_end(struct kr_call *call, uint32_t arg, bool *front)
{
    *front = kr_arg_is(call, arg, "LEFT");
    if (*front || kr_arg_is(call, arg, "RIGHT"))
        return true;
    kr_refuse_syntax(call);
    return false;
}
