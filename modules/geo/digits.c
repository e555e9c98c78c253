/* SPDX-License-Identifier: BSD-3-Clause */
#include "digits.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 wide; /* no ISO C has it */

#define DIGITS_COORDINATE 17 /* behind the point */
#define DIGITS_DISTANCE   4
#define DIGITS_TEN17      UINT64_C(100000000000000000)
#define DIGITS_TEN4       10000u

/* `places` digits of `value`, and zeros before them; answers their end. */
static char *digits_padded(uint64_t value, unsigned places, char *text)
{
    for (unsigned i = places; i-- > 0; value /= 10)
        text[i] = (char)('0' + value % 10);
    return text + places;
}

static char *digits_plain(uint64_t value, char *text)
{
    unsigned places = 1;

    for (uint64_t rest = value; rest >= 10; rest /= 10)
        places++;
    return digits_padded(value, places, text);
}

/* |degrees| times 10^17 as a whole number.  A double is a fraction with a power
 * of two below, so this is exact: 53 bits times 57 fit into 128. */
static wide digits_scale(double degrees)
{
    int exponent;
    double fraction = frexp(fabs(degrees), &exponent);
    unsigned shift = (unsigned)(53 - exponent);
    wide product = (wide)(uint64_t)ldexp(fraction, 53) * DIGITS_TEN17;
    wide whole, rest, half;

    if (shift > 120) /* far less than half of the last digit */
        return 0;
    whole = product >> shift;
    rest = product - (whole << shift);
    half = (wide)1 << (shift - 1);
    return whole + (rest > half || (rest == half && whole % 2));
}

size_t digits_coordinate(double degrees, char *text)
{
    wide scaled = digits_scale(degrees);
    uint64_t fraction = (uint64_t)(scaled % DIGITS_TEN17);
    unsigned places = DIGITS_COORDINATE;
    char *at = text;

    if (degrees < 0 && scaled)
        *at++ = '-';
    at = digits_plain((uint64_t)(scaled / DIGITS_TEN17), at);
    if (fraction) {
        for (; fraction % 10 == 0; fraction /= 10)
            places--;
        *at++ = '.';
        at = digits_padded(fraction, places, at);
    }
    return (size_t)(at - text);
}

/* What is no number, or too large, becomes the least of all: it is what the
 * processor's conversion gives, and Redis prints. */
size_t digits_distance(double distance, char *text)
{
    double scaled = distance * DIGITS_TEN4;
    int64_t value = fabs(scaled) < 0x1p63 ? llrint(scaled) : INT64_MIN;
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char *at = text;

    if (value < 0)
        *at++ = '-';
    at = digits_plain(size / DIGITS_TEN4, at);
    *at++ = '.';
    at = digits_padded(size % DIGITS_TEN4, DIGITS_DISTANCE, at);
    return (size_t)(at - text);
}
