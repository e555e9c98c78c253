/* SPDX-License-Identifier: BSD-3-Clause */
/* Another build of a module takes its place, or nothing has happened; and a
 * module goes while its values stay.  core/rack/fetch.c makes its file
 * ready, core/rack/carried.c finds functions by their names. */
#include "core/keyspace/adapt.h"
#include "core/keyspace/stored.h"
#include "core/loop/jobs.h"
#include "core/loop/loop.h"
#include "core/module/memory_interface.h"
#include "core/rack/directory.h"
#include "core/rack/seal.h"
#include "core/rack/upgrade.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/rack/modules/dial.h"
#include "tests/unit/suites.h"

#include <dlfcn.h>

static char error[1024];
static char ended[1024]; /* "": it is under way; "-": fine; or the error */

static void setup(void)
{
    rack_offer("kr.codec/1", &codec_interface);
    rack_offer("kr.loop/1", &loop_interface);
    rack_offer("kr.memory/1", &memory_interface);
    rack_on_forget(loop_forget);
    rack_on_settle(loop_settle);
    rack_on_carry("calls posted to the main thread", loop_carry);
    error[0] = ended[0] = '\0';
}

static void teardown(void)
{
    rack_upgrade_fini();
    keyspace_fini(); /* values go while their code is there */
    rack_unload_all();
    rack_fini();
}

/* --- Doing it ------------------------------------------------------------ */

static void load(const char *name)
{
    struct rack_request request = {.path = module_path(name)};

    ck_assert_msg(rack_load(1, &request, error, sizeof(error)), "%s", error);
}

static void note_end(void *ctx, const char *why)
{
    (void)ctx;
    snprintf(ended, sizeof(ended), "%s", why ? why : "-");
}

static enum rack_upgraded upgrade_to(const char *file, bool may_wait)
{
    struct rack_upgrade how = {.name = KR_STR("dial"),
                               .path = module_path(file),
                               .end = note_end,
                               .may_wait = may_wait};

    error[0] = ended[0] = '\0';
    return rack_upgrade(&how, error, sizeof(error));
}

/* Until what is under way is over; the answer is how it ended. */
static const char *upgrade_ends(void)
{
    for (int i = 0; i < 20000 && !ended[0]; i++)
        turns_for(1);
    return ended;
}

static void says(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "'%s' is not in: %s", part, text);
}

static const struct test_dial *dial(void)
{
    const struct test_dial *table =
        directory_find("test.dial/1", sizeof(struct test_dial));

    ck_assert_ptr_nonnull(table);
    return table;
}

/* --- Values -------------------------------------------------------------- */

static void put(const char *key, int64_t number)
{
    uint16_t slot = type_interface.find(KR_STR("dial"));
    struct kr_cell cell;

    KS->put_key(db0(), kr_cstr(key), slot, 0, 0, sizeof(number), &cell);
    memcpy(cell.data, &number, sizeof(number));
}

static int64_t value(const char *key)
{
    struct kr_cell cell;
    int64_t number = -1;

    if (KS->find(db0(), kr_cstr(key), KR_FIND_QUIET, &cell) &&
        cell.type == type_interface.find(KR_STR("dial")))
        memcpy(&number, cell.data, sizeof(number));
    return number;
}

/* --- Another build takes its place ---------------------------------------- */

START_TEST(another_build_takes_its_place_with_the_state)
{
    const void *inside;
    Dl_info info;

    load("dial");
    inside = dial();
    ck_assert_int_eq(dial()->turn(), 1);
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_UPGRADED);
    ck_assert_int_eq(dial()->version(), 2);
    ck_assert_int_eq(dial()->turn(), 2);
    ck_assert_uint_eq(rack_find(KR_STR("dial"))->generation, 2);
    rack_sweep();
    ck_assert_int_eq(dladdr(inside, &info), 0); /* the old one is unmapped */
    ck_assert_int_eq(upgrade_to("dial", false), RACK_UPGRADED);
    ck_assert_int_eq(dial()->version(), 1);
    ck_assert_int_eq(dial()->turn(), 3);
    ck_assert_uint_eq(rack_find(KR_STR("dial"))->generation, 3);
}
END_TEST

START_TEST(values_of_the_same_layout_stay_where_they_are)
{
    struct kr_cell before, after;

    load("dial");
    put("k", 7);
    ck_assert(KS->find(db0(), KR_STR("k"), KR_FIND_QUIET, &before));
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_UPGRADED);
    ck_assert(KS->find(db0(), KR_STR("k"), KR_FIND_QUIET, &after));
    ck_assert_ptr_eq(before.data, after.data);
    ck_assert_int_eq(value("k"), 7);
}
END_TEST

static const struct {
    const char *file, *why;
} failures[] = {
    {"dial_stays", "was not made to take over (KR_MODULE_CAN_UPGRADE)"},
    {"dial_other", "'other'"},
    {"dial_create", "create() refused: told to"},
    {"dial_takeover", "takeover() refused: told to"},
    {"dial_state", "it does not know that state"},
    {"no_such_file", "No such file"},
    {"wrong_generation", "of generation 9"},
};

START_TEST(a_failure_leaves_the_old_version_as_if_nothing_had_been_tried)
{
    load("dial");
    (void)dial()->turn();
    put("k", 7);
    ck_assert_int_eq(upgrade_to(failures[_i].file, false), RACK_REFUSED);
    says(error, failures[_i].why);
    ck_assert_int_eq(dial()->version(), 1);
    ck_assert_int_eq(dial()->turn(), 2);
    ck_assert_uint_eq(rack_find(KR_STR("dial"))->generation, 1);
    ck_assert_int_eq(value("k"), 7);
    rack_sweep();
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_UPGRADED);
    ck_assert_int_eq(dial()->turn(), 3);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_upgraded)
{
    ck_assert_int_eq(upgrade_to("dial", false), RACK_REFUSED);
    says(error, "no such module with that name");
}
END_TEST

/* --- Work under way ------------------------------------------------------- */

START_TEST(what_was_posted_is_done_by_the_new_version)
{
    load("dial");
    dial()->post();
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_UPGRADED);
    ck_assert_int_eq(dial()->told(), 0);
    turn();
    ck_assert_int_eq(dial()->told(), 2);
}
END_TEST

START_TEST(what_the_new_version_has_no_name_for_waits)
{
    load("dial");
    dial()->post();
    ck_assert_int_eq(upgrade_to("dial_nameless", false), RACK_REFUSED);
    says(error, "has calls posted to the main thread");
    turn();
    ck_assert_int_eq(dial()->told(), 1);
    ck_assert_int_eq(upgrade_to("dial_nameless", false), RACK_UPGRADED);
}
END_TEST

START_TEST(a_module_whose_code_runs_is_not_replaced)
{
    kr_module *was;

    load("dial");
    was = module_enter(rack_find(KR_STR("dial")));
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_REFUSED);
    module_leave(was);
    says(error, "held by its own code");
    ck_assert_int_eq(upgrade_to("dial_two", false), RACK_UPGRADED);
}
END_TEST

/* --- The file is made ready on another thread ------------------------------ */

START_TEST(the_file_may_be_made_ready_aside)
{
    rack_work_aside(true);
    load("dial");
    (void)dial()->turn();
    ck_assert_int_eq(upgrade_to("dial_two", true), RACK_UNDER_WAY);
    ck_assert_int_eq(dial()->version(), 1);
    ck_assert_str_eq(upgrade_ends(), "-");
    ck_assert_int_eq(dial()->version(), 2);
    ck_assert_int_eq(dial()->turn(), 2);
    ck_assert_int_eq(upgrade_to("no_such_file", true), RACK_UNDER_WAY);
    says(upgrade_ends(), "No such file");
    ck_assert_int_eq(dial()->version(), 2);
    rack_work_aside(false);
}
END_TEST

START_TEST(there_is_one_upgrade_at_a_time)
{
    rack_work_aside(true);
    load("dial");
    ck_assert_int_eq(upgrade_to("dial_two", true), RACK_UNDER_WAY);
    ck_assert_int_eq(upgrade_to("dial_two", true), RACK_REFUSED);
    says(error, "another upgrade of module 'dial' is under way");
    ck_assert_str_eq(upgrade_ends(), "-");
    rack_work_aside(false);
}
END_TEST

/* --- Values that must be converted ----------------------------------------- */

START_TEST(values_of_another_layout_are_converted)
{
    char key[16];

    load("dial");
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        put(key, i);
    }
    ck_assert_int_eq(upgrade_to("dial_layout", false), RACK_UNDER_WAY);
    put("k5", 55); /* while all are tried */
    erase_key(db0(), "k6");
    ck_assert_str_eq(upgrade_ends(), "-");
    ck_assert_int_eq(dial()->version(), 2);
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        ck_assert_int_eq(value(key), i == 5 ? 1055 : i == 6 ? -1 : 1000 + i);
    }
    put("new", 1);
    ck_assert_int_eq(value("new"), 1);
}
END_TEST

START_TEST(a_value_that_is_refused_ends_the_upgrade)
{
    load("dial");
    put("good", 1);
    put("bad", 666);
    ck_assert_int_eq(upgrade_to("dial_layout", false), RACK_UNDER_WAY);
    says(upgrade_ends(), "a value of type 'dial' in database 0 cannot be "
                         "converted");
    ck_assert_int_eq(dial()->version(), 1);
    ck_assert_int_eq(value("good"), 1);
    ck_assert_int_eq(value("bad"), 666);
    erase_key(db0(), "bad");
    ck_assert_int_eq(upgrade_to("dial_layout", false), RACK_UNDER_WAY);
    ck_assert_str_eq(upgrade_ends(), "-");
    ck_assert_int_eq(value("good"), 1001);
}
END_TEST

START_TEST(the_end_of_the_server_ends_what_is_under_way)
{
    load("dial");
    put("k", 1);
    ck_assert_int_eq(upgrade_to("dial_layout", false), RACK_UNDER_WAY);
    rack_upgrade_fini();
    says(ended, "end");
    ck_assert_int_eq(dial()->version(), 1);
    ck_assert_int_eq(value("k"), 1);
}
END_TEST

/* --- Sealed --------------------------------------------------------------- */

static void seals(void)
{
    for (int i = 0; i < 20000 && seal_is_busy(); i++)
        turns_for(1);
    ck_assert(!seal_is_busy());
}

START_TEST(values_stay_sealed_until_their_module_comes_back)
{
    struct kr_cell cell;

    load("dial");
    put("k", 7);
    put("gone", 8);
    ck_assert_msg(rack_unload(KR_STR("dial"), error, sizeof(error)), "%s",
                  error);
    seals();
    ck_assert(has(db0(), "k"));
    erase_key(db0(), "gone");
    ck_assert(KS->find(db0(), KR_STR("k"), KR_FIND_QUIET, &cell));
    KS->rename(&cell, db0(), KR_STR("kept"));
    load("dial_two");
    ck_assert_int_eq(value("kept"), 7);
    ck_assert(!has(db0(), "k") && !has(db0(), "gone"));
}
END_TEST

/* A sealed value has the form that files have: another layout is no matter. */
START_TEST(sealed_values_open_for_a_version_of_another_layout)
{
    load("dial");
    put("k", 7);
    ck_assert(rack_unload(KR_STR("dial"), error, sizeof(error)));
    seals();
    load("dial_layout");
    ck_assert_int_eq(value("k"), 1007);
}
END_TEST

Suite *upgrade_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *tcase = dispatch_case(suite, "upgrade");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, another_build_takes_its_place_with_the_state);
    tcase_add_test(tcase, values_of_the_same_layout_stay_where_they_are);
    tcase_add_loop_test(
        tcase, a_failure_leaves_the_old_version_as_if_nothing_had_been_tried, 0,
        (int)KR_COUNT(failures));
    tcase_add_test(tcase, what_is_not_there_cannot_be_upgraded);
    tcase_add_test(tcase, what_was_posted_is_done_by_the_new_version);
    tcase_add_test(tcase, what_the_new_version_has_no_name_for_waits);
    tcase_add_test(tcase, a_module_whose_code_runs_is_not_replaced);
    tcase_add_test(tcase, the_file_may_be_made_ready_aside);
    tcase_add_test(tcase, there_is_one_upgrade_at_a_time);
    tcase_add_test(tcase, values_of_another_layout_are_converted);
    tcase_add_test(tcase, a_value_that_is_refused_ends_the_upgrade);
    tcase_add_test(tcase, the_end_of_the_server_ends_what_is_under_way);
    tcase_add_test(tcase, values_stay_sealed_until_their_module_comes_back);
    tcase_add_test(tcase, sealed_values_open_for_a_version_of_another_layout);
    return suite;
}
