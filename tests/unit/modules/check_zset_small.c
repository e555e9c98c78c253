/* SPDX-License-Identifier: BSD-3-Clause */
/* check_zset_small - the small form of a sorted set against a sorted array. */
#include "modules/zset/small.h"

#include <math.h>

#include "core/text/text_interface.h"
#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define MODEL_MAX 100
#define ROOM      (64 * 1024) /* bytes, more than the model can need */

const struct kr_text *kr_text = &text_interface;

static unsigned char small[ROOM];

static struct model {
    char member[24];
    size_t size;
    double score;
} model[MODEL_MAX + 1];
static size_t model_count;

static void setup(void)
{
    seed_set("zset_small");
    listpack_init(small);
    model_count = 0;
}

/* --- The model ----------------------------------------------------------- */

static struct kr_str model_member(size_t i)
{
    return kr_str(model[i].member, model[i].size);
}

static bool model_before(size_t i, struct kr_str member, double score)
{
    struct kr_str there = model_member(i);
    size_t n = there.size < member.size ? there.size : member.size;
    int order = n > 0 ? memcmp(there.data, member.data, n) : 0;

    if (model[i].score != score)
        return model[i].score < score;
    return order != 0 ? order < 0 : there.size < member.size;
}

/* Where a pair is, or would be. */
static size_t model_seat(struct kr_str member, double score)
{
    size_t i = 0;

    while (i < model_count && model_before(i, member, score))
        i++;
    return i;
}

static size_t model_find(struct kr_str member)
{
    size_t i = 0;

    while (i < model_count && !kr_str_equal(model_member(i), member))
        i++;
    return i;
}

static void model_erase(size_t i)
{
    memmove(&model[i], &model[i + 1], (model_count - i - 1) * sizeof(*model));
    model_count--;
}

static void model_insert(struct kr_str member, double score)
{
    size_t i = model_seat(member, score);

    memmove(&model[i + 1], &model[i], (model_count - i) * sizeof(*model));
    memcpy(model[i].member, member.data, member.size);
    model[i].size = member.size;
    model[i].score = score;
    model_count++;
}

/* --- By chance ----------------------------------------------------------- */

/* Words, numbers, and what looks like one. */
static struct kr_str member_by_chance(char room[24])
{
    static const char *const odd[] = {"", "-0", "007", "+1", "1.5", "-1", "a"};
    int n;

    switch (chance(4)) {
    case 0:
        n = snprintf(room, 24, "%s", odd[chance(KR_COUNT(odd))]);
        break;
    case 1:
        n = snprintf(room, 24, "%lld", (long long)chance(400) - 200);
        break;
    default:
        n = snprintf(room, 24, "m%llu", (unsigned long long)chance(200));
    }
    return kr_str(room, (size_t)n);
}

static double score_by_chance(void)
{
    static const double hard[] = {
        -INFINITY, INFINITY, 1e300, 5e-324, 4611686018427387904.0,
        1e19,      0.1,      -1e-7};

    switch (chance(4)) {
    case 0:
        return hard[chance(KR_COUNT(hard))];
    case 1:
        return (double)chance(1000) / 7;
    default:
        return (double)(int64_t)chance(20) - 10;
    }
}

/* --- Both the same? ------------------------------------------------------ */

static void must_be_equal(void)
{
    size_t at = listpack_first(small), i = 0;

    must(small_count(small) == model_count);
    for (; at != 0; i++) {
        char text[LISTPACK_TEXT];

        must(i < model_count);
        must(kr_str_equal(listpack_bytes(small, at, text), model_member(i)));
        must(small_score(small, at) == model[i].score);
        must(small_position(small, at) == i);
        at = listpack_next(small, listpack_next(small, at));
    }
    must(i == model_count);
    must(listpack_check(kr_str((const char *)small, listpack_size(small))) ==
         LISTPACK_SOUND);
    must(model_count == 0 || small_check(small) == NULL);
}

static void put(struct kr_str member, double score)
{
    size_t place = small_find(small, member);
    size_t there = model_find(member);
    struct small_pair pair;

    must((place != 0) == (there < model_count));
    if (place != 0) {
        must(small_score(small, place) == model[there].score);
        (void)listpack_delete(small, place, 2);
        model_erase(there);
    }
    small_pair(&pair, member, score);
    must(small_pair_size(&pair) == listpack_elements_size(pair.part, 2));
    listpack_insert(small, small_seat(small, member, score), pair.part, 2);
    model_insert(member, score);
}

START_TEST(it_is_a_sorted_array)
{
    for (int step = 0; step < 20000; step++) {
        char room[24];
        struct kr_str member = member_by_chance(room);

        if (model_count == MODEL_MAX || (model_count > 0 && chance(3) == 0)) {
            size_t i = chance(model_count);
            size_t place = small_find(small, model_member(i));

            must(place != 0);
            (void)listpack_delete(small, place, 2);
            model_erase(i);
        } else {
            put(member, score_by_chance());
        }
        if (step % 16 == 0)
            must_be_equal();
    }
}
END_TEST

START_TEST(scores_are_sought_below_and_up_to)
{
    for (int step = 0; step < 2000; step++) {
        char room[24];
        double score = score_by_chance();
        size_t below = 0, up_to = 0;

        if (model_count < MODEL_MAX)
            put(member_by_chance(room), score_by_chance());
        for (size_t i = 0; i < model_count; i++) {
            below += model[i].score < score;
            up_to += model[i].score <= score;
        }
        must(small_seek_score(small, score, false) == below);
        must(small_seek_score(small, score, true) == up_to);
    }
}
END_TEST

START_TEST(members_are_sought_where_scores_are_equal)
{
    for (int step = 0; step < 2000; step++) {
        char room[24];
        struct kr_str member = member_by_chance(room);
        size_t below = 0, same = 0;

        if (model_count < MODEL_MAX)
            put(member_by_chance(room), 0);
        member = member_by_chance(room);
        for (size_t i = 0; i < model_count; i++) {
            below += model_before(i, member, 0);
            same += kr_str_equal(model_member(i), member);
        }
        must(small_seek_member(small, member, false) == below);
        must(small_seek_member(small, member, true) == below + same);
    }
}
END_TEST

/* --- Scores as they stand ------------------------------------------------ */

static const struct {
    double score;
    const char *text; /* NULL: a number */
} scores[] = {
    {0, NULL},
    {-0.0, NULL}, /* the sign is lost, as in Redis */
    {-17, NULL},
    {4611686018427387904.0, NULL},
    {-4611686018427387904.0, NULL},
    {4611686018427388928.0, "4.6116860184273889e+18"},
    {0.1, "0.10000000000000001"},
    {1e300, "1.0000000000000001e+300"},
    {INFINITY, "inf"},
    {-INFINITY, "-inf"},
};

START_TEST(a_score_is_a_number_if_it_is_whole)
{
    struct small_pair pair;
    struct listpack_item item;
    size_t at;

    small_pair(&pair, kr_str("m", 1), scores[_i].score);
    listpack_append(small, pair.part, 2);
    at = listpack_last(small);
    listpack_get(small, at, &item);
    ck_assert(item.is_number == (scores[_i].text == NULL));
    if (scores[_i].text != NULL)
        ck_assert(kr_str_equal(item.bytes, kr_cstr(scores[_i].text)));
    ck_assert(small_score_of(&item) == scores[_i].score);
}
END_TEST

/* --- From outside -------------------------------------------------------- */

static void append(const char *text)
{
    struct listpack_element element = listpack_element(kr_cstr(text));

    listpack_append(small, &element, 1);
}

static const struct {
    const char *entries[6]; /* NULL at the end */
    bool sound;
} foreign[] = {
    {{"a", "1", "b", "2"}, true},
    {{"a", "1", "b", "1"}, true},
    {{"b", "1.5", "a", "inf"}, true},
    {{"a", "1", "b", "2", "a", NULL}, false}, /* half a pair */
    {{"a", "2", "b", "1"}, false},            /* out of order */
    {{"b", "1", "a", "1"}, false},            /* the same, by bytes */
    {{"a", "1", "a", "1"}, false},            /* twice */
    {{"a", "1", "b", "2", "a", "3"}, false},  /* twice, not together */
    {{"a", "nan"}, false},
    {{"a", "abc"}, false},
    {{"a", ""}, false},
    {{NULL}, false},
};

START_TEST(foreign_bytes_are_looked_at)
{
    for (size_t i = 0; i < 6 && foreign[_i].entries[i] != NULL; i++)
        append(foreign[_i].entries[i]);
    ck_assert((small_check(small) == NULL) == foreign[_i].sound);
}
END_TEST

Suite *zset_small_suite(void)
{
    Suite *suite = suite_create("zset_small");
    TCase *tcase = tcase_create("zset_small");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, it_is_a_sorted_array);
    tcase_add_test(tcase, scores_are_sought_below_and_up_to);
    tcase_add_test(tcase, members_are_sought_where_scores_are_equal);
    tcase_add_loop_test(tcase, a_score_is_a_number_if_it_is_whole, 0,
                        (int)KR_COUNT(scores));
    tcase_add_loop_test(tcase, foreign_bytes_are_looked_at, 0,
                        (int)KR_COUNT(foreign));
    suite_add_tcase(suite, tcase);
    return suite;
}
