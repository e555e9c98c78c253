/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers that hold everybody up are told of, and not too often. */
#include "core/log/log.h"
#include "core/module/usage.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static void hear_overrun(const struct kr_overrun_event *overrun)
{
    note("%.*s:%.*s:%llu ", (int)overrun->module.size, overrun->module.data,
         (int)overrun->what.size, overrun->what.data,
         (unsigned long long)(overrun->nsec / 1000000));
}

static void setup(void)
{
    int fd;

    strcpy(path, "/tmp/kr-usage-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    log_open(LOG_WARNING_, path);
    usage_on_overrun = hear_overrun;
    usage_set_limit_ms(100);
}

static void teardown(void)
{
    log_open(LOG_NOTICE_, NULL);
    unlink(path);
    usage_set_limit_ms(0);
    usage_on_overrun = NULL;
}

/* Ticks of so many ms, and a little more: a tick is no round number of ns. */
static uint64_t ticks(int64_t ms)
{
    return (uint64_t)(((double)ms + 0.1) * 1e6 / clock_ns_per_tick);
}

static unsigned lines_with(const char *part)
{
    FILE *file = fopen(path, "r");
    char line[512];
    unsigned count = 0;

    while (file && fgets(line, sizeof(line), file))
        count += strstr(line, part) != NULL;
    if (file)
        fclose(file);
    return count;
}

START_TEST(time_is_added_up)
{
    usage_add(&fixture_module, 1000, "timer", NULL);
    usage_add(&fixture_module, 500, "timer", NULL);
    usage_add(NULL, 7, "timer", NULL); /* the host's is nobody's */
    ck_assert_uint_eq(fixture_module.usage.ticks, 1500);
    ck_assert_uint_eq(fixture_module.usage.overruns, 0);
    NOTED("");
}
END_TEST

START_TEST(one_that_takes_too_long_is_told_to_the_log_and_to_listeners)
{
    usage_add(&fixture_module, ticks(99), "timer", NULL);
    usage_add(&fixture_module, ticks(130), "handler of event", "host.tick");
    NOTED("fixture:handler of event host.tick:130 ");
    ck_assert_uint_eq(fixture_module.usage.overruns, 1);
    ck_assert_uint_eq(lines_with("module 'fixture': its handler of event "
                                 "host.tick held everybody up for 130 ms "
                                 "(module-time-limit is 100)"),
                      1);
}
END_TEST

START_TEST(the_log_has_one_line_a_second_and_how_many_were_left_out)
{
    for (int i = 0; i < 5; i++)
        usage_add(&fixture_module, ticks(200), "post", NULL);
    ck_assert_uint_eq(lines_with("held everybody up"), 1);
    ck_assert_uint_eq(fixture_module.usage.overruns, 5);
    fixture_module.usage.told_ms -= 1000; /* a second later */
    usage_add(&fixture_module, ticks(200), "post", NULL);
    ck_assert_uint_eq(lines_with("held everybody up"), 2);
    ck_assert_uint_eq(lines_with(", and 4 more before"), 1);
}
END_TEST

START_TEST(without_a_limit_nothing_is_too_long)
{
    usage_set_limit_ms(0);
    usage_add(&fixture_module, ticks(100000), "timer", NULL);
    ck_assert_uint_eq(fixture_module.usage.overruns, 0);
}
END_TEST

START_TEST(a_span_is_the_module_s_time)
{
    struct usage_span span = usage_enter(&fixture_module);

    ck_assert_ptr_eq(module_running, &fixture_module);
    usage_leave(&span, "timer");
    ck_assert_ptr_null(module_running);
    ck_assert_uint_gt(fixture_module.usage.ticks, 0);
}
END_TEST

Suite *usage_suite(void)
{
    Suite *suite = suite_create("usage");
    TCase *tcase = dispatch_case(suite, "usage");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, time_is_added_up);
    tcase_add_test(tcase,
                   one_that_takes_too_long_is_told_to_the_log_and_to_listeners);
    tcase_add_test(tcase,
                   the_log_has_one_line_a_second_and_how_many_were_left_out);
    tcase_add_test(tcase, without_a_limit_nothing_is_too_long);
    tcase_add_test(tcase, a_span_is_the_module_s_time);
    return suite;
}
