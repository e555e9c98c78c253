/* SPDX-License-Identifier: BSD-3-Clause */
/* check_lazy - what is freed at once, what later, what elsewhere. */
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static void put_many(int count, size_t effort)
{
    char key[16];

    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put_crate(db0(), key, (uint64_t)i, effort);
        if (i % 3 == 0)
            expire_at(db0(), key, clock_turn_ms + 1000 + i);
    }
}

static void erase_lazily(const char *key)
{
    struct kr_cell cell;

    ck_assert(KS->find(db0(), kr_cstr(key), KR_FIND_WRITE, &cell));
    KS->erase(&cell, true);
}

/* 64 allocations are done at once, 65 elsewhere. */
START_TEST(only_large_values_are_freed_elsewhere)
{
    put_crate(db0(), "small", 1, 64);
    put_crate(db0(), "large", 1, 65);
    erase_lazily("small");
    ck_assert_uint_eq(keyspace_stats.lazy_pending, 0);
    ck_assert_int_eq(crates_alive(), 1);
    erase_lazily("large");
    fixture_settle();
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_freed_elsewhere(), 1);
    ck_assert_uint_eq(keyspace_stats.lazy_freed, 1);
}
END_TEST

START_TEST(an_erasure_that_is_not_lazy_frees_here)
{
    put_crate(db0(), "a", 1, 1000);
    erase_key(db0(), "a");
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_freed_elsewhere(), 0);
}
END_TEST

START_TEST(a_flood_of_large_values_is_freed_elsewhere)
{
    char key[16];

    put_many(2000, 1000);
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        erase_lazily(key);
    }
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_uint_eq(type_interface.values(crate_slot), 0);
    fixture_settle();
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_freed_elsewhere(), 2000);
    ck_assert_uint_eq(keyspace_stats.lazy_freed, 2000);
}
END_TEST

START_TEST(a_database_is_flushed_elsewhere)
{
    put_many(5000, 1);
    ck_assert_uint_eq(KS->flush(db0(), true), 5000);
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_uint_eq(KS->count_expiring(db0()), 0);
    put_flat(db0(), "1", "new");
    fixture_settle();
    ck_assert_int_eq(crates_freed_elsewhere(), 5000);
    ck_assert(is_flat(db0(), "1", "new"));
}
END_TEST

START_TEST(or_here_in_steps)
{
    put_many(5000, 1);
    ck_assert_uint_eq(KS->flush(db0(), false), 5000);
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_int_eq(crates_alive(), 5000);
    ck_assert_uint_eq(keyspace_stats.lazy_pending, 5000);
    keyspace_step(0);
    ck_assert_int_lt(crates_alive(), 5000);
    ck_assert_int_gt(crates_alive(), 4000);
    for (int i = 0; i < 1000 && keyspace_stats.lazy_pending != 0; i++)
        keyspace_step(0);
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_freed_elsewhere(), 0);
}
END_TEST

START_TEST(a_small_database_is_freed_at_once)
{
    put_many(1000, 1);
    KS->flush(db0(), false);
    ck_assert_int_eq(crates_alive(), 0);
}
END_TEST

START_TEST(several_flushes_wait_in_line)
{
    for (int round = 0; round < 3; round++) {
        put_many(2000, 1);
        KS->flush(NULL, false);
    }
    ck_assert_int_eq(crates_alive(), 6000);
    fixture_settle();
    ck_assert_int_eq(crates_alive(), 0);
}
END_TEST

START_TEST(the_end_waits_for_what_is_in_line)
{
    put_many(3000, 1);
    KS->flush(NULL, false);
    keyspace_fini();
    ck_assert_int_eq(crates_alive(), 0);
    keyspace_init();
}
END_TEST

Suite *lazy_suite(void)
{
    Suite *suite = suite_create("keyspace lazy");
    TCase *tcase = fixture_case(suite, "lazy");

    tcase_add_test(tcase, only_large_values_are_freed_elsewhere);
    tcase_add_test(tcase, an_erasure_that_is_not_lazy_frees_here);
    tcase_add_test(tcase, a_flood_of_large_values_is_freed_elsewhere);
    tcase_add_test(tcase, a_database_is_flushed_elsewhere);
    tcase_add_test(tcase, or_here_in_steps);
    tcase_add_test(tcase, a_small_database_is_freed_at_once);
    tcase_add_test(tcase, several_flushes_wait_in_line);
    tcase_add_test(tcase, the_end_waits_for_what_is_in_line);
    return suite;
}
