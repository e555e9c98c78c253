/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks agree with each other, and ticks with nanoseconds. */
#include "core/clock/clock.h"
#include "tests/unit/suites.h"

#include <unistd.h>

START_TEST(wall_clocks_agree)
{
    int64_t before_ms = clock_wall_ms();
    int64_t us = clock_wall_us();
    int64_t after_ms = clock_wall_ms();

    ck_assert_int_ge(us / 1000, before_ms);
    ck_assert_int_le(us / 1000, after_ms);
    ck_assert_int_le(before_ms / 1000, (int64_t)time(NULL) + 1);
    ck_assert_int_ge(after_ms / 1000, (int64_t)time(NULL) - 1);
}
END_TEST

START_TEST(a_turn_begins_now_and_stands_still)
{
    int64_t before_ms = clock_wall_ms(), turn_ms;

    clock_init();
    clock_begin_turn();
    turn_ms = clock_turn_ms;
    ck_assert_int_ge(turn_ms, before_ms);
    usleep(3000);
    ck_assert_int_eq(clock_turn_ms, turn_ms);
    clock_begin_turn();
    ck_assert_int_gt(clock_turn_ms, turn_ms);
}
END_TEST

START_TEST(ticks_ascend)
{
    uint64_t last;

    clock_init();
    last = clock_ticks();
    for (int i = 0; i < 100000; i++) {
        uint64_t now = clock_ticks();

        ck_assert_uint_ge(now, last);
        last = now;
    }
}
END_TEST

/* The machine may take the processor away between two readings, so the best of
 * several tries counts. */
START_TEST(ticks_are_as_long_as_nanoseconds)
{
    double best = 1.0;

    clock_init();
    for (int i = 0; i < 10 && best > 0.01; i++) {
        int64_t begin_ns = clock_monotonic_ns();
        uint64_t begin = clock_ticks();
        double wanted, got;

        usleep(10000);
        got = (double)clock_ticks_to_ns(clock_ticks() - begin);
        wanted = (double)(clock_monotonic_ns() - begin_ns);
        if ((got > wanted ? got - wanted : wanted - got) / wanted < best)
            best = (got > wanted ? got - wanted : wanted - got) / wanted;
    }
    ck_assert_double_le(best, 0.01);
}
END_TEST

Suite *clock_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clocks");

    tcase_add_test(tests, wall_clocks_agree);
    tcase_add_test(tests, a_turn_begins_now_and_stands_still);
    tcase_add_test(tests, ticks_ascend);
    tcase_add_test(tests, ticks_are_as_long_as_nanoseconds);
    suite_add_tcase(suite, tests);
    return suite;
}
