/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/hyperloglog/dense.h"
#include "modules/hyperloglog/estimate.h"
#include "tests/unit/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint8_t registers[SKETCH_REGISTERS];
static uint8_t *dense; /* of its exact size, so that a sanitizer sees the end */

static void start(void)
{
    dense = calloc(1, SKETCH_DENSE_BYTES);
    memset(registers, 0, sizeof(registers));
}

static void end(void)
{
    free(dense);
}

static void start_with_dice(const char *name)
{
    unsigned seed = (unsigned)time(NULL);

    printf("dense: %s: seed %u\n", name, seed);
    srand(seed);
}

static void roll(void)
{
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        registers[i] = (uint8_t)(rand() % 64);
}

START_TEST(the_bytes_are_those_of_the_format)
{
    static const uint8_t expected[] = {0x01, 0x20, 0xfc, 0x04};

    dense_raise(dense, (struct register_rank){0, 1});
    dense_raise(dense, (struct register_rank){2, 2});
    dense_raise(dense, (struct register_rank){3, 63});
    dense_raise(dense, (struct register_rank){4, 4});
    ck_assert_mem_eq(dense, expected, sizeof(expected));
    dense_raise(dense, (struct register_rank){16383, 33});
    ck_assert_uint_eq(dense[SKETCH_DENSE_BYTES - 1], 33 << 2);
}
END_TEST

START_TEST(a_register_goes_up_and_not_down)
{
    start_with_dice("raise");
    for (int i = 0; i < 100000; i++) {
        struct register_rank rank = {(uint32_t)rand() % SKETCH_REGISTERS,
                                     (uint8_t)(rand() % 64)};
        bool higher = rank.value > registers[rank.index];

        ck_assert_int_eq(dense_raise(dense, rank), higher);
        if (higher)
            registers[rank.index] = rank.value;
    }
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        ck_assert_uint_eq(dense_get(dense, i), registers[i]);
}
END_TEST

START_TEST(packing_and_merging_are_each_others_reverse)
{
    uint8_t back[SKETCH_REGISTERS] = {0};

    start_with_dice("pack");
    roll();
    dense_pack(registers, dense);
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        ck_assert_uint_eq(dense_get(dense, i), registers[i]);
    dense_merge(dense, back);
    ck_assert_mem_eq(back, registers, SKETCH_REGISTERS);
}
END_TEST

START_TEST(merging_takes_the_higher_of_two)
{
    uint8_t other[SKETCH_REGISTERS], merged[SKETCH_REGISTERS];

    start_with_dice("merge");
    roll();
    dense_pack(registers, dense);
    memcpy(other, registers, sizeof(other));
    roll();
    memcpy(merged, registers, sizeof(merged));
    dense_merge(dense, merged);
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        ck_assert_uint_eq(merged[i],
                          other[i] > registers[i] ? other[i] : registers[i]);
}
END_TEST

/* All equal, one value apart from the rest, two neighbours, any: each shape that
 * could overflow a counter or skip a pass. */
START_TEST(the_histogram_counts_each_register_once)
{
    uint32_t histogram[REGISTER_VALUES] = {0}, expected[REGISTER_VALUES] = {0};
    uint8_t first = (uint8_t)(rand() % 64);

    start_with_dice("histogram");
    roll();
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++) {
        if (_i == 0)
            registers[i] = first;
        else if (_i == 1)
            registers[i] = i == 12345 ? 63 : 0;
        else if (_i == 2)
            registers[i] = (uint8_t)(7 + registers[i] % 2);
        expected[registers[i]]++;
    }
    registers_count(registers, histogram);
    ck_assert_mem_eq(histogram, expected, sizeof(expected));
    registers_count(registers, histogram);
    for (uint32_t i = 0; i < REGISTER_VALUES; i++)
        ck_assert_uint_eq(histogram[i], 2 * expected[i]);
}
END_TEST

/* Ranks that a redis-server 7.0 gave these words. */
START_TEST(the_hash_is_that_of_the_format)
{
    /* clang-format off */
    static const struct {
        const char *word;
        struct register_rank rank;
    } rows[] = {
        {"", {5938, 2}},
        {"a", {12711, 2}},
        {"seven88", {14058, 1}},
        {"eightbyt", {12222, 1}},
        {"ninebytes", {8675, 2}},
        {"fifteen bytes..", {4693, 3}},
        {"sixteen bytes...", {12006, 1}},
        {"a few more bytes than that", {11906, 2}},
    };
    /* clang-format on */

    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        struct register_rank rank = register_rank(kr_cstr(rows[i].word));

        ck_assert_uint_eq(rank.index, rows[i].rank.index);
        ck_assert_uint_eq(rank.value, rows[i].rank.value);
    }
}
END_TEST

START_TEST(the_estimate_is_within_its_error)
{
    uint32_t added = 0;

    for (uint32_t goal = 1; goal <= 1000000; goal *= 10) {
        uint32_t histogram[REGISTER_VALUES] = {0};

        for (; added < goal; added++)
            dense_raise(dense, register_rank(kr_str((const char *)&added,
                                                    sizeof(added))));
        memset(registers, 0, sizeof(registers));
        dense_merge(dense, registers);
        registers_count(registers, histogram);
        ck_assert_double_le(fabs((double)estimate(histogram) - goal),
                            fmax(1, 6 * 0.0081 * goal));
    }
}
END_TEST

START_TEST(estimates_have_ends)
{
    uint32_t histogram[REGISTER_VALUES] = {SKETCH_REGISTERS};

    ck_assert_int_eq(estimate(histogram), 0);
    histogram[0] = 0;
    histogram[63] = SKETCH_REGISTERS;
    ck_assert_int_eq(estimate(histogram), INT64_MIN);
    histogram[63] = 0;
    histogram[51] = SKETCH_REGISTERS;
    ck_assert_int_eq(estimate(histogram), INT64_MIN);
}
END_TEST

Suite *dense_suite(void)
{
    Suite *suite = suite_create("dense");
    TCase *tcase = tcase_create("dense");

    tcase_add_checked_fixture(tcase, start, end);
    tcase_add_test(tcase, the_bytes_are_those_of_the_format);
    tcase_add_test(tcase, a_register_goes_up_and_not_down);
    tcase_add_test(tcase, packing_and_merging_are_each_others_reverse);
    tcase_add_test(tcase, merging_takes_the_higher_of_two);
    tcase_add_loop_test(tcase, the_histogram_counts_each_register_once, 0, 4);
    tcase_add_test(tcase, the_hash_is_that_of_the_format);
    tcase_add_test(tcase, the_estimate_is_within_its_error);
    tcase_add_test(tcase, estimates_have_ends);
    suite_add_tcase(suite, tcase);
    return suite;
}
