/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/bitmap/bits.h"
#include "modules/bitmap/field.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The field's value, collected bit by bit. */
static int64_t get_slowly(const struct field *field, const uint8_t *bytes)
{
    uint64_t value = 0;

    if (field->is_signed && bits_get(bytes, field->offset))
        value = UINT64_MAX;
    for (uint32_t i = 0; i < field->width; i++)
        value = value << 1 | bits_get(bytes, field->offset + i);
    return (int64_t)value;
}

START_TEST(every_width_at_every_place_reads_back_and_spares_its_neighbours)
{
    struct field field = {.is_signed = _i};
    uint32_t widest = field.is_signed ? 64 : 63;
    unsigned seed = (unsigned)time(NULL);

    printf("field: seed %u\n", seed);
    srand(seed);
    for (field.width = 1; field.width <= widest; field.width++) {
        for (field.offset = 0; field.offset < 24; field.offset++) {
            uint8_t before[12], after[12];
            struct kr_str view = {(const char *)after, sizeof(after)};
            int64_t value, wanted;

            for (size_t i = 0; i < sizeof(before); i++)
                before[i] = after[i] = (uint8_t)rand();
            ck_assert_int_eq(field_get(&field, view),
                             get_slowly(&field, before));
            value = (int64_t)((uint64_t)rand() << 33 ^ (uint64_t)rand());
            ck_assert(field_fit(&field, FIELD_WRAP, value, &wanted));
            field_set(&field, after, value);
            ck_assert_int_eq(field_get(&field, view), wanted);
            ck_assert_int_eq(get_slowly(&field, after), wanted);
            for (uint64_t at = 0; at < 8 * sizeof(before); at++) {
                if (at < field.offset || at >= field.offset + field.width)
                    ck_assert(bits_get(before, at) == bits_get(after, at));
            }
        }
    }
}
END_TEST

START_TEST(beyond_the_end_all_bits_are_clear)
{
    struct field field = {.offset = 4, .width = 16};

    ck_assert_int_eq(field_get(&field, KR_STR("\xff")), 0xf000);
    field.offset = UINT64_C(1) << 40;
    ck_assert_int_eq(field_get(&field, KR_STR("\xff")), 0);
}
END_TEST

/* value + delta in a field, with each way of overflow. */
static const struct sum {
    uint32_t width;
    bool is_signed;
    int64_t value, delta, wrapped, saturated;
} sums[] = {
    {8, false, 255, 1, 0, 255},
    {8, false, 0, -1, 255, 0},
    {8, false, 10, 300, 54, 255},
    {8, true, 127, 1, -128, 127},
    {8, true, -128, -1, 127, -128},
    {8, true, 100, INT64_MAX, 99, 127},
    {1, false, 1, 1, 0, 1},
    {1, true, -1, -1, 0, -1},
    {63, false, INT64_MAX, 1, 0, INT64_MAX},
    {64, true, INT64_MAX, 1, INT64_MIN, INT64_MAX},
    {64, true, INT64_MIN, -1, INT64_MAX, INT64_MIN},
    {64, true, INT64_MIN, INT64_MIN, 0, INT64_MIN},
};

START_TEST(a_sum_that_does_not_fit_wraps_saturates_or_fails)
{
    const struct sum *sum = &sums[_i];
    struct field field = {.width = sum->width, .is_signed = sum->is_signed};
    int64_t result = 4711;

    ck_assert(!field_add(&field, FIELD_FAIL, sum->value, sum->delta, &result));
    ck_assert_int_eq(result, 4711);
    ck_assert(field_add(&field, FIELD_WRAP, sum->value, sum->delta, &result));
    ck_assert_int_eq(result, sum->wrapped);
    ck_assert(field_add(&field, FIELD_SAT, sum->value, sum->delta, &result));
    ck_assert_int_eq(result, sum->saturated);
}
END_TEST

START_TEST(a_negative_value_is_too_large_for_a_field_without_a_sign)
{
    struct field field = {.width = 8};
    int64_t result;

    ck_assert(field_fit(&field, FIELD_SAT, -1, &result));
    ck_assert_int_eq(result, 255);
    ck_assert(field_fit(&field, FIELD_WRAP, -2, &result));
    ck_assert_int_eq(result, 254);
    ck_assert(!field_fit(&field, FIELD_FAIL, -1, &result));
    field.is_signed = true;
    ck_assert(field_fit(&field, FIELD_FAIL, -1, &result));
    ck_assert_int_eq(result, -1);
}
END_TEST

START_TEST(the_lowest_values_saturate_at_the_top_as_in_redis)
{
    struct field field = {.width = 4, .is_signed = true};
    int64_t result;

    ck_assert(field_fit(&field, FIELD_SAT, INT64_MIN, &result));
    ck_assert_int_eq(result, 7);
    ck_assert(field_fit(&field, FIELD_SAT, 7 - INT64_MAX, &result));
    ck_assert_int_eq(result, -8);
    field.width = 64;
    ck_assert(field_fit(&field, FIELD_SAT, INT64_MIN, &result));
    ck_assert(result == INT64_MIN);
}
END_TEST

Suite *field_suite(void)
{
    Suite *suite = suite_create("field");
    TCase *tcase = tcase_create("field");

    tcase_add_loop_test(
        tcase, every_width_at_every_place_reads_back_and_spares_its_neighbours,
        0, 2);
    tcase_add_test(tcase, beyond_the_end_all_bits_are_clear);
    tcase_add_loop_test(tcase, a_sum_that_does_not_fit_wraps_saturates_or_fails,
                        0, (int)KR_COUNT(sums));
    tcase_add_test(tcase,
                   a_negative_value_is_too_large_for_a_field_without_a_sign);
    tcase_add_test(tcase, the_lowest_values_saturate_at_the_top_as_in_redis);
    suite_add_tcase(suite, tcase);
    return suite;
}
