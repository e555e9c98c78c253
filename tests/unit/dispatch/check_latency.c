/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/latency.h"
#include "tests/unit/suites.h"

static struct kr_cmd command;

static void tear_down(void)
{
    latency_free(&command);
}

START_TEST(percentiles_are_right_within_a_sixteenth)
{
    for (uint64_t ns = 1; ns <= 100000; ns++)
        latency_add(&command, ns);
    for (int p = 1; p <= 100; p++) {
        double exact = p * 1000.0;
        double got = (double)latency_percentile(&command, p);

        ck_assert_double_ge(got, exact * 0.999);
        ck_assert_double_le(got, exact * (1 + 1.0 / 16));
    }
}
END_TEST

START_TEST(a_histogram_counts_everything_once)
{
    uint64_t at_most[24];

    for (uint64_t i = 0; i < 24; i++)
        latency_add(&command, UINT64_C(500) << i);
    ck_assert_uint_eq(latency_histogram(&command, at_most, 24), 24);
    for (int i = 0; i < 24; i++)
        ck_assert_uint_eq(at_most[i], (uint64_t)i + 1);
}
END_TEST

START_TEST(an_absurd_duration_goes_to_the_last_bucket)
{
    latency_add(&command, INT64_MAX);
    ck_assert_uint_gt(latency_percentile(&command, 50), UINT64_C(1) << 39);
}
END_TEST

START_TEST(a_command_never_called_has_no_percentile)
{
    ck_assert_uint_eq(latency_percentile(&command, 99), 0);
}
END_TEST

Suite *latency_suite(void)
{
    Suite *suite = suite_create("latency");
    TCase *tests = tcase_create("histogram");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, percentiles_are_right_within_a_sixteenth);
    tcase_add_test(tests, a_histogram_counts_everything_once);
    tcase_add_test(tests, an_absurd_duration_goes_to_the_last_bucket);
    tcase_add_test(tests, a_command_never_called_has_no_percentile);
    suite_add_tcase(suite, tests);
    return suite;
}
