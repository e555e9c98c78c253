/* SPDX-License-Identifier: BSD-3-Clause */
/* bits - count and find bits in bytes.
 *
 * Bit 0 is the most significant one of the first byte:
 *
 *   byte   0                 1
 *          +---------------+ +-----------------
 *   bit    | 0 1 2 ... 6 7 | | 8 9 10 ...
 *          +---------------+ +-----------------
 *
 * Ranges go from `first` to before `end`, in bits, and lie within the bytes.
 * Both work a word at a time. */
#ifndef BITMAP_BITS_H
#define BITMAP_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many of the bits are set? */
uint64_t bits_count(const uint8_t *bytes, uint64_t first, uint64_t end);

/* The first bit that is `set`, or clear; `end` if none is. */
uint64_t bits_find(const uint8_t *bytes, uint64_t first, uint64_t end,
                   bool set);

static inline bool bits_get(const uint8_t *bytes, uint64_t at)
{
    return bytes[at / 8] >> (7 - at % 8) & 1;
}

static inline void bits_set(uint8_t *bytes, uint64_t at, bool set)
{
    uint8_t mask = (uint8_t)(0x80 >> at % 8);

    bytes[at / 8] =
        (uint8_t)(set ? bytes[at / 8] | mask : bytes[at / 8] & ~mask);
}

#endif
