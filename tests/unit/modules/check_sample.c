/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/structure/sample: picks are distinct, in range, and fair. */
#include "modules/structure/sample.h"

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define ROUNDS 20000

static struct account account;

static uint64_t hash_of(struct kr_str key)
{
    uint32_t i;

    memcpy(&i, key.data, sizeof(i));
    return mix(i);
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

/* --- By number ----------------------------------------------------------- */

static const struct {
    uint32_t n, count;
} sizes[] = {{1, 0},  {1, 1},     {2, 1},      {10, 3},      {10, 10},
             {64, 1}, {1000, 20}, {1000, 999}, {100000, 50}, {4000000, 1000}};

START_TEST(numbers_ascend_strictly_below_n)
{
    uint32_t n = sizes[_i].n, count = sizes[_i].count;
    uint32_t *numbers = calloc(count + 1, sizeof(*numbers));

    for (int round = 0; round < 20; round++) {
        numbers[count] = 77;
        sample_numbers(n, count, &seed, numbers);
        must(numbers[count] == 77);
        for (uint32_t i = 0; i < count; i++)
            must(numbers[i] < n && (i == 0 || numbers[i - 1] < numbers[i]));
    }
    free(numbers);
}
END_TEST

/* Three of twelve, or of a hundred: each number comes as often as the others,
 * within six standard deviations. */
START_TEST(every_number_has_the_same_chance)
{
    uint32_t n = _i ? 100 : 12, numbers[3], seen[100] = {0};
    double expected = 3.0 * ROUNDS / n;

    for (int round = 0; round < ROUNDS; round++) {
        sample_numbers(n, 3, &seed, numbers);
        for (int i = 0; i < 3; i++)
            seen[numbers[i]]++;
    }
    for (uint32_t i = 0; i < n; i++)
        must((seen[i] - expected) * (seen[i] - expected) < 36 * expected);
}
END_TEST

/* --- By item ------------------------------------------------------------- */

static bool drop(struct item *item, void *ctx)
{
    (void)ctx;
    structure_free(&host, item);
    return true;
}

static void fill(struct htable *t, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct kr_str key = kr_str((const char *)&i, sizeof(i));

        htable_insert(t, &host, hash_of(key), item_new(&host, key, 0));
    }
}

static uint32_t number_of(const struct item *item)
{
    uint32_t i;

    memcpy(&i, item_key(item).data, sizeof(i));
    return i;
}

START_TEST(items_are_distinct)
{
    static const size_t counts[] = {0, 1, 10, 300, 334, 999, 1000};
    struct htable t = {0};
    struct item *items[1000];
    bool seen[1000] = {false};

    fill(&t, 1000);
    sample_items(&t, &host, counts[_i], &seed, items);
    for (size_t i = 0; i < counts[_i]; i++) {
        must(!seen[number_of(items[i])]);
        seen[number_of(items[i])] = true;
    }
    while (!htable_clear_step(&t, &host, 1000, drop, NULL))
        ;
    must(account.blocks == 0);
}
END_TEST

/* Two of thirty by drawing, twenty of thirty by walking. */
START_TEST(every_item_has_the_same_chance)
{
    size_t count = _i ? 20 : 2;
    struct htable t = {0};
    struct item *items[20];
    uint32_t seen[30] = {0};
    double expected = (double)count * ROUNDS / 30;

    fill(&t, 30);
    for (int round = 0; round < ROUNDS; round++) {
        sample_items(&t, &host, count, &seed, items);
        for (size_t i = 0; i < count; i++)
            seen[number_of(items[i])]++;
    }
    for (uint32_t i = 0; i < 30; i++)
        must((seen[i] - expected) * (seen[i] - expected) < 36 * expected);
    while (!htable_clear_step(&t, &host, 1000, drop, NULL))
        ;
}
END_TEST

Suite *sample_suite(void)
{
    Suite *s = suite_create("sample");
    TCase *tc = tcase_create("sample");

    seed_set("sample");
    tcase_add_loop_test(tc, numbers_ascend_strictly_below_n, 0,
                        (int)KR_COUNT(sizes));
    tcase_add_loop_test(tc, every_number_has_the_same_chance, 0, 2);
    tcase_add_loop_test(tc, items_are_distinct, 0, 7);
    tcase_add_loop_test(tc, every_item_has_the_same_chance, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
