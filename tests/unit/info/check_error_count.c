/* SPDX-License-Identifier: BSD-3-Clause */
/* Error replies are counted by their code, of which there is no end. */
#include "core/info/error_count.h"
#include "tests/unit/suites.h"

#include <stdio.h>

static char seen[8192];

static bool see(void *ctx, struct kr_str code, uint64_t count)
{
    size_t used = strlen(seen);

    snprintf(seen + used, sizeof(seen) - used, "%.*s=%llu ", (int)code.size,
             code.data, (unsigned long long)count);
    return --*(int *)ctx > 0;
}

static const char *codes(int most)
{
    seen[0] = '\0';
    error_count_each(see, &most);
    return seen;
}

START_TEST(the_code_is_what_stands_before_the_first_space)
{
    error_count_add(KR_STR("ERR no such key"));
    error_count_add(KR_STR("WRONGTYPE Operation against"));
    error_count_add(KR_STR("ERR syntax error"));
    error_count_add(KR_STR("NOSCRIPT"));
    ck_assert_str_eq(codes(100), "ERR=2 WRONGTYPE=1 NOSCRIPT=1 ");
    ck_assert_uint_eq(error_count_total(), 4);
    ck_assert_str_eq(codes(2), "ERR=2 WRONGTYPE=1 ");
}
END_TEST

START_TEST(what_has_no_code_counts_in_the_total_only)
{
    error_count_add(KR_STR(" leading space"));
    error_count_add(kr_str(NULL, 0));
    error_count_add(KR_STR("ACODEOFMORETHANTHIRTYTWOCHARACTERS is none"));
    ck_assert_str_eq(codes(100), "");
    ck_assert_uint_eq(error_count_total(), 3);
    error_count_add(KR_STR("ACODEOFEXACTLYTHIRTYTWOCHARACTER fits"));
    ck_assert_str_eq(codes(100), "ACODEOFEXACTLYTHIRTYTWOCHARACTER=1 ");
}
END_TEST

START_TEST(a_code_too_many_counts_in_the_total_only)
{
    int count = 0;
    char text[32];

    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "CODE%d text", i);
        error_count_add(kr_cstr(text));
    }
    for (const char *c = codes(1000); *c; c++)
        count += *c == '=';
    ck_assert_int_eq(count, 128);
    error_count_add(KR_STR("CODE0 again"));
    ck_assert_str_eq(codes(1), "CODE0=2 ");
    ck_assert_uint_eq(error_count_total(), 201);
    error_count_reset();
    ck_assert_str_eq(codes(100), "");
    ck_assert_uint_eq(error_count_total(), 0);
    error_count_add(KR_STR("CODE199 first"));
    ck_assert_str_eq(codes(100), "CODE199=1 ");
}
END_TEST

Suite *error_count_suite(void)
{
    Suite *suite = suite_create("error_count");
    TCase *tests = tcase_create("codes");

    tcase_add_checked_fixture(tests, error_count_reset, NULL);
    tcase_add_test(tests, the_code_is_what_stands_before_the_first_space);
    tcase_add_test(tests, what_has_no_code_counts_in_the_total_only);
    tcase_add_test(tests, a_code_too_many_counts_in_the_total_only);
    suite_add_tcase(suite, tests);
    return suite;
}
