/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/aof/manifest: which files make up a log. */
#include "modules/aof/manifest.h"

#include "tests/unit/suites.h"

#include <kr/memory.h>

static struct manifest manifest;
static struct manifest_error error;

static bool parse(const char *text)
{
    manifest_clear(NULL, &manifest);
    return manifest_parse(NULL, &manifest, kr_cstr(text), &error);
}

static void assert_text(const char *wanted)
{
    struct kr_str text = manifest_format(NULL, &manifest);

    ck_assert_msg(kr_str_equal(text, kr_cstr(wanted)), "%.*s", (int)text.size,
                  text.data);
    kr_memory->free(NULL, (void *)(uintptr_t)text.data);
}

START_TEST(what_is_read_is_written_in_order)
{
    ck_assert(parse("# made by hand\n"
                    "seq 3 type i file c newer word\n"
                    "FILE a SEQ 2 TYPE b\n"
                    "file \"o \\x41\" seq 1 type h\n"));
    assert_text("file a seq 2 type b\nfile \"o A\" seq 1 type h\n"
                "file c seq 3 type i\n");
    ck_assert_int_eq(manifest.base_sequence, 2);
    ck_assert_int_eq(manifest.increment_sequence, 3);
    manifest_clear(NULL, &manifest);
}
END_TEST

/* As Redis writes them. */
START_TEST(what_is_no_letter_is_written_behind_a_backslash)
{
    ck_assert(
        parse("file \"a \\x0a\\r\\t\\a\\b\\x01\\xff'\\\"\" seq 1 type b\n"));
    assert_text("file \"a \\n\\r\\t\\a\\b\\x01\\xff'\\\"\" seq 1 type b\n");
    manifest_clear(NULL, &manifest);
}
END_TEST

START_TEST(a_refusal_tells_line_and_reason_and_leaves_nothing)
{
    ck_assert(!parse("file a seq 1 type b\n  file b seq 1 type b \n"));
    ck_assert_str_eq(error.reason, "Found duplicate base file information");
    ck_assert_uint_eq(error.line, 2);
    ck_assert(kr_str_equal(error.text, KR_STR("file b seq 1 type b")));
    ck_assert_uint_eq(manifest.count, 0);
}
END_TEST

START_TEST(a_rewrite_retires_what_its_base_holds)
{
    ck_assert(parse("file a.1.base.rdb seq 1 type b\n"
                    "file a.1.incr.aof seq 1 type i\n"));
    (void)manifest_new_increment(NULL, &manifest, "a");
    (void)manifest_new_base(NULL, &manifest, "a", ".base.aof");
    manifest_retire(&manifest, 1);
    assert_text("file a.2.base.aof seq 2 type b\n"
                "file a.1.incr.aof seq 1 type h\n"
                "file a.1.base.rdb seq 1 type h\n"
                "file a.2.incr.aof seq 2 type i\n");
    manifest_drop_history(NULL, &manifest);
    ck_assert_uint_eq(manifest.count, 2);
    ck_assert_str_eq(manifest_last_increment(&manifest)->name, "a.2.incr.aof");
    manifest_clear(NULL, &manifest);
}
END_TEST

START_TEST(history_stands_with_its_latest_first)
{
    ck_assert(parse("file a.1.base.rdb seq 1 type b\n"
                    "file a.1.incr.aof seq 1 type i\n"));
    for (int round = 0; round < 2; round++) {
        (void)manifest_new_increment(NULL, &manifest, "a");
        (void)manifest_new_increment(NULL, &manifest, "a");
        (void)manifest_new_base(NULL, &manifest, "a", ".base.rdb");
        manifest_retire(&manifest, 1);
    }
    assert_text("file a.3.base.rdb seq 3 type b\n"
                "file a.3.incr.aof seq 3 type h\n"
                "file a.4.incr.aof seq 4 type h\n"
                "file a.2.base.rdb seq 2 type h\n"
                "file a.1.incr.aof seq 1 type h\n"
                "file a.2.incr.aof seq 2 type h\n"
                "file a.1.base.rdb seq 1 type h\n"
                "file a.5.incr.aof seq 5 type i\n");
    manifest_clear(NULL, &manifest);
}
END_TEST

START_TEST(a_sequence_that_leaves_no_next_is_refused)
{
    ck_assert(!parse("file a seq 9223372036854775807 type b\n"));
    ck_assert(!parse("file a seq 99999999999999999999 type i\n"));
}
END_TEST

Suite *manifest_suite(void)
{
    Suite *s = suite_create("manifest of a log");
    TCase *tc = tcase_create("all");

    tcase_add_test(tc, what_is_read_is_written_in_order);
    tcase_add_test(tc, what_is_no_letter_is_written_behind_a_backslash);
    tcase_add_test(tc, a_refusal_tells_line_and_reason_and_leaves_nothing);
    tcase_add_test(tc, a_rewrite_retires_what_its_base_holds);
    tcase_add_test(tc, history_stands_with_its_latest_first);
    tcase_add_test(tc, a_sequence_that_leaves_no_next_is_refused);
    suite_add_tcase(s, tc);
    return s;
}
