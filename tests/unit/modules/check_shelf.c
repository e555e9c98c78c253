/* SPDX-License-Identifier: BSD-3-Clause */
/* modules/scripting/shelf: libraries and functions, found by name. */
#include "modules/scripting/shelf.h"

#include "tests/unit/suites.h"

#include <kr/memory.h>

#include <stdio.h>

static struct library *library_of(const char *name,
                                  const char *const *functions, size_t count)
{
    struct library *library =
        library_new(NULL, kr_cstr(name), KR_STR("its source"));

    for (size_t i = 0; i < count; i++)
        ck_assert_ptr_nonnull(library_add(NULL, library, kr_cstr(functions[i]),
                                          (struct kr_str){NULL, 0}));
    return library;
}

START_TEST(a_library_keeps_what_it_is_made_of)
{
    char name[] = "queue", source[] = "#!lua name=queue";
    struct library *library = library_new(NULL, kr_cstr(name), kr_cstr(source));
    const struct function *push, *pop;

    push = library_add(NULL, library, KR_STR("push"), KR_STR("puts one"));
    pop = library_add(NULL, library, KR_STR("Pop"), (struct kr_str){NULL, 0});
    memset(name, 'x', sizeof(name) - 1);
    memset(source, 'x', sizeof(source) - 1);
    ck_assert(kr_str_equal(library->name, KR_STR("queue")));
    ck_assert(kr_str_equal(library->source, KR_STR("#!lua name=queue")));
    ck_assert(kr_str_equal(push->description, KR_STR("puts one")));
    ck_assert_ptr_null(pop->description.data);
    ck_assert_ptr_eq(push->library, library);
    /* In the order of their names, and each of them once in any case. */
    ck_assert_ptr_eq(library_at(library, 0), pop);
    ck_assert_ptr_eq(library_at(library, 1), push);
    ck_assert_ptr_null(library_add(NULL, library, KR_STR("PUSH"), KR_STR("")));
    ck_assert_uint_eq(library->functions.count, 2);
    library_free(NULL, library);
}
END_TEST

START_TEST(libraries_have_a_case_and_functions_have_none)
{
    static const char *const functions[] = {"f", "G"};
    struct shelf shelf = {0};
    struct library *a = library_of("a", functions, 2);
    struct library *A = library_of("A", NULL, 0);

    shelf_put(&shelf, a);
    ck_assert_ptr_null(shelf_library(&shelf, KR_STR("A")));
    shelf_put(&shelf, A);
    ck_assert_ptr_eq(shelf_library(&shelf, KR_STR("a")), a);
    ck_assert_ptr_eq(shelf_library(&shelf, KR_STR("A")), A);
    ck_assert_ptr_eq(shelf_function(&shelf, KR_STR("F")), library_at(a, 0));
    ck_assert_ptr_eq(shelf_function(&shelf, KR_STR("g")), library_at(a, 1));
    ck_assert_ptr_null(shelf_function(&shelf, KR_STR("")));
    ck_assert_ptr_null(shelf_function(&shelf, KR_STR("ff")));
    shelf_take(&shelf, a);
    ck_assert_ptr_null(shelf_library(&shelf, KR_STR("a")));
    ck_assert_ptr_null(shelf_function(&shelf, KR_STR("f")));
    shelf_take(&shelf, A);
    ck_assert_uint_eq(shelf.libraries.count + shelf.functions.count, 0);
    library_free(NULL, a);
    library_free(NULL, A);
    shelf_fini(&shelf);
}
END_TEST

START_TEST(a_name_that_another_library_has_is_told)
{
    static const char *const first[] = {"f", "g"}, *const second[] = {"h", "F"};
    struct shelf shelf = {0}, replaced = {0};
    struct library *a = library_of("a", first, 2);
    struct library *b = library_of("b", second, 2);
    struct library *again = library_of("a", NULL, 0);

    shelf_put(&shelf, a);
    ck_assert_ptr_eq(shelf_clash(&shelf, b, NULL), library_at(b, 0));
    ck_assert_ptr_eq(shelf_clash(&shelf, b, &replaced), library_at(b, 0));
    ck_assert_ptr_null(shelf_clash(&shelf, again, NULL));
    shelf_put(&replaced, again);
    ck_assert_ptr_null(shelf_clash(&shelf, b, &replaced));
    shelf_take(&replaced, again);
    shelf_take(&shelf, a);
    library_free(NULL, a);
    library_free(NULL, b);
    library_free(NULL, again);
    shelf_fini(&shelf);
    shelf_fini(&replaced);
}
END_TEST

START_TEST(many_are_found_taken_and_freed)
{
    enum { MANY = 500 };
    uint64_t before = kr_memory->used();
    struct shelf shelf = {0};
    struct library *all[MANY];
    char name[32], function[32];
    size_t size = 0;

    for (int i = 0; i < MANY; i++) {
        const char *const one = function;

        snprintf(name, sizeof(name), "library%d", i * 7919 % MANY);
        snprintf(function, sizeof(function), "Function%d", i * 7919 % MANY);
        all[i] = library_of(name, &one, 1);
        shelf_put(&shelf, all[i]);
        ck_assert_uint_gt(shelf_size(&shelf), size);
        size = shelf_size(&shelf);
    }
    for (uint32_t i = 1; i < MANY; i++) {
        struct kr_str one = shelf_at(&shelf, i - 1)->name;
        struct kr_str next = shelf_at(&shelf, i)->name;
        size_t both = one.size < next.size ? one.size : next.size;
        int order = memcmp(one.data, next.data, both);

        ck_assert(order < 0 || (order == 0 && one.size < next.size));
    }
    for (int i = 0; i < MANY; i++) {
        struct kr_str called = library_at(all[i], 0)->name;

        ck_assert_ptr_eq(shelf_library(&shelf, all[i]->name), all[i]);
        ck_assert_ptr_eq(shelf_function(&shelf, called), library_at(all[i], 0));
        if (i % 2) {
            shelf_take(&shelf, all[i]);
            ck_assert_ptr_null(shelf_library(&shelf, all[i]->name));
            ck_assert_ptr_null(shelf_function(&shelf, called));
        }
    }
    ck_assert_uint_eq(shelf.libraries.count, MANY / 2);
    ck_assert_uint_lt(shelf_size(&shelf), size);
    for (int i = 0; i < MANY; i++) {
        if (i % 2 == 0)
            shelf_take(&shelf, all[i]);
        library_free(NULL, all[i]);
    }
    shelf_fini(&shelf);
    ck_assert_uint_eq(kr_memory->used(), before);
}
END_TEST

Suite *shelf_suite(void)
{
    Suite *suite = suite_create("shelf");
    TCase *all = tcase_create("all");

    tcase_add_test(all, a_library_keeps_what_it_is_made_of);
    tcase_add_test(all, libraries_have_a_case_and_functions_have_none);
    tcase_add_test(all, a_name_that_another_library_has_is_told);
    tcase_add_test(all, many_are_found_taken_and_freed);
    suite_add_tcase(suite, all);
    return suite;
}
