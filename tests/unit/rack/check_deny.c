/* SPDX-License-Identifier: BSD-3-Clause */
/* What a module may not use: the words of module-deny. */
#include "core/config/sink.h"
#include "core/rack/deny.h"
#include "tests/unit/suites.h"

#define RULES(...)                                                             \
    (uint32_t) KR_COUNT(((const struct kr_str[]){__VA_ARGS__})),               \
        (const struct kr_str[])                                                \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

static void teardown(void)
{
    deny_set(0, NULL);
}

static void says(void (*print)(struct kr_reply *out), const char *text)
{
    struct sink sink;

    sink_init(&sink);
    print(&sink.reply);
    ck_assert(kr_str_equal(buffer_str(&sink.text), kr_cstr(text)));
    sink_fini(&sink);
}

START_TEST(rules_come_in_pairs_of_words)
{
    const char *error = "";

    ck_assert(deny_check(0, NULL, &error));
    ck_assert(deny_check(RULES(KR_STR("")), &error)); /* none */
    ck_assert(deny_check(RULES(KR_STR("a"), KR_STR("b")), &error));
    ck_assert(!deny_check(RULES(KR_STR("a")), &error));
    ck_assert_ptr_nonnull(strstr(error, "such as: counter kr.loop"));
    ck_assert(!deny_check(RULES(KR_STR("a"), KR_STR("")), &error));
    ck_assert(!deny_check(RULES(KR_STR("a b"), KR_STR("c")), &error));
    ck_assert(!deny_check(RULES(KR_STR("a"), KR_STR("b\0c")), &error));
}
END_TEST

START_TEST(a_rule_is_found_by_patterns_with_or_without_a_revision)
{
    deny_set(RULES(KR_STR("count*"), KR_STR("kr.loop"), KR_STR("*"),
                   KR_STR("kr.files/2"), KR_STR("x"), KR_STR("kr.*")));
    ck_assert_str_eq(deny_find("counter", "kr.loop/1"), "count* kr.loop");
    ck_assert_str_eq(deny_find("counter", "kr.loop/2"), "count* kr.loop");
    ck_assert_ptr_null(deny_find("counter", "kr.text/1"));
    ck_assert_ptr_null(deny_find("tally", "kr.loop/1"));
    ck_assert_ptr_null(deny_find("tally", "kr.files/1"));
    ck_assert_str_eq(deny_find("tally", "kr.files/2"), "* kr.files/2");
    ck_assert_str_eq(deny_find("x", "kr.text/1"), "x kr.*");
}
END_TEST

START_TEST(rules_are_printed_as_they_are_read)
{
    deny_set(RULES(KR_STR("a"), KR_STR("kr.loop"), KR_STR("b"), KR_STR("*")));
    says(deny_print, "a kr.loop b *");
    says(deny_lines, "a kr.loop\nb *\n");
    deny_set(RULES(KR_STR("")));
    says(deny_print, "");
    says(deny_lines, "");
    ck_assert_ptr_null(deny_find("b", "kr.text/1"));
}
END_TEST

START_TEST(others_can_be_tried)
{
    struct deny_rules other =
        deny_read(RULES(KR_STR("b"), KR_STR("kr.loop/1")));

    deny_set(RULES(KR_STR("a"), KR_STR("kr.loop/1")));
    deny_exchange(&other);
    ck_assert_ptr_null(deny_find("a", "kr.loop/1"));
    ck_assert_ptr_nonnull(deny_find("b", "kr.loop/1"));
    deny_exchange(&other);
    ck_assert_ptr_nonnull(deny_find("a", "kr.loop/1"));
    deny_drop(&other);
}
END_TEST

Suite *deny_suite(void)
{
    Suite *suite = suite_create("deny");
    TCase *tcase = tcase_create("deny");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, rules_come_in_pairs_of_words);
    tcase_add_test(tcase,
                   a_rule_is_found_by_patterns_with_or_without_a_revision);
    tcase_add_test(tcase, rules_are_printed_as_they_are_read);
    tcase_add_test(tcase, others_can_be_tried);
    suite_add_tcase(suite, tcase);
    return suite;
}
