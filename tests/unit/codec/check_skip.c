/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a value ends whose type nobody knows: core/codec/skip.c. */
#include "core/codec/codec.h"
#include "tests/unit/suites.h"

#include <stdlib.h>

/* One value of each form, as small as shows it. */
#define ID "0123456789abcdef" /* sixteen bytes */
#define WORD                                                                   \
    "\x03"                                                                     \
    "abc" /* a string */
#define TIME "12345678"

static const struct {
    uint8_t code;
    const char *bytes;
    size_t size;
} values[] = {
/* clang-format off */
#define VALUE(code, literal) {code, literal, sizeof(literal) - 1}
    VALUE(0, WORD),
    VALUE(0, "\xc0\x07"),                               /* a number */
    VALUE(1, "\x02" WORD WORD),
    VALUE(2, "\x01" WORD),
    VALUE(3, "\x02" WORD "\x03" "1.5" WORD "\xfe"),     /* 1.5, infinite */
    VALUE(4, "\x01" WORD WORD),
    VALUE(5, "\x01" WORD TIME),
    VALUE(10, WORD), VALUE(11, WORD), VALUE(16, WORD), VALUE(20, WORD),
    VALUE(14, "\x02" WORD WORD),
    VALUE(18, "\x02" "\x01" WORD "\x02" WORD),
    VALUE(24, TIME "\x01" "\x05" WORD WORD),
    VALUE(25, TIME WORD),
    /* Nodes; length, last id; groups: name, last id, pending, consumers. */
    VALUE(15, "\x01" WORD WORD "\x01\x01\x01" "\x01" WORD "\x01\x01"
              "\x01" ID TIME "\x01" "\x01" WORD TIME "\x01" ID),
    VALUE(19, "\x00" "\x00\x00\x00\x00\x00\x00\x00\x00" "\x01" WORD
              "\x01\x01\x01" "\x00" "\x00"),
    VALUE(21, "\x00" "\x00\x00\x00\x00\x00\x00\x00\x00" "\x01" WORD
              "\x01\x01\x01" "\x00" "\x01" WORD TIME TIME "\x00"),
    /* clang-format on */
};

static bool skip(const char *bytes, size_t size, uint8_t code, size_t *at)
{
    kr_reader in;
    bool fine;

    codec_reader_init(&in, kr_str(bytes, size), 0);
    fine = codec_skip_bare(&in, code);
    *at = in.at;
    codec_reader_fini(&in);
    return fine;
}

START_TEST(a_value_ends_where_it_ends)
{
    char bytes[256];
    size_t at;

    ck_assert(codec_knows_end(values[_i].code));
    memcpy(bytes, values[_i].bytes, values[_i].size);
    memset(bytes + values[_i].size, 0xff, 8); /* what follows is not read */
    ck_assert(skip(bytes, values[_i].size + 8, values[_i].code, &at));
    ck_assert_uint_eq(at, values[_i].size);
}
END_TEST

START_TEST(one_that_is_cut_off_is_refused_wherever_it_is)
{
    size_t at;

    for (size_t size = 0; size < values[_i].size; size++) {
        char *bytes = malloc(size + 1); /* a byte beyond it is found */

        memcpy(bytes, values[_i].bytes, size);
        ck_assert(!skip(bytes, size, values[_i].code, &at));
        free(bytes);
    }
}
END_TEST

START_TEST(a_count_that_lies_ends_with_the_bytes)
{
    static const char lie[] = "\x81\xff\xff\xff\xff\xff\xff\xff\xff\x03"
                              "abc";
    size_t at;

    ck_assert(!skip(lie, sizeof(lie) - 1, 1, &at));
    ck_assert(!skip(lie, sizeof(lie) - 1, 15, &at));
    ck_assert_uint_le(at, sizeof(lie) - 1);
}
END_TEST

START_TEST(an_encoding_is_no_count)
{
    size_t at;

    ck_assert(!skip("\xc0\x01" WORD, 6, 1, &at));
}
END_TEST

START_TEST(what_is_of_no_known_form_is_not_guessed)
{
    static const uint8_t unknown[] = {6, 7, 8, 22, 23, 26, 255};
    size_t at;

    for (size_t i = 0; i < KR_COUNT(unknown); i++) {
        ck_assert(!codec_knows_end(unknown[i]));
        ck_assert(!skip(WORD, 4, unknown[i], &at));
        ck_assert_uint_eq(at, 0);
    }
}
END_TEST

Suite *skip_suite(void)
{
    Suite *suite = suite_create("skip");
    TCase *tcase = tcase_create("skip");

    tcase_add_loop_test(tcase, a_value_ends_where_it_ends, 0,
                        (int)KR_COUNT(values));
    tcase_add_loop_test(tcase, one_that_is_cut_off_is_refused_wherever_it_is, 0,
                        (int)KR_COUNT(values));
    tcase_add_test(tcase, a_count_that_lies_ends_with_the_bytes);
    tcase_add_test(tcase, an_encoding_is_no_count);
    tcase_add_test(tcase, what_is_of_no_known_form_is_not_guessed);
    suite_add_tcase(suite, tcase);
    return suite;
}
