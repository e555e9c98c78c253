/* SPDX-License-Identifier: BSD-3-Clause */
/* check_join - what two tables have in common, against what was put in.
 *
 * The tables are of any sizes, a load that shrinks leaves them larger than
 * their items need, and hashes are made worse by a mask, so that a bucket of one
 * meets one, several or a part of one of the other's. */
#include "modules/structure/join.h"

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define IDS_MAX 60000u

enum { IN_A = 1, IN_B = 2 };

static struct account account;
static uint64_t hash_mask;
static uint8_t where[IDS_MAX]; /* IN_ */
static uint8_t seen[IDS_MAX];

static uint64_t hash_of(struct kr_str key)
{
    uint32_t id;

    memcpy(&id, key.data, sizeof(id));
    return mix(id) & hash_mask;
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

static struct kr_str key_of(const uint32_t *id)
{
    return kr_str((const char *)id, sizeof(*id));
}

static void add(struct htable *t, uint32_t id)
{
    htable_insert(t, &host, hash_of(key_of(&id)),
                  item_new(&host, key_of(&id), 0));
}

static void drop(struct htable *t, uint32_t id)
{
    struct htable_place at;
    struct item *item = htable_find(t, key_of(&id), hash_of(key_of(&id)), &at);

    must(item != NULL);
    htable_erase(t, &host, hash_of(key_of(&id)), &at);
    structure_free(&host, item);
}

static bool release(struct item *item, void *unused)
{
    (void)unused;
    structure_free(&host, item);
    return true;
}

/* `count` ids of those below `below`, and some more that go again. */
static void fill(struct htable *t, uint8_t bit, uint32_t count, uint32_t below,
                 uint32_t extra)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = (uint32_t)chance(below);

        if (!(where[id] & bit))
            add(t, id);
        where[id] |= bit;
    }
    for (uint32_t id = below; id < below + extra; id++)
        add(t, id);
    for (uint32_t id = below; id < below + extra; id++)
        drop(t, id);
}

static uint64_t join_all(const struct htable *a, const struct htable *b,
                         size_t size)
{
    struct item *got[64];
    uint64_t place = 0, all = 0;
    size_t count;

    memset(seen, 0, sizeof(seen));
    while ((count = join_batch(a, b, &place, got, size)) > 0) {
        must(count <= size);
        all += count;
        for (size_t i = 0; i < count; i++) {
            uint32_t id;

            memcpy(&id, item_key(got[i]).data, sizeof(id));
            must(where[id] == (IN_A | IN_B));
            must(seen[id]++ == 0);
        }
    }
    must(join_batch(a, b, &place, got, size) == 0);
    return all;
}

START_TEST(a_join_gives_what_both_have)
{
    static const uint64_t masks[] = {UINT64_MAX, 0xffff000f, 0xff, 0};
    struct htable a = {0}, b = {0};
    uint64_t common = 0;
    uint32_t most;

    seed_set("join");
    hash_mask = masks[_i % 4];
    most = hash_mask == 0 ? 60 : hash_mask == 0xff ? 2000 : 20000;
    memset(where, 0, sizeof(where));
    fill(&a, IN_A, (uint32_t)chance(most), most, (uint32_t)chance(most / 2));
    fill(&b, IN_B, (uint32_t)chance(most), most, (uint32_t)chance(most * 2));
    for (uint32_t id = 0; id < most; id++)
        common += where[id] == (IN_A | IN_B);
    ck_assert_uint_eq(join_all(&a, &b, 1 + (size_t)chance(64)), common);
    ck_assert_uint_eq(join_all(&b, &a, 32), common);
    ck_assert_ptr_null(htable_check(&a, &host));
    htable_clear_step(&a, &host, SIZE_MAX, release, NULL);
    htable_clear_step(&b, &host, SIZE_MAX, release, NULL);
    ck_assert_uint_eq(account.bytes, 0);
}
END_TEST

/* A full bucket of one id each: every relation that two sizes can have. */
START_TEST(tables_of_all_sizes_meet)
{
    struct htable b = {0};

    seed_set("join");
    hash_mask = UINT64_MAX;
    memset(where, 0, sizeof(where));
    for (uint32_t id = 0; id < 400; id++) {
        add(&b, id);
        where[id] |= IN_B;
        if (id % 3 == 0) {
            struct htable a = {0};

            for (uint32_t i = 0; i <= id; i += 2) {
                add(&a, i + 1);
                where[i + 1] |= IN_A;
            }
            ck_assert_uint_eq(join_all(&a, &b, 5), (id + 1) / 2);
            ck_assert_uint_eq(join_all(&b, &a, 5), (id + 1) / 2);
            htable_clear_step(&a, &host, SIZE_MAX, release, NULL);
        }
    }
    htable_clear_step(&b, &host, SIZE_MAX, release, NULL);
}
END_TEST

START_TEST(nothing_meets_nothing)
{
    struct htable a = {0}, b = {0};

    hash_mask = UINT64_MAX;
    ck_assert(join_pays(&a, &b));
    ck_assert_uint_eq(join_all(&a, &b, 8), 0);
    memset(where, 0, sizeof(where));
    fill(&a, IN_A, 100, 1000, 0);
    ck_assert_uint_eq(join_all(&a, &b, 8), 0);
    ck_assert_uint_eq(join_all(&b, &a, 8), 0);
    fill(&b, IN_B, 20000, 50000, 0);
    ck_assert(!join_pays(&a, &b));
    ck_assert(join_pays(&b, &a));
    htable_clear_step(&a, &host, SIZE_MAX, release, NULL);
    htable_clear_step(&b, &host, SIZE_MAX, release, NULL);
}
END_TEST

Suite *join_suite(void)
{
    Suite *s = suite_create("join");
    TCase *c = tcase_create("join");

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, a_join_gives_what_both_have, 0, 24);
    tcase_add_test(c, tables_of_all_sizes_meet);
    tcase_add_test(c, nothing_meets_nothing);
    suite_add_tcase(s, c);
    return s;
}
