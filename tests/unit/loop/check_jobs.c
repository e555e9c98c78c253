/* SPDX-License-Identifier: BSD-3-Clause */
/* Jobs, and work aside: done on another thread, ended on this one. */
#include "core/loop/jobs.h"
#include "core/loop/loop.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_t main_thread;
static atomic_int worked, gate_open;

static void setup(void)
{
    main_thread = pthread_self();
    worked = 0;
    gate_open = 1;
}

static void work(void *ctx)
{
    (void)ctx;
    while (!gate_open)
        usleep(500);
    if (!pthread_equal(pthread_self(), main_thread))
        worked++;
}

static void done(void *ctx)
{
    ck_assert(pthread_equal(pthread_self(), main_thread));
    note("%s:%s ", (const char *)ctx,
         module_running ? module_running->name : "-");
}

static void finish(void)
{
    for (int i = 0; i < 2000 && jobs_pending() > 0; i++) {
        loop_poll();
        usleep(500);
    }
    ck_assert_uint_eq(jobs_pending(), 0);
}

START_TEST(work_is_done_elsewhere_and_ends_here_in_order)
{
    jobs_add(&fixture_module, work, done, "a");
    jobs_add(NULL, work, done, "b");
    loop_background(work, NULL, NULL);
    ck_assert_uint_eq(jobs_pending(), 3);
    ck_assert_uint_eq(fixture_module.held, 1);
    finish();
    ck_assert_int_eq(worked, 3);
    NOTED("a:fixture b:- ");
    ck_assert_uint_eq(fixture_module.held, 0);
}
END_TEST

START_TEST(what_has_not_begun_can_be_taken_back)
{
    kr_job *first, *second;

    gate_open = 0;
    first = jobs_add(&fixture_module, work, done, "first");
    while (jobs_cancel(first)) /* until it has begun */
        first = jobs_add(&fixture_module, work, done, "first");
    second = jobs_add(&fixture_module, work, done, "second");
    ck_assert(jobs_cancel(second));
    ck_assert(!jobs_cancel(second));
    ck_assert_uint_eq(fixture_module.held, 1);
    ck_assert_uint_eq(jobs_pending(), 1);
    gate_open = 1;
    finish();
    NOTED("first:fixture ");
    ck_assert_int_eq(worked, 1);
}
END_TEST

/* Was: it had been freed, or was another job by now. */
START_TEST(what_is_over_cannot_be_taken_back)
{
    kr_job *first = jobs_add(NULL, work, NULL, NULL), *second;

    finish();
    ck_assert(!jobs_cancel(first));
    gate_open = 0;
    jobs_add(NULL, work, NULL, NULL);
    second = jobs_add(NULL, work, done, "second");
    ck_assert(!jobs_cancel(first));
    gate_open = 1;
    finish();
    NOTED("second:- ");
    ck_assert(!jobs_cancel(second));
}
END_TEST

START_TEST(the_end_waits_for_what_is_queued)
{
    for (int i = 0; i < 20; i++)
        jobs_add(NULL, work, done, "j");
    jobs_fini();
    ck_assert_int_eq(worked, 20);
    loop_poll();
    ck_assert_uint_eq(jobs_pending(), 0);
    jobs_add(NULL, work, done, "after"); /* a new thread */
    finish();
    ck_assert_int_eq(worked, 21);
}
END_TEST

static void add_more(void *ctx)
{
    note("more ");
    jobs_add(NULL, work, done, ctx);
}

START_TEST(a_job_may_begin_another_when_it_is_done)
{
    jobs_add(NULL, work, add_more, "next");
    finish();
    NOTED("more next:- ");
}
END_TEST

/* --- Threads of their own ------------------------------------------------- */

static bool aside_ended;

static void aside_done(void *ctx)
{
    done(ctx);
    aside_ended = true;
}

static void aside_finish(void)
{
    for (int i = 0; i < 2000 && !aside_ended; i++) {
        loop_poll();
        usleep(500);
    }
    ck_assert(aside_ended);
}

static void work_at_once(void *ctx)
{
    (void)ctx;
    if (!pthread_equal(pthread_self(), main_thread))
        worked++;
}

START_TEST(work_aside_does_not_wait_behind_jobs)
{
    gate_open = 0;
    aside_ended = false;
    jobs_add(NULL, work, done, "job");
    loop_aside(work_at_once, aside_done, "aside");
    aside_finish();
    NOTED("aside:- ");
    ck_assert_int_eq(worked, 1);
    ck_assert_uint_eq(jobs_pending(), 1); /* it is no job */
    gate_open = 1;
    finish();
    NOTED("job:- ");
}
END_TEST

START_TEST(the_end_waits_for_work_aside)
{
    aside_ended = false;
    loop_aside(work, aside_done, "a");
    jobs_fini();
    ck_assert_int_eq(worked, 1);
    NOTED(""); /* done() is the main thread's, which comes to it */
    aside_finish();
    NOTED("a:- ");
}
END_TEST

static void aside_again(void *ctx)
{
    note("again ");
    loop_aside(work_at_once, aside_done, ctx);
}

START_TEST(work_aside_may_begin_more_when_it_is_done)
{
    aside_ended = false;
    loop_aside(work_at_once, aside_again, "b");
    aside_finish();
    NOTED("again b:- ");
    ck_assert_int_eq(worked, 2);
}
END_TEST

Suite *jobs_suite(void)
{
    Suite *suite = suite_create("jobs");
    TCase *tests = dispatch_case(suite, "jobs");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, work_is_done_elsewhere_and_ends_here_in_order);
    tcase_add_test(tests, what_has_not_begun_can_be_taken_back);
    tcase_add_test(tests, what_is_over_cannot_be_taken_back);
    tcase_add_test(tests, the_end_waits_for_what_is_queued);
    tcase_add_test(tests, a_job_may_begin_another_when_it_is_done);
    tcase_add_test(tests, work_aside_does_not_wait_behind_jobs);
    tcase_add_test(tests, the_end_waits_for_work_aside);
    tcase_add_test(tests, work_aside_may_begin_more_when_it_is_done);
    return suite;
}
