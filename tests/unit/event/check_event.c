/* SPDX-License-Identifier: BSD-3-Clause */
/* Events: everybody who listens is told once, in order, whatever is subscribed
 * or unsubscribed meanwhile. */
#include "core/event/event.h"
#include "core/rack/rack.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct kr_events *const e = &event_interface;
static kr_module one = {.name = "one"}, two = {.name = "two"};
static char heard[256];

static void hear(void *ctx, const void *payload)
{
    (void)payload;
    strcat(heard, ctx);
}

static void hear_payload(void *ctx, const void *payload)
{
    (void)ctx;
    strcat(heard, payload);
}

static bool armed(enum event_id id)
{
    return event_armed >> id & 1;
}

/* --- Being told ---------------------------------------------------------- */

START_TEST(all_subscribers_hear_in_order)
{
    ck_assert(!armed(EVENT_TICK));
    ck_assert_ptr_nonnull(e->subscribe(&one, "host.tick", hear, "a"));
    event_listen(EVENT_TICK, hear, "b");
    ck_assert_ptr_nonnull(e->subscribe(&two, "host.tick", hear, "c"));
    ck_assert(armed(EVENT_TICK));
    ck_assert(!armed(EVENT_SLEEP));
    event_raise(EVENT_TICK, NULL);
    event_raise(EVENT_SLEEP, NULL);
    ck_assert_str_eq(heard, "abc");
}
END_TEST

START_TEST(every_host_event_can_be_subscribed_to)
{
    static const char *const names[] = {KR_EVENT_KEY_BEFORE,
                                        KR_EVENT_KEY_CHANGED,
                                        KR_EVENT_KEY_NOTIFY,
                                        KR_EVENT_KEY_EXPIRED,
                                        KR_EVENT_KEY_EVICTED,
                                        KR_EVENT_KEY_MISSED,
                                        KR_EVENT_KEY_LOADED,
                                        KR_EVENT_KEY_ENDING,
                                        KR_EVENT_FLUSH_BEFORE,
                                        KR_EVENT_FLUSH,
                                        KR_EVENT_SWAP,
                                        KR_EVENT_CLIENT_CONNECTED,
                                        KR_EVENT_CLIENT_GONE,
                                        KR_EVENT_CLIENT_RESET,
                                        KR_EVENT_CLIENT_USER,
                                        KR_EVENT_TICK,
                                        KR_EVENT_SLEEP,
                                        KR_EVENT_WAIT,
                                        KR_EVENT_WAKE,
                                        KR_EVENT_LOAD,
                                        KR_EVENT_LOADING_BEGIN,
                                        KR_EVENT_LOADING_PROGRESS,
                                        KR_EVENT_LOADING_END,
                                        KR_EVENT_SAVE_BEGIN,
                                        KR_EVENT_SAVE_END,
                                        KR_EVENT_CHILD_BORN,
                                        KR_EVENT_CHILD_GONE,
                                        KR_EVENT_READY,
                                        KR_EVENT_SHUTDOWN,
                                        KR_EVENT_SLOW,
                                        KR_EVENT_CONFIG_CHANGED,
                                        KR_EVENT_MODULE_LOADED,
                                        KR_EVENT_MODULE_UNLOADED,
                                        KR_EVENT_MODULE_CHANGED,
                                        KR_EVENT_COMMAND_CHANGED,
                                        KR_EVENT_INFO_RESET,
                                        KR_EVENT_LATENCY,
                                        KR_EVENT_OVERRUN,
                                        KR_EVENT_PROGRAM};

    ck_assert_uint_eq(KR_COUNT(names), EVENT_COUNT);
    for (unsigned i = 0; i < EVENT_COUNT; i++) {
        ck_assert_ptr_nonnull(e->subscribe(&one, names[i], hear, "."));
        ck_assert_msg(armed(i), "%s", names[i]);
    }
    ck_assert_ptr_null(e->subscribe(&one, "host.none", hear, "."));
}
END_TEST

START_TEST(an_event_is_disarmed_with_its_last_subscriber)
{
    kr_subscription *a = e->subscribe(&one, "key.changed", hear, "a");
    kr_subscription *b = e->subscribe(&one, "key.changed", hear, "b");

    e->unsubscribe(a);
    ck_assert(armed(EVENT_KEY_CHANGED));
    event_raise(EVENT_KEY_CHANGED, NULL);
    ck_assert_str_eq(heard, "b");
    e->unsubscribe(b);
    ck_assert(!armed(EVENT_KEY_CHANGED));
    ck_assert_uint_eq(event_armed, 0);
}
END_TEST

static void hear_running(void *ctx, const void *payload)
{
    (void)payload;
    ck_assert_ptr_eq(module_running, ctx);
    ck_assert_uint_eq(ctx ? ((kr_module *)ctx)->entered : 1, 1);
    strcat(heard, ".");
}

START_TEST(handlers_run_on_their_module_s_account)
{
    e->subscribe(&one, "host.tick", hear_running, &one);
    e->subscribe(&two, "host.tick", hear_running, &two);
    event_listen(EVENT_TICK, hear_running, NULL);
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "...");
    ck_assert_ptr_null(module_running);
    ck_assert_uint_eq(one.entered + two.entered, 0);
}
END_TEST

/* --- Meanwhile ----------------------------------------------------------- */

static kr_subscription *victim;

static void drop_victim(void *ctx, const void *payload)
{
    hear(ctx, payload);
    e->unsubscribe(victim);
    victim = NULL;
}

START_TEST(who_unsubscribes_a_later_one_silences_it)
{
    e->subscribe(&one, "host.tick", drop_victim, "a");
    victim = e->subscribe(&one, "host.tick", hear, "b");
    e->subscribe(&one, "host.tick", hear, "c");
    event_raise(EVENT_TICK, NULL);
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "acac");
}
END_TEST

START_TEST(who_unsubscribes_itself_disturbs_nobody)
{
    victim = e->subscribe(&one, "host.tick", drop_victim, "a");
    e->subscribe(&one, "host.tick", hear, "b");
    event_raise(EVENT_TICK, NULL);
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "abb");
}
END_TEST

START_TEST(the_last_one_may_go_while_it_hears)
{
    victim = e->subscribe(&one, "host.tick", drop_victim, "a");
    event_raise(EVENT_TICK, NULL);
    ck_assert(!armed(EVENT_TICK));
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "a");
}
END_TEST

static void add_many(void *ctx, const void *payload)
{
    hear(ctx, payload);
    for (int i = 0; i < 20; i++) /* the list moves */
        e->subscribe(&one, "host.tick", hear, "n");
}

START_TEST(a_new_subscriber_waits_for_the_next_time)
{
    kr_subscription *a = e->subscribe(&one, "host.tick", add_many, "a");

    e->subscribe(&one, "host.tick", hear, "b");
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "ab");
    e->unsubscribe(a);
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "abbnnnnnnnnnnnnnnnnnnnn");
}
END_TEST

static void raise_again(void *ctx, const void *payload)
{
    static int depth;

    hear(ctx, payload);
    if (depth++ == 0) {
        e->unsubscribe(victim);
        event_raise(EVENT_TICK, payload);
    }
    depth--;
}

START_TEST(an_event_may_be_raised_within_itself)
{
    e->subscribe(&one, "host.tick", raise_again, "a");
    victim = e->subscribe(&one, "host.tick", hear, "b");
    e->subscribe(&one, "host.tick", hear, "c");
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "aacc");
}
END_TEST

static void forget_module(void *ctx, const void *payload)
{
    (void)payload;
    event_forget(ctx);
}

START_TEST(a_module_may_be_forgotten_while_its_event_is_told)
{
    kr_event *event = e->declare(&one, "one.happened");

    e->subscribe(&two, "one.happened", forget_module, &one);
    e->subscribe(&one, "one.happened", hear, "a");
    e->publish(event, NULL);
    ck_assert_str_eq(heard, "");
    ck_assert_ptr_null(e->subscribe(&two, "one.happened", hear, "b"));
}
END_TEST

/* --- Events of modules --------------------------------------------------- */

START_TEST(a_module_declares_events_of_its_own)
{
    kr_event *event;

    ck_assert_ptr_null(e->subscribe(&two, "one.happened", hear, "a"));
    event = e->declare(&one, "one.happened");
    ck_assert_ptr_nonnull(event);
    ck_assert_ptr_eq(e->declare(&one, "one.happened"), event);
    ck_assert_ptr_null(e->declare(&two, "one.happened"));
    ck_assert_ptr_null(e->declare(&one, "host.tick"));
    ck_assert_ptr_null(e->declare(&one, ""));
    ck_assert(!e->armed(event));
    ck_assert_ptr_nonnull(
        e->subscribe(&two, "one.happened", hear_payload, NULL));
    ck_assert(e->armed(event));
    e->publish(event, "payload");
    ck_assert_str_eq(heard, "payload");
    ck_assert_uint_eq(event_armed, 0);
}
END_TEST

START_TEST(forgetting_drops_subscriptions_and_events)
{
    kr_subscription *kept;

    e->subscribe(&one, "host.tick", hear, "a");
    e->subscribe(&two, "host.tick", hear, "b");
    e->declare(&one, "one.happened");
    kept = e->subscribe(&two, "one.happened", hear, "c");
    event_forget(&one);
    event_raise(EVENT_TICK, NULL);
    ck_assert_str_eq(heard, "b");
    ck_assert_ptr_null(e->subscribe(&two, "one.happened", hear, "d"));
    e->unsubscribe(kept); /* its handle is still good */
    event_forget(&two);
    ck_assert_uint_eq(event_armed, 0);
}
END_TEST

START_TEST(an_event_that_is_declared_again_finds_its_audience)
{
    e->declare(&one, "one.happened");
    e->subscribe(&two, "one.happened", hear, "a");
    event_forget(&one);
    e->publish(e->declare(&one, "one.happened"), NULL);
    ck_assert_str_eq(heard, "a");
}
END_TEST

START_TEST(an_event_may_be_waited_for_before_it_is_declared)
{
    kr_subscription *waiting = e->await(&two, "one.happened", hear, "a");
    kr_event *event;

    ck_assert_ptr_nonnull(waiting);
    ck_assert_ptr_null(e->subscribe(&two, "one.happened", hear, "b"));
    event = e->declare(&one, "one.happened");
    ck_assert(e->armed(event));
    e->publish(event, NULL);
    event_forget(&one); /* and again, from somebody else */
    e->publish(e->declare(&two, "one.happened"), NULL);
    ck_assert_str_eq(heard, "aa");
    event_forget(&two);
    waiting = e->await(&two, "one.happened", hear, "c");
    e->unsubscribe(waiting); /* nobody has come */
    ck_assert(!e->armed(e->declare(&one, "one.happened")));
    event_forget(&one);
}
END_TEST

START_TEST(what_there_is_need_not_be_waited_for)
{
    kr_event *event = e->declare(&one, "one.happened");

    ck_assert_ptr_nonnull(e->await(&two, "host.tick", hear, "t"));
    ck_assert_ptr_nonnull(e->await(&two, "one.happened", hear, "o"));
    event_raise(EVENT_TICK, NULL);
    e->publish(event, NULL);
    ck_assert_str_eq(heard, "to");
    ck_assert_ptr_null(e->await(&two, "", hear, "a"));
    ck_assert_ptr_null(e->await(&two, NULL, hear, "a"));
    ck_assert_ptr_null(e->await(&two, "two.happened", NULL, "a"));
}
END_TEST

/* Handlers that do anything at all, against a count of who must hear. */
static kr_subscription *subs[32];
static uint32_t calls[32];
static unsigned seed;
static int nested;

static void do_anything(void *ctx, const void *payload)
{
    uint32_t at = (uint32_t)(uintptr_t)ctx, other;

    ck_assert_ptr_nonnull(subs[at]);
    calls[at]++;
    other = (uint32_t)rand_r(&seed) % 32;
    if (rand_r(&seed) % 4 == 0 && subs[other]) {
        e->unsubscribe(subs[other]);
        subs[other] = NULL;
    } else if (rand_r(&seed) % 4 == 0 && !subs[other]) {
        subs[other] = e->subscribe(&one, "host.tick", do_anything,
                                   (void *)(uintptr_t)other);
    }
    if (nested < 2 && rand_r(&seed) % 8 == 0) {
        nested++;
        event_raise(EVENT_TICK, payload);
        nested--;
    }
}

START_TEST(nobody_who_has_gone_is_ever_called)
{
    seed = (unsigned)time(NULL);
    printf("event: seed %u\n", seed);
    for (uint32_t round = 0; round < 5000; round++) {
        uint32_t live = 0;

        for (uint32_t i = 0; i < 32; i++) {
            if (!subs[i] && rand_r(&seed) % 2)
                subs[i] = e->subscribe(&one, "host.tick", do_anything,
                                       (void *)(uintptr_t)i);
        }
        event_raise(EVENT_TICK, NULL);
        for (uint32_t i = 0; i < 32; i++)
            live += subs[i] != NULL;
        ck_assert_int_eq(armed(EVENT_TICK), live > 0);
    }
    ck_assert_uint_gt(calls[0], 0);
    event_forget(&one);
    ck_assert_uint_eq(event_armed, 0);
}
END_TEST

Suite *event_suite(void)
{
    Suite *suite = suite_create("event");
    TCase *tcase = tcase_create("event");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, all_subscribers_hear_in_order);
    tcase_add_test(tcase, every_host_event_can_be_subscribed_to);
    tcase_add_test(tcase, an_event_is_disarmed_with_its_last_subscriber);
    tcase_add_test(tcase, handlers_run_on_their_module_s_account);
    tcase_add_test(tcase, who_unsubscribes_a_later_one_silences_it);
    tcase_add_test(tcase, who_unsubscribes_itself_disturbs_nobody);
    tcase_add_test(tcase, the_last_one_may_go_while_it_hears);
    tcase_add_test(tcase, a_new_subscriber_waits_for_the_next_time);
    tcase_add_test(tcase, an_event_may_be_raised_within_itself);
    tcase_add_test(tcase, a_module_may_be_forgotten_while_its_event_is_told);
    tcase_add_test(tcase, a_module_declares_events_of_its_own);
    tcase_add_test(tcase, forgetting_drops_subscriptions_and_events);
    tcase_add_test(tcase, an_event_that_is_declared_again_finds_its_audience);
    tcase_add_test(tcase, an_event_may_be_waited_for_before_it_is_declared);
    tcase_add_test(tcase, what_there_is_need_not_be_waited_for);
    tcase_add_test(tcase, nobody_who_has_gone_is_ever_called);
    suite_add_tcase(suite, tcase);
    return suite;
}
