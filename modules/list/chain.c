/* SPDX-License-Identifier: BSD-3-Clause */
#include "chain.h"

#include "module.h"

#include <assert.h>

#define RING_MIN   4u   /* nodes */
#define ROOM_FIRST 512u /* bytes of a young chain's new node */
#define LONG       8u   /* nodes of a chain that is no longer young */
#define DROP_LATER 64u  /* nodes: more are left to another thread */

/* --- The ring ------------------------------------------------------------ */

static void ring_resize(struct chain *chain, uint32_t room)
{
    struct node *ring = kr_memory->alloc(list_self, room * sizeof(struct node));

    for (uint32_t i = 0; i < chain->length; i++)
        ring[i] = *chain_node(chain, i);
    kr_memory->free(list_self, chain->ring);
    chain->ring = ring;
    chain->room = room;
    chain->first = 0;
}

/* A place for a node before the one number `i`. */
static struct node *ring_open(struct chain *chain, uint32_t i)
{
    if (chain->length == chain->room)
        ring_resize(chain, chain->room * 2);
    if (i < chain->length / 2 || i == 0) {
        chain->first--;
        for (uint32_t k = 0; k < i; k++)
            *chain_node(chain, k) = *chain_node(chain, k + 1);
    } else {
        for (uint32_t k = chain->length; k > i; k--)
            *chain_node(chain, k) = *chain_node(chain, k - 1);
    }
    chain->length++;
    return chain_node(chain, i);
}

/* Close the gap of `count` nodes from number `i` on, which are no more. */
static void ring_close(struct chain *chain, uint32_t i, uint32_t count)
{
    uint32_t behind = chain->length - i - count;
    uint32_t room = chain->room;

    if (i < behind) {
        for (uint32_t k = i; k > 0; k--)
            *chain_node(chain, k - 1 + count) = *chain_node(chain, k - 1);
        chain->first += count;
    } else {
        for (uint32_t k = i; k < i + behind; k++)
            *chain_node(chain, k) = *chain_node(chain, k + count);
    }
    chain->length -= count;
    while (chain->length < room / 4 && room > RING_MIN)
        room /= 2;
    if (room < chain->room)
        ring_resize(chain, room);
}

/* --- The whole ----------------------------------------------------------- */

static struct chain *chain_sized(uint32_t room)
{
    struct chain *chain = kr_memory->alloc(list_self, sizeof(*chain));

    *chain = (struct chain){.room = RING_MIN};
    while (chain->room < room)
        chain->room *= 2;
    chain->ring =
        kr_memory->alloc(list_self, chain->room * sizeof(struct node));
    return chain;
}

struct chain *chain_new(void)
{
    return chain_sized(RING_MIN);
}

void chain_free(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->length; i++)
        node_free(chain_node(chain, i));
    kr_memory->free(list_self, chain->page);
    kr_memory->free(list_self, chain->ring);
    kr_memory->free(list_self, chain);
}

struct chain *chain_copy(const struct chain *chain)
{
    struct chain *copy = chain_sized(chain->length);

    copy->count = chain->count;
    for (uint32_t i = 0; i < chain->length; i++) {
        if (!node_copy(chain_node(copy, i), chain_node(chain, i))) {
            chain_free(copy);
            return NULL;
        }
        copy->length++;
    }
    return copy;
}

size_t chain_memory(const struct chain *chain, size_t samples)
{
    uint32_t n = chain->length;
    size_t size = 0;

    if (samples > 0 && samples < n)
        n = (uint32_t)samples;
    for (uint32_t i = 0; i < n; i++)
        size += node_memory(chain_node(chain, i));
    if (n > 0)
        size = (size_t)((double)size / n * chain->length);
    if (chain->page)
        size += kr_memory->usable(chain->page);
    return size + kr_memory->usable(chain) + kr_memory->usable(chain->ring);
}

bool chain_check(const struct chain *chain)
{
    uint64_t count = 0;

    if (chain->length > chain->room || chain->room & (chain->room - 1))
        return false;
    for (uint32_t i = 0; i < chain->length; i++) {
        const struct node *node = chain_node(chain, i);
        struct kr_str pack;

        count += node->count;
        if (node->count == 0 || (node->plain && node->count != 1))
            return false;
        if (node->plain || node->squeezed)
            continue;
        pack = kr_str(node_pack(node), listpack_size(node_pack(node)));
        if (node->start + pack.size > node->room ||
            listpack_check(pack) != LISTPACK_SOUND ||
            listpack_count(pack.data) != node->count)
            return false;
    }
    return count == chain->count;
}

/* --- Read ---------------------------------------------------------------- */

void chain_close(struct chain *chain)
{
    if (KR_LIKELY(!chain->page))
        return;
    kr_memory->free(list_self, chain->page);
    chain->page = NULL;
}

const void *chain_read(struct chain *chain, uint32_t i)
{
    const struct node *node = chain_node(chain, i);

    if (KR_LIKELY(!node->squeezed))
        return node->plain ? node->blob->data : node_pack(node);
    if (chain->page && chain->opened == i)
        return chain->page;
    chain_close(chain);
    chain->page = kr_memory->alloc(list_self, node->full);
    chain->opened = i;
    node_unpack(node, chain->page);
    return chain->page;
}

/* The node in which `index` is; *index becomes the number within it. */
static uint32_t chain_find(const struct chain *chain, uint64_t *index)
{
    uint64_t before = *index, after = chain->count - *index;
    uint32_t i;

    assert(*index < chain->count);
    if (before <= after) {
        for (i = 0; before >= chain_node(chain, i)->count; i++)
            before -= chain_node(chain, i)->count;
        *index = before;
    } else {
        for (i = chain->length - 1; after > chain_node(chain, i)->count; i--)
            after -= chain_node(chain, i)->count;
        *index = chain_node(chain, i)->count - after;
    }
    return i;
}

struct place chain_seek(struct chain *chain, uint64_t index)
{
    struct place place = {.node = chain_find(chain, &index)};

    if (!chain_node(chain, place.node)->plain)
        place.at = listpack_seek(chain_read(chain, place.node), (int64_t)index);
    return place;
}

/* --- Squeezing ----------------------------------------------------------- */

/* The node, to be edited. */
static struct node *chain_edit(struct chain *chain, uint32_t i)
{
    struct node *node = chain_node(chain, i);

    if (KR_UNLIKELY(node->squeezed))
        node_expand(node);
    return node;
}

static void chain_squeeze(struct chain *chain, uint32_t depth, uint32_t i)
{
    if (i >= depth && i < chain->length && chain->length - i > depth &&
        !chain_node(chain, i)->squeezed)
        node_squeeze(chain_node(chain, i));
}

/* After an edit of the nodes around number `i`: squeeze those that are inside,
 * also those that have just come to be, and expand what has come to an end. */
static __attribute__((noinline)) void
chain_settle_deep(struct chain *chain, uint32_t depth, uint32_t i)
{
    for (uint32_t k = 0; k < depth && k < chain->length; k++) {
        chain_edit(chain, k);
        chain_edit(chain, chain->length - 1 - k);
    }
    chain_squeeze(chain, depth, depth);
    chain_squeeze(chain, depth, chain->length - 1 - depth);
    for (uint32_t k = i > 2 ? i - 2 : 0; k < i + 3; k++)
        chain_squeeze(chain, depth, k);
}

static inline void chain_settle(struct chain *chain,
                                const struct limits *limits, uint32_t i)
{
    if (KR_UNLIKELY(limits->depth > 0))
        chain_settle_deep(chain, limits->depth, i);
}

/* --- Ends ---------------------------------------------------------------- */

/* A new node before the one number `i`, empty.  Its neighbour at the outside is
 * no longer at the end, so its room goes. */
static struct node *chain_open(struct chain *chain, const struct limits *limits,
                               uint32_t i)
{
    struct node *node;

    if (i == chain->length && i > 0)
        node_fit(chain_node(chain, i - 1));
    else if (i == 0 && chain->length > 0)
        node_fit(chain_node(chain, 0));
    node = ring_open(chain, i);
    node_init(node, chain->length > LONG ? limits->bytes : ROOM_FIRST);
    return node;
}

static void chain_push_plain(struct chain *chain, uint32_t i,
                             const struct element *element)
{
    node_init_plain(ring_open(chain, i), element);
}

static bool element_is_huge(const struct element *element,
                            const struct limits *limits)
{
    return element->blob || limit_is_huge(limits, element->bytes.size);
}

void chain_append(struct chain *chain, const struct limits *limits,
                  const struct node *node)
{
    *ring_open(chain, chain->length) = *node;
    chain->count += node->count;
    chain_settle(chain, limits, chain->length - 1);
}

void chain_push(struct chain *chain, const struct limits *limits, bool front,
                const struct element *element)
{
    uint32_t i = front ? 0 : chain->length;
    struct listpack_element entry;
    struct node *node;

    chain_close(chain);
    chain->count++;
    if (KR_UNLIKELY(element_is_huge(element, limits))) {
        chain_push_plain(chain, i, element);
        chain_settle(chain, limits, i);
        return;
    }
    entry = listpack_element(element->bytes);
    node = chain->length > 0 ? chain_edit(chain, front ? 0 : chain->length - 1)
                             : NULL;
    if (KR_UNLIKELY(!node || !node_has_room(node, limits, entry.size))) {
        node = chain_open(chain, limits, i);
        node_push(node, front, &entry, limits->bytes);
        chain_settle(chain, limits, i);
        return;
    }
    node_push(node, front, &entry, limits->bytes);
}

/* Nodes from an end into a chain of their own, or freed. */
static struct chain *chain_cut(struct chain *chain, bool front, uint32_t nodes)
{
    uint32_t from = front ? 0 : chain->length - nodes;
    struct chain *cut = NULL;

    if (nodes > DROP_LATER)
        cut = chain_sized(nodes);
    for (uint32_t i = from; i < from + nodes; i++)
        if (cut)
            cut->ring[cut->length++] = *chain_node(chain, i);
        else
            node_free(chain_node(chain, i));
    ring_close(chain, from, nodes);
    return cut;
}

struct chain *chain_drop(struct chain *chain, const struct limits *limits,
                         bool front, uint64_t count)
{
    struct chain *cut = NULL;
    uint32_t nodes = 0;

    chain_close(chain);
    chain->count -= count;
    for (; nodes < chain->length; nodes++) {
        uint32_t i = front ? nodes : chain->length - 1 - nodes;

        if (count < chain_node(chain, i)->count)
            break;
        count -= chain_node(chain, i)->count;
    }
    if (nodes > 0)
        cut = chain_cut(chain, front, nodes);
    if (count > 0)
        node_drop(chain_edit(chain, front ? 0 : chain->length - 1), front,
                  count);
    if (nodes > 0)
        chain_settle(chain, limits, front ? 0 : chain->length);
    return cut;
}

/* --- The middle ---------------------------------------------------------- */

/* Join the nodes number `i` and i + 1 if one has room for both.  Answers
 * whether it did. */
static bool chain_join(struct chain *chain, const struct limits *limits,
                       uint32_t i, uint32_t most)
{
    struct node *a, *b;

    if (i + 1 >= chain->length)
        return false;
    a = chain_node(chain, i);
    b = chain_node(chain, i + 1);
    if (a->plain || b->plain || limits->count - a->count < b->count ||
        a->count > limits->count ||
        node_size(a) + node_size(b) - LISTPACK_EMPTY > most)
        return false;
    chain_edit(chain, i);
    chain_edit(chain, i + 1);
    node_join(a, b);
    ring_close(chain, i + 1, 1);
    return true;
}

/* An entry between the nodes i - 1 and i: to the end of one, or a new one. */
static void chain_insert_between(struct chain *chain,
                                 const struct limits *limits, uint32_t i,
                                 const struct listpack_element *entry)
{
    if (i > 0 && node_has_room(chain_node(chain, i - 1), limits, entry->size))
        node_push(chain_edit(chain, i - 1), false, entry, limits->bytes);
    else if (i < chain->length &&
             node_has_room(chain_node(chain, i), limits, entry->size))
        node_push(chain_edit(chain, i), true, entry, limits->bytes);
    else
        node_push(chain_open(chain, limits, i), true, entry, limits->bytes);
}

/* Make a border between nodes before the element at `place`, and answer the
 * number of the node behind it. */
static uint32_t chain_part(struct chain *chain, struct place place)
{
    struct node tail;

    if (place.at <= LISTPACK_HEADER)
        return place.node;
    node_split(chain_node(chain, place.node), place.at, &tail);
    *ring_open(chain, place.node + 1) = tail;
    return place.node + 1;
}

/* Insert before the element at `place`. */
static void chain_insert_at(struct chain *chain, const struct limits *limits,
                            struct place place, const struct element *element)
{
    struct node *node = chain_edit(chain, place.node);
    struct listpack_element entry;
    uint32_t i;

    if (element_is_huge(element, limits)) {
        i = chain_part(chain, place);
        chain_push_plain(chain, i, element);
    } else {
        entry = listpack_element(element->bytes);
        if (node_has_room(node, limits, entry.size)) {
            node_insert(node, place.at, &entry, limits->bytes);
            i = place.node;
        } else {
            i = chain_part(chain, place);
            chain_insert_between(chain, limits, i, &entry);
            if (chain_join(chain, limits, i, limits->bytes))
                i--;
            if (i > 1)
                chain_join(chain, limits, i - 2, limits->bytes);
        }
    }
    chain_settle(chain, limits, i);
}

void chain_insert(struct chain *chain, const struct limits *limits,
                  uint64_t index, const struct element *element)
{
    struct place place;

    if (index == chain->count || index == 0) {
        chain_push(chain, limits, index == 0, element);
        return;
    }
    place = chain_seek(chain, index);
    chain_close(chain);
    chain->count++;
    chain_insert_at(chain, limits, place, element);
}

static void chain_remove_at(struct chain *chain, struct place place)
{
    struct node *node = chain_edit(chain, place.node);

    chain->count--;
    if (node->count > 1) {
        node_delete(node, place.at);
        return;
    }
    node_free(node);
    ring_close(chain, place.node, 1);
}

void chain_remove(struct chain *chain, const struct limits *limits,
                  uint64_t index)
{
    struct place place = chain_seek(chain, index);

    chain_close(chain);
    chain_remove_at(chain, place);
    chain_settle(chain, limits, place.node);
}

/* Can the entry at `place` take the new one's size where it is? */
static bool chain_fits_here(const struct node *node, struct place place,
                            const struct limits *limits, size_t size)
{
    size_t now = listpack_size(node_pack(node));
    size_t then = now - listpack_entry_size(node_pack(node), place.at) + size;

    return then <= now || then <= limits->bytes;
}

void chain_replace(struct chain *chain, const struct limits *limits,
                   uint64_t index, const struct element *element)
{
    struct place place = chain_seek(chain, index);
    bool huge = element_is_huge(element, limits);
    struct listpack_element entry;
    struct node *node;

    chain_close(chain);
    node = chain_edit(chain, place.node);
    if (!huge)
        entry = listpack_element(element->bytes);
    if (node->plain) {
        node_free(node);
        if (huge) {
            node_init_plain(node, element);
        } else {
            node_init(node, LISTPACK_EMPTY + entry.size);
            node_push(node, false, &entry, limits->bytes);
        }
    } else if (!huge && chain_fits_here(node, place, limits, entry.size)) {
        node_replace(node, place.at, &entry, limits->bytes);
    } else {
        chain_remove_at(chain, place);
        chain_insert(chain, limits, index, element);
        return;
    }
    chain_settle(chain, limits, place.node);
}

/* --- Equal elements ------------------------------------------------------ */

/* Neighbours go together: a listpack of nothing else is emptied at once. */
static size_t pack_remove_forward(void *pack,
                                  const struct listpack_element *element,
                                  size_t most)
{
    size_t at = listpack_first(pack), gone = 0;

    while (gone < most && (at = listpack_find(pack, at, element, 0))) {
        size_t run = 1, next = at;

        while (run < most - gone && (next = listpack_next(pack, next)) &&
               listpack_equal(pack, next, element))
            run++;
        at = listpack_delete(pack, at, run);
        gone += run;
    }
    return gone;
}

static size_t pack_remove_back(void *pack,
                               const struct listpack_element *element,
                               size_t most)
{
    size_t at = listpack_last(pack), gone = 0;

    while (gone < most && at) {
        size_t before = listpack_prev(pack, at);

        if (listpack_equal(pack, at, element)) {
            listpack_delete(pack, at, 1);
            gone++;
        }
        at = before;
    }
    return gone;
}

size_t pack_remove_equal(void *pack, const struct listpack_element *element,
                         size_t most, bool back)
{
    return back ? pack_remove_back(pack, element, most)
                : pack_remove_forward(pack, element, most);
}

/* Remove them from one node; answers how many there were. */
static size_t chain_remove_in(struct chain *chain, uint32_t i,
                              struct kr_str bytes,
                              const struct listpack_element *element,
                              size_t most, bool back)
{
    struct node *node = chain_node(chain, i);
    const void *inside = chain_read(chain, i);
    size_t gone;

    if (node->plain) {
        gone = node_size(node) == bytes.size &&
               memcmp(inside, bytes.data, bytes.size) == 0;
    } else {
        if (!listpack_find(inside, listpack_first(inside), element, 0))
            return 0;
        chain_close(chain);
        node = chain_edit(chain, i);
        gone = pack_remove_equal(node_pack(node), element, most, back);
    }
    node->count -= (uint32_t)gone;
    chain->count -= gone;
    return gone;
}

/* Node number `i` has lost elements.  false: it is no more. */
static bool chain_tidy(struct chain *chain, const struct limits *limits,
                       uint32_t i)
{
    struct node *node = chain_node(chain, i);

    chain_close(chain);
    if (node->count == 0) {
        node_free(node);
        ring_close(chain, i, 1);
        return false;
    }
    node_fit(node);
    if (i > 0 && chain_join(chain, limits, i - 1, limits->bytes / 2))
        return false;
    chain_squeeze(chain, limits->depth > 0 ? limits->depth : UINT32_MAX, i);
    return true;
}

uint64_t chain_remove_equal(struct chain *chain, const struct limits *limits,
                            struct kr_str bytes, uint64_t most, bool back)
{
    struct listpack_element element = listpack_element(bytes);
    uint32_t i = back ? chain->length : 0;
    uint64_t gone = 0;

    while (gone < most && (back ? i > 0 : i < chain->length)) {
        size_t here;

        i -= back;
        here = chain_remove_in(chain, i, bytes, &element, most - gone, back);
        gone += here;
        if ((here == 0 || chain_tidy(chain, limits, i)) && !back)
            i++;
    }
    chain_close(chain);
    if (gone > 0)
        chain_settle(chain, limits, i);
    return gone;
}
