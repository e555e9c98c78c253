/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/value.h"

#include "core/resp/inline.h"
#include "tests/unit/suites.h"

static const struct kr_word colours[] = {{"red", 1}, {"green", 2}};
static const struct kr_word flags[] = {
    {"default", 0}, {"save", 1}, {"nosave", 2}, {"now", 4}};

static const struct kr_param rows[] = {
    {.name = "bool", .type = KR_PARAM_BOOL},
    {.name = "int", .type = KR_PARAM_INT, .min = -3, .max = 100},
    {.name = "memory", .type = KR_PARAM_MEMORY, .min = 0, .max = INT64_MAX},
    {.name = "share",
     .type = KR_PARAM_MEMORY,
     .flags = KR_PARAM_PERCENT,
     .min = -100,
     .max = INT64_MAX},
    {.name = "colour", .type = KR_PARAM_ENUM, .words = KR_ROWS(colours)},
    {.name = "flags",
     .type = KR_PARAM_ENUM,
     .flags = KR_PARAM_WORDS,
     .words = KR_ROWS(flags)},
    {.name = "string", .type = KR_PARAM_STRING},
    {.name = "text", .type = KR_PARAM_SPECIAL},
    {.name = "double", .type = KR_PARAM_DOUBLE, .min = 0, .max = 1},
    {.name = "octal", .type = KR_PARAM_OCTAL, .min = 0, .max = 0777},
};

/* What is typed behind a name, what CONFIG GET and what a file has then.  A
 * NULL `get`: refused, and `file` is the reason. */
static const struct {
    const char *name, *typed, *get, *file;
} cases[] = {
    {"bool", "yes", "yes", "yes"},
    {"bool", "NO", "no", "no"},
    {"bool", "maybe", NULL, "argument must be 'yes' or 'no'"},
    {"bool", "yes no", NULL, "wrong number of arguments"},
    {"bool", "", NULL, "wrong number of arguments"},
    {"int", "100", "100", "100"},
    {"int", "-3", "-3", "-3"},
    {"int", "101", NULL, "argument must be between -3 and 100 inclusive"},
    {"int", "1x", NULL, "argument couldn't be parsed into an integer"},
    {"int", "99999999999999999999", NULL,
     "argument couldn't be parsed into an integer"},
    {"memory", "100mb", "104857600", "100mb"},
    {"memory", "1k", "1000", "1000"},
    {"memory", "3GB", "3221225472", "3gb"},
    {"memory", "1025", "1025", "1025"},
    {"memory", "0", "0", "0"},
    {"memory", "1.5gb", NULL, "argument must be a memory value"},
    {"memory", "5%", NULL, "argument must be a memory value"},
    {"memory", "18446744073709551615", NULL,
     "argument must be between 0 and 9223372036854775807 inclusive"},
    {"share", "5%", "5%", "5%"},
    {"share", "0%", "0", "0"},
    {"share", "1kb", "1024", "1kb"},
    {"share", "101%", NULL, "percentage argument must be less or equal to 100"},
    {"share", "-5", NULL, "argument must be a memory or percent value"},
    {"colour", "GREEN", "green", "green"},
    {"colour", "blue", NULL,
     "argument(s) must be one of the following: red, green"},
    {"colour", "red green", NULL, "wrong number of arguments"},
    {"flags", "now save", "save now", "save now"},
    {"flags", "default", "default", "default"},
    {"flags", "now", "now", "now"},
    {"string", "plain", "plain", "plain"},
    {"string", "\"\"", "", "\"\""},
    {"string", "\"two words\"", "two words", "\"two words\""},
    {"string", "\"a\\nb\"", "a\nb", "\"a\\nb\""},
    {"string", "'#x'", "#x", "\"#x\""},
    {"string", "\"it's\"", "it's", "\"it's\""},
    {"string", "\"a\\x00b\"", NULL, "argument must not contain a NUL byte"},
    {"text", "900 1 300 10", "900 1 300 10", "900 1 300 10"},
    {"text", "\"\"", "", "\"\""},
    {"text", "a \"b\\tc\"", "a b\tc", "a \"b\\tc\""},
    {"double", "0.5", "0.5", "0.5"},
    {"double", "2", NULL, "argument must be between 0 and 1 inclusive"},
    {"double", "x", NULL, "argument couldn't be parsed into a number"},
    {"octal", "700", "700", "700"},
    {"octal", "1000", NULL, "argument must be between 0 and 777 inclusive"},
    {"octal", "9", NULL, "argument couldn't be parsed as an octal number"},
};

static const struct kr_param *value_row(const char *name)
{
    for (size_t i = 0; i < KR_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    ck_abort_msg("no row is called %s", name);
}

START_TEST(what_is_typed_is_shown_or_refused_as_redis_does)
{
    const struct kr_param *row = value_row(cases[_i].name);
    struct resp_args words = {0};
    struct buffer get = {0}, file = {0};
    union value value = {0};
    char error[VALUE_ERROR_MAX] = "";

    ck_assert_int_eq(resp_split_line(&words, kr_cstr(cases[_i].typed)),
                     RESP_SPLIT_DONE);
    if (value_parse(row, (uint32_t)words.argc, words.argv, &value, error)) {
        value_print(row, &value, &get);
        value_print_line(row, &value, &file);
        ck_assert_msg(cases[_i].get != NULL, "%s %s was taken", row->name,
                      cases[_i].typed);
        ck_assert_str_eq(get.data ? get.data : "", cases[_i].get);
        ck_assert_str_eq(file.data, cases[_i].file);
        value_free(row, &value);
    } else {
        ck_assert_msg(cases[_i].get == NULL, "%s %s: %s", row->name,
                      cases[_i].typed, error);
        ck_assert_str_eq(error, cases[_i].file);
    }
    buffer_free(&get);
    buffer_free(&file);
    resp_args_fini(&words);
}
END_TEST

START_TEST(a_type_of_the_future_is_refused)
{
    const struct kr_param row = {.name = "x", .type = 99};
    struct kr_str word = KR_STR("x");
    union value value;
    char error[VALUE_ERROR_MAX];

    ck_assert(!value_parse(&row, 1, &word, &value, error));
}
END_TEST

Suite *value_suite(void)
{
    Suite *suite = suite_create("value");
    TCase *tcase = tcase_create("value");

    tcase_add_loop_test(tcase, what_is_typed_is_shown_or_refused_as_redis_does,
                        0, KR_COUNT(cases));
    tcase_add_test(tcase, a_type_of_the_future_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
