/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse - the registers of a sketch as runs of equal ones.
 *
 *   00llllll             l+1 registers (1 to 64) are 0
 *   01llllll llllllll    l+1 registers (1 to 16384) are 0
 *   1vvvvvll             l+1 registers (1 to 4) are v+1 (1 to 32)
 *
 * The runs of a sound sketch make up exactly SKETCH_REGISTERS.  Nothing here
 * trusts them to: what is not sound is said to be broken, and nothing outside
 * of the bytes is touched.
 *
 * Who raises a register plans first, since the plan tells how long the bytes
 * will be, then makes room and applies:
 *
 *   if (sparse_plan(runs, &place, rank, &edit) == SPARSE_EDIT) {
 *       (make room for sparse_size_after(size, &edit) bytes)
 *       size = sparse_apply(bytes, size, &edit);
 *   }
 *
 * The same runs get the same bytes as in Redis, since sketches are compared as
 * strings. */
#ifndef HYPERLOGLOG_SPARSE_H
#define HYPERLOGLOG_SPARSE_H

#include "registers.h"

#define SPARSE_VALUE_MAX 32u
#define SPARSE_SIZE_MAX  (2 * SKETCH_REGISTERS) /* bytes of sound runs */

struct sparse_run {
    uint32_t length; /* registers */
    uint8_t value;
    uint8_t size; /* bytes; 0: broken, it is cut off */
};

/* The run that begins at `at`, which is before the end. */
struct sparse_run sparse_read(struct kr_str runs, size_t at);

/* The runs of an empty sketch: two bytes. */
void sparse_clear(uint8_t *runs);

/* Add to histogram[v] the number of registers that are `v`.  false: broken. */
bool sparse_count(struct kr_str runs, uint32_t *histogram);

/* Raise each of `registers` to what the runs have.  false: broken, and some of
 * them may have been raised. */
bool sparse_merge(struct kr_str runs, uint8_t *registers);

/* --- Raising one register ------------------------------------------------- */

/* Where a search may begin: {0, 0}, or where the last one left it, if it was
 * for a register before this one and its edit has been applied. */
struct sparse_place {
    size_t at;      /* a run begins there */
    uint32_t first; /* its first register */
};

struct sparse_edit {
    size_t at;      /* bytes there ... */
    size_t removed; /* ... go */
    size_t added;   /* ... and come */
    size_t join;    /* from this run on neighbours may have become equal */
    uint8_t bytes[5];
};

enum sparse_outcome {
    SPARSE_BROKEN,
    SPARSE_SAME, /* the register is as high already */
    SPARSE_EDIT,
};

/* Find out what it takes to raise a register to the rank's value, at most
 * SPARSE_VALUE_MAX.  O(bytes), eight of them at a time. */
enum sparse_outcome sparse_plan(struct kr_str runs, struct sparse_place *place,
                                struct register_rank rank,
                                struct sparse_edit *edit);

/* Bytes before equal neighbours are joined. */
static inline size_t sparse_size_after(size_t size,
                                       const struct sparse_edit *edit)
{
    return size - edit->removed + edit->added;
}

/* Carry the edit out in `runs`, which have `size` bytes, and room for those
 * after it.  Answers how many there are now: as foreseen, or fewer. */
size_t sparse_apply(uint8_t *runs, size_t size, const struct sparse_edit *edit);

#endif
