/* SPDX-License-Identifier: BSD-3-Clause */
#include "intset.h"

#include <endian.h>

/* --- Bytes --------------------------------------------------------------- */

static inline uint32_t intset_load32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return le32toh(value);
}

static inline void intset_store32(uint8_t *p, uint32_t value)
{
    value = htole32(value);
    memcpy(p, &value, sizeof(value));
}

static inline int64_t intset_load(const uint8_t *p, size_t width)
{
    uint16_t narrow;
    uint64_t wide;

    switch (width) {
    case 2:
        memcpy(&narrow, p, sizeof(narrow));
        return (int16_t)le16toh(narrow);
    case 4:
        return (int32_t)intset_load32(p);
    default:
        memcpy(&wide, p, sizeof(wide));
        return (int64_t)le64toh(wide);
    }
}

static inline void intset_store(uint8_t *p, size_t width, int64_t value)
{
    uint64_t bits = htole64((uint64_t)value); /* the low bytes come first */

    memcpy(p, &bits, width);
}

static size_t intset_width_of(int64_t value)
{
    return value == (int16_t)value ? 2 : value == (int32_t)value ? 4 : 8;
}

/* --- The whole ----------------------------------------------------------- */

void intset_init(void *set)
{
    intset_store32(set, 2);
    intset_store32((uint8_t *)set + 4, 0);
}

size_t intset_width(const void *set)
{
    return intset_load32(set);
}

size_t intset_count(const void *set)
{
    return intset_load32((const uint8_t *)set + 4);
}

size_t intset_size(const void *set)
{
    return INTSET_EMPTY + intset_count(set) * intset_width(set);
}

bool intset_check_header(struct kr_str bytes)
{
    size_t width;

    if (bytes.size < INTSET_EMPTY)
        return false;
    width = intset_width(bytes.data);
    return (width == 2 || width == 4 || width == 8) &&
           intset_size(bytes.data) == bytes.size;
}

bool intset_check(struct kr_str bytes)
{
    size_t count;

    if (!intset_check_header(bytes))
        return false;
    count = intset_count(bytes.data);
    for (size_t i = 1; i < count; i++) {
        if (intset_get(bytes.data, i - 1) >= intset_get(bytes.data, i))
            return false;
    }
    return true;
}

/* --- Read ---------------------------------------------------------------- */

int64_t intset_get(const void *set, size_t index)
{
    size_t width = intset_width(set);

    return intset_load((const uint8_t *)set + INTSET_EMPTY + index * width,
                       width);
}

static inline void intset_load_all(const uint8_t *p, size_t width, int64_t *out,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = intset_load(p + i * width, width);
}

size_t intset_batch(const void *set, size_t index, int64_t *out, size_t max)
{
    size_t width = intset_width(set), count = intset_count(set);
    const uint8_t *p = (const uint8_t *)set + INTSET_EMPTY + index * width;

    if (index >= count)
        return 0;
    if (max > count - index)
        max = count - index;
    /* A constant width each, so that the compiler makes three plain loops. */
    if (width == 2)
        intset_load_all(p, 2, out, max);
    else if (width == 4)
        intset_load_all(p, 4, out, max);
    else
        intset_load_all(p, 8, out, max);
    return max;
}

/* How many values are below `value`.  The loop has no branch to mispredict:
 * its halves are chosen by a conditional move. */
static inline size_t intset_rank(const uint8_t *values, size_t width,
                                 size_t count, int64_t value)
{
    const uint8_t *base = values;

    while (count > 1) {
        size_t half = count / 2;

        base = intset_load(base + (half - 1) * width, width) < value
                   ? base + half * width
                   : base;
        count -= half;
    }
    if (count == 1 && intset_load(base, width) < value)
        base += width;
    return (size_t)(base - values) / width;
}

bool intset_find(const void *set, int64_t value, size_t *place)
{
    const uint8_t *values = (const uint8_t *)set + INTSET_EMPTY;
    size_t width = intset_width(set), count = intset_count(set);

    if (width == 2)
        *place = intset_rank(values, 2, count, value);
    else if (width == 4)
        *place = intset_rank(values, 4, count, value);
    else
        *place = intset_rank(values, 8, count, value);
    return *place < count && intset_get(set, *place) == value;
}

/* --- Edit ---------------------------------------------------------------- */

size_t intset_size_for(const void *set, int64_t value)
{
    size_t width = intset_width(set), needed = intset_width_of(value);

    return INTSET_EMPTY +
           (intset_count(set) + 1) * (needed > width ? needed : width);
}

/* Give each value `width` bytes, which is more than before. */
static void intset_widen(uint8_t *set, size_t width)
{
    uint8_t *values = set + INTSET_EMPTY;
    size_t old = intset_width(set);

    for (size_t i = intset_count(set); i-- > 0;)
        intset_store(values + i * width, width,
                     intset_load(values + i * old, old));
    intset_store32(set, (uint32_t)width);
}

void intset_insert(void *set, size_t place, int64_t value)
{
    size_t count = intset_count(set), width = intset_width(set);
    uint8_t *p;

    if (intset_width_of(value) > width) {
        width = intset_width_of(value);
        intset_widen(set, width);
    }
    p = (uint8_t *)set + INTSET_EMPTY + place * width;
    memmove(p + width, p, (count - place) * width);
    intset_store(p, width, value);
    intset_store32((uint8_t *)set + 4, (uint32_t)count + 1);
}

void intset_delete(void *set, size_t place)
{
    size_t count = intset_count(set), width = intset_width(set);
    uint8_t *p = (uint8_t *)set + INTSET_EMPTY + place * width;

    memmove(p, p + width, (count - place - 1) * width);
    intset_store32((uint8_t *)set + 4, (uint32_t)count - 1);
}
