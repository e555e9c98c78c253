/* SPDX-License-Identifier: BSD-3-Clause */
/* subsequence - the longest common subsequence of two byte strings.
 *
 * L(i, j) is the length for the first i bytes of `a` and the first j of `b`.
 * Along a row it grows by 0 or 1 at each step, so a row is a row of bits.  A
 * whole word of them follows from the row above by one addition:
 *
 *            b:   m a t c h        bit j of row i is clear where
 *           row 0 1 1 1 1 1        L(i, j + 1) = L(i, j) + 1
 *   a:   c  row 1 1 1 1 0 1
 *        a  row 2 1 0 1 1 1        L(2, .) = 0 0 1 1 1 1
 *        t  row 3 1 0 0 1 1        L(3, .) = 0 0 1 2 2 2   "at"
 *
 *   meet = row & where(a[i], b)              columns where the bytes agree
 *   next = (row + meet) | (row & ~where)     the carry moves a step to the left
 *                                            most place that it may have
 *
 * That is 64 cells of the usual table in a few instructions, and one bit a
 * cell for the way back.  Time and memory are O(|a| * |b| / 64) words. */
#ifndef STRING_SUBSEQUENCE_H
#define STRING_SUBSEQUENCE_H

#include <kr/base.h>

struct subsequence {
    struct kr_str a, b; /* borrowed */
    size_t width;       /* words in a row */
    uint64_t *rows;     /* one for each byte of `a`, or only the last */
    uint64_t *where;    /* a row for each byte value that occurs in `a` */
    bool whole;         /* all rows are kept: the way back is there */
};

/* A run of equal bytes: `size` of them, from a[i] and from b[j]. */
struct subsequence_run {
    size_t i, j, size;
};

/* Words of memory that subsequence_init() wants for these strings. */
size_t subsequence_room(struct kr_str a, struct kr_str b, bool whole);

/* Fill the table, in `room` words of the caller's. */
void subsequence_init(struct subsequence *s, struct kr_str a, struct kr_str b,
                      bool whole, uint64_t *room);

/* The length of the subsequence. */
size_t subsequence_length(const struct subsequence *s);

/* The way back through a `whole` table: the run of common bytes that ends last
 * before a[run->i] and b[run->j].  Start with the ends of both strings; false:
 * there is no more.  Of several subsequences of the same length this finds the
 * one that Redis finds. */
bool subsequence_back(const struct subsequence *s, struct subsequence_run *run);

#endif
