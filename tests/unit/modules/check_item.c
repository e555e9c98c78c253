/* SPDX-License-Identifier: BSD-3-Clause */
/* check_item - the bytes of an item, and one item in two structures. */
#include "modules/structure/item.h"

#include "modules/structure/htable.h"
#include "modules/structure/tree.h"
#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define MEMBERS 3000

static uint64_t hash_of(struct kr_str s)
{
    uint64_t hash = s.size;

    for (size_t i = 0; i < s.size; i++)
        hash = mix(hash ^ (unsigned char)s.data[i]);
    return hash;
}

static struct account account;
static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

/* Size of a key, and the bytes that it takes with its size before it. */
static const size_t rooms[][2] = {
    {0, 1},
    {1, 2},
    {253, 254},
    {254, 259},
    {255, 260},
    {65536, 65541},
    {1 << 20, (1 << 20) + 5},
};

START_TEST(a_key_of_any_size_comes_back_with_its_tail)
{
    size_t size = rooms[_i][0];
    char *bytes = malloc(size + 1);
    struct item *item;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)mix(i);
    ck_assert_uint_eq(item_string_room(size), rooms[_i][1]);
    item = item_new(&host, kr_str(bytes, size), sizeof(double));
    ck_assert_uint_eq(account.bytes, rooms[_i][1] + sizeof(double));
    item_set_score(item, 0.1);
    must(kr_str_equal(item_key(item), kr_str(bytes, size)));
    must(item_tail(item) == (char *)item + rooms[_i][1]);
    must(item_score(item) == 0.1);
    structure_free(&host, item);
    free(bytes);
    ck_assert_uint_eq(account.blocks, 0);
}
END_TEST

START_TEST(a_value_stands_behind_its_field)
{
    struct kr_str field = KR_STR("field"), value = KR_STR("a value");
    struct item *item = item_new(&host, field, item_string_room(value.size));
    char *end = item_string_put(item_tail(item), value);

    must(end == (char *)item + account.bytes);
    must(kr_str_equal(item_key(item), field));
    must(kr_str_equal(item_string(item_tail(item)), value));
    structure_free(&host, item);
}
END_TEST

/* --- A sorted set: the rules of sharing, played through ---------------------- */

struct sorted {
    struct htable members;
    struct tree scores;
};

static struct kr_str member_name(char *room, uint64_t id)
{
    return kr_str(room, (size_t)sprintf(room, "member:%u", (unsigned)id));
}

static void sorted_add(struct sorted *z, struct kr_str member, double score)
{
    uint64_t hash = hash_of(member);
    struct item *item = htable_find(&z->members, member, hash, NULL);

    if (item == NULL) {
        item = item_new(&host, member, sizeof(score));
        item_set_score(item, score);
        htable_insert(&z->members, &host, hash, item);
        tree_insert(&z->scores, &host, score, item);
    } else {
        tree_move(&z->scores, &host, item, item_score(item), score);
        item_set_score(item, score);
    }
}

static bool sorted_remove(struct sorted *z, struct kr_str member)
{
    uint64_t hash = hash_of(member);
    struct htable_place at;
    struct item *item = htable_find(&z->members, member, hash, &at);

    if (item == NULL)
        return false;
    htable_erase(&z->members, &host, hash, &at);
    must(tree_erase(&z->scores, &host, item_score(item), member) == item);
    structure_free(&host, item);
    return true;
}

/* As defragmentation would: the same bytes elsewhere. */
static void sorted_relocate(struct sorted *z, struct kr_str member)
{
    struct htable_place at;
    struct item *old_item =
        htable_find(&z->members, member, hash_of(member), &at);
    struct item *item;

    if (old_item == NULL)
        return;
    item = item_new(&host, item_key(old_item), sizeof(double));
    item_set_score(item, item_score(old_item));
    htable_replace(&at, item);
    tree_replace(&z->scores, item_score(item), old_item, item);
    structure_free(&host, old_item);
}

static void sorted_must_hold(struct sorted *z)
{
    struct tree_place at;
    struct tree_entry e[7];
    size_t n, total = 0;

    ck_assert_ptr_null(htable_check(&z->members, &host));
    ck_assert_ptr_null(tree_check(&z->scores));
    tree_seek(&z->scores, 0, &at);
    while ((n = tree_forward(&at, e, KR_COUNT(e))) != 0) {
        for (size_t i = 0; i < n; i++) {
            struct kr_str member = item_key(e[i].item);

            must(item_score(e[i].item) == e[i].score);
            must(htable_find(&z->members, member, hash_of(member), NULL) ==
                 e[i].item);
        }
        total += n;
    }
    ck_assert_uint_eq(total, htable_count(&z->members));
    ck_assert_uint_eq(total, tree_count(&z->scores));
}

static void sorted_release(double score, struct item *item, void *ctx)
{
    (void)ctx;
    must(item_score(item) == score);
    structure_free(&host, item);
}

START_TEST(an_item_serves_a_table_and_a_tree)
{
    struct sorted z = {0};
    char room[32];

    seed_set("item");
    for (int i = 0; i < 60000; i++) {
        struct kr_str member = member_name(room, chance(MEMBERS));

        switch (chance(4)) {
        case 0:
            sorted_remove(&z, member);
            break;
        case 1:
            sorted_relocate(&z, member);
            break;
        default:
            sorted_add(&z, member, (double)chance(1000) / 8);
        }
        if (i % 2000 == 0)
            sorted_must_hold(&z);
    }
    sorted_must_hold(&z);
    /* The items go once, with the one of the two that goes last. */
    while (!htable_clear_step(&z.members, &host, 100, NULL, NULL))
        ;
    while (!tree_clear_step(&z.scores, &host, 100, sorted_release, NULL))
        ;
    ck_assert_uint_eq(account.blocks, 0);
    ck_assert_uint_eq(account.bytes, 0);
}
END_TEST

Suite *item_suite(void)
{
    Suite *s = suite_create("item");
    TCase *bytes = tcase_create("bytes");
    TCase *sharing = tcase_create("sharing");

    tcase_add_loop_test(bytes, a_key_of_any_size_comes_back_with_its_tail, 0,
                        (int)KR_COUNT(rooms));
    tcase_add_test(bytes, a_value_stands_behind_its_field);
    tcase_set_timeout(sharing, 60);
    tcase_add_test(sharing, an_item_serves_a_table_and_a_tree);
    suite_add_tcase(s, bytes);
    suite_add_tcase(s, sharing);
    return s;
}
