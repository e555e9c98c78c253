/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/bitmap/combine.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SOURCES  4
#define SIZE_TOP 20000 /* bytes: several blocks, and some */

static uint8_t byte_of(struct kr_str source, size_t at)
{
    return at < source.size ? (uint8_t)source.data[at] : 0;
}

static uint8_t expected(enum combine how, const struct kr_str *sources,
                        size_t count, size_t at)
{
    uint8_t byte = byte_of(sources[0], at);

    if (how == COMBINE_NOT)
        return (uint8_t)~byte;
    for (size_t i = 1; i < count; i++) {
        uint8_t other = byte_of(sources[i], at);

        byte = (uint8_t)(how == COMBINE_AND  ? byte & other
                         : how == COMBINE_OR ? byte | other
                                             : byte ^ other);
    }
    return byte;
}

static void compare(enum combine how, const struct kr_str *sources,
                    size_t count)
{
    size_t size = 0;
    uint8_t *out;

    for (size_t i = 0; i < count; i++)
        size = sources[i].size > size ? sources[i].size : size;
    out = malloc(size + 1);
    memset(out, 0xaa, size + 1);
    combine(how, sources, count, out, size);
    for (size_t at = 0; at < size; at++)
        ck_assert_uint_eq(out[at], expected(how, sources, count, at));
    ck_assert_uint_eq(out[size], 0xaa);
    free(out);
}

START_TEST(sources_of_any_length_combine_byte_by_byte)
{
    static const size_t sizes[] = {0, 1, 31, 33, 8192, 8193, SIZE_TOP};
    enum combine how = (enum combine)_i;
    static char bytes[SOURCES][SIZE_TOP];
    unsigned seed = (unsigned)time(NULL);

    printf("combine: seed %u\n", seed);
    srand(seed);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i / SIZE_TOP][i % SIZE_TOP] = (char)rand();
    for (int round = 0; round < 50; round++) {
        struct kr_str sources[SOURCES];
        size_t count = how == COMBINE_NOT ? 1 : 1 + (size_t)rand() % SOURCES;

        for (size_t i = 0; i < count; i++)
            sources[i] =
                kr_str(bytes[i], sizes[(size_t)rand() % KR_COUNT(sizes)]);
        compare(how, sources, count);
    }
}
END_TEST

START_TEST(a_source_that_has_ended_counts_as_zeros)
{
    struct kr_str sources[] = {{"\xff\xff\xff", 3}, {NULL, 0}, {"\x0f", 1}};
    uint8_t out[3];

    combine(COMBINE_AND, sources, 3, out, 3);
    ck_assert_mem_eq(out, "\0\0\0", 3);
    combine(COMBINE_OR, sources, 3, out, 3);
    ck_assert_mem_eq(out, "\xff\xff\xff", 3);
    combine(COMBINE_XOR, sources, 3, out, 3);
    ck_assert_mem_eq(out, "\xf0\xff\xff", 3);
}
END_TEST

Suite *combine_suite(void)
{
    Suite *suite = suite_create("combine");
    TCase *tcase = tcase_create("combine");

    tcase_add_loop_test(tcase, sources_of_any_length_combine_byte_by_byte, 0,
                        COMBINE_NOT + 1);
    tcase_add_test(tcase, a_source_that_has_ended_counts_as_zeros);
    suite_add_tcase(suite, tcase);
    return suite;
}
