/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers, descriptors and posts: when they run, on whose account, and what
 * they may do to each other. */
#include "core/event/event.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "core/server/lifetime.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define LOOP (&loop_interface)

static kr_module other = {.name = "other"};
static kr_timer *timer;

static void poll_for(int64_t ms)
{
    int64_t until_ns = clock_monotonic_ns() + ms * 1000000;

    do {
        loop_poll();
        usleep(500);
    } while (clock_monotonic_ns() < until_ns);
    loop_poll();
}

static void poll_until_none(const int *left)
{
    int64_t until_ns = clock_monotonic_ns() + INT64_C(10000000000);

    while (*left > 0 && clock_monotonic_ns() < until_ns)
        poll_for(1);
}

static void say(void *ctx)
{
    note("%s ", (const char *)ctx);
}

/* --- Timers -------------------------------------------------------------- */

struct stamp {
    int64_t ns;
    unsigned times;
};

static void stamp(void *ctx)
{
    struct stamp *it = ctx;

    it->ns = clock_monotonic_ns();
    it->times++;
}

/* The loop's clock goes in steps of 4 ms, so a timer may come that much early;
 * how late it comes is the machine's affair. */
START_TEST(a_timer_runs_once_and_not_too_early)
{
    int64_t begin = clock_monotonic_ns();
    struct stamp early = {0, 0}, late = {0, 0};

    LOOP->timer(&fixture_module, 30, 0, stamp, &late);
    LOOP->timer(&fixture_module, 5, 0, stamp, &early);
    while (!late.times && clock_monotonic_ns() < begin + 10000000000)
        poll_for(1);
    ck_assert_int_ge(early.ns, begin + 1000000);
    ck_assert_int_ge(late.ns, begin + 26000000);
    ck_assert_int_le(early.ns, late.ns);
    poll_for(40);
    ck_assert_uint_eq(early.times, 1);
    ck_assert_uint_eq(late.times, 1);
}
END_TEST

START_TEST(no_delay_is_the_next_turn)
{
    LOOP->timer(&fixture_module, 0, 0, say, "now");
    NOTED("");
    poll_for(1);
    NOTED("now ");
}
END_TEST

START_TEST(a_cancelled_timer_does_not_run)
{
    timer = LOOP->timer(&fixture_module, 1, 0, say, "never");
    LOOP->cancel(timer);
    poll_for(5);
    NOTED("");
}
END_TEST

static void again(void *ctx)
{
    note("again ");
    if (--*(int *)ctx > 0)
        LOOP->timer(&fixture_module, 0, 0, again, ctx);
}

START_TEST(a_timer_may_set_itself_again)
{
    int times = 3;

    LOOP->timer(&fixture_module, 0, 0, again, &times);
    poll_until_none(&times);
    poll_for(5);
    NOTED("again again again ");
}
END_TEST

static void repeat(void *ctx)
{
    note("tick ");
    if (--*(int *)ctx == 0)
        LOOP->cancel(timer);
}

START_TEST(a_repeating_timer_may_cancel_itself)
{
    int times = 3;

    timer = LOOP->timer(&fixture_module, 0, 2, repeat, &times);
    poll_until_none(&times);
    poll_for(10);
    NOTED("tick tick tick ");
}
END_TEST

/* --- Waiting --------------------------------------------------------------- */

static void told(void *ctx, const void *payload)
{
    (void)payload;
    note("%s ", (const char *)ctx);
}

static int turns_left;

static void before_sleep(void)
{
    note("work ");
    if (--turns_left == 0)
        loop_stop();
}

/* Was: nobody was told that the wait was over. */
START_TEST(who_listens_learns_of_a_wait_and_of_its_end_before_all_else)
{
    event_listen(EVENT_WAIT, told, "wait");
    event_listen(EVENT_WAKE, told, "wake");
    LOOP->timer(&fixture_module, 1, 0, say, "timer");
    LOOP->post(&fixture_module, say, "post");
    turns_left = 3;
    loop_run(before_sleep);
    NOTED("work wait wake post work wait wake timer work ");
}
END_TEST

/* --- Descriptors --------------------------------------------------------- */

static kr_fd *watched;

static void ready(void *ctx, int fd, uint32_t events)
{
    char byte;

    (void)ctx;
    note("%s%s ", events & KR_READABLE ? "r" : "",
         events & KR_WRITABLE ? "w" : "");
    if (events & KR_READABLE)
        ck_assert_int_eq(read(fd, &byte, 1), 1);
    if (events & KR_WRITABLE)
        LOOP->rewatch(watched, KR_READABLE);
}

START_TEST(a_descriptor_is_told_of_until_it_is_no_longer_watched)
{
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    watched = LOOP->watch(&fixture_module, fds[0], KR_READABLE, ready, NULL);
    poll_for(1);
    NOTED("");
    ck_assert_int_eq(write(fds[1], "ab", 2), 2);
    loop_poll();
    loop_poll();
    loop_poll();
    NOTED("r r ");
    LOOP->unwatch(watched);
    ck_assert_int_eq(write(fds[1], "c", 1), 1);
    poll_for(1);
    NOTED("");
    watched = LOOP->watch(&fixture_module, fds[1], KR_WRITABLE, ready, NULL);
    poll_for(2);
    NOTED("w "); /* from then on it watches for reading */
    LOOP->unwatch(watched);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static void ready_and_leave(void *ctx, int fd, uint32_t events)
{
    (void)ctx;
    (void)fd;
    (void)events;
    note("last ");
    LOOP->unwatch(watched);
}

START_TEST(a_descriptor_may_be_left_in_its_own_callback)
{
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    watched = LOOP->watch(&fixture_module, fds[1], KR_WRITABLE, ready_and_leave,
                          NULL);
    poll_for(2);
    NOTED("last ");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* --- Posts --------------------------------------------------------------- */

static void *post_many(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < 1000; i++)
        LOOP->post(&fixture_module, say, "p");
    return NULL;
}

START_TEST(posts_of_other_threads_all_arrive)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, post_many, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    loop_poll();
    ck_assert_uint_eq(strlen(notes()), 8000);
}
END_TEST

static void post_again(void *ctx)
{
    say(ctx);
    LOOP->post(&fixture_module, say, "second");
}

START_TEST(a_post_of_a_post_runs_in_the_next_turn)
{
    LOOP->post(&fixture_module, post_again, "first");
    LOOP->post(&fixture_module, say, "third");
    loop_poll();
    NOTED("first third ");
    loop_poll();
    NOTED("second ");
}
END_TEST

/* --- Modules ------------------------------------------------------------- */

START_TEST(all_of_a_module_is_forgotten_and_nothing_else)
{
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    LOOP->timer(&other, 0, 0, say, "timer");
    LOOP->timer(&fixture_module, 0, 0, say, "mine");
    LOOP->watch(&other, fds[1], KR_WRITABLE, ready, NULL);
    LOOP->post(&other, say, "post");
    LOOP->post(&fixture_module, say, "mine");
    loop_forget(&other);
    poll_for(2);
    NOTED("mine mine ");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static void forget_other(void *ctx)
{
    (void)ctx;
    loop_forget(&other);
    note("forgotten ");
}

/* Was: what was handed over already ran, though its module had gone. */
START_TEST(a_post_behind_the_end_of_its_module_does_not_run)
{
    LOOP->post(&fixture_module, forget_other, NULL);
    LOOP->post(&other, say, "ghost");
    LOOP->post(&fixture_module, say, "mine");
    loop_poll();
    NOTED("forgotten mine ");
}
END_TEST

static void say_running(void *ctx)
{
    (void)ctx;
    note("%s:%u ", module_running ? module_running->name : "host",
         module_running ? module_running->entered : 0);
}

START_TEST(callbacks_run_on_their_modules_account)
{
    LOOP->timer(&fixture_module, 0, 0, say_running, NULL);
    LOOP->post(&other, say_running, NULL);
    LOOP->post(NULL, say_running, NULL);
    poll_for(2);
    ck_assert_ptr_nonnull(strstr(notes(), "fixture:1 "));
    ck_assert_ptr_nonnull(strstr(notes(), "other:1 host:0 "));
    ck_assert_ptr_null(module_running);
    ck_assert_uint_eq(fixture_module.entered, 0);
}
END_TEST

/* --- Turns --------------------------------------------------------------- */

static int turns;

static void stop_at_three(void)
{
    note("turn%d ", ++turns);
    if (turns == 3)
        loop_stop();
    else
        LOOP->post(NULL, say, "post");
}

START_TEST(the_loop_runs_until_it_is_stopped)
{
    loop_run(stop_at_three);
    NOTED("turn1 post turn2 post turn3 ");
}
END_TEST

static void try_to_yield(void *ctx)
{
    (void)ctx;
    note(lifetime_yield(NULL, 1000, "BUSY") ? "yielded " : "refused ");
}

START_TEST(the_loop_does_not_run_within_its_callbacks)
{
    LOOP->post(NULL, try_to_yield, NULL);
    loop_poll();
    NOTED("refused ");
    try_to_yield(NULL);
    NOTED("yielded ");
}
END_TEST

Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = dispatch_case(suite, "loop");

    tcase_add_test(tests, a_timer_runs_once_and_not_too_early);
    tcase_add_test(tests, no_delay_is_the_next_turn);
    tcase_add_test(tests, a_cancelled_timer_does_not_run);
    tcase_add_test(tests,
                   who_listens_learns_of_a_wait_and_of_its_end_before_all_else);
    tcase_add_test(tests, a_timer_may_set_itself_again);
    tcase_add_test(tests, a_repeating_timer_may_cancel_itself);
    tcase_add_test(tests,
                   a_descriptor_is_told_of_until_it_is_no_longer_watched);
    tcase_add_test(tests, a_descriptor_may_be_left_in_its_own_callback);
    tcase_add_test(tests, posts_of_other_threads_all_arrive);
    tcase_add_test(tests, a_post_of_a_post_runs_in_the_next_turn);
    tcase_add_test(tests, all_of_a_module_is_forgotten_and_nothing_else);
    tcase_add_test(tests, a_post_behind_the_end_of_its_module_does_not_run);
    tcase_add_test(tests, callbacks_run_on_their_modules_account);
    tcase_add_test(tests, the_loop_runs_until_it_is_stopped);
    tcase_add_test(tests, the_loop_does_not_run_within_its_callbacks);
    return suite;
}
