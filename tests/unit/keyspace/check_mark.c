/* SPDX-License-Identifier: BSD-3-Clause */
/* check_mark - a mark for each key: once, whatever happens to the key. */
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static bool mark(const char *key)
{
    struct kr_cell cell;

    ck_assert(KS->find(db0(), kr_cstr(key), KR_FIND_WRITE, &cell));
    return KS->mark(&cell);
}

START_TEST(a_key_is_marked_once)
{
    put_flat(db0(), "a", "1");
    ck_assert(!mark("a"));
    ck_assert_int_eq(KS->unmark(), KR_OK);
    ck_assert_uint_eq(KS->unmarked(db0()), 1);
    ck_assert(mark("a"));
    ck_assert(!mark("a"));
    ck_assert_uint_eq(KS->unmarked(db0()), 0);
}
END_TEST

START_TEST(a_key_that_comes_has_a_mark)
{
    put_flat(db0(), "a", "1");
    ck_assert_int_eq(KS->unmark(), KR_OK);
    put_flat(db0(), "b", "1");
    put_crate(db0(), "c", 1, 1);
    ck_assert(!mark("b"));
    ck_assert(!mark("c"));
    ck_assert_uint_eq(KS->unmarked(db0()), 1);
    ck_assert(mark("a"));
}
END_TEST

START_TEST(marks_are_taken_when_all_have_one)
{
    put_flat(db0(), "a", "1");
    put_flat(KS->db(3), "b", "1");
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(KS->unmark(), KR_OK);
        ck_assert(mark("a"));
        ck_assert_int_eq(KS->unmark(), KR_EBUSY);
        ck_assert_uint_eq(KS->unmarked(KS->db(3)), 1);
        erase_key(KS->db(3), "b");
        put_flat(KS->db(3), "b", "1");
    }
    ck_assert_int_eq(KS->unmark(), KR_OK);
}
END_TEST

/* Whatever changes the entry's form, and where it stands. */
START_TEST(a_mark_stays_with_its_key)
{
    struct kr_cell cell;

    for (int marked = 0; marked < 2; marked++) {
        put_flat(db0(), "a", "1");
        ck_assert_int_eq(KS->unmark(), KR_OK);
        if (marked)
            ck_assert(mark("a"));
        put_flat(db0(), "a", "a longer value that moves the entry");
        put_crate(db0(), "a", 1, 1);
        put_flat(db0(), "a", "2");
        expire_at(db0(), "a", BEGIN_MS + 1000);
        expire_at(db0(), "a", KR_NO_EXPIRY);
        ck_assert(KS->find(db0(), KR_STR("a"), KR_FIND_WRITE, &cell));
        KS->reshape(&cell, 0, 500);
        KS->set_meta(&cell, 63);
        KS->rename(&cell, KS->db(1), KR_STR("b"));
        ck_assert_uint_eq(KS->unmarked(db0()), 0);
        ck_assert_uint_eq(KS->unmarked(KS->db(1)), !marked);
        KS->rename(&cell, db0(), KR_STR("a"));
        ck_assert_uint_eq(KS->unmarked(db0()), !marked);
        ck_assert_int_eq(mark("a"), !marked);
    }
}
END_TEST

START_TEST(unmarked_keys_go_with_their_database)
{
    put_flat(db0(), "a", "1");
    put_flat(db0(), "b", "1");
    ck_assert_int_eq(KS->unmark(), KR_OK);
    KS->swap(db0(), KS->db(1));
    ck_assert_uint_eq(KS->unmarked(db0()), 0);
    ck_assert_uint_eq(KS->unmarked(KS->db(1)), 2);
    KS->flush(KS->db(1), false);
    ck_assert_uint_eq(KS->unmarked(KS->db(1)), 0);
    ck_assert_int_eq(KS->unmark(), KR_OK);
}
END_TEST

START_TEST(what_expires_or_is_erased_is_not_counted)
{
    put_flat(db0(), "a", "1");
    put_flat(db0(), "b", "1");
    expire_at(db0(), "a", BEGIN_MS + 10);
    ck_assert_int_eq(KS->unmark(), KR_OK);
    clock_turn_ms += 100;
    ck_assert(!has(db0(), "a"));
    ck_assert_uint_eq(KS->unmarked(db0()), 1);
    erase_key(db0(), "b");
    ck_assert_uint_eq(KS->unmarked(db0()), 0);
}
END_TEST

Suite *mark_suite(void)
{
    Suite *suite = suite_create("mark");
    TCase *tcase = fixture_case(suite, "mark");

    tcase_add_test(tcase, a_key_is_marked_once);
    tcase_add_test(tcase, a_key_that_comes_has_a_mark);
    tcase_add_test(tcase, marks_are_taken_when_all_have_one);
    tcase_add_test(tcase, a_mark_stays_with_its_key);
    tcase_add_test(tcase, unmarked_keys_go_with_their_database);
    tcase_add_test(tcase, what_expires_or_is_erased_is_not_counted);
    return suite;
}
