/* SPDX-License-Identifier: BSD-3-Clause */
/* check_type - the registry of types. */
#include "core/keyspace/adapt.h"
#include "core/keyspace/stored.h"
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

/* As an upgrade of the fixture's module does it, between two commands. */
static bool upgrade_type(const struct kr_type *next)
{
    uint16_t slot = 0;
    bool converts;

    fixture_module.staging = true;
    ck_assert_int_eq(type_register(&fixture_module, &flat_type, &slot), KR_OK);
    ck_assert_int_eq(type_register(&fixture_module, next, &slot), KR_OK);
    ck_assert_uint_eq(slot, crate_slot);
    fixture_module.staging = false;
    converts = type_settle(&fixture_module, true);
    fixture_module.generation++;
    return converts;
}

START_TEST(a_version_that_knows_the_layout_takes_over)
{
    static const uint32_t layouts[] = {1};
    struct kr_type next = crate_type;
    const struct kr_type *old;
    uint16_t slot;

    put_crate(db0(), "c", 1, 1);
    next.layout = 2;
    ck_assert(type_must_convert(&fixture_module, &next, &old, &slot));
    ck_assert_uint_eq(slot, crate_slot);
    next.layouts = layouts;
    next.layout_count = 1;
    ck_assert(!type_must_convert(&fixture_module, &next, &old, &slot));
    ck_assert_uint_eq(T->get(crate_slot)->layout, 1);
    ck_assert(!upgrade_type(&next));
    ck_assert_uint_eq(T->get(crate_slot)->layout, 2);
    ck_assert(!type_unsettled);
}
END_TEST

START_TEST(a_failed_upgrade_leaves_the_type)
{
    struct kr_type next = crate_type;
    uint16_t slot;

    put_crate(db0(), "c", 1, 1);
    next.layout = 2;
    fixture_module.staging = true;
    ck_assert_int_eq(type_register(&fixture_module, &next, &slot), KR_EVERSION);
    next.layout = 1;
    next.flags = KR_TYPE_VOLATILE;
    ck_assert_int_eq(type_register(&fixture_module, &next, &slot), KR_OK);
    ck_assert_uint_eq(T->get(crate_slot)->flags, 0);
    fixture_module.staging = false;
    ck_assert(!type_settle(&fixture_module, false));
    ck_assert_uint_eq(T->get(crate_slot)->flags, 0);
}
END_TEST

/* --- Other layouts, and no module ---------------------------------------- */

/* Crates whose mark is what is saved; of layout 2 they are one higher, which
 * shows who has read one. */
static uint64_t mark_of(const struct kr_peek *value)
{
    const struct crate *crate;

    memcpy(&crate, value->data, sizeof(crate));
    return crate->mark;
}

static void save_one(const struct kr_peek *value, kr_writer *out)
{
    codec_interface.write_uint64(out, mark_of(value));
}

static bool load_as(kr_reader *in, uint64_t more, struct kr_value *out)
{
    uint64_t mark;

    if (!codec_interface.read_uint64(in, &mark) || mark == 666)
        return false;
    out->boxed = true;
    out->box = crate_new(mark + more, 1);
    return true;
}

static bool load_one(kr_reader *in, uint32_t code, uint32_t format,
                     struct kr_value *out)
{
    (void)code, (void)format;
    return load_as(in, 0, out);
}

static bool load_two(kr_reader *in, uint32_t code, uint32_t format,
                     struct kr_value *out)
{
    (void)code, (void)format;
    return load_as(in, 1000, out);
}

static struct kr_type savable(uint32_t layout)
{
    struct kr_type type = crate_type;

    type.layout = layout;
    type.file_name = "crate-kr1";
    type.save = save_one;
    type.load = layout == 1 ? load_one : load_two;
    return type;
}

static uint64_t mark_at(const char *key, uint16_t *type)
{
    struct kr_cell cell;
    struct kr_peek peek;

    ck_assert(KS->find(db0(), kr_cstr(key), KR_FIND_QUIET, &cell));
    peek = kr_cell_peek(&cell);
    *type = cell.type;
    return cell.type == crate_slot ? mark_of(&peek) : 0;
}

static void adapt_all(void)
{
    struct adapt_walk walk = {.swaps = keyspace.swaps};

    while (!adapt_walk_step(&walk, 100, adapt_visit, NULL))
        ;
}

START_TEST(values_of_another_layout_are_converted_when_touched)
{
    struct kr_type one = savable(1), two = savable(2);
    uint16_t type;

    (void)upgrade_type(&one);
    for (uint64_t i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof(key), "c%u", (unsigned)i);
        put_crate(db0(), key, i, 1);
    }
    put_crate(db0(), "bad", 666, 1);
    expire_at(db0(), "c7", BEGIN_MS + 5000);
    ck_assert(upgrade_type(&two));
    ck_assert(type_unsettled);
    ck_assert_uint_eq(mark_at("c7", &type), 1007);
    ck_assert_uint_eq(mark_at("c7", &type), 1007);
    erase_key(db0(), "c8");
    put_crate(db0(), "c9", 5, 1);
    ck_assert_uint_eq(mark_at("c9", &type), 5);
    adapt_all();
    type_converted(&fixture_module);
    ck_assert_uint_eq(mark_at("c99", &type), 1099);
    ck_assert_uint_eq(T->values(crate_slot), 99);
    /* What could not be converted is kept as bytes. */
    ck_assert_uint_eq(mark_at("bad", &type), 0);
    ck_assert_str_eq(T->name(type), "crate");
    ck_assert_str_eq(T->get(type)->encoding(NULL), "sealed");
    ck_assert_int_eq(db_check(db0()) == NULL, 1);
}
END_TEST

START_TEST(values_are_flushed_by_the_code_that_made_them)
{
    struct kr_type one = savable(1), two = savable(2);

    (void)upgrade_type(&one);
    for (uint64_t i = 0; i < 3000; i++) {
        char key[16];

        snprintf(key, sizeof(key), "c%u", (unsigned)i);
        put_crate(db0(), key, i, 1);
    }
    ck_assert(upgrade_type(&two));
    KS->flush(db0(), false);
    fixture_settle();
    type_converted(&fixture_module);
    ck_assert_int_eq(crates_alive(), 0);
}
END_TEST

START_TEST(values_are_sealed_and_opened)
{
    struct kr_type one = savable(1);
    const char *name = NULL;
    uint16_t type;

    ck_assert(type_may_leave(&fixture_module, &name));
    put_crate(db0(), "c", 1, 1);
    ck_assert(!type_may_leave(&fixture_module, &name));
    ck_assert_str_eq(name, "crate");
    (void)upgrade_type(&one);
    put_crate(db0(), "d", 2, 1);
    put_crate(db0(), "e", 3, 1);
    expire_at(db0(), "d", BEGIN_MS + 5000);
    ck_assert(type_may_leave(&fixture_module, &name));
    type_leave(&fixture_module);
    ck_assert_ptr_null(T->get(crate_slot));
    ck_assert_uint_eq(mark_at("c", &type), 0);
    ck_assert_uint_ne(type, crate_slot);
    ck_assert_str_eq(T->name(type), "crate");
    adapt_all();
    type_left(&fixture_module);
    ck_assert_int_eq(crates_alive(), 0);
    ck_assert_uint_eq(T->values(type), 3);
    erase_key(db0(), "e");
    ck_assert_int_eq(type_register(&fixture_module, &one, NULL), KR_OK);
    ck_assert_uint_eq(mark_at("d", &type), 2);
    ck_assert_uint_eq(type, crate_slot);
    adapt_all();
    type_look();
    ck_assert(!type_unsettled);
    ck_assert_uint_eq(mark_at("c", &type), 1);
    ck_assert_uint_eq(T->values(crate_slot), 2);
}
END_TEST

START_TEST(there_is_room_for_511_types)
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
    ck_assert_uint_eq(slot, 511);
}
END_TEST

START_TEST(a_function_of_a_type_may_ask_for_which_key_it_is_called)
{
    struct kr_subject subject = KR_SUBJECT(KR_STR("k"), 3);

    ck_assert_ptr_null(type_interface.subject());
    type_interface.about(&subject);
    ck_assert_ptr_eq(type_interface.subject(), &subject);
    ck_assert_int_eq(type_interface.subject()->db, 3);
    ck_assert_int_eq(type_interface.subject()->to_db, -1);
    type_interface.about(NULL);
    ck_assert_ptr_null(type_interface.subject());
}
END_TEST

Suite *type_suite(void)
{
    Suite *suite = suite_create("keyspace type");
    TCase *tcase = fixture_case(suite, "type");

    tcase_add_test(tcase,
                   a_function_of_a_type_may_ask_for_which_key_it_is_called);
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
    tcase_add_test(tcase, a_failed_upgrade_leaves_the_type);
    tcase_add_test(tcase, values_of_another_layout_are_converted_when_touched);
    tcase_add_test(tcase, values_are_flushed_by_the_code_that_made_them);
    tcase_add_test(tcase, values_are_sealed_and_opened);
    tcase_add_test(tcase, there_is_room_for_511_types);
    return suite;
}
