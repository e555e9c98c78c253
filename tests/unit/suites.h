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
SUITE(age)
SUITE(bits)
SUITE(blob)
SUITE(block)
SUITE(buffer)
SUITE(call)
SUITE(client)
SUITE(clock)
SUITE(codec)
SUITE(combine)
SUITE(command)
SUITE(config)
SUITE(config_file)
SUITE(crc)
SUITE(descriptor)
SUITE(digest)
SUITE(directives)
SUITE(directory)
SUITE(entry)
SUITE(error_count)
SUITE(escape)
SUITE(event)
SUITE(evict)
SUITE(expire)
SUITE(field)
SUITE(gate)
SUITE(glob)
SUITE(hash)
SUITE(image)
SUITE(info)
SUITE(inline)
SUITE(input)
SUITE(jobs)
SUITE(journal)
SUITE(key_spec)
SUITE(keyspace)
SUITE(latency)
SUITE(lazy)
SUITE(load)
SUITE(log)
SUITE(loop)
SUITE(memory)
SUITE(model)
SUITE(module_command)
SUITE(number)
SUITE(output)
SUITE(parser)
SUITE(pause)
SUITE(random)
SUITE(slots)
SUITE(startup)
SUITE(subsequence)
SUITE(table)
SUITE(text_interface)
SUITE(type)
SUITE(value)
SUITE(watch)
SUITE(wheel)
SUITE(writer)

#undef SUITE
