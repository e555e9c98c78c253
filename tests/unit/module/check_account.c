/* SPDX-License-Identifier: BSD-3-Clause */
/* Accounts: what a module has allocated and not freed. */
#include "core/memory/memory.h"
#include "core/module/memory_interface.h"
#include "core/rack/rack.h"
#include "tests/unit/suites.h"

#include <stdlib.h>

static const struct kr_memory *const m = &memory_interface;

static size_t owed(kr_module *module)
{
    return atomic_load(&module->memory);
}

START_TEST(every_block_is_on_the_account_by_its_usable_size)
{
    kr_module module = {.name = "m"};
    void *a = m->alloc(&module, 100);
    char *b = m->calloc(&module, 10, 30);
    void *c = m->try_alloc(&module, 1000);

    ck_assert_uint_eq(owed(&module),
                      memory_usable(a) + memory_usable(b) + memory_usable(c));
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(b[i], 0);
    a = m->realloc(&module, a, 5000);
    c = m->try_realloc(&module, c, 10);
    ck_assert_uint_eq(owed(&module),
                      memory_usable(a) + memory_usable(b) + memory_usable(c));
    m->free(&module, a);
    m->free(&module, b);
    m->free(&module, c);
    m->free(&module, NULL);
    ck_assert_uint_eq(owed(&module), 0);
}
END_TEST

START_TEST(a_block_may_change_its_owner)
{
    kr_module from = {.name = "from"}, to = {.name = "to"};
    void *block = m->alloc(&from, 100);

    m->free(&to, block);
    ck_assert_uint_eq(owed(&from) + owed(&to), 0);
    m->free(NULL, m->alloc(NULL, 1));
}
END_TEST

START_TEST(trying_stops_at_the_limit)
{
    kr_module module = {.name = "m", .memory_max = 10000};
    void *a = m->try_alloc(&module, 9000);
    size_t before = owed(&module);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(m->try_alloc(&module, 2000));
    ck_assert_ptr_null(m->try_realloc(&module, a, 20000));
    ck_assert_uint_eq(owed(&module), before);
    ck_assert_ptr_null(m->try_alloc(&module, SIZE_MAX));
    m->free(&module, a);
}
END_TEST

#if defined(KR_HOSTILE)
/* x: it failed. */
START_TEST(a_starved_module_fails_at_each_of_its_tries_in_turn)
{
    kr_module module = {.name = "m"}, other = {.name = "other"};
    char tries[12] = "";

    setenv("KR_HOSTILE_MODULE", "m", 1);
    m->free(&module, m->try_alloc(&module, 10)); /* it does not serve yet */
    module.active = other.active = true;
    for (int i = 0; i < 10; i++) {
        void *block = m->try_alloc(&module, 10);
        void *mine = m->try_alloc(&other, 10);

        tries[i] = block ? '.' : 'x';
        ck_assert_ptr_nonnull(mine);
        m->free(&module, block);
        m->free(&other, mine);
    }
    ck_assert_str_eq(tries, "x.x..x...x");
    unsetenv("KR_HOSTILE_MODULE");
}
END_TEST
#endif

Suite *account_suite(void)
{
    Suite *suite = suite_create("account");
    TCase *tcase = tcase_create("account");

    tcase_add_test(tcase, every_block_is_on_the_account_by_its_usable_size);
    tcase_add_test(tcase, a_block_may_change_its_owner);
    tcase_add_test(tcase, trying_stops_at_the_limit);
#if defined(KR_HOSTILE)
    tcase_add_test(tcase, a_starved_module_fails_at_each_of_its_tries_in_turn);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
