/* SPDX-License-Identifier: BSD-3-Clause */
/* suites - the unit tests, one line each, in the order of the alphabet.
 *
 * SUITE(table) stands for `Suite *table_suite(void)`.  Whoever includes this
 * file plainly gets the declarations; main.c defines SUITE to get a table.  So
 * there is no include guard. */

#ifndef SUITE
#include <check.h>
#define SUITE(name) Suite *name##_suite(void);
#endif

SUITE(age)
SUITE(buffer)
SUITE(crc)
SUITE(entry)
SUITE(escape)
SUITE(evict)
SUITE(expire)
SUITE(glob)
SUITE(inline)
SUITE(key_spec)
SUITE(keyspace)
SUITE(latency)
SUITE(lazy)
SUITE(memory)
SUITE(model)
SUITE(number)
SUITE(output)
SUITE(parser)
SUITE(table)
SUITE(type)
SUITE(watch)
SUITE(wheel)
SUITE(writer)

#undef SUITE
