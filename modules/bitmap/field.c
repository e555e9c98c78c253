/* SPDX-License-Identifier: BSD-3-Clause */
#include "field.h"

/* Wide enough for a field of 64 bits across 9 bytes, and for any sum. */
typedef __int128 wide;
typedef unsigned __int128 wide_bits;

static uint64_t field_mask(const struct field *field)
{
    return UINT64_MAX >> (64 - field->width);
}

static int64_t field_most(const struct field *field)
{
    return (int64_t)(field_mask(field) >> field->is_signed);
}

/* The low bits of `bits` as the field's value. */
static int64_t field_value(const struct field *field, uint64_t bits)
{
    uint64_t sign = UINT64_C(1) << (field->width - 1);

    bits &= field_mask(field);
    if (field->is_signed) /* a sign bit of 1 takes the field's range off */
        bits = (bits ^ sign) - sign;
    return (int64_t)bits;
}

/* The field's bytes, from *first to *last, and how far its last bit is from
 * the end of the last one. */
static uint32_t field_place(const struct field *field, uint64_t *first,
                            uint64_t *last)
{
    uint64_t end = field->offset + field->width - 1;

    *first = field->offset / 8;
    *last = end / 8;
    return 7 - end % 8;
}

int64_t field_get(const struct field *field, struct kr_str bytes)
{
    uint64_t first, last;
    uint32_t shift = field_place(field, &first, &last);
    wide_bits bits = 0;

    for (uint64_t i = first; i <= last; i++)
        bits = bits << 8 | (i < bytes.size ? (unsigned char)bytes.data[i] : 0);
    return field_value(field, (uint64_t)(bits >> shift));
}

void field_set(const struct field *field, uint8_t *bytes, int64_t value)
{
    uint64_t first, last;
    uint32_t shift = field_place(field, &first, &last);
    wide_bits mask = (wide_bits)field_mask(field) << shift;
    wide_bits bits = (wide_bits)(uint64_t)value << shift & mask;

    for (uint64_t i = last + 1; i-- > first; mask >>= 8, bits >>= 8)
        bytes[i] = (uint8_t)((bytes[i] & ~(uint8_t)mask) | (uint8_t)bits);
}

static bool field_settle(const struct field *field,
                         enum field_overflow overflow, wide value,
                         int64_t *result)
{
    int64_t most = field_most(field);
    int64_t least = field->is_signed ? -most - 1 : 0;

    if (value >= least && value <= most)
        *result = (int64_t)value;
    else if (overflow == FIELD_FAIL)
        return false;
    else if (overflow == FIELD_SAT)
        *result = value > most ? most : least;
    else
        *result = field_value(field, (uint64_t)value);
    return true;
}

bool field_fit(const struct field *field, enum field_overflow overflow,
               int64_t value, int64_t *result)
{
    int64_t most = field_most(field), room;

    if (!field->is_signed)
        return field_settle(field, overflow, (uint64_t)value, result);
    /* Redis looks how far below the most a value is, and for the lowest ones
     * that wraps: they saturate at the wrong end.  Clients see it, so we do. */
    if (overflow == FIELD_SAT && field->width < 64 &&
        __builtin_sub_overflow(most, value, &room)) {
        *result = most;
        return true;
    }
    return field_settle(field, overflow, value, result);
}

bool field_add(const struct field *field, enum field_overflow overflow,
               int64_t value, int64_t delta, int64_t *result)
{
    return field_settle(field, overflow, (wide)value + delta, result);
}
