/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_class - the character classes of patterns, as sets of bits.
 *
 * They are those of ASCII, whatever the locale: no byte from 128 on is in any,
 * and all are in the complement that a capital letter stands for. */
#ifndef LUA_LIB_CLASS_H
#define LUA_LIB_CLASS_H

#include <stdbool.h>
#include <stdint.h>

struct lib_class {
    uint64_t low, high; /* bytes 0 to 63, 64 to 127 */
    bool inverse;       /* all that is not in it */
};

/* The class that `letter` stands for behind a '%'; false: a byte that stands
 * for itself.  O(1). */
bool lib_class_find(unsigned char letter, struct lib_class *found);

static inline bool lib_class_has(const struct lib_class *set,
                                 unsigned char byte)
{
    uint64_t half = byte < 64 ? set->low : byte < 128 ? set->high : 0;

    return (half >> (byte & 63) & 1) != set->inverse;
}

#endif
