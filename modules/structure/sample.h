/* SPDX-License-Identifier: BSD-3-Clause */
/* sample - random picks without repetition: SRANDMEMBER, HRANDFIELD, SPOP.
 *
 * Two ways, and each picks every set of `count` elements with the same chance:
 *
 *   by number   distinct numbers below n, in ascending order, for what is found
 *               by its place: compact encodings, trees.  Each of n numbers in
 *               turn is taken with the chance (still wanted / still to come);
 *               where few of many are wanted, by drawing and drawing again.
 *   by item     distinct items of an htable: draws by htable_random() while few
 *               of many are wanted, otherwise one walk as above.
 *
 * `*seed` is the caller's state of chance, as in htable_random(). */
#ifndef MODULES_STRUCTURE_SAMPLE_H
#define MODULES_STRUCTURE_SAMPLE_H

#include <kr/base.h>

#include "host.h"
#include "htable.h"

/* `count` distinct numbers below `n`, count <= n, in ascending order.
 * O(n), or O(count log count) where count is small beside n. */
void sample_numbers(uint64_t n, uint32_t count, uint64_t *seed,
                    uint32_t *numbers);

/* `count` distinct items of `t`, count <= its items, in no order that means
 * anything.  O(count), or O(items) where count is more than a third of them. */
void sample_items(struct htable *t, const struct structure_host *host,
                  size_t count, uint64_t *seed, struct item **items);

#endif
