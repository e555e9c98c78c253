/* SPDX-License-Identifier: BSD-3-Clause */
/* Which modules are there when the server begins: files of a directory, lines
 * of the configuration, all together or none. */
#include "core/config/file.h"
#include "core/module/memory_interface.h"
#include "core/rack/rack.h"
#include "core/server/directives.h"
#include "core/server/startup.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/rack/modules.h"
#include "tests/unit/suites.h"

#include <stdlib.h>
#include <unistd.h>

static char error[1024], directory[64], module_dir[4096];

static void setup(void)
{
    char *slash;

    rack_offer("kr.memory/1", &memory_interface);
    rack_offer("kr.modules/1", &rack_interface);
    strcpy(directory, "/tmp/kr-startup-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_ptr_nonnull(realpath(module_path("plain"), module_dir));
    slash = strrchr(module_dir, '/');
    *slash = '\0';
    directives.modules_dir = directory;
    directives.load_modules = "*";
    directives.module_allow_dirs = "";
    error[0] = '\0';
}

static void teardown(void)
{
    char command[128];

    rack_unload_all();
    rack_fini();
    snprintf(command, sizeof(command), "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

/* A module in the server's directory, under some name. */
static void install(const char *module, const char *as)
{
    char to[256];

    snprintf(to, sizeof(to), "%s/%s", directory, as);
    ck_assert_int_eq(symlink(module_path(module), to), 0);
}

/* A path of the build may be relative. */
static void install_built(const char *module)
{
    char from[8192], to[256];

    snprintf(from, sizeof(from), "%s/%s.so", module_dir, module);
    snprintf(to, sizeof(to), "%s/%s.so", directory, module);
    ck_assert_int_eq(symlink(from, to), 0);
}

static bool start(void)
{
    return startup_load_modules(error, sizeof(error));
}

static bool there(const char *name)
{
    return rack_find(kr_cstr(name)) != NULL;
}

START_TEST(all_modules_of_the_directory_are_loaded)
{
    install_built("plain");
    install_built("taker"); /* needs what giver offers */
    install_built("giver");
    ck_assert_msg(start(), "%s", error);
    ck_assert(there("plain"));
    ck_assert(there("taker"));
    ck_assert(there("giver"));
}
END_TEST

START_TEST(only_those_that_are_named_are_loaded)
{
    install_built("plain");
    install_built("giver");
    directives.load_modules = "giver other";
    ck_assert_msg(start(), "%s", error);
    ck_assert(there("giver"));
    ck_assert(!there("plain"));
}
END_TEST

START_TEST(all_but_some_are_loaded)
{
    install_built("plain");
    install_built("giver");
    directives.load_modules = "* -giver";
    ck_assert_msg(start(), "%s", error);
    ck_assert(there("plain"));
    ck_assert(!there("giver"));
}
END_TEST

START_TEST(none_is_none_even_without_a_directory)
{
    install_built("plain");
    directives.load_modules = "none";
    ck_assert(start());
    ck_assert(!there("plain"));
    directives.modules_dir = "/nonexistent";
    ck_assert(start());
}
END_TEST

START_TEST(files_that_are_no_modules_are_left_alone)
{
    install("plain", "readme.txt");
    install("plain", ".so");
    install("plain", "so");
    ck_assert_msg(start(), "%s", error);
    ck_assert(!there("plain"));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_told)
{
    directives.modules_dir = "/nonexistent/modules";
    ck_assert(!start());
    ck_assert_str_eq(
        error, "modules-dir /nonexistent/modules: No such file or directory");
}
END_TEST

START_TEST(one_bad_module_stops_all)
{
    install_built("plain");
    install_built("wrong_magic");
    ck_assert(!start());
    ck_assert_ptr_nonnull(strstr(error, "wrong_magic"));
    ck_assert(!there("plain"));
}
END_TEST

START_TEST(lines_of_the_configuration_are_loaded_too)
{
    char lines[8192];
    struct buffer why = {0};

    install_built("giver");
    snprintf(lines, sizeof(lines), "loadmodule %s/plain.so keep\n", module_dir);
    ck_assert(file_read_text(kr_cstr(lines), &why));
    ck_assert_msg(start(), "%s", error);
    ck_assert(there("plain"));
    ck_assert(there("giver"));
    file_fini();
}
END_TEST

START_TEST(arguments_of_a_line_reach_the_module)
{
    char lines[8192];
    struct buffer why = {0};

    snprintf(lines, sizeof(lines), "loadmodule %s/plain.so refuse\n",
             module_dir);
    ck_assert(file_read_text(kr_cstr(lines), &why));
    ck_assert(!start());
    ck_assert_ptr_nonnull(strstr(error, "told to"));
    file_fini();
}
END_TEST

START_TEST(a_directory_to_allow_must_be_there)
{
    directives.module_allow_dirs = "/tmp /nonexistent";
    ck_assert(!start());
    ck_assert_str_eq(error,
                     "module-allow-dirs: /nonexistent: no such directory");
}
END_TEST

START_TEST(the_servers_own_directory_is_allowed_beside_those_named)
{
    char lines[8192];
    struct buffer why = {0};
    char allowed[64] = "/tmp/kr-allow-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(allowed));
    directives.module_allow_dirs = allowed;
    directives.modules_dir = module_dir;
    directives.load_modules = "plain";
    ck_assert_msg(start(), "%s", error);
    ck_assert(there("plain"));
    snprintf(lines, sizeof(lines), "loadmodule %s/plain.so\n", directory);
    ck_assert(file_read_text(kr_cstr(lines), &why));
    directives.load_modules = "none";
    ck_assert(!start()); /* neither named nor the server's */
    file_fini();
    rmdir(allowed);
}
END_TEST

Suite *startup_suite(void)
{
    Suite *suite = suite_create("startup");
    TCase *tests = dispatch_case(suite, "modules at the beginning");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, all_modules_of_the_directory_are_loaded);
    tcase_add_test(tests, all_but_some_are_loaded);
    tcase_add_test(tests, only_those_that_are_named_are_loaded);
    tcase_add_test(tests, none_is_none_even_without_a_directory);
    tcase_add_test(tests, files_that_are_no_modules_are_left_alone);
    tcase_add_test(tests, a_directory_that_is_not_there_is_told);
    tcase_add_test(tests, one_bad_module_stops_all);
    tcase_add_test(tests, lines_of_the_configuration_are_loaded_too);
    tcase_add_test(tests, arguments_of_a_line_reach_the_module);
    tcase_add_test(tests, a_directory_to_allow_must_be_there);
    tcase_add_test(tests,
                   the_servers_own_directory_is_allowed_beside_those_named);
    return suite;
}
