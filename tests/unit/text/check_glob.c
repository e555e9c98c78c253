/* SPDX-License-Identifier: BSD-3-Clause */
/* The matcher against a table and against a model that tries everything. */

#include "core/text/glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/suites.h"

/* --- The model: a pattern is an element and a rest ----------------------- */

/* Length of the element at the pattern's front, and whether it takes `c`. */
static size_t model_element(struct kr_str p, char c, bool *takes)
{
    size_t i = 1;
    bool inverted;

    if (p.data[0] == '?') {
        *takes = true;
        return 1;
    }
    if (p.data[0] == '\\' && p.size > 1) {
        *takes = p.data[1] == c;
        return 2;
    }
    if (p.data[0] != '[') {
        *takes = p.data[0] == c;
        return 1;
    }
    inverted = p.size > 1 && p.data[1] == '^';
    i += inverted;
    *takes = inverted;
    while (i < p.size && p.data[i] != ']') {
        signed char a = (signed char)p.data[i], x = (signed char)c, b = a;

        if (p.data[i] == '\\' && i + 1 < p.size) {
            a = b = (signed char)p.data[i + 1];
            i += 2;
        } else if (i + 2 < p.size && p.data[i + 1] == '-') {
            b = (signed char)p.data[i + 2];
            i += 3;
        } else {
            i += 1;
        }
        if ((a <= x && x <= b) || (b <= x && x <= a))
            *takes = !inverted;
    }
    return i < p.size ? i + 1 : i;
}

static bool model_match(struct kr_str p, struct kr_str t)
{
    size_t length;
    bool takes;

    if (p.size == 0)
        return t.size == 0;
    if (p.data[0] == '*') {
        for (size_t skip = 0; skip <= t.size; skip++)
            if (model_match(kr_str(p.data + 1, p.size - 1),
                            kr_str(t.data + skip, t.size - skip)))
                return true;
        return false;
    }
    if (t.size == 0)
        return false;
    length = model_element(p, t.data[0], &takes);
    return takes && model_match(kr_str(p.data + length, p.size - length),
                                kr_str(t.data + 1, t.size - 1));
}

/* ----------------------------------------------------------------------------
 */

static const struct {
    const char *pattern, *text;
    bool matches, matches_nocase;
} rows[] = {
    {"", "", true, true},
    {"", "a", false, false},
    {"*", "", false, false}, /* so is Redis */
    {"**", "", false, false},
    {"*", "a", true, true},
    {"a*", "a", true, true},
    {"a**", "a", true, true},
    {"*a", "ba", true, true},
    {"*a*", "bab", true, true},
    {"a*b*c", "aXbYbZc", true, true},
    {"a*b*c", "aXbYbZ", false, false},
    {"h?llo", "hello", true, true},
    {"h?llo", "hllo", false, false},
    {"h[ae]llo", "hallo", true, true},
    {"h[ae]llo", "hillo", false, false},
    {"h[^e]llo", "hallo", true, true},
    {"h[^e]llo", "hello", false, false},
    {"h[a-c]", "hb", true, true},
    {"h[c-a]", "hb", true, true},
    {"h[a-c]", "hB", false, true},
    {"h[A-C]", "hb", false, true},
    {"HELLO", "hello", false, true},
    {"h\\*", "h*", true, true},
    {"h\\*", "hx", false, false},
    {"h\\", "h\\", true, true},
    {"[\\a]", "a", true, true},
    {"[\\A]", "a", false, false}, /* an escape in brackets keeps its case */
    {"\\A", "a", false, true},
    {"[\\]]", "]", true, true},
    {"[abc", "b", true, true}, /* no bracket: it ends with the pattern */
    {"[abc", "d", false, false},
    {"[", "[", false, false},
    {"[^", "x", true, true},
    {"[]", "]", false, false},
    {"[a-]", "a", true, true}, /* a range up to ']', and no bracket then */
    {"[a-]", "^", true, true},
    {"[a-]x", "a", true, true},
    {"[-a]", "-", true, true},
};

START_TEST(table_row_matches_as_it_says)
{
    struct kr_str pattern = kr_cstr(rows[_i].pattern);
    struct kr_str text = kr_cstr(rows[_i].text);

    ck_assert_msg(glob_match(pattern, text) == rows[_i].matches, "%s %s",
                  pattern.data, text.data);
    ck_assert_msg(glob_match_nocase(pattern, text) == rows[_i].matches_nocase,
                  "%s %s, nocase", pattern.data, text.data);
}
END_TEST

START_TEST(random_patterns_agree_with_the_model)
{
    unsigned seed = (unsigned)time(NULL);
    size_t matches = 0;

    printf("glob: seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 300000; round++) {
        char pattern[12], text[8];
        size_t p = (size_t)rand() % sizeof(pattern);
        size_t t = 1 + (size_t)rand() % (sizeof(text) - 1);
        bool expected;

        for (size_t i = 0; i < p; i++)
            pattern[i] = "**??ab[]^-\\\xff"[rand() % 12];
        for (size_t i = 0; i < t; i++)
            text[i] = "aaabb]-^\\\xff*["[rand() % 12];
        expected = model_match(kr_str(pattern, p), kr_str(text, t));
        matches += expected;
        if (glob_match(kr_str(pattern, p), kr_str(text, t)) != expected)
            ck_abort_msg("%.*s  %.*s", (int)p, pattern, (int)t, text);
    }
    ck_assert_uint_gt(matches, 1000);
}
END_TEST

START_TEST(a_hostile_pattern_is_answered_at_once)
{
    static char pattern[20001], text[20001];
    clock_t begin = clock();

    /* Naive backtracking needs more steps than there is time. */
    for (size_t i = 0; i + 1 < 20000; i += 2)
        memcpy(pattern + i, "a*", 2);
    memset(text, 'a', 20000);
    pattern[20000] = 'b';
    ck_assert(!glob_match(kr_str(pattern, 20001), kr_str(text, 20000)));
    ck_assert(!glob_match_nocase(kr_str(pattern, 20001), kr_str(text, 20000)));
    ck_assert(clock() - begin < 2 * CLOCKS_PER_SEC);
}
END_TEST

Suite *glob_suite(void)
{
    Suite *suite = suite_create("text/glob");
    TCase *tcase = tcase_create("glob");

    tcase_add_loop_test(tcase, table_row_matches_as_it_says, 0,
                        (int)KR_COUNT(rows));
    tcase_add_test(tcase, random_patterns_agree_with_the_model);
    tcase_add_test(tcase, a_hostile_pattern_is_answered_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
