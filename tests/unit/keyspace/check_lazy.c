/* SPDX-License-Identifier: BSD-3-Clause */
/* check_lazy - what is freed at once, what later, what elsewhere. */
#include "tests/unit/keyspace/fixture.h"

#include "core/keyspace/evict.h"
#include "core/loop/jobs.h"
#include "core/loop/loop.h"
#include "core/memory/memory.h"
#include "tests/unit/suites.h"

#define HEAVY 513 /* allocations; one less is freed at once by most */

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
    put_crate(db0(), "a", 1, HEAVY - 1);
    erase_key(db0(), "a");
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_int_eq(crates_freed_elsewhere(), 0);
}
END_TEST

/* --- Whoever removes a heavy value --------------------------------------- */

static void by_erasure(void)
{
    erase_key(db0(), "a");
}

static void by_replacement(void)
{
    put_flat(db0(), "a", "b");
}

static void by_one_of_its_kind(void)
{
    put_crate(db0(), "a", 2, 1);
    erase_key(db0(), "a");
}

static void by_adoption(void)
{
    struct kr_value value = {.size = sizeof(value), .bytes = KR_STR("b")};
    struct kr_cell cell;

    KS->adopt(db0(), KR_STR("a"), flat_slot, 0, &value, &cell);
}

static void by_being_found_expired(void)
{
    expire_at(db0(), "a", clock_turn_ms - 1);
    ck_assert(!has(db0(), "a"));
}

static void by_expiry(void)
{
    expire_at(db0(), "a", clock_turn_ms - 1);
    keyspace_expire(clock_turn_ms, 1000);
}

static void by_eviction(void)
{
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_settings.maxmemory = (int64_t)memory_used() - 1;
    keyspace_make_room();
}

static void by_a_flush(void)
{
    KS->flush(db0(), false);
}

static const struct {
    void (*remove)(void);
    int leaves; /* keys */
} removals[] = {
    {by_erasure, 0},
    {by_replacement, 1},
    {by_one_of_its_kind, 0},
    {by_adoption, 1},
    {by_being_found_expired, 0},
    {by_expiry, 0},
    {by_eviction, 0},
    {by_a_flush, 0},
};

/* INFO counts as Redis does: what was asked to be lazy. */
START_TEST(a_heavy_value_is_freed_elsewhere_and_not_counted)
{
    put_crate(db0(), "a", 1, HEAVY);
    removals[_i].remove();
    ck_assert_int_eq((int)KS->count(db0()), removals[_i].leaves);
    ck_assert_uint_eq(keyspace_stats.lazy_pending, 0);
    fixture_settle();
    ck_assert_int_eq(crates_freed_elsewhere(), 1);
    ck_assert_uint_eq(keyspace_stats.lazy_freed, 0);
}
END_TEST

START_TEST(a_flush_in_steps_leaves_heavy_values_to_others)
{
    put_many(2000, 1);
    put_crate(db0(), "heavy", 1, HEAVY);
    KS->flush(db0(), false);
    fixture_settle();
    ck_assert_int_eq(crates_freed_elsewhere(), 1);
}
END_TEST

/* A crate says that it has 1000 bytes; the list of those on their way has 8 KiB.
 * Were they not taken for gone, all would have to go. */
START_TEST(eviction_takes_what_is_on_its_way_for_gone)
{
    put_many(100, HEAVY);
    keyspace_settings.policy = POLICY_ALLKEYS_RANDOM;
    keyspace_settings.tenacity = 100;
    keyspace_settings.maxmemory = (int64_t)memory_used() - 20000;
    ck_assert_int_eq(keyspace_make_room(), ROOM_OK);
    ck_assert_uint_gt(KS->count(db0()), 50);
    ck_assert_uint_le(KS->count(db0()), 80);
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
    ck_assert_uint_eq(keyspace_stats.lazy_pending, 0); /* not so in Redis */
    keyspace_step(0);
    ck_assert_int_lt(crates_alive(), 5000);
    ck_assert_int_gt(crates_alive(), 4000);
    for (int i = 0; i < 1000 && lazy_is_busy(); i++)
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

/* Was: the second one was given to a thread that began when the first had ended,
 * and that nobody waited for. */
START_TEST(what_gathers_while_threads_end_is_freed_here)
{
    put_crate(db0(), "a", 1, HEAVY);
    put_crate(db0(), "b", 1, HEAVY);
    erase_lazily("a");
    erase_lazily("b");
    keyspace_keep_home();
    jobs_fini();
    loop_poll();
    ck_assert_uint_eq(jobs_pending(), 0);
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
    tcase_add_test(tcase, what_gathers_while_threads_end_is_freed_here);
    tcase_add_test(tcase, an_erasure_that_is_not_lazy_frees_here);
    tcase_add_loop_test(tcase, a_heavy_value_is_freed_elsewhere_and_not_counted,
                        0, (int)KR_COUNT(removals));
    tcase_add_test(tcase, a_flush_in_steps_leaves_heavy_values_to_others);
    tcase_add_test(tcase, eviction_takes_what_is_on_its_way_for_gone);
    tcase_add_test(tcase, a_flood_of_large_values_is_freed_elsewhere);
    tcase_add_test(tcase, a_database_is_flushed_elsewhere);
    tcase_add_test(tcase, or_here_in_steps);
    tcase_add_test(tcase, a_small_database_is_freed_at_once);
    tcase_add_test(tcase, several_flushes_wait_in_line);
    tcase_add_test(tcase, the_end_waits_for_what_is_in_line);
    return suite;
}
