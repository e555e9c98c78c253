/* SPDX-License-Identifier: BSD-3-Clause */
/* dial - what dial.c offers as "test.dial/1". */
#ifndef TESTS_UNIT_RACK_MODULES_DIAL_H
#define TESTS_UNIT_RACK_MODULES_DIAL_H

#include <stdint.h>

struct test_dial {
    uint32_t size;
    uint32_t reserved;
    int (*version)(void); /* of the code */
    int (*turn)(void);    /* one more in the state; answers how many */
    void (*post)(void);   /* dial_told(), later */
    int (*told)(void);    /* the version that did it last, or 0 */
};

#endif
