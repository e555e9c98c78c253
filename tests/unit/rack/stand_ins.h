/* SPDX-License-Identifier: BSD-3-Clause */
/* stand_ins - what tests can ask of the wings below the rack.  All is weak: in
 * a binary with the real wings these are NULL, and the tests that need them are
 * left to the integration tests. */
#ifndef TESTS_UNIT_RACK_STAND_INS_H
#define TESTS_UNIT_RACK_STAND_INS_H

#include <stdint.h>

/* Values that each type is said to have. */
extern uint64_t stand_in_values __attribute__((weak));
uint32_t stand_in_types(void) __attribute__((weak));
uint32_t stand_in_params(void) __attribute__((weak));

#endif
