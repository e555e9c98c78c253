/* SPDX-License-Identifier: BSD-3-Clause */
/* node - one piece of a chain: a listpack with room at both ends, or one huge
 * element.
 *
 *   packed     block --> +- - - -+------+---------+-- ... --+----+- - - -+
 *                        | room  | head | entry 0 |         | ff | room  |
 *                        +- - - -+------+---------+-- ... --+----+- - - -+
 *                        0       start                                   room
 *
 *   plain      blob ---> the element's bytes, which replies and copies share
 *
 *   squeezed   block --> what LZF made of the listpack, or of the element, in a
 *                        block of just its size
 *
 * The head of a listpack is the six bytes before its first entry, wherever that
 * is: adding an element in front moves the head to the left, dropping the first
 * one moves it to the right, and no entry moves.  So both ends are cheap until
 * the room there is used up; then the whole slides to the other side of the
 * block, or the block grows.
 *
 * Nodes are the chain's: they stand in its ring, 24 bytes each, and may be
 * moved as bytes. */
#ifndef LIST_NODE_H
#define LIST_NODE_H

#include <kr/memory.h>

#include "../compact/listpack.h"
#include "limit.h"

struct node {
    union {
        uint8_t *block;
        struct kr_blob *blob; /* plain, not squeezed */
    };
    uint32_t count; /* elements; 1 if plain */
    uint32_t room;  /* bytes of `block` */
    union {
        uint32_t start; /* packed: where the listpack begins */
        uint32_t full;  /* squeezed: bytes when it is not */
    };
    bool plain;
    bool squeezed;
};

/* An element on its way into a list. */
struct element {
    struct kr_str bytes;
    struct kr_blob *blob; /* NULL, or a reference that the list takes over */
};

/* --- One node ------------------------------------------------------------ */

/* An empty listpack in a block of at least `room` bytes. */
void node_init(struct node *node, size_t room);

/* A listpack copied from elsewhere; false, only with `try`: no memory. */
bool node_init_copy(struct node *node, const void *listpack, bool try);

/* One element by itself; takes its blob over. */
void node_init_plain(struct node *node, const struct element *element);

/* A node with the same contents; a blob is shared.  false: no memory. */
bool node_copy(struct node *node, const struct node *from);

void node_free(struct node *node); /* [any] */

/* Bytes that it takes from the allocator; its share of a blob is all of it. */
size_t node_memory(const struct node *node);

/* --- Contents ------------------------------------------------------------ */

static inline void *node_pack(const struct node *node)
{
    return node->block + node->start;
}

/* Bytes of what is inside when it is not squeezed.  O(1). */
static inline size_t node_size(const struct node *node)
{
    if (node->squeezed)
        return node->full;
    return node->plain ? node->blob->size : listpack_size(node_pack(node));
}

/* Would an entry of `size` bytes still be within the limits? */
static inline bool node_has_room(const struct node *node,
                                 const struct limits *limits, size_t size)
{
    return !node->plain && node->count < limits->count &&
           node_size(node) + size <= limits->bytes;
}

/* Write the contents of a squeezed node to `to`, `full` bytes. */
void node_unpack(const struct node *node, void *to);

/* --- Edit: not while it is squeezed -------------------------------------- */

/* An element at an end.  `most`: bytes that the node may come to have. */
void node_push(struct node *node, bool front,
               const struct listpack_element *element, size_t most);

/* `count` elements less at an end; not all. */
void node_drop(struct node *node, bool front, size_t count);

/* The same at a place in the listpack. */
void node_insert(struct node *node, size_t at,
                 const struct listpack_element *element, size_t most);
void node_replace(struct node *node, size_t at,
                  const struct listpack_element *element, size_t most);
void node_delete(struct node *node, size_t at);

/* Move the entries from `at` on, which is neither the first nor the end, to a
 * new node `tail`. */
void node_split(struct node *node, size_t at, struct node *tail);

/* Add the elements of `tail`, whose memory is freed. */
void node_join(struct node *node, struct node *tail);

/* Give back the room that is not used, if it is worth it. */
void node_fit(struct node *node);

/* --- Squeezing ----------------------------------------------------------- */

/* Compress it, if that saves anything. */
void node_squeeze(struct node *node);
void node_expand(struct node *node); /* and back */

#endif
