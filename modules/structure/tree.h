/* SPDX-License-Identifier: BSD-3-Clause */
/* tree - items in order of (score, key): a counted B+-tree.
 *
 * Entries are in leaves, which are linked both ways; an inner node knows of
 * each child its first entry, where it is, and how many entries are below it.
 *
 *              +---------------------------------+
 *   inner      | first  1 a |  2 c |  7 b        |   first: score and item,
 *              | count    3 |    2 |    3        |   exactly the child's first
 *              +------|---------|------|---------+
 *                 +---+         |      +------+
 *                 v             v             v
 *              +-------+     +-----+     +-------+
 *   leaves     |1a 1b 2a| <->|2c 3a| <-> |7b 8a 9z|
 *              +-------+     +-----+     +-------+
 *
 *   a leaf     0      8      16      20     24             24 + 8 room
 *              +------+------+-------+------+--------------+-------------+
 *              | prev | next | count | room | scores[room] | items[room] |
 *              +------+------+-------+------+--------------+-------------+
 *
 * Room is 62 (1016 bytes), but a tree of one leaf has a leaf as small as it can
 * be.  Scores lie together, so a search reads some three lines of a node and an
 * item only where scores are equal.  What an item is, and how one serves an
 * htable at the same time, is in item.h; the tree never reads or writes the
 * score that the item has.
 *
 * A full leaf does not split at once.  It shares with its two neighbours, and
 * only when all three are full do they become four: so leaves are 86 % full
 * after insertions by chance, not 69 %, and 98 % after ordered ones, since at
 * the ends of the tree a full leaf is left full and a new one begun.
 *
 * Invariants (tree_check() verifies them):
 *   - entries ascend strictly by (score, key as bytes); no score is NaN;
 *   - first and count of each child are exact;
 *   - nodes have at least 24 entries, save those at either end of their level,
 *     which have at least 1; an inner root has at least two children;
 *   - all leaves are at the same depth and linked in order;
 *   - nothing in it points into a module's image (host.h).
 *
 * Costs: O(log n), which is 4 nodes for a million entries and 6 for a thousand
 * millions; the largest thing copied is three nodes.  19.8 bytes an entry after
 * insertions by chance, of which 8 are the score; 17.1 after ordered ones.
 *
 * A tree is moved by copying the struct.  Positions are counted from 0. */
#ifndef MODULES_STRUCTURE_TREE_H
#define MODULES_STRUCTURE_TREE_H

#include <kr/base.h>

#include "host.h"
#include "item.h"

/* A test makes nodes small, to have tall trees. */
#ifndef TREE_LEAF
#define TREE_LEAF  62 /* entries */
#define TREE_INNER 63 /* children */
#endif

struct tree_leaf;

/* Read the fields through the functions below.  All zero is an empty one. */
struct tree {
    void *root; /* a leaf where height is 0 */
    uint64_t count;
    uint32_t height; /* inner nodes above a leaf */
    uint32_t inners;
    uint32_t leaves;
};

struct tree_entry {
    double score;
    struct item *item;
};

/* A gap between two entries, or an end.  Good until the next change. */
struct tree_place {
    struct tree_leaf *leaf; /* NULL in an empty tree */
    uint32_t at;
};

/* Receives an item that the tree has forgotten; leaves the tree alone. */
typedef void (*tree_item_fn)(double score, struct item *item, void *ctx);

static inline uint64_t tree_count(const struct tree *t)
{
    return t->count;
}

/* --- Finding: each answers a position, and the gap before it ------------- */

/* The position of the entry, false where there is none.  `position` and `at`
 * may be NULL; they are set in any case, to where it would be. */
bool tree_find(const struct tree *t, double score, struct kr_str key,
               uint64_t *position, struct tree_place *at);

/* How many entries have a score below `score`, or `after` it: below or equal.
 * So the entries with min <= score < max are those from seek(min, false) to
 * seek(max, false).  `at` may be NULL, here and below. */
uint64_t tree_seek_score(const struct tree *t, double score, bool after,
                         struct tree_place *at);

/* The same by key alone: for trees whose scores are all equal.  In others the
 * answer is some position, and nothing worse. */
uint64_t tree_seek_key(const struct tree *t, struct kr_str key, bool after,
                       struct tree_place *at);

/* The gap before the entry at `position`; count or more: the end. */
void tree_seek(const struct tree *t, uint64_t position, struct tree_place *at);

/* --- Reading ------------------------------------------------------------- */

/* The next up to `max` entries behind, or before, the gap, which moves past
 * them; nearest first.  How many there are.  Items are on their way to the
 * cache when it returns. */
size_t tree_forward(struct tree_place *at, struct tree_entry *batch,
                    size_t max);
size_t tree_backward(struct tree_place *at, struct tree_entry *batch,
                     size_t max);

/* --- Changing ------------------------------------------------------------ */

/* The caller knows that the entry is not there.  The item stays the caller's.
 * `score` is not NaN. */
void tree_insert(struct tree *t, const struct structure_host *host,
                 double score, struct item *item);

/* The same, cheaper where entries come in order, up or down: O(height), and one
 * comparison or two.  Right in any order: what is read from disk may lie. */
void tree_load(struct tree *t, const struct structure_host *host, double score,
               struct item *item);

/* Forget the entry; its item, or NULL where there is none. */
struct item *tree_erase(struct tree *t, const struct structure_host *host,
                        double score, struct kr_str key);

/* Another score for an entry that is there: where it stands, if order allows,
 * or at least within its leaf. */
void tree_move(struct tree *t, const struct structure_host *host,
               struct item *item, double old_score, double new_score);

/* Another address for an item that is there, with the same key.  Both are
 * readable. */
void tree_replace(struct tree *t, double score, const struct item *old_item,
                  struct item *new_item);

/* The same for the item at `position`, where the old address is no more to be
 * read: it is not looked at. */
void tree_replace_at(struct tree *t, uint64_t position, struct item *new_item);

/* Give `count` entries from `position` on to `release` (NULL: to nobody), in
 * order, and forget them: O(log n) for each leaf they touch.  How many there
 * were.  A long range is erased in steps: the next one has the same position. */
uint64_t tree_erase_range(struct tree *t, const struct structure_host *host,
                          uint64_t position, uint64_t count,
                          tree_item_fn release, void *ctx);

/* The same for up to `budget` entries from the end, for a tree that nobody will
 * look at any more.  True when it is empty, and then it owns no memory. */
bool tree_clear_step(struct tree *t, const struct structure_host *host,
                     uint64_t budget, tree_item_fn release, void *ctx);

/* --- Looking at it ------------------------------------------------------- */

/* Bytes of nodes, without the items and the struct.  O(1). */
size_t tree_memory(const struct tree *t);

/* NULL, or the invariant that does not hold.  O(count). */
const char *tree_check(const struct tree *t);

#endif
