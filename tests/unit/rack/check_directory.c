/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces by id: slots are what the directory says they are. */
#include "core/rack/directory.h"
#include "core/rack/module.h"
#include "tests/unit/suites.h"

static char error[1024];

struct face {
    uint32_t size;
    uint32_t reserved;
    uint64_t more;
};
static const struct face face = {.size = sizeof(face)};
static const struct face other = {.size = sizeof(other)};
static const struct face early = {.size = 8};

static const void *needed, *wanted;
static const struct kr_import imports[] = {
    {"test.needed/1", &needed, sizeof(face), KR_IMPORT_REQUIRED},
    {"test.wanted/1", &wanted, sizeof(face), KR_IMPORT_OPTIONAL},
};

static struct rack_module user = {
    .host = {.name = "user", .descriptor = &user.descriptor},
    .name = "user",
    .descriptor = {.imports = KR_ROWS(imports)}};
static struct rack_module giver = {
    .host = {.name = "giver", .descriptor = &giver.descriptor},
    .name = "giver",
    .phase = RACK_ACTIVE,
    .descriptor = {.version = 10203}};

START_TEST(an_offer_is_found_by_id_and_size)
{
    ck_assert_int_eq(directory_offer(NULL, "test.x/1", &face), KR_OK);
    ck_assert_ptr_eq(directory_find("test.x/1", sizeof(face)), &face);
    ck_assert_ptr_eq(directory_find("test.x/1", 0), &face);
    ck_assert_ptr_null(directory_find("test.x/1", sizeof(face) + 1));
    ck_assert_ptr_null(directory_find("test.x/2", 0));
    ck_assert_str_eq(directory_who("test.x/1"), "the server");
    ck_assert_ptr_null(directory_who("test.x/2"));
    directory_fini();
    ck_assert_ptr_null(directory_find("test.x/1", 0));
}
END_TEST

START_TEST(an_id_has_one_provider)
{
    ck_assert_int_eq(directory_offer(NULL, "test.x/1", &face), KR_OK);
    ck_assert_int_eq(directory_offer(&giver, "test.x/1", &other), KR_EEXIST);
    ck_assert_ptr_eq(directory_find("test.x/1", 0), &face);
    ck_assert_int_eq(directory_offer(&giver, "test.x/2", &other), KR_OK);
    directory_withdraw(&giver);
    ck_assert_ptr_null(directory_find("test.x/2", 0));
    ck_assert_ptr_eq(directory_find("test.x/1", 0), &face);
}
END_TEST

START_TEST(an_offer_without_id_or_size_is_refused)
{
    static const struct face none = {.size = 0};

    ck_assert_int_eq(directory_offer(NULL, "test", &face), KR_EINVAL);
    ck_assert_int_eq(directory_offer(NULL, NULL, &face), KR_EINVAL);
    ck_assert_int_eq(directory_offer(NULL, "test.x/1", NULL), KR_EINVAL);
    ck_assert_int_eq(directory_offer(NULL, "test.x/1", &none), KR_EINVAL);
}
END_TEST

START_TEST(binding_fills_slots)
{
    ck_assert(!directory_bind(&user, error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "test.needed/1"));
    ck_assert_ptr_null(user.bindings);
    directory_offer(&giver, "test.needed/1", &face);
    ck_assert_msg(directory_bind(&user, error, sizeof(error)), "%s", error);
    ck_assert_ptr_eq(needed, &face);
    ck_assert_ptr_null(wanted);
    ck_assert(directory_check());
    directory_unbind(&user);
    ck_assert_ptr_null(needed);
    ck_assert(directory_check());
}
END_TEST

START_TEST(a_required_interface_must_be_large_enough)
{
    directory_offer(&giver, "test.needed/1", &early);
    ck_assert(!directory_bind(&user, error, sizeof(error)));
    ck_assert_str_eq(error,
                     "module 'user' wants 16 bytes of interface test.needed/1; "
                     "found 8 bytes of it, offered by giver 1.2.3; use a newer "
                     "giver, or an older user");
}
END_TEST

START_TEST(slots_follow_a_provider)
{
    directory_offer(NULL, "test.needed/1", &face);
    ck_assert(directory_bind(&user, error, sizeof(error)));
    directory_offer(&giver, "test.wanted/1", &early);
    ck_assert_ptr_null(wanted); /* too small for it */
    ck_assert(directory_check());
    directory_withdraw(&giver);
    directory_offer(&giver, "test.wanted/1", &other);
    ck_assert_ptr_eq(wanted, &other);
    directory_withdraw(&giver);
    ck_assert_ptr_null(wanted);
    ck_assert_ptr_eq(needed, &face);
    ck_assert(directory_check());
}
END_TEST

START_TEST(offers_wait_for_their_announcement)
{
    directory_offer(NULL, "test.needed/1", &face);
    ck_assert(directory_bind(&user, error, sizeof(error)));
    giver.phase = RACK_CREATED;
    directory_offer(&giver, "test.wanted/1", &other);
    ck_assert_ptr_null(wanted);
    giver.phase = RACK_ACTIVE;
    directory_announce(&giver);
    ck_assert_ptr_eq(wanted, &other);
}
END_TEST

START_TEST(only_required_imports_make_dependents)
{
    char names[64];

    directory_offer(NULL, "test.needed/1", &face);
    directory_offer(&giver, "test.wanted/1", &face);
    ck_assert(directory_bind(&user, error, sizeof(error)));
    ck_assert_uint_eq(directory_dependents(&giver, names, sizeof(names)), 0);
    ck_assert_str_eq(names, "");
    directory_unbind(&user);
    directory_fini();
    directory_offer(&giver, "test.needed/1", &face);
    ck_assert(directory_bind(&user, error, sizeof(error)));
    ck_assert_uint_eq(directory_dependents(&giver, names, sizeof(names)), 1);
    ck_assert_str_eq(names, "user");
    ck_assert_uint_eq(directory_dependents(&giver, names, 3), 1);
    ck_assert_str_eq(names, "us");
}
END_TEST

Suite *directory_suite(void)
{
    Suite *suite = suite_create("directory");
    TCase *tcase = tcase_create("directory");

    tcase_add_test(tcase, an_offer_is_found_by_id_and_size);
    tcase_add_test(tcase, an_id_has_one_provider);
    tcase_add_test(tcase, an_offer_without_id_or_size_is_refused);
    tcase_add_test(tcase, binding_fills_slots);
    tcase_add_test(tcase, a_required_interface_must_be_large_enough);
    tcase_add_test(tcase, slots_follow_a_provider);
    tcase_add_test(tcase, offers_wait_for_their_announcement);
    tcase_add_test(tcase, only_required_imports_make_dependents);
    suite_add_tcase(suite, tcase);
    return suite;
}
