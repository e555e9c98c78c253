/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers against tables taken from redis-server, and the exact shortcuts
 * against the C library. */

#include "core/text/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/suites.h"

/* ck_assert() writes to a pipe each time, too slow for a million checks. */
#define CLAIM(condition, ...)                                                  \
    do {                                                                       \
        if (!(condition))                                                      \
            ck_abort_msg(__VA_ARGS__);                                         \
    } while (0)

static uint64_t number_random(void)
{
    uint64_t x = 0;

    for (int i = 0; i < 5; i++)
        x = x << 15 ^ (uint64_t)rand();
    return x;
}

static void number_seed(const char *what)
{
    unsigned seed = (unsigned)time(NULL);

    printf("number: %s: seed %u\n", what, seed);
    srand(seed);
}

/* --- Integers ------------------------------------------------------------ */

START_TEST(integers_have_one_spelling)
{
    static const char *const good[] = {
        "0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808"};
    static const char *const bad[] = {"",
                                      "-",
                                      "-0",
                                      "00",
                                      "01",
                                      "-01",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x1",
                                      "1.0",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    int64_t value = 77;

    for (size_t i = 0; i < KR_COUNT(good); i++) {
        ck_assert(number_parse_int64(kr_cstr(good[i]), &value));
        ck_assert_int_eq(value, strtoll(good[i], NULL, 10));
    }
    value = 77;
    for (size_t i = 0; i < KR_COUNT(bad); i++)
        ck_assert_msg(!number_parse_int64(kr_cstr(bad[i]), &value), "%s",
                      bad[i]);
    ck_assert(!number_parse_int64(KR_STR("1\0"), &value));
    ck_assert(!number_parse_int64(kr_str(NULL, 0), &value));
    ck_assert_int_eq(value, 77);
}
END_TEST

START_TEST(unsigned_reaches_two_to_the_64)
{
    uint64_t value = 77;

    ck_assert(!number_parse_uint64(KR_STR("18446744073709551616"), &value));
    ck_assert(!number_parse_uint64(KR_STR("99999999999999999999"), &value));
    ck_assert(!number_parse_uint64(KR_STR("-1"), &value));
    ck_assert(!number_parse_uint64(KR_STR("01"), &value));
    ck_assert_uint_eq(value, 77);
    ck_assert(number_parse_uint64(KR_STR("18446744073709551615"), &value));
    ck_assert_uint_eq(value, UINT64_MAX);
}
END_TEST

static void number_there_and_back(int64_t value)
{
    char text[NUMBER_INT64_MAX], expected[32];
    size_t size = number_write_int64(text, value);
    uint64_t positive = 0;
    int64_t back = 0;

    snprintf(expected, sizeof(expected), "%lld", (long long)value);
    CLAIM(kr_str_equal(kr_str(text, size), kr_cstr(expected)), "not %s",
          expected);
    CLAIM(number_parse_int64(kr_str(text, size), &back), "%s", expected);
    CLAIM(back == value, "%s", expected);
    size = number_write_uint64(text, (uint64_t)value);
    snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
    CLAIM(kr_str_equal(kr_str(text, size), kr_cstr(expected)), "not %s",
          expected);
    CLAIM(number_parse_uint64(kr_str(text, size), &positive), "%s", expected);
    CLAIM(positive == (uint64_t)value, "%s", expected);
}

START_TEST(integers_come_back_from_text)
{
    uint64_t ten = 1;

    for (int i = 0; i < 20; i++, ten *= 10)
        for (int64_t d = -2; d <= 2; d++) {
            number_there_and_back((int64_t)ten + d);
            number_there_and_back((int64_t)(0 - ten) + d);
        }
    for (int bit = 0; bit < 64; bit++)
        for (uint64_t d = 0; d < 3; d++)
            number_there_and_back((int64_t)((1ull << bit) + d - 1));
    number_seed("integers");
    for (int i = 0; i < 100000; i++)
        number_there_and_back((int64_t)(number_random() >> (rand() & 63)));
}
END_TEST

/* --- Floats -------------------------------------------------------------- */

START_TEST(floats_are_read_as_redis_reads_them)
{
    static const struct {
        const char *text;
        bool good, long_good;
    } table[] = {
        {"1", true, true},          {"0x10", true, true},
        {"0X1p3", true, true},      {"inf", true, true},
        {"-inf", true, true},       {"+inf", true, true},
        {"iNfInItY", true, true},   {"nan", false, false},
        {"-NaN", false, false},     {"nan(abc)", false, false},
        {"+5", true, true},         {" 5", false, false},
        {"5 ", false, false},       {"\t5", false, false},
        {"1e5", true, true},        {"1E5", true, true},
        {".5", true, true},         {"5.", true, true},
        {".", false, false},        {"", false, false},
        {"1e400", false, true},     {"1e5000", false, false},
        {"1e-400", false, true},    {"1e-5000", false, false},
        {"4.9e-324", true, true},   {"0x", false, false},
        {"1d", false, false},       {"-", false, false},
        {"+", false, false},        {"-.5", true, true},
        {"1e", false, false},       {"1e+", false, false},
        {"0x1p-5000", false, true}, {"1_0", false, false},
        {"0e-99", true, true},      {"00012", true, true},
        {"-0", true, true},         {"1,5", false, false},
    };

    for (size_t i = 0; i < KR_COUNT(table); i++) {
        struct kr_str text = kr_cstr(table[i].text);
        long double wide = 77;
        double value = 77;

        ck_assert_msg(number_parse_double(text, &value) == table[i].good,
                      "'%s'", table[i].text);
        ck_assert(value == (table[i].good ? strtod(text.data, NULL) : 77));
        if (LDBL_MANT_DIG < 64)
            continue;
        ck_assert_msg(number_parse_long_double(text, &wide) ==
                          table[i].long_good,
                      "'%s' long", table[i].text);
        ck_assert(wide == (table[i].long_good ? strtold(text.data, NULL) : 77));
    }
    ck_assert(!number_parse_double(KR_STR("5\0"), &(double){0}));
    ck_assert(!number_parse_long_double(KR_STR("5\0"), &(long double){0}));
}
END_TEST

START_TEST(text_is_not_read_beyond_its_size)
{
    long double wide = 0;
    double value = 0;

    ck_assert(number_parse_double(kr_str("1234567", 3), &value));
    ck_assert(value == 123);
    ck_assert(number_parse_long_double(kr_str("0x1fff", 4), &wide));
    ck_assert(wide == 31);
}
END_TEST

START_TEST(floats_may_be_long_and_long_doubles_less_so)
{
    static char zeros[20000];
    long double wide = 0;
    double value = 0;

    memset(zeros, '0', sizeof(zeros));
    zeros[sizeof(zeros) - 1] = zeros[5118] = '7';
    ck_assert(number_parse_double(kr_str(zeros, 5119), &value));
    ck_assert(value == 7);
    ck_assert(number_parse_long_double(kr_str(zeros, 5119), &wide));
    ck_assert(wide == 7);
    ck_assert(!number_parse_long_double(kr_str(zeros, 5120), &wide));
    ck_assert(number_parse_double(kr_str(zeros + 6000, 14000), &value));
    ck_assert(value == 7);
}
END_TEST

START_TEST(reading_shortcuts_agree_with_the_library)
{
    number_seed("reading");
    for (int i = 0; i < 300000; i++) {
        uint64_t digits = number_random() >> (rand() & 63);
        char text[64];
        long double wide = 0;
        double value = 0;
        int size = snprintf(text, sizeof(text), "%s%llu", &"-"[rand() & 1],
                            (unsigned long long)digits);
        int point = rand() % 24;

        if (point > 0 && point < size) {
            memmove(text + point + 1, text + point, (size_t)(size - point) + 1);
            text[point] = '.';
            size++;
        }
        if (rand() % 3 == 0)
            size += snprintf(text + size, sizeof(text) - (size_t)size, "e%d",
                             rand() % 60 - 30);
        CLAIM(number_parse_double(kr_str(text, (size_t)size), &value), "%s",
              text);
        CLAIM(value == strtod(text, NULL), "%s", text);
        CLAIM(number_parse_long_double(kr_str(text, (size_t)size), &wide), "%s",
              text);
        CLAIM(wide == strtold(text, NULL), "%s", text);
    }
}
END_TEST

static void number_expect_double(double value)
{
    char text[NUMBER_DOUBLE_MAX], expected[64];
    size_t size = number_write_double(text, value);

    snprintf(expected, sizeof(expected), "%.17g", value);
    CLAIM(kr_str_equal(kr_str(text, size), kr_cstr(expected)), "%.*s is not %s",
          (int)size, text, expected);
}

START_TEST(doubles_are_written_with_17_digits)
{
    static const double special[] = {
        0,
        -0.0,
        1,
        -1,
        0.1,
        0.5,
        1e16,
        1e17,
        -1e17,
        99999999999999984.0,
        1e18,
        1e-4,
        9.99e-5,
        0.001,
        3.14,
        1.0 / 3,
        2.5,
        1e300,
        DBL_MAX,
        DBL_MIN,
        4.9e-324,
        INFINITY,
        -INFINITY,
        0.3,
        4503599627370496.5,
        9007199254740993.0,
        0.00010000000000000002,
        0.99999999999999989,
        9.9999999999999982,
        1125899906842624.125,
        562949953421312.0625 /* a tie at 17 digits */,
    };

    for (size_t i = 0; i < KR_COUNT(special); i++)
        number_expect_double(special[i]);
    number_seed("%.17g");
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = number_random();
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (!isnan(value))
            number_expect_double(value);
        /* The range of the shortcut, and dyadic fractions for the ties. */
        number_expect_double(ldexp((double)(bits >> 11), -rand() % 70));
        number_expect_double(ldexp((double)(bits >> 40), -rand() % 40));
        number_expect_double((double)(int64_t)(bits >> 44) / 100);
    }
}
END_TEST

START_TEST(not_a_number_has_no_sign)
{
    char text[NUMBER_LONG_DOUBLE_MAX];

    ck_assert_uint_eq(number_write_double(text, -NAN), 3);
    ck_assert_mem_eq(text, "nan", 3);
    ck_assert_uint_eq(number_write_long_double(text, -NAN), 3);
    ck_assert_mem_eq(text, "nan", 3);
}
END_TEST

/* "%.17Lf" cut by hand. */
static void number_expect_long(long double value)
{
    static char text[NUMBER_LONG_DOUBLE_MAX], expected[NUMBER_LONG_DOUBLE_MAX];
    size_t size = number_write_long_double(text, value);
    int end = snprintf(expected, sizeof(expected), "%.17Lf", value);

    if (strchr(expected, '.')) {
        while (expected[end - 1] == '0')
            end--;
        end -= expected[end - 1] == '.';
        expected[end] = '\0';
    }
    CLAIM(kr_str_equal(kr_str(text, size),
                       kr_cstr(strcmp(expected, "-0") ? expected : "0")),
          "%.*s is not %s", (int)size, text, expected);
}

START_TEST(long_doubles_are_written_for_people)
{
    static const long double special[] = {
        0,
        -0.0L,
        1,
        -1,
        0.1L,
        10.6L,
        3.0e3L,
        1e17L,
        1e18L,
        1e19L,
        1e20L,
        1e300L,
        1e-17L,
        5e-18L,
        4.9e-18L,
        -1e-18L,
        1e-30L,
        LDBL_MAX,
        LDBL_MIN,
        INFINITY,
        -INFINITY,
        0.5L,
        18446744073709551615.0L,
        18446744073709551616.0L,
        0.99999999999999999999L,
    };

    for (size_t i = 0; i < KR_COUNT(special); i++)
        number_expect_long(special[i]);
    number_seed("%.17Lf");
    for (int i = 0; i < 200000; i++) {
        int64_t bits = (int64_t)number_random();

        number_expect_long(ldexpl((long double)bits, -(rand() % 140)));
        number_expect_long((long double)(bits >> 40) / 100);
        number_expect_long(ldexpl((long double)(bits >> 50), -(rand() % 40)));
    }
}
END_TEST

/* --- Sizes, shares, times ------------------------------------------------ */

START_TEST(memory_sizes_have_units)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t bytes;
    } table[] = {
        {"", true, 0},
        {"gb", true, 0},
        {"512b", true, 512},
        {"512", true, 512},
        {"1k", true, 1000},
        {"1kb", true, 1024},
        {"1KB", true, 1024},
        {"2m", true, 2000000},
        {"2Mb", true, 2097152},
        {"1g", true, 1000000000},
        {"1gB", true, 1073741824},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"99999999999999999999999", true, UINT64_MAX},
        {"17179869184gb", false, 0},
        {"1t", false, 0},
        {"1.5gb", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1bb", false, 0},
        {"0x1", false, 0},
        {"50%", false, 0},
    };

    for (size_t i = 0; i < KR_COUNT(table); i++) {
        uint64_t bytes = 0;

        ck_assert_msg(number_parse_memory(kr_cstr(table[i].text), &bytes) ==
                          table[i].good,
                      "'%s'", table[i].text);
        ck_assert_uint_eq(bytes, table[i].bytes);
    }
}
END_TEST

START_TEST(percents_are_strict_integers)
{
    int64_t percent = 77;

    ck_assert(!number_parse_percent(KR_STR("%"), &percent));
    ck_assert(!number_parse_percent(KR_STR(""), &percent));
    ck_assert(!number_parse_percent(KR_STR("50"), &percent));
    ck_assert(!number_parse_percent(KR_STR("-1%"), &percent));
    ck_assert(!number_parse_percent(KR_STR("050%"), &percent));
    ck_assert(!number_parse_percent(KR_STR("5%%"), &percent));
    ck_assert_int_eq(percent, 77);
    ck_assert(number_parse_percent(KR_STR("0%"), &percent));
    ck_assert_int_eq(percent, 0);
    ck_assert(number_parse_percent(KR_STR("101%"), &percent));
    ck_assert_int_eq(percent, 101);
}
END_TEST

Suite *number_suite(void)
{
    Suite *suite = suite_create("text/number");
    TCase *tcase = tcase_create("number");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, integers_have_one_spelling);
    tcase_add_test(tcase, unsigned_reaches_two_to_the_64);
    tcase_add_test(tcase, integers_come_back_from_text);
    tcase_add_test(tcase, floats_are_read_as_redis_reads_them);
    tcase_add_test(tcase, text_is_not_read_beyond_its_size);
    tcase_add_test(tcase, floats_may_be_long_and_long_doubles_less_so);
    tcase_add_test(tcase, reading_shortcuts_agree_with_the_library);
    tcase_add_test(tcase, doubles_are_written_with_17_digits);
    tcase_add_test(tcase, not_a_number_has_no_sign);
    tcase_add_test(tcase, long_doubles_are_written_for_people);
    tcase_add_test(tcase, memory_sizes_have_units);
    tcase_add_test(tcase, percents_are_strict_integers);
    suite_add_tcase(suite, tcase);
    return suite;
}
