/* SPDX-License-Identifier: BSD-3-Clause */
/* check_zset_large - the large form against an array of scores by member.
 *
 * What its two structures do is their own tests' business; here it is that they
 * have the same items after every change, and that nothing is left behind. */
#include "modules/zset/large.h"

#include <math.h>

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define MEMBERS 1000

static uint64_t hash(struct kr_str key)
{
    uint64_t h = 0;

    for (size_t i = 0; i < key.size; i++)
        h = mix(h ^ (unsigned char)key.data[i]);
    return h;
}

static struct account account;
static const struct structure_host host = {account_alloc, account_free, hash,
                                           &account};

static struct large *large;
static double model[MEMBERS]; /* NaN: not there */
static uint64_t model_count;

static void setup(void)
{
    seed_set("zset_large");
    large = large_new(&host);
    model_count = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        model[i] = NAN;
}

static void teardown(void)
{
    large_free(large, &host);
    ck_assert_uint_eq(account.blocks, 0);
}

static struct kr_str name(size_t i, char room[16])
{
    return kr_str(room, (size_t)snprintf(room, 16, "m%zu", i));
}

static void must_be_equal(const struct large *l)
{
    const char *wrong = large_check(l, &host);

    if (wrong != NULL)
        ck_abort_msg("%s", wrong);
    must(large_count(l) == model_count);
    for (size_t i = 0; i < MEMBERS; i++) {
        char room[16];
        struct kr_str member = name(i, room);
        struct item *item = large_find(l, member, hash(member));

        must((item == NULL) == (isnan(model[i]) != 0));
        must(item == NULL || item_score(item) == model[i]);
    }
}

static void put(size_t i, double score)
{
    char room[16];
    struct kr_str member = name(i, room);
    struct item *item = large_find(large, member, hash(member));

    if (item != NULL) {
        large_move(large, &host, item, score);
    } else {
        if (chance(2))
            large_insert(large, &host, hash(member), member, score);
        else
            large_append(large, &host, hash(member), member, score);
        model_count++;
    }
    model[i] = score;
}

static void drop(size_t i)
{
    char room[16];

    must(large_remove(large, &host, name(i, room)) == !isnan(model[i]));
    model_count -= !isnan(model[i]);
    model[i] = NAN;
}

START_TEST(both_structures_have_the_same_items)
{
    for (int step = 0; step < 15000; step++) {
        size_t i = chance(MEMBERS);

        if (chance(3))
            put(i, (double)(int64_t)chance(100) / 4 - 10);
        else
            drop(i);
        if (step % 1000 == 0)
            must_be_equal(large);
    }
    must_be_equal(large);
}
END_TEST

/* Scores equal the members' numbers, so positions tell who goes. */
START_TEST(a_range_goes_from_both)
{
    for (size_t i = 0; i < MEMBERS; i++)
        put(i, (double)i);
    while (model_count > 0) {
        uint64_t position = chance(model_count);
        uint64_t count = chance(200) + 1, seen = 0;

        large_remove_range(large, &host, position, count);
        for (size_t i = 0; i < MEMBERS && seen < position + count; i++) {
            if (isnan(model[i]))
                continue;
            if (seen++ >= position) {
                model[i] = NAN;
                model_count--;
            }
        }
        must_be_equal(large);
    }
}
END_TEST

START_TEST(a_copy_is_another_one)
{
    struct large *copy;

    for (int step = 0; step < 5000; step++)
        put(chance(MEMBERS), (double)chance(1000));
    copy = large_copy(large, &host);
    must_be_equal(copy);
    large_free(large, &host);
    large = copy;
    must_be_equal(large);
}
END_TEST

START_TEST(a_copy_may_leave_a_range_out)
{
    for (size_t i = 0; i < MEMBERS; i++)
        put(i, (double)i);
    while (model_count > 1) {
        uint64_t position = chance(model_count);
        uint64_t count = chance(model_count - position + 1), seen = 0;
        struct large *copy = large_copy_without(large, &host, position, count);

        for (size_t i = 0; i < MEMBERS; i++) {
            if (isnan(model[i]))
                continue;
            if (seen >= position && seen < position + count) {
                model[i] = NAN;
                model_count--;
            }
            seen++;
        }
        must_be_equal(copy);
        large_free(large, &host);
        large = copy;
    }
}
END_TEST

/* Another address for two of three. */
static void *elsewhere(void *ctx, void *item)
{
    struct item *moved;

    (void)ctx;
    if (chance(3) == 0)
        return NULL;
    moved = item_new(&host, item_key(item), sizeof(double));
    item_set_score(moved, item_score(item));
    structure_free(&host, item);
    return moved;
}

START_TEST(items_move_in_both)
{
    for (int step = 0; step < 3000; step++)
        put(chance(MEMBERS), (double)chance(100));
    for (int step = 0; step < 30; step++) {
        large_relocate(large, &host, chance(MEMBERS), chance(MEMBERS),
                       elsewhere, NULL);
        must_be_equal(large);
    }
}
END_TEST

START_TEST(what_is_gathered_is_settled)
{
    for (int step = 0; step < 10000; step++) {
        char room[16];
        size_t i = chance(MEMBERS);
        double score = (double)chance(50);
        struct item *item;
        struct kr_str member = name(i, room);
        bool made = large_gather(large, &host, hash(member), member, &item);

        must(made == (isnan(model[i]) != 0));
        model_count += made;
        model[i] = made ? score : model[i] + score;
        item_set_score(item, model[i]);
    }
    large_settle(large, &host);
    must_be_equal(large);
}
END_TEST

Suite *zset_large_suite(void)
{
    Suite *suite = suite_create("zset_large");
    TCase *tcase = tcase_create("zset_large");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, both_structures_have_the_same_items);
    tcase_add_test(tcase, a_range_goes_from_both);
    tcase_add_test(tcase, a_copy_is_another_one);
    tcase_add_test(tcase, a_copy_may_leave_a_range_out);
    tcase_add_test(tcase, items_move_in_both);
    tcase_add_test(tcase, what_is_gathered_is_settled);
    suite_add_tcase(suite, tcase);
    return suite;
}
