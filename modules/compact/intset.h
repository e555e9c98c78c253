/* SPDX-License-Identifier: BSD-3-Clause */
/* intset - a sorted set of integers in one run of bytes, as Redis has it.
 *
 *   0         4         8       8 + width                        size
 *   +---------+---------+---------+---------+-- ... --+------------+
 *   |  width  |  count  | lowest  |         |         |  highest   |
 *   +---------+---------+---------+---------+-- ... --+------------+
 *    u32       u32       width bytes each, signed, all little-endian
 *
 * The width is 2, 4 or 8 bytes and fits every value; it is never made smaller
 * again.  Invariant: values ascend, each is there once.
 *
 * A value that is wider than the set becomes its lowest or its highest one, so
 * widening moves every value once, from the last to the first, in place.
 *
 * Costs: finding is O(log n), an edit moves the bytes behind it, at worst all.
 * Nothing here allocates: intset_size_for() says how large the bytes must be
 * before an insertion, intset_size() how large they are after a deletion.  The
 * bytes may stand at any address. */
#ifndef COMPACT_INTSET_H
#define COMPACT_INTSET_H

#include <kr/base.h>

#define INTSET_EMPTY 8u /* bytes of a set without values */

/* Write an empty set, INTSET_EMPTY bytes. */
void intset_init(void *set);

/* Are these bytes from outside a set?  Reads no byte beyond them.  The first
 * looks at the header only, O(1); the second at all values, O(n).  A set
 * without values is one: who must not have it asks intset_count(). */
bool intset_check_header(struct kr_str bytes);
bool intset_check(struct kr_str bytes);

size_t intset_size(const void *set); /* bytes */
size_t intset_count(const void *set);
size_t intset_width(const void *set); /* bytes of each value */

/* The value number `index`, in ascending order, index < count: for walking,
 * random picks, the lowest and the highest.  O(1). */
int64_t intset_get(const void *set, size_t index);

static inline int64_t intset_min(const void *set)
{
    return intset_get(set, 0);
}

static inline int64_t intset_max(const void *set)
{
    return intset_get(set, intset_count(set) - 1);
}

/* Read up to `max` values from number `index` on; answers how many. */
size_t intset_batch(const void *set, size_t index, int64_t *out, size_t max);

/* Is the value there?  *place is its index, or the one that it would get. */
bool intset_find(const void *set, int64_t value, size_t *place);

/* Bytes of the set with one more value, this one. */
size_t intset_size_for(const void *set, int64_t value);

/* Insert a value that intset_find() did not find, at the place that it named;
 * the bytes have room. */
void intset_insert(void *set, size_t place, int64_t value);

/* Delete the value number `place`. */
void intset_delete(void *set, size_t place);

#endif
