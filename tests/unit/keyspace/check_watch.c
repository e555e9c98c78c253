/* SPDX-License-Identifier: BSD-3-Clause */
/* check_watch - what counts as a change of a watched key. */
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static kr_watch *watch;

static void begin(const char *key)
{
    watch = KS->watch(db0(), kr_cstr(key));
    ck_assert(!KS->watch_changed(watch));
}

/* The watch ends with the answer. */
static bool changed(void)
{
    bool answer = KS->watch_changed(watch);

    KS->unwatch(watch);
    ck_assert_uint_eq(db0()->watched, 0);
    return answer;
}

static void tell_of(const char *key)
{
    KS->changed(NULL, db0(), kr_cstr(key), KR_CLASS_GENERIC, KR_STR("x"));
}

START_TEST(a_change_that_is_told_counts)
{
    begin("a");
    put_flat(db0(), "a", "1");
    tell_of("a");
    ck_assert(changed());
}
END_TEST

START_TEST(other_keys_and_databases_do_not_count)
{
    begin("a");
    tell_of("b");
    KS->changed(NULL, KS->db(1), KR_STR("a"), KR_CLASS_GENERIC, KR_STR("x"));
    ck_assert(!changed());
}
END_TEST

START_TEST(everybody_who_watches_learns_of_it)
{
    kr_watch *second = KS->watch(db0(), KR_STR("a"));

    begin("a");
    tell_of("a");
    ck_assert(KS->watch_changed(second));
    KS->unwatch(second);
    ck_assert(changed());
}
END_TEST

START_TEST(a_watch_after_the_change_is_clean)
{
    kr_watch *first = KS->watch(db0(), KR_STR("a"));

    tell_of("a");
    begin("a");
    KS->unwatch(first);
    ck_assert(!changed());
}
END_TEST

START_TEST(a_key_that_expires_has_changed_before_anybody_looks)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 10);
    begin("a");
    clock_turn_ms += 100;
    ck_assert(changed());
}
END_TEST

START_TEST(a_key_that_expires_and_is_removed_has_changed)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms + 10);
    begin("a");
    clock_turn_ms += 100;
    ck_assert(!has(db0(), "a"));
    ck_assert(changed());
}
END_TEST

START_TEST(a_key_that_had_expired_when_watched_may_be_removed)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 10);
    begin("a");
    ck_assert(!has(db0(), "a"));
    ck_assert(!changed());
}
END_TEST

START_TEST(but_not_be_made_anew)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 10);
    begin("a");
    put_flat(db0(), "a", "2");
    tell_of("a");
    ck_assert(changed());
}
END_TEST

START_TEST(an_evicted_key_has_changed)
{
    put_flat(db0(), "a", "1");
    begin("a");
    keyspace_settings.maxmemory = 1;
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_make_room();
    keyspace_settings.maxmemory = 0;
    ck_assert_uint_eq(KS->count(db0()), 0);
    ck_assert(changed());
}
END_TEST

START_TEST(a_flush_changes_what_is_there)
{
    put_flat(db0(), "a", "1");
    begin("a");
    KS->flush(_i ? NULL : db0(), false);
    ck_assert(changed());
}
END_TEST

START_TEST(a_flush_does_not_change_what_is_not_there)
{
    put_flat(db0(), "b", "1");
    begin("a");
    KS->flush(NULL, false);
    ck_assert(!changed());
}
END_TEST

START_TEST(a_flush_does_not_change_what_had_expired)
{
    put_flat(db0(), "a", "1");
    expire_at(db0(), "a", clock_turn_ms - 10);
    begin("a");
    KS->flush(db0(), false);
    ck_assert(!changed());
}
END_TEST

/* In one, in the other, in both: changed.  In none: not. */
START_TEST(a_swap_changes_what_is_in_either)
{
    if (_i & 1)
        put_flat(db0(), "a", "1");
    if (_i & 2)
        put_flat(KS->db(1), "a", "2");
    begin("a");
    KS->swap(db0(), KS->db(1));
    ck_assert_int_eq(changed(), _i != 0);
}
END_TEST

START_TEST(a_swap_for_an_expired_key_changes_nothing)
{
    put_flat(KS->db(1), "a", "2");
    expire_at(KS->db(1), "a", clock_turn_ms - 10);
    begin("a");
    KS->swap(db0(), KS->db(1));
    ck_assert(!changed());
}
END_TEST

START_TEST(a_watch_stays_with_the_number_of_its_database)
{
    begin("a");
    KS->swap(db0(), KS->db(1));
    ck_assert_uint_eq(db0()->watched, 1);
    tell_of("a");
    ck_assert(changed());
}
END_TEST

Suite *watch_suite(void)
{
    Suite *suite = suite_create("keyspace watch");
    TCase *tcase = fixture_case(suite, "watch");

    tcase_add_test(tcase, a_change_that_is_told_counts);
    tcase_add_test(tcase, other_keys_and_databases_do_not_count);
    tcase_add_test(tcase, everybody_who_watches_learns_of_it);
    tcase_add_test(tcase, a_watch_after_the_change_is_clean);
    tcase_add_test(tcase, a_key_that_expires_has_changed_before_anybody_looks);
    tcase_add_test(tcase, a_key_that_expires_and_is_removed_has_changed);
    tcase_add_test(tcase, a_key_that_had_expired_when_watched_may_be_removed);
    tcase_add_test(tcase, but_not_be_made_anew);
    tcase_add_test(tcase, an_evicted_key_has_changed);
    tcase_add_loop_test(tcase, a_flush_changes_what_is_there, 0, 2);
    tcase_add_test(tcase, a_flush_does_not_change_what_is_not_there);
    tcase_add_test(tcase, a_flush_does_not_change_what_had_expired);
    tcase_add_loop_test(tcase, a_swap_changes_what_is_in_either, 0, 4);
    tcase_add_test(tcase, a_swap_for_an_expired_key_changes_nothing);
    tcase_add_test(tcase, a_watch_stays_with_the_number_of_its_database);
    return suite;
}
