/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/dispatch/key_spec.h"
#include "tests/unit/suites.h"

static struct kr_str words[16];
static uint32_t word_count;

static void type_words(const char *line)
{
    word_count = 0;
    while (*line) {
        size_t n = strcspn(line, " ");

        words[word_count++] = kr_str(line, n);
        line += n;
        line += *line == ' ';
    }
}

struct example {
    struct kr_key_spec spec;
    const char *line;
    int32_t count; /* -1: the arguments make no sense */
    uint32_t first, last;
};

/* clang-format off */
static const struct example examples[] = {
    {KR_KEY(KR_KEY_RO, 1, 0, 1), "get k", 1, 1, 1},
    {KR_KEY(KR_KEY_RO, 1, -1, 1), "mget a b c", 3, 1, 3},
    {KR_KEY(KR_KEY_OW, 1, -1, 2), "mset a 1 b 2", 2, 1, 3},
    {KR_KEY(KR_KEY_RO, 1, 1, 1), "rename a b", 2, 1, 2},
    {KR_KEY(KR_KEY_RO, 1, 1, 1), "rename a", -1, 0, 0},
    {KR_KEY(KR_KEY_RO, 1, -2, 1), "blpop a b 0", 2, 1, 2},
    {{KR_KEY_RO, KR_BEGIN_INDEX, KR_FIND_KEYNUM, NULL, 2, 0, 1, 1, NULL},
     "eval script 2 a b c", 2, 3, 4},
    {{KR_KEY_RO, KR_BEGIN_INDEX, KR_FIND_KEYNUM, NULL, 2, 0, 1, 1, NULL},
     "eval script 3 a b", -1, 0, 0},
    {{KR_KEY_RO, KR_BEGIN_INDEX, KR_FIND_KEYNUM, NULL, 2, 0, 1, 1, NULL},
     "eval script -1 a b", -1, 0, 0},
    {{KR_KEY_RO, KR_BEGIN_INDEX, KR_FIND_KEYNUM, NULL, 2, 0, 1, 1, NULL},
     "eval script 0 a b", 0, 0, 0},
    {{KR_KEY_RO, KR_BEGIN_KEYWORD, KR_FIND_RANGE, "STREAMS", 1, -1, 1, 2, NULL},
     "xread count 2 streams a b 0 0", 2, 4, 5},
    {{KR_KEY_RO, KR_BEGIN_KEYWORD, KR_FIND_RANGE, "STORE", 2, 0, 1, 0, NULL},
     "sort list", 0, 0, 0},
    {{KR_KEY_RO, KR_BEGIN_KEYWORD, KR_FIND_RANGE, "KEYS", -2, -1, 1, 0, NULL},
     "migrate h p x 0 1 keys a b", 2, 7, 8},
    {{KR_KEY_OW, KR_BEGIN_KEYWORD, KR_FIND_RANGE, "STORE", 6, 0, 1, 0, NULL},
     "georadius k 1 1 1 m store d", 1, 7, 7},
    {{KR_KEY_OW, KR_BEGIN_KEYWORD, KR_FIND_RANGE, "STORE", 6, 0, 1, 0, NULL},
     "georadius k 1 1 1 m store", 0, 0, 0},
};
/* clang-format on */

START_TEST(keys_are_found_where_the_spec_says)
{
    const struct example *e = &examples[_i];
    struct kr_command row = {.name = "x",
                             .keys = {&e->spec, 1, sizeof(struct kr_key_spec)}};
    struct kr_key_ref refs[8] = {{0, 0}};
    int32_t count;

    type_words(e->line);
    count = key_spec_find(&row, word_count, words, refs, 8);
    ck_assert_int_eq(count, e->count);
    if (count > 0) {
        ck_assert_uint_eq(refs[0].index, e->first);
        ck_assert_uint_eq(refs[count - 1].index, e->last);
    }
}
END_TEST

/* What is looked up ahead is what the spec finds, or nothing. */
START_TEST(a_place_agrees_with_the_spec)
{
    const struct example *e = &examples[_i];
    struct kr_command row = {.name = "x",
                             .keys = {&e->spec, 1, sizeof(struct kr_key_spec)}};
    struct key_place place = key_spec_place(&row);
    uint32_t count;

    type_words(e->line);
    count = key_place_count(&place, word_count, words);
    if (e->spec.begin != KR_BEGIN_INDEX || e->count <= 0) {
        ck_assert_uint_eq(count, 0);
        return;
    }
    ck_assert_int_eq((int32_t)count, e->count);
    ck_assert_uint_eq(place.first, e->first);
    ck_assert_uint_eq(place.first + (count - 1) * place.step, e->last);
}
END_TEST

START_TEST(a_place_never_leads_behind_the_arguments)
{
    static const struct kr_key_spec spec = {
        KR_KEY_RO, KR_BEGIN_INDEX, KR_FIND_KEYNUM, NULL, 2, 3, 1, 1, NULL};
    struct kr_command row = {.name = "x",
                             .keys = {&spec, 1, sizeof(struct kr_key_spec)}};
    struct key_place place = key_spec_place(&row);

    type_words("odd a b k 1");
    ck_assert_uint_eq(key_place_count(&place, word_count, words), 0);
    type_words("odd a b k 1 1");
    ck_assert_uint_eq(key_place_count(&place, word_count, words), 1);
}
END_TEST

START_TEST(more_keys_than_room_are_counted_and_not_written)
{
    struct kr_key_spec spec = KR_KEY(KR_KEY_RO, 1, -1, 1);
    struct kr_command row = {.keys = {&spec, 1, sizeof(spec)}};
    struct kr_key_ref refs[2] = {{99, 0}, {99, 0}};

    type_words("del a b c d");
    ck_assert_int_eq(key_spec_find(&row, word_count, words, refs, 1), 4);
    ck_assert_uint_eq(refs[1].index, 99);
}
END_TEST

Suite *key_spec_suite(void)
{
    Suite *suite = suite_create("key_spec");
    TCase *tests = tcase_create("find");

    tcase_add_loop_test(tests, keys_are_found_where_the_spec_says, 0,
                        KR_COUNT(examples));
    tcase_add_loop_test(tests, a_place_agrees_with_the_spec, 0,
                        KR_COUNT(examples));
    tcase_add_test(tests, a_place_never_leads_behind_the_arguments);
    tcase_add_test(tests, more_keys_than_room_are_counted_and_not_written);
    suite_add_tcase(suite, tests);
    return suite;
}
