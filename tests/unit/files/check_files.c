/* SPDX-License-Identifier: BSD-3-Clause */
/* The disk fails by tests/integration/faults.c, which is linked in. */
#include "core/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suites.h"

static const struct kr_files *const files = &files_interface;
static char folder[64];

/* --- The folder, and what fails in it ------------------------------------ */

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const char *read_file(const char *name)
{
    static char text[256];
    FILE *file = fopen(name, "re");

    if (!file)
        return "(none)";
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void set_fault(const char *fault)
{
    write_file("fault", fault);
}

static void setup(void)
{
    char fault[96];

    snprintf(folder, sizeof(folder), "/tmp/check_files.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    snprintf(fault, sizeof(fault), "%s/fault", folder);
    ck_assert_int_eq(mkdir("new", 0755), 0);
    write_file("new/file", "old");
    setenv("FAULTS", fault, 1);
    setenv("FAULTS_FILES", "new", 1);
}

static void teardown(void)
{
    char command[128];

    unsetenv("FAULTS");
    unsetenv("FAULTS_FILES");
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(system(command), 0);
}

static struct kr_aside begin(void)
{
    struct kr_aside aside = {.size = sizeof(aside)};

    ck_assert(files->begin(&aside, "new/aside", 0640));
    return aside;
}

static bool is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

/* --- When all goes well -------------------------------------------------- */

START_TEST(a_file_is_replaced_when_it_is_committed)
{
    struct kr_aside aside = begin();
    struct stat status;

    ck_assert(files->put(&aside, KR_STR("one ")));
    ck_assert(files->put(&aside, KR_STR("two")));
    ck_assert_str_eq(read_file("new/file"), "old");
    ck_assert(files->commit(&aside, "new/file"));
    ck_assert_str_eq(read_file("new/file"), "one two");
    ck_assert_uint_eq(aside.written, 7);
    ck_assert_int_eq(aside.fd, -1);
    ck_assert(!is_there("new/aside"));
    ck_assert_int_eq(stat("new/file", &status), 0);
    ck_assert_int_eq(status.st_mode & 07777 & ~0640, 0);
}
END_TEST

START_TEST(an_abandoned_file_leaves_the_old_one)
{
    struct kr_aside aside = begin();

    ck_assert(files->put(&aside, KR_STR("new")));
    files->abandon(&aside);
    ck_assert_str_eq(read_file("new/file"), "old");
    ck_assert(!is_there("new/aside"));
}
END_TEST

START_TEST(what_has_its_name_is_not_removed_any_more)
{
    struct kr_aside aside = begin();

    ck_assert(files->seal(&aside));
    ck_assert(files->name(&aside, "new/file"));
    write_file("new/aside", "of somebody else");
    files->abandon(&aside);
    ck_assert_str_eq(read_file("new/file"), "");
    ck_assert_str_eq(read_file("new/aside"), "of somebody else");
}
END_TEST

START_TEST(a_child_seals_and_the_parent_names)
{
    struct kr_aside sealed = {
        .size = sizeof(sealed), .fd = -1, .temp = "new/aside"};
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct kr_aside aside = {.size = sizeof(aside)};

        _exit(!files->begin(&aside, "new/aside", 0644) ||
              !files->put(&aside, KR_STR("a child's")) || !files->seal(&aside));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(files->commit(&sealed, "new/file"));
    ck_assert_str_eq(read_file("new/file"), "a child's");
}
END_TEST

START_TEST(a_link_with_the_name_aside_is_not_followed)
{
    struct kr_aside aside = {.size = sizeof(aside)};

    write_file("precious", "precious");
    ck_assert_int_eq(symlink("../precious", "new/aside"), 0);
    ck_assert(files->begin(&aside, "new/aside", 0644));
    ck_assert(files->put(&aside, KR_STR("new")));
    ck_assert(files->commit(&aside, "new/file"));
    ck_assert_str_eq(read_file("precious"), "precious");
    ck_assert_str_eq(read_file("new/file"), "new");
}
END_TEST

START_TEST(a_steady_file_is_the_same_file)
{
    struct kr_aside aside = {.size = sizeof(aside), .flags = KR_ASIDE_STEADY};
    static char bytes[1 << 20];
    struct stat status;

    memset(bytes, 'x', sizeof(bytes));
    ck_assert(files->begin(&aside, "new/aside", 0644));
    for (int i = 0; i < 9; i++)
        ck_assert(files->put(&aside, kr_str(bytes, sizeof(bytes))));
    ck_assert_uint_eq(aside.started, 8 << 20);
    ck_assert(files->commit(&aside, "new/file"));
    ck_assert_int_eq(stat("new/file", &status), 0);
    ck_assert_int_eq(status.st_size, 9 << 20);
}
END_TEST

START_TEST(a_folder_is_that_of_the_path)
{
    ck_assert_int_eq(files->sync_folder("file"), 0);
    ck_assert_int_eq(files->sync_folder("new/file"), 0);
    ck_assert_int_eq(files->sync_folder("/file"), 0);
    ck_assert_int_eq(files->sync_folder("away/file"), ENOENT);
}
END_TEST

/* --- When the disk fails ------------------------------------------------- */

START_TEST(short_and_interrupted_writes_go_on)
{
    struct kr_aside aside = begin();

    set_fault("short 0");
    ck_assert(files->put(&aside, KR_STR("byte by byte")));
    ck_assert(files->commit(&aside, "new/file"));
    ck_assert_str_eq(read_file("new/file"), "byte by byte");
}
END_TEST

START_TEST(a_full_disk_says_how_much_was_written)
{
    struct kr_aside aside = begin();

    set_fault("part 28");
    ck_assert(!files->put(&aside, KR_STR("12345678")));
    ck_assert_uint_eq(aside.written, 7); /* 4, 2, 1, and no more */
    ck_assert_uint_eq(aside.failed, KR_ASIDE_WRITE);
    ck_assert_int_eq(aside.error, ENOSPC);
    files->abandon(&aside);
    ck_assert(!is_there("new/aside"));
}
END_TEST

START_TEST(a_file_that_cannot_be_made_is_no_file)
{
    struct kr_aside aside = {.size = sizeof(aside)};

    set_fault("open 24");
    ck_assert(!files->begin(&aside, "new/aside", 0644));
    ck_assert_uint_eq(aside.failed, KR_ASIDE_OPEN);
    ck_assert_int_eq(aside.error, EMFILE);
    ck_assert(!files->put(&aside, KR_STR("new")));
    ck_assert(!files->commit(&aside, "new/file"));
    ck_assert_uint_eq(aside.failed, KR_ASIDE_OPEN);
    ck_assert_str_eq(read_file("new/file"), "old");
}
END_TEST

static const struct {
    const char *fault;
    uint32_t step;
    int error;
} faults[] = {
    {"write 28", KR_ASIDE_WRITE, ENOSPC},
    {"part 5", KR_ASIDE_WRITE, EIO},
    {"fsync 5", KR_ASIDE_SYNC, EIO},
    {"rename 13", KR_ASIDE_NAME, EACCES},
};

START_TEST(a_step_that_fails_leaves_the_old_file_alone)
{
    struct kr_aside aside = begin();

    set_fault(faults[_i].fault);
    (void)files->put(&aside, KR_STR("new"));
    ck_assert(!files->commit(&aside, "new/file"));
    ck_assert_uint_eq(aside.failed, faults[_i].step);
    ck_assert_int_eq(aside.error, faults[_i].error);
    ck_assert_int_eq(aside.fd, -1);
    ck_assert_str_eq(read_file("new/file"), "old");
    ck_assert(!is_there("new/aside"));
}
END_TEST

START_TEST(the_first_failure_is_the_one_that_is_kept)
{
    struct kr_aside aside = begin();

    set_fault("write 28");
    ck_assert(!files->put(&aside, KR_STR("new")));
    set_fault("fsync 5");
    ck_assert(!files->put(&aside, KR_STR("new")));
    ck_assert(!files->seal(&aside));
    ck_assert(!files->name(&aside, "new/file"));
    ck_assert_uint_eq(aside.failed, KR_ASIDE_WRITE);
    ck_assert_int_eq(aside.error, ENOSPC);
    files->abandon(&aside);
}
END_TEST

/* It cannot be taken back: the file has its name, if not for sure. */
START_TEST(a_folder_that_is_not_synced_keeps_the_new_file)
{
    struct kr_aside aside = begin();

    ck_assert(files->put(&aside, KR_STR("new")));
    ck_assert(files->seal(&aside));
    set_fault("fsync 5");
    ck_assert(!files->commit(&aside, "new/file"));
    ck_assert_uint_eq(aside.failed, KR_ASIDE_FOLDER);
    ck_assert_int_eq(aside.error, EIO);
    ck_assert_str_eq(read_file("new/file"), "new");
}
END_TEST

START_TEST(a_folder_that_has_no_sync_is_fine)
{
    set_fault("fsync 22");
    ck_assert_int_eq(files->sync_folder("new/file"), 0);
}
END_TEST

START_TEST(an_end_at_once_removes_what_has_no_name_yet)
{
    struct kr_aside done = begin(), aside;

    ck_assert(files->commit(&done, "new/file"));
    aside = begin();
    files_remove_asides();
    ck_assert_str_eq(read_file("new/file"), "");
    ck_assert_str_eq(read_file("new/aside"), "(none)");
    files->abandon(&aside);
    ck_assert_int_eq(rename("new/file", "new/aside"), 0);
    files_remove_asides(); /* nobody's any more */
    ck_assert_str_eq(read_file("new/aside"), "");
}
END_TEST

Suite *files_suite(void)
{
    Suite *suite = suite_create("files");
    TCase *tests = tcase_create("asides");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_file_is_replaced_when_it_is_committed);
    tcase_add_test(tests, an_abandoned_file_leaves_the_old_one);
    tcase_add_test(tests, what_has_its_name_is_not_removed_any_more);
    tcase_add_test(tests, a_child_seals_and_the_parent_names);
    tcase_add_test(tests, a_link_with_the_name_aside_is_not_followed);
    tcase_add_test(tests, a_steady_file_is_the_same_file);
    tcase_add_test(tests, a_folder_is_that_of_the_path);
    tcase_add_test(tests, short_and_interrupted_writes_go_on);
    tcase_add_test(tests, a_full_disk_says_how_much_was_written);
    tcase_add_test(tests, a_file_that_cannot_be_made_is_no_file);
    tcase_add_loop_test(tests, a_step_that_fails_leaves_the_old_file_alone, 0,
                        KR_COUNT(faults));
    tcase_add_test(tests, the_first_failure_is_the_one_that_is_kept);
    tcase_add_test(tests, a_folder_that_is_not_synced_keeps_the_new_file);
    tcase_add_test(tests, a_folder_that_has_no_sync_is_fine);
    tcase_add_test(tests, an_end_at_once_removes_what_has_no_name_yet);
    suite_add_tcase(suite, tests);
    return suite;
}
