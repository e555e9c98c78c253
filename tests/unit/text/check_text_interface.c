/* SPDX-License-Identifier: BSD-3-Clause */
/* What modules get of the wing's functions: texts end in NUL, sizes are sizes
 * that the wing itself does not promise. */
#include "core/text/text_interface.h"
#include "tests/unit/suites.h"

#include <float.h>
#include <math.h>

#define TEXT (&text_interface)

START_TEST(the_table_is_whole)
{
    void *const *at = (void *const *)&TEXT->to_int64;
    void *const *end = (void *const *)(TEXT + 1);

    ck_assert_uint_eq(TEXT->size, sizeof(struct kr_text));
    for (; at < end; at++)
        ck_assert_ptr_nonnull(*at);
}
END_TEST

START_TEST(integers_are_written_with_a_nul_behind)
{
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    char text[KR_INT64_TEXT];
    int64_t back;

    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        size_t n = TEXT->from_int64(rows[i].value, text);

        ck_assert_str_eq(text, rows[i].text);
        ck_assert_uint_eq(n, strlen(text));
        ck_assert(TEXT->to_int64(kr_str(text, n), &back));
        ck_assert_int_eq(back, rows[i].value);
    }
}
END_TEST

START_TEST(the_longest_numbers_fit_the_room_that_is_promised)
{
    static char text[KR_LONG_DOUBLE_TEXT];
    static const double doubles[] = {-DBL_MAX, -DBL_MIN, -1.0 / 3, 0.1,
                                     -4.9406564584124654e-324};
    static const long double longs[] = {-LDBL_MAX, -LDBL_MIN, -1.0L / 3};

    for (size_t i = 0; i < KR_COUNT(doubles); i++) {
        double back;
        size_t n = TEXT->from_double(doubles[i], text);

        ck_assert_uint_lt(n, KR_DOUBLE_TEXT);
        ck_assert_uint_eq(n, strlen(text));
        ck_assert(TEXT->to_double(kr_str(text, n), &back));
        ck_assert_double_eq(back, doubles[i]);
    }
    for (size_t i = 0; i < KR_COUNT(longs); i++) {
        size_t n = TEXT->from_long_double(longs[i], text);

        ck_assert_uint_lt(n, KR_LONG_DOUBLE_TEXT);
        ck_assert_uint_eq(n, strlen(text));
        ck_assert_ptr_null(strchr(text, 'e'));
    }
}
END_TEST

START_TEST(sizes_of_memory_fit_an_int64)
{
    static const struct {
        const char *text;
        bool good;
        int64_t bytes;
    } rows[] = {
        {"100", true, 100},
        {"100mb", true, INT64_C(100) << 20},
        {"1K", true, 1000},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"18446744073709551615", false, 0},
        {"9999999999gb", false, 0},
        {"-1", false, 0},
        {"x", false, 0},
        {"", true, 0}, /* as in Redis */
    };

    for (size_t i = 0; i < KR_COUNT(rows); i++) {
        int64_t bytes = 77;

        ck_assert_msg(TEXT->to_memory(kr_cstr(rows[i].text), &bytes) ==
                          rows[i].good,
                      "%s", rows[i].text);
        ck_assert_int_eq(bytes, rows[i].good ? rows[i].bytes : 77);
    }
}
END_TEST

START_TEST(patterns_know_case_or_not)
{
    ck_assert(TEXT->match(KR_STR("k[a-c]*"), KR_STR("kb1"), false));
    ck_assert(!TEXT->match(KR_STR("k*"), KR_STR("K1"), false));
    ck_assert(TEXT->match(KR_STR("k*"), KR_STR("K1"), true));
}
END_TEST

START_TEST(a_key_has_a_slot_and_a_hash)
{
    ck_assert_uint_eq(TEXT->key_slot(KR_STR("foo")), 12182);
    ck_assert_uint_eq(TEXT->key_slot(KR_STR("a{foo}b")), 12182);
    ck_assert_uint_eq(TEXT->hash(KR_STR("foo")), TEXT->hash(KR_STR("foo")));
    ck_assert_uint_ne(TEXT->hash(KR_STR("foo")), TEXT->hash(KR_STR("bar")));
}
END_TEST

Suite *text_interface_suite(void)
{
    Suite *suite = suite_create("text_interface");
    TCase *tests = tcase_create("kr.text/1");

    tcase_add_test(tests, the_table_is_whole);
    tcase_add_test(tests, integers_are_written_with_a_nul_behind);
    tcase_add_test(tests, the_longest_numbers_fit_the_room_that_is_promised);
    tcase_add_test(tests, sizes_of_memory_fit_an_int64);
    tcase_add_test(tests, patterns_know_case_or_not);
    tcase_add_test(tests, a_key_has_a_slot_and_a_hash);
    suite_add_tcase(suite, tests);
    return suite;
}
