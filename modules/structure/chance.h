/* SPDX-License-Identifier: BSD-3-Clause */
/* chance - random numbers that are fast and can be repeated; no secrets.
 *
 * The state is the caller's, any number at first: a module takes it from
 * kr_text->random(), a test from its seed. */
#ifndef MODULES_STRUCTURE_CHANCE_H
#define MODULES_STRUCTURE_CHANCE_H

#include <kr/base.h>

/* A step of splitmix64: each number once in 2^64. */
static inline uint64_t chance_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A number below `bound`, which is not 0; the bias is bound / 2^64. */
static inline uint64_t chance_below(uint64_t *seed, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)chance_next(seed) * bound >> 64);
}

#endif
