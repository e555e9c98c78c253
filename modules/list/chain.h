/* SPDX-License-Identifier: BSD-3-Clause */
/* chain - a long list: nodes in a ring.
 *
 *   struct chain                     ring, a power of two of struct node
 *   +-------+--------+              +------+------+------+------+------+------+
 *   | count | ring  -+------------->| n-2  | n-1  |      |  0   |  1   | ...  |
 *   | first | length | ...          +------+------+------+------+------+------+
 *   +-------+--------+                                      ^ first
 *
 * Node 0 holds the first elements.  Nodes stand side by side, 24 bytes each, so
 * finding an index adds up their counts, from the nearer end, in a few cache
 * lines where a linked list would take a miss for every node.  A node more at
 * an end is a step of `first` or `length`; one in the middle moves the nodes of
 * the shorter side.
 *
 * Nodes further than `depth` from both ends are squeezed as soon as they are
 * edited or come to be so far inside.  A change of the depth reaches a node
 * when something happens to it.  Reading one that is squeezed unpacks it into
 * `page`, which holds one node, until the next one, an edit, or chain_close().
 *
 * Invariants: no node is empty, unless there is no node; counts add up; nodes
 * within `depth` of an end are not squeezed, where the depth did not change.
 *
 * Costs, for n nodes: ends O(1); by index O(n / 64) cache lines and a walk
 * within one node; insert and remove O(node + n / 4) bytes at most. */
#ifndef LIST_CHAIN_H
#define LIST_CHAIN_H

#include "limit.h"
#include "node.h"

struct chain {
    uint64_t count;
    struct node *ring;
    uint32_t first;  /* where in the ring node 0 is */
    uint32_t length; /* nodes */
    uint32_t room;   /* of the ring, in nodes */
    uint32_t opened; /* the node that `page` holds */
    void *page;      /* or NULL */
};

/* An element's place.  `at` is 0 in a plain node. */
struct place {
    uint32_t node;
    size_t at;
};

/* --- The whole ----------------------------------------------------------- */

struct chain *chain_new(void);
void chain_free(struct chain *chain);                /* [any] */
struct chain *chain_copy(const struct chain *chain); /* NULL: no memory */

/* Bytes, from about `samples` nodes; 0: all of them. */
size_t chain_memory(const struct chain *chain, size_t samples);

/* Do the invariants hold?  For tests. */
bool chain_check(const struct chain *chain);

/* --- Read ---------------------------------------------------------------- */

static inline struct node *chain_node(const struct chain *chain, uint32_t i)
{
    return &chain->ring[(chain->first + i) & (chain->room - 1)];
}

/* The element number `index`, which must be there. */
struct place chain_seek(struct chain *chain, uint64_t index);

/* The listpack of a node, or the bytes of a plain one: good until the next
 * squeezed node is read, or the chain changes. */
const void *chain_read(struct chain *chain, uint32_t node);

/* Nothing that was read is needed any more. */
void chain_close(struct chain *chain);

/* --- Edit ---------------------------------------------------------------- */

/* Add a node behind the last one; takes it over.  For loading. */
void chain_append(struct chain *chain, const struct limits *limits,
                  const struct node *node);

void chain_push(struct chain *chain, const struct limits *limits, bool front,
                const struct element *element);

/* Drop `count` elements of an end, at most as many as there are.  Many whole
 * nodes go to a chain of their own, for another thread to free; else the answer
 * is NULL. */
struct chain *chain_drop(struct chain *chain, const struct limits *limits,
                         bool front, uint64_t count);

/* Replace the element number `index`, insert before it (or at the end), remove
 * it. */
void chain_replace(struct chain *chain, const struct limits *limits,
                   uint64_t index, const struct element *element);
void chain_insert(struct chain *chain, const struct limits *limits,
                  uint64_t index, const struct element *element);
void chain_remove(struct chain *chain, const struct limits *limits,
                  uint64_t index);

/* Remove up to `most` elements that are these bytes, from one end on; answers
 * how many there were. */
uint64_t chain_remove_equal(struct chain *chain, const struct limits *limits,
                            struct kr_str bytes, uint64_t most, bool back);

/* The same for a listpack by itself. */
size_t pack_remove_equal(void *listpack, const struct listpack_element *element,
                         size_t most, bool back);

#endif
