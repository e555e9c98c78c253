/* SPDX-License-Identifier: BSD-3-Clause */
/* check_htable - the hash table against a model that cannot be wrong.
 *
 * The model is an array: the item with key i is in the table or it is not.
 * Items are really allocated, so that a sanitizer sees a table that hands out
 * what is gone, and rows have an account of their own, so htable_memory() is
 * compared with what was allocated, to the byte.  Hashes are made worse by a
 * mask: with few bits left chains are long, with none there is one. */
#include "modules/structure/htable.h"

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define IDS_MAX 400000

static struct account row_account, item_account;
static uint64_t hash_mask; /* bits of a hash that differ at all */

static uint64_t hash_id(uint32_t id)
{
    return mix(id) & hash_mask;
}

static uint32_t key_id(struct kr_str key)
{
    uint32_t id;

    must(key.size == sizeof(id));
    memcpy(&id, key.data, sizeof(id));
    return id;
}

static uint64_t hash_of(struct kr_str key)
{
    return hash_id(key_id(key));
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &row_account};
static const struct structure_host item_host = {account_alloc, account_free,
                                                NULL, &item_account};
static struct htable table;
static struct item *items[IDS_MAX]; /* NULL: not in the table */
static uint8_t seen[IDS_MAX];

static void setup(void)
{
    seed_set("htable");
    hash_mask = UINT64_MAX;
}

/* --- The table and its model, changed together --------------------------- */

static struct item *find(uint32_t id, struct htable_place *at)
{
    return htable_find(&table, kr_str((const char *)&id, sizeof(id)),
                       hash_id(id), at);
}

static void add(uint32_t id)
{
    items[id] = item_new(&item_host, kr_str((char *)&id, sizeof(id)), 0);
    htable_insert(&table, &host, hash_id(id), items[id]);
}

static void drop(uint32_t id)
{
    struct htable_place at;

    must(find(id, &at) == items[id]);
    htable_erase(&table, &host, hash_id(id), &at);
    structure_free(&item_host, items[id]);
    items[id] = NULL;
}

static void relocate(uint32_t id)
{
    struct item *item =
        item_new(&item_host, kr_str((char *)&id, sizeof(id)), 0);
    struct htable_place at;

    must(find(id, &at) == items[id]);
    htable_replace(&at, item);
    structure_free(&item_host, items[id]);
    items[id] = item;
}

static void must_hold(void)
{
    const char *wrong = htable_check(&table, &host);

    if (wrong != NULL)
        ck_abort_msg("%s", wrong);
    must(htable_memory(&table) == row_account.bytes);
}

static void must_equal_model(uint32_t ids)
{
    uint64_t count = 0;

    for (uint32_t id = 0; id < ids; id++) {
        must(find(id, NULL) == items[id]);
        count += items[id] != NULL;
    }
    ck_assert_uint_eq(htable_count(&table), count);
    must_hold();
}

static bool release(struct item *item, void *ctx)
{
    uint32_t id = key_id(item_key(item));

    (void)ctx;
    must(items[id] == item);
    items[id] = NULL;
    structure_free(&item_host, item);
    return true;
}

static void clear(void)
{
    while (!htable_clear_step(&table, &host, 1000, release, NULL))
        ;
    ck_assert_uint_eq(htable_count(&table), 0);
    ck_assert_uint_eq(htable_memory(&table), 0);
    ck_assert_uint_eq(row_account.blocks, 0);
    ck_assert_uint_eq(item_account.blocks, 0);
}

/* --- Claims -------------------------------------------------------------- */

/* Good hashes, long chains in a few buckets, tags that never tell anything,
 * tags only, and all equal. */
static const uint64_t masks[] = {
    UINT64_MAX, 0x3, 0xffff, 0xffff0000, 0x30003, 0,
};

START_TEST(any_operations_leave_what_the_model_holds)
{
    uint32_t ids = 400;

    hash_mask = masks[_i];
    for (int i = 0; i < 30000; i++) {
        uint32_t id = (uint32_t)chance(ids);
        bool fall = i / 2500 % 2 == 1;

        if (items[id] == NULL && (!fall || chance(5) == 0))
            add(id);
        else if (items[id] != NULL && chance(8) == 0)
            relocate(id);
        else if (items[id] != NULL && (fall || chance(5) == 0))
            drop(id);
        must_hold();
        if (i % 100 == 0)
            must_equal_model(ids);
    }
    must_equal_model(ids);
    for (uint32_t id = 0; id < ids; id++) {
        if (items[id] != NULL)
            drop(id);
    }
    ck_assert_uint_eq(row_account.blocks, 0);
}
END_TEST

START_TEST(a_large_table_grows_and_shrinks_without_a_stall)
{
    size_t most = 0;

    for (uint32_t id = 0; id < IDS_MAX; id++) {
        uint64_t buckets = table.buckets;

        add(id);
        must(table.buckets - buckets <= 2);
        if (id % 100003 == 0)
            must_hold();
    }
    must_equal_model(IDS_MAX);
    most = htable_memory(&table);
    for (uint32_t id = 0; id < IDS_MAX; id++) {
        uint64_t buckets = table.buckets;

        drop(id);
        must(id + 1 == IDS_MAX || buckets - table.buckets <= 2);
        if (id % 100003 == 0)
            must_hold();
        if (id == IDS_MAX / 2)
            ck_assert_uint_lt(htable_memory(&table), most + 1);
        if (id == IDS_MAX / 8 * 7)
            ck_assert_uint_lt(htable_memory(&table), most / 3);
    }
    ck_assert_uint_eq(row_account.blocks, 0);
}
END_TEST

START_TEST(an_item_costs_twelve_bytes_at_any_size)
{
    double sum = 0, most = 0;
    uint32_t measured = 0;

    for (uint32_t id = 0; id < 260000; id++) {
        double bytes;

        add(id);
        bytes = (double)htable_memory(&table) / (id + 1);
        if (id >= 130000) {
            sum += bytes;
            measured++;
            most = bytes > most ? bytes : most;
        }
        /* Up to 1024 buckets the slab has room for a quarter more. */
        must(id < 100 || bytes < (id < 2000 ? 16 : 14));
    }
    printf("htable: %.2f bytes an item over a doubling, at most %.2f\n",
           sum / measured, most);
    ck_assert_double_le(sum / measured, 11.5);
    ck_assert_double_le(most, 12);
    clear();
}
END_TEST

static bool see(struct item *item, void *ctx)
{
    uint32_t id = key_id(item_key(item));

    must(items[id] == item);
    seen[id]++;
    (void)ctx;
    return true;
}

/* Half of the items stay from begin to end, the others come and go: first
 * more and more of them, then fewer, and so on. */
START_TEST(a_scan_gives_what_stays_whatever_the_table_does)
{
    uint32_t stay = 1 + (uint32_t)chance(3000), others = 30 * stay;
    uint64_t cursor = 0;
    uint32_t until = stay;
    int steps = 0;

    hash_mask = _i % 4 == 3 ? 0xff : UINT64_MAX;
    if (_i % 4 == 3)
        others = stay;
    for (uint32_t id = 0; id < stay; id++)
        add(id);
    if (_i % 2 == 1) {
        for (; until < stay + others; until++)
            add(until);
    }
    do {
        uint64_t much = chance(4) == 0 ? chance(stay) : chance(20);
        bool grow = (_i % 2 == 0) ^ (steps / 100 % 2 == 1);

        cursor = htable_scan(&table, &host, cursor, see, NULL);
        for (; much > 0; much--) {
            if (grow && until < stay + others)
                add(until++);
            else if (!grow && until > stay)
                drop(--until);
        }
        must(++steps < 1000000);
    } while (cursor != 0);
    for (uint32_t id = 0; id < stay; id++)
        must(seen[id] > 0);
    must_hold();
    clear();
}
END_TEST

START_TEST(a_scan_of_a_table_at_rest_gives_each_once)
{
    uint64_t cursor = 0;

    for (uint32_t id = 0; id < 5000; id++)
        add(id);
    do {
        cursor = htable_scan(&table, &host, cursor, see, NULL);
    } while (cursor != 0);
    for (uint32_t id = 0; id < 5000; id++)
        ck_assert_uint_eq(seen[id], 1);
    clear();
}
END_TEST

/* With few bits of hash there are chains of many rows, which a batch ends in. */
START_TEST(batches_give_each_once_whatever_their_size)
{
    const uint32_t n = 3000;
    struct item *got[100];
    uint64_t place = 0;
    size_t size = (size_t)_i * 7 + 1, count;

    hash_mask = _i % 2 ? 0xf000f : UINT64_MAX;
    for (uint32_t id = 0; id < n; id++)
        add(id);
    do {
        count = htable_batch(&table, &place, got, size);
        must(count <= size);
        for (size_t i = 0; i < count; i++)
            see(got[i], NULL);
    } while (count > 0);
    ck_assert_uint_eq(htable_batch(&table, &place, got, size), 0);
    for (uint32_t id = 0; id < n; id++)
        ck_assert_uint_eq(seen[id], 1);
    clear();
}
END_TEST

/* A cursor comes from the client. */
START_TEST(a_scan_from_any_cursor_ends)
{
    for (uint32_t id = 0; id < 3000; id++)
        add(id);
    for (int i = 0; i < 50; i++) {
        uint64_t cursor = chance(UINT64_MAX) >> chance(64);
        uint64_t steps = 0;

        do {
            cursor = htable_scan(&table, &host, cursor, see, NULL);
            must(++steps <= table.buckets);
        } while (cursor != 0);
        memset(seen, 0, sizeof(seen));
    }
    clear();
}
END_TEST

static bool see_and_drop(struct item *item, void *ctx)
{
    uint32_t id = key_id(item_key(item));

    see(item, NULL);
    if (mix(id) % *(const uint32_t *)ctx == 0)
        drop(id);
    return true;
}

START_TEST(a_visitor_may_erase_what_it_is_given)
{
    uint32_t ids = 6000, modulo = _i / 2 % 2 == 0 ? 1 : 3;
    uint64_t cursor = 0;

    hash_mask = _i >= 4 ? 0x7 : UINT64_MAX;
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    if (_i % 2 == 0) {
        ck_assert(htable_each(&table, &host, see_and_drop, &modulo));
        for (uint32_t id = 0; id < ids; id++)
            ck_assert_uint_eq(seen[id], 1);
    } else {
        do {
            cursor = htable_scan(&table, &host, cursor, see_and_drop, &modulo);
        } while (cursor != 0);
        for (uint32_t id = 0; id < ids; id++)
            ck_assert_uint_ge(seen[id], 1);
    }
    must_equal_model(ids);
    if (modulo == 1)
        ck_assert_uint_eq(row_account.blocks, 0);
    clear();
}
END_TEST

static bool see_some(struct item *item, void *ctx)
{
    see(item, NULL);
    return --*(int *)ctx > 0;
}

START_TEST(a_visitor_may_have_enough)
{
    int left = 37, count = 0;

    for (uint32_t id = 0; id < 1000; id++)
        add(id);
    ck_assert(!htable_each(&table, &host, see_some, &left));
    for (uint32_t id = 0; id < 1000; id++)
        count += seen[id];
    ck_assert_int_eq(count, 37);
    add(1000); /* and is at an end */
    clear();
}
END_TEST

/* Chi square of as many draws as make 50 for each item; its standard deviation
 * is sqrt(2 n), so six of them are beyond chance. */
START_TEST(items_by_chance_have_the_same_chance)
{
    static const uint32_t sizes[] = {1, 2, 9, 1000, 1500, 5000};
    uint32_t n = sizes[_i];
    static uint32_t drawn[5000];
    double chi = 0;

    for (uint32_t id = 0; id < n; id++)
        add(id);
    for (uint32_t i = 0; i < 50 * n; i++)
        drawn[key_id(item_key(htable_random(&table, &seed)))]++;
    for (uint32_t id = 0; id < n; id++) {
        double off = (double)drawn[id] - 50;

        chi += off * off / 50;
    }
    ck_assert_double_lt(chi, n + 6 * __builtin_sqrt(2.0 * n) + 6);
    clear();
}
END_TEST

START_TEST(chance_finds_the_last_items_of_a_large_table)
{
    htable_reserve(&table, &host, 200000);
    ck_assert_ptr_null(htable_random(&table, &seed));
    add(7);
    ck_assert_ptr_eq(htable_random(&table, &seed), items[7]);
    add(8);
    for (int i = 0; i < 50; i++)
        seen[key_id(item_key(htable_random(&table, &seed)))] = 1;
    ck_assert(seen[7] && seen[8]);
    must_hold();
    clear();
}
END_TEST

START_TEST(clearing_takes_bounded_steps_and_leaves_a_table_between_them)
{
    uint32_t ids = _i == 0 ? 60000 : 6000;

    hash_mask = _i == 0 ? UINT64_MAX : _i == 1 ? 0x1 : 0;
    for (uint32_t id = 0; id < ids; id++)
        add(id);
    for (int i = 0;; i++) {
        uint64_t before = htable_count(&table);

        if (htable_clear_step(&table, &host, 100, release, NULL))
            break;
        must(before - htable_count(&table) <= 108);
        if (i % 64 == 0)
            must_equal_model(ids);
    }
    clear();
}
END_TEST

START_TEST(a_reserved_table_splits_nothing)
{
    static const uint32_t sizes[] = {0, 1, 7, 8, 100, 6655, 6656, 6657, 70000};
    uint32_t n = sizes[_i];
    uint64_t buckets;

    htable_reserve(&table, &host, n);
    must_hold();
    buckets = table.buckets;
    for (uint32_t id = 0; id < n; id++)
        add(id);
    ck_assert_uint_le(table.buckets, buckets + 1);
    must_equal_model(n);
    clear();
}
END_TEST

START_TEST(an_empty_table_answers)
{
    must(find(1, NULL) == NULL);
    ck_assert_uint_eq(htable_scan(&table, &host, 77, see, NULL), 0);
    ck_assert(htable_each(&table, &host, see, NULL));
    ck_assert_ptr_null(htable_random(&table, &seed));
    ck_assert(htable_clear_step(&table, &host, 1, NULL, NULL));
    htable_prefetch_bucket(&table, 1);
    htable_prefetch_item(&table, 1);
    must_hold();
}
END_TEST

/* The check itself must be able to fail. */
START_TEST(a_check_sees_a_wrong_chain_and_a_wrong_count)
{
    for (uint32_t id = 0; id < 1000; id++)
        add(id);
    must_hold();
    table.count++;
    ck_assert_ptr_nonnull(htable_check(&table, &host));
    table.count--;
    table.overflow += 2;
    ck_assert_ptr_nonnull(htable_check(&table, &host));
    table.overflow -= 2;
    hash_mask = UINT64_MAX - 1;
    ck_assert_str_eq(htable_check(&table, &host),
                     "an item is in a wrong chain");
    hash_mask = UINT64_MAX - 0x10000;
    ck_assert_str_eq(htable_check(&table, &host), "a tag is not its item's");
    hash_mask = UINT64_MAX;
    clear();
}
END_TEST

Suite *htable_suite(void)
{
    Suite *s = suite_create("htable");
    TCase *c = tcase_create("htable");

    tcase_add_checked_fixture(c, setup, NULL);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, any_operations_leave_what_the_model_holds, 0,
                        (int)KR_COUNT(masks));
    tcase_add_test(c, a_large_table_grows_and_shrinks_without_a_stall);
    tcase_add_test(c, an_item_costs_twelve_bytes_at_any_size);
    tcase_add_loop_test(c, a_scan_gives_what_stays_whatever_the_table_does, 0,
                        12);
    tcase_add_test(c, a_scan_of_a_table_at_rest_gives_each_once);
    tcase_add_loop_test(c, batches_give_each_once_whatever_their_size, 0, 14);
    tcase_add_test(c, a_scan_from_any_cursor_ends);
    tcase_add_loop_test(c, a_visitor_may_erase_what_it_is_given, 0, 8);
    tcase_add_test(c, a_visitor_may_have_enough);
    tcase_add_loop_test(c, items_by_chance_have_the_same_chance, 0, 6);
    tcase_add_test(c, chance_finds_the_last_items_of_a_large_table);
    tcase_add_loop_test(
        c, clearing_takes_bounded_steps_and_leaves_a_table_between_them, 0, 3);
    tcase_add_loop_test(c, a_reserved_table_splits_nothing, 0, 9);
    tcase_add_test(c, an_empty_table_answers);
    tcase_add_test(c, a_check_sees_a_wrong_chain_and_a_wrong_count);
    suite_add_tcase(s, c);
    return s;
}
