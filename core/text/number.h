/* SPDX-License-Identifier: BSD-3-Clause */
/* number - numbers to text and back, with Redis's idea of what a number is.
 *
 * Integers from clients are strict: "-?[1-9][0-9]*" or "0", nothing around
 * them, so that a number has one spelling and text that parses can be kept as
 * an integer and given back unchanged.  Floating point is what strtod() takes
 * (hexadecimal, "inf", a leading '+' included) less leading space, NaN, and
 * numbers too large or too small for the type.
 *
 * All functions: [any] thread, and [child]; they allocate only for a float
 * longer than any sensible one.  The process must leave LC_NUMERIC alone. */
#ifndef CORE_TEXT_NUMBER_H
#define CORE_TEXT_NUMBER_H

#include <kr/base.h>

/* --- Text to number; on false *value is not written ---------------------- */

bool number_parse_int64(struct kr_str text, int64_t *value);
bool number_parse_uint64(struct kr_str text, uint64_t *value);

bool number_parse_double(struct kr_str text, double *value);
bool number_parse_long_double(struct kr_str text, long double *value);

/* Bytes as in the configuration: digits, then nothing, b, k (1000), kb (1024),
 * m, mb, g or gb in any case.  No digits are 0; digits beyond 2^64 are 2^64 - 1
 * and a product beyond it is refused (Redis wraps around). */
bool number_parse_memory(struct kr_str text, uint64_t *bytes);

/* "50%": a strict integer, not negative.  The caller knows the limit. */
bool number_parse_percent(struct kr_str text, int64_t *percent);

/* --- Number to text; the result is the size, there is no NUL ------------- */

#define NUMBER_INT64_MAX       20   /* "-9223372036854775808" */
#define NUMBER_DOUBLE_MAX      32   /* "-2.2250738585072014e-308" and a NUL */
#define NUMBER_LONG_DOUBLE_MAX 5120 /* 4,933 digits, point, 17 decimals */

size_t number_write_int64(char to[NUMBER_INT64_MAX], int64_t value);
size_t number_write_uint64(char to[NUMBER_INT64_MAX], uint64_t value);

/* "%.17g"; "inf", "-inf", "nan". */
size_t number_write_double(char to[NUMBER_DOUBLE_MAX], double value);

/* As INCRBYFLOAT answers: 17 decimals, zeros at the end cut, no exponent. */
size_t number_write_long_double(char to[NUMBER_LONG_DOUBLE_MAX],
                                long double value);

#endif
