/* SPDX-License-Identifier: BSD-3-Clause */
/* check_table - the keyspace's table against a model that cannot be wrong.
 *
 * The model is an array: entry i is in the table or it is not.  Entries are
 * really allocated, so that a sanitizer sees a table that hands out what is
 * gone.  KEYRACK_TEST_SEED in the environment repeats a run. */
#include "core/keyspace/table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"
#include "tests/unit/suites.h"

#define ENTRIES_MAX 400000

struct entry {
    uint64_t hash;
    uint32_t id;
    uint32_t version;
};

/* A claim in a loop: ck_assert() costs a system call even where it holds. */
#define must(claim)                                                            \
    do {                                                                       \
        if (!(claim))                                                          \
            ck_abort_msg("not so: %s", #claim);                                \
    } while (0)

static struct table table;
static struct entry *entries[ENTRIES_MAX]; /* NULL: not in the table */
static uint8_t seen[ENTRIES_MAX];
static uint64_t hash_mask; /* bits of a hash that differ at all */
static uint64_t seed;
static size_t used_before;

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t chance(uint64_t below)
{
    seed = mix(seed);
    return seed % below;
}

static uint64_t hash_of(uint32_t id)
{
    return mix(id) & hash_mask;
}

static uint64_t entry_hash(const void *entry, const void *ctx)
{
    must(ctx == &table);
    return ((const struct entry *)entry)->hash;
}

/* --- The table and its model, changed together --------------------------- */

static struct entry *find(uint32_t id, struct table_place *at)
{
    struct entry *e;

    for (e = table_first(&table, hash_of(id), at); e != NULL;
         e = table_next(hash_of(id), at)) {
        if (e->id == id)
            return e;
    }
    return NULL;
}

static void add(uint32_t id)
{
    struct entry *e = memory_alloc(sizeof(*e));

    *e = (struct entry){.hash = hash_of(id), .id = id};
    entries[id] = e;
    table_insert(&table, e->hash, e);
}

static void drop(uint32_t id)
{
    struct table_place at;

    must(find(id, &at) == entries[id]);
    table_erase(&table, hash_of(id), &at);
    memory_free(entries[id]);
    entries[id] = NULL;
}

static void move(uint32_t id)
{
    struct table_place at;
    struct entry *e = memory_alloc(sizeof(*e));

    *e = *entries[id];
    e->version++;
    must(table_find_entry(&table, e->hash, entries[id], &at));
    table_replace(&at, e);
    memory_free(entries[id]);
    entries[id] = e;
}

static void toggle(uint32_t id)
{
    if (entries[id] == NULL)
        add(id);
    else
        drop(id);
}

static void must_hold(void)
{
    const char *wrong = table_check(&table);

    if (wrong != NULL)
        ck_abort_msg("%s", wrong);
}

static void must_equal_model(uint32_t ids)
{
    uint64_t count = 0;
    struct table_place at;

    for (uint32_t id = 0; id < ids; id++) {
        must(find(id, &at) == entries[id]);
        count += entries[id] != NULL;
    }
    ck_assert_uint_eq(table_count(&table), count);
    must_hold();
}

static void setup(void)
{
    const char *text = getenv("KEYRACK_TEST_SEED");

    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("check_table: KEYRACK_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    memset(entries, 0, sizeof(entries));
    hash_mask = UINT64_MAX;
    used_before = memory_used();
    table_init(&table, entry_hash, &table);
}

static void teardown(void)
{
    for (uint32_t id = 0; id < ENTRIES_MAX; id++) {
        if (entries[id] != NULL)
            drop(id);
    }
    must_hold();
    ck_assert_uint_eq(table_count(&table), 0);
    ck_assert_uint_eq(table_memory(&table), 0);
    ck_assert_uint_eq(memory_used(), used_before);
}

/* --- What the table promises --------------------------------------------- */

START_TEST(an_empty_table_owns_nothing_and_finds_nothing)
{
    struct table_place at;
    uint64_t s = 1;
    void *sample[4];

    ck_assert_uint_eq(memory_used(), used_before);
    ck_assert_ptr_null(find(1, &at));
    ck_assert_ptr_null(table_random(&table, &s));
    ck_assert_uint_eq(table_sample(&table, &s, sample, 4), 0);
    ck_assert_uint_eq(table_scan(&table, 0, NULL, NULL), 0);
    table_each(&table, NULL, NULL);
    table_prefetch_bucket(&table, 7);
    table_prefetch_entry(&table, 7);
    ck_assert(table_clear_step(&table, 1, NULL, NULL));
    must_hold();
}
END_TEST

/* Every tag against every control word that matters: the vector code and the
 * definition must agree. */
START_TEST(tags_match_exactly_and_only_where_occupied)
{
    for (int i = 0; i < 20000; i++) {
        uint8_t tag = (uint8_t)chance(256);
        uint64_t control = mix(seed);
        uint32_t expected = 0;

        /* Make agreement frequent, and near misses too. */
        for (unsigned s = 0; s < 8; s++) {
            uint64_t byte = tag ^ (chance(2) ? 0 : 1u << chance(8));

            if (s < 7 && chance(2))
                control = (control & ~(UINT64_C(0xff) << 8 * s)) | byte
                                                                       << 8 * s;
        }
        for (unsigned s = 0; s < TABLE_SLOTS; s++) {
            if ((uint8_t)(control >> 8 * s) == tag && control >> (56 + s) & 1)
                expected |= 1u << s;
        }
        must(table_match(control, tag) == expected);
    }
}
END_TEST

/* Each row: how many ids, and which bits of their hashes differ. */
static const struct {
    uint32_t ids;
    uint64_t mask;
} worlds[] = {
    {9, UINT64_MAX},    {40, UINT64_MAX},
    {700, UINT64_MAX},  {300, 0},
    {300, 3},           {300, UINT64_C(0xff00000000000000)},
    {300, 0xffff0000},  {500, UINT64_C(0x00ffffff00000000)},
    {3000, UINT64_MAX},
};

START_TEST(random_changes_leave_what_the_model_says)
{
    uint32_t ids = worlds[_i].ids;

    hash_mask = worlds[_i].mask;
    for (int i = 0; i < 6000; i++) {
        uint32_t id = (uint32_t)chance(ids);

        /* Now growing, now shrinking, so that both ends are reached. */
        bool grow = i / 1500 % 2 == 0;

        if (entries[id] != NULL && chance(3) == 0)
            move(id);
        else if ((entries[id] == NULL) == grow || chance(4) == 0)
            toggle(id);
        if (ids <= 700 || i % 64 == 0)
            must_hold();
        if (i % 500 == 0)
            must_equal_model(ids);
    }
    must_equal_model(ids);
}
END_TEST

/* Past 2^16 buckets splits and merges decide by the bits in the slots. */
START_TEST(a_table_beyond_2_to_16_buckets_grows_and_shrinks)
{
    struct table_stats stats;

    for (uint32_t id = 0; id < ENTRIES_MAX; id++)
        add(id);
    must_equal_model(ENTRIES_MAX);
    table_stats(&table, &stats);
    ck_assert_uint_gt(stats.buckets, 1u << 16);
    ck_assert_uint_eq(stats.count, ENTRIES_MAX);
    ck_assert_uint_lt(stats.memory, 15u * ENTRIES_MAX);
    ck_assert_uint_lt(stats.fullest, 40);
    ck_assert_uint_eq(stats.memory, table_memory(&table));
    for (uint32_t id = 0; id < ENTRIES_MAX; id++) {
        if (id % 64 != 0)
            drop(id);
    }
    must_equal_model(ENTRIES_MAX);
    ck_assert_uint_lt(table_memory(&table), 48u * ENTRIES_MAX / 64);
}
END_TEST

START_TEST(forty_bits_of_the_hash_find_the_entry)
{
    for (uint32_t id = 0; id < 3000; id++)
        add(id);
    for (uint32_t id = 0; id < 3000; id++) {
        struct table_place at;

        ck_assert(table_find_entry(&table, hash_of(id) & TABLE_HASH_BITS,
                                   entries[id], &at));
        ck_assert(!table_find_entry(&table, hash_of(id), &table, &at));
    }
}
END_TEST

START_TEST(two_tables_are_swapped_as_structs)
{
    struct table other, third;

    table_init(&other, entry_hash, &table);
    for (uint32_t id = 0; id < 100; id++)
        add(id);
    third = table, table = other, other = third;
    ck_assert_uint_eq(table_count(&table), 0);
    must_hold();
    third = table, table = other, other = third;
    must_equal_model(100);
}
END_TEST

/* --- Going round --------------------------------------------------------- */

static void mark(void *entry, void *ctx)
{
    const struct entry *e = entry;

    must(entries[e->id] == e);
    seen[e->id]++;
    if (ctx != NULL)
        ++*(uint64_t *)ctx;
}

static void mark_and_change(void *entry, void *ctx)
{
    uint32_t id = ((struct entry *)entry)->id;

    mark(entry, ctx);
    if (id % 3 == 0)
        drop(id);
    else if (id % 3 == 1)
        move(id);
}

START_TEST(each_gives_all_once_and_may_erase_or_replace)
{
    uint32_t ids = worlds[_i].ids;
    uint64_t given = 0;

    hash_mask = worlds[_i].mask;
    memset(seen, 0, sizeof(seen));
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    table_each(&table, mark_and_change, &given);
    ck_assert_uint_eq(given, ids);
    for (uint32_t id = 0; id < ids; id++)
        must(seen[id] == 1);
    must_equal_model(ids);
    ck_assert_uint_eq(table_count(&table), ids - (ids + 2) / 3);
}
END_TEST

static void drop_it(void *entry, void *ctx)
{
    (void)ctx;
    drop(((struct entry *)entry)->id);
}

START_TEST(each_may_erase_everything)
{
    hash_mask = worlds[_i].mask;
    for (uint32_t id = 0; id < worlds[_i].ids; id++)
        add(id);
    table_each(&table, drop_it, NULL);
    ck_assert_uint_eq(table_memory(&table), 0);
}
END_TEST

/* SCAN's guarantee: ids below `stay` are there all the time, the rest comes and
 * goes in waves between steps, and entries move. */
START_TEST(scan_gives_whatever_stays_while_the_table_grows_and_shrinks)
{
    uint32_t stay = 1 + (uint32_t)chance(200), ids = 4000;
    uint64_t cursor = 0, steps = 0, given = 0;

    memset(seen, 0, sizeof(seen));
    for (uint32_t id = 0; id < stay; id++)
        add(id);
    for (uint32_t id = stay; id < ids; id++) {
        if (_i % 2)
            add(id);
    }
    do {
        uint64_t burst = chance(200);
        bool grow = (steps / 16 + (uint64_t)_i) % 2 == 0;

        cursor = table_scan(&table, cursor, mark, &given);
        for (; burst > 0; burst--) {
            uint32_t id = stay + (uint32_t)chance(ids - stay);

            if ((entries[id] == NULL) == grow)
                toggle(id);
        }
        move((uint32_t)chance(stay));
        must_hold();
        must(++steps < 100000);
    } while (cursor != 0);
    for (uint32_t id = 0; id < stay; id++)
        ck_assert_msg(seen[id] != 0, "entry %u of %u was not given", id, stay);
}
END_TEST

START_TEST(scan_of_a_table_at_rest_gives_all_once)
{
    uint64_t cursor = 0, given = 0;
    uint32_t ids = 1 + (uint32_t)chance(5000);

    memset(seen, 0, sizeof(seen));
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    do {
        cursor = table_scan(&table, cursor, mark, &given);
    } while (cursor != 0);
    ck_assert_uint_eq(given, ids);
    for (uint32_t id = 0; id < ids; id++)
        must(seen[id] == 1);
}
END_TEST

START_TEST(scan_may_erase_what_it_gives)
{
    uint64_t cursor = 0;

    hash_mask = worlds[_i].mask;
    for (uint32_t id = 0; id < worlds[_i].ids; id++)
        add(id);
    do {
        cursor = table_scan(&table, cursor, drop_it, NULL);
        must_hold();
    } while (cursor != 0);
    ck_assert_uint_eq(table_memory(&table), 0);
}
END_TEST

START_TEST(random_entries_are_fair_enough)
{
    const uint32_t ids = 500, draws = 500 * 400;
    static uint32_t drawn[500];
    double worst = 1;

    memset(drawn, 0, sizeof(drawn));
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    for (uint32_t i = 0; i < draws; i++)
        drawn[((struct entry *)table_random(&table, &seed))->id]++;
    /* 400 expected, with a deviation of 20: six of them, and some for chains
     * beyond twelve. */
    for (uint32_t id = 0; id < ids; id++) {
        double ratio = drawn[id] / 400.0;

        worst = ratio < 1 / worst ? 1 / ratio : ratio > worst ? ratio : worst;
    }
    ck_assert_double_lt(worst, 1.7);
}
END_TEST

START_TEST(a_sample_has_different_entries_of_the_table)
{
    void *sample[64];

    for (uint32_t id = 0; id < 1000; id++)
        add(id);
    for (int i = 0; i < 500; i++) {
        size_t k = 1 + chance(64);

        memset(seen, 0, 1000);
        ck_assert_uint_eq(table_sample(&table, &seed, sample, k), k);
        for (size_t s = 0; s < k; s++) {
            mark(sample[s], NULL);
            must(seen[((struct entry *)sample[s])->id] == 1);
        }
    }
    for (uint32_t id = 5; id < 1000; id++)
        drop(id);
    ck_assert_uint_eq(table_sample(&table, &seed, sample, 64), 5);
}
END_TEST

/* --- Clearing ------------------------------------------------------------ */

static void release(void *entry, void *ctx)
{
    struct entry *e = entry;

    ++*(uint64_t *)ctx;
    entries[e->id] = NULL;
    memory_free(e);
}

START_TEST(clearing_goes_in_steps_and_the_rest_stays_a_table)
{
    uint32_t ids = worlds[_i].ids;
    uint64_t before = 0, released = 0;
    bool done;

    hash_mask = worlds[_i].mask;
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    do {
        done = table_clear_step(&table, 10, release, &released);
        ck_assert_uint_le(released - before, 10 + TABLE_SLOTS);
        before = released;
        must_equal_model(ids);
    } while (!done);
    ck_assert_uint_eq(released, ids);
    ck_assert_uint_eq(table_memory(&table), 0);
}
END_TEST

START_TEST(a_half_cleared_table_can_be_used)
{
    uint64_t released = 0;

    for (uint32_t id = 0; id < 3000; id++)
        add(id);
    while (table_count(&table) > 20)
        table_clear_step(&table, 10, release, &released);
    for (uint32_t id = 0; id < 3000; id++) {
        if (chance(2) == 0)
            toggle(id);
    }
    must_equal_model(3000);
}
END_TEST

START_TEST(check_notices_damage)
{
    struct table_bucket *b;
    struct table_place at;
    uint64_t word, control;

    for (uint32_t id = 0; id < 3; id++)
        add(id);
    find(0, &at);
    b = at.bucket;
    word = b->slot[at.slot];
    control = b->control;
    b->slot[at.slot] = word ^ UINT64_C(1) << 50;
    ck_assert_ptr_nonnull(table_check(&table));
    b->slot[at.slot] = word;
    b->control = control ^ UINT64_C(4) << 8 * at.slot;
    ck_assert_ptr_nonnull(table_check(&table));
    b->control = control ^ UINT64_C(1) << (56 + at.slot);
    ck_assert_ptr_nonnull(table_check(&table));
    b->control = control;
    table.count++;
    ck_assert_ptr_nonnull(table_check(&table));
    table.count--;
    must_hold();
}
END_TEST

Suite *table_suite(void)
{
    const int all = (int)KR_COUNT(worlds);
    Suite *suite = suite_create("table");
    TCase *tc = tcase_create("table");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, an_empty_table_owns_nothing_and_finds_nothing);
    tcase_add_test(tc, tags_match_exactly_and_only_where_occupied);
    tcase_add_loop_test(tc, random_changes_leave_what_the_model_says, 0, all);
    tcase_add_test(tc, a_table_beyond_2_to_16_buckets_grows_and_shrinks);
    tcase_add_test(tc, forty_bits_of_the_hash_find_the_entry);
    tcase_add_test(tc, two_tables_are_swapped_as_structs);
    tcase_add_loop_test(tc, each_gives_all_once_and_may_erase_or_replace, 0,
                        all);
    tcase_add_loop_test(tc, each_may_erase_everything, 0, all);
    tcase_add_loop_test(
        tc, scan_gives_whatever_stays_while_the_table_grows_and_shrinks, 0, 12);
    tcase_add_loop_test(tc, scan_of_a_table_at_rest_gives_all_once, 0, 8);
    tcase_add_loop_test(tc, scan_may_erase_what_it_gives, 0, all);
    tcase_add_test(tc, random_entries_are_fair_enough);
    tcase_add_test(tc, a_sample_has_different_entries_of_the_table);
    tcase_add_loop_test(tc, clearing_goes_in_steps_and_the_rest_stays_a_table,
                        0, all);
    tcase_add_test(tc, a_half_cleared_table_can_be_used);
    tcase_add_test(tc, check_notices_damage);
    suite_add_tcase(suite, tc);
    return suite;
}
