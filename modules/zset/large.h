/* SPDX-License-Identifier: BSD-3-Clause */
/* large - a sorted set of many members: a table and a tree over one set of
 * items.
 *
 *      struct large
 *      +------------------+------------------+
 *      | tree             | table            |
 *      +--|---------------+--|---------------+
 *         | by score,        | by member
 *         v then member      v
 *      leaves  1.0 1.5 | pointer, pointer    slots  tag, pointer
 *                             \                          /
 *                              v                        v
 *                       item  | size | member | score |
 *
 * The table answers what a member's score is, the tree what stands where; how
 * the two share an item is in structure/item.h.
 *
 * Invariants (large_check() verifies them):
 *   - the tree and the table have the same items;
 *   - the score in an item is the one that the tree keeps beside it: equal, but
 *     a zero may have lost its sign in neither.
 *
 * Costs: a score O(1), a position and a change O(log n).  About 40 bytes a
 * member beside its own. */
#ifndef ZSET_LARGE_H
#define ZSET_LARGE_H

#include "../structure/host.h"
#include "../structure/htable.h"
#include "../structure/item.h"
#include "../structure/tree.h"

struct large {
    struct tree tree;
    struct htable table;
};

struct large *large_new(const struct structure_host *host);

/* With all its items.  Touches nothing else, so any thread may do it. */
void large_free(struct large *large, const struct structure_host *host);

static inline uint64_t large_count(const struct large *large)
{
    return tree_count(&large->tree);
}

/* The member's item, or NULL; `hash` is its hash. */
static inline struct item *large_find(const struct large *large,
                                      struct kr_str member, uint64_t hash)
{
    return htable_find(&large->table, member, hash, NULL);
}

/* Insert a member that is not there.  The first is for any order, the second is
 * cheaper where members come in order, up or down. */
void large_insert(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, double score);
void large_append(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, double score);

/* The second with an item that has been made before: item_new(host, member,
 * sizeof(double)). */
void large_append_item(struct large *large, const struct structure_host *host,
                       uint64_t hash, struct item *item, double score);

/* For what is made as a whole: gather() finds the member's item or makes one,
 * which the answer tells; settle() puts all of them into order when their
 * scores are final.  Between the two only these functions may see it. */
bool large_gather(struct large *large, const struct structure_host *host,
                  uint64_t hash, struct kr_str member, struct item **item);
void large_settle(struct large *large, const struct structure_host *host);

/* Give an item another score. */
void large_move(struct large *large, const struct structure_host *host,
                struct item *item, double score);

/* false: no such member. */
bool large_remove(struct large *large, const struct structure_host *host,
                  struct kr_str member);

/* Remove up to `count` members from `position` on. */
void large_remove_range(struct large *large, const struct structure_host *host,
                        uint64_t position, uint64_t count);

/* A copy of what is left without `count` members from `position` on, which are
 * there. */
struct large *large_copy_without(const struct large *large,
                                 const struct structure_host *host,
                                 uint64_t position, uint64_t count);

static inline struct large *large_copy(const struct large *large,
                                       const struct structure_host *host)
{
    return large_copy_without(large, host, 0, 0);
}

/* Let `move` say where the items of up to `count` members, from `position` on,
 * are now: it answers a new address, and then the old one is gone, or NULL. */
typedef void *(*large_move_fn)(void *ctx, void *item);
void large_relocate(struct large *large, const struct structure_host *host,
                    uint64_t position, uint64_t count, large_move_fn move,
                    void *ctx);

/* Bytes of all but the items.  O(1). */
size_t large_frame_memory(const struct large *large);

/* NULL, or the invariant that does not hold.  O(n). */
const char *large_check(const struct large *large,
                        const struct structure_host *host);

#endif
