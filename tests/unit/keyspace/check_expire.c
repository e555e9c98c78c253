/* SPDX-License-Identifier: BSD-3-Clause */
/* check_expire - keys go when their time comes, and not before. */
#include "tests/unit/keyspace/fixture.h"

#include "core/memory/memory.h"

#include "tests/unit/suites.h"

static void pass(int64_t ms)
{
    clock_turn_ms += ms;
    while (keyspace_expire(clock_turn_ms, 1000000) == 0)
        ;
}

START_TEST(a_key_goes_by_itself)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 1000);
    pass(999);
    ck_assert_uint_eq(KS->count(db0()), 1);
    pass(20);
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_uint_eq(KS->count_expiring(db0()), 0);
    ck_assert_uint_eq(keyspace_stats.expired, 1);
}
END_TEST

START_TEST(the_answer_is_when_there_is_more)
{
    int64_t next;

    ck_assert_int_eq(keyspace_expire(clock_turn_ms, 1000), -1);
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 300);
    next = keyspace_expire(clock_turn_ms, 1000);
    ck_assert_int_gt(next, 0);
    ck_assert_int_le(next, 317);
}
END_TEST

START_TEST(more_time_and_no_expiry_are_respected)
{
    put_flat(db0(), "a", "1");
    put_flat(db0(), "b", "1");
    expire_at(db0(), "a", clock_turn_ms + 100);
    expire_at(db0(), "b", clock_turn_ms + 100);
    expire_at(db0(), "a", clock_turn_ms + 5000);
    expire_at(db0(), "b", KR_NO_EXPIRY);
    ck_assert_uint_eq(KS->count_expiring(db0()), 1);
    pass(4000);
    ck_assert_uint_eq(KS->count(db0()), 2);
    pass(2000);
    ck_assert(!has(db0(), "a"));
    ck_assert(has(db0(), "b"));
}
END_TEST

START_TEST(less_time_is_respected)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 86400000);
    expire_at(db0(), "a", clock_turn_ms + 100);
    pass(200);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(a_far_expiry_is_kept_and_may_come_near)
{
    int64_t far = INT64_C(1) << 50;
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 100);
    expire_at(db0(), "a", far);
    pass(1000);
    ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_READ, &cell));
    ck_assert_int_eq(KS->expiry(&cell), far);
    expire_at(db0(), "a", clock_turn_ms + 100);
    pass(200);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(a_time_before_1970_is_over)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", -5);
    pass(20);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(a_key_made_anew_is_not_taken_for_the_old_one)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 100);
    erase_key(db0(), "a");
    put_flat(db0(), "a", "2");
    pass(1000);
    ck_assert(is_flat(db0(), "a", "2"));
    expire_at(db0(), "a", clock_turn_ms + 100);
    put_flat(db0(), "a", "3");
    pass(1000);
    ck_assert(is_flat(db0(), "a", "3"));
}
END_TEST

START_TEST(a_clock_set_back_expires_nothing_early)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 10000);
    pass(5000);
    pass(-3000000);
    pass(6000);
    ck_assert(has(db0(), "a"));
    pass(3000000);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(flushed_and_swapped_keys_expire_where_they_are)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 100);
    put_flat(KS->db(1), "b", "1");
    expire_at(KS->db(1), "b", clock_turn_ms + 100);
    KS->flush(KS->db(1), false);
    KS->swap(db0(), KS->db(1));
    put_flat(db0(), "b", "2");
    pass(1000);
    ck_assert_uint_eq(KS->count(KS->db(1)), 0);
    ck_assert(is_flat(db0(), "b", "2"));
}
END_TEST

START_TEST(a_budget_is_kept)
{
    char key[16];
    int calls = 0;

    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put_flat(db0(), key, "v");
        expire_at(db0(), key, clock_turn_ms + 100);
    }
    clock_turn_ms += 1000;
    ck_assert_int_eq(keyspace_expire(clock_turn_ms, 0), 0);
    ck_assert_uint_eq(keyspace_stats.expired_time_cap, 1);
    ck_assert_uint_gt(KS->count(db0()), 19000);
    while (keyspace_expire(clock_turn_ms, 100) == 0)
        calls++;
    ck_assert_int_gt(calls, 1);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(stale_items_do_not_pile_up)
{
    put_flat(db0(), "a", "1");
    for (int i = 0; i < 100000; i++) {
        clock_turn_ms += 20; /* another tick, another stamp */
        put_flat(db0(), "a", "1");
        expire_at(db0(), "a", clock_turn_ms + 86400000);
    }
    ck_assert_uint_lt(wheel_pending(&db0()->wheel), 2000);
    for (int i = 0; i < 100; i++)
        keyspace_step(100);
    pass(90000000);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

static void flush_it(void *ctx, const void *payload)
{
    (void)ctx;
    (void)payload;
    KS->flush(NULL, false);
}

START_TEST(who_is_told_may_flush_the_database)
{
    char key[16];

    event_listen(EVENT_KEY_EXPIRED, flush_it, NULL);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof(key), "%d", i);
        put_crate(db0(), key, 1, 1);
        expire_at(db0(), key, clock_turn_ms + 100);
    }
    pass(1000);
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert_int_eq(crates_alive(), 0);
}
END_TEST

START_TEST(it_can_be_switched_off)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 10);
    keyspace_settings.active_expire = false;
    pass(1000);
    ck_assert_uint_eq(KS->count(db0()), 1);
    keyspace_settings.active_expire = true;
    pass(0);
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

Suite *expire_suite(void)
{
    Suite *suite = suite_create("keyspace expire");
    TCase *tcase = fixture_case(suite, "expire");

    tcase_add_test(tcase, a_key_goes_by_itself);
    tcase_add_test(tcase, the_answer_is_when_there_is_more);
    tcase_add_test(tcase, more_time_and_no_expiry_are_respected);
    tcase_add_test(tcase, less_time_is_respected);
    tcase_add_test(tcase, a_far_expiry_is_kept_and_may_come_near);
    tcase_add_test(tcase, a_time_before_1970_is_over);
    tcase_add_test(tcase, a_key_made_anew_is_not_taken_for_the_old_one);
    tcase_add_test(tcase, a_clock_set_back_expires_nothing_early);
    tcase_add_test(tcase, flushed_and_swapped_keys_expire_where_they_are);
    tcase_add_test(tcase, a_budget_is_kept);
    tcase_add_test(tcase, stale_items_do_not_pile_up);
    tcase_add_test(tcase, who_is_told_may_flush_the_database);
    tcase_add_test(tcase, it_can_be_switched_off);
    return suite;
}
