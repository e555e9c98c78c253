/* SPDX-License-Identifier: BSD-3-Clause */
/* check_model - the whole wing against a plain array that does the same.
 *
 * Thousands of random steps, time steps among them, over a few hundred keys in
 * two databases; after each step the key that was touched is compared, and now
 * and then everything. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/memory/memory.h"
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

#define KEYS  200
#define DBS   2
#define STEPS 60000

struct model {
    bool there;
    bool boxed;
    uint8_t meta;
    uint32_t length;
    uint64_t mark; /* what its bytes are made of, or the crate's mark */
    int64_t expiry;
};

static struct model model[DBS][KEYS];
static uint64_t chance;

static uint64_t roll(uint64_t bound)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 20) % bound;
}

/* Short, of the table's usual length, and longer than 255 bytes. */
static struct kr_str key_of(unsigned i)
{
    static char text[512];
    int n = snprintf(text, sizeof(text), "key:%u:", i);

    if (i % 10 == 3) {
        memset(text + n, 'x', 250 + i % 50);
        n += 250 + (int)(i % 50);
    }
    return kr_str(text, (size_t)n);
}

static char byte_of(uint64_t mark, uint32_t i)
{
    return (char)(mark * 31 + i * 7);
}

static void fill(struct kr_cell *cell, uint64_t mark, uint32_t from)
{
    for (uint32_t i = from; i < cell->length; i++)
        ((char *)cell->data)[i] = byte_of(mark, i);
}

static bool model_over(const struct model *m)
{
    return m->expiry != KR_NO_EXPIRY && m->expiry < clock_turn_ms;
}

static void compare(unsigned d, unsigned i)
{
    struct model *m = &model[d][i];
    struct kr_cell cell;
    bool found = KS->find(KS->db((int32_t)d), key_of(i), KR_FIND_READ, &cell);
    uint32_t wrong = 0;

    if (model_over(m))
        m->there = false;
    ck_assert_msg(found == m->there, "key %u of %u: %d, not %d", i, d, found,
                  m->there);
    if (!found)
        return;
    ck_assert(kr_str_equal(KS->key(&cell), key_of(i)));
    ck_assert_int_eq(KS->expiry(&cell), m->expiry);
    ck_assert_uint_eq(cell.meta, m->meta);
    ck_assert_int_eq(cell.boxed, m->boxed);
    if (m->boxed) {
        ck_assert_uint_eq(cell.type, crate_slot);
        ck_assert_uint_eq(((struct crate *)kr_cell_box(&cell))->mark, m->mark);
        return;
    }
    ck_assert_uint_eq(cell.length, m->length);
    for (uint32_t k = 0; k < cell.length; k++)
        wrong += ((char *)cell.data)[k] != byte_of(m->mark, k);
    ck_assert_uint_eq(wrong, 0);
}

static void compare_all(void)
{
    for (unsigned d = 0; d < DBS; d++) {
        uint64_t there = 0, expiring = 0, crates = 0;
        kr_db *db = KS->db((int32_t)d);

        for (unsigned i = 0; i < KEYS; i++) {
            compare(d, i);
            there += model[d][i].there;
            expiring += model[d][i].there && model[d][i].expiry != KR_NO_EXPIRY;
            crates += model[d][i].there && model[d][i].boxed;
        }
        ck_assert_uint_eq(KS->count(db), there);
        ck_assert_uint_eq(KS->count_expiring(db), expiring);
        ck_assert_pstr_eq(db_check(db), NULL);
        (void)crates;
    }
}

/* --- Steps --------------------------------------------------------------- */

static int64_t some_expiry(void)
{
    switch (roll(8)) {
    case 0:
        return KR_NO_EXPIRY;
    case 1:
        return clock_turn_ms + (INT64_C(1) << 48); /* far */
    case 2:
        return clock_turn_ms - (int64_t)roll(1000);
    default:
        return clock_turn_ms + (int64_t)roll(5000);
    }
}

static uint32_t some_length(void)
{
    return (uint32_t)(roll(4) ? roll(40) : roll(KR_INLINE_MAX + 1));
}

static void step_put(unsigned d, unsigned i)
{
    struct model *m = &model[d][i];
    uint32_t how = roll(2) ? KR_PUT_KEEP_EXPIRY : 0;
    uint32_t length = some_length();
    struct kr_cell cell;

    if (!(m->there && !model_over(m) && how))
        m->expiry = KR_NO_EXPIRY;
    m->there = true;
    m->boxed = roll(3) == 0;
    m->meta = (uint8_t)roll(KR_META_MAX + 1);
    m->mark = chance;
    m->length = length;
    how |= roll(3) ? 0 : KR_PUT_ALIGNED;
    if (m->boxed) {
        KS->put_key(KS->db((int32_t)d), key_of(i), crate_slot, m->meta,
                    how | KR_PUT_BOXED, 0, &cell);
        kr_cell_set_box(&cell, crate_new(m->mark, roll(200)));
        return;
    }
    KS->put_key(KS->db((int32_t)d), key_of(i), flat_slot, m->meta, how, length,
                &cell);
    ck_assert_uint_eq(cell.length, length);
    if (how & KR_PUT_ALIGNED)
        ck_assert_uint_eq((uintptr_t)cell.data % 8, 0);
    fill(&cell, m->mark, 0);
}

static void step_reshape(struct model *m, struct kr_cell *cell)
{
    uint32_t length = some_length();
    uint32_t how = roll(3) ? 0 : KR_PUT_ALIGNED;
    uint32_t old = cell->length;

    /* A crate stays one: its box would need another owner. */
    if (m->boxed) {
        void *box = kr_cell_box(cell);

        KS->reshape(cell, KR_PUT_BOXED | how, 0);
        ck_assert_ptr_eq(kr_cell_box(cell), box);
        return;
    }
    KS->reshape(cell, how, length);
    m->length = length;
    fill(cell, m->mark, old < length ? old : length);
}

static void step_rename(unsigned d, unsigned i, struct kr_cell *cell)
{
    unsigned e = (unsigned)roll(DBS), j = (unsigned)roll(KEYS);
    struct kr_cell other;

    if (KS->find(KS->db((int32_t)e), key_of(j), KR_FIND_QUIET, &other) ||
        !KS->find(KS->db((int32_t)d), key_of(i), KR_FIND_QUIET, cell))
        return;
    KS->rename(cell, KS->db((int32_t)e), key_of(j));
    ck_assert(kr_str_equal(KS->key(cell), key_of(j)));
    model[e][j] = model[d][i];
    model[d][i].there = false;
    compare(e, j);
}

static void step_change(unsigned d, unsigned i)
{
    struct model *m = &model[d][i];
    struct kr_cell cell;

    if (!KS->find(KS->db((int32_t)d), key_of(i), KR_FIND_WRITE, &cell))
        return;
    switch (roll(6)) {
    case 0:
        KS->erase(&cell, roll(2));
        m->there = false;
        break;
    case 1:
        m->meta = (uint8_t)roll(KR_META_MAX + 1);
        KS->set_meta(&cell, m->meta);
        break;
    case 2:
        step_reshape(m, &cell);
        break;
    case 3:
        step_rename(d, i, &cell);
        break;
    default:
        m->expiry = some_expiry();
        KS->set_expiry(&cell, m->expiry);
        break;
    }
}

static void step_time(void)
{
    clock_turn_ms += (int64_t)roll(200);
    if (roll(3) == 0) {
        while (keyspace_expire(clock_turn_ms, 1000000) == 0)
            ;
    }
}

static void step_whole(void)
{
    unsigned d = (unsigned)roll(DBS);

    if (roll(2)) {
        KS->flush(KS->db((int32_t)d), roll(2));
        for (unsigned i = 0; i < KEYS; i++)
            model[d][i].there = false;
    } else {
        static struct model old[KEYS];

        KS->swap(KS->db(0), KS->db(1));
        memcpy(old, model[0], sizeof(old));
        memcpy(model[0], model[1], sizeof(old));
        memcpy(model[1], old, sizeof(old));
    }
}

static void run_model(bool listening)
{
    chance = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10)
                            : (uint64_t)time(NULL);
    printf("model: SEED=%llu\n", (unsigned long long)chance);
    chance = chance * UINT64_C(0x9e3779b97f4a7c15) | 1;
    memset(model, 0, sizeof(model));
    if (listening)
        listen_begin();
    for (int n = 0; n < STEPS; n++) {
        unsigned d = (unsigned)roll(DBS), i = (unsigned)roll(KEYS);
        uint64_t what = roll(100);

        if (what < 45)
            step_put(d, i);
        else if (what < 90)
            step_change(d, i);
        else if (what < 99)
            step_time();
        else if (roll(10) == 0)
            step_whole();
        heard_clear();
        compare(d, i);
        if (n % 1000 == 0)
            compare_all();
    }
    compare_all();
}

START_TEST(the_wing_agrees_with_a_plain_array)
{
    run_model(false);
}
END_TEST

START_TEST(it_agrees_while_everybody_listens)
{
    run_model(true);
}
END_TEST

Suite *model_suite(void)
{
    Suite *suite = suite_create("keyspace model");
    TCase *tcase = fixture_case(suite, "model");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_wing_agrees_with_a_plain_array);
    tcase_add_test(tcase, it_agrees_while_everybody_listens);
    return suite;
}
