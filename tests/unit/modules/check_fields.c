/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/hash/fields against a plain array: values, times, and their order. */
#include "modules/hash/fields.h"

#include "tests/unit/modules/structure.h"
#include "tests/unit/suites.h"

#define NAMES 300

static struct account account;

static uint64_t hash_of(struct kr_str key)
{
    uint64_t h = key.size;

    for (size_t i = 0; i < key.size; i++)
        h = mix(h ^ (unsigned char)key.data[i]);
    return h;
}

static const struct structure_host host = {account_alloc, account_free, hash_of,
                                           &account};

/* --- The model ----------------------------------------------------------- */

static struct {
    bool there;
    size_t size; /* of the value, whose bytes are all `fill` */
    char fill;
    int64_t time;
} model[NAMES];

static char bytes[70000];

static struct kr_str name(uint32_t i, char *text)
{
    /* Every tenth name is long. */
    size_t size = (size_t)sprintf(text, "field-%u", i);

    if (i % 10 == 0) {
        memset(text + size, 'x', 260);
        size += 260;
    }
    return kr_str(text, size);
}

static struct kr_str value(size_t size, char fill)
{
    memset(bytes, fill, size);
    return kr_str(bytes, size);
}

static bool is_filled(struct kr_str s, size_t size, char fill)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] != fill)
            return false;
    return s.size == size;
}

static size_t some_size(void)
{
    static const size_t sizes[] = {0,   1,   2,   251, 252,  253,
                                   254, 255, 256, 257, 65536};

    return chance(4) ? (size_t)chance(20) : sizes[chance(KR_COUNT(sizes))];
}

static int64_t some_time(void)
{
    return chance(3) ? 1000 + (int64_t)chance(50)
                     : (INT64_C(1) << 48) - 2 - (int64_t)chance(3);
}

/* --- Steps --------------------------------------------------------------- */

static void step_set(struct fields *f, uint32_t i)
{
    struct fields_place place;
    char text[300], fill = (char)('a' + chance(26));
    struct kr_str field = name(i, text);
    size_t size = some_size();

    must(fields_seek(f, &host, field, &place) == model[i].there);
    if (model[i].there) {
        fields_set_value(f, &host, &place, value(size, fill));
    } else {
        model[i].time = chance(2) ? FIELDS_NEVER : some_time();
        fields_add(f, &host, &place, field, value(size, fill), model[i].time);
    }
    model[i].there = true;
    model[i].size = size;
    model[i].fill = fill;
}

static void step_time(struct fields *f, uint32_t i)
{
    struct fields_place place;
    char text[300];

    must(fields_seek(f, &host, name(i, text), &place) == model[i].there);
    if (!model[i].there)
        return;
    model[i].time = chance(3) ? some_time() : FIELDS_NEVER;
    fields_set_time(f, &host, &place, model[i].time);
    must(fields_time(place.item) == model[i].time);
}

static void step_remove(struct fields *f, uint32_t i)
{
    struct fields_place place;
    char text[300];

    must(fields_seek(f, &host, name(i, text), &place) == model[i].there);
    if (model[i].there)
        fields_remove(f, &host, &place);
    model[i].there = false;
}

static void *move_block(kr_mover *mover, void *block)
{
    size_t size;
    void *moved;

    (void)mover;
    if (chance(2))
        return NULL;
    memcpy(&size, (char *)block - ACCOUNT_HEAD, sizeof(size));
    moved = account_alloc(&account, size);
    memcpy(moved, block, size);
    account_free(&account, block);
    return moved;
}

static void step_move(struct fields *f, uint32_t i)
{
    struct fields_place place;
    char text[300];

    if (fields_seek(f, &host, name(i, text), &place))
        fields_move(f, &host, place.item, move_block, NULL);
}

/* --- What must hold ------------------------------------------------------ */

static void agrees(struct fields *f)
{
    uint64_t there = 0, over = 0;
    int64_t earliest = FIELDS_NEVER;
    char text[300];

    ck_assert_ptr_null(fields_check(f, &host));
    for (uint32_t i = 0; i < NAMES; i++) {
        struct fields_place place;

        must(fields_seek(f, &host, name(i, text), &place) == model[i].there);
        if (!model[i].there)
            continue;
        there++;
        over += model[i].time < 1025;
        if (model[i].time < earliest)
            earliest = model[i].time;
        must(is_filled(fields_value(place.item), model[i].size, model[i].fill));
        must(fields_time(place.item) == model[i].time);
    }
    must(fields_count(f) == there);
    must(fields_expired(f, 1025) == over);
    must(fields_earliest(f) == earliest);
}

/* Those that are due come in order, and no others. */
static void comes_in_order(const struct fields *f)
{
    struct item *due[NAMES];
    uint64_t over = fields_expired(f, 1025);
    size_t few = over < 40 ? (size_t)over : 40;
    int64_t last = 0;

    must(fields_due(f, 1025, due, 40) == few);
    must(fields_due(f, 1025, due, NAMES) == over);
    for (size_t i = 0; i < over; i++) {
        must(fields_time(due[i]) >= last && fields_time(due[i]) < 1025);
        last = fields_time(due[i]);
    }
}

START_TEST(agrees_with_a_plain_array_at_each_step)
{
    struct fields *f = fields_new(&host), *copy;

    memset(model, 0, sizeof(model));
    for (int step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)chance(NAMES);
        uint64_t kind = chance(10 + (step / 4000) % 2 * 8);

        if (kind < 4)
            step_set(f, i);
        else if (kind < 7)
            step_time(f, i);
        else if (kind < 8)
            step_move(f, i);
        else
            step_remove(f, i);
        if (step % 100 == 0) {
            agrees(f);
            comes_in_order(f);
        }
    }
    copy = fields_copy(f, &host);
    fields_free(f, &host);
    agrees(copy);
    fields_free(copy, &host);
    must(account.blocks == 0 && account.bytes == 0);
}
END_TEST

START_TEST(nothing_that_expires_costs_nothing)
{
    struct fields *f = fields_new(&host);
    struct fields_place place;
    size_t bytes_before;

    fields_seek(f, &host, KR_STR("a"), &place);
    fields_add(f, &host, &place, KR_STR("a"), KR_STR("1"), FIELDS_NEVER);
    bytes_before = account.bytes;
    must(fields_seek(f, &host, KR_STR("a"), &place));
    fields_set_time(f, &host, &place, 5);
    must(account.bytes > bytes_before);
    fields_set_time(f, &host, &place, FIELDS_NEVER);
    must(account.bytes == bytes_before && f->times == NULL);
    fields_free(f, &host);
    must(account.blocks == 0);
}
END_TEST

/* It is cleared a bit at a time, and stays sound in between. */
START_TEST(is_cleared_in_steps)
{
    struct fields *f = fields_new(&host);
    char text[300];
    int steps = 1;

    for (uint32_t i = 0; i < NAMES; i++) {
        struct fields_place place;
        struct kr_str field = name(i, text);

        fields_seek(f, &host, field, &place);
        fields_add(f, &host, &place, field, value(5, 'v'),
                   i % 2 ? FIELDS_NEVER : (int64_t)i + 1);
    }
    while (!fields_clear_step(f, &host, 10))
        steps++;
    must(steps > NAMES / 20 && fields_count(f) == 0);
    fields_free(f, &host);
    must(account.blocks == 0);
}
END_TEST

Suite *fields_suite(void)
{
    Suite *s = suite_create("fields");
    TCase *tc = tcase_create("fields");

    seed_set("fields");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, agrees_with_a_plain_array_at_each_step);
    tcase_add_test(tc, nothing_that_expires_costs_nothing);
    tcase_add_test(tc, is_cleared_in_steps);
    suite_add_tcase(s, tc);
    return s;
}
