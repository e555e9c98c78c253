/* SPDX-License-Identifier: BSD-3-Clause */
/* crc16 - see the header.
 *
 * A CRC is linear: that of a xor b is that of a, xor that of b.  The table for
 * all 256 bytes follows from those of the eight single bits, and the compiler
 * can work it out. */

#include "core/text/crc16.h"

/* clang-format off */
#define CRC16_BIT(i, bit, crc) (((i) >> (bit) & 1) * (crc))
#define CRC16_1(i) (uint16_t)                                                  \
    (CRC16_BIT(i, 0, 0x1021) ^ CRC16_BIT(i, 1, 0x2042) ^                       \
     CRC16_BIT(i, 2, 0x4084) ^ CRC16_BIT(i, 3, 0x8108) ^                       \
     CRC16_BIT(i, 4, 0x1231) ^ CRC16_BIT(i, 5, 0x2462) ^                       \
     CRC16_BIT(i, 6, 0x48c4) ^ CRC16_BIT(i, 7, 0x9188))
#define CRC16_4(i)  CRC16_1(i), CRC16_1(i + 1), CRC16_1(i + 2), CRC16_1(i + 3)
#define CRC16_16(i) CRC16_4(i), CRC16_4(i + 4), CRC16_4(i + 8), CRC16_4(i + 12)
#define CRC16_64(i) CRC16_16(i), CRC16_16(i + 16),                             \
                    CRC16_16(i + 32), CRC16_16(i + 48)
/* clang-format on */

static const uint16_t crc16_table[256] = {CRC16_64(0), CRC16_64(64),
                                          CRC16_64(128), CRC16_64(192)};

uint16_t crc16(struct kr_str bytes)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];

        crc = (uint16_t)(crc << 8 ^ crc16_table[(crc >> 8 ^ byte) & 0xff]);
    }
    return crc;
}

uint16_t crc16_slot(struct kr_str key)
{
    const char *open = key.size ? memchr(key.data, '{', key.size) : NULL;

    if (open) {
        size_t rest = (size_t)(key.data + key.size - (open + 1));
        const char *close = memchr(open + 1, '}', rest);

        if (close && close != open + 1)
            key = kr_str(open + 1, (size_t)(close - (open + 1)));
    }
    return crc16(key) % CRC16_SLOTS;
}
