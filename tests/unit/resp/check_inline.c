/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/resp/inline.h"

#include <stdio.h>

#include "tests/unit/suites.h"

/* The words, joined by '|', or the failure. */
static void inline_expect(struct kr_str line, const char *joined)
{
    struct resp_args args = {0};
    char text[256];
    size_t size = 0;

    switch (resp_split_line(&args, line)) {
    case RESP_SPLIT_DONE:
        for (size_t i = 0; i < args.argc; i++) {
            if (i)
                text[size++] = '|';
            memcpy(text + size, args.argv[i].data, args.argv[i].size);
            size += args.argv[i].size;
        }
        break;
    case RESP_SPLIT_UNBALANCED:
        ck_assert_uint_eq(args.argc, 0);
        size = (size_t)snprintf(text, sizeof(text), "unbalanced");
        break;
    case RESP_SPLIT_NO_MEMORY:
        ck_abort_msg("no memory");
    }
    text[size] = '\0';
    ck_assert_msg(strlen(text) == size && strcmp(text, joined) == 0,
                  "'%s' gave '%s', not '%s'", line.data, text, joined);
    resp_args_fini(&args);
}

START_TEST(words_are_cut_at_blanks)
{
    inline_expect(KR_STR(""), "");
    inline_expect(kr_str(NULL, 0), "");
    inline_expect(KR_STR(" \t\r\n\v\f"), "");
    inline_expect(KR_STR("GET k"), "GET|k");
    inline_expect(KR_STR("  GET\t k \r\n"), "GET|k");
    inline_expect(KR_STR("a\rb"), "a|b");
    inline_expect(KR_STR("\va\vb\f"), "a\vb\f");
    inline_expect(KR_STR("a\\nb"), "a\\nb");
}
END_TEST

START_TEST(a_nul_ends_the_line)
{
    inline_expect(KR_STR("a b\0c"), "a|b");
    inline_expect(KR_STR("\"a\0\""), "unbalanced");
}
END_TEST

START_TEST(double_quotes_have_escapes)
{
    inline_expect(KR_STR("\"a b\" c"), "a b|c");
    inline_expect(KR_STR("\"\""), "");
    inline_expect(KR_STR("x \"\" y"), "x||y");
    inline_expect(KR_STR("\"\\n\\r\\t\\b\\a\\q\\\\\\\"\""), "\n\r\t\b\aq\\\"");
    inline_expect(KR_STR("\"\\x41\\x7a\\xfF\""), "Az\xff");
    inline_expect(KR_STR("\"\\x4\""), "x4");
    inline_expect(KR_STR("\"\\xg1\""), "xg1");
    inline_expect(KR_STR("\"it's\""), "it's");
}
END_TEST

START_TEST(single_quotes_escape_only_themselves)
{
    inline_expect(KR_STR("'a b'"), "a b");
    inline_expect(KR_STR("'a\\'b'"), "a'b");
    inline_expect(KR_STR("'\\n\\x41\"'"), "\\n\\x41\"");
    /* The second backslash takes the quote with it. */
    inline_expect(KR_STR("'\\\\'"), "unbalanced");
    inline_expect(KR_STR("'\\\\' '"), "\\' ");
}
END_TEST

START_TEST(a_quote_may_begin_in_a_word_but_ends_it)
{
    inline_expect(KR_STR("a\"b c\" d"), "ab c|d");
    inline_expect(KR_STR("a'b c'"), "ab c");
    inline_expect(KR_STR("\"a\"b"), "unbalanced");
    inline_expect(KR_STR("'a'\"b\""), "unbalanced");
    inline_expect(KR_STR("\"a\"\v"), "a");
}
END_TEST

START_TEST(quotes_without_partner_are_refused)
{
    inline_expect(KR_STR("\""), "unbalanced");
    inline_expect(KR_STR("a b 'c"), "unbalanced");
    inline_expect(KR_STR("\"a\\"), "unbalanced");
    inline_expect(KR_STR("\"a\\\""), "unbalanced");
    inline_expect(KR_STR("'a\\'"), "unbalanced");
}
END_TEST

START_TEST(a_line_may_have_any_number_of_words)
{
    struct resp_args args = {0};
    static char line[20000];

    for (size_t i = 0; i < sizeof(line); i += 2)
        memcpy(line + i, "x ", 2);
    ck_assert_int_eq(resp_split_line(&args, kr_str(line, sizeof(line))),
                     RESP_SPLIT_DONE);
    ck_assert_uint_eq(args.argc, 10000);
    for (size_t i = 0; i < args.argc; i++)
        ck_assert(kr_str_equal(args.argv[i], KR_STR("x")));
    resp_args_trim(&args);
    ck_assert_uint_eq(args.argc, 0);
    ck_assert_uint_le(args.capacity, 1024);
    ck_assert_int_eq(resp_split_line(&args, KR_STR("again")), RESP_SPLIT_DONE);
    ck_assert(kr_str_equal(args.argv[0], KR_STR("again")));
    resp_args_fini(&args);
}
END_TEST

Suite *inline_suite(void)
{
    Suite *suite = suite_create("resp/inline");
    TCase *tcase = tcase_create("inline");

    tcase_add_test(tcase, words_are_cut_at_blanks);
    tcase_add_test(tcase, a_nul_ends_the_line);
    tcase_add_test(tcase, double_quotes_have_escapes);
    tcase_add_test(tcase, single_quotes_escape_only_themselves);
    tcase_add_test(tcase, a_quote_may_begin_in_a_word_but_ends_it);
    tcase_add_test(tcase, quotes_without_partner_are_refused);
    tcase_add_test(tcase, a_line_may_have_any_number_of_words);
    suite_add_tcase(suite, tcase);
    return suite;
}
