/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of modules: whole batches or nothing, in the order of needs
 * (core/rack/order.c), slots that follow who offers, unloading that lists what
 * holds. */
#include "core/config/config.h"
#include "core/dispatch/command.h"
#include "core/event/event.h"
#include "core/module/memory_interface.h"
#include "core/rack/directory.h"
#include "core/rack/module.h"
#include "tests/unit/keyspace/fixture.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/rack/modules/gift.h"
#include "tests/unit/suites.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char error[1024];

/* One word each time that a module comes or goes. */
static char told[256];

static void note(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    strcat(told, ctx);
    strncat(told, event->name.data, event->name.size);
    strcat(told, " ");
}

static void setup(void)
{
    rack_offer("kr.memory/1", &memory_interface);
    rack_offer("kr.modules/1", &rack_interface);
    rack_on_forget(event_forget);
    event_listen(EVENT_MODULE_LOADED, note, "+");
    event_listen(EVENT_MODULE_UNLOADED, note, "-");
}

static bool load(const char *name)
{
    struct rack_request request = {.path = module_path(name)};

    return rack_load(1, &request, error, sizeof(error));
}

static bool load_with(const char *name, const char *arg)
{
    struct kr_str argv = kr_cstr(arg);
    struct rack_request request = {
        .path = module_path(name), .argc = 1, .argv = &argv};

    return rack_load(1, &request, error, sizeof(error));
}

static bool load_all(uint32_t count, const char *const *names)
{
    struct rack_request requests[8] = {0};
    char *paths[8];
    bool good;

    for (uint32_t i = 0; i < count; i++)
        requests[i].path = paths[i] = strdup(module_path(names[i]));
    good = rack_load(count, requests, error, sizeof(error));
    for (uint32_t i = 0; i < count; i++)
        free(paths[i]);
    return good;
}
#define LOAD_ALL(...)                                                          \
    load_all(KR_COUNT(((const char *[]){__VA_ARGS__})),                        \
             (const char *[]){__VA_ARGS__})

static bool unload(const char *name)
{
    return rack_unload(kr_cstr(name), error, sizeof(error));
}

static void says(const char *part)
{
    ck_assert_msg(strstr(error, part), "'%s' is not in: %s", part, error);
}

static int taken(const char *id)
{
    const struct test_taken *t = directory_find(id, sizeof(*t));

    ck_assert_ptr_nonnull(t);
    return t->value();
}

static bool is_param(const struct kr_param *row, void *ctx)
{
    const char **name = ctx;

    if (strcmp(row->name, *name) == 0)
        *name = NULL;
    return *name != NULL;
}

static bool has_param(const char *name)
{
    config_interface.each(is_param, &name);
    return name == NULL;
}

/* The letters that `plain` has written of its life. */
static const char *life(void)
{
    static char letters[64];
    FILE *file = fopen(getenv("RACK_TEST_LOG"), "r");
    size_t n = file ? fread(letters, 1, sizeof(letters) - 1, file) : 0;

    letters[n] = '\0';
    if (file)
        fclose(file);
    return letters;
}

static void watch_life(void)
{
    static char path[] = "/tmp/rack-life-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    setenv("RACK_TEST_LOG", path, 1);
}

static void end_life(void)
{
    unlink(getenv("RACK_TEST_LOG"));
}

/* --- Loading ------------------------------------------------------------- */

START_TEST(a_loaded_module_is_visible)
{
    kr_module *m;

    ck_assert_msg(load("plain"), "%s", error);
    m = rack_find(KR_STR("plain"));
    ck_assert_ptr_nonnull(m);
    ck_assert(m->active);
    ck_assert_str_eq(m->name, "plain");
    ck_assert_uint_eq(m->generation, 1);
    ck_assert_ptr_nonnull(command_find(KR_STR("plain.run")));
    ck_assert_ptr_nonnull(directory_find("test.plain/1", 8));
    ck_assert_str_eq(told, "+plain ");
    ck_assert_ptr_null(module_running);
    ck_assert(directory_check());
}
END_TEST

START_TEST(life_functions_run_in_order_with_handle_and_state)
{
    watch_life();
    ck_assert_msg(load("plain"), "%s", error);
    ck_assert_str_eq(life(), "ca");
    ck_assert_msg(unload("plain"), "%s", error);
    ck_assert_str_eq(life(), "cadx");
    end_life();
}
END_TEST

START_TEST(a_refusal_of_create_is_told_and_leaves_no_trace)
{
    watch_life();
    ck_assert(!load_with("plain", "refuse"));
    says("module 'plain'");
    says("told to?refuse");
    says("status 3");
    ck_assert_str_eq(life(), "c"); /* it has freed its things itself */
    ck_assert_ptr_null(rack_find(KR_STR("plain")));
    ck_assert_ptr_null(command_find(KR_STR("plain.run")));
    ck_assert_ptr_null(directory_find("test.plain/1", 8));
    ck_assert_str_eq(told, "");
    ck_assert(!load_with("plain", "silent"));
    says("it gave no reason");
    ck_assert_msg(load("plain"), "%s", error);
    end_life();
}
END_TEST

START_TEST(a_taken_command_refuses_the_whole_module)
{
    ck_assert_msg(load("plain"), "%s", error);
    ck_assert(!load("clash"));
    says("command plain.run");
    ck_assert_ptr_null(command_find(KR_STR("clash.run")));
    ck_assert_ptr_nonnull(command_find(KR_STR("plain.run")));
}
END_TEST

START_TEST(a_taken_name_is_refused)
{
    ck_assert_msg(load("plain"), "%s", error);
    ck_assert(!load("plain"));
    says("there is a module of that name already");
    ck_assert(!LOAD_ALL("giver", "giver_late"));
    says("there is a module of that name already");
    ck_assert_ptr_null(rack_find(KR_STR("giver")));
}
END_TEST

START_TEST(overwriting_the_file_of_a_loaded_module_is_harmless)
{
    char path[] = "/tmp/rack-copy-XXXXXX", command[4400];
    int fd = mkstemp(path);
    struct rack_request request = {.path = path};
    struct kr_cmd *run;

    snprintf(command, sizeof(command), "cp '%s' %s", module_path("plain"),
             path);
    ck_assert_int_eq(system(command), 0);
    chmod(path, 0600);
    ck_assert_msg(rack_load(1, &request, error, sizeof(error)), "%s", error);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(write(fd, "gone", 4), 4);
    close(fd);
    run = command_find(KR_STR("plain.run"));
    ck_assert_str_eq(run->row.name, "plain.run"); /* read from its image */
    ck_assert_msg(unload("plain"), "%s", error);
    unlink(path);
}
END_TEST

/* A descriptor's number is used again; its name must not find the old code. */
START_TEST(loading_again_maps_the_new_file)
{
    ck_assert_msg(load("giver"), "%s", error);
    ck_assert_msg(unload("giver"), "%s", error);
    rack_sweep();
    ck_assert_msg(load("plain"), "%s", error);
    ck_assert_ptr_nonnull(rack_find(KR_STR("plain")));
    ck_assert_msg(load("giver"), "%s", error);
    ck_assert_msg(unload("plain"), "%s", error);
    ck_assert_msg(load("taker"), "%s", error);
    rack_sweep();
    ck_assert_int_eq(taken("test.taken/1"), 42);
}
END_TEST

START_TEST(types_and_parameters_go_with_a_module)
{
    uint16_t slot;

    ck_assert_msg(load("typed"), "%s", error);
    slot = type_interface.find(KR_STR("typed"));
    ck_assert_ptr_nonnull(type_interface.get(slot));
    ck_assert(has_param("typed.limit"));
    ck_assert_msg(unload("typed"), "%s", error);
    ck_assert_ptr_null(type_interface.get(slot));
    ck_assert(!has_param("typed.limit"));
}
END_TEST

/* --- Several together ---------------------------------------------------- */

START_TEST(a_missing_interface_is_told_with_its_remedy)
{
    ck_assert(!load("taker"));
    says("module 'taker' wants interface test.gift/1");
    says("nobody who offers it");
    says("load the module that offers it first");
}
END_TEST

START_TEST(a_too_small_interface_is_told_with_both_sizes)
{
    ck_assert_msg(load("giver_small"), "%s", error);
    ck_assert(!load("taker"));
    says("wants 24 bytes of interface test.gift/1");
    says("found 16 bytes of it, offered by giver 2.0.0");
    says("use a newer giver");
}
END_TEST

START_TEST(another_revision_is_told)
{
    ck_assert_msg(load("giver_two"), "%s", error);
    ck_assert(!load("taker"));
    says("found only test.gift/2, offered by giver");
}
END_TEST

START_TEST(a_batch_is_sorted_by_needs)
{
    ck_assert_msg(LOAD_ALL("wanter", "taker", "giver"), "%s", error);
    ck_assert_str_eq(told, "+giver +wanter +taker ");
    ck_assert_int_eq(taken("test.taken/1"), 42);
    ck_assert_int_eq(taken("test.wanted/1"), 42);
    ck_assert(directory_check());
}
END_TEST

START_TEST(what_only_create_offers_comes_first_too)
{
    ck_assert_msg(LOAD_ALL("taker", "plain", "giver_late"), "%s", error);
    ck_assert_int_eq(taken("test.taken/1"), 42);
}
END_TEST

START_TEST(a_ring_is_told_with_its_ids)
{
    ck_assert(!LOAD_ALL("plain", "ring_a", "ring_b"));
    says("need each other in a ring");
    says("'ring_a' wants test.b/1 of 'ring_b'");
    says("'ring_b' wants test.a/1 of 'ring_a'");
    ck_assert_ptr_null(rack_find(KR_STR("plain")));
}
END_TEST

START_TEST(a_batch_with_one_bad_module_leaves_no_trace)
{
    ck_assert_msg(load("wanter"), "%s", error);
    told[0] = '\0';
    watch_life();
    ck_assert(!LOAD_ALL("giver", "plain", "stranger"));
    ck_assert_str_eq(life(), ""); /* not even created */
    ck_assert(!LOAD_ALL("giver", "plain", "giver_twice"));
    says("offers interface test.gift/1, which giver offers already");
    ck_assert_str_eq(life(), "cx");
    ck_assert_str_eq(told, "");
    ck_assert_int_eq(taken("test.wanted/1"), -1);
    ck_assert_ptr_null(rack_find(KR_STR("giver")));
    ck_assert_ptr_null(directory_who("test.gift/1"));
    ck_assert_ptr_null(command_find(KR_STR("plain.run")));
    end_life();
}
END_TEST

/* --- Slots that follow --------------------------------------------------- */

START_TEST(an_optional_slot_follows_who_comes_and_goes)
{
    ck_assert_msg(load("wanter"), "%s", error);
    ck_assert_int_eq(taken("test.wanted/1"), -1);
    ck_assert_msg(load("giver"), "%s", error);
    ck_assert_int_eq(taken("test.wanted/1"), 42);
    ck_assert_msg(unload("giver"), "%s", error);
    ck_assert_int_eq(taken("test.wanted/1"), -1);
    ck_assert(directory_check());
    /* One that is too small for it is as good as none. */
    ck_assert_msg(load("giver_small"), "%s", error);
    ck_assert_int_eq(taken("test.wanted/1"), -1);
    ck_assert(directory_check());
}
END_TEST

START_TEST(who_is_needed_cannot_go)
{
    ck_assert_msg(LOAD_ALL("giver", "taker", "wanter"), "%s", error);
    ck_assert(!unload("giver"));
    says("modules that need what it offers: taker (unload them first)");
    ck_assert_int_eq(taken("test.taken/1"), 42);
    ck_assert_msg(unload("taker"), "%s", error);
    ck_assert_msg(unload("giver"), "%s", error);
}
END_TEST

/* --- Unloading ----------------------------------------------------------- */

START_TEST(unloading_leaves_no_trace)
{
    ck_assert_msg(load("plain"), "%s", error);
    ck_assert_msg(unload("plain"), "%s", error);
    ck_assert_str_eq(told, "+plain -plain ");
    ck_assert_ptr_null(rack_find(KR_STR("plain")));
    ck_assert_ptr_null(command_find(KR_STR("plain.run")));
    ck_assert_ptr_null(directory_find("test.plain/1", 8));
    ck_assert(!unload("plain"));
    ck_assert_str_eq(error, "no such module with that name");
}
END_TEST

START_TEST(all_that_holds_a_module_is_listed)
{
    kr_module *m, *was;

    ck_assert_msg(load("plain_stays"), "%s", error);
    m = rack_find(KR_STR("plain"));
    m->held = 3;
    was = module_enter(m);
    ck_assert(!unload("plain"));
    module_leave(was);
    says("module 'plain' is held by: ");
    says("KR_MODULE_CAN_UNLOAD");
    says("3 jobs (wait for them)");
    says("its own code, which runs now");
    ck_assert_ptr_eq(rack_find(KR_STR("plain")), m);
    ck_assert_uint_eq(m->entered, 0);
}
END_TEST

START_TEST(values_of_its_types_hold_a_module)
{
    struct kr_cell cell;
    struct kr_module_info info = {.size = sizeof(info)};

    fixture_begin();
    ck_assert_msg(load("typed"), "%s", error);
    keyspace_interface.put_key(db0(), KR_STR("key"),
                               type_interface.find(KR_STR("typed")), 0, 0, 1,
                               &cell);
    ck_assert(!unload("typed"));
    says("1 values of its type 'typed'");
    rack_interface.info(rack_find(KR_STR("typed")), &info);
    ck_assert_uint_eq(info.keys, 1);
    erase_key(db0(), "key");
    ck_assert_msg(unload("typed"), "%s", error);
    fixture_end();
}
END_TEST

START_TEST(code_is_unmapped_when_no_call_is_on_the_stack)
{
    const struct kr_descriptor *inside;
    kr_module outer = {.name = "outer"}, *was;
    Dl_info info;

    ck_assert_msg(load("plain"), "%s", error);
    inside = rack_module_of(rack_find(KR_STR("plain")))->image->descriptor;
    ck_assert_str_eq(rack_module_at(inside), "plain");
    was = module_enter(&outer);
    ck_assert_msg(unload("plain"), "%s", error);
    rack_sweep();
    ck_assert_int_ne(dladdr(inside, &info), 0);
    module_leave(was);
    event_raise(EVENT_SLEEP, NULL);
    ck_assert_int_eq(dladdr(inside, &info), 0);
    ck_assert_ptr_null(rack_module_at(inside));
}
END_TEST

START_TEST(unloading_all_goes_backwards)
{
    ck_assert_msg(LOAD_ALL("taker", "giver", "plain_stays"), "%s", error);
    told[0] = '\0';
    rack_unload_all();
    ck_assert_str_eq(told, "-plain -taker -giver ");
    ck_assert(directory_check());
}
END_TEST

/* --- kr.modules/1 -------------------------------------------------------- */

static bool add_name(kr_module *module, void *ctx)
{
    strcat(ctx, module->name);
    return true;
}

START_TEST(modules_can_be_asked_about)
{
    struct kr_module_info info = {.size = sizeof(info)};
    char names[64] = "";
    kr_module *m;

    ck_assert_msg(load_with("plain", "word"), "%s", error);
    ck_assert_msg(load("giver"), "%s", error);
    m = rack_interface.find(KR_STR("plain"));
    command_find(KR_STR("plain.run"))->calls = 3;
    command_find(KR_STR("plain.sub"))->subcommands->calls = 4;
    rack_interface.info(m, &info);
    ck_assert_uint_eq(info.calls, 7);
    ck_assert_str_eq(info.name, "plain");
    ck_assert_str_eq(info.summary, "A plain module");
    ck_assert_uint_eq(info.flags & KR_MODULE_STANDARD, 0);
    ck_assert_uint_eq(info.version, 10203);
    ck_assert_uint_eq(info.argc, 1);
    ck_assert(kr_str_equal(info.argv[0], KR_STR("word")));
    ck_assert_ptr_nonnull(rack_interface.state(m));
    rack_interface.each(add_name, names);
    ck_assert_str_eq(names, "plaingiver");
    ck_assert_ptr_nonnull(rack_interface.interface("test.gift/1", 16));
    ck_assert_ptr_null(rack_interface.interface("test.gift/1", 1000));
    ck_assert_ptr_null(rack_interface.interface("test.none/1", 0));
}
END_TEST

/* A caller built long ago knows less of the struct. */
START_TEST(info_writes_no_further_than_the_caller_knows)
{
    struct kr_module_info info;

    ck_assert_msg(load("plain"), "%s", error);
    memset(&info, 0x5a, sizeof(info));
    info.size = offsetof(struct kr_module_info, path);
    rack_interface.info(rack_find(KR_STR("plain")), &info);
    ck_assert_str_eq(info.name, "plain");
    ck_assert_uint_eq(info.size, offsetof(struct kr_module_info, path));
    ck_assert_uint_eq((uintptr_t)info.path, 0x5a5a5a5a5a5a5a5a);
}
END_TEST

START_TEST(memory_is_on_the_module_s_account)
{
    struct kr_module_info info = {.size = sizeof(info)};

    ck_assert_msg(load_with("plain", "keep"), "%s", error);
    rack_interface.info(rack_find(KR_STR("plain")), &info);
    ck_assert_uint_ge(info.memory, 100);
    rack_unload_all();
}
END_TEST

Suite *load_suite(void)
{
    Suite *suite = suite_create("load");
    TCase *load_case = tcase_create("load");
    TCase *unload_case = tcase_create("unload");

    tcase_add_checked_fixture(load_case, setup, NULL);
    tcase_add_test(load_case, a_loaded_module_is_visible);
    tcase_add_test(load_case,
                   life_functions_run_in_order_with_handle_and_state);
    tcase_add_test(load_case, a_refusal_of_create_is_told_and_leaves_no_trace);
    tcase_add_test(load_case, a_taken_command_refuses_the_whole_module);
    tcase_add_test(load_case, a_taken_name_is_refused);
    tcase_add_test(load_case,
                   overwriting_the_file_of_a_loaded_module_is_harmless);
    tcase_add_test(load_case, loading_again_maps_the_new_file);
    tcase_add_test(load_case, a_missing_interface_is_told_with_its_remedy);
    tcase_add_test(load_case, a_too_small_interface_is_told_with_both_sizes);
    tcase_add_test(load_case, another_revision_is_told);
    tcase_add_test(load_case, a_batch_is_sorted_by_needs);
    tcase_add_test(load_case, what_only_create_offers_comes_first_too);
    tcase_add_test(load_case, a_ring_is_told_with_its_ids);
    tcase_add_test(load_case, a_batch_with_one_bad_module_leaves_no_trace);
    tcase_add_test(load_case, an_optional_slot_follows_who_comes_and_goes);
    tcase_add_test(load_case, modules_can_be_asked_about);
    tcase_add_test(load_case, info_writes_no_further_than_the_caller_knows);
    tcase_add_test(load_case, memory_is_on_the_module_s_account);
    suite_add_tcase(suite, load_case);

    tcase_add_checked_fixture(unload_case, setup, NULL);
    tcase_add_test(unload_case, who_is_needed_cannot_go);
    tcase_add_test(unload_case, unloading_leaves_no_trace);
    tcase_add_test(unload_case, all_that_holds_a_module_is_listed);
    tcase_add_test(unload_case, code_is_unmapped_when_no_call_is_on_the_stack);
    tcase_add_test(unload_case, unloading_all_goes_backwards);
    tcase_add_test(unload_case, types_and_parameters_go_with_a_module);
    tcase_add_test(unload_case, values_of_its_types_hold_a_module);
    suite_add_tcase(suite, unload_case);
    return suite;
}
