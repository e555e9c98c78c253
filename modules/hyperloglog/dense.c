/* SPDX-License-Identifier: BSD-3-Clause */
#include "dense.h"

#include <endian.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define DENSE_MASK 0x3fu

/* --- One register --------------------------------------------------------- */

/* The two bytes that hold a register, and by how much to shift them.  The last
 * register lies in one byte, so the one before it is taken along. */
static inline uint32_t dense_shift(uint32_t index, uint32_t *at)
{
    uint32_t bit = index * 6;

    *at = bit / 8;
    if (*at > SKETCH_DENSE_BYTES - 2)
        *at = SKETCH_DENSE_BYTES - 2;
    return bit - *at * 8;
}

uint8_t dense_get(const uint8_t *dense, uint32_t index)
{
    uint32_t at, shift = dense_shift(index, &at);

    return (uint8_t)((dense[at] | dense[at + 1] << 8) >> shift & DENSE_MASK);
}

bool dense_raise(uint8_t *dense, struct register_rank rank)
{
    uint32_t at, shift = dense_shift(rank.index, &at);
    uint32_t both = dense[at] | (uint32_t)dense[at + 1] << 8;

    if ((both >> shift & DENSE_MASK) >= rank.value)
        return false;
    both = (both & ~(DENSE_MASK << shift)) | (uint32_t)rank.value << shift;
    dense[at] = (uint8_t)both;
    dense[at + 1] = (uint8_t)(both >> 8);
    return true;
}

/* --- All of them, eight at a time ----------------------------------------- */

/* 6 bytes become 8 by halves:  48 bits in one word, 24 in each of two, 12 in
 * each of four, 6 in each of eight. */
static inline uint64_t dense_spread(uint64_t packed)
{
    uint64_t x = packed;

    x = (x & 0xffffff) | (x & UINT64_C(0xffffff000000)) << 8;
    x = (x & UINT64_C(0x00000fff00000fff)) | (x & UINT64_C(0x00fff00000fff000))
                                                 << 4;
    return (x & UINT64_C(0x003f003f003f003f)) |
           (x & UINT64_C(0x0fc00fc00fc00fc0)) << 2;
}

static inline uint64_t dense_squeeze(uint64_t spread)
{
    uint64_t x = spread;

    x = (x & UINT64_C(0x003f003f003f003f)) |
        (x & UINT64_C(0x3f003f003f003f00)) >> 2;
    x = (x & UINT64_C(0x00000fff00000fff)) |
        (x & UINT64_C(0x0fff00000fff0000)) >> 4;
    return (x & 0xffffff) | (x & UINT64_C(0x00ffffff00000000)) >> 8;
}

static void dense_merge_words(const uint8_t *dense, uint8_t *registers)
{
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i += 8, dense += 6) {
        uint64_t word = 0;
        uint8_t eight[8];

        memcpy(&word, dense, 6);
        word = htole64(dense_spread(le64toh(word)));
        memcpy(eight, &word, 8);
        for (uint32_t j = 0; j < 8; j++) {
            if (registers[i + j] < eight[j])
                registers[i + j] = eight[j];
        }
    }
}

void dense_pack(const uint8_t *registers, uint8_t *dense)
{
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i += 8, dense += 6) {
        uint64_t word;

        memcpy(&word, registers + i, 8);
        word = htole64(dense_squeeze(le64toh(word)));
        memcpy(dense, &word, 6);
    }
}

#ifdef __x86_64__

/* The same in vectors: 24 bytes become 32, three of them in each lane of four,
 * whose fourth is moved out by the shifts. */
__attribute__((target("avx2"))) static void
dense_merge_avx2(const uint8_t *dense, uint8_t *registers)
{
    /* The second half is loaded from 4 bytes before it: so no load ends
     * behind the 24 bytes. */
    const __m256i lanes =
        _mm256_setr_epi8(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 4,
                         5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 12, 13, 14, 15, 15);
    const __m256i mask = _mm256_set1_epi32(DENSE_MASK);

    for (uint32_t i = 0; i < SKETCH_REGISTERS; i += 32, dense += 24) {
        __m256i *out = (__m256i *)(void *)(registers + i);
        __m256i x = _mm256_shuffle_epi8(
            _mm256_loadu2_m128i((const __m128i *)(const void *)(dense + 8),
                                (const __m128i *)(const void *)dense),
            lanes);
        __m256i y = _mm256_and_si256(x, mask);

        y = _mm256_or_si256(
            y, _mm256_slli_epi32(
                   _mm256_and_si256(x, _mm256_slli_epi32(mask, 6)), 2));
        y = _mm256_or_si256(
            y, _mm256_slli_epi32(
                   _mm256_and_si256(x, _mm256_slli_epi32(mask, 12)), 4));
        y = _mm256_or_si256(
            y, _mm256_slli_epi32(
                   _mm256_and_si256(x, _mm256_slli_epi32(mask, 18)), 6));
        _mm256_storeu_si256(out, _mm256_max_epu8(y, _mm256_loadu_si256(out)));
    }
}

#endif

void dense_merge(const uint8_t *dense, uint8_t *registers)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        dense_merge_avx2(dense, registers);
        return;
    }
#endif
    dense_merge_words(dense, registers);
}
