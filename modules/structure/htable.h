/* SPDX-License-Identifier: BSD-3-Clause */
/* htable - a set of items, found by key: hashes, sets, members of sorted sets.
 *
 * The slots of a bucket are one cache line.  A lookup reads that line, compares
 * eight tags at once, and touches an item only where 16 bits of its hash agree.
 *
 *   a row     +--------+--------+-- ... ----+--------+
 *   of eight  | word 0 | word 1 |           | word 7 |    64 bytes
 *             +--------+--------+-- ... ----+--------+
 *
 *   word      63        48 47                       1  0
 *             +-----------+--------------------------+---+
 *             | hash      | pointer to the item      | 0 |    or 0: free
 *             | 16..31    | (user space < 2^47)      |   |
 *             +-----------+--------------------------+---+
 *             | words: 2, | pointer to another row   | 1 |    only as word 7
 *             | 4, 6 or 8 |                          |   |
 *             +-----------+--------------------------+---+
 *
 * A bucket that overflows leads on to a row that is as long as it must be:
 *
 *     a b c d e f g h    + i   =   a b c d e f g ->  h i
 *                        + j   =   a b c d e f g ->  h i j .
 *
 * so a bucket is cheap to overflow, and the load can be high: 6.5 items a row.
 * That is where the memory goes that a table with room to spare would waste.
 *
 * Linear hashing: with n buckets, 2^L <= n < 2^(L+1), an item lives in the
 * bucket that the low L+1 bits of its hash name, or the low L bits where there
 * is no such bucket yet.  Bucket n is added by dealing out the items of bucket
 * n - 2^L between the two, and taken away by the reverse.  From L = 16 on the
 * bit that decides stands in the word, and no item is touched.
 *
 *     0        n - 2^L            2^L       n
 *     | split    | still to split  | new     |        (2^L = 8, n = 11)
 *     +---+---+---+---+---+---+---+---+---+---+---+
 *     | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |10 |     next: 3 -> 3 and 11
 *     +---+---+---+---+---+---+---+---+---+---+---+
 *
 * Up to 1024 buckets lie in one slab, which grows and shrinks by quarters of a
 * power of two; more lie in slabs of that size behind an array of pointers, of
 * which the last grows and shrinks by quarters too.
 *
 * Invariants (htable_check() verifies them):
 *   - an item is in the chain of the bucket that its hash names, once;
 *   - chains are packed: free words only at the end of the last row, a row that
 *     leads on is full, a row that is led to has at least two items and not a
 *     pair of words more than they need;
 *   - an empty table owns no memory;
 *   - nothing in it points into a module's image (host.h).
 *
 * Costs: find, insert, erase O(1): 1.15 lines on average and the item; an
 * insertion splits two buckets at most, an erasure merges two.  The largest
 * thing ever copied is a slab of 64 KiB, or 8 bytes for 1024 buckets once for
 * each doubling.  About 11.1 bytes an item (computed for Poisson loads over one
 * doubling; by items a bucket to split at):
 *
 *     split at              5.5     6.0     6.5     7.0     7.5
 *     bytes an item        12.5    11.7    11.1    10.7    10.3
 *     lines read a hit     1.09    1.12    1.15    1.18    1.21
 *
 * Items whose hashes are all equal share a chain: O(chain) for them, no harm to
 * the others.  A table is moved by copying the struct. */
#ifndef MODULES_STRUCTURE_HTABLE_H
#define MODULES_STRUCTURE_HTABLE_H

#include <kr/base.h>

#include "host.h"
#include "item.h"

#define HTABLE_ROW        8
#define HTABLE_SLAB_SHIFT 10 /* buckets in a slab, as a power of two */

struct htable_row {
    uint64_t word[HTABLE_ROW];
};

/* Read the fields through the functions below.  All zero is an empty one. */
struct htable {
    union {
        struct htable_row *slab;   /* up to 1024 buckets; NULL: none */
        struct htable_row **slabs; /* more of them */
    } at;
    uint64_t buckets; /* 0 where there is no memory */
    uint64_t count;
    uint64_t pinned : 1;    /* htable_each() is under way: no fitting */
    uint64_t overflow : 63; /* words in rows that others lead to */
};

/* Where an item is.  Good until the next insertion or erasure. */
struct htable_place {
    uint64_t *word;
};

/* Receives an item.  false: enough, no more. */
typedef bool (*htable_item_fn)(struct item *item, void *ctx);

static inline uint64_t htable_count(const struct htable *t)
{
    return t->count;
}

/* --- Finding ------------------------------------------------------------- */

/* The item with `key`, whose hash is `hash`, or NULL.  `at` may be NULL. */
struct item *htable_find(const struct htable *t, struct kr_str key,
                         uint64_t hash, struct htable_place *at);

/* Many keys at once: first the buckets of all of them, then their items, then
 * look them up; each stage finds its memory on the way. */
void htable_prefetch_bucket(const struct htable *t, uint64_t hash);
void htable_prefetch_item(const struct htable *t, uint64_t hash);

/* --- Changing ------------------------------------------------------------ */

/* The caller knows that no item of that key is there, and that `hash` is its
 * hash.  The item stays the caller's.  Not within htable_each(). */
void htable_insert(struct htable *t, const struct structure_host *host,
                   uint64_t hash, struct item *item);

/* Another address for the item at `at`, same key: it was reallocated.  Always
 * allowed, but only for the item just given when that is in htable_scan() or
 * htable_each(). */
static inline void htable_replace(const struct htable_place *at,
                                  struct item *item)
{
    *at->word =
        (*at->word & UINT64_C(0xffff000000000000)) | (uint64_t)(uintptr_t)item;
}

/* Forget the item at `at`, which `hash` led to.  Within htable_scan() and
 * htable_each(), only the one just given. */
void htable_erase(struct htable *t, const struct structure_host *host,
                  uint64_t hash, const struct htable_place *at);

/* Make room ahead for `count` items in all: a load from disk splits nothing
 * then.  Only for a table that is empty; a wrong guess does no harm.  O(count),
 * so a number from outside is bounded by the bytes that came with it. */
void htable_reserve(struct htable *t, const struct structure_host *host,
                    uint64_t count);

/* Give about `budget` items to `release` (NULL: to nobody) and forget them,
 * from the last bucket down.  True when the table is empty and owns no memory.
 * Between two steps it is an ordinary table of what is left.  `release` leaves
 * the table alone, and its answer is not looked at. */
bool htable_clear_step(struct htable *t, const struct structure_host *host,
                       size_t budget, htable_item_fn release, void *ctx);

/* --- Going round --------------------------------------------------------- */

/* Every item, once, until `visit` has enough; the answer is its last word.
 * `visit` may erase the item that it is given.  Nothing is fitted meanwhile. */
bool htable_each(struct htable *t, const struct structure_host *host,
                 htable_item_fn visit, void *ctx);

/* Up to `max` items from *place on, which is 0 at first; answers how many, 0 at
 * the end.  For a walk during which the table does not change: every item comes
 * once.  Their memory is on its way when they are answered. */
size_t htable_batch(const struct htable *t, uint64_t *place,
                    struct item **items, size_t max);

/* A step of an iteration that may take days: begin with cursor 0, go on with
 * the answer, until it is 0.  Items that are there from begin to end are given
 * at least once, whatever the table does between steps: it may grow and shrink.
 * Others may be given or not, and an item can come twice.  A step visits two
 * chains at most, all of them: what `visit` answers is not looked at.  It may
 * erase the item that it is given. */
uint64_t htable_scan(struct htable *t, const struct structure_host *host,
                     uint64_t cursor, htable_item_fn visit, void *ctx);

/* An item by chance, NULL only where there is none.  `*seed` is the caller's
 * state of chance, any number at first.  All have the same chance, but for
 * those in chains of more than 24 items (one item in a thousand).  Expected
 * O(1): some four lines and the item. */
struct item *htable_random(const struct htable *t, uint64_t *seed);

/* --- Looking at it ------------------------------------------------------- */

/* Bytes of rows and slabs, without the items and the struct.  O(1). */
size_t htable_memory(const struct htable *t);

/* NULL, or the invariant that does not hold.  O(count). */
const char *htable_check(const struct htable *t,
                         const struct structure_host *host);

#endif
