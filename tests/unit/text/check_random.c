/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers by chance: all bits take part, and nothing repeats. */
#include "core/text/random.h"
#include "tests/unit/suites.h"

#include <stdlib.h>
#include <string.h>

#define DRAWS 100000

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

START_TEST(each_bit_is_set_half_of_the_time)
{
    int count[64] = {0};

    for (int i = 0; i < DRAWS; i++) {
        uint64_t draw = random_fast();

        for (int bit = 0; bit < 64; bit++)
            count[bit] += (int)(draw >> bit & 1);
    }
    /* Ten standard deviations. */
    for (int bit = 0; bit < 64; bit++)
        ck_assert_int_le(abs(count[bit] - DRAWS / 2), 1600);
}
END_TEST

START_TEST(fast_numbers_do_not_repeat)
{
    static uint64_t draws[DRAWS];

    for (int i = 0; i < DRAWS; i++)
        draws[i] = random_fast();
    qsort(draws, DRAWS, sizeof(draws[0]), compare);
    for (int i = 1; i < DRAWS; i++)
        ck_assert_uint_ne(draws[i - 1], draws[i]);
}
END_TEST

/* getrandom() gives at most 256 bytes without a chance of less. */
START_TEST(secure_bytes_fill_all_of_the_block_and_nothing_else)
{
    static const size_t sizes[] = {0, 1, 7, 255, 256, 257, 1000};
    size_t size = sizes[_i];
    unsigned char block[1002], seen[1002] = {0};

    for (int tries = 0; tries < 40; tries++) {
        memset(block, 0, sizeof(block));
        random_secure(block + 1, size);
        ck_assert_int_eq(block[0], 0);
        ck_assert_int_eq(block[size + 1], 0);
        for (size_t i = 1; i <= size; i++)
            seen[i] |= block[i];
    }
    for (size_t i = 1; i <= size; i++)
        ck_assert_int_ne(seen[i], 0);
}
END_TEST

START_TEST(secrets_differ)
{
    unsigned char a[20], b[20];

    random_secure(a, sizeof(a));
    random_secure(b, sizeof(b));
    ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

Suite *random_suite(void)
{
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("chance");

    tcase_add_test(tests, each_bit_is_set_half_of_the_time);
    tcase_add_test(tests, fast_numbers_do_not_repeat);
    tcase_add_loop_test(
        tests, secure_bytes_fill_all_of_the_block_and_nothing_else, 0, 7);
    tcase_add_test(tests, secrets_differ);
    suite_add_tcase(suite, tests);
    return suite;
}
