/* SPDX-License-Identifier: BSD-3-Clause */
/* entries - a stream in memory: its entries, in order of their ids.
 *
 *   the key's entry      struct stream
 *   +-----+ - - -+      +-------+------+--------+--------------------+--------+
 *   | key | box -+----> | nodes | tail | length | first, last, added | groups |
 *   +-----+ - - -+      +---|---+---|--+--------+--------------------+---|----+
 *                           |       `-----------------------.            `-> group.h
 *                           v                                \
 *       a counted B+-tree   | 1-0   | 81-0  | 144-2 |         |
 *       by the node's id    +---|---+---|---+---|---+         |
 *                               v       v       v             v
 *       node.h                 node    node    node  ... <- entries are added here
 *
 * A stream may be without entries and still be there; no node is then left, but
 * for one whose entries are all dead (a trim by id may leave that).
 *
 * Invariants (entries_check() verifies them): nodes ascend; so do live entries,
 * and none is above `last`; length counts them, and `first` is the first one's
 * id, 0-0 if there is none; tail is the tree's last node.
 *
 * Costs: appending is O(the entry), finding O(log nodes + node), trimming
 * O(log nodes) for each 62 nodes that go and one look at the shorter of the
 * parts that go and stay.  Memory: 112 bytes, and some 17 a node. */
#ifndef STREAM_ENTRIES_H
#define STREAM_ENTRIES_H

#include <kr/base.h>

#include "../structure/tree.h"
#include "id.h"
#include "node.h"

struct stream {
    struct tree nodes;
    struct node *tail;        /* NULL: no nodes */
    struct tree *groups;      /* NULL: there has been none yet */
    uint64_t length;          /* live entries */
    struct stream_id first;   /* 0-0: none */
    struct stream_id last;    /* the highest that was ever given */
    struct stream_id deleted; /* the highest that XDEL has deleted */
    uint64_t added;           /* entries, ever */
};

struct stream *entries_new(void);
/* The stream with its groups. */
void entries_free(struct stream *s);
struct stream *entries_copy(const struct stream *s);

/* --- Read ---------------------------------------------------------------- */

/* A walk over the live entries from `from` to `to`, both included, upwards or
 * downwards.  No entry may be added or deleted meanwhile. */
struct entries_walk {
    struct tree_place place;
    struct stream_id from, to;
    bool back;
    struct node *node;
    struct node_head head;
    struct node_entry
        entry; /* the current one: stream_node_pair(walk.node, ...) */
};

void entries_begin(struct entries_walk *walk, const struct stream *s,
                   struct stream_id from, struct stream_id to, bool back);
/* false: no more. */
bool entries_next(struct entries_walk *walk);

/* Is the entry there?  The walk stands on it. */
bool entries_find(struct entries_walk *walk, const struct stream *s,
                  struct stream_id id);

/* The last live entry's id; false: there is none. */
bool entries_last(const struct stream *s, struct stream_id *id);

/* The first entry's id, dead or live; ID_MAX if there is none. */
struct stream_id entries_edge(const struct stream *s);

/* --- Change -------------------------------------------------------------- */

/* Append an entry, whose id is above s->last. */
void entries_append(struct stream *s, struct stream_id id, size_t pairs,
                    const struct kr_str *words);

/* For loading: add a node, whose id is above that of the last one; and then see
 * which entry is the first. */
void entries_add_node(struct stream *s, struct node *node);
void entries_find_first(struct stream *s);

/* Delete an entry; false: it is not there.  `first` is kept up to date, and so
 * is `deleted`. */
bool entries_delete(struct stream *s, struct stream_id id);

/* What to keep: the last `length` entries, or those from `id` on. */
struct entries_trim {
    bool by_id;
    bool whole; /* only nodes that go as a whole */
    uint64_t length;
    struct stream_id id;
    uint64_t limit; /* entries to delete at most, by whole nodes; 0: any */
};

/* Nodes that a trim has cut off, for the caller to give to waste_free(), on
 * any thread.  Their number is O(1) to ask for. */
struct waste {
    struct tree tree;
    struct node **nodes;
    size_t count;
};

/* Answers how many entries have gone. */
uint64_t entries_trim(struct stream *s, const struct entries_trim *how,
                      struct waste *waste);
void waste_free(struct waste *waste);

static inline uint64_t waste_count(const struct waste *waste)
{
    return tree_count(&waste->tree) + waste->count;
}

/* The node number `position` is at another address now; the old one is gone. */
void entries_moved(struct stream *s, uint64_t position, struct node *node);

/* --- Looking at it ------------------------------------------------------- */

/* Entries from the first ever added up to `id`, if that can be told: an id
 * within the stream may have any number of deleted ones before it.  -1: it can
 * not. */
int64_t entries_distance(const struct stream *s, struct stream_id id);

/* May something at or behind `id` have been deleted? */
bool entries_has_gaps(const struct stream *s, struct stream_id id);

/* NULL, or the invariant that does not hold.  O(bytes). */
const char *entries_check(const struct stream *s);

#endif
