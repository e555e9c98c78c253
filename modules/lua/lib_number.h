/* SPDX-License-Identifier: BSD-3-Clause */
/* lib_number - a Lua number as an integer, for every number.
 *
 * C leaves open what a double becomes that does not fit.  Scripts have seen
 * what x86-64 makes of it, and that is written out here: the smallest integer
 * for what is too large, too small, or no number. */
#ifndef LUA_LIB_NUMBER_H
#define LUA_LIB_NUMBER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define LIB_TWO_63 9223372036854775808.0

static inline int64_t lib_int64(double number)
{
    if (number >= -LIB_TWO_63 && number < LIB_TWO_63)
        return (int64_t)number;
    return INT64_MIN;
}

/* Negative numbers wrap; of those past 2^63, what is past 2^64 is 0. */
static inline uint64_t lib_uint64(double number)
{
    if (number >= LIB_TWO_63)
        return number < 2 * LIB_TWO_63 ? (uint64_t)number : 0;
    return (uint64_t)lib_int64(number);
}

static inline int lib_int(double number)
{
    if (number > (double)INT_MIN - 1 && number < (double)INT_MAX + 1)
        return (int)number;
    return INT_MIN;
}

static inline bool lib_is_int64(double number)
{
    return number >= -LIB_TWO_63 && number < LIB_TWO_63 &&
           (double)(int64_t)number == number;
}

#endif
