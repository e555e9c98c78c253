/* SPDX-License-Identifier: BSD-3-Clause */
#include "modules/hyperloglog/sparse.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Runs in a block of exactly their size, so that a sanitizer sees each byte
 * that is read too far; and the registers that they should say. */
struct model {
    uint8_t *runs;
    size_t size;
    uint8_t registers[SKETCH_REGISTERS];
};

static unsigned seed;

static void start(const char *name)
{
    seed = (unsigned)time(NULL);
    printf("sparse: %s: seed %u\n", name, seed);
    srand(seed);
}

static uint32_t dice(uint32_t below)
{
    return (uint32_t)rand() % below;
}

static struct kr_str runs_of(const struct model *model)
{
    return kr_str((const char *)model->runs, model->size);
}

static void exact(struct model *model, size_t size)
{
    uint8_t *runs = malloc(size ? size : 1);

    memcpy(runs, model->runs, size < model->size ? size : model->size);
    free(model->runs);
    model->runs = runs;
}

static void model_init(struct model *model)
{
    memset(model->registers, 0, sizeof(model->registers));
    model->size = 2;
    model->runs = malloc(2);
    sparse_clear(model->runs);
}

static void apply(struct model *model, const struct sparse_edit *edit)
{
    size_t foreseen = sparse_size_after(model->size, edit), size;

    exact(model, foreseen > model->size ? foreseen : model->size);
    size = sparse_apply(model->runs, model->size, edit);
    ck_assert_uint_le(size, foreseen);
    model->size = size;
    exact(model, size);
}

static void raise_register(struct model *model, struct sparse_place *place,
                           struct register_rank rank)
{
    struct sparse_edit edit;
    enum sparse_outcome outcome =
        sparse_plan(runs_of(model), place, rank, &edit);

    if (rank.value <= model->registers[rank.index]) {
        ck_assert_int_eq(outcome, SPARSE_SAME);
        return;
    }
    ck_assert_int_eq(outcome, SPARSE_EDIT);
    apply(model, &edit);
    model->registers[rank.index] = rank.value;
}

static void compare(const struct model *model)
{
    uint8_t registers[SKETCH_REGISTERS] = {0};
    uint32_t histogram[REGISTER_VALUES] = {0}, expected[REGISTER_VALUES] = {0};

    ck_assert(sparse_merge(runs_of(model), registers));
    ck_assert_mem_eq(registers, model->registers, SKETCH_REGISTERS);
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        expected[model->registers[i]]++;
    ck_assert(sparse_count(runs_of(model), histogram));
    ck_assert_mem_eq(histogram, expected, sizeof(expected));
}

/* Values as a hash gives them, mostly; and often near the ones before. */
static struct register_rank any_rank(uint32_t near)
{
    uint32_t span = dice(3) ? SKETCH_REGISTERS : 40;

    return (struct register_rank){
        .index = (near + dice(span)) % SKETCH_REGISTERS,
        .value = (uint8_t)(1 + dice(dice(8) ? 3 : SPARSE_VALUE_MAX)),
    };
}

START_TEST(registers_are_raised_as_in_plain_form)
{
    struct model model;
    uint32_t near = 0;

    start("plain");
    model_init(&model);
    compare(&model);
    for (int i = 0; i < 6000; i++) {
        struct sparse_place place = {0, 0};
        struct register_rank rank = any_rank(near);

        near = rank.index;
        raise_register(&model, &place, rank);
        if (i % 16 == 0)
            compare(&model);
    }
    compare(&model);
    free(model.runs);
}
END_TEST

/* The same edits, once with searches from the beginning and once with ones that
 * go on, give the same bytes. */
START_TEST(a_search_may_go_on_from_the_last)
{
    start("place");
    for (int round = 0; round < 10; round++) {
        struct model from_start, going_on;
        uint32_t step = 1 + dice(round % 2 ? 40 : 300);

        model_init(&from_start);
        model_init(&going_on);
        for (int pass = 0; pass < 3; pass++) {
            struct sparse_place place = {0, 0};

            for (uint32_t i = dice(step); i < SKETCH_REGISTERS;
                 i += 1 + dice(step)) {
                struct register_rank rank = any_rank(0);
                struct sparse_place none = {0, 0};

                rank.index = i;
                raise_register(&from_start, &none, rank);
                raise_register(&going_on, &place, rank);
            }
            ck_assert_uint_eq(from_start.size, going_on.size);
            ck_assert_mem_eq(from_start.runs, going_on.runs, going_on.size);
        }
        compare(&going_on);
        free(from_start.runs);
        free(going_on.runs);
    }
}
END_TEST

/* Runs that no server writes are sound all the same: short ones said long, or
 * not joined. */
static void model_wild(struct model *model)
{
    uint8_t runs[SPARSE_SIZE_MAX];
    uint32_t left = SKETCH_REGISTERS;
    size_t size = 0;

    while (left) {
        uint32_t kind = dice(4), length, index = SKETCH_REGISTERS - left;
        uint8_t value = 0;

        length = 1 + dice(kind == 0 ? 64 : kind == 1 ? 600 : 4);
        if (length > left)
            length = left;
        if (kind == 0) {
            runs[size++] = (uint8_t)(length - 1);
        } else if (kind == 1) {
            runs[size++] = (uint8_t)(0x40 | (length - 1) >> 8);
            runs[size++] = (uint8_t)(length - 1);
        } else {
            value = (uint8_t)(1 + dice(kind == 2 ? 2 : SPARSE_VALUE_MAX));
            runs[size++] = (uint8_t)(0x80 | (value - 1) << 2 | (length - 1));
        }
        memset(model->registers + index, value, length);
        left -= length;
    }
    model->runs = malloc(size);
    memcpy(model->runs, runs, size);
    model->size = size;
}

START_TEST(runs_of_any_shape_can_be_edited)
{
    start("wild");
    for (int round = 0; round < 30; round++) {
        struct model model;

        model_wild(&model);
        compare(&model);
        for (int i = 0; i < 200; i++) {
            struct sparse_place place = {0, 0};

            raise_register(&model, &place, any_rank(0));
        }
        compare(&model);
        free(model.runs);
    }
}
END_TEST

/* Neighbours of one value become one run, up to four of them. */
START_TEST(equal_neighbours_join)
{
    struct model model;
    static const uint8_t expected[] = {0x63, 0xe7, 0x8b, 0x88, 0x5c, 0x12};

    model_init(&model);
    for (uint32_t i = 0; i < 5; i++) {
        struct sparse_place place = {0, 0};

        raise_register(&model, &place, (struct register_rank){9192 + i, 3});
    }
    ck_assert_uint_eq(model.size, sizeof(expected));
    ck_assert_mem_eq(model.runs, expected, sizeof(expected));
    free(model.runs);
}
END_TEST

/* clang-format off */
static const struct {
    const char *bytes;
    size_t size;
} broken[] = {
    {"", 0}, {"\x7f", 1}, {"\x7f\xfe", 2}, {"\x7f\xff\x00", 3},
    {"\x83\x7f\xff", 3}, {"\x7f\xff\xff", 3}, {"\x7f\xff\x7f\xff", 4},
    {"\x7f\xfe\x40", 3}, {"\x7f\xff\x40", 3},
};
/* clang-format on */

START_TEST(what_is_no_16384_registers_is_broken)
{
    uint32_t histogram[REGISTER_VALUES] = {0};
    uint8_t registers[SKETCH_REGISTERS] = {0};
    struct model model = {.size = broken[_i].size};

    model.runs = malloc(model.size ? model.size : 1);
    memcpy(model.runs, broken[_i].bytes, model.size);
    ck_assert(!sparse_count(runs_of(&model), histogram));
    ck_assert(!sparse_merge(runs_of(&model), registers));
    free(model.runs);
}
END_TEST

START_TEST(nothing_outside_of_broken_runs_is_touched)
{
    start("hostile");
    for (int round = 0; round < 20000; round++) {
        struct model model = {.size = dice(40)};
        uint32_t histogram[REGISTER_VALUES] = {0};
        struct sparse_place place = {0, 0};
        struct sparse_edit edit;

        model.runs = malloc(model.size ? model.size : 1);
        for (size_t i = 0; i < model.size; i++)
            model.runs[i] = (uint8_t)dice(256);
        (void)sparse_count(runs_of(&model), histogram);
        (void)sparse_merge(runs_of(&model), model.registers);
        for (uint32_t i = dice(500); i < SKETCH_REGISTERS;
             i += 1 + dice(2000)) {
            struct register_rank rank = any_rank(0);

            rank.index = i;
            if (sparse_plan(runs_of(&model), &place, rank, &edit) ==
                SPARSE_EDIT)
                apply(&model, &edit);
        }
        free(model.runs);
    }
}
END_TEST

Suite *sparse_suite(void)
{
    Suite *suite = suite_create("sparse");
    TCase *tcase = tcase_create("sparse");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, registers_are_raised_as_in_plain_form);
    tcase_add_test(tcase, a_search_may_go_on_from_the_last);
    tcase_add_test(tcase, runs_of_any_shape_can_be_edited);
    tcase_add_test(tcase, equal_neighbours_join);
    tcase_add_loop_test(tcase, what_is_no_16384_registers_is_broken, 0,
                        (int)KR_COUNT(broken));
    tcase_add_test(tcase, nothing_outside_of_broken_runs_is_touched);
    suite_add_tcase(suite, tcase);
    return suite;
}
