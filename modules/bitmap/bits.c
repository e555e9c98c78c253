/* SPDX-License-Identifier: BSD-3-Clause */
#include "bits.h"

#include <string.h>

static inline uint64_t bits_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* --- Count --------------------------------------------------------------- */

/* Four sums, so that no addition waits for the one before it. */
static inline __attribute__((always_inline)) uint64_t
bits_sum(const uint8_t *bytes, size_t size)
{
    uint64_t sum[4] = {0};

    for (; size >= 32; bytes += 32, size -= 32) {
        for (int i = 0; i < 4; i++)
            sum[i] += (uint64_t)__builtin_popcountll(bits_word(bytes + 8 * i));
    }
    for (; size >= 8; bytes += 8, size -= 8)
        sum[0] += (uint64_t)__builtin_popcountll(bits_word(bytes));
    for (; size > 0; bytes++, size--)
        sum[1] += (uint64_t)__builtin_popcountll(*bytes);
    return sum[0] + sum[1] + sum[2] + sum[3];
}

/* The instruction that counts bits is younger than the oldest machines that we
 * are compiled for, so the same lines are compiled with it and without.  (Not
 * by target_clones: what that adds for the loader, some compilers export.) */
#ifdef __x86_64__
__attribute__((target("popcnt"))) static uint64_t
bits_sum_popcnt(const uint8_t *bytes, size_t size)
{
    return bits_sum(bytes, size);
}
#endif

static uint64_t bits_count_bytes(const uint8_t *bytes, size_t size)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("popcnt"))
        return bits_sum_popcnt(bytes, size);
#endif
    return bits_sum(bytes, size);
}

/* Whole bytes, less what sticks out at both ends. */
uint64_t bits_count(const uint8_t *bytes, uint64_t first, uint64_t end)
{
    size_t from = first / 8, to = (end + 7) / 8;
    uint64_t count;

    if (first >= end)
        return 0;
    count = bits_count_bytes(bytes + from, to - from);
    if (first % 8)
        count -= (uint64_t)__builtin_popcountll((uint64_t)bytes[from] >>
                                                (8 - first % 8));
    if (end % 8)
        count -=
            (uint64_t)__builtin_popcountll(bytes[to - 1] & 0xffull >> end % 8);
    return count;
}

/* --- Find ---------------------------------------------------------------- */

uint64_t bits_find(const uint8_t *bytes, uint64_t first, uint64_t end, bool set)
{
    uint64_t dull = set ? 0 : UINT64_MAX; /* a word without such a bit */
    size_t at = first / 8, to = (end + 7) / 8;
    uint8_t mask = (uint8_t)(0xff >> first % 8), found;
    uint64_t position;

    if (first >= end)
        return end;
    found = (uint8_t)((bytes[at] ^ dull) & mask);
    if (!found) {
        at++;
        while (to - at >= 8 && bits_word(bytes + at) == dull)
            at += 8;
        while (at < to && !(found = (uint8_t)(bytes[at] ^ dull)))
            at++;
        if (!found)
            return end;
    }
    position = (uint64_t)at * 8 + (uint64_t)__builtin_clz(found) - 24;
    return position < end ? position : end;
}
