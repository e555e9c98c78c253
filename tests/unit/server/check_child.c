/* SPDX-License-Identifier: BSD-3-Clause */
/* A child works on memory as it was, tells how far it is, and ends in one of
 * several ways, each of which arrives once. */
#include "core/event/event.h"
#include "core/info/info.h"
#include "core/loop/loop.h"
#include "core/server/child.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD (&child_interface)

static int value;
static int pipe_ends[2];
static struct kr_child_end last;

static void ended(void *ctx, const struct kr_child_end *end)
{
    last = *end;
    note("%s:%d:%d ", (const char *)ctx, end->code, end->signal);
    ck_assert_ptr_null(CHILD->running());
}

static void await(void)
{
    for (int i = 0; i < 5000 && CHILD->running(); i++) {
        loop_poll();
        usleep(1000);
    }
    ck_assert_ptr_null(CHILD->running());
}

static kr_status begin(int32_t (*run)(void *ctx), int32_t keep)
{
    struct kr_child_work work = {.size = sizeof(work),
                                 .keep = keep,
                                 .name = "test",
                                 .run = run,
                                 .done = ended,
                                 .ctx = "ended"};

    return CHILD->fork(&fixture_module, &work);
}

static int32_t run_value(void *ctx)
{
    (void)ctx;
    usleep(20000);
    return value;
}

static int32_t run_long(void *ctx)
{
    (void)ctx;
    pause();
    return 0;
}

static int32_t run_write(void *ctx)
{
    (void)ctx;
    return write(pipe_ends[1], "kept", 4) == 4 &&
                   fcntl(pipe_ends[0], F_GETFD) < 0
               ? 0
               : 1;
}

static int32_t run_report(void *ctx)
{
    (void)ctx;
    CHILD->report(30, 40);
    pause();
    return 0;
}

START_TEST(a_child_sees_memory_as_it_was)
{
    value = 7;
    ck_assert_int_eq(begin(run_value, 0), KR_OK);
    value = 8;
    ck_assert_str_eq(CHILD->running(), "test");
    ck_assert_int_gt(CHILD->pid(), 0);
    ck_assert(keyspace_hooks.child);
    ck_assert_uint_eq(fixture_module.held, 1);
    await();
    NOTED("ended:7:0 ");
    ck_assert_int_ge(last.msec, 15);
    ck_assert(!keyspace_hooks.child);
    ck_assert_uint_eq(fixture_module.held, 0);
}
END_TEST

static void on_child(void *ctx, const void *payload)
{
    const struct kr_fork_event *event = payload;

    note("%s:%s:%d ", (const char *)ctx, event->name,
         event->pid == CHILD->pid() && event->pid > 0);
}

static int32_t run_inside(void *ctx)
{
    (void)ctx;
    return CHILD->inside();
}

START_TEST(who_listens_learns_of_a_child)
{
    event_listen(EVENT_CHILD_BORN, on_child, "born");
    event_listen(EVENT_CHILD_GONE, on_child, "gone");
    ck_assert(!CHILD->inside());
    ck_assert_int_eq(begin(run_inside, 0), KR_OK);
    await();
    NOTED("born:test:1 gone:test:1 ended:1:0 ");
}
END_TEST

START_TEST(there_is_one_child_at_a_time)
{
    ck_assert_int_eq(begin(run_long, 0), KR_OK);
    ck_assert_int_eq(begin(run_value, 0), KR_EBUSY);
    CHILD->kill(true);
    NOTED("ended:0:10 ");
    value = 0;
    ck_assert_int_eq(begin(run_value, 0), KR_OK);
    await();
    NOTED("ended:0:0 ");
}
END_TEST

START_TEST(a_child_that_is_told_to_ends_and_it_is_known_why)
{
    ck_assert_int_eq(begin(run_long, 0), KR_OK);
    kill(CHILD->pid(), SIGTERM); /* the server's business */
    kill(CHILD->pid(), SIGINT);
    usleep(20000);
    loop_poll();
    NOTED("");
    CHILD->kill(false);
    await();
    NOTED("ended:0:10 ");
    CHILD->kill(true);
    NOTED("");
}
END_TEST

START_TEST(a_child_that_crashes_is_noticed)
{
    ck_assert_int_eq(begin(run_long, 0), KR_OK);
    kill(CHILD->pid(), SIGKILL);
    await();
    NOTED("ended:0:9 ");
}
END_TEST

START_TEST(a_child_has_no_descriptor_but_the_one_it_asked_for)
{
    char text[8] = "";

    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_eq(begin(run_write, pipe_ends[1]), KR_OK);
    await();
    NOTED("ended:0:0 ");
    ck_assert_int_eq(read(pipe_ends[0], text, sizeof(text)), 4);
    ck_assert_str_eq(text, "kept");
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}
END_TEST

START_TEST(other_children_are_left_alone)
{
    pid_t mine = fork();
    int status;

    if (mine == 0)
        _exit(3);
    value = 0;
    ck_assert_int_eq(begin(run_value, 0), KR_OK);
    await();
    ck_assert_int_eq(waitpid(mine, &status, 0), mine);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
}
END_TEST

START_TEST(what_a_child_reports_can_be_read)
{
    struct child_figures figures = {0};

    ck_assert_int_eq(begin(run_report, 0), KR_OK);
    for (int i = 0; i < 5000 && figures.copied == 0; i++) {
        usleep(1000);
        child_figures(&figures);
    }
    ck_assert_uint_eq(figures.keys, 30);
    ck_assert_uint_eq(figures.keys_total, 40);
    ck_assert_uint_gt(figures.copied, 0);
    ck_assert_uint_ge(figures.forks, 1);
    CHILD->kill(true);
    child_figures(&figures);
    ck_assert_uint_eq(figures.keys_total, 0);
}
END_TEST

START_TEST(the_child_of_a_module_that_goes_goes_too)
{
    ck_assert_int_eq(begin(run_long, 0), KR_OK);
    child_forget(&fixture_module);
    ck_assert_ptr_null(CHILD->running());
    ck_assert_uint_eq(fixture_module.held, 0);
    NOTED("");
}
END_TEST

static void child_test_begin(void)
{
    dispatch_begin();
    child_init();
}

static void child_test_end(void)
{
    child_fini();
    dispatch_end();
}

Suite *child_suite(void)
{
    Suite *suite = suite_create("child");
    TCase *tests = tcase_create("child");

    tcase_add_checked_fixture(tests, child_test_begin, child_test_end);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_child_sees_memory_as_it_was);
    tcase_add_test(tests, who_listens_learns_of_a_child);
    tcase_add_test(tests, there_is_one_child_at_a_time);
    tcase_add_test(tests, a_child_that_is_told_to_ends_and_it_is_known_why);
    tcase_add_test(tests, a_child_that_crashes_is_noticed);
    tcase_add_test(tests, a_child_has_no_descriptor_but_the_one_it_asked_for);
    tcase_add_test(tests, other_children_are_left_alone);
    tcase_add_test(tests, what_a_child_reports_can_be_read);
    tcase_add_test(tests, the_child_of_a_module_that_goes_goes_too);
    return suite;
}
