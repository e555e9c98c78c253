/* SPDX-License-Identifier: BSD-3-Clause */
/* check_type - the registry of types. */
#include "core/memory/memory.h"
#include "tests/unit/keyspace/fixture.h"

#include "tests/unit/suites.h"

static const struct kr_types *T = &type_interface;
static kr_module other = {.name = "other"};

static void free_nothing(void *box)
{
    memory_free(box);
}

START_TEST(a_type_is_found_by_slot_name_and_code)
{
    ck_assert_uint_ne(flat_slot, 0);
    ck_assert_uint_ne(crate_slot, 0);
    ck_assert_str_eq(T->name(crate_slot), "crate");
    ck_assert_ptr_eq(T->get(crate_slot)->free, crate_type.free);
    ck_assert_uint_eq(T->find(KR_STR("crate")), crate_slot);
    ck_assert_uint_eq(T->by_code(7), crate_slot);
    ck_assert_uint_eq(T->by_code(9), crate_slot);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    ck_assert_ptr_null(T->name(0));
    ck_assert_ptr_null(T->get(0));
    ck_assert_ptr_null(T->get(65535));
    ck_assert_ptr_null(T->name(900));
    ck_assert_uint_eq(T->find(KR_STR("crat")), 0);
    ck_assert_uint_eq(T->by_code(8), 0);
    ck_assert_uint_eq(T->values(65535), 0);
}
END_TEST

START_TEST(a_name_or_code_that_is_taken_is_refused)
{
    struct kr_type twin = flat_type;
    static const uint8_t code[] = {9};

    ck_assert_int_eq(T->add(&other, &twin, NULL), KR_EEXIST);
    twin.name = "twin";
    twin.codes = code;
    twin.code_count = 1;
    ck_assert_int_eq(T->add(&other, &twin, NULL), KR_EEXIST);
    ck_assert_uint_eq(T->find(KR_STR("twin")), 0);
}
END_TEST

START_TEST(a_shorter_struct_has_nulls_for_the_rest)
{
    struct kr_type old = crate_type;
    uint16_t slot;

    old.name = "old";
    old.code_count = 0;
    old.slot = NULL;
    old.size = offsetof(struct kr_type, unlink);
    ck_assert_int_eq(T->add(&other, &old, &slot), KR_OK);
    ck_assert_ptr_null(T->get(slot)->unlink);
    ck_assert_ptr_eq(T->get(slot)->memory, crate_type.memory);
    old.size = 8;
    ck_assert_int_eq(T->add(&other, &old, &slot), KR_EINVAL);
}
END_TEST

START_TEST(values_are_counted_as_they_come_and_go)
{
    put_flat(db0(), "a", "1");
    put_flat(KS->db(3), "b", "1");
    put_crate(db0(), "c", 1, 1);
    ck_assert_uint_eq(T->values(flat_slot), 2);
    ck_assert_uint_eq(T->values(crate_slot), 1);
    put_crate(db0(), "a", 2, 1);
    ck_assert_uint_eq(T->values(flat_slot), 1);
    ck_assert_uint_eq(T->values(crate_slot), 2);
    erase_key(db0(), "a");
    KS->flush(KS->db(3), false);
    ck_assert_uint_eq(T->values(flat_slot), 0);
    ck_assert_uint_eq(T->values(crate_slot), 1);
}
END_TEST

START_TEST(a_module_with_values_may_not_be_forgotten)
{
    const char *name = NULL;
    uint64_t values = 0;

    ck_assert(type_may_forget(&fixture_module, &name, &values));
    put_crate(db0(), "c", 1, 1);
    ck_assert(!type_may_forget(&fixture_module, &name, &values));
    ck_assert_str_eq(name, "crate");
    ck_assert_uint_eq(values, 1);
    ck_assert(type_may_forget(&other, &name, &values));
}
END_TEST

START_TEST(nor_while_another_thread_frees_its_values)
{
    put_crate(db0(), "c", 1, 1000);
    KS->flush(NULL, true);
    ck_assert_uint_eq(T->values(crate_slot), 0);
    ck_assert(!type_may_forget(&fixture_module, NULL, NULL));
    fixture_settle();
    ck_assert(type_may_forget(&fixture_module, NULL, NULL));
}
END_TEST

START_TEST(a_type_comes_back_to_its_slot)
{
    uint16_t flat = flat_slot, slot = 0;

    type_forget(&fixture_module);
    ck_assert_ptr_null(T->get(flat));
    ck_assert_str_eq(T->name(flat), "flat");
    ck_assert_uint_eq(T->by_code(7), 0);
    ck_assert_int_eq(T->add(&other, &flat_type, &slot), KR_OK);
    ck_assert_uint_eq(slot, flat);
    ck_assert_ptr_nonnull(T->get(flat));
}
END_TEST

START_TEST(a_value_whose_type_is_away_can_be_erased)
{
    put_flat(db0(), "a", "1");
    type_forget(&fixture_module);
    ck_assert(is_flat(db0(), "a", "1"));
    erase_key(db0(), "a");
    ck_assert_uint_eq(KS->count(db0()), 0);
}
END_TEST

START_TEST(a_version_that_knows_the_layout_takes_over)
{
    static const uint32_t layouts[] = {1};
    struct kr_type next = crate_type;
    uint16_t slot;

    put_crate(db0(), "c", 1, 1);
    next.layout = 2;
    ck_assert_int_eq(type_hand_over(&fixture_module, &other, &next, &slot),
                     KR_EVERSION);
    ck_assert_uint_eq(T->get(crate_slot)->layout, 1);
    next.layouts = layouts;
    next.layout_count = 1;
    ck_assert_int_eq(type_hand_over(&fixture_module, &other, &next, &slot),
                     KR_OK);
    ck_assert_uint_eq(slot, crate_slot);
    ck_assert_uint_eq(T->get(crate_slot)->layout, 2);
    ck_assert(type_may_forget(&fixture_module, NULL, NULL));
    ck_assert(!type_may_forget(&other, NULL, NULL));
}
END_TEST

START_TEST(there_is_room_for_1023_types)
{
    static char names[1100][16];
    struct kr_type type = flat_type;
    kr_status status = KR_OK;
    uint16_t slot = 0;
    int i;

    type.free = free_nothing;
    for (i = 0; i < 1100 && status == KR_OK; i++) {
        snprintf(names[i], sizeof(names[i]), "t%d", i);
        type.name = names[i];
        status = T->add(&other, &type, &slot);
    }
    ck_assert_int_eq(status, KR_ENOMEM);
    ck_assert_uint_eq(slot, 1023);
}
END_TEST

Suite *type_suite(void)
{
    Suite *suite = suite_create("keyspace type");
    TCase *tcase = fixture_case(suite, "type");

    tcase_add_test(tcase, a_type_is_found_by_slot_name_and_code);
    tcase_add_test(tcase, what_is_not_there_is_not_found);
    tcase_add_test(tcase, a_name_or_code_that_is_taken_is_refused);
    tcase_add_test(tcase, a_shorter_struct_has_nulls_for_the_rest);
    tcase_add_test(tcase, values_are_counted_as_they_come_and_go);
    tcase_add_test(tcase, a_module_with_values_may_not_be_forgotten);
    tcase_add_test(tcase, nor_while_another_thread_frees_its_values);
    tcase_add_test(tcase, a_type_comes_back_to_its_slot);
    tcase_add_test(tcase, a_value_whose_type_is_away_can_be_erased);
    tcase_add_test(tcase, a_version_that_knows_the_layout_takes_over);
    tcase_add_test(tcase, there_is_room_for_1023_types);
    return suite;
}
