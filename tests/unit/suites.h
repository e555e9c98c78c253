/* SPDX-License-Identifier: BSD-3-Clause */
/* suites - every unit test suite, by name. */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#include <check.h>

Suite *table_suite(void);
Suite *wheel_suite(void);

#endif
