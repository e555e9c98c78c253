/* SPDX-License-Identifier: BSD-3-Clause */
/* check_ranking - against insertion one by one, and what the orders promise.
 *
 * KEYRACK_TEST_SEED in the environment repeats a run. */

#include "modules/keys/ranking.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/suites.h"

enum { ITEMS_MAX = 300 };

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static const struct kr_str words[] = {
    {"", 0},  {"a", 1},    {"a\0b", 3}, {"a\0c", 3}, {"ab", 2},
    {"b", 1}, {"\xff", 1}, {"10", 2},   {"9", 1},    {"B", 1},
};

/* --- The model: what each order says of two items ------------------------ */

static int sign_of(double a, double b)
{
    return (a > b) - (a < b);
}

static int bytes_of(struct kr_str a, struct kr_str b)
{
    int way = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return way != 0 ? way : sign_of((double)a.size, (double)b.size);
}

static int texts_of(const struct ranking *order, struct kr_str a,
                    struct kr_str b)
{
    return order->as_bytes ? bytes_of(a, b) : strcmp(a.data, b.data);
}

static int way_of(const struct ranking *order, const struct ranking_item *a,
                  const struct ranking_item *b)
{
    int way;

    if (!order->by_text) {
        way = sign_of(a->score, b->score);
        way = way != 0 ? way : bytes_of(a->element, b->element);
    } else if (!order->by_weight) {
        way = texts_of(order, a->element, b->element);
    } else if (a->weight.data == NULL || b->weight.data == NULL) {
        way = (a->weight.data != NULL) - (b->weight.data != NULL);
    } else {
        way = texts_of(order, a->weight, b->weight);
    }
    return order->descending ? -way : way;
}

static void model_sort(const struct ranking *order, struct ranking_item *items,
                       size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && way_of(order, &items[j - 1], &items[j]) > 0;
             j--) {
            struct ranking_item swap = items[j];

            items[j] = items[j - 1];
            items[j - 1] = swap;
        }
    }
}

/* --- Tests --------------------------------------------------------------- */

/* The copies of a word are at different addresses, so that the place of each
 * can be told where words are equal. */
static char copies[ITEMS_MAX][8];

static struct ranking_item item_random(const struct ranking *order, size_t i)
{
    struct kr_str word = words[chance(KR_COUNT(words))];
    struct ranking_item item;

    memset(copies[i], 0, sizeof(copies[i]));
    memcpy(copies[i], word.data, word.size);
    item.element = kr_str(copies[i], word.size);
    if (!order->by_text)
        item.score = (double)chance(5) - 2;
    else if (chance(4) == 0)
        item.weight = kr_str(NULL, 0);
    else
        item.weight = words[chance(KR_COUNT(words))];
    return item;
}

/* Every order that there is: four bits. */
START_TEST(any_items_come_in_order_and_equal_ones_keep_their_places)
{
    static struct ranking_item items[ITEMS_MAX], model[ITEMS_MAX],
        room[ITEMS_MAX];
    struct ranking order = {
        .by_text = _i & 1,
        .by_weight = _i & 2,
        .descending = _i & 4,
        .as_bytes = _i & 8,
    };
    const char *given = getenv("KEYRACK_TEST_SEED");

    seed = given != NULL ? strtoull(given, NULL, 10)
                         : (uint64_t)time(NULL) * 16 + (uint64_t)_i + 1;
    printf("ranking: seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 200; round++) {
        size_t count = chance(round % 2 ? 20 : ITEMS_MAX);

        for (size_t i = 0; i < count; i++)
            model[i] = items[i] = item_random(&order, i);
        ranking_sort(&order, items, room, count);
        model_sort(&order, model, count);
        for (size_t i = 0; i < count; i++) {
            if (items[i].element.data != model[i].element.data)
                ck_abort_msg("item %zu of %zu is another", i, count);
        }
    }
}
END_TEST

START_TEST(infinities_are_numbers_and_ties_go_by_bytes)
{
    struct ranking order = {.by_text = false};
    struct ranking_item room[4], items[4] = {
                                     {KR_STR("d"), {.score = __builtin_inf()}},
                                     {KR_STR("c"), {.score = 0}},
                                     {KR_STR("b"), {.score = -0.0}},
                                     {KR_STR("a"), {.score = -__builtin_inf()}},
                                 };

    ranking_sort(&order, items, room, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(items[i].element.data[0], "abcd"[i]);
}
END_TEST

Suite *ranking_suite(void)
{
    Suite *suite = suite_create("ranking");
    TCase *tcase = tcase_create("ranking");

    tcase_add_loop_test(
        tcase, any_items_come_in_order_and_equal_ones_keep_their_places, 0, 16);
    tcase_add_test(tcase, infinities_are_numbers_and_ties_go_by_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}
