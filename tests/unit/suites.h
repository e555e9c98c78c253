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

SUITE(account)
SUITE(blob)
SUITE(buffer)
SUITE(crc)
SUITE(descriptor)
SUITE(directory)
SUITE(escape)
SUITE(event)
SUITE(glob)
SUITE(image)
SUITE(inline)
SUITE(load)
SUITE(memory)
SUITE(module_command)
SUITE(number)
SUITE(parser)
SUITE(table)
SUITE(writer)

#undef SUITE
