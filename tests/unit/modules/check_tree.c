/* SPDX-License-Identifier: BSD-3-Clause */
/* check_tree - the tree against a sorted array.
 *
 * The array is kept in order by moving what is behind, and searched from its
 * beginning: too simple to be wrong.  Nodes and items have accounts of their
 * own, so tree_memory() is compared with what was allocated, to the byte, after
 * every change. */
#include "modules/structure/tree.h"

#include <math.h>

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define MODEL_MAX 4000

/* Figures are those of nodes as they are; check_tree_tall.c has others. */
#define REAL_NODES (TREE_LEAF == 62)

static struct account node_account, item_account;
static const struct structure_host node_host = {account_alloc, account_free,
                                                NULL, &node_account};
static const struct structure_host item_host = {account_alloc, account_free,
                                                NULL, &item_account};
static struct tree tree;
static struct tree_entry model[MODEL_MAX + 1];
static size_t model_count;

static void setup(void)
{
    seed_set("tree");
}

/* --- Order, told once more ----------------------------------------------- */

static int string_order(struct kr_str a, struct kr_str b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        int order = (int)(unsigned char)a.data[i] - (unsigned char)b.data[i];

        if (order != 0)
            return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

static int order(struct tree_entry e, double score, struct kr_str key)
{
    if (e.score != score)
        return e.score < score ? -1 : 1;
    return string_order(item_key(e.item), key);
}

/* Where the entry is, or would be. */
static size_t model_find(double score, struct kr_str key, bool *found)
{
    size_t at = 0;

    while (at < model_count && order(model[at], score, key) < 0)
        at++;
    *found = at < model_count && order(model[at], score, key) == 0;
    return at;
}

/* --- Entries by chance --------------------------------------------------- */

/* What scores there are: most different, few, one, or such as are hard. */
enum scores { SCORES_MANY, SCORES_FEW, SCORES_ONE, SCORES_HARD, SCORES_KINDS };

static double score_by_chance(enum scores kind)
{
    static const double hard[] = {-INFINITY, -1e308, -1,      -5e-324,
                                  -0.0,      0.0,    5e-324,  1,
                                  1e17,      1e308,  INFINITY};

    switch (kind) {
    case SCORES_MANY:
        return (double)(int64_t)chance(1 << 20) / 16 - 30000;
    case SCORES_FEW:
        return (double)chance(7);
    case SCORES_ONE:
        return 1;
    case SCORES_HARD:
        return hard[chance(KR_COUNT(hard))];
    case SCORES_KINDS:
        break;
    }
    return 0;
}

/* Keys that begin alike, end with NUL, have high bytes, or are empty. */
static struct kr_str key_by_chance(char *room)
{
    static const char alphabet[] = {'\0',   '\x01', 'a',   'b',
                                    '\x7f', '\x80', '\xff'};
    size_t size = chance(2) ? chance(6) : 4 + chance(4);

    for (size_t i = 0; i < size; i++)
        room[i] = alphabet[chance(sizeof(alphabet))];
    return kr_str(room, size);
}

/* --- The tree and its model, changed together ---------------------------- */

static void must_hold(void)
{
    const char *wrong = tree_check(&tree);

    if (wrong != NULL)
        ck_abort_msg("%s", wrong);
    must(tree_memory(&tree) == node_account.bytes);
    must(tree.leaves + tree.inners == node_account.blocks);
    must(tree_count(&tree) == model_count);
}

static void add(double score, struct kr_str key)
{
    bool found;
    size_t at = model_find(score, key, &found);
    uint64_t position;

    must(tree_find(&tree, score, key, &position, NULL) == found);
    must(position == at);
    if (found || model_count == MODEL_MAX)
        return;
    memmove(model + at + 1, model + at, (model_count - at) * sizeof(*model));
    model[at] = (struct tree_entry){score, item_new(&item_host, key, 0)};
    model_count++;
    if (chance(2))
        tree_insert(&tree, &node_host, score, model[at].item);
    else
        tree_load(&tree, &node_host, score, model[at].item);
}

static void model_drop(size_t at)
{
    model_count--;
    memmove(model + at, model + at + 1, (model_count - at) * sizeof(*model));
}

static void drop(size_t at)
{
    struct tree_entry e = model[at];

    must(tree_erase(&tree, &node_host, e.score, item_key(e.item)) == e.item);
    structure_free(&item_host, e.item);
    model_drop(at);
}

static void move(size_t at, double score)
{
    struct tree_entry e = model[at];
    bool found;
    size_t to;

    model_find(score, item_key(e.item), &found);
    if (found && score != e.score)
        return;
    tree_move(&tree, &node_host, e.item, e.score, score);
    model_drop(at);
    to = model_find(score, item_key(e.item), &found);
    memmove(model + to + 1, model + to, (model_count - to) * sizeof(*model));
    model[to] = (struct tree_entry){score, e.item};
    model_count++;
}

static void relocate(size_t at)
{
    struct tree_entry e = model[at];

    model[at].item = item_new(&item_host, item_key(e.item), 0);
    if (at % 2) {
        tree_replace(&tree, e.score, e.item, model[at].item);
        structure_free(&item_host, e.item);
    } else { /* as one who has been told that it moved: the old one is gone */
        structure_free(&item_host, e.item);
        tree_replace_at(&tree, at, model[at].item);
    }
}

/* The entry that erasing a range is to give next. */
static void release(double score, struct item *item, void *ctx)
{
    size_t *at = ctx;

    must(model[*at].score == score && model[*at].item == item);
    structure_free(&item_host, item);
    model_drop(*at);
}

static void drop_range(size_t at, size_t count)
{
    size_t before = model_count;
    size_t here = at < before ? before - at : 0;

    must(tree_erase_range(&tree, &node_host, at, count, release, &at) ==
         (count < here ? count : here));
    must(before - model_count == (count < here ? count : here));
}

static void free_all(double score, struct item *item, void *ctx)
{
    (void)score;
    (void)ctx;
    structure_free(&item_host, item);
}

static void clear(void)
{
    while (!tree_clear_step(&tree, &node_host, 1000, free_all, NULL))
        ;
    model_count = 0;
    ck_assert_uint_eq(node_account.blocks, 0);
    ck_assert_uint_eq(item_account.blocks, 0);
    ck_assert_uint_eq(tree_memory(&tree), 0);
}

/* --- Questions ----------------------------------------------------------- */

/* Gap `position` as `at` shows it: what is behind it and what is before. */
static void must_be_gap(struct tree_place at, size_t position)
{
    struct tree_entry batch[5];
    struct tree_place back = at;
    size_t max = 1 + chance(5);
    size_t n = tree_forward(&at, batch, max);

    must(n == (model_count - position < max ? model_count - position : max));
    for (size_t i = 0; i < n; i++)
        must(batch[i].item == model[position + i].item &&
             batch[i].score == model[position + i].score);
    n = tree_backward(&back, batch, max);
    must(n == (position < max ? position : max));
    for (size_t i = 0; i < n; i++)
        must(batch[i].item == model[position - 1 - i].item);
}

static void ask_score(double score, bool after)
{
    struct tree_place at;
    size_t expected = 0;

    while (expected < model_count && (after ? model[expected].score <= score
                                            : model[expected].score < score))
        expected++;
    must(tree_seek_score(&tree, score, after, &at) == expected);
    must_be_gap(at, expected);
}

/* Where scores are equal. */
static void ask_key(struct kr_str key, bool after)
{
    struct tree_place at;
    size_t expected = 0;

    while (expected < model_count &&
           string_order(item_key(model[expected].item), key) < (int)after)
        expected++;
    must(tree_seek_key(&tree, key, after, &at) == expected);
    must_be_gap(at, expected);
}

static void ask_position(void)
{
    size_t position = chance(model_count + 3);
    struct tree_place at;

    tree_seek(&tree, position, &at);
    must_be_gap(at, position < model_count ? position : model_count);
}

static void ask(enum scores kind)
{
    char room[16];
    struct tree_place at;
    bool found;

    ask_position();
    ask_score(score_by_chance(kind), chance(2));
    if (kind == SCORES_ONE)
        ask_key(key_by_chance(room), chance(2));
    if (model_count > 0) {
        size_t i = chance(model_count);
        struct tree_entry e = model[i];
        uint64_t position;

        must(tree_find(&tree, e.score, item_key(e.item), &position, &at));
        must(position == i);
        must_be_gap(at, i);
        ask_score(e.score, chance(2));
        if (kind == SCORES_ONE)
            ask_key(item_key(e.item), chance(2));
    }
    {
        double score = score_by_chance(kind);
        struct kr_str key = key_by_chance(room);

        model_find(score, key, &found);
        if (!found)
            must(tree_erase(&tree, &node_host, score, key) == NULL);
    }
}

static void must_equal_model(void)
{
    struct tree_entry batch[100];
    struct tree_place at;
    size_t n, i = 0;

    tree_seek(&tree, 0, &at);
    while ((n = tree_forward(&at, batch, 1 + chance(100))) != 0) {
        for (size_t j = 0; j < n; j++, i++)
            must(batch[j].item == model[i].item &&
                 batch[j].score == model[i].score);
    }
    ck_assert_uint_eq(i, model_count);
    while ((n = tree_backward(&at, batch, 1 + chance(100))) != 0) {
        for (size_t j = 0; j < n; j++)
            must(batch[j].item == model[--i].item);
    }
    ck_assert_uint_eq(i, 0);
}

/* --- Claims -------------------------------------------------------------- */

static void change(enum scores kind, size_t grow)
{
    char room[16];

    if (model_count == 0 || chance(100) < grow) {
        add(score_by_chance(kind), key_by_chance(room));
        return;
    }
    switch (chance(8)) {
    case 0:
        relocate(chance(model_count));
        break;
    case 1:
        move(chance(model_count), score_by_chance(kind));
        break;
    case 2: {
        size_t at = chance(model_count);

        move(at, model[at].score + (chance(2) ? 1.0 / 16 : -1.0 / 16));
        if (kind == SCORES_ONE)
            drop_range(0, 1), drop_range(model_count - 1, 1);
        break;
    }
    case 3:
        if (chance(10) == 0)
            drop_range(chance(model_count), chance(200));
        break;
    default:
        drop(chance(model_count));
    }
}

/* Where all scores must be equal, moving would spoil that: undo it. */
static void level_scores(void)
{
    for (size_t i = 0; i < model_count;) {
        if (model[i].score != 1)
            drop(i);
        else
            i++;
    }
}

START_TEST(any_operations_leave_what_a_sorted_array_holds)
{
    enum scores kind = (enum scores)(_i % SCORES_KINDS);
    size_t steps = _i < SCORES_KINDS ? 9000 : 25000;
    size_t size = _i < SCORES_KINDS ? 300 : 3500;

    for (size_t i = 0; i < steps; i++) {
        /* It grows to `size`, falls to nothing, and so on. */
        bool fall = i / (2 * size) % 2 == 1;

        change(kind, fall ? 20 : 85);
        if (kind == SCORES_ONE)
            level_scores();
        if (size < 1000 || i % 16 == 0)
            must_hold();
        ask(kind);
        if (i % 500 == 0)
            must_equal_model();
    }
    must_hold();
    must_equal_model();
    clear();
}
END_TEST

/* Entry i of an order, with a key that tells it. */
static struct item *numbered(uint64_t i)
{
    char room[32];

    return item_new(
        &item_host,
        kr_str(room, (size_t)sprintf(room, "key:%08u", (unsigned)i)), 0);
}

static double bytes_an_entry(void)
{
    return (double)tree_memory(&tree) / (double)tree_count(&tree);
}

#define MANY 200000

START_TEST(insertions_by_chance_take_twelve_bytes_beyond_the_score)
{
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t z = mix(i + seed);

        tree_insert(&tree, &node_host, (double)(z >> 11), numbered(i));
        if (i % 10007 == 0)
            ck_assert_ptr_null(tree_check(&tree));
        /* At any size, not just at a lucky one. */
        if (i > 20000 && i % 1000 == 0)
            must(!REAL_NODES || bytes_an_entry() <= 8 + 12.8);
    }
    ck_assert_ptr_null(tree_check(&tree));
    if (REAL_NODES) {
        printf("tree: %.2f bytes an entry, by chance\n", bytes_an_entry());
        ck_assert_double_le(bytes_an_entry(), 8 + 12);
    }
    clear();
}
END_TEST

START_TEST(insertions_in_order_fill_leaves)
{
    bool up = _i % 2 == 0, load = _i / 2 % 2 == 0, same_score = _i / 4 == 0;

    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t n = up ? i : MANY - i;
        double score = same_score ? 1 : (double)n;

        if (load)
            tree_load(&tree, &node_host, score, numbered(n));
        else
            tree_insert(&tree, &node_host, score, numbered(n));
    }
    ck_assert_ptr_null(tree_check(&tree));
    ck_assert_double_le(bytes_an_entry(), REAL_NODES ? 17.5 : 24);
    clear();
}
END_TEST

START_TEST(a_load_out_of_order_is_put_in_order)
{
    for (uint64_t i = 0; i < 5000; i++)
        tree_load(&tree, &node_host, (double)(mix(i) >> 40), numbered(i));
    ck_assert_ptr_null(tree_check(&tree));
    clear();
}
END_TEST

/* A queue: its leaves are used up at one end and begun at the other. */
START_TEST(a_queue_keeps_little_memory)
{
    for (uint64_t i = 0; i < MANY; i++) {
        tree_insert(&tree, &node_host, (double)i, numbered(i));
        if (i >= 1000)
            must(tree_erase_range(&tree, &node_host, 0, 1, free_all, NULL));
        if (i % 997 == 0)
            ck_assert_ptr_null(tree_check(&tree));
        must(tree_memory(&tree) <
             1000 * (REAL_NODES ? 17 : 24) + 3 * 1016 + 3 * 2100);
    }
    clear();
}
END_TEST

START_TEST(a_small_tree_is_small)
{
    size_t most = 0;

    tree_insert(&tree, &node_host, 1, numbered(0));
    ck_assert_uint_le(tree_memory(&tree), 24 + 4 * 16);
    for (uint64_t i = 1; i < TREE_LEAF; i++) {
        tree_insert(&tree, &node_host, (double)(mix(i) % 100), numbered(i));
        ck_assert_ptr_null(tree_check(&tree));
        most = tree_memory(&tree);
    }
    ck_assert_uint_eq(tree.leaves, 1);
    ck_assert_uint_eq(most, REAL_NODES ? 1016 : 24 + TREE_LEAF * 16);
    clear();
}
END_TEST

/* It once shared 64 entries among three leaves, and gave the middle one less
 * than a leaf between others must have. */
START_TEST(a_full_leaf_between_two_nearly_empty_ones_shares_with_one)
{
    for (uint64_t i = 0; i < 2 * TREE_LEAF; i++)
        tree_insert(&tree, &node_host, (double)i, numbered(i));
    ck_assert_uint_eq(tree.leaves, 3);
    tree_erase_range(&tree, &node_host, 0, TREE_LEAF - 2, free_all, NULL);
    while (tree_seek_score(&tree, 2 * (TREE_LEAF - 1), false, NULL) <
           tree_count(&tree) - 1)
        tree_erase_range(&tree, &node_host, tree_count(&tree) - 1, 1, free_all,
                         NULL);
    ck_assert_uint_eq(tree_count(&tree), 1 + (TREE_LEAF - 1) + 1);
    for (uint64_t i = 0; i < 3; i++) {
        tree_insert(&tree, &node_host, TREE_LEAF + 0.5, numbered(1000 + i));
        ck_assert_ptr_null(tree_check(&tree));
    }
    clear();
}
END_TEST

START_TEST(erasing_most_gives_most_back)
{
    for (uint64_t i = 0; i < MANY; i++)
        tree_insert(&tree, &node_host, (double)(mix(i) >> 11), numbered(i));
    while (tree_count(&tree) > 1000) {
        must(tree_erase_range(&tree, &node_host, chance(tree_count(&tree)), 1,
                              free_all, NULL) == 1);
        if (tree_count(&tree) % 10007 == 0)
            ck_assert_ptr_null(tree_check(&tree));
    }
    ck_assert_ptr_null(tree_check(&tree));
    ck_assert_double_le(bytes_an_entry(), REAL_NODES ? 45 : 70);
    clear();
}
END_TEST

START_TEST(a_range_goes_in_steps_from_the_same_position)
{
    uint64_t left = 150000, erased = 0;

    for (uint64_t i = 0; i < MANY; i++)
        tree_load(&tree, &node_host, (double)i, numbered(i));
    while (left > 0) {
        uint64_t n = tree_erase_range(&tree, &node_host, 20000,
                                      left < 777 ? left : 777, free_all, NULL);

        erased += n;
        left -= n;
        if (erased / 777 % 16 == 0)
            ck_assert_ptr_null(tree_check(&tree));
    }
    ck_assert_uint_eq(tree_count(&tree), MANY - 150000);
    ck_assert_uint_eq(tree_seek_score(&tree, 19999, true, NULL), 20000);
    ck_assert_uint_eq(tree_seek_score(&tree, 170000, false, NULL), 20000);
    ck_assert_uint_eq(tree_erase_range(&tree, &node_host, 50000, 1, NULL, NULL),
                      0);
    clear();
}
END_TEST

START_TEST(clearing_takes_bounded_steps_and_leaves_a_tree_between_them)
{
    uint64_t count = 50000;

    for (uint64_t i = 0; i < count; i++)
        tree_insert(&tree, &node_host, (double)(mix(i) >> 11), numbered(i));
    while (!tree_clear_step(&tree, &node_host, 100, free_all, NULL)) {
        count -= 100;
        ck_assert_uint_eq(tree_count(&tree), count);
        if (count % 2500 == 0)
            ck_assert_ptr_null(tree_check(&tree));
    }
    clear();
}
END_TEST

START_TEST(an_empty_tree_answers)
{
    struct tree_place at;
    struct tree_entry e;

    ck_assert(!tree_find(&tree, 1, KR_STR("a"), NULL, &at));
    ck_assert_uint_eq(tree_seek_score(&tree, INFINITY, true, &at), 0);
    ck_assert_uint_eq(tree_forward(&at, &e, 1), 0);
    ck_assert_uint_eq(tree_seek_key(&tree, KR_STR(""), true, &at), 0);
    ck_assert_uint_eq(tree_backward(&at, &e, 1), 0);
    tree_seek(&tree, 0, &at);
    ck_assert_uint_eq(tree_forward(&at, &e, 1), 0);
    ck_assert_ptr_null(tree_erase(&tree, &node_host, 1, KR_STR("a")));
    ck_assert_uint_eq(tree_erase_range(&tree, &node_host, 0, 9, NULL, NULL), 0);
    ck_assert(tree_clear_step(&tree, &node_host, 1, NULL, NULL));
    ck_assert_ptr_null(tree_check(&tree));
}
END_TEST

/* The check itself must be able to fail. */
START_TEST(a_check_sees_a_wrong_order_and_a_wrong_count)
{
    struct tree_place at;
    struct tree_entry e;

    for (uint64_t i = 0; i < 1000; i++)
        tree_insert(&tree, &node_host, (double)i, numbered(i));
    tree_seek(&tree, 500, &at);
    must(tree_forward(&at, &e, 1) == 1);
    ck_assert_ptr_null(tree_check(&tree));
    tree.count++;
    ck_assert_ptr_nonnull(tree_check(&tree));
    tree.count--;
    ((char *)e.item)[5] = 'z'; /* order by score is not touched */
    ck_assert_ptr_null(tree_check(&tree));
    tree.leaves++;
    ck_assert_ptr_nonnull(tree_check(&tree));
    tree.leaves--;
    clear();
    for (uint64_t i = 0; i < 1000; i++)
        tree_insert(&tree, &node_host, 1, numbered(i));
    tree_seek(&tree, 500, &at);
    must(tree_forward(&at, &e, 1) == 1);
    ((char *)e.item)[5] = 'z';
    ck_assert_str_eq(tree_check(&tree), "entries are out of order");
    ((char *)e.item)[5] = '0';
    clear();
}
END_TEST

Suite *tree_suite(void)
{
    Suite *s = suite_create("tree");
    TCase *model_case = tcase_create("model");
    TCase *large = tcase_create("large");
    TCase *small = tcase_create("small");

    tcase_add_checked_fixture(model_case, setup, NULL);
    tcase_set_timeout(model_case, 120);
    tcase_add_loop_test(model_case,
                        any_operations_leave_what_a_sorted_array_holds, 0,
                        2 * SCORES_KINDS);
    tcase_add_checked_fixture(large, setup, NULL);
    tcase_set_timeout(large, 120);
    tcase_add_test(large,
                   insertions_by_chance_take_twelve_bytes_beyond_the_score);
    tcase_add_loop_test(large, insertions_in_order_fill_leaves, 0, 8);
    tcase_add_test(large, a_queue_keeps_little_memory);
    tcase_add_test(large, erasing_most_gives_most_back);
    tcase_add_test(large, a_range_goes_in_steps_from_the_same_position);
    tcase_add_test(large,
                   clearing_takes_bounded_steps_and_leaves_a_tree_between_them);
    tcase_add_test(small, a_load_out_of_order_is_put_in_order);
    tcase_add_test(small,
                   a_full_leaf_between_two_nearly_empty_ones_shares_with_one);
    tcase_add_test(small, a_small_tree_is_small);
    tcase_add_test(small, an_empty_tree_answers);
    tcase_add_test(small, a_check_sees_a_wrong_order_and_a_wrong_count);
    suite_add_tcase(s, model_case);
    suite_add_tcase(s, large);
    suite_add_tcase(s, small);
    return s;
}
