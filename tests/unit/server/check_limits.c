/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operating system grants: as much as it gives, and no more promised. */
#include "core/log/log.h"
#include "core/server/directives.h"
#include "core/server/limits.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char error[512];

static void setup(void)
{
    log_set_level(LOG_WARNING_ + 1);
}

static void set_files(rlim_t soft)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t files(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
}

START_TEST(what_is_enough_is_left_alone)
{
    int64_t clients = 100;

    set_files(200);
    ck_assert(limits_raise_files(&clients, error, sizeof(error)));
    ck_assert_int_eq(clients, 100);
    ck_assert_uint_eq(files(), 200);
}
END_TEST

START_TEST(files_are_raised_for_clients_and_for_ourselves)
{
    int64_t clients = 150;

    set_files(60);
    ck_assert(limits_raise_files(&clients, error, sizeof(error)));
    ck_assert_int_eq(clients, 150);
    ck_assert_uint_eq(files(), 182);
}
END_TEST

/* maxclients is whatever somebody types. */
START_TEST(clients_are_as_many_as_there_are_files_for)
{
    int64_t clients = INT64_C(1) << 40;

    ck_assert(limits_raise_files(&clients, error, sizeof(error)));
    ck_assert_int_lt(clients, INT64_C(1) << 40);
    ck_assert_int_gt(clients, 0);
    ck_assert_int_eq(clients + 32, (int64_t)files());
}
END_TEST

/* --- Out of memory ------------------------------------------------------- */

static int oom_score(void)
{
    FILE *file = fopen("/proc/self/oom_score_adj", "r");
    int score = -10000;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d", &score), 1);
    fclose(file);
    return score;
}

START_TEST(the_score_is_raised_and_goes_back_to_what_it_was)
{
    struct directives settings = {.oom_adjust = OOM_ADJUST_NO};
    int base = oom_score();

    ck_assert(limits_adjust_oom(&settings)); /* never set: nothing to undo */
    settings.oom_adjust = OOM_ADJUST_RELATIVE;
    settings.oom_values[0] = 3;
    ck_assert(limits_adjust_oom(&settings));
    ck_assert_int_eq(oom_score(), base + 3 < 1000 ? base + 3 : 1000);
    ck_assert(limits_adjust_oom(&settings)); /* counts from the first one */
    ck_assert_int_eq(oom_score(), base + 3 < 1000 ? base + 3 : 1000);
    settings.oom_adjust = OOM_ADJUST_ABSOLUTE;
    settings.oom_values[0] = 5000;
    ck_assert(limits_adjust_oom(&settings));
    ck_assert_int_eq(oom_score(), 1000);
    settings.oom_adjust = OOM_ADJUST_NO;
    ck_assert(limits_adjust_oom(&settings));
    ck_assert_int_eq(oom_score(), base);
}
END_TEST

START_TEST(huge_pages_are_given_up)
{
    limits_disable_thp();
    ck_assert_int_eq(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}
END_TEST

Suite *limits_suite(void)
{
    Suite *suite = suite_create("limits");
    TCase *tcase = tcase_create("limits");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, what_is_enough_is_left_alone);
    tcase_add_test(tcase, files_are_raised_for_clients_and_for_ourselves);
    tcase_add_test(tcase, clients_are_as_many_as_there_are_files_for);
    tcase_add_test(tcase, the_score_is_raised_and_goes_back_to_what_it_was);
    tcase_add_test(tcase, huge_pages_are_given_up);
    suite_add_tcase(suite, tcase);
    return suite;
}
