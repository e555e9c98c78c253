/* SPDX-License-Identifier: BSD-3-Clause */
/* check_wheel - the wheel of expiring keys against a plain list of times.
 *
 * The model is an array: the hash of item i has i in its low bits, and due[i]
 * is when it falls due.  KEYRACK_TEST_SEED in the environment repeats a run. */
#include "core/keyspace/wheel.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"
#include "kr/base.h"
#include "tests/unit/suites.h"

#define ITEMS_MAX 1000000
#define START_MS  INT64_C(1700000000000)
#define YEAR_MS   (INT64_C(365) * 24 * 3600 * 1000)
#define ABSENT    (-1)

/* A claim in a loop: ck_assert() costs a system call even where it holds. */
#define must(claim)                                                            \
    do {                                                                       \
        if (!(claim))                                                          \
            ck_abort_msg("not so: %s", #claim);                                \
    } while (0)

static struct wheel wheel;
static int64_t due_ms[ITEMS_MAX]; /* ABSENT: not in the wheel */
static uint16_t stamps[ITEMS_MAX];
static int64_t now_ms;
static int64_t last_due_ms; /* of the delivery before */
static bool in_order;       /* is the order to be expected? */
static bool early;          /* may an item fall due early? */
static uint64_t delivered;
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
    return (mix(id) & UINT64_C(0xffffffff00000000)) | id;
}

static uint32_t id_of(const struct wheel_item *item)
{
    uint32_t id = (uint32_t)item->hash;

    must(id < ITEMS_MAX);
    must(item->hash == (hash_of(id) & UINT64_C(0xff000000ffffffff)));
    return id;
}

static int64_t tick_of(int64_t ms)
{
    return (ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
}

static void add(uint32_t id, int64_t when)
{
    due_ms[id] = when;
    stamps[id] = wheel_add(&wheel, hash_of(id), when);
}

/* As the keyspace would do: what comes early goes back. */
static void take(const struct wheel_item *items, size_t count, void *ctx)
{
    (void)ctx;
    must(count >= 1 && count <= WHEEL_BATCH);
    for (size_t i = 0; i < count; i++) {
        uint32_t id = id_of(&items[i]);
        int64_t when = due_ms[id];

        must(when != ABSENT);
        must(stamps[id] == items[i].stamp);
        if (when > now_ms) {
            must(early);
            add(id, when);
            continue;
        }
        if (in_order)
            must(tick_of(when) >= tick_of(last_due_ms));
        last_due_ms = when;
        due_ms[id] = ABSENT;
        delivered++;
    }
}

static void must_hold(void)
{
    const char *wrong = wheel_check(&wheel);

    if (wrong != NULL)
        ck_abort_msg("%s", wrong);
}

static int64_t model_first(uint32_t ids)
{
    int64_t first = WHEEL_NEVER;

    for (uint32_t id = 0; id < ids; id++) {
        if (due_ms[id] != ABSENT && due_ms[id] < first)
            first = due_ms[id];
    }
    return first;
}

static uint64_t model_count(uint32_t ids)
{
    uint64_t count = 0;

    for (uint32_t id = 0; id < ids; id++)
        count += due_ms[id] != ABSENT;
    return count;
}

/* Nothing due has been left behind: what remains is later than this tick. */
static void must_be_up_to_date(uint32_t ids)
{
    for (uint32_t id = 0; id < ids; id++) {
        if (due_ms[id] != ABSENT)
            must(tick_of(due_ms[id]) > now_ms / WHEEL_TICK_MS);
    }
}

static void setup(void)
{
    const char *text = getenv("KEYRACK_TEST_SEED");

    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    printf("check_wheel: KEYRACK_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (uint32_t id = 0; id < ITEMS_MAX; id++)
        due_ms[id] = ABSENT;
    now_ms = START_MS + (int64_t)chance(1u << 30);
    last_due_ms = 0;
    in_order = true;
    early = false;
    delivered = 0;
    used_before = memory_used();
    wheel_init(&wheel, now_ms);
}

static void teardown(void)
{
    while (!wheel_clear_step(&wheel, 100))
        must_hold();
    must_hold();
    ck_assert_uint_eq(wheel_pending(&wheel), 0);
    ck_assert_uint_eq(wheel_memory(&wheel), 0);
    ck_assert_uint_eq(memory_used(), used_before);
}

/* --- What the wheel promises --------------------------------------------- */

START_TEST(an_empty_wheel_owns_nothing_and_waits_for_nothing)
{
    struct wheel_item item;

    ck_assert_uint_eq(memory_used(), used_before);
    ck_assert_int_eq(wheel_next_due_ms(&wheel), WHEEL_NEVER);
    ck_assert(!wheel_sample_first(&wheel, &seed, &item));
    ck_assert(!wheel_sample_any(&wheel, &seed, &item));
    ck_assert(!wheel_advance(&wheel, now_ms + YEAR_MS, 10, NULL, NULL));
    ck_assert(wheel_compact_step(&wheel, 10, NULL, NULL));
    ck_assert(wheel_clear_step(&wheel, 1));
    must_hold();
}
END_TEST

/* Around every border between ticks, buckets, windows and levels. */
START_TEST(an_item_falls_due_in_its_tick_and_not_before)
{
    for (unsigned bits = 0; bits < 36; bits++) {
        for (int64_t off = -17; off <= 17; off++) {
            int64_t when = now_ms + (INT64_C(1) << bits) + off;

            if (when <= now_ms)
                continue;
            add(0, when);
            now_ms = tick_of(when) * WHEEL_TICK_MS - 1;
            must(!wheel_advance(&wheel, now_ms, 100, take, NULL));
            must(due_ms[0] == when);
            must(wheel_next_due_ms(&wheel) <= tick_of(when) * WHEEL_TICK_MS);
            must_hold();
            now_ms++;
            must(!wheel_advance(&wheel, now_ms, 100, take, NULL));
            must(due_ms[0] == ABSENT);
            must(wheel_memory(&wheel) == 0);
            last_due_ms = 0;
        }
    }
}
END_TEST

/* How far times are ahead, how far time jumps, and the budget. */
static const struct {
    int64_t ahead_ms;
    int64_t step_ms;
    size_t budget;
} worlds[] = {
    {1000, 20, 1000},
    {5000, 100, 7},
    {60000, 500, 100},
    {3600000, 4000, 50},
    {3600000, 700000, 1},
    {86400000, 5000000, 200},
    {10 * YEAR_MS / 100, 100000000, 64},
    {3 * YEAR_MS, 10 * YEAR_MS / 100, 500},
};

START_TEST(random_times_fall_due_in_order_whatever_the_budget)
{
    const uint32_t ids = 3000;
    const size_t budget = worlds[_i].budget;

    for (int round = 0; round < 400; round++) {
        uint64_t burst = chance(40);
        bool more;

        for (; burst > 0; burst--) {
            uint32_t id = (uint32_t)chance(ids);

            if (due_ms[id] == ABSENT)
                add(id, now_ms + 1 +
                            (int64_t)chance((uint64_t)worlds[_i].ahead_ms));
        }
        must(model_count(ids) == 0 ||
             wheel_next_due_ms(&wheel) <= model_first(ids) + WHEEL_TICK_MS);
        now_ms += (int64_t)chance((uint64_t)worlds[_i].step_ms);
        do {
            uint64_t before = delivered;

            more = wheel_advance(&wheel, now_ms, budget, take, NULL);
            must(delivered - before <= budget);
            must_hold();
            must(wheel_pending(&wheel) == model_count(ids));
        } while (more);
        must_be_up_to_date(ids);
    }
    in_order = false;
    now_ms += worlds[_i].ahead_ms + WHEEL_TICK_MS;
    while (wheel_advance(&wheel, now_ms, budget, take, NULL))
        continue;
    ck_assert_uint_eq(model_count(ids), 0);
    ck_assert_uint_eq(wheel_memory(&wheel), 0);
}
END_TEST

/* Time goes on while the wheel lags behind: the order holds all the same. */
START_TEST(a_lagging_wheel_keeps_the_order)
{
    const uint32_t ids = 20000;

    for (uint32_t id = 0; id < ids; id++)
        add(id, now_ms + 1 + (int64_t)chance(20 * 60 * 1000));
    for (int i = 0; i < 1000 && wheel_pending(&wheel) > 0; i++) {
        now_ms += (int64_t)chance(3000);
        wheel_advance(&wheel, now_ms, 30, take, NULL);
        if (i % 10 == 0)
            must_hold();
    }
    ck_assert_uint_gt(delivered, 1000);
    now_ms += 20 * 60 * 1000;
    while (wheel_advance(&wheel, now_ms, 1000, take, NULL))
        must_hold();
    ck_assert_uint_eq(delivered, ids);
}
END_TEST

START_TEST(a_million_items_in_one_second_go_in_slices)
{
    const int64_t start_ms = now_ms;
    const size_t budget = 2000;

    for (uint32_t id = 0; id < ITEMS_MAX; id++)
        add(id, start_ms + 3600000 + (int64_t)chance(1000));
    must_hold();
    ck_assert_uint_lt(wheel_memory(&wheel), 9 * (uint64_t)ITEMS_MAX);
    /* As a server calls: every second while nothing happens, then more often.
     * All is in level 0 before it is due, and nothing is left to move then. */
    while (now_ms < start_ms + 3600000 - 100) {
        now_ms += now_ms < start_ms + 3600000 - 20000 ? 1000 : 5;
        must(!wheel_advance(&wheel, now_ms, budget, take, NULL));
    }
    must_hold();
    ck_assert_uint_eq(wheel.level[0]->items, ITEMS_MAX);
    ck_assert_uint_eq(delivered, 0);
    now_ms = start_ms + 3601000 + WHEEL_TICK_MS;
    for (uint64_t calls = 1; calls <= ITEMS_MAX / budget; calls++) {
        ck_assert(wheel_next_due_ms(&wheel) <= now_ms);
        wheel_advance(&wheel, now_ms, budget, take, NULL);
        must(delivered == calls * budget);
    }
    ck_assert_uint_eq(delivered, ITEMS_MAX);
}
END_TEST

START_TEST(the_past_falls_due_with_the_next_call)
{
    in_order = false;
    add(0, now_ms - 5000);
    add(1, 0);
    add(2, INT64_MIN);
    add(3, now_ms);
    ck_assert_int_le(wheel_next_due_ms(&wheel), now_ms);
    now_ms += WHEEL_TICK_MS;
    ck_assert(!wheel_advance(&wheel, now_ms, 10, take, NULL));
    ck_assert_uint_eq(delivered, 4);
}
END_TEST

/* It adds for the past what it is given, for ever. */
static void add_again(const struct wheel_item *items, size_t count, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        delivered++;
        wheel_add(&wheel, items[i].hash, 0);
    }
}

START_TEST(what_is_added_for_the_past_meanwhile_waits_for_the_next_call)
{
    for (uint32_t id = 0; id < 10; id++)
        add(id, now_ms + 100);
    now_ms += 5000;
    for (uint64_t i = 1; i <= 5; i++) {
        ck_assert(!wheel_advance(&wheel, now_ms, 1000, add_again, NULL));
        ck_assert_uint_eq(delivered, 10 * i);
        must_hold();
        now_ms += WHEEL_TICK_MS;
    }
}
END_TEST

START_TEST(times_beyond_the_last_level_come_early_and_go_back)
{
    early = true;
    add(0, now_ms + 40 * YEAR_MS);
    add(1, INT64_MAX);
    for (int i = 0; i < 400; i++) {
        ck_assert(due_ms[0] != ABSENT);
        now_ms += YEAR_MS / 10;
        ck_assert(!wheel_advance(&wheel, now_ms, 100, take, NULL));
        must_hold();
    }
    now_ms += WHEEL_TICK_MS;
    ck_assert(!wheel_advance(&wheel, now_ms, 100, take, NULL));
    ck_assert_int_eq(due_ms[0], ABSENT);
    ck_assert_uint_eq(wheel_pending(&wheel), 1);
    now_ms += 500 * YEAR_MS; /* in one jump */
    ck_assert(!wheel_advance(&wheel, now_ms, 10000, take, NULL));
    ck_assert_int_eq(due_ms[1], INT64_MAX);
}
END_TEST

START_TEST(a_clock_set_back_makes_nothing_late)
{
    const uint32_t ids = 500;

    early = true;
    in_order = false;
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < 10; i++) {
            uint32_t id = (uint32_t)chance(ids);

            if (due_ms[id] == ABSENT)
                add(id, now_ms + 1 + (int64_t)chance(100000));
        }
        now_ms += (int64_t)chance(2000);
        if (chance(40) == 0)
            now_ms -= (int64_t)chance(40000);
        else if (chance(20) == 0)
            now_ms -= (int64_t)chance(30);
        while (wheel_advance(&wheel, now_ms, 20, take, NULL))
            continue;
        must_hold();
        /* A second is what the wheel does not notice. */
        for (uint32_t id = 0; id < ids; id++)
            must(due_ms[id] == ABSENT || due_ms[id] > now_ms - 1100);
    }
    ck_assert_uint_gt(delivered, 100);
}
END_TEST

START_TEST(two_wheels_are_swapped_as_structs)
{
    struct wheel other, third;

    wheel_init(&other, now_ms);
    for (uint32_t id = 0; id < 100; id++)
        add(id, now_ms + 1 + (int64_t)chance(100000));
    third = wheel, wheel = other, other = third;
    ck_assert_uint_eq(wheel_pending(&wheel), 0);
    third = wheel, wheel = other, other = third;
    now_ms += 100000;
    now_ms += WHEEL_TICK_MS;
    ck_assert(!wheel_advance(&wheel, now_ms, 1000, take, NULL));
    ck_assert_uint_eq(delivered, 100);
}
END_TEST

/* --- Samples ------------------------------------------------------------- */

START_TEST(samples_are_pending_items_and_the_first_ones_if_wanted)
{
    static uint32_t drawn[1000];
    struct wheel_item item;
    uint32_t different = 0;

    memset(drawn, 0, sizeof(drawn));
    for (uint32_t id = 0; id < 1000; id++)
        add(id, now_ms + 200000 + (int64_t)chance(10000000));
    for (uint32_t id = 0; id < 5; id++)
        add(1000 + id, now_ms + 3000);
    for (int i = 0; i < 20000; i++) {
        uint32_t id;

        must(wheel_sample_first(&wheel, &seed, &item));
        id = id_of(&item);
        must(id >= 1000 && item.stamp == stamps[id]);
        must(wheel_sample_any(&wheel, &seed, &item));
        id = id_of(&item);
        must(due_ms[id] != ABSENT && item.stamp == stamps[id]);
        if (id < 1000)
            drawn[id]++;
    }
    for (uint32_t id = 0; id < 1000; id++)
        different += drawn[id] != 0;
    ck_assert_uint_gt(different, 900);
}
END_TEST

/* --- Stale items --------------------------------------------------------- */

static bool is_live(const struct wheel_item *item, void *ctx)
{
    uint32_t id = id_of(item);

    ++*(uint64_t *)ctx;
    return due_ms[id] != ABSENT && stamps[id] == item->stamp;
}

static void take_live(const struct wheel_item *items, size_t count, void *ctx)
{
    uint64_t asked;

    for (size_t i = 0; i < count; i++) {
        uint32_t id = id_of(&items[i]);

        if (!is_live(&items[i], &asked) || due_ms[id] > now_ms)
            continue;
        take(&items[i], 1, ctx);
    }
}

START_TEST(compaction_bounds_what_ever_shorter_times_leave)
{
    const uint32_t ids = 1000;
    uint64_t examined = 0, most = 0, additions = 0;

    in_order = false;
    for (int round = 0; round < 200; round++) {
        for (uint32_t id = 0; id < ids; id++) {
            int64_t ahead = (int64_t)(200 - round) * 100000;

            add(id, now_ms + ahead + (int64_t)chance(100000));
            additions++;
            if (wheel_wants_compact(&wheel, ids)) {
                uint64_t before = examined;

                wheel_compact_step(&wheel, 4, is_live, &examined);
                must(examined - before <= 4);
            }
            if (wheel_pending(&wheel) > most)
                most = wheel_pending(&wheel);
        }
        must_hold();
        now_ms += (int64_t)chance(50000);
        while (wheel_advance(&wheel, now_ms, 100, take_live, NULL))
            continue;
        must_be_up_to_date(ids);
    }
    ck_assert_uint_le(most, (2 * ids + 1024) * 5 / 4);
    ck_assert_uint_le(examined, additions * 3);
    while (!wheel_compact_step(&wheel, 100, is_live, &examined))
        must_hold();
    while (!wheel_compact_step(&wheel, 100, is_live, &examined))
        must_hold();
    /* Two items of a key can have one stamp by chance; both seem to live. */
    ck_assert_uint_le(wheel_pending(&wheel), model_count(ids) + 20);
}
END_TEST

/* A sweep of one item at a time, while the wheel turns below it. */
START_TEST(compaction_loses_nothing_while_time_passes)
{
    const uint32_t ids = 2000;
    uint64_t examined = 0;

    for (uint32_t id = 0; id < ids; id++)
        add(id, now_ms + 1 + (int64_t)chance(4000000));
    while (wheel_pending(&wheel) > 0) {
        uint64_t steps = chance(8);
        struct wheel_item item;

        for (; steps > 0; steps--)
            wheel_compact_step(&wheel, chance(3), is_live, &examined);
        if (wheel_sample_any(&wheel, &seed, &item))
            must(is_live(&item, &examined));
        must(model_count(ids) == 0 ||
             wheel_next_due_ms(&wheel) <= model_first(ids) + WHEEL_TICK_MS);
        must_hold();
        now_ms += (int64_t)chance(5000);
        while (wheel_advance(&wheel, now_ms, 5, take, NULL))
            continue;
        must_be_up_to_date(ids);
    }
    ck_assert_uint_eq(delivered, ids);
}
END_TEST

START_TEST(clearing_goes_in_steps)
{
    uint64_t examined = 0, before;
    bool done;

    for (uint32_t id = 0; id < 10000; id++)
        add(id, now_ms + 1 + (int64_t)chance(40000000));
    wheel_compact_step(&wheel, 100, is_live, &examined);
    do {
        before = wheel_pending(&wheel);
        done = wheel_clear_step(&wheel, 3);
        must(before - wheel_pending(&wheel) <= 3 * 63);
        must_hold();
    } while (!done);
    add(0, now_ms + 100);
    must_hold();
}
END_TEST

START_TEST(check_notices_damage)
{
    add(0, now_ms + 100);
    add(1, now_ms + 100000);
    wheel.pending++;
    ck_assert_ptr_nonnull(wheel_check(&wheel));
    wheel.pending--;
    wheel.memory++;
    ck_assert_ptr_nonnull(wheel_check(&wheel));
    wheel.memory--;
    wheel.level[1]->items--;
    ck_assert_ptr_nonnull(wheel_check(&wheel));
    wheel.level[1]->items++;
    wheel.level[0]->occupied[3] ^= 1;
    ck_assert_ptr_nonnull(wheel_check(&wheel));
    wheel.level[0]->occupied[3] ^= 1;
    wheel.tick += 1 << 16;
    ck_assert_ptr_nonnull(wheel_check(&wheel));
    wheel.tick -= 1 << 16;
    must_hold();
}
END_TEST

Suite *wheel_suite(void)
{
    Suite *suite = suite_create("wheel");
    TCase *tc = tcase_create("wheel");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, an_empty_wheel_owns_nothing_and_waits_for_nothing);
    tcase_add_test(tc, an_item_falls_due_in_its_tick_and_not_before);
    tcase_add_loop_test(tc, random_times_fall_due_in_order_whatever_the_budget,
                        0, (int)KR_COUNT(worlds));
    tcase_add_test(tc, a_lagging_wheel_keeps_the_order);
    tcase_add_test(tc, a_million_items_in_one_second_go_in_slices);
    tcase_add_test(tc, the_past_falls_due_with_the_next_call);
    tcase_add_test(
        tc, what_is_added_for_the_past_meanwhile_waits_for_the_next_call);
    tcase_add_test(tc, times_beyond_the_last_level_come_early_and_go_back);
    tcase_add_test(tc, a_clock_set_back_makes_nothing_late);
    tcase_add_test(tc, two_wheels_are_swapped_as_structs);
    tcase_add_test(tc, samples_are_pending_items_and_the_first_ones_if_wanted);
    tcase_add_test(tc, compaction_bounds_what_ever_shorter_times_leave);
    tcase_add_test(tc, compaction_loses_nothing_while_time_passes);
    tcase_add_test(tc, clearing_goes_in_steps);
    tcase_add_test(tc, check_notices_damage);
    suite_add_tcase(suite, tc);
    return suite;
}
