/* SPDX-License-Identifier: BSD-3-Clause */
/* dense - all registers of a sketch, six bits each.
 *
 *   byte    0         1         2         3
 *           +---------+---------+---------+-----
 *   of      | 11000000| 22221111| 33333322| ...    most significant bit first
 *           +---------+---------+---------+-----
 *
 * Four registers are three bytes, read as a number with the least significant
 * byte first: 0, 1, 2, 3 from its low end on. */
#ifndef HYPERLOGLOG_DENSE_H
#define HYPERLOGLOG_DENSE_H

#include "registers.h"

uint8_t dense_get(const uint8_t *dense, uint32_t index);

/* Raise a register to the rank's value.  false: it is as high already. */
bool dense_raise(uint8_t *dense, struct register_rank rank);

/* Raise each of `registers` to what `dense` has.  About 1 us. */
void dense_merge(const uint8_t *dense, uint8_t *registers);

/* Write `registers`, each below 64. */
void dense_pack(const uint8_t *registers, uint8_t *dense);

#endif
