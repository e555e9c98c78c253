/* SPDX-License-Identifier: BSD-3-Clause */
/* The end: who may object, what signals ask for, and how it is taken back; long
 * work that lets others in. */
#include "core/event/event.h"
#include "core/loop/loop.h"
#include "core/server/directives.h"
#include "core/server/lifetime.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <signal.h>

static const char *veto;

static void object(void *ctx, const void *payload)
{
    struct kr_shutdown_event *event = (void *)(uintptr_t)payload;

    (void)ctx;
    note("asked%u ", event->flags);
    event->veto = veto;
}

static void setup(void)
{
    veto = NULL;
    directives.pause_cron = false;
    directives.on_sigterm = directives.on_sigint = 0;
    lifetime_init();
    ck_assert(event_interface.subscribe(&fixture_module, KR_EVENT_SHUTDOWN,
                                        object, NULL));
}

static void teardown(void)
{
    lifetime_fini();
}

START_TEST(who_objects_is_heard_unless_it_is_forced)
{
    veto = "not saved";
    ck_assert_int_eq(lifetime_shutdown(0), KR_EBUSY);
    ck_assert(!lifetime_is_over());
    ck_assert_int_eq(lifetime_shutdown(KR_SHUTDOWN_FORCE), KR_OK);
    ck_assert(lifetime_is_over());
}
END_TEST

START_TEST(a_signal_ends_it_when_the_loop_comes_to_it)
{
    directives.on_sigterm = KR_SHUTDOWN_FORCE;
    raise(SIGTERM);
    ck_assert(!lifetime_is_over());
    loop_poll();
    ck_assert(lifetime_is_over());
    ck_assert_ptr_nonnull(strstr(notes(), "asked"));
}
END_TEST

START_TEST(a_signal_that_waits_can_be_taken_back)
{
    directives.pause_cron = true;
    ck_assert(!lifetime_cancel_shutdown());
    raise(SIGTERM);
    loop_poll();
    ck_assert(!lifetime_is_over());
    ck_assert(lifetime_cancel_shutdown());
    directives.pause_cron = false;
    lifetime_obey();
    ck_assert(!lifetime_is_over());
    NOTED("");
}
END_TEST

START_TEST(a_signal_that_waited_is_obeyed_later)
{
    directives.pause_cron = true;
    raise(SIGINT);
    loop_poll();
    directives.pause_cron = false;
    lifetime_obey();
    ck_assert(lifetime_is_over());
}
END_TEST

/* --- Long work ----------------------------------------------------------- */

static bool yielded;

static void run_slow(struct kr_call *call)
{
    yielded = lifetime_yield(NULL, 2000, "BUSY with slow");
    /* Once is enough: nobody yields within it. */
    kr_reply_ok(call->reply);
}

static void run_nested(struct kr_call *call)
{
    kr_reply_int64(call->reply, lifetime_yield(NULL, 1, "BUSY") ? 1 : 0);
}

START_TEST(others_are_let_in_and_told_that_it_is_busy)
{
    struct peer *worker = peer_new(), *other = peer_new();

    add("slow", run_slow, 1, 0);
    add("nested", run_nested, 1, KR_CMD_ALLOW_BUSY);
    peer_send(worker, "slow\r\n", 6);
    peer_send(other, "put k\r\nnested\r\n", 15);
    /* The worker is served first; the other one while it works. */
    turn();
    ck_assert(yielded);
    peer_expect(worker, "+OK\r\n");
    peer_hear(other);
    peer_expect_first(other, "-BUSY with slow\r\n");
    peer_expect(other, ":0\r\n");
    peer_say(other, "put k\r\n");
    peer_expect(other, "+OK\r\n");
}
END_TEST

Suite *lifetime_suite(void)
{
    Suite *suite = suite_create("lifetime");
    TCase *tcase = dispatch_case(suite, "lifetime");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, who_objects_is_heard_unless_it_is_forced);
    tcase_add_test(tcase, a_signal_ends_it_when_the_loop_comes_to_it);
    tcase_add_test(tcase, a_signal_that_waits_can_be_taken_back);
    tcase_add_test(tcase, a_signal_that_waited_is_obeyed_later);
    tcase_add_test(tcase, others_are_let_in_and_told_that_it_is_busy);
    return suite;
}
