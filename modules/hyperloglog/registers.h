/* SPDX-License-Identifier: BSD-3-Clause */
/* registers - the registers of a sketch in plain form, a byte for each.
 *
 * Sketches are merged and counted in this form: 16 KiB that stay in the nearest
 * cache while the forms that save memory are unpacked into it.
 *
 * Throughout this module `registers` are SKETCH_REGISTERS bytes, `dense` are
 * SKETCH_DENSE_BYTES, and a `histogram` has REGISTER_VALUES numbers. */
#ifndef HYPERLOGLOG_REGISTERS_H
#define HYPERLOGLOG_REGISTERS_H

#include "sketch.h"

#define REGISTER_VALUES 64u /* 0 to 63: what six bits can say */

/* An element's part in a sketch: it raises one register, if that is lower. */
struct register_rank {
    uint32_t index; /* below SKETCH_REGISTERS */
    uint8_t value;  /* 1 to 51 */
};

/* Hash an element.  The hash is part of the format: sketches made by different
 * servers can be merged. */
struct register_rank register_rank(struct kr_str element);

/* Add to histogram[v] the number of registers that are `v`, each below 64. */
void registers_count(const uint8_t *registers, uint32_t *histogram);

#endif
