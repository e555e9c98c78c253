/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config/file.h"
#include "core/dispatch/rename.h"

#include "core/config/command_line.h"
#include "core/config/rewrite.h"
#include "core/net/listen.h"
#include "core/rack/rack.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suites.h"

static struct {
    int64_t number, bytes;
    const char *text, *list;
} vars;

static const struct kr_param rows[] = {
    {.name = "number",
     .type = KR_PARAM_INT,
     .slot = &vars.number,
     .initial = "1"},
    {.name = "bytes",
     .alias = "octets",
     .type = KR_PARAM_MEMORY,
     .slot = &vars.bytes,
     .initial = "0"},
    {.name = "text",
     .type = KR_PARAM_STRING,
     .slot = &vars.text,
     .initial = ""},
    {.name = "save",
     .type = KR_PARAM_SPECIAL,
     .flags = KR_PARAM_MULTI,
     .slot = &vars.list,
     .initial = "3600 1"},
};
static const struct kr_rows table = KR_ROWS(rows);
static char folder[64];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/check_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    config_init();
}

static void teardown(void)
{
    char command[128];

    config_fini();
    file_fini();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

static void file_write(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");

    ck_assert_ptr_nonnull(stream);
    fputs(text, stream);
    ck_assert_int_eq(fclose(stream), 0);
}

static void file_is(const char *path, const char *text)
{
    struct buffer now = {0};

    ck_assert(file_load(path, &now));
    ck_assert_str_eq(now.data, text);
    buffer_free(&now);
}

static void register_all(void)
{
    char error[1024] = "";

    ck_assert_msg(config_add_params(NULL, &table, error, sizeof(error)), "%s",
                  error);
}

static void set(const char *name, const char *value)
{
    struct kr_str n = kr_cstr(name), v = kr_cstr(value);
    char error[1024];

    ck_assert_msg(config_set(1, &n, &v, error, sizeof(error)) == KR_OK, "%s",
                  error);
}

static void reads(const char *path)
{
    struct buffer error = {0};

    ck_assert_msg(file_read(path, &error), "%s", error.data);
    buffer_free(&error);
}

static void refuses(const char *path, const char *why)
{
    struct buffer error = {0};

    ck_assert(!file_read(path, &error));
    ck_assert_str_eq(error.data, why);
    buffer_free(&error);
}

/* --- Reading ------------------------------------------------------------- */

START_TEST(comments_blanks_and_quotes)
{
    file_write("a.conf", "# number 5\n\n  \t number\t7 \r\nTEXT \"a\\tb # c\"\n"
                         "octets 2kb");
    reads("a.conf");
    register_all();
    ck_assert_int_eq(vars.number, 7);
    ck_assert_int_eq(vars.bytes, 2048);
    ck_assert_str_eq(vars.text, "a\tb # c");
}
END_TEST

START_TEST(a_line_that_cannot_be_split_is_named)
{
    file_write("a.conf", "number 1\n\nnumber \"1\n");
    refuses("a.conf", "Reading the configuration file, at line 3\n>>> 'number "
                      "\"1'\nUnbalanced quotes in configuration line");
}
END_TEST

START_TEST(includes_are_read_in_their_place)
{
    file_write("a.conf", "number 1\ninclude b.conf\ntext a\n");
    file_write("b.conf", "number 2\ntext b\n");
    reads("a.conf");
    register_all();
    ck_assert_int_eq(vars.number, 2);
    ck_assert_str_eq(vars.text, "a");
}
END_TEST

START_TEST(globs_include_in_order_and_may_find_nothing)
{
    mkdir("d", 0700);
    file_write("d/2.conf", "number 2\n");
    file_write("d/1.conf", "number 1\ntext one\n");
    file_write("a.conf", "include d/*.conf\ninclude none/*.conf\n");
    reads("a.conf");
    register_all();
    ck_assert_int_eq(vars.number, 2);
    ck_assert_str_eq(vars.text, "one");
}
END_TEST

START_TEST(a_plain_include_must_exist)
{
    file_write("a.conf", "include gone.conf\n");
    refuses("a.conf", "Fatal error, can't open config file 'gone.conf': No "
                      "such file or directory");
}
END_TEST

START_TEST(a_file_that_includes_itself_ends)
{
    struct buffer error = {0};

    file_write("a.conf", "include a.conf\n");
    ck_assert(!file_read("a.conf", &error));
    ck_assert_ptr_nonnull(strstr(error.data, "too deeply"));
    buffer_free(&error);
}
END_TEST

START_TEST(loadmodule_lines_are_kept_in_order)
{
    const struct file_module *module;

    file_write("a.conf", "loadmodule /x.so a \"b c\"\nloadmodule y\n");
    reads("a.conf");
    module = file_modules();
    ck_assert_str_eq(module->path, "/x.so");
    ck_assert_uint_eq(module->argc, 2);
    ck_assert(kr_str_equal(module->argv[1], KR_STR("b c")));
    ck_assert_str_eq(module->next->path, "y");
    ck_assert_ptr_null(module->next->next);
}
END_TEST

START_TEST(names_of_commands_are_read)
{
    file_write("a.conf", "rename-command FLUSHALL \"\"\n"
                         "rename-command get take\nrename-command set get\n");
    reads("a.conf");
    ck_assert_ptr_null(rename_declared(KR_STR("flushall")).data);
    ck_assert_ptr_null(rename_declared(KR_STR("SET")).data);
    ck_assert(kr_str_equal(rename_declared(KR_STR("TAKE")), KR_STR("get")));
    ck_assert(kr_str_equal(rename_declared(KR_STR("get")), KR_STR("set")));
    ck_assert(kr_str_equal(rename_declared(KR_STR("Del")), KR_STR("Del")));
    ck_assert(kr_str_equal(rename_declared(KR_STR("")), KR_STR("")));
}
END_TEST

static const struct {
    const char *lines, *why;
} bad_names[] = {
    {"rename-command a b\nrename-command A c\n", "No such command"},
    {"rename-command a c\nrename-command b C\n", "already exists"},
    {"rename-command a\n", "wrong number of arguments"},
    {"rename-command a b c\n", "wrong number of arguments"},
};

START_TEST(a_name_is_given_once)
{
    struct buffer error = {0};

    file_write("a.conf", bad_names[_i].lines);
    ck_assert(!file_read("a.conf", &error));
    buffer_append_char(&error, '\0');
    ck_assert_ptr_nonnull(strstr(error.data, bad_names[_i].why));
    buffer_free(&error);
}
END_TEST

/* --- The command line ---------------------------------------------------- */

static const struct {
    const char *argv[8];
    int64_t number;
    const char *text, *list;
} lines[] = {
    {{"--number", "5", "--text", "x"}, 5, "x", "3600 1"},
    {{"--number 5", "--text x"}, 5, "x", "3600 1"},
    {{"--text", "--number", "--number", "6"}, 6, "--number", "3600 1"},
    {{"--save", "900", "1", "60", "5"}, 1, "", "900 1 60 5"},
    {{"--save", "--number", "3"}, 3, "", ""},
    {{"--number", "3", "--save"}, 3, "", ""},
    {{"--save", ""}, 1, "", ""},
    {{"--save", "1 2"}, 1, "", "1 2"},
    {{"f.conf", "--number", "9"}, 9, "file", "1 1"},
    {{"f.conf", "--save", "2 2"}, 8, "file", "1 1 2 2"},
    {{"f.conf", "--save", ""}, 8, "file", ""},
    {{"--text", "\"quoted\" \\ it"}, 1, "\"quoted\" \\ it", "3600 1"},
};

START_TEST(options_are_lines_below_the_file)
{
    char *argv[10] = {(char *)"keyrack-server"};
    int argc = 1, status = -1;

    file_write("f.conf", "number 8\ntext file\nsave 1 1\n");
    for (int i = 0; i < 8 && lines[_i].argv[i]; i++)
        argv[argc++] = (char *)lines[_i].argv[i];
    ck_assert(command_line_read(argc, argv, &status));
    register_all();
    ck_assert_int_eq(vars.number, lines[_i].number);
    ck_assert_str_eq(vars.text, lines[_i].text);
    ck_assert_str_eq(vars.list, lines[_i].list);
}
END_TEST

START_TEST(options_have_the_line_numbers_of_redis)
{
    char *argv[] = {(char *)"x", (char *)"f.conf", (char *)"--number",
                    (char *)"1", (char *)"--foo",  (char *)"a b"};
    struct buffer error = {0};
    int status;

    file_write("f.conf", "text a\ntext b\n");
    ck_assert(command_line_read(6, argv, &status));
    register_all();
    ck_assert(!config_settle(&error));
    ck_assert_str_eq(error.data, "Reading the configuration file, at line 5\n"
                                 ">>> 'foo \"a b\"'\nBad directive or wrong "
                                 "number of arguments");
    buffer_free(&error);
}
END_TEST

START_TEST(sentinel_and_memory_tests_are_refused)
{
    char *by_name[] = {(char *)"/usr/bin/keyrack-sentinel"};
    char *by_option[] = {(char *)"x", (char *)"--sentinel"};
    char *memory[] = {(char *)"x", (char *)"--test-memory", (char *)"100"};
    int status = 0;

    ck_assert(!command_line_read(1, by_name, &status));
    ck_assert_int_eq(status, 1);
    ck_assert(!command_line_read(2, by_option, &status));
    ck_assert_int_eq(status, 1);
    ck_assert(!command_line_read(3, memory, &status));
    ck_assert_int_eq(status, 1);
}
END_TEST

/* --- CONFIG REWRITE ------------------------------------------------------ */

#define BEFORE                                                                 \
    "# mine\nnumber   5\n\noctets 2048\nsave 900 1\n# between\nsave 300 10\n"  \
    "loadmodule x.so\nstrange line\ntext \"a b\"\n"

static void rewrites(void)
{
    char error[1024];

    ck_assert_msg(rewrite_file(error, sizeof(error)) == KR_OK, "%s", error);
}

START_TEST(rewrite_leaves_alone_what_is_true)
{
    file_write("a.conf", BEFORE);
    reads("a.conf");
    register_all();
    rewrites();
    file_is("a.conf", BEFORE);
}
END_TEST

START_TEST(rewrite_changes_lines_in_place_and_drops_spare_ones)
{
    file_write("a.conf", BEFORE);
    reads("a.conf");
    register_all();
    set("number", "6");
    set("bytes", "3145728");
    set("save", "10 20");
    set("text", "");
    rewrites();
    file_is("a.conf", "# mine\nnumber 6\n\nbytes 3mb\nsave 10 20\n# between\n"
                      "loadmodule x.so\nstrange line\ntext \"\"\n");
}
END_TEST

START_TEST(rewrite_adds_what_is_not_default_under_one_mark)
{
    file_write("a.conf", "number 5");
    reads("a.conf");
    register_all();
    set("text", "two words");
    rewrites();
    file_is("a.conf", "number 5\n\n# Generated by CONFIG REWRITE\ntext \"two "
                      "words\"\n");
    set("bytes", "1000");
    set("number", "1");
    rewrites();
    file_is("a.conf", "number 1\n\n# Generated by CONFIG REWRITE\ntext \"two "
                      "words\"\nbytes 1000\n");
}
END_TEST

START_TEST(rewrite_does_not_copy_an_include_until_it_is_wrong)
{
    file_write("a.conf", "include b.conf\n");
    file_write("b.conf", "number 5\n");
    reads("a.conf");
    register_all();
    rewrites();
    file_is("a.conf", "include b.conf\n");
    /* The default too, for the include says otherwise. */
    set("number", "1");
    rewrites();
    file_is("a.conf", "include b.conf\n\n# Generated by CONFIG REWRITE\n"
                      "number 1\n");
}
END_TEST

START_TEST(rewrite_keeps_permissions_and_leaves_no_other_file)
{
    struct stat info;

    file_write("a.conf", "number 5\n");
    ck_assert_int_eq(chmod("a.conf", 0640), 0);
    reads("a.conf");
    register_all();
    set("number", "6");
    rewrites();
    ck_assert_int_eq(stat("a.conf", &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0640);
    ck_assert_int_eq(unlink("a.conf"), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* it is empty */
    ck_assert_int_eq(mkdir(folder, 0700), 0);
}
END_TEST

START_TEST(rewrite_without_a_file_says_so)
{
    char error[1024];

    register_all();
    ck_assert_int_eq(rewrite_file(error, sizeof(error)), KR_ENOENT);
    ck_assert_str_eq(error, "The server is running without a config file");
}
END_TEST

START_TEST(what_was_rewritten_reads_back)
{
    static const char *const texts[] = {"a b",   "\"",  "'x'",  "#no",
                                        "a\\b",  "\n",  "\xff", "--x",
                                        "a  b ", "\t.", "",     "x#y"};

    file_write("a.conf", "");
    reads("a.conf");
    register_all();
    set("text", texts[_i]);
    rewrites();
    config_fini();
    file_fini();
    config_init();
    reads("a.conf");
    register_all();
    ck_assert_str_eq(vars.text, texts[_i]);
}
END_TEST

Suite *config_file_suite(void)
{
    Suite *suite = suite_create("config_file");
    TCase *tcase = tcase_create("config_file");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, comments_blanks_and_quotes);
    tcase_add_test(tcase, a_line_that_cannot_be_split_is_named);
    tcase_add_test(tcase, includes_are_read_in_their_place);
    tcase_add_test(tcase, globs_include_in_order_and_may_find_nothing);
    tcase_add_test(tcase, a_plain_include_must_exist);
    tcase_add_test(tcase, a_file_that_includes_itself_ends);
    tcase_add_test(tcase, loadmodule_lines_are_kept_in_order);
    tcase_add_test(tcase, names_of_commands_are_read);
    tcase_add_loop_test(tcase, a_name_is_given_once, 0, KR_COUNT(bad_names));
    tcase_add_loop_test(tcase, options_are_lines_below_the_file, 0,
                        KR_COUNT(lines));
    tcase_add_test(tcase, options_have_the_line_numbers_of_redis);
    tcase_add_test(tcase, sentinel_and_memory_tests_are_refused);
    tcase_add_test(tcase, rewrite_leaves_alone_what_is_true);
    tcase_add_test(tcase, rewrite_changes_lines_in_place_and_drops_spare_ones);
    tcase_add_test(tcase, rewrite_adds_what_is_not_default_under_one_mark);
    tcase_add_test(tcase, rewrite_does_not_copy_an_include_until_it_is_wrong);
    tcase_add_test(tcase, rewrite_keeps_permissions_and_leaves_no_other_file);
    tcase_add_test(tcase, rewrite_without_a_file_says_so);
    tcase_add_loop_test(tcase, what_was_rewritten_reads_back, 0, 12);
    suite_add_tcase(suite, tcase);
    return suite;
}
