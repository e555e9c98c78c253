/* SPDX-License-Identifier: BSD-3-Clause */
/* INFO: who is asked for which section, in which order, and what the host
 * counts. */
#include "core/event/event.h"
#include "core/info/error_count.h"
#include "core/info/info.h"
#include "core/memory/memory.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#define INFO (&info_interface)

static kr_module other = {.name = "other"};

static void write_field(struct kr_info_out *out, const char *name,
                        struct kr_str value)
{
    (void)out;
    note("%s=%.*s ", name, (int)value.size, value.data);
}

static void write_int(struct kr_info_out *out, const char *name, int64_t value)
{
    (void)out;
    note("%s=%lld ", name, (long long)value);
}

static bool begin_section(struct kr_info_out *to, const char *family,
                          const char *name)
{
    (void)to;
    note("[%s/%s] ", family, name);
    return strcmp(name, "unwanted") != 0;
}

static struct kr_info_out out = {.size = sizeof(out),
                                 .field = write_field,
                                 .field_int = write_int,
                                 .section = begin_section};

/* Provides the fields "a" and "b", or whatever letters `ctx` has, as "1". */
static void letters(void *ctx, struct kr_info_out *to)
{
    for (const char *c = ctx; *c; c++) {
        char name[2] = {*c, '\0'};

        to->field_int(to, name, 1);
    }
}

static void provide(kr_module *module, const char *section, uint32_t flags,
                    const char *ctx)
{
    ck_assert_int_eq(
        INFO->provide(module, section, flags, letters, (void *)(uintptr_t)ctx),
        KR_OK);
}

START_TEST(a_run_has_an_id_and_a_beginning)
{
    const char *run_id = INFO->identity("run-id");
    struct kr_host_stats stats = {.size = sizeof(stats)};

    INFO->stats(&stats);
    ck_assert_uint_eq(strlen(run_id), 40);
    ck_assert_uint_eq(strspn(run_id, "0123456789abcdef"), 40);
    ck_assert_int_gt(stats.start_ms, 0);
}
END_TEST

START_TEST(fields_of_a_section_come_from_all_who_provide_it)
{
    ck_assert(!INFO->collect("none", &out));
    provide(&fixture_module, "mine", 0, "ab");
    provide(&fixture_module, "others", 0, "z");
    provide(&other, "mine", 0, "c");
    ck_assert(INFO->collect("mine", &out));
    NOTED("a=1 b=1 c=1 "); /* was: the last one first */
}
END_TEST

START_TEST(weak_fields_show_only_where_nobody_else_has_them)
{
    provide(&other, "mine", KR_INFO_WEAK, "abx");
    provide(&fixture_module, "mine", 0, "a");
    provide(&fixture_module, "mine", 0, "b");
    INFO->collect("mine", &out);
    NOTED("a=1 b=1 x=1 ");
    info_forget(&fixture_module);
    INFO->collect("mine", &out);
    NOTED("a=1 b=1 x=1 ");
}
END_TEST

/* Provides sections called as the words of `ctx`, with a field each. */
static void words(void *ctx, struct kr_info_out *to)
{
    char text[64];
    char *rest = text;
    const char *word;

    snprintf(text, sizeof(text), "%s", (const char *)ctx);
    while ((word = strsep(&rest, " ")))
        if (to->section(to, "family", word))
            to->field_int(to, "field", 1);
}

static void count_section(void *ctx, const char *section, uint32_t flags)
{
    (void)section, (void)flags;
    ++*(int *)ctx;
}

START_TEST(sections_may_be_named_when_they_are_asked_for)
{
    int count = 0;

    ck_assert_int_eq(
        INFO->provide_sections(&fixture_module, words, "a unwanted b"), KR_OK);
    ck_assert_int_eq(INFO->provide_sections(&other, words, "c"), KR_OK);
    INFO->collect_sections(&out);
    NOTED("[family/a] field=1 [family/unwanted] [family/b] field=1 "
          "[family/c] field=1 ");
    INFO->sections(count_section, &count);
    ck_assert_int_eq(count, 0);
    ck_assert(!INFO->collect("a", &out));
    info_forget(&fixture_module);
    INFO->collect_sections(&out);
    NOTED("[family/c] field=1 ");
}
END_TEST

START_TEST(last_fields_stand_behind_weak_ones_too)
{
    provide(&fixture_module, "mine", KR_INFO_WEAK | KR_INFO_LAST, "yb");
    provide(&fixture_module, "mine", KR_INFO_WEAK, "ax");
    provide(&other, "mine", 0, "b");
    INFO->collect("mine", &out);
    NOTED("b=1 a=1 x=1 y=1 ");
}
END_TEST

static void each_section(void *ctx, const char *section, uint32_t flags)
{
    (void)ctx;
    note("%s%s ", section, flags & KR_INFO_ON_REQUEST ? "?" : "");
}

START_TEST(sections_come_in_redis_order_then_as_they_were_provided)
{
    static const char *const mine[] = {"zeta",  "keyspace", "server",
                                       "alpha", "beta",     "zeta"};

    info_fini();
    for (size_t i = 0; i < KR_COUNT(mine); i++)
        provide(&fixture_module, mine[i], i == 3 ? KR_INFO_ON_REQUEST : 0, "a");
    INFO->sections(each_section, NULL);
    NOTED("server keyspace zeta alpha? beta ");
}
END_TEST

START_TEST(a_section_is_on_request_if_all_of_it_is)
{
    info_fini();
    provide(&fixture_module, "mine", KR_INFO_ON_REQUEST, "a");
    provide(&fixture_module, "mine", 0, "b");
    provide(&fixture_module, "more", KR_INFO_ON_REQUEST, "c");
    INFO->sections(each_section, NULL);
    NOTED("mine more? ");
}
END_TEST

START_TEST(a_modules_fields_go_with_it)
{
    provide(&fixture_module, "mine", 0, "a");
    provide(&other, "mine", 0, "b");
    info_forget(&fixture_module);
    INFO->collect("mine", &out);
    NOTED("b=1 ");
    info_forget(&other);
    ck_assert(!INFO->collect("mine", &out));
}
END_TEST

static void run_provider(void *ctx, struct kr_info_out *to)
{
    (void)ctx;
    to->field(to, "who", kr_cstr(module_running->name));
}

START_TEST(providers_run_on_their_modules_account)
{
    INFO->provide(&other, "mine", 0, run_provider, NULL);
    INFO->collect("mine", &out);
    NOTED("who=other ");
    ck_assert_ptr_null(module_running);
}
END_TEST

/* --- Counters ------------------------------------------------------------ */

START_TEST(what_clients_do_is_counted)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};
    struct peer *peer;

    INFO->reset();
    peer = peer_new();
    peer_say(peer, "echo x\r\nfail\r\n");
    INFO->stats(&stats);
    ck_assert_uint_eq(stats.size, sizeof(stats));
    ck_assert_uint_eq(stats.commands, 2);
    ck_assert_uint_eq(stats.connections, 1);
    ck_assert_uint_eq(stats.input_bytes, 14);
    ck_assert_uint_eq(stats.output_bytes, 7 + 13);
    ck_assert_uint_eq(stats.reads, 1);
    ck_assert_uint_eq(stats.writes, 1);
    ck_assert_uint_eq(stats.error_replies, 1);
    ck_assert_uint_ge(stats.peak_memory, memory_used());
    INFO->reset();
    INFO->stats(&stats);
    ck_assert_uint_eq(stats.commands, 0);
    ck_assert_uint_eq(stats.error_replies, 0);
    ck_assert_uint_eq(stats.input_bytes, 0);
    ck_assert_uint_eq(command_find(KR_STR("echo"))->calls, 0);
    ck_assert_uint_eq(client_total_memory(), peer->client->accounted);
}
END_TEST

START_TEST(an_older_module_gets_as_much_as_it_knows)
{
    struct kr_host_stats stats;

    memset(&stats, 'x', sizeof(stats));
    stats.size = offsetof(struct kr_host_stats, connections);
    call_stats.commands = 5;
    INFO->stats(&stats);
    ck_assert_uint_eq(stats.commands, 5);
    ck_assert_uint_eq(stats.connections, UINT64_C(0x7878787878787878));
}
END_TEST

START_TEST(rates_are_means_over_sixteen_samples)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};
    int64_t now_ms = clock_wall_ms() + 1000;

    call_stats.commands = 0;
    info_tick(now_ms);
    for (int i = 0; i < 16; i++) {
        call_stats.commands += 20;
        client_stats.bytes_in += 10240;
        info_tick(now_ms += 100);
        info_tick(now_ms + 50); /* too early for a sample */
    }
    INFO->stats(&stats);
    ck_assert_double_eq_tol(stats.ops_per_sec, 200, 0.5);
    ck_assert_double_eq_tol(stats.input_kbps, 100, 0.5);
    call_stats.commands = 0; /* set back, as RESETSTAT does */
    info_tick(now_ms += 100);
    INFO->stats(&stats);
    ck_assert_double_ge(stats.ops_per_sec, 0);
    ck_assert_double_le(stats.ops_per_sec, 200);
}
END_TEST

/* Was: no sample until the time of before had come again. */
START_TEST(rates_go_on_when_the_clock_is_set_back)
{
    struct kr_host_stats stats = {.size = sizeof(stats)};
    int64_t now_ms = clock_wall_ms() + 3600000;

    call_stats.commands = 0;
    info_tick(now_ms);
    now_ms -= 3600000;
    for (int i = 0; i < 20; i++) {
        call_stats.commands += 20;
        info_tick(now_ms += 100);
    }
    INFO->stats(&stats);
    ck_assert_double_eq_tol(stats.ops_per_sec, 200, 0.5);
}
END_TEST

static void hear_reset(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    note("reset ");
}

static void hear_latency(void *ctx, const void *payload)
{
    const struct kr_latency_event *event = payload;

    (void)ctx;
    note("%s:%lld ", event->event, (long long)event->ms);
}

START_TEST(resets_and_latencies_are_told)
{
    INFO->latency("command", 5); /* nobody listens */
    event_listen(EVENT_INFO_RESET, hear_reset, NULL);
    event_listen(EVENT_LATENCY, hear_latency, NULL);
    INFO->reset();
    INFO->latency("command", 7);
    NOTED("reset command:7 ");
}
END_TEST

Suite *info_suite(void)
{
    Suite *suite = suite_create("info");
    TCase *tests = dispatch_case(suite, "info");

    tcase_add_test(tests, a_run_has_an_id_and_a_beginning);
    tcase_add_test(tests, fields_of_a_section_come_from_all_who_provide_it);
    tcase_add_test(tests, weak_fields_show_only_where_nobody_else_has_them);
    tcase_add_test(tests, sections_may_be_named_when_they_are_asked_for);
    tcase_add_test(tests, last_fields_stand_behind_weak_ones_too);
    tcase_add_test(tests,
                   sections_come_in_redis_order_then_as_they_were_provided);
    tcase_add_test(tests, a_section_is_on_request_if_all_of_it_is);
    tcase_add_test(tests, a_modules_fields_go_with_it);
    tcase_add_test(tests, providers_run_on_their_modules_account);
    tcase_add_test(tests, what_clients_do_is_counted);
    tcase_add_test(tests, an_older_module_gets_as_much_as_it_knows);
    tcase_add_test(tests, rates_are_means_over_sixteen_samples);
    tcase_add_test(tests, rates_go_on_when_the_clock_is_set_back);
    tcase_add_test(tests, resets_and_latencies_are_told);
    return suite;
}
