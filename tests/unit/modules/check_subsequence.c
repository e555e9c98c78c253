/* SPDX-License-Identifier: BSD-3-Clause */
/* The subsequence by bits against the table that everybody knows, walked back
 * by the same rule: left, unless up is longer. */
#include "modules/string/subsequence.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIZE_MAX_TRIED 200

static size_t table[SIZE_MAX_TRIED + 1][SIZE_MAX_TRIED + 1];

static void table_fill(struct kr_str a, struct kr_str b)
{
    for (size_t i = 1; i <= a.size; i++) {
        for (size_t j = 1; j <= b.size; j++) {
            size_t up = table[i - 1][j], left = table[i][j - 1];

            table[i][j] = a.data[i - 1] == b.data[j - 1]
                              ? table[i - 1][j - 1] + 1
                              : (up > left ? up : left);
        }
    }
}

/* The run that ends last before a[run->i] and b[run->j]. */
static bool table_back(struct kr_str a, struct kr_str b,
                       struct subsequence_run *run)
{
    size_t i = run->i, j = run->j, size = 0;

    while (i > 0 && j > 0 && a.data[i - 1] != b.data[j - 1]) {
        if (table[i - 1][j] > table[i][j - 1])
            i--;
        else
            j--;
    }
    while (i > 0 && j > 0 && a.data[i - 1] == b.data[j - 1])
        i--, j--, size++;
    *run = (struct subsequence_run){i, j, size};
    return size > 0;
}

static uint64_t *room_for(struct kr_str a, struct kr_str b, bool whole)
{
    return malloc((subsequence_room(a, b, whole) + 1) * sizeof(uint64_t));
}

static size_t length_of(struct kr_str a, struct kr_str b, bool whole)
{
    uint64_t *room = room_for(a, b, whole);
    struct subsequence s;
    size_t length;

    subsequence_init(&s, a, b, whole, room);
    length = subsequence_length(&s);
    free(room);
    return length;
}

static void compare(struct kr_str a, struct kr_str b)
{
    struct subsequence_run ours = {a.size, b.size, 0}, theirs = ours;
    uint64_t *room = room_for(a, b, true);
    struct subsequence s;
    bool more;

    table_fill(a, b);
    ck_assert_uint_eq(length_of(a, b, false), table[a.size][b.size]);
    subsequence_init(&s, a, b, true, room);
    ck_assert_uint_eq(subsequence_length(&s), table[a.size][b.size]);
    do {
        more = subsequence_back(&s, &ours);
        ck_assert_int_eq(more, table_back(a, b, &theirs));
        ck_assert_uint_eq(ours.i, theirs.i);
        ck_assert_uint_eq(ours.j, theirs.j);
        ck_assert_uint_eq(ours.size, theirs.size);
    } while (more);
    free(room);
}

static struct kr_str random_text(char *text, unsigned letters)
{
    size_t size = (size_t)rand() % SIZE_MAX_TRIED;

    for (size_t i = 0; i < size; i++)
        text[i] = (char)(rand() % (int)letters);
    return kr_str(text, size);
}

START_TEST(empty_strings_have_nothing_in_common)
{
    ck_assert_uint_eq(length_of(KR_STR(""), KR_STR(""), true), 0);
    ck_assert_uint_eq(length_of(KR_STR(""), KR_STR("a"), true), 0);
    ck_assert_uint_eq(length_of(KR_STR("a"), KR_STR(""), false), 0);
}
END_TEST

START_TEST(a_string_has_all_of_itself)
{
    compare(KR_STR("ohmytext"), KR_STR("mynewtext"));
    ck_assert_uint_eq(length_of(KR_STR("keyrack"), KR_STR("keyrack"), true), 7);
}
END_TEST

START_TEST(rows_of_whole_words_have_no_bits_left_over)
{
    char text[128];

    memset(text, 'x', sizeof(text));
    for (size_t size = 62; size <= 66; size++) {
        compare(kr_str(text, size), kr_str(text, 64));
        compare(kr_str(text, 64), kr_str(text, size));
        compare(kr_str(text, 128), kr_str(text, size));
    }
}
END_TEST

START_TEST(random_strings_agree_with_the_table)
{
    static const unsigned letters[] = {1, 2, 4, 26, 256};
    unsigned seed = (unsigned)time(NULL) + (unsigned)_i;
    char a[SIZE_MAX_TRIED], b[SIZE_MAX_TRIED];

    printf("subsequence: seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 200; round++) {
        struct kr_str left = random_text(a, letters[_i]);

        compare(left, random_text(b, letters[_i]));
    }
}
END_TEST

Suite *subsequence_suite(void)
{
    Suite *suite = suite_create("subsequence");
    TCase *tcase = tcase_create("subsequence");

    tcase_add_test(tcase, empty_strings_have_nothing_in_common);
    tcase_add_test(tcase, a_string_has_all_of_itself);
    tcase_add_test(tcase, rows_of_whole_words_have_no_bits_left_over);
    tcase_add_loop_test(tcase, random_strings_agree_with_the_table, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
