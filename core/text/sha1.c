/* SPDX-License-Identifier: BSD-3-Clause */
/* sha1 - blocks of 64 bytes are mixed into five words.
 *
 *     message | 0x80 | zeros | its length in bits, 8 bytes      n x 64 bytes
 *
 * The eighty words that a block expands to are made as they are needed, in a
 * ring of sixteen. */
#include "core/text/sha1.h"

#define BLOCK 64

static uint32_t sha1_rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t sha1_word(uint32_t ring[16], unsigned t)
{
    if (t >= 16)
        ring[t & 15] = sha1_rotate(ring[(t + 13) & 15] ^ ring[(t + 8) & 15] ^
                                       ring[(t + 2) & 15] ^ ring[t & 15],
                                   1);
    return ring[t & 15];
}

/* The function and the constant of round t: they change each twenty. */
static uint32_t sha1_round(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    default:
        return (b ^ c ^ d) + 0xca62c1d6;
    }
}

static void sha1_block(uint32_t state[5], const unsigned char *bytes)
{
    uint32_t ring[16], v[5];

    for (unsigned i = 0; i < 16; i++)
        ring[i] = (uint32_t)bytes[4 * i] << 24 |
                  (uint32_t)bytes[4 * i + 1] << 16 |
                  (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = sha1_rotate(v[0], 5) + sha1_round(t, v[1], v[2], v[3]) +
                        v[4] + sha1_word(ring, t);

        v[4] = v[3];
        v[3] = v[2];
        v[2] = sha1_rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++)
        state[i] += v[i];
}

/* The rest of the message with what follows it: one block, or two. */
static void sha1_end(uint32_t state[5], struct kr_str rest, uint64_t size)
{
    unsigned char last[2 * BLOCK] = {0};
    size_t blocks = rest.size + 9 > BLOCK ? 2 : 1;

    if (rest.size > 0)
        memcpy(last, rest.data, rest.size);
    last[rest.size] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[blocks * BLOCK - 1 - i] = (unsigned char)(size * 8 >> 8 * i);
    for (size_t i = 0; i < blocks; i++)
        sha1_block(state, last + i * BLOCK);
}

void sha1(struct kr_str bytes, uint8_t hash[SHA1_SIZE])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                         0xc3d2e1f0};
    struct kr_str rest = bytes;

    for (; rest.size >= BLOCK; rest.data += BLOCK, rest.size -= BLOCK)
        sha1_block(state, (const unsigned char *)rest.data);
    sha1_end(state, rest, bytes.size);
    for (unsigned i = 0; i < SHA1_SIZE; i++)
        hash[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
