/* SPDX-License-Identifier: BSD-3-Clause */
/* legacy - the forms in which Redis kept small values before the listpack.
 *
 * They are still found in snapshots and dumps, and are only read: an element
 * after the other, from the first, to build something newer.
 *
 *   ziplist (lists, hashes, sorted sets; until Redis 7.0)
 *
 *   0        4        8       10
 *   +--------+--------+-------+---------+-- ... --+---------+------+
 *   |  size  |  last  | count | entry 0 |         | entry n |  ff  |
 *   +--------+--------+-------+---------+-- ... --+---------+------+
 *     u32      u32      u16    \       \
 *                               \       `------------.
 *                                +------+------+---------+
 *                                | back | head | payload |
 *                                +------+------+---------+
 *
 *     back                the size of the entry before, 0 at the first one:
 *                         one byte up to 253; above that fe and a u32
 *     head                payload
 *     00ssssss            s bytes
 *     01ssssss ssssssss   s bytes, high bits first
 *     10...... and u32    that many bytes; this u32 alone is big-endian
 *     c0, d0, e0          a number of 2, 4, 8 bytes
 *     f0, fe              a number of 3, 1 bytes
 *     f1 ... fd           none: the number is 0 ... 12
 *
 *   `last` is where the last entry begins; `count` is 65535 if nobody knows.
 *
 *   zipmap (hashes; until Redis 2.6)
 *
 *   +-------+------+-------+------+------+-------+------+-- ... --+----+
 *   | pairs | size | field | size | free | value | gap  |         | ff |
 *   +-------+------+-------+------+------+-------+------+-- ... --+----+
 *     u8                             u8           `free` bytes
 *
 *   A size is one byte up to 253; above that fe and a u32.  `pairs` is 254 if
 *   nobody knows.
 *
 * All comes from outside.  The reader touches no byte but those it was given,
 * and believes the bytes only when each agrees with all others, which it knows
 * at the end: who builds something from the elements throws it away when the
 * last answer is LEGACY_BROKEN. */
#ifndef COMPACT_LEGACY_H
#define COMPACT_LEGACY_H

#include <kr/base.h>

#include "listpack.h"

enum legacy_form {
    LEGACY_ZIPLIST,
    LEGACY_ZIPMAP, /* fields and values in turn: always an even number */
};

enum legacy_step {
    LEGACY_BROKEN,
    LEGACY_ITEM,
    LEGACY_END,
};

/* Its fields are legacy.c's, but for `count`. */
struct legacy_reader {
    struct kr_str bytes;
    size_t at;    /* of what comes next */
    size_t last;  /* ziplist: where the entry before it began, 0: nowhere */
    size_t count; /* elements so far */
    enum legacy_form form;
    bool broken;
};

/* Begin to read `bytes`, which are borrowed.  false: they are too few, or their
 * size or their end is wrong.  O(1). */
bool legacy_open(struct legacy_reader *reader, enum legacy_form form,
                 struct kr_str bytes);

/* The next element, borrowed from the bytes.  What reads as a number is one, so
 * listpack_element_of() may take the item.  Once broken, always broken. */
enum legacy_step legacy_next(struct legacy_reader *reader,
                             struct listpack_item *item);

#endif
