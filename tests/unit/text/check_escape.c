/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/text/escape.h"

#include "core/resp/inline.h"
#include "tests/unit/suites.h"

static void escape_expect(struct kr_str bytes, const char *repr)
{
    struct buffer b = {0};

    buffer_append_char(&b, '>');
    escape_repr(&b, bytes);
    ck_assert_str_eq(b.data + 1, repr);
    buffer_free(&b);
}

START_TEST(each_kind_of_byte_has_its_form)
{
    escape_expect(KR_STR(""), "\"\"");
    escape_expect(KR_STR("SET k 1"), "\"SET k 1\"");
    escape_expect(KR_STR("\n\r\t\a\b"), "\"\\n\\r\\t\\a\\b\"");
    escape_expect(KR_STR("\"\\'"), "\"\\\"\\\\'\"");
    escape_expect(KR_STR("\0\x1f\x7f\x80\xff\v\f"),
                  "\"\\x00\\x1f\\x7f\\x80\\xff\\x0b\\x0c\"");
    escape_expect(KR_STR(" ~"), "\" ~\"");
}
END_TEST

START_TEST(a_line_split_gives_every_byte_back)
{
    struct resp_args args = {0};
    struct buffer b = {0};
    char all[256];

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    escape_repr(&b, kr_str(all, sizeof(all)));
    ck_assert_int_eq(resp_split_line(&args, buffer_str(&b)), RESP_SPLIT_DONE);
    ck_assert_uint_eq(args.argc, 1);
    ck_assert(kr_str_equal(args.argv[0], kr_str(all, sizeof(all))));
    buffer_free(&b);
    resp_args_fini(&args);
}
END_TEST

START_TEST(plain_is_what_only_quotes_are_added_to)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        struct buffer b = {0};

        escape_repr(&b, kr_str(&c, 1));
        ck_assert_int_eq(escape_is_plain(kr_str(&c, 1)), b.size == 3);
        buffer_free(&b);
    }
    ck_assert(escape_is_plain(KR_STR("")));
    ck_assert(!escape_is_plain(KR_STR("plain until \n")));
}
END_TEST

Suite *escape_suite(void)
{
    Suite *suite = suite_create("text/escape");
    TCase *tcase = tcase_create("escape");

    tcase_add_test(tcase, each_kind_of_byte_has_its_form);
    tcase_add_test(tcase, a_line_split_gives_every_byte_back);
    tcase_add_test(tcase, plain_is_what_only_quotes_are_added_to);
    suite_add_tcase(suite, tcase);
    return suite;
}
