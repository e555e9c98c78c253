/* SPDX-License-Identifier: BSD-3-Clause */
/* join - the items that two htables have in common.
 *
 * Tables of one process hash alike.  So an item of a bucket of one table can
 * only be in those buckets of the other that its address leads to, and the tags
 * say which words there may be it: no key is hashed, and no item is read but
 * those that both have (and one in 10,000 more).
 *
 *     a, 8 buckets          b, 11 buckets
 *     | ... | 2 | ... |     | ... | 2 | ... | 10 |
 *             |                     ^          ^
 *             `---------------------+----------'    bits 0 to 2 are known
 *
 * Cost: the rows of both tables, in order, and two items for each in common. */
#ifndef MODULES_STRUCTURE_JOIN_H
#define MODULES_STRUCTURE_JOIN_H

#include "htable.h"

/* Is that better than to look up each item of `a` in `b`?  Not where `b` is so
 * much larger that its rows are more than the look-ups. */
bool join_pays(const struct htable *a, const struct htable *b);

/* Up to `max` items of `a` that `b` has, too, from *place on, which is 0 at
 * first; answers how many, 0 at the end.  The tables do not change meanwhile;
 * every item comes once. */
size_t join_batch(const struct htable *a, const struct htable *b,
                  uint64_t *place, struct item **items, size_t max);

#endif
