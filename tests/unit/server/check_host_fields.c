/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of INFO that only the host can fill. */
#include "core/info/info.h"
#include "core/server/host_fields.h"
#include "core/server/loading.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

static char fields[8192];

static void write_field(struct kr_info_out *out, const char *name,
                        struct kr_str value)
{
    size_t used = strlen(fields);

    (void)out;
    snprintf(fields + used, sizeof(fields) - used, "%s:%.*s\n", name,
             (int)value.size, value.data);
}

static void write_int(struct kr_info_out *out, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    write_field(out, name, kr_cstr(text));
}

static struct kr_info_out out = {
    .size = sizeof(out), .field = write_field, .field_int = write_int};

static void shows(const char *section, const char *line)
{
    fields[0] = '\0';
    ck_assert(info_interface.collect(section, &out));
    ck_assert_msg(strstr(fields, line), "'%s' is not in:\n%s", line, fields);
}

static void setup(void)
{
    turn_stats = (struct turn_stats){0};
    host_fields_init();
}

START_TEST(turns_are_counted_and_their_pace_taken)
{
    turn_stats.turns = 100;
    shows("stats", "\neventloop_cycles:100\n");
    shows("stats", "\ninstantaneous_eventloop_cycles_per_sec:0\n");
    clock_turn_ms += 2000;
    shows("stats", "\ninstantaneous_eventloop_cycles_per_sec:50\n");
    turn_stats.turns = 900;
    clock_turn_ms += 999; /* too soon for another look */
    shows("stats", "\ninstantaneous_eventloop_cycles_per_sec:50\n");
}
END_TEST

START_TEST(memory_names_its_allocator)
{
    shows("memory", "mem_allocator:");
    shows("memory", "\nlazyfree_pending_objects:0\n");
}
END_TEST

START_TEST(loading_is_shown_while_it_lasts)
{
    shows("persistence", "loading:0\n");
    ck_assert_ptr_null(strstr(fields, "loading_total_bytes"));
    ck_assert_int_eq(loading_interface.begin(&fixture_module, 1000, 0), KR_OK);
    loading_interface.progress(250);
    shows("persistence", "loading:1\n");
    shows("persistence", "\nloading_total_bytes:1000\n");
    shows("persistence", "\nloading_loaded_perc:25.00\n");
    loading_interface.end(true);
    shows("persistence", "loading:0\n");
}
END_TEST

START_TEST(nothing_is_saved_without_a_child)
{
    shows("persistence", "\ncurrent_fork_perc:0.00\n");
    shows("persistence", "\ncurrent_save_keys_total:0\n");
    info_interface.reset();
    shows("stats", "total_forks:0\n");
}
END_TEST

Suite *host_fields_suite(void)
{
    Suite *suite = suite_create("host_fields");
    TCase *tcase = dispatch_case(suite, "host_fields");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, turns_are_counted_and_their_pace_taken);
    tcase_add_test(tcase, memory_names_its_allocator);
    tcase_add_test(tcase, loading_is_shown_while_it_lasts);
    tcase_add_test(tcase, nothing_is_saved_without_a_child);
    return suite;
}
