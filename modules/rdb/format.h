/* SPDX-License-Identifier: BSD-3-Clause */
/* format - the bytes of a snapshot, as Redis writes and reads them.
 *
 *   "REDIS" "0010"                            the version, in digits
 *   250 name value                            a field about the file, any number
 *   247 id 2 when, tagged items, 0            of a module, no key
 *   245 source                                a library of functions
 *   254 number                                the database of what follows
 *   251 keys expiring                         how much will follow there
 *   [252 8 bytes] [248 n] [249 n] code key value          a key
 *   255                                       the end
 *   8 bytes                                   checksum of all before, or zeros;
 *                                             from version 5 on
 *
 * Before a key: when it expires (252: ms, 253: 4 bytes, seconds), for how many
 * seconds nobody has used it (248), how often it is used (249).  Codes below
 * 240 are values (codec.h).  Numbers of 4 and 8 bytes have the low byte first,
 * others are lengths.
 *
 * We write version 10, which Redis 7.0 reads, unless a value in the data set
 * needs a newer one. */
#ifndef RDB_FORMAT_H
#define RDB_FORMAT_H

#include <stdint.h>

enum rdb_opcode {
    RDB_FUNCTION2 = 245,
    RDB_FUNCTION = 246, /* of candidates of 7.0: nobody reads it any more */
    RDB_MODULE_AUX = 247,
    RDB_IDLE = 248,
    RDB_FREQUENCY = 249,
    RDB_FIELD = 250,
    RDB_RESIZE = 251,
    RDB_EXPIRY_MS = 252,
    RDB_EXPIRY_SEC = 253,
    RDB_SELECT = 254,
    RDB_END = 255,
};

#define RDB_MAGIC          "REDIS"
#define RDB_MAGIC_SIZE     9u
#define RDB_VERSION_LEAST  10u /* that we write */
#define RDB_VERSION_MOST   12u /* that we read */
#define RDB_VERSION_SUMMED 5u  /* files from here on end in a checksum */
#define RDB_SUM_SIZE       8u

/* The tag in front of `when`. */
#define RDB_TAG_UINT64 2u

static inline void rdb_put_uint64(char *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (char)(value >> 8 * i);
}

static inline uint64_t rdb_get_uint(const char *from, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)from[i] << 8 * i;
    return value;
}

#endif
