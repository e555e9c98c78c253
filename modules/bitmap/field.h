/* SPDX-License-Identifier: BSD-3-Clause */
/* field - an integer of 1 to 64 bits anywhere in a byte string, most
 * significant bit first, and what happens when it gets a value that does not
 * fit.
 *
 *   u5 at 6:    byte 0            byte 1
 *               . . . . . . 4 3   2 1 0 . . . . .  */
#ifndef BITMAP_FIELD_H
#define BITMAP_FIELD_H

#include <kr/base.h>

struct field {
    uint64_t offset; /* of its first bit */
    uint32_t width;  /* bits: 1 to 64, to 63 without a sign */
    bool is_signed;
};

enum field_overflow { FIELD_WRAP, FIELD_SAT, FIELD_FAIL };

/* The field's value in `bytes`; beyond the end all bits are clear. */
int64_t field_get(const struct field *field, struct kr_str bytes);

/* Store the low bits of `value`; the field lies within `bytes`. */
void field_set(const struct field *field, uint8_t *bytes, int64_t value);

/* The value that the field has after being set to `value`; a negative one is
 * too large for a field without a sign.  false: FIELD_FAIL, it does not fit. */
bool field_fit(const struct field *field, enum field_overflow overflow,
               int64_t value, int64_t *result);

/* The same after adding `delta` to `value`, which the field has. */
bool field_add(const struct field *field, enum field_overflow overflow,
               int64_t value, int64_t delta, int64_t *result);

#endif
