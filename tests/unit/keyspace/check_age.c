/* SPDX-License-Identifier: BSD-3-Clause */
/* check_age - the two clocks of a key. */
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static struct kr_cell cell_of(const char *key, uint32_t how)
{
    struct kr_cell cell;

    ck_assert(KS->find(db0(), kr_cstr(key), how, &cell));
    return cell;
}

START_TEST(a_key_is_idle_since_it_was_last_used)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    clock_turn_ms += 5000;
    cell = cell_of("a", KR_FIND_NO_TOUCH);
    ck_assert_uint_eq(KS->idle_ms(&cell), 5000);
    cell = cell_of("a", KR_FIND_READ);
    ck_assert_uint_eq(KS->idle_ms(&cell), 0);
}
END_TEST

START_TEST(reads_during_a_snapshot_leave_ages_alone)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    clock_turn_ms += 5000;
    keyspace_hooks.child = true;
    cell = cell_of("a", KR_FIND_READ);
    keyspace_hooks.child = false;
    ck_assert_uint_eq(KS->idle_ms(&cell), 5000);
}
END_TEST

START_TEST(an_idle_time_that_is_set_is_read)
{
    static const uint64_t idle[] = {0, 1000, 86400000, 16777215000};
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    cell = cell_of("a", KR_FIND_QUIET);
    for (size_t i = 0; i < KR_COUNT(idle); i++) {
        KS->set_idle_ms(&cell, idle[i]);
        ck_assert_uint_eq(KS->idle_ms(&cell), idle[i]);
    }
    KS->set_idle_ms(&cell, UINT64_MAX);
    ck_assert_uint_eq(KS->idle_ms(&cell), 16777215000);
}
END_TEST

START_TEST(a_new_key_has_counted_five_uses)
{
    struct kr_cell cell;

    keyspace_settings.policy = POLICY_ALLKEYS_LFU;
    ck_assert(KS->counts_frequency());
    put_flat(db0(), "a", "1");
    cell = cell_of("a", KR_FIND_QUIET);
    ck_assert_uint_eq(KS->frequency(&cell), 5);
}
END_TEST

START_TEST(a_frequency_loses_one_each_decay_time)
{
    struct kr_cell cell;

    keyspace_settings.policy = POLICY_VOLATILE_LFU;
    keyspace_settings.lfu_decay_time = 2;
    put_flat(db0(), "a", "1");
    cell = cell_of("a", KR_FIND_QUIET);
    KS->set_frequency(&cell, 100);
    clock_turn_ms += 20 * 60000;
    ck_assert_uint_eq(KS->frequency(&cell), 90);
    clock_turn_ms += 2000 * 60000;
    ck_assert_uint_eq(KS->frequency(&cell), 0);
    keyspace_settings.lfu_decay_time = 0;
    ck_assert_uint_eq(KS->frequency(&cell), 100);
}
END_TEST

/* Redis's documentation: with factor 10 some 100 hits give 10, a million 255;
 * with factor 0 each counts. */
START_TEST(a_counter_grows_like_a_logarithm)
{
    struct kr_cell cell;
    uint32_t after_hundred;

    keyspace_settings.policy = POLICY_ALLKEYS_LFU;
    put_flat(db0(), "a", "1");
    for (int i = 0; i < 100; i++)
        cell = cell_of("a", KR_FIND_READ);
    after_hundred = KS->frequency(&cell);
    ck_assert_uint_ge(after_hundred, 7);
    ck_assert_uint_le(after_hundred, 16);
    for (int i = 0; i < 1000000; i++)
        cell = cell_of("a", KR_FIND_READ);
    ck_assert_uint_eq(KS->frequency(&cell), 255);
    keyspace_settings.lfu_log_factor = 0;
    KS->set_frequency(&cell, 5);
    for (int i = 0; i < 100; i++)
        cell = cell_of("a", KR_FIND_READ);
    ck_assert_uint_eq(KS->frequency(&cell), 105);
}
END_TEST

START_TEST(only_the_kind_of_age_that_is_kept_can_be_set)
{
    struct kr_cell cell;

    put_flat(db0(), "a", "1");
    cell = cell_of("a", KR_FIND_QUIET);
    KS->set_frequency(&cell, 200);
    ck_assert_uint_eq(KS->idle_ms(&cell), 0);
    keyspace_settings.policy = POLICY_ALLKEYS_LFU;
    KS->set_frequency(&cell, 200);
    KS->set_idle_ms(&cell, 1000000);
    ck_assert_uint_eq(KS->frequency(&cell), 200);
}
END_TEST

Suite *age_suite(void)
{
    Suite *suite = suite_create("keyspace age");
    TCase *tcase = fixture_case(suite, "age");

    tcase_add_test(tcase, a_key_is_idle_since_it_was_last_used);
    tcase_add_test(tcase, reads_during_a_snapshot_leave_ages_alone);
    tcase_add_test(tcase, an_idle_time_that_is_set_is_read);
    tcase_add_test(tcase, a_new_key_has_counted_five_uses);
    tcase_add_test(tcase, a_frequency_loses_one_each_decay_time);
    tcase_add_test(tcase, a_counter_grows_like_a_logarithm);
    tcase_add_test(tcase, only_the_kind_of_age_that_is_kept_can_be_set);
    return suite;
}
