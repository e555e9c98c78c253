/* SPDX-License-Identifier: BSD-3-Clause */
/* number - see the header.
 *
 * The C library reads and prints every float right, and slowly.  Three
 * shortcuts take the floats that people use, and are exact, not nearly so:
 *
 * Reading   123.45 = 12345 / 10^2.  When both are exact in the type, the one
 *           division rounds once and so gives the nearest float.
 * "%.17g"   m * 2^e with m of 53 bits, times 10^k = 5^k * 2^k, is a product of
 *           at most 117 bits shifted right.  It fits in 128, so the shift sees
 *           every bit that rounding half to even depends on.
 * "%.17Lf"  the same with m of 64 bits, times 10^17: 121 bits. */

#include "core/text/number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory/memory.h"

__extension__ typedef unsigned __int128 number_wide;

static const char number_pairs[200] = {
    "00010203040506070809101112131415161718192021222324252627282930313233343536"
    "37383940414243444546474849505152535455565758596061626364656667686970717273"
    "7475767778798081828384858687888990919293949596979899"};

/* 10^0 ... 10^19: all that fit in 64 bits. */
static const uint64_t number_tens[20] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
    10000000000000000000ull,
};

/* --- Integers ------------------------------------------------------------ */

bool number_parse_uint64(struct kr_str text, uint64_t *value)
{
    uint64_t sum;

    if (text.size == 0 || text.size > 20)
        return false;
    sum = (uint64_t)(unsigned char)text.data[0] - '0';
    if (sum > 9 || (sum == 0 && text.size > 1))
        return false;
    for (size_t i = 1; i < text.size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.data[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool number_parse_int64(struct kr_str text, int64_t *value)
{
    bool negative = text.size != 0 && text.data[0] == '-';
    uint64_t size;

    if (negative)
        text = kr_str(text.data + 1, text.size - 1);
    if (!number_parse_uint64(text, &size))
        return false;
    if (negative) {
        if (size == 0 || size > (uint64_t)INT64_MAX + 1)
            return false;
        *value = (int64_t)(0 - size);
    } else {
        if (size > INT64_MAX)
            return false;
        *value = (int64_t)size;
    }
    return true;
}

static bool number_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool number_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* How many digits `value` has; 0 has one. */
static unsigned number_digits(uint64_t value)
{
    /* 1233 / 4096 is a little more than log10(2): right, or one too many. */
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned guess = bits * 1233 >> 12;

    return guess + (value >= number_tens[guess] || value == 0);
}

/* Exactly `digits` digits of `value`, zeros in front included. */
static void number_write_digits(char *to, uint64_t value, unsigned digits)
{
    while (digits >= 2) {
        digits -= 2;
        memcpy(to + digits, number_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (digits)
        to[0] = (char)('0' + value % 10);
}

static size_t number_write_magnitude(char *to, uint64_t value)
{
    unsigned digits = number_digits(value);

    number_write_digits(to, value, digits);
    return digits;
}

size_t number_write_uint64(char to[NUMBER_INT64_MAX], uint64_t value)
{
    return number_write_magnitude(to, value);
}

size_t number_write_int64(char to[NUMBER_INT64_MAX], int64_t value)
{
    if (value >= 0)
        return number_write_uint64(to, (uint64_t)value);
    to[0] = '-';
    /* The magnitude of a negative has 19 digits at most, so this fits. */
    return 1 + number_write_magnitude(to + 1, 0 - (uint64_t)value);
}

/* --- Reading floats ------------------------------------------------------ */

/* A decimal number: digits * 10^exponent, no more than 19 digits. */
struct number_decimal {
    uint64_t digits;
    int exponent;
    bool negative;
};

/* Read digits from *at on into *sum; how many there were. */
static size_t number_run(const char **at, const char *end, uint64_t *sum)
{
    const char *from = *at;

    while (*at < end && number_is_digit(**at)) {
        *sum = *sum * 10 + (uint64_t)(**at - '0');
        ++*at;
    }
    return (size_t)(*at - from);
}

/* The usual forms: [+-]digits[.digits][e[+-]digits], short enough for neither
 * sum to overflow.  false says only that somebody else has to look. */
static bool number_scan(struct kr_str text, struct number_decimal *decimal)
{
    const char *at = text.data;
    const char *end = at + text.size;
    size_t whole, decimals = 0;
    uint64_t exponent = 0;
    bool shrink = false;

    if (text.size == 0 || text.size > 19)
        return false;
    decimal->negative = *at == '-';
    decimal->digits = 0;
    at += *at == '-' || *at == '+';
    whole = number_run(&at, end, &decimal->digits);
    if (at < end && *at == '.') {
        at++;
        decimals = number_run(&at, end, &decimal->digits);
    }
    if (whole + decimals == 0)
        return false;
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            shrink = *at++ == '-';
        if (number_run(&at, end, &exponent) == 0 || exponent > 99)
            return false;
    }
    decimal->exponent =
        (shrink ? -(int)exponent : (int)exponent) - (int)decimals;
    return at == end;
}

/* `text` with a NUL behind it, in `local` if it fits; NULL: no memory. */
static char *number_terminated(struct kr_str text, char *local, size_t size)
{
    char *copy = text.size < size ? local : memory_try_alloc(text.size + 1);

    if (copy) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
    }
    return copy;
}

bool number_parse_double(struct kr_str text, double *value)
{
    static const double tens[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct number_decimal decimal;
    char local[128];
    char *copy, *end;
    double result;
    bool good;

    if (number_scan(text, &decimal) && decimal.digits <= 1ull << DBL_MANT_DIG &&
        decimal.exponent >= -22 && decimal.exponent <= 22) {
        result = (double)decimal.digits;
        if (decimal.exponent < 0)
            result /= tens[-decimal.exponent];
        else
            result *= tens[decimal.exponent];
        *value = decimal.negative ? -result : result;
        return true;
    }
    if (text.size == 0 || number_is_space(text.data[0]))
        return false;
    copy = number_terminated(text, local, sizeof(local));
    if (!copy)
        return false;
    errno = 0;
    result = strtod(copy, &end);
    good = end == copy + text.size && !isnan(result) &&
           !(errno == ERANGE && (isinf(result) || result == 0));
    if (copy != local)
        memory_free(copy);
    if (good)
        *value = result;
    return good;
}

bool number_parse_long_double(struct kr_str text, long double *value)
{
    char local[NUMBER_LONG_DOUBLE_MAX];
    long double result;
    char *end;

#if LDBL_MANT_DIG >= 64
    static const long double tens[] = {
        1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
        1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
        1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    struct number_decimal decimal;

    if (number_scan(text, &decimal) && decimal.exponent >= -27 &&
        decimal.exponent <= 27) {
        result = (long double)decimal.digits;
        if (decimal.exponent < 0)
            result /= tens[-decimal.exponent];
        else
            result *= tens[decimal.exponent];
        *value = decimal.negative ? -result : result;
        return true;
    }
#endif
    /* Longer text is refused, as in Redis. */
    if (text.size == 0 || text.size >= sizeof(local) ||
        number_is_space(text.data[0]))
        return false;
    number_terminated(text, local, sizeof(local));
    errno = 0;
    result = strtold(local, &end);
    if (end != local + text.size || isnan(result) ||
        (errno == ERANGE && (isinf(result) || result == 0)))
        return false;
    *value = result;
    return true;
}

/* --- Writing floats ------------------------------------------------------ */

/* wide / 2^shift, rounded half to even; 0 < shift < 128. */
static number_wide number_shift_round(number_wide wide, unsigned shift)
{
    number_wide half = (number_wide)1 << (shift - 1);
    number_wide rest = wide & ((half << 1) - 1);
    number_wide whole = wide >> shift;

    return whole + (rest > half || (rest == half && (whole & 1)));
}

/* `value` * 10^k, rounded half to even.  Needs 1e-4 <= value < 1e17, and k such
 * that the answer is below 10^18. */
static uint64_t number_scale(double value, unsigned k)
{
    static const uint64_t fives[] = {1ull,
                                     5ull,
                                     25ull,
                                     125ull,
                                     625ull,
                                     3125ull,
                                     15625ull,
                                     78125ull,
                                     390625ull,
                                     1953125ull,
                                     9765625ull,
                                     48828125ull,
                                     244140625ull,
                                     1220703125ull,
                                     6103515625ull,
                                     30517578125ull,
                                     152587890625ull,
                                     762939453125ull,
                                     3814697265625ull,
                                     19073486328125ull,
                                     95367431640625ull,
                                     476837158203125ull};
    uint64_t bits;
    int exponent;
    number_wide wide;

    memcpy(&bits, &value, sizeof(bits));
    exponent = (int)(bits >> 52) - 1075;
    wide = (number_wide)(bits & ((1ull << 52) - 1)) | 1ull << 52;
    wide *= fives[k];
    exponent += (int)k;
    if (exponent >= 0)
        return (uint64_t)(wide << exponent);
    return (uint64_t)number_shift_round(wide, (unsigned)-exponent);
}

/* digits / 10^decimals without an exponent and without zeros at the end. */
static size_t number_write_fixed(char *to, uint64_t whole, uint64_t fraction,
                                 unsigned decimals)
{
    size_t size = number_write_magnitude(to, whole);

    if (fraction) {
        to[size++] = '.';
        number_write_digits(to + size, fraction, decimals);
        size += decimals;
        while (to[size - 1] == '0')
            size--;
    }
    return size;
}

/* "%.17g" for 1e-4 <= value < 1e17, where it uses no exponent. */
static size_t number_write_common(char *to, double value)
{
    unsigned decimals = 16;
    uint64_t digits;

    /* How many decimals leave 17 significant digits?  16 - floor(log10). */
    if (value >= 1) {
        decimals -= number_digits((uint64_t)value) - 1;
    } else {
        for (double v = value; v < 1; v *= 10)
            decimals++; /* maybe one too many or too few; see below */
    }
    digits = number_scale(value, decimals);
    if (digits >= number_tens[17])
        digits = number_scale(value, --decimals);
    else if (digits < number_tens[16])
        digits = number_scale(value, ++decimals);
    if (decimals < 20)
        return number_write_fixed(to, digits / number_tens[decimals],
                                  digits % number_tens[decimals], decimals);
    return number_write_fixed(to, 0, digits, decimals);
}

size_t number_write_double(char to[NUMBER_DOUBLE_MAX], double value)
{
    double size = fabs(value);
    size_t sign = 0;

    if (isnan(value)) {
        memcpy(to, "nan", 3);
        return 3;
    }
    if (signbit(value))
        to[sign++] = '-';
    if (isinf(value)) {
        memcpy(to + sign, "inf", 3);
        return sign + 3;
    }
    if (size < 1e17 && size == (double)(uint64_t)size)
        return sign + number_write_magnitude(to + sign, (uint64_t)size);
    if (size < 1e17 && size >= 1e-4)
        return sign + number_write_common(to + sign, size);
    return (size_t)snprintf(to, NUMBER_DOUBLE_MAX, "%.17g", value);
}

#if LDBL_MANT_DIG == 64
/* "%.17Lf" with its zeros cut, for 0 <= value < 2^64. */
static size_t number_write_long_common(char *to, long double value)
{
    const uint64_t one = 100000000000000000ull; /* 10^17 */
    number_wide wide;
    int exponent;

    /* value = mantissa * 2^(exponent - 64), the mantissa of 64 bits */
    wide = (uint64_t)ldexpl(frexpl(value, &exponent), 64);
    if (exponent <= -64)
        wide = 0;
    else if (exponent < 64)
        wide = number_shift_round(wide * one, (unsigned)(64 - exponent));
    else
        wide *= one;
    return number_write_fixed(to, (uint64_t)(wide / one),
                              (uint64_t)(wide % one), 17);
}
#endif

/* The C library's answer with its zeros cut. */
static size_t number_write_long_any(char *to, long double value)
{
    size_t size = (size_t)snprintf(to, NUMBER_LONG_DOUBLE_MAX, "%.17Lf", value);

    while (to[size - 1] == '0')
        size--;
    return size - (to[size - 1] == '.');
}

size_t number_write_long_double(char to[NUMBER_LONG_DOUBLE_MAX],
                                long double value)
{
    size_t sign = 0, size;

    if (isnan(value)) {
        memcpy(to, "nan", 3);
        return 3;
    }
    if (signbit(value)) {
        to[sign++] = '-';
        value = -value;
    }
    if (isinf(value)) {
        memcpy(to + sign, "inf", 3);
        return sign + 3;
    }
#if LDBL_MANT_DIG == 64
    if (value < 18446744073709551616.0L)
        size = number_write_long_common(to + sign, value);
    else
#endif
        size = number_write_long_any(to + sign, value);
    if (sign && size == 1 && to[1] == '0') { /* no "-0" */
        to[0] = '0';
        return 1;
    }
    return sign + size;
}

/* --- Sizes, shares ------------------------------------------------------ */

bool number_parse_memory(struct kr_str text, uint64_t *bytes)
{
    static const struct {
        struct kr_str name;
        uint64_t bytes;
    } units[] = {
        {{"", 0}, 1},           {{"b", 1}, 1},
        {{"k", 1}, 1000},       {{"kb", 2}, 1024},
        {{"m", 1}, 1000000},    {{"mb", 2}, 1ull << 20},
        {{"g", 1}, 1000000000}, {{"gb", 2}, 1ull << 30},
    };
    uint64_t sum = 0;
    size_t i = 0;

    for (; i < text.size && number_is_digit(text.data[i]); i++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(text.data[i] - '0'), &sum))
            sum = UINT64_MAX; /* and every further digit does it again */
    /* Longer is nobody's number, and not Redis's. */
    if (i >= 128)
        return false;
    for (size_t u = 0; u < KR_COUNT(units); u++)
        if (kr_str_equal_nocase(kr_str(text.data + i, text.size - i),
                                units[u].name)) {
            uint64_t product;

            if (__builtin_mul_overflow(sum, units[u].bytes, &product))
                return false;
            *bytes = product;
            return true;
        }
    return false;
}

bool number_parse_percent(struct kr_str text, int64_t *percent)
{
    int64_t value;

    if (text.size == 0 || text.data[text.size - 1] != '%' ||
        !number_parse_int64(kr_str(text.data, text.size - 1), &value) ||
        value < 0)
        return false;
    *percent = value;
    return true;
}
