/* SPDX-License-Identifier: BSD-3-Clause */
/* crc64 - eight bytes a step ("slicing by 8"), or sixteen where the processor
 * multiplies without carry.
 *
 * crc64_tables[k][b] is the checksum of byte b followed by k zero bytes.  The
 * remainder so far is xored into the next eight bytes; then each of them is
 * looked up in the table for as many bytes as follow it, and the eight answers,
 * which do not wait for one another, are xored.
 *
 * A CRC is linear, so the 2,048 entries follow from 64, those of single bits,
 * and the compiler can work them out. */

#include "core/text/crc64.h"

/* clang-format off */
#define CRC64_BIT(i, bit, crc) (((i) >> (bit) & 1) * UINT64_C(crc))
#define CRC64_4(bits, i)  bits(i), bits(i + 1), bits(i + 2), bits(i + 3)
#define CRC64_16(bits, i) CRC64_4(bits, i), CRC64_4(bits, i + 4),              \
                          CRC64_4(bits, i + 8), CRC64_4(bits, i + 12)
#define CRC64_64(bits, i) CRC64_16(bits, i), CRC64_16(bits, i + 16),           \
                          CRC64_16(bits, i + 32), CRC64_16(bits, i + 48)
#define CRC64_256(bits)   CRC64_64(bits, 0), CRC64_64(bits, 64),               \
                          CRC64_64(bits, 128), CRC64_64(bits, 192)

/* The checksums of the eight single bits, followed by k zero bytes. */
#define CRC64_ZEROS_0(i) \
    (CRC64_BIT(i, 0, 0x7ad870c830358979) ^ CRC64_BIT(i, 1, 0xf5b0e190606b12f2) ^ \
     CRC64_BIT(i, 2, 0xc038e5739841b68f) ^ CRC64_BIT(i, 3, 0xab28ecb46814fe75) ^ \
     CRC64_BIT(i, 4, 0x7d08ff3b88be6f81) ^ CRC64_BIT(i, 5, 0xfa11fe77117cdf02) ^ \
     CRC64_BIT(i, 6, 0xdf7adabd7a6e2d6f) ^ CRC64_BIT(i, 7, 0x95ac9329ac4bc9b5))
#define CRC64_ZEROS_1(i) \
    (CRC64_BIT(i, 0, 0x89e99ffd73bddf69) ^ CRC64_BIT(i, 1, 0x388a19a9bfec2db9) ^ \
     CRC64_BIT(i, 2, 0x711433537fd85b72) ^ CRC64_BIT(i, 3, 0xe22866a6ffb0b6e4) ^ \
     CRC64_BIT(i, 4, 0xef09eb1ea7f6fea3) ^ CRC64_BIT(i, 5, 0xf54af06e177a6e2d) ^ \
     CRC64_BIT(i, 6, 0xc1ccc68f76634f31) ^ CRC64_BIT(i, 7, 0xa8c0ab4db4510d09))
#define CRC64_ZEROS_2(i) \
    (CRC64_BIT(i, 0, 0xf4125129ce4038be) ^ CRC64_BIT(i, 1, 0xc37d8400c417e217) ^ \
     CRC64_BIT(i, 2, 0xada22e52d0b85745) ^ CRC64_BIT(i, 3, 0x701d7af6f9e73de1) ^ \
     CRC64_BIT(i, 4, 0xe03af5edf3ce7bc2) ^ CRC64_BIT(i, 5, 0xeb2ccd88bf0b64ef) ^ \
     CRC64_BIT(i, 6, 0xfd00bd4226815ab5) ^ CRC64_BIT(i, 7, 0xd1585cd715952601))
#define CRC64_ZEROS_3(i) \
    (CRC64_BIT(i, 0, 0x8ce168638c796306) ^ CRC64_BIT(i, 1, 0x329bf69440655567) ^ \
     CRC64_BIT(i, 2, 0x6537ed2880caaace) ^ CRC64_BIT(i, 3, 0xca6fda510195559c) ^ \
     CRC64_BIT(i, 4, 0xbf8692f15bbd3853) ^ CRC64_BIT(i, 5, 0x545403b1efede3cd) ^ \
     CRC64_BIT(i, 6, 0xa8a80763dfdbc79a) ^ CRC64_BIT(i, 7, 0x7a092894e7201c5f))
#define CRC64_ZEROS_4(i) \
    (CRC64_BIT(i, 0, 0x3504e58b9ba6dd1e) ^ CRC64_BIT(i, 1, 0x6a09cb17374dba3c) ^ \
     CRC64_BIT(i, 2, 0xd413962e6e9b7478) ^ CRC64_BIT(i, 3, 0x837e0a0f85a17b9b) ^ \
     CRC64_BIT(i, 4, 0x2da5324c53d5645d) ^ CRC64_BIT(i, 5, 0x5b4a6498a7aac8ba) ^ \
     CRC64_BIT(i, 6, 0xb694c9314f559174) ^ CRC64_BIT(i, 7, 0x4670b431c63cb183))
#define CRC64_ZEROS_5(i) \
    (CRC64_BIT(i, 0, 0xe39d1389931b9354) ^ CRC64_BIT(i, 1, 0xec6301407ea0b5c3) ^ \
     CRC64_BIT(i, 2, 0xf39f24d3a5d6f8ed) ^ CRC64_BIT(i, 3, 0xcc676ff4133a62b1) ^ \
     CRC64_BIT(i, 4, 0xb397f9bb7ee35609) ^ CRC64_BIT(i, 5, 0x4c76d525a5513f79) ^ \
     CRC64_BIT(i, 6, 0x98edaa4b4aa27ef2) ^ CRC64_BIT(i, 7, 0x1a8272c5cdd36e8f))
#define CRC64_ZEROS_6(i) \
    (CRC64_BIT(i, 0, 0x62a95de6e302eff2) ^ CRC64_BIT(i, 1, 0xc552bbcdc605dfe4) ^ \
     CRC64_BIT(i, 2, 0xa1fc51c8d49c2ca3) ^ CRC64_BIT(i, 3, 0x68a185c2f1afca2d) ^ \
     CRC64_BIT(i, 4, 0xd1430b85e35f945a) ^ CRC64_BIT(i, 5, 0x89df31589e28bbdf) ^ \
     CRC64_BIT(i, 6, 0x38e744e264c6e4d5) ^ CRC64_BIT(i, 7, 0x71ce89c4c98dc9aa))
#define CRC64_ZEROS_7(i) \
    (CRC64_BIT(i, 0, 0x381d0015c96f4444) ^ CRC64_BIT(i, 1, 0x703a002b92de8888) ^ \
     CRC64_BIT(i, 2, 0xe074005725bd1110) ^ CRC64_BIT(i, 3, 0xebb126fd13edb14b) ^ \
     CRC64_BIT(i, 4, 0xfc3b6ba97f4cf1fd) ^ CRC64_BIT(i, 5, 0xd32ff101a60e7091) ^ \
     CRC64_BIT(i, 6, 0x8d06c450148b7249) ^ CRC64_BIT(i, 7, 0x3154aef3718177f9))

static const uint64_t crc64_tables[8][256] = {
    {CRC64_256(CRC64_ZEROS_0)},
    {CRC64_256(CRC64_ZEROS_1)},
    {CRC64_256(CRC64_ZEROS_2)},
    {CRC64_256(CRC64_ZEROS_3)},
    {CRC64_256(CRC64_ZEROS_4)},
    {CRC64_256(CRC64_ZEROS_5)},
    {CRC64_256(CRC64_ZEROS_6)},
    {CRC64_256(CRC64_ZEROS_7)},
};
/* clang-format on */

/* Eight bytes as a number, the first one lowest: on any machine. */
static inline uint64_t crc64_word(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
           (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static uint64_t crc64_by_table(uint64_t crc, struct kr_str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.data;
    size_t left = bytes.size;

    for (; left >= 8; left -= 8, p += 8) {
        crc ^= crc64_word(p);
        crc = crc64_tables[7][crc & 0xff] ^ crc64_tables[6][crc >> 8 & 0xff] ^
              crc64_tables[5][crc >> 16 & 0xff] ^
              crc64_tables[4][crc >> 24 & 0xff] ^
              crc64_tables[3][crc >> 32 & 0xff] ^
              crc64_tables[2][crc >> 40 & 0xff] ^
              crc64_tables[1][crc >> 48 & 0xff] ^ crc64_tables[0][crc >> 56];
    }
    for (; left; left--, p++)
        crc = crc64_tables[0][(crc ^ *p) & 0xff] ^ crc >> 8;
    return crc;
}

/* --- Sixteen bytes a step ------------------------------------------------ */

#if defined(__x86_64__)
#include <immintrin.h>

#define CRC64_LANES   4
#define CRC64_FOLDING (2 * CRC64_LANES * 16) /* bytes: from here on it pays */

/* Read as a number, bytes are a polynomial with the first bit on top, reflected:
 * bit i of a word stands for x^(63-i).  A register of 128 bits that is D bits in
 * front of the next one may be added to it after a multiplication by x^D, and
 * that modulo the CRC's polynomial:
 *
 *     (low x^64 + high) x^D  =  low (x^(D+64) mod P) + high (x^D mod P)
 *
 * The product of two reflected words has one x too many, so the factors are
 * x^(D+63) and x^(D-1) mod P.  Four registers go side by side, 512 bits from
 * step to step, and are then added up at a distance of 128. */
static const uint64_t crc64_by_512[2] = {UINT64_C(0xaf86efb16d9ab4fb),
                                         UINT64_C(0xf49784a634f014e4)};
static const uint64_t crc64_by_128[2] = {UINT64_C(0xd9d7be7d505da32c),
                                         UINT64_C(0x381d0015c96f4444)};

#define CRC64_TARGET __attribute__((target("pclmul,sse4.1")))

CRC64_TARGET static inline __m128i crc64_load(const void *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

CRC64_TARGET static inline __m128i crc64_fold(__m128i x, __m128i factors,
                                              __m128i next)
{
    return _mm_xor_si128(next,
                         _mm_xor_si128(_mm_clmulepi64_si128(x, factors, 0x00),
                                       _mm_clmulepi64_si128(x, factors, 0x11)));
}

CRC64_TARGET static uint64_t crc64_by_folding(uint64_t crc, struct kr_str bytes)
{
    const __m128i far = crc64_load(crc64_by_512);
    const __m128i near = crc64_load(crc64_by_128);
    const char *p = bytes.data;
    size_t left = bytes.size;
    __m128i x[CRC64_LANES];
    char rest[16];

    for (unsigned i = 0; i < CRC64_LANES; i++)
        x[i] = crc64_load(p + 16 * i);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi64_si128((long long)crc));
    for (p += 64, left -= 64; left >= 64; p += 64, left -= 64)
        for (unsigned i = 0; i < CRC64_LANES; i++)
            x[i] = crc64_fold(x[i], far, crc64_load(p + 16 * i));
    for (unsigned i = 1; i < CRC64_LANES; i++)
        x[i] = crc64_fold(x[i - 1], near, x[i]);
    /* What is left in the register is as good as the bytes before. */
    _mm_storeu_si128((__m128i *)rest, x[CRC64_LANES - 1]);
    crc = crc64_by_table(0, kr_str(rest, sizeof(rest)));
    return crc64_by_table(crc, kr_str(p, left));
}

uint64_t crc64(uint64_t crc, struct kr_str bytes)
{
    if (bytes.size >= CRC64_FOLDING && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("sse4.1"))
        return crc64_by_folding(crc, bytes);
    return crc64_by_table(crc, bytes);
}

#else

uint64_t crc64(uint64_t crc, struct kr_str bytes)
{
    return crc64_by_table(crc, bytes);
}

#endif
