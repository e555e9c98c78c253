/* SPDX-License-Identifier: BSD-3-Clause */
/* combine - several byte strings into one, bit by bit.
 *
 * The outcome is as long as the longest; where a shorter one has ended it
 * counts as zeros.  Works through all strings a block at a time, so that the
 * outcome stays in the nearest cache, and on 32 bytes at once. */
#ifndef BITMAP_COMBINE_H
#define BITMAP_COMBINE_H

#include <kr/base.h>

enum combine { COMBINE_AND, COMBINE_OR, COMBINE_XOR, COMBINE_NOT };

/* Write `size` bytes, the longest source's, to `out`, which overlaps none of
 * the sources.  COMBINE_NOT looks at the first one only. */
void combine(enum combine how, const struct kr_str *sources, size_t count,
             uint8_t *out, size_t size);

#endif
