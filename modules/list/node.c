/* SPDX-License-Identifier: BSD-3-Clause */
#include "node.h"

#include "module.h"

#include <assert.h>
#include <lzf.h>

#define SQUEEZE_FROM 48u /* bytes: less is hardly worth a header */
#define SQUEEZE_GAIN 8u  /* bytes that must be saved */

/* --- Making and freeing -------------------------------------------------- */

static uint8_t *node_alloc(size_t size, bool try)
{
    return try ? kr_memory->try_alloc(list_self, size)
               : kr_memory->alloc(list_self, size);
}

void node_init(struct node *node, size_t room)
{
    *node =
        (struct node){.block = node_alloc(room, false), .room = (uint32_t)room};
    listpack_init(node->block);
}

bool node_init_copy(struct node *node, const void *listpack, bool try)
{
    size_t size = listpack_size(listpack);
    uint8_t *block = node_alloc(size, try);

    if (!block)
        return false;
    listpack_copy(block, listpack);
    *node = (struct node){.block = block,
                          .count = (uint32_t)listpack_count(listpack),
                          .room = (uint32_t)size};
    return true;
}

/* Without memory alloc() reports that and ends the server. */
static struct kr_blob *node_new_blob(size_t size)
{
    struct kr_blob *blob;

    while (!(blob = kr_memory->blob_new(size, 0)))
        kr_memory->free(list_self, kr_memory->alloc(list_self, size));
    return blob;
}

static struct kr_blob *node_blob(struct kr_str bytes)
{
    struct kr_blob *blob = node_new_blob(bytes.size);

    if (bytes.size > 0)
        memcpy(blob->data, bytes.data, bytes.size);
    return blob;
}

void node_init_plain(struct node *node, const struct element *element)
{
    *node = (struct node){.blob = element->blob ? element->blob
                                                : node_blob(element->bytes),
                          .count = 1,
                          .plain = true};
}

bool node_copy(struct node *node, const struct node *from)
{
    if (from->plain && !from->squeezed) {
        *node = *from;
        kr_memory->blob_retain(node->blob);
        return true;
    }
    if (!from->squeezed)
        return node_init_copy(node, node_pack(from), true);
    *node = *from;
    node->block = node_alloc(from->room, true);
    if (node->block)
        memcpy(node->block, from->block, from->room);
    return node->block != NULL;
}

void node_free(struct node *node)
{
    if (node->plain && !node->squeezed)
        kr_memory->blob_release(node->blob);
    else
        kr_memory->free(list_self, node->block);
}

size_t node_memory(const struct node *node)
{
    return node->plain && !node->squeezed ? kr_memory->blob_usable(node->blob)
                                          : kr_memory->usable(node->block);
}

/* --- Room ---------------------------------------------------------------- */

/* The listpack, of `size` bytes, into a block of `room`; all of the free bytes
 * on the side that is asked for. */
static void node_place(struct node *node, size_t size, size_t room, bool front)
{
    uint32_t start = front ? (uint32_t)(room - size) : 0;
    uint8_t *block = node->block;

    if (room != node->room)
        block = node_alloc(room, false);
    memmove(block + start, node_pack(node), size);
    if (block != node->block)
        kr_memory->free(list_self, node->block);
    node->block = block;
    node->room = (uint32_t)room;
    node->start = start;
}

/* Make room for `more` bytes at one side.  It slides within its block when that
 * gains a quarter of it, or when it may not grow; so what is moved is in
 * proportion to what is added. */
static void node_reserve(struct node *node, bool front, size_t more,
                         size_t most)
{
    size_t size = listpack_size(node_pack(node));
    size_t room = node->room;

    if (front ? more <= node->start : node->start + size + more <= room)
        return;
    if (size + more > room || (room - size < room / 4 && room < most)) {
        room = 2 * (size + more);
        if (room > most)
            room = size + more > most ? size + more : most;
    }
    node_place(node, size, room, front);
}

void node_fit(struct node *node)
{
    size_t size;

    if (node->plain || node->squeezed)
        return;
    size = listpack_size(node_pack(node));
    if (node->room - size > node->room / 8)
        node_place(node, size, size, false);
}

/* --- Edit ---------------------------------------------------------------- */

void node_push(struct node *node, bool front,
               const struct listpack_element *element, size_t most)
{
    node_reserve(node, front, element->size, most);
    if (front) {
        listpack_prepend_left(node_pack(node), element, 1);
        node->start -= (uint32_t)element->size;
    } else {
        listpack_append(node_pack(node), element, 1);
    }
    node->count++;
}

static void node_drop_left(struct node *node, size_t count)
{
    uint8_t *left = listpack_delete_left(node_pack(node), count);

    node->start = (uint32_t)(left - node->block);
}

void node_drop(struct node *node, bool front, size_t count)
{
    if (front)
        node_drop_left(node, count);
    else
        listpack_delete_range(node_pack(node), -(int64_t)count, count);
    node->count -= (uint32_t)count;
}

void node_insert(struct node *node, size_t at,
                 const struct listpack_element *element, size_t most)
{
    if (at == LISTPACK_HEADER) {
        node_push(node, true, element, most);
        return;
    }
    node_reserve(node, false, element->size, most);
    listpack_insert(node_pack(node), at, element, 1);
    node->count++;
}

void node_replace(struct node *node, size_t at,
                  const struct listpack_element *element, size_t most)
{
    size_t old = listpack_entry_size(node_pack(node), at);

    if (element->size > old)
        node_reserve(node, false, element->size - old, most);
    listpack_replace(node_pack(node), at, element);
}

void node_delete(struct node *node, size_t at)
{
    if (at == LISTPACK_HEADER)
        node_drop_left(node, 1);
    else
        listpack_delete(node_pack(node), at, 1);
    node->count--;
}

/* Entries before the one at `at`. */
static size_t node_index(const struct node *node, size_t at)
{
    const void *pack = node_pack(node);
    size_t index = 0;

    for (size_t p = LISTPACK_HEADER; p < at; index++)
        p += listpack_entry_size(pack, p);
    return index;
}

void node_split(struct node *node, size_t at, struct node *tail)
{
    size_t index = node_index(node, at);

    assert(index > 0 && index < node->count);
    (void)node_init_copy(tail, node_pack(node), false);
    node_drop(tail, true, index);
    node_drop(node, false, node->count - index);
    node_fit(tail);
    node_fit(node);
}

void node_join(struct node *node, struct node *tail)
{
    size_t more = listpack_size(node_pack(tail)) - LISTPACK_EMPTY;

    node_reserve(node, false, more, listpack_size(node_pack(node)) + more);
    listpack_merge(node_pack(node), node_pack(tail), false);
    node->count += tail->count;
    node_free(tail);
}

/* --- Squeezing ----------------------------------------------------------- */

void node_squeeze(struct node *node)
{
    const void *from = node->plain ? node->blob->data : node_pack(node);
    size_t full = node_size(node);
    struct node squeezed = *node;
    unsigned size = 0;
    uint8_t *room;

    if (full < SQUEEZE_FROM || full > UINT32_MAX ||
        !(room = node_alloc(full, true)))
        return;
    size = lzf_compress(from, (unsigned)full, room,
                        (unsigned)(full - SQUEEZE_GAIN));
    if (size > 0 && (squeezed.block = node_alloc(size, true))) {
        memcpy(squeezed.block, room, size);
        squeezed.room = size;
        squeezed.full = (uint32_t)full;
        squeezed.squeezed = true;
        node_free(node);
        *node = squeezed;
    }
    kr_memory->free(list_self, room);
}

void node_unpack(const struct node *node, void *to)
{
    unsigned size = lzf_decompress(node->block, node->room, to, node->full);

    assert(size == node->full); /* these bytes are our own */
    (void)size;
}

void node_expand(struct node *node)
{
    struct node raw = {.count = node->count, .plain = node->plain};

    if (node->plain) {
        raw.blob = node_new_blob(node->full);
        node_unpack(node, raw.blob->data);
    } else {
        raw.block = node_alloc(node->full, false);
        raw.room = node->full;
        node_unpack(node, raw.block);
    }
    node_free(node);
    *node = raw;
}
