/* SPDX-License-Identifier: BSD-3-Clause */
/* sketch - the bytes of a HyperLogLog, as they stand in a string.
 *
 *   0      4      5        8             16
 *   +------+------+--------+-------------+--------------------------
 *   | HYLL | form | unused | cardinality | registers
 *   +------+------+--------+-------------+--------------------------
 *
 * The form is 0, dense: 6 bits for each register, see dense.h; or 1, sparse:
 * runs of equal ones, see sparse.h.  The cardinality is the last that was
 * estimated, little endian; its top bit says that registers have changed since.
 *
 * A sketch is a string like any other, so a client can have written any bytes
 * there.  What sketch_is() accepts is long enough for its form; runs may still
 * be nonsense, which whoever walks them finds out. */
#ifndef HYPERLOGLOG_SKETCH_H
#define HYPERLOGLOG_SKETCH_H

#include <kr/base.h>

#define SKETCH_REGISTERS 16384u
#define SKETCH_DENSE     0
#define SKETCH_SPARSE    1

#define SKETCH_FORM_AT     4u
#define SKETCH_CARD_AT     8u
#define SKETCH_HEAD        16u /* bytes before the registers */
#define SKETCH_DENSE_BYTES (SKETCH_REGISTERS * 6 / 8)
#define SKETCH_DENSE_SIZE  (SKETCH_HEAD + SKETCH_DENSE_BYTES)
#define SKETCH_STALE       0x80u /* in the last byte of the cardinality */

/* Is this a sketch, as far as its head tells? */
static inline bool sketch_is(struct kr_str bytes)
{
    if (bytes.size < SKETCH_HEAD || memcmp(bytes.data, "HYLL", 4) != 0)
        return false;
    return bytes.data[SKETCH_FORM_AT] == SKETCH_SPARSE ||
           (bytes.data[SKETCH_FORM_AT] == SKETCH_DENSE &&
            bytes.size == SKETCH_DENSE_SIZE);
}

static inline bool sketch_is_sparse(const uint8_t *bytes)
{
    return bytes[SKETCH_FORM_AT] == SKETCH_SPARSE;
}

/* What stands behind the head of a sparse one. */
static inline struct kr_str sketch_runs(struct kr_str bytes)
{
    return kr_str(bytes.data + SKETCH_HEAD, bytes.size - SKETCH_HEAD);
}

/* --- The cardinality that was estimated last ------------------------------ */

static inline bool sketch_is_stale(const uint8_t *bytes)
{
    return bytes[SKETCH_CARD_AT + 7] & SKETCH_STALE;
}

static inline void sketch_mark_stale(uint8_t *bytes)
{
    bytes[SKETCH_CARD_AT + 7] |= SKETCH_STALE;
}

static inline uint64_t sketch_cardinality(const uint8_t *bytes)
{
    uint64_t cardinality = 0;

    for (unsigned i = 0; i < 8; i++)
        cardinality |= (uint64_t)bytes[SKETCH_CARD_AT + i] << 8 * i;
    return cardinality;
}

static inline void sketch_set_cardinality(uint8_t *bytes, uint64_t cardinality)
{
    for (unsigned i = 0; i < 8; i++)
        bytes[SKETCH_CARD_AT + i] = (uint8_t)(cardinality >> 8 * i);
}

#endif
