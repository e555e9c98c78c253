/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/bitmap/bits.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTES 100

static uint64_t count_slowly(const uint8_t *bytes, uint64_t first, uint64_t end)
{
    uint64_t count = 0;

    for (; first < end; first++)
        count += bits_get(bytes, first);
    return count;
}

static uint64_t find_slowly(const uint8_t *bytes, uint64_t first, uint64_t end,
                            bool set)
{
    while (first < end && bits_get(bytes, first) != set)
        first++;
    return first < end ? first : end;
}

START_TEST(bit_0_is_the_most_significant_one)
{
    uint8_t bytes[2] = {0};

    bits_set(bytes, 0, true);
    bits_set(bytes, 15, true);
    ck_assert_uint_eq(bytes[0], 0x80);
    ck_assert_uint_eq(bytes[1], 0x01);
    bits_set(bytes, 0, false);
    ck_assert_uint_eq(bytes[0], 0);
    ck_assert(bits_get(bytes, 15) && !bits_get(bytes, 14));
}
END_TEST

START_TEST(every_range_of_random_bytes_is_counted_exactly)
{
    uint8_t bytes[BYTES];
    unsigned seed = (unsigned)time(NULL);

    printf("bits: seed %u\n", seed);
    srand(seed);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)rand();
    for (uint64_t first = 0; first <= 8 * BYTES; first++) {
        for (uint64_t end = first; end <= 8 * BYTES; end++)
            ck_assert_uint_eq(bits_count(bytes, first, end),
                              count_slowly(bytes, first, end));
    }
}
END_TEST

/* One bit that differs from all others, at each place, looked for from each. */
START_TEST(a_lonely_bit_is_found_wherever_it_is)
{
    bool set = _i;
    uint8_t bytes[BYTES];

    for (uint64_t at = 0; at < 8 * BYTES; at++) {
        memset(bytes, set ? 0 : 0xff, sizeof(bytes));
        bits_set(bytes, at, set);
        for (uint64_t first = 0; first <= 8 * BYTES; first++) {
            uint64_t end = 8 * BYTES - first % 11;

            ck_assert_uint_eq(bits_find(bytes, first, end, set),
                              find_slowly(bytes, first, end, set));
        }
    }
}
END_TEST

START_TEST(an_empty_range_has_no_bits)
{
    static const uint8_t ones = 0xff;

    ck_assert_uint_eq(bits_count(NULL, 0, 0), 0);
    ck_assert_uint_eq(bits_find(NULL, 0, 0, true), 0);
    ck_assert_uint_eq(bits_count(&ones, 8, 8), 0);
    ck_assert_uint_eq(bits_find(&ones, 8, 8, true), 8);
}
END_TEST

Suite *bits_suite(void)
{
    Suite *suite = suite_create("bits");
    TCase *tcase = tcase_create("bits");

    tcase_add_test(tcase, bit_0_is_the_most_significant_one);
    tcase_add_test(tcase, every_range_of_random_bytes_is_counted_exactly);
    tcase_add_loop_test(tcase, a_lonely_bit_is_found_wherever_it_is, 0, 2);
    tcase_add_test(tcase, an_empty_range_has_no_bits);
    suite_add_tcase(suite, tcase);
    return suite;
}
