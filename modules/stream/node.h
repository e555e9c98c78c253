/* SPDX-License-Identifier: BSD-3-Clause */
/* node - a run of entries with one id to count from: a listpack, laid out as
 * Redis lays it out, so that saving and loading a node is a copy.
 *
 *   head     | live | dead | n | field 1 | ... | field n | 0 |
 *   entry    | flags | ms | seq | value 1 | ... | value n | parts |
 *   or       | flags | ms | seq | n | field 1 | value 1 | ... | parts |
 *
 *   live, dead   how many entries are there, and how many are marked as deleted
 *   ms, seq      what is added to the node's own id, modulo 2^64
 *   flags        1: deleted; 2: the fields are those of the head
 *   parts        elements of the entry before this one, for who comes from
 *                behind; the 0 of the head stops him
 *
 * The node's id, which is that of its first entry, stands before the listpack:
 *
 *   0      4    5        21                      21 + size       21 + room
 *   +------+----+--------+--------- ... ---------+---------------+
 *   | room | 16 | id     | listpack              | spare         |
 *   +------+----+--------+--------- ... ---------+---------------+
 *          `-----------------.
 *                             an item of structure/item.h: what the tree holds
 *
 * Invariants (stream_node_check() verifies them): ids of live entries ascend, and none
 * is below the node's id; live and dead are exact; flags are at most 3.  A dead
 * entry may have any id: after XSETID a stream may go on before one.
 *
 * A node stays where it is until it must grow.  Room grows by half, at most by
 * 1 KiB more than is needed, and is cut when nothing more comes in.
 *
 * Costs: appending is O(the entry), finding and skipping O(the node). */
#ifndef STREAM_NODE_H
#define STREAM_NODE_H

#include <kr/base.h>

#include "../compact/listpack.h"
#include "../structure/item.h"
#include "id.h"

struct node {
    uint32_t room; /* bytes for the listpack */
    char key[1 + ID_KEY];
    unsigned char listpack[];
};

#define NODE_DEAD        1u
#define NODE_SAME_FIELDS 2u
#define NODE_FLAGS       3u

static inline struct item *stream_node_item(struct node *node)
{
    return (struct item *)(void *)node->key;
}

static inline struct node *stream_node_of(struct item *item)
{
    return (struct node *)(void *)((char *)item - offsetof(struct node, key));
}

static inline struct stream_id stream_node_id(const struct node *node)
{
    return id_from_key(node->key + 1);
}

static inline struct kr_str stream_node_bytes(const struct node *node)
{
    return kr_str((const char *)node->listpack, listpack_size(node->listpack));
}

/* --- The whole ----------------------------------------------------------- */

/* The listpack's first part, decoded. */
struct node_head {
    int64_t live;
    int64_t dead;
    int64_t fields;
    size_t fields_at; /* the first field; the 0 if there are none */
};

void stream_node_head(const struct node *node, struct node_head *head);

/* Where the first entry begins; 0 if there is none.  O(fields). */
size_t stream_node_first(const struct node *node, const struct node_head *head);

/* A node for that id with room for `size` bytes of listpack, yet without one. */
struct node *stream_node_new(struct stream_id id, size_t size);
void stream_node_free(struct node *node);

/* A copy, without spare room; and is there so much of it that a copy should take
 * the node's place? */
struct node *stream_node_copy(const struct node *node);
bool stream_node_is_loose(const struct node *node);

/* --- Entries ------------------------------------------------------------- */

/* An entry as it is read. */
struct node_entry {
    struct stream_id id;
    uint32_t flags;
    int64_t fields;
    int64_t left; /* fields and values that stream_node_pair() has not read */
    size_t at;    /* its flags */
    size_t fields_at; /* the next field, if those of the head are its own */
    size_t pairs_at;  /* the next value, or field and value */
};

/* Read the entry at `at`. */
void stream_node_read(const struct node *node, const struct node_head *head,
                      size_t at, struct node_entry *entry);

/* The next field and value, while entry->left is not 0. */
void stream_node_pair(const struct node *node, struct node_entry *entry,
                      struct listpack_item *field, struct listpack_item *value);

/* The entry after `entry`; 0 at the end. */
size_t stream_node_next(const struct node *node,
                        const struct node_entry *entry);

/* The entry before the one at `at` (0: the last one); 0 if there is none. */
size_t stream_node_before(const struct node *node, size_t at);

/* The id of the last entry, even a dead one.  false: there is none. */
bool stream_node_last_id(const struct node *node, struct stream_id *id);

/* --- Change --------------------------------------------------------------- */

/* A function that grows a node may answer another one.  The old one is then the
 * caller's to free by stream_node_free(), after whoever pointed to it has been told: its
 * id is still there to be read, its listpack is not.
 *
 * A new node with its first entry, whose id it has, and room for `room` bytes or
 * what the entry needs.  `words`: field, value, field, value. */
struct node *stream_node_begin(struct stream_id id, size_t room, size_t pairs,
                               const struct kr_str *words);
struct node *stream_node_append(struct node *node, struct stream_id id,
                                size_t pairs, const struct kr_str *words);

/* Mark the live entry at `at` as deleted.  The counts are for the caller to
 * change: by stream_node_set_counts(), once, however many entries there were. */
void stream_node_bury(struct node *node, size_t at, uint32_t flags);
struct node *stream_node_set_counts(struct node *node, int64_t live,
                                    int64_t dead);

/* --- Looking at it ------------------------------------------------------- */

/* Are these bytes, which listpack_check() has found sound, the listpack of a
 * node of that id?  *last is the last live id, kept as it was if none is live.
 * O(bytes). */
bool stream_node_check(struct stream_id id, const void *listpack,
                       uint64_t *live, struct stream_id *last);

#endif
