/* SPDX-License-Identifier: BSD-3-Clause */
/* The process as others see it: its title, its file, what its supervisor is
 * told. */
#include "core/net/listen.h"
#include "core/server/directives.h"
#include "core/server/process.h"
#include "tests/unit/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[64], path[96];
/* As the kernel lays the arguments out: one behind the other. */
static char block[64];
static char *argv[2] = {block, block + 5};

static void setup(void)
{
    strcpy(directory, "/tmp/kr-process-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/file", directory);
    memcpy(block, "prog\0--an-argument-that-is-long-enough", 38);
    directives.pidfile = "";
    directives.proc_title_template = "";
    directives.set_proc_title = directives.daemonize = false;
    directives.supervised = SUPERVISED_NO;
    listen_settings =
        (struct listen_settings){.binds = "127.0.0.1 ::1", .unix_path = "/s"};
    unsetenv("NOTIFY_SOCKET");
    process_init(2, argv);
}

static void teardown(void)
{
    unlink(path);
    rmdir(directory);
}

static const struct {
    const char *template, *title;
    int64_t port;
} titles[] = {
    {"{title} {listen-addr}", "prog 127.0.0.1:7000", 7000},
    {"{title} {listen-addr}", "prog /s", 0},
    {"{port} {tls-port} {unixsocket} {config-file}", "7000 0 /s", 7000},
    {"{{x} {nonsense}{title", "{x} {title", 0},
    {"", "", 0},
    {"{title} 123456789 123456789 123456789 123456789",
     "prog 123456789 123456789 123456789 123", 0},
};

START_TEST(the_title_is_what_its_template_says_and_no_longer_than_it_may_be)
{
    directives.set_proc_title = true;
    directives.proc_title_template = titles[_i].template;
    listen_settings.port = titles[_i].port;
    process_retitle();
    ck_assert_str_eq(block, titles[_i].title);
}
END_TEST

START_TEST(without_the_setting_the_title_stays)
{
    process_retitle();
    process_name_child("rdb");
    ck_assert_str_eq(block, "prog");
}
END_TEST

START_TEST(a_child_has_a_name_of_its_own)
{
    directives.set_proc_title = true;
    process_name_child("rdb");
    ck_assert_str_eq(block, "keyrack-rdb");
}
END_TEST

START_TEST(the_pid_is_in_its_file_while_it_serves)
{
    struct stat about;
    int pid = 0;
    FILE *file;

    directives.pidfile = path;
    process_listening();
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
    fclose(file);
    ck_assert_int_eq(pid, (int)getpid());
    process_end();
    ck_assert_int_ne(stat(path, &about), 0);
}
END_TEST

START_TEST(a_pid_file_that_cannot_be_written_is_no_end)
{
    directives.pidfile = "/nonexistent/pid";
    process_listening();
    process_end();
}
END_TEST

static int supervisor(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    strcpy(un.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static const char *heard(int fd)
{
    static char text[128];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

START_TEST(the_supervisor_is_told_of_beginning_and_end)
{
    int fd = supervisor();

    directives.supervised = SUPERVISED_AUTO;
    process_ready();
    ck_assert_str_eq(heard(fd),
                     "STATUS=Ready to accept connections\nREADY=1\n");
    process_end();
    ck_assert_str_eq(heard(fd), "STOPPING=1\n");
    close(fd);
}
END_TEST

START_TEST(one_that_is_not_asked_for_is_told_nothing)
{
    int fd = supervisor();

    process_ready();
    ck_assert_str_eq(heard(fd), "");
    directives.supervised = SUPERVISED_SYSTEMD;
    setenv("NOTIFY_SOCKET", "no path", 1);
    process_ready();
    ck_assert_str_eq(heard(fd), "");
    close(fd);
}
END_TEST

Suite *process_suite(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("process");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, the_title_is_what_its_template_says_and_no_longer_than_it_may_be,
        0, (int)(sizeof(titles) / sizeof(titles[0])));
    tcase_add_test(tcase, without_the_setting_the_title_stays);
    tcase_add_test(tcase, a_child_has_a_name_of_its_own);
    tcase_add_test(tcase, the_pid_is_in_its_file_while_it_serves);
    tcase_add_test(tcase, a_pid_file_that_cannot_be_written_is_no_end);
    tcase_add_test(tcase, the_supervisor_is_told_of_beginning_and_end);
    tcase_add_test(tcase, one_that_is_not_asked_for_is_told_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
