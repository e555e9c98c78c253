/* SPDX-License-Identifier: BSD-3-Clause */
#include "registers.h"

#include <endian.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* --- The hash: MurmurHash64A by Austin Appleby ---------------------------- */

#define MURMUR_SEED   UINT64_C(0xadc83b19)
#define MURMUR_FACTOR UINT64_C(0xc6a4a7935bd1e995)
#define MURMUR_SHIFT  47

/* The next `size` bytes, 8 at most, as a number: least significant first. */
static inline uint64_t murmur_word(const char *bytes, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, bytes, size);
    return le64toh(word);
}

static inline uint64_t murmur_mix(uint64_t word)
{
    word *= MURMUR_FACTOR;
    word ^= word >> MURMUR_SHIFT;
    return word * MURMUR_FACTOR;
}

static uint64_t murmur(struct kr_str bytes)
{
    uint64_t hash = MURMUR_SEED ^ bytes.size * MURMUR_FACTOR;
    const char *at = bytes.data;
    size_t left = bytes.size;

    for (; left >= 8; at += 8, left -= 8)
        hash = (hash ^ murmur_mix(murmur_word(at, 8))) * MURMUR_FACTOR;
    if (left)
        hash = (hash ^ murmur_word(at, left)) * MURMUR_FACTOR;
    hash = (hash ^ hash >> MURMUR_SHIFT) * MURMUR_FACTOR;
    return hash ^ hash >> MURMUR_SHIFT;
}

/* The low 14 bits choose the register.  Its value is the place of the lowest
 * bit that is set in the other 50; 51 if none is. */
struct register_rank register_rank(struct kr_str element)
{
    uint64_t hash = murmur(element);
    uint64_t rest = hash / SKETCH_REGISTERS | UINT64_C(1) << 50;

    return (struct register_rank){
        .index = (uint32_t)(hash % SKETCH_REGISTERS),
        .value = (uint8_t)(__builtin_ctzll(rest) + 1),
    };
}

/* --- The histogram -------------------------------------------------------- */

/* One after the other.  Four tables, since neighbours are often equal, and an
 * addition to a place in memory waits for the one before it. */
static void registers_count_each(const uint8_t *registers, uint32_t *histogram)
{
    uint32_t part[4][REGISTER_VALUES] = {{0}};

    for (uint32_t i = 0; i < SKETCH_REGISTERS; i += 4) {
        for (uint32_t j = 0; j < 4; j++)
            part[j][registers[i + j]]++;
    }
    for (uint32_t i = 0; i < REGISTER_VALUES; i++)
        histogram[i] += part[0][i] + part[1][i] + part[2][i] + part[3][i];
}

#ifdef __x86_64__

#define COUNT_LANES 8                        /* values that a pass looks for */
#define COUNT_BLOCK (128u * sizeof(__m256i)) /* so no byte overflows */

/* One pass over a block: of `first` and the values after it, how many are
 * there?  32 registers are compared at once, and 32 counters for each value
 * counted down by what the comparison answers, -1. */
__attribute__((target("avx2"))) static void
registers_pass(const uint8_t *block, uint8_t first, uint32_t *histogram)
{
    __m256i count[COUNT_LANES], value[COUNT_LANES];

    for (int i = 0; i < COUNT_LANES; i++) {
        count[i] = _mm256_setzero_si256();
        value[i] = _mm256_set1_epi8((char)(first + i));
    }
    for (size_t at = 0; at < COUNT_BLOCK; at += sizeof(__m256i)) {
        __m256i some =
            _mm256_loadu_si256((const __m256i *)(const void *)(block + at));

        for (int i = 0; i < COUNT_LANES; i++)
            count[i] =
                _mm256_sub_epi8(count[i], _mm256_cmpeq_epi8(some, value[i]));
    }
    for (int i = 0; i < COUNT_LANES; i++) {
        __m256i sums = _mm256_sad_epu8(count[i], _mm256_setzero_si256());
        uint64_t sum[4];

        _mm256_storeu_si256((__m256i *)(void *)sum, sums);
        histogram[first + i] += (uint32_t)(sum[0] + sum[1] + sum[2] + sum[3]);
    }
}

/* The registers of a large set lie close together: passes over values that
 * none has are spared. */
__attribute__((target("avx2"))) static void
registers_count_avx2(const uint8_t *registers, uint32_t *histogram)
{
    uint8_t low = UINT8_MAX, high = 0;

    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++) {
        low = registers[i] < low ? registers[i] : low;
        high = registers[i] > high ? registers[i] : high;
    }
    for (uint32_t first = low / COUNT_LANES * COUNT_LANES; first <= high;
         first += COUNT_LANES) {
        for (uint32_t at = 0; at < SKETCH_REGISTERS; at += COUNT_BLOCK)
            registers_pass(registers + at, (uint8_t)first, histogram);
    }
}

#endif

void registers_count(const uint8_t *registers, uint32_t *histogram)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        registers_count_avx2(registers, histogram);
        return;
    }
#endif
    registers_count_each(registers, histogram);
}
