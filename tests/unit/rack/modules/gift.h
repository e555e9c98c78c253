/* SPDX-License-Identifier: BSD-3-Clause */
/* gift - the interface that the test modules give and take. */
#ifndef GIFT_H
#define GIFT_H

#include <kr/module.h>

struct test_gift {
    uint32_t size;
    uint32_t reserved;
    int (*value)(void);
    int (*later)(void); /* appended: a small giver lacks it */
};
KR_INTERFACE(test_gift, "test.gift/1");

struct test_taken {
    uint32_t size;
    uint32_t reserved;
    int (*value)(void); /* the gift's, or -1 without one */
};

#endif
