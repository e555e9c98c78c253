/* SPDX-License-Identifier: BSD-3-Clause */
/* small - a sorted set of few members: one listpack of members and scores.
 *
 *      +--------+---+---+---+-----+---+---+----+
 *      | header | a | 1 | c | 1.5 | b | 3 | ff |   ascending by score, then by
 *      +--------+---+---+---+-----+---+---+----+   the members' bytes
 *                place 0
 *
 * A pair's place is the offset of its member, as in compact/listpack.h; 0: none.
 * A score that is a whole number of at most 2^62 is a number in the listpack (so
 * it loses the sign of a zero, as in Redis), any other one the text of "%.17g".
 *
 * Costs: everything walks from one end, about 4 ns a pair, and where scores are
 * compared as much again for one that is text.  Nothing here allocates; edits
 * are listpack.h's. */
#ifndef ZSET_SMALL_H
#define ZSET_SMALL_H

#include <kr/text.h>

#include "../compact/listpack.h"

/* --- A pair to be written ------------------------------------------------ */

/* Ready for listpack_insert(): it refers to itself, so it stays where it is. */
struct small_pair {
    struct listpack_element part[2]; /* member, score */
    char text[KR_DOUBLE_TEXT];
};

/* `member` is borrowed. */
void small_pair(struct small_pair *pair, struct kr_str member, double score);

static inline size_t small_pair_size(const struct small_pair *pair)
{
    return pair->part[0].size + pair->part[1].size;
}

/* --- Reading ------------------------------------------------------------- */

/* Pairs.  O(1), or O(n) beyond 32767 of them. */
static inline size_t small_count(const void *small)
{
    return listpack_count(small) / 2;
}

/* What a listpack has as the score; NaN if it is none. */
double small_score_of(const struct listpack_item *item);

/* The score of the pair at `place`. */
double small_score(const void *small, size_t place);

/* The place of `member`, or 0. */
size_t small_find(const void *small, struct kr_str member);

/* How many pairs are before the one at `place`. */
size_t small_position(const void *small, size_t place);

/* Where a pair would stand: before that place, or the end. */
size_t small_seat(const void *small, struct kr_str member, double score);

/* How many pairs have a score below `score`, or `after` it: below or equal. */
size_t small_seek_score(const void *small, double score, bool after);

/* The same by member, for sets whose scores are all equal: how many from the
 * beginning are before it.  In others the answer is some position. */
size_t small_seek_member(const void *small, struct kr_str member, bool after);

/* --- Bytes from outside -------------------------------------------------- */

/* NULL, or why a sound listpack is no such set of one pair at least.  Members
 * that are there twice are found if it has at most SMALL_TWICE pairs; who has
 * more puts them into a table. */
#define SMALL_TWICE 128
const char *small_check(const void *small);

#endif
