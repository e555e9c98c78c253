/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/directives.h"

#include "core/config/config.h"
#include "core/dispatch/call.h"
#include "core/keyspace/keyspace.h"
#include "core/net/client.h"
#include "core/net/listen.h"
#include "core/server/limits.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/suites.h"

static void setup(void)
{
    char error[2048] = "";

    config_init();
    ck_assert_msg(directives_register(error, sizeof(error)), "%s", error);
}

static void teardown(void)
{
    directives_fini();
    config_fini();
}

/* The reply's end, behind " - "; "" is success. */
static void sets(const char *name, const char *value, const char *why)
{
    struct kr_str n = kr_cstr(name), v = kr_cstr(value);
    char error[1024] = "";
    const char *said = "";

    if (config_set(1, &n, &v, error, sizeof(error)) != KR_OK) {
        said = strstr(error, ") - ");
        said = said ? said + 4 : error;
    }
    ck_assert_str_eq(said, why);
}

static void is(const char *name, const char *value)
{
    struct buffer text = {0};

    ck_assert_msg(config_print(kr_cstr(name), &text), "no parameter %s", name);
    ck_assert_str_eq(text.data ? text.data : "", value);
    buffer_free(&text);
}

START_TEST(the_wings_have_their_defaults)
{
    ck_assert_int_eq(listen_settings.port, 6379);
    ck_assert_str_eq(listen_settings.binds, "* -::*");
    ck_assert_int_eq(client_settings.maxclients, 10000);
    ck_assert_int_eq(client_settings.bulk_max, 512 << 20);
    ck_assert(client_settings.protected_mode);
    ck_assert_int_eq(client_settings.limits[CLASS_REPLICA].hard, 256 << 20);
    ck_assert_int_eq(client_settings.limits[CLASS_PUBSUB].soft_seconds, 60);
    ck_assert_int_eq(keyspace_settings.databases, 16);
    ck_assert_int_eq(keyspace_settings.policy, POLICY_NOEVICTION);
    ck_assert_uint_eq(directives.percentile_count, 3);
    ck_assert_str_eq(directives.load_modules, "*");
    ck_assert_str_ne(directives.modules_dir, "");
}
END_TEST

START_TEST(output_limits_change_a_class_at_a_time_or_none)
{
    sets("client-output-buffer-limit", "replica 1mb 2kb 3 pubsub 4 5 6", "");
    is("client-output-buffer-limit",
       "normal 0 0 0 slave 1048576 2048 3 pubsub 4 5 6");
    sets("client-output-buffer-limit", "normal 1 2 3 foo 1 2 3",
         "Invalid client class specified in buffer limit configuration.");
    sets("client-output-buffer-limit", "normal 1 2 -3",
         "Error in hard, soft or soft_seconds setting in buffer limit "
         "configuration.");
    sets("client-output-buffer-limit", "normal 1 2",
         "Wrong number of arguments in buffer limit configuration.");
    is("client-output-buffer-limit",
       "normal 0 0 0 slave 1048576 2048 3 pubsub 4 5 6");
}
END_TEST

START_TEST(a_limit_of_memory_arms_the_calls)
{
    sets("maxmemory", "1tb", "argument must be a memory value");
    ck_assert(!(call_alerts & ALERT_MEMORY));
    sets("maxmemory", "1000gb", "");
    ck_assert(call_alerts & ALERT_MEMORY);
    sets("maxmemory", "0", "");
    ck_assert(!(call_alerts & ALERT_MEMORY));
}
END_TEST

START_TEST(hz_stays_in_its_range)
{
    sets("hz", "0", "");
    is("hz", "1");
    sets("hz", "100000", "");
    is("hz", "500");
    ck_assert_int_eq(directive_hz(), 500);
}
END_TEST

START_TEST(dir_must_be_a_folder_and_becomes_the_working_one)
{
    char path[PATH_MAX];

    sets("dir", "/nonexist", "No such file or directory");
    sets("dir", "/proc/version", "Not a directory");
    sets("dir", "/", "");
    is("dir", "/");
    ck_assert_str_eq(getcwd(path, sizeof(path)), "/");
}
END_TEST

static const struct {
    const char *template;
    bool valid;
} templates[] = {
    {"{title}", true}, {"a {port} b", true}, {"{{x", true}, {"title}", true},
    {"{x}", false},    {"{title", false},    {"{", false},  {"", false},
    {"  ", false},     {"{Title}", false},
};

START_TEST(a_template_has_known_words_only)
{
    sets("proc-title-template", templates[_i].template,
         templates[_i].valid
             ? ""
             : "template format is invalid or contains unknown variables");
}
END_TEST

START_TEST(percentiles_are_between_0_and_100)
{
    sets("latency-tracking-info-percentiles", "50 99.99", "");
    is("latency-tracking-info-percentiles", "50 99.99");
    sets("latency-tracking-info-percentiles", "50 100.1",
         "latency-tracking-info-percentiles parameters should sit between "
         "[0.0,100.0]");
    sets("latency-tracking-info-percentiles", "50  1",
         "Invalid latency-tracking-info-percentiles parameters");
    is("latency-tracking-info-percentiles", "50 99.99");
    sets("latency-tracking-info-percentiles", "", "");
    ck_assert_uint_eq(directives.percentile_count, 0);
}
END_TEST

START_TEST(clients_are_as_many_as_files_allow)
{
    struct rlimit limit = {64, 64};
    int64_t clients = 30;
    char error[512];

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(limits_raise_files(&clients, error, sizeof(error)));
    ck_assert_int_eq(clients, 30);
    /* More than any kernel gives, and no search of minutes. */
    clients = UINT_MAX;
    ck_assert(limits_raise_files(&clients, error, sizeof(error)));
    ck_assert_int_ge(clients, 32);
    ck_assert_int_lt(clients, UINT_MAX);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(clients, (int64_t)limit.rlim_cur - 32);
}
END_TEST

START_TEST(load_modules_takes_names)
{
    directives.load_modules = "string hash";
    ck_assert(directive_loads_module(KR_STR("string")));
    ck_assert(directive_loads_module(KR_STR("hash")));
    ck_assert(!directive_loads_module(KR_STR("str")));
    ck_assert(!directive_loads_module(KR_STR("list")));
    directives.load_modules = "none";
    ck_assert(!directive_loads_module(KR_STR("string")));
    directives.load_modules = "*";
    ck_assert(directive_loads_module(KR_STR("string")));
}
END_TEST

Suite *directives_suite(void)
{
    Suite *suite = suite_create("directives");
    TCase *tcase = tcase_create("directives");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_wings_have_their_defaults);
    tcase_add_test(tcase, output_limits_change_a_class_at_a_time_or_none);
    tcase_add_test(tcase, a_limit_of_memory_arms_the_calls);
    tcase_add_test(tcase, hz_stays_in_its_range);
    tcase_add_test(tcase, dir_must_be_a_folder_and_becomes_the_working_one);
    tcase_add_loop_test(tcase, a_template_has_known_words_only, 0,
                        KR_COUNT(templates));
    tcase_add_test(tcase, percentiles_are_between_0_and_100);
    tcase_add_test(tcase, clients_are_as_many_as_files_allow);
    tcase_add_test(tcase, load_modules_takes_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
