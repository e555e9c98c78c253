/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/event/span.h"
#include "core/rack/rack.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <time.h>

static kr_module sampler = {.name = "sampler"};
static char heard[64];
static int64_t heard_ms;

static void hear(void *ctx, const void *payload)
{
    const struct kr_latency_event *event = payload;

    (void)ctx;
    snprintf(heard, sizeof(heard), "%s", event->event);
    heard_ms = event->ms;
}

static void setup(void)
{
    clock_init();
    heard[0] = '\0';
}

static void spend_ms(int64_t ms)
{
    int64_t until_ns = clock_monotonic_ns() + ms * 1000000;

    while (clock_monotonic_ns() < until_ns)
        continue;
}

START_TEST(what_takes_milliseconds_is_told)
{
    kr_subscription *sub =
        event_interface.subscribe(&sampler, KR_EVENT_LATENCY, hear, NULL);
    uint64_t begin = span_begin();

    spend_ms(5);
    span_end("long", begin);
    ck_assert_str_eq(heard, "long");
    ck_assert_int_ge(heard_ms, 4);
    span_tell_ticks("short", 1);
    ck_assert_str_eq(heard, "long");
    event_interface.unsubscribe(sub);
}
END_TEST

/* Also one that has begun before somebody asked. */
START_TEST(nothing_is_measured_for_nobody)
{
    uint64_t begin = span_begin();
    kr_subscription *sub;

    ck_assert_uint_eq(begin, 0);
    sub = event_interface.subscribe(&sampler, KR_EVENT_LATENCY, hear, NULL);
    spend_ms(2);
    span_end("begun before", begin);
    ck_assert_str_eq(heard, "");
    ck_assert_uint_ne(span_begin(), 0);
    event_interface.unsubscribe(sub);
    ck_assert_uint_eq(span_begin(), 0);
}
END_TEST

Suite *span_suite(void)
{
    Suite *suite = suite_create("span");
    TCase *tests = tcase_create("latencies");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, what_takes_milliseconds_is_told);
    tcase_add_test(tests, nothing_is_measured_for_nobody);
    suite_add_tcase(suite, tests);
    return suite;
}
