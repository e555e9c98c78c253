/* SPDX-License-Identifier: BSD-3-Clause */
/* suites - every suite of unit tests, in alphabetical order. */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#include <check.h>

Suite *buffer_suite(void);
Suite *crc_suite(void);
Suite *escape_suite(void);
Suite *glob_suite(void);
Suite *inline_suite(void);
Suite *number_suite(void);
Suite *parser_suite(void);
Suite *writer_suite(void);

#endif
