/* SPDX-License-Identifier: BSD-3-Clause */
#include "legacy.h"

#include <endian.h>

#define ZIPLIST_HEADER        10u
#define ZIPLIST_COUNT_UNKNOWN 65535u
#define ZIPMAP_HEADER         1u
#define ZIPMAP_PAIRS_UNKNOWN  254u
#define LONG_SIZE             0xfeu /* a u32 follows */
#define END                   0xffu

/* --- Bytes: none is read that legacy_has() has not seen ------------------ */

static inline size_t legacy_left(const struct legacy_reader *reader)
{
    return reader->bytes.size - reader->at;
}

static inline uint8_t legacy_byte(const struct legacy_reader *reader, size_t at)
{
    return (uint8_t)reader->bytes.data[at];
}

static inline uint32_t legacy_load32(const struct legacy_reader *reader,
                                     size_t at)
{
    uint32_t value;

    memcpy(&value, reader->bytes.data + at, sizeof(value));
    return le32toh(value);
}

/* Read `count` bytes as a number with a sign, count being 1 to 8. */
static bool legacy_take_number(struct legacy_reader *reader, size_t count,
                               struct listpack_item *item)
{
    uint64_t bits = 0;

    if (legacy_left(reader) < count)
        return false;
    memcpy(&bits, reader->bytes.data + reader->at, count);
    bits = le64toh(bits) << (64 - 8 * count); /* the sign on top, and back */
    *item = (struct listpack_item){
        .number = (int64_t)bits >> (64 - 8 * count),
        .is_number = true,
    };
    reader->at += count;
    return true;
}

static bool legacy_take_text(struct legacy_reader *reader, size_t size,
                             struct listpack_item *item)
{
    if (legacy_left(reader) < size)
        return false;
    *item = listpack_item(kr_str(reader->bytes.data + reader->at, size));
    reader->at += size;
    return true;
}

/* A size of one byte or of five, as both forms have it. */
static bool legacy_take_size(struct legacy_reader *reader, size_t *size)
{
    uint8_t first;

    if (legacy_left(reader) < 1)
        return false;
    first = legacy_byte(reader, reader->at);
    if (first == END || (first == LONG_SIZE && legacy_left(reader) < 5))
        return false;
    *size = first;
    if (first == LONG_SIZE)
        *size = legacy_load32(reader, reader->at + 1);
    reader->at += first == LONG_SIZE ? 5 : 1;
    return true;
}

/* --- Ziplist ------------------------------------------------------------- */

static bool ziplist_open(const struct legacy_reader *reader)
{
    return reader->bytes.size > ZIPLIST_HEADER &&
           legacy_load32(reader, 0) == reader->bytes.size;
}

static bool ziplist_take_text(struct legacy_reader *reader, uint8_t head,
                              struct listpack_item *item)
{
    size_t more = head < 0x40 ? 0 : head < 0x80 ? 1 : 4;
    uint32_t size = head & 63;

    if (legacy_left(reader) < more)
        return false;
    if (more == 1)
        size = size << 8 | legacy_byte(reader, reader->at);
    else if (more == 4)
        size = __builtin_bswap32(htole32(legacy_load32(reader, reader->at)));
    reader->at += more;
    return legacy_take_text(reader, size, item);
}

/* What stands behind `back`. */
static bool ziplist_take_payload(struct legacy_reader *reader,
                                 struct listpack_item *item)
{
    uint8_t head;

    if (legacy_left(reader) < 1)
        return false;
    head = legacy_byte(reader, reader->at++);
    switch (head) {
    case 0x00 ... 0xbf:
        return ziplist_take_text(reader, head, item);
    case 0xc0:
        return legacy_take_number(reader, 2, item);
    case 0xd0:
        return legacy_take_number(reader, 4, item);
    case 0xe0:
        return legacy_take_number(reader, 8, item);
    case 0xf0:
        return legacy_take_number(reader, 3, item);
    case 0xfe:
        return legacy_take_number(reader, 1, item);
    case 0xf1 ... 0xfd:
        *item =
            (struct listpack_item){.number = head - 0xf1, .is_number = true};
        return true;
    default:
        return false;
    }
}

static bool ziplist_next(struct legacy_reader *reader,
                         struct listpack_item *item)
{
    size_t begin = reader->at, back;

    if (!legacy_take_size(reader, &back) ||
        back != (reader->last ? begin - reader->last : 0) ||
        !ziplist_take_payload(reader, item))
        return false;
    reader->last = begin;
    return true;
}

/* An empty one says where the first entry would be, or anything. */
static bool ziplist_ends(const struct legacy_reader *reader)
{
    uint32_t count = legacy_byte(reader, 8) | (uint32_t)legacy_byte(reader, 9)
                                                  << 8;

    return (reader->last == 0 || legacy_load32(reader, 4) == reader->last) &&
           (count == ZIPLIST_COUNT_UNKNOWN || count == reader->count);
}

/* --- Zipmap -------------------------------------------------------------- */

static bool zipmap_next(struct legacy_reader *reader,
                        struct listpack_item *item)
{
    bool is_value = reader->count & 1;
    size_t begin = reader->at, size, gap = 0;

    if (!legacy_take_size(reader, &size) ||
        (size < LONG_SIZE && reader->at - begin > 1))
        return false;
    if (is_value) {
        if (legacy_left(reader) < 1)
            return false;
        gap = legacy_byte(reader, reader->at++);
    }
    if (!legacy_take_text(reader, size, item) || legacy_left(reader) < gap)
        return false;
    reader->at += gap;
    return true;
}

static bool zipmap_ends(const struct legacy_reader *reader)
{
    uint8_t pairs = legacy_byte(reader, 0);

    return reader->count % 2 == 0 &&
           (pairs == ZIPMAP_PAIRS_UNKNOWN || pairs == reader->count / 2);
}

/* --- Either -------------------------------------------------------------- */

bool legacy_open(struct legacy_reader *reader, enum legacy_form form,
                 struct kr_str bytes)
{
    *reader = (struct legacy_reader){
        .bytes = bytes,
        .at = form == LEGACY_ZIPLIST ? ZIPLIST_HEADER : ZIPMAP_HEADER,
        .form = form,
    };
    reader->broken = bytes.size <= reader->at ||
                     legacy_byte(reader, bytes.size - 1) != END ||
                     (form == LEGACY_ZIPLIST && !ziplist_open(reader));
    if (!reader->broken)
        reader->bytes.size--; /* the end is never a part of an element */
    return !reader->broken;
}

enum legacy_step legacy_next(struct legacy_reader *reader,
                             struct listpack_item *item)
{
    bool is_ziplist = reader->form == LEGACY_ZIPLIST;

    if (reader->broken)
        return LEGACY_BROKEN;
    if (legacy_left(reader) == 0) {
        reader->broken =
            !(is_ziplist ? ziplist_ends(reader) : zipmap_ends(reader));
        return reader->broken ? LEGACY_BROKEN : LEGACY_END;
    }
    reader->broken =
        !(is_ziplist ? ziplist_next(reader, item) : zipmap_next(reader, item));
    if (reader->broken)
        return LEGACY_BROKEN;
    reader->count++;
    return LEGACY_ITEM;
}
