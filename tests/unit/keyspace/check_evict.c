/* SPDX-License-Identifier: BSD-3-Clause */
/* check_evict - who has to go when memory is short. */
#include "tests/unit/keyspace/fixture.h"

#include "core/keyspace/evict.h"
#include "core/memory/memory.h"

#include "tests/unit/suites.h"

#define MANY 2000

static char value[500];

static void name_key(char *key, size_t size, const char *kind, int i)
{
    snprintf(key, size, "%s%d", kind, i);
}

static void put_many(const char *kind, int count, bool expires)
{
    char key[32];

    memset(value, 'v', sizeof(value) - 1);
    for (int i = 0; i < count; i++) {
        name_key(key, sizeof(key), kind, i);
        put_flat(db0(), key, value);
        if (expires)
            expire_at(db0(), key, clock_turn_ms + 1000000 + i);
    }
}

static int count_left(const char *kind, int count)
{
    char key[32];
    int left = 0;

    for (int i = 0; i < count; i++) {
        name_key(key, sizeof(key), kind, i);
        left += has(db0(), key);
    }
    return left;
}

static enum keyspace_room room_below(size_t bytes)
{
    enum keyspace_room room;

    keyspace_settings.maxmemory = (int64_t)(memory_used() - bytes);
    do
        room = keyspace_make_room();
    while (room == ROOM_BUSY);
    keyspace_settings.maxmemory = 0;
    return room;
}

/* As many bytes as `part` of `whole` keys take. */
static size_t bytes_of(int keys)
{
    return (size_t)keys * 530;
}

START_TEST(without_a_limit_nobody_goes)
{
    put_many("a", 10, false);
    keyspace_settings.policy = POLICY_ALLKEYS_RANDOM;
    ck_assert_int_eq(keyspace_make_room(), ROOM_OK);
    ck_assert_uint_eq(keyspace_stats.evicted, 0);
}
END_TEST

START_TEST(noeviction_evicts_nobody)
{
    put_many("a", 10, false);
    ck_assert_int_eq(room_below(1), ROOM_NONE);
    ck_assert_uint_eq(KS->count(db0()), 10);
}
END_TEST

START_TEST(each_policy_makes_room)
{
    keyspace_settings.policy = _i;
    put_many("a", MANY, true);
    ck_assert_int_eq(room_below(bytes_of(MANY / 2)), ROOM_OK);
    ck_assert_uint_gt(keyspace_stats.evicted, MANY / 3);
    ck_assert_uint_lt(keyspace_stats.evicted, MANY * 2 / 3);
    ck_assert_uint_eq(KS->count(db0()), MANY - keyspace_stats.evicted);
}
END_TEST

START_TEST(volatile_policies_spare_keys_without_expiry)
{
    keyspace_settings.policy = _i;
    put_many("keep", MANY, false);
    put_many("go", 100, true);
    ck_assert_int_eq(room_below(bytes_of(50)), ROOM_OK);
    ck_assert_int_eq(room_below(bytes_of(1000)), ROOM_NONE);
    ck_assert_int_eq(count_left("go", 100), 0);
    ck_assert_int_eq(count_left("keep", MANY), MANY);
}
END_TEST

START_TEST(lru_rather_gives_up_what_is_idle)
{
    keyspace_settings.policy = _i;
    put_many("old", MANY / 2, true);
    clock_turn_ms += 100000;
    put_many("new", MANY / 2, true);
    ck_assert_int_eq(room_below(bytes_of(MANY / 4)), ROOM_OK);
    ck_assert_int_gt(count_left("new", MANY / 2), MANY / 2 * 95 / 100);
}
END_TEST

START_TEST(lfu_rather_gives_up_what_is_seldom_used)
{
    keyspace_settings.policy = _i;
    put_many("seldom", MANY / 2, true);
    put_many("often", MANY / 2, true);
    for (int round = 0; round < 50; round++) {
        char key[32];
        struct kr_cell cell;

        for (int i = 0; i < MANY / 2; i++) {
            name_key(key, sizeof(key), "often", i);
            KS->find(db0(), kr_cstr(key), KR_FIND_READ, &cell);
        }
    }
    ck_assert_int_eq(room_below(bytes_of(MANY / 4)), ROOM_OK);
    ck_assert_int_gt(count_left("often", MANY / 2), MANY / 2 * 95 / 100);
}
END_TEST

START_TEST(ttl_gives_up_what_expires_first)
{
    char key[32];
    int early = 0;

    keyspace_settings.policy = POLICY_VOLATILE_TTL;
    memset(value, 'v', sizeof(value) - 1);
    for (int i = 0; i < MANY; i++) {
        name_key(key, sizeof(key), "k", i);
        put_flat(db0(), key, value);
        expire_at(db0(), key, clock_turn_ms + 10000 + i * INT64_C(60000));
    }
    ck_assert_int_eq(room_below(bytes_of(MANY / 4)), ROOM_OK);
    for (int i = MANY / 2; i < MANY; i++) {
        name_key(key, sizeof(key), "k", i);
        early += !has(db0(), key);
    }
    ck_assert_int_lt(early, MANY / 50);
}
END_TEST

START_TEST(all_databases_give)
{
    char key[32];

    keyspace_settings.policy = _i;
    put_many("a", MANY / 2, false);
    for (int i = 0; i < MANY / 2; i++) {
        name_key(key, sizeof(key), "b", i);
        put_flat(KS->db(5), key, value);
    }
    ck_assert_int_eq(room_below(bytes_of(MANY / 2)), ROOM_OK);
    ck_assert_uint_lt(KS->count(db0()), MANY / 2 - 100);
    ck_assert_uint_lt(KS->count(KS->db(5)), MANY / 2 - 100);
}
END_TEST

START_TEST(a_candidate_that_has_gone_is_not_touched)
{
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    put_many("a", 100, false);
    ck_assert_int_eq(room_below(bytes_of(5)), ROOM_OK); /* fills the pool */
    KS->flush(NULL, false);
    put_many("b", 100, false);
    ck_assert_int_eq(room_below(bytes_of(50)), ROOM_OK);
    KS->swap(db0(), KS->db(1));
    ck_assert_int_eq(room_below(bytes_of(20)), ROOM_OK);
}
END_TEST

START_TEST(an_eviction_is_told)
{
    put_flat(db0(), "a", "1");
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    listen_begin();
    ck_assert_int_eq(room_below(1), ROOM_OK);
    ck_assert_str_eq(heard(),
                     "before+:a evicted+:a ending-evicted+:a changed:a "
                     "notify:a/evicted ");
}
END_TEST

START_TEST(replicas_and_loading_do_not_evict)
{
    put_flat(db0(), "a", "1");
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_hooks.follows = _i == 0;
    keyspace_hooks.loading = _i == 1;
    ck_assert_int_eq(room_below(1), ROOM_OK);
    ck_assert_uint_eq(KS->count(db0()), 1);
}
END_TEST

static void *kept; /* for speed only */

static void give_up_kept(void)
{
    memory_free(kept);
    kept = NULL;
}

START_TEST(what_is_only_kept_for_speed_goes_before_keys)
{
    put_flat(db0(), "a", "1");
    kept = memory_alloc(65536);
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_hooks.spare = give_up_kept;
    ck_assert_int_eq(room_below(1), ROOM_OK);
    keyspace_hooks.spare = NULL;
    ck_assert_ptr_null(kept);
    ck_assert_uint_eq(keyspace_stats.evicted, 0);
    ck_assert_uint_eq(KS->count(db0()), 1);
}
END_TEST

START_TEST(flushed_keys_go_before_living_ones)
{
    put_many("dead", MANY, false);
    KS->flush(db0(), false);
    put_many("alive", 100, false);
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_settings.tenacity = 90;
    ck_assert_int_eq(room_below(bytes_of(50)), ROOM_OK);
    ck_assert_int_eq(count_left("alive", 100), 100);
}
END_TEST

/* Redis: 500 us at 10, 500 * 1.15^(t - 10) above, no end at 100. */
START_TEST(tenacity_is_a_time)
{
    ck_assert_uint_eq(evict_limit_us(0), 0);
    ck_assert_uint_eq(evict_limit_us(1), 50);
    ck_assert_uint_eq(evict_limit_us(10), 500);
    ck_assert_uint_eq(evict_limit_us(11), 575);
    ck_assert_uint_gt(evict_limit_us(99), 60000000);
    ck_assert_uint_eq(evict_limit_us(100), UINT64_MAX);
}
END_TEST

START_TEST(a_call_ends_in_time)
{
    keyspace_settings.policy = POLICY_ALLKEYS_LRU;
    keyspace_settings.tenacity = 0;
    put_many("a", MANY, false);
    keyspace_settings.maxmemory = (int64_t)(memory_used() - bytes_of(MANY / 2));
    ck_assert_int_eq(keyspace_make_room(), ROOM_BUSY);
    ck_assert_uint_ge(keyspace_stats.evicted, 16);
    ck_assert_uint_lt(keyspace_stats.evicted, MANY / 4);
    keyspace_settings.maxmemory = 0;
}
END_TEST

Suite *evict_suite(void)
{
    Suite *suite = suite_create("keyspace evict");
    TCase *tcase = fixture_case(suite, "evict");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, without_a_limit_nobody_goes);
    tcase_add_test(tcase, noeviction_evicts_nobody);
    tcase_add_loop_test(tcase, each_policy_makes_room, POLICY_ALLKEYS_LRU,
                        POLICY_VOLATILE_TTL + 1);
    tcase_add_loop_test(tcase, volatile_policies_spare_keys_without_expiry,
                        POLICY_VOLATILE_LRU, POLICY_VOLATILE_TTL + 1);
    tcase_add_loop_test(tcase, lru_rather_gives_up_what_is_idle,
                        POLICY_ALLKEYS_LRU, POLICY_ALLKEYS_LRU + 1);
    tcase_add_loop_test(tcase, lru_rather_gives_up_what_is_idle,
                        POLICY_VOLATILE_LRU, POLICY_VOLATILE_LRU + 1);
    tcase_add_loop_test(tcase, lfu_rather_gives_up_what_is_seldom_used,
                        POLICY_ALLKEYS_LFU, POLICY_ALLKEYS_LFU + 1);
    tcase_add_loop_test(tcase, lfu_rather_gives_up_what_is_seldom_used,
                        POLICY_VOLATILE_LFU, POLICY_VOLATILE_LFU + 1);
    tcase_add_test(tcase, ttl_gives_up_what_expires_first);
    tcase_add_loop_test(tcase, all_databases_give, POLICY_ALLKEYS_LRU,
                        POLICY_ALLKEYS_RANDOM + 1);
    tcase_add_test(tcase, a_candidate_that_has_gone_is_not_touched);
    tcase_add_test(tcase, an_eviction_is_told);
    tcase_add_loop_test(tcase, replicas_and_loading_do_not_evict, 0, 2);
    tcase_add_test(tcase, what_is_only_kept_for_speed_goes_before_keys);
    tcase_add_test(tcase, flushed_keys_go_before_living_ones);
    tcase_add_test(tcase, tenacity_is_a_time);
    tcase_add_test(tcase, a_call_ends_in_time);
    return suite;
}
