/* SPDX-License-Identifier: BSD-3-Clause */
/* check_intset - against a plain sorted array, and against Redis's bytes.
 *
 * As in check_listpack.c, a set stands in a block of exactly its size, one byte
 * off alignment. */

#include "modules/compact/intset.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/modules/compact_dumps.h"
#include "tests/unit/suites.h"

struct pack {
    char *block;
    char *bytes; /* block + 1 */
};

static void pack_room(struct pack *pack, size_t size)
{
    pack->block = realloc(pack->block, size + 1);
    ck_assert_ptr_nonnull(pack->block);
    pack->bytes = pack->block + 1;
}

static struct pack pack_new(void)
{
    struct pack pack = {NULL, NULL};

    pack_room(&pack, INTSET_EMPTY);
    intset_init(pack.bytes);
    return pack;
}

static bool pack_add(struct pack *pack, int64_t value)
{
    size_t place, size;

    if (intset_find(pack->bytes, value, &place))
        return false;
    size = intset_size_for(pack->bytes, value);
    pack_room(pack, size);
    intset_insert(pack->bytes, place, value);
    ck_assert_uint_eq(intset_size(pack->bytes), size);
    return true;
}

static bool pack_remove(struct pack *pack, int64_t value)
{
    size_t place;

    if (!intset_find(pack->bytes, value, &place))
        return false;
    intset_delete(pack->bytes, place);
    pack_room(pack, intset_size(pack->bytes));
    return true;
}

static struct kr_str pack_str(const struct pack *pack)
{
    return kr_str(pack->bytes, intset_size(pack->bytes));
}

/* --- Random edits -------------------------------------------------------- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static const int64_t limits[] = {INT16_MIN, INT16_MAX, INT32_MIN,
                                 INT32_MAX, INT64_MIN, INT64_MAX};

/* Wider values come later, so that a set is of each width for a while. */
static int64_t value_draw(int step)
{
    size_t width = step < 300 ? 0 : step < 600 ? 1 : 2;

    switch (draw(10)) {
    case 0: /* a limit of the width or next to it, inside */
        if (draw(2))
            return limits[2 * width] + (int64_t)draw(3);
        return limits[2 * width + 1] - (int64_t)draw(3);
    case 1:
        return (int64_t)(draw(UINT64_MAX) << 11) >> (width == 0   ? 48
                                                     : width == 1 ? 32
                                                                  : 0);
    default:
        return (int64_t)draw(200) - 100;
    }
}

enum { MODEL_MAX = 1000 };

struct model {
    int64_t values[MODEL_MAX];
    size_t count;
};

/* The index of the first value that is not below. */
static size_t model_rank(const struct model *model, int64_t value)
{
    size_t i = 0;

    while (i < model->count && model->values[i] < value)
        i++;
    return i;
}

static bool model_holds(const struct model *model, const void *set)
{
    int64_t values[7];
    size_t index = 0, count;

    if (intset_count(set) != model->count)
        return false;
    while ((count = intset_batch(set, index, values, 7)) > 0) {
        if (memcmp(values, model->values + index, count * sizeof(*values)))
            return false;
        if (intset_get(set, index) != values[0])
            return false;
        index += count;
    }
    return index == model->count;
}

START_TEST(any_edits_leave_what_a_sorted_array_would_hold)
{
    const char *given = getenv("SEED");
    struct pack pack = pack_new();
    struct model model = {.count = 0};

    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)time(NULL) * 1000003 + (uint64_t)_i * 77 + 1;
    printf("intset: SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (int step = 0; step < MODEL_MAX; step++) {
        int64_t value = value_draw(step);
        size_t rank = model_rank(&model, value), place;
        int64_t *at = model.values + rank;
        bool there = rank < model.count && *at == value;

        ck_assert(intset_find(pack.bytes, value, &place) == there);
        ck_assert_uint_eq(place, rank);
        if (draw(3)) {
            ck_assert(pack_add(&pack, value) == !there);
            if (!there) {
                memmove(at + 1, at, (model.count++ - rank) * sizeof(*at));
                *at = value;
            }
        } else {
            ck_assert(pack_remove(&pack, value) == there);
            if (there)
                memmove(at, at + 1, (--model.count - rank) * sizeof(*at));
        }
        ck_assert_msg(intset_check(pack_str(&pack)) &&
                          model_holds(&model, pack.bytes),
                      "step %d", step);
    }
    ck_assert_uint_eq(intset_width(pack.bytes), 8);
    ck_assert_int_eq(intset_min(pack.bytes), model.values[0]);
    ck_assert_int_eq(intset_max(pack.bytes), model.values[model.count - 1]);
    free(pack.block);
}
END_TEST

START_TEST(an_empty_set_holds_nothing_and_takes_any_value_first)
{
    struct pack pack = pack_new();
    int64_t value;
    size_t place = 7;

    ck_assert(intset_check(pack_str(&pack)));
    ck_assert(!intset_find(pack.bytes, 0, &place));
    ck_assert_uint_eq(place, 0);
    ck_assert_uint_eq(intset_batch(pack.bytes, 0, &value, 1), 0);
    ck_assert(pack_add(&pack, limits[_i]));
    ck_assert(intset_check(pack_str(&pack)));
    ck_assert(intset_min(pack.bytes) == limits[_i]);
    ck_assert(intset_max(pack.bytes) == limits[_i]);
    ck_assert(pack_remove(&pack, limits[_i]));
    ck_assert_uint_eq(intset_size(pack.bytes), INTSET_EMPTY);
    free(pack.block);
}
END_TEST

START_TEST(a_value_wider_than_the_set_is_not_in_it)
{
    struct pack pack = pack_new();
    size_t place;

    pack_add(&pack, -1);
    pack_add(&pack, 1);
    /* Cut to 16 bits these would be -1 and 1. */
    ck_assert(!intset_find(pack.bytes, 0xffff, &place));
    ck_assert_uint_eq(place, 2);
    ck_assert(!intset_find(pack.bytes, -0xffff, &place));
    ck_assert_uint_eq(place, 0);
    free(pack.block);
}
END_TEST

/* --- Hostile bytes ------------------------------------------------------- */

#define ROW(bytes)                                                             \
    {                                                                          \
        bytes, sizeof(bytes) - 1                                               \
    }

static const struct kr_str broken[] = {
    ROW(""),
    ROW("\2\0\0\0\0\0\0"),
    ROW("\0\0\0\0\0\0\0\0"), /* widths that are none */
    ROW("\1\0\0\0\1\0\0\0\1"),
    ROW("\3\0\0\0\1\0\0\0\1\0\0"),
    ROW("\x10\0\0\0\0\0\0\0"),
    ROW("\2\0\0\0\1\0\0\0\1"),     /* too few bytes */
    ROW("\2\0\0\0\1\0\0\0\1\0\0"), /* too many */
    ROW("\2\0\0\0\xff\xff\xff\xff\1\0"),
    ROW("\x8\0\0\0\0\0\0\x20"),          /* 8 times the count is 2^32 */
    ROW("\2\0\0\0\2\0\0\0\1\0\1\0"),     /* twice */
    ROW("\2\0\0\0\2\0\0\0\2\0\1\0"),     /* descending */
    ROW("\2\0\0\0\2\0\0\0\1\0\xff\xff"), /* 1, -1 */
};

START_TEST(broken_bytes_are_refused)
{
    struct pack pack = {NULL, NULL};

    pack_room(&pack, broken[_i].size);
    memcpy(pack.bytes, broken[_i].data, broken[_i].size);
    ck_assert(!intset_check(kr_str(pack.bytes, broken[_i].size)));
    free(pack.block);
}
END_TEST

/* --- Redis's bytes ------------------------------------------------------- */

START_TEST(values_become_the_bytes_that_redis_writes)
{
    const struct intset_dump *dump = &intset_dumps[_i];
    struct pack pack = pack_new();

    for (size_t i = 0; i < dump->added; i++)
        ck_assert(pack_add(&pack, dump->values[i]));
    for (size_t i = 0; i < dump->removed; i++)
        ck_assert(pack_remove(&pack, dump->values[dump->added + i]));
    ck_assert_msg(
        kr_str_equal(pack_str(&pack), kr_str(dump->bytes, dump->size)), "%s",
        dump->name);
    ck_assert(intset_check(kr_str(dump->bytes, dump->size)));
    free(pack.block);
}
END_TEST

Suite *intset_suite(void)
{
    Suite *suite = suite_create("intset");
    TCase *tcase = tcase_create("intset");

    tcase_add_loop_test(tcase, any_edits_leave_what_a_sorted_array_would_hold,
                        0, 8);
    tcase_add_loop_test(tcase,
                        an_empty_set_holds_nothing_and_takes_any_value_first, 0,
                        (int)KR_COUNT(limits));
    tcase_add_test(tcase, a_value_wider_than_the_set_is_not_in_it);
    tcase_add_loop_test(tcase, broken_bytes_are_refused, 0,
                        (int)KR_COUNT(broken));
    tcase_add_loop_test(tcase, values_become_the_bytes_that_redis_writes, 0,
                        (int)KR_COUNT(intset_dumps));
    suite_add_tcase(suite, tcase);
    return suite;
}
