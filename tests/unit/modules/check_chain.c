/* SPDX-License-Identifier: BSD-3-Clause */
/* check_chain - a list's chain of nodes against a plain array of strings.
 *
 * The limits are small, so that every few edits split, join, or squeeze a node.
 * KEYRACK_TEST_SEED in the environment repeats a run. */
#include "modules/list/chain.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/module/memory_interface.h"
#include "modules/list/module.h"
#include "tests/unit/suites.h"

/* What the host would write. */
const struct kr_memory *kr_memory = &memory_interface;
kr_module *list_self;

enum { MODEL_MAX = 600, TEXT_MAX = 700 };

#define must(claim)                                                            \
    do {                                                                       \
        if (!(claim))                                                          \
            ck_abort_msg("not so: %s", #claim);                                \
    } while (0)

/* --- Chance -------------------------------------------------------------- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static void seed_set(int loop)
{
    const char *given = getenv("KEYRACK_TEST_SEED");

    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)time(NULL) * 1000003 + (uint64_t)loop * 77 + 1;
    printf("chain: KEYRACK_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
}

/* --- The model ----------------------------------------------------------- */

struct model {
    char *text[MODEL_MAX + 1];
    size_t size[MODEL_MAX + 1];
    size_t count;
};

static void model_insert(struct model *model, size_t at, struct kr_str text)
{
    memmove(model->text + at + 1, model->text + at,
            (model->count - at) * sizeof(char *));
    memmove(model->size + at + 1, model->size + at,
            (model->count - at) * sizeof(size_t));
    model->text[at] = malloc(text.size + 1);
    memcpy(model->text[at], text.data, text.size);
    model->size[at] = text.size;
    model->count++;
}

static void model_remove(struct model *model, size_t at, size_t count)
{
    for (size_t i = at; i < at + count; i++)
        free(model->text[i]);
    memmove(model->text + at, model->text + at + count,
            (model->count - at - count) * sizeof(char *));
    memmove(model->size + at, model->size + at + count,
            (model->count - at - count) * sizeof(size_t));
    model->count -= count;
}

static bool model_is(const struct model *model, size_t at, struct kr_str text)
{
    return model->size[at] == text.size &&
           memcmp(model->text[at], text.data, text.size) == 0;
}

/* --- Texts --------------------------------------------------------------- */

/* Good until the next one. */
static struct kr_str text_draw(void)
{
    static char room[TEXT_MAX];
    size_t size;

    switch (draw(8)) {
    case 0:
    case 1:
    case 2: /* one of few */
        size = (size_t)snprintf(room, sizeof(room), "%d", (int)draw(4));
        break;
    case 3:
        size = (size_t)snprintf(room, sizeof(room), "%lld",
                                (long long)draw(UINT64_MAX));
        break;
    case 4:
        size = draw(TEXT_MAX);
        memset(room, 'h', size);
        break;
    default:
        size = draw(40);
        for (size_t i = 0; i < size; i++)
            room[i] = (char)('a' + draw(5));
    }
    return kr_str(room, size);
}

/* --- Both ---------------------------------------------------------------- */

static struct kr_str chain_text(struct chain *chain, uint64_t index, char *text)
{
    struct place place = chain_seek(chain, index);
    const struct node *node = chain_node(chain, place.node);
    const void *inside = chain_read(chain, place.node);

    if (node->plain)
        return kr_str(inside, node_size(node));
    return listpack_bytes(inside, place.at, text);
}

static void must_hold(struct chain *chain, const struct model *model)
{
    char text[LISTPACK_TEXT];

    must(chain_check(chain));
    must(chain->count == model->count);
    for (size_t i = 0; i < model->count; i++)
        must(model_is(model, i, chain_text(chain, i, text)));
    chain_close(chain);
}

/* What is deep inside is squeezed if that pays, and no end is. */
static void must_be_squeezed(const struct chain *chain,
                             const struct limits *limits)
{
    for (uint32_t i = 0; limits->depth > 0 && i < chain->length; i++)
        if (i < limits->depth || chain->length - i <= limits->depth)
            must(!chain_node(chain, i)->squeezed);
}

static void step_push(struct chain *chain, struct model *model,
                      const struct limits *limits)
{
    struct element element = {.bytes = text_draw()};
    bool front = draw(2);

    model_insert(model, front ? 0 : model->count, element.bytes);
    chain_push(chain, limits, front, &element);
}

static void step_insert(struct chain *chain, struct model *model,
                        const struct limits *limits)
{
    struct element element = {.bytes = text_draw()};
    size_t at = draw(model->count + 1);

    model_insert(model, at, element.bytes);
    if (draw(10) == 0) { /* it may come in a blob */
        element.blob = kr_memory->blob_new(element.bytes.size, 0);
        memcpy(element.blob->data, element.bytes.data, element.bytes.size);
    }
    chain_insert(chain, limits, at, &element);
}

static void step_replace(struct chain *chain, struct model *model,
                         const struct limits *limits)
{
    struct element element = {.bytes = text_draw()};
    size_t at = draw(model->count);

    model_remove(model, at, 1);
    model_insert(model, at, element.bytes);
    chain_replace(chain, limits, at, &element);
}

static void step_remove(struct chain *chain, struct model *model,
                        const struct limits *limits)
{
    size_t at = draw(model->count);

    model_remove(model, at, 1);
    chain_remove(chain, limits, at);
}

static void step_drop(struct chain *chain, struct model *model,
                      const struct limits *limits)
{
    size_t count = draw(20) ? draw(8) : draw(model->count + 1);
    bool front = draw(2);
    struct chain *cut;

    if (count > model->count)
        count = model->count;
    model_remove(model, front ? 0 : model->count - count, count);
    cut = chain_drop(chain, limits, front, count);
    if (cut)
        chain_free(cut);
}

static void step_remove_equal(struct chain *chain, struct model *model,
                              const struct limits *limits)
{
    struct kr_str text = text_draw();
    uint64_t most = draw(3) ? 1 + draw(5) : UINT64_MAX, gone = 0;
    bool back = draw(2);

    for (size_t i = 0; i < model->count && gone < most;) {
        size_t at = back ? model->count - 1 - i : i;

        if (model_is(model, at, text)) {
            model_remove(model, at, 1);
            gone++;
        } else {
            i++;
        }
    }
    must(chain_remove_equal(chain, limits, text, most, back) == gone);
}

static void (*const steps[])(struct chain *, struct model *,
                             const struct limits *) = {
    step_push,    step_insert, step_push, step_insert,
    step_replace, step_remove, step_drop, step_remove_equal,
};

static const struct limits limit_rows[] = {
    {128, UINT32_MAX, 0, 112}, {600, UINT32_MAX, 0, 584},
    {300, 1, 0, 284},          {300, 4, 0, 20},
    {200, UINT32_MAX, 1, 184}, {400, UINT32_MAX, 2, 384},
    {400, 6, 3, 384},
};

static void model_free(struct model *model)
{
    model_remove(model, 0, model->count);
}

START_TEST(any_edits_leave_what_a_plain_array_would_hold)
{
    struct limits limits = limit_rows[_i];
    struct model model = {.count = 0};
    size_t before = kr_memory->used();
    struct chain *chain = chain_new();

    seed_set(_i);
    for (int step = 0; step < 6000; step++) {
        if (model.count == 0)
            step_push(chain, &model, &limits);
        else if (model.count >= MODEL_MAX)
            step_drop(chain, &model, &limits);
        else
            steps[draw(KR_COUNT(steps))](chain, &model, &limits);
        must_be_squeezed(chain, &limits);
        if (step % 8 == 0 || model.count < 8)
            must_hold(chain, &model);
    }
    model_free(&model);
    chain_free(chain);
    ck_assert_uint_eq(kr_memory->used(), before);
}
END_TEST

START_TEST(limits_may_change_at_any_time)
{
    struct model model = {.count = 0};
    struct chain *chain = chain_new();

    seed_set(_i);
    for (int step = 0; step < 6000; step++) {
        struct limits limits = limit_rows[draw(KR_COUNT(limit_rows))];

        if (model.count == 0)
            step_push(chain, &model, &limits);
        else if (model.count >= MODEL_MAX)
            step_drop(chain, &model, &limits);
        else
            steps[draw(KR_COUNT(steps))](chain, &model, &limits);
        if (step % 8 == 0)
            must_hold(chain, &model);
    }
    model_free(&model);
    chain_free(chain);
}
END_TEST

/* --- Particular chains --------------------------------------------------- */

static struct chain *chain_of_numbers(const struct limits *limits,
                                      uint64_t count)
{
    struct chain *chain = chain_new();
    char text[LISTPACK_TEXT];

    for (uint64_t i = 0; i < count; i++) {
        struct element element = {
            .bytes = kr_str(text, listpack_number_text((int64_t)i, text))};

        chain_push(chain, limits, false, &element);
    }
    return chain;
}

START_TEST(a_copy_holds_the_same_and_shares_no_listpack)
{
    struct limits limits = {256, UINT32_MAX, 1, 240};
    struct chain *chain = chain_of_numbers(&limits, 2000);
    static const char zeros[300];
    struct element huge = {.bytes = kr_str(zeros, sizeof(zeros))};
    struct kr_str text;
    char room[LISTPACK_TEXT];
    struct chain *copy;

    chain_push(chain, &limits, true, &huge);
    copy = chain_copy(chain);
    ck_assert_uint_eq(copy->count, 2001);
    ck_assert_ptr_eq(chain_node(copy, 0)->blob, chain_node(chain, 0)->blob);
    (void)chain_drop(chain, &limits, true, 1500);
    ck_assert(chain_check(copy));
    text = chain_text(copy, 1234, room);
    ck_assert(kr_str_equal(text, KR_STR("1233")));
    chain_free(chain);
    text = chain_text(copy, 0, room);
    ck_assert(kr_str_equal(text, huge.bytes));
    chain_free(copy);
}
END_TEST

START_TEST(many_nodes_are_cut_off_whole)
{
    struct limits limits = {128, 16, 0, 112};
    struct chain *chain = chain_of_numbers(&limits, 16 * 1000);
    struct chain *cut = chain_drop(chain, &limits, _i, 16 * 900 + 1);

    ck_assert_ptr_nonnull(cut);
    ck_assert_uint_eq(cut->length, 900);
    ck_assert_uint_eq(chain->length, 100);
    ck_assert_uint_eq(chain->count, 16 * 100 - 1);
    ck_assert(chain_check(chain));
    ck_assert_uint_le(chain->room, 512); /* the ring shrinks with it */
    chain_free(cut);
    chain_free(chain);
}
END_TEST

START_TEST(compression_takes_less_memory)
{
    struct limits limits = {8192, UINT32_MAX, 0, 8176};
    struct element element = {.bytes = KR_STR("the same again and again")};
    struct chain *chain = chain_new();
    size_t raw, squeezed;

    for (int i = 0; i < 20000; i++)
        chain_push(chain, &limits, false, &element);
    raw = chain_memory(chain, 0);
    chain_free(chain);
    chain = chain_new();
    limits.depth = 1;
    for (int i = 0; i < 20000; i++)
        chain_push(chain, &limits, false, &element);
    squeezed = chain_memory(chain, 0);
    ck_assert_uint_lt(squeezed, raw / 5);
    (void)chain_read(chain, chain->length / 2);
    ck_assert_uint_gt(chain_memory(chain, 0), squeezed);
    chain_close(chain);
    ck_assert_uint_eq(chain_memory(chain, 0), squeezed);
    chain_free(chain);
}
END_TEST

/* A queue: what is added at one end is taken at the other. */
START_TEST(a_queue_stays_as_small_as_what_is_in_it)
{
    struct limits limits = {8192, UINT32_MAX, 0, 8176};
    struct chain *chain = chain_of_numbers(&limits, 5000);
    size_t before = chain_memory(chain, 0);

    for (int i = 0; i < 200000; i++) {
        struct element element = {.bytes = KR_STR("12345")};

        chain_push(chain, &limits, _i, &element);
        ck_assert_ptr_null(chain_drop(chain, &limits, !_i, 1));
    }
    ck_assert(chain_check(chain));
    ck_assert_uint_eq(chain->count, 5000);
    ck_assert_uint_lt(chain_memory(chain, 0), before * 2 + 16384);
    chain_free(chain);
}
END_TEST

START_TEST(inserting_at_one_place_fills_nodes)
{
    struct limits limits = {1024, UINT32_MAX, 0, 1008};
    struct chain *chain = chain_of_numbers(&limits, 2000);

    for (uint64_t i = 0; i < 20000; i++) {
        struct element element = {.bytes = KR_STR("1000000")};

        chain_insert(chain, &limits, 1000 + (i * 7919) % 100, &element);
    }
    ck_assert(chain_check(chain));
    /* 6 bytes each, so 100 % would be some 130 nodes. */
    ck_assert_uint_lt(chain->length, 300);
    chain_free(chain);
}
END_TEST

Suite *chain_suite(void)
{
    Suite *suite = suite_create("chain");
    TCase *model = tcase_create("model");
    TCase *cases = tcase_create("cases");

    tcase_set_timeout(model, 120);
    tcase_add_loop_test(model, any_edits_leave_what_a_plain_array_would_hold, 0,
                        KR_COUNT(limit_rows));
    tcase_add_loop_test(model, limits_may_change_at_any_time, 0, 3);
    suite_add_tcase(suite, model);
    tcase_add_test(cases, a_copy_holds_the_same_and_shares_no_listpack);
    tcase_add_loop_test(cases, many_nodes_are_cut_off_whole, 0, 2);
    tcase_add_test(cases, compression_takes_less_memory);
    tcase_add_loop_test(cases, a_queue_stays_as_small_as_what_is_in_it, 0, 2);
    tcase_add_test(cases, inserting_at_one_place_fills_nodes);
    suite_add_tcase(suite, cases);
    return suite;
}
