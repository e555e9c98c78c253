/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets on which clients arrive: all that were asked for, or none. */
#include "core/net/listen.h"
#include "tests/unit/dispatch/fixture.h"
#include "tests/unit/suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[64], path[96], error[512];

static void setup(void)
{
    strcpy(directory, "/tmp/kr-listen-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/socket", directory);
    listen_settings = (struct listen_settings){
        .binds = "127.0.0.1", .backlog = 16, .unix_path = ""};
    error[0] = '\0';
}

static void teardown(void)
{
    listen_close();
    unlink(path);
    rmdir(directory);
}

/* A port that nobody listens on at this moment. */
static int64_t free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &size), 0);
    close(fd);
    return ntohs(in.sin_port);
}

/* Between asking for a free port and taking it another process may take it. */
static void open_tcp(void)
{
    for (int i = 0; i < 20; i++) {
        listen_settings.port = free_port();
        if (listen_open(error, sizeof(error)))
            return;
    }
    ck_abort_msg("%s", error);
}

static bool tcp_answers(int64_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool fine = connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0;

    turns_for(5);
    close(fd);
    return fine;
}

static int connect_unix(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(un.sun_path, path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    return fd;
}

static bool note_client(kr_client *client, void *ctx)
{
    uint32_t flags = client_interface.flags(client);

    (void)ctx;
    note("%s%s ", flags & KR_CLIENT_UNIX ? "unix" : "tcp",
         flags & KR_CLIENT_LOCAL ? ",local" : "");
    return true;
}

START_TEST(a_path_is_listened_on_with_its_permissions)
{
    struct stat about;
    int fd;

    listen_settings.unix_path = path;
    listen_settings.unix_mode = 0700;
    ck_assert_msg(listen_open(error, sizeof(error)), "%s", error);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0700);
    fd = connect_unix();
    turns_for(5);
    client_interface.each(note_client, NULL);
    NOTED("unix,local ");
    close(fd);
    listen_close();
    ck_assert_int_ne(stat(path, &about), 0);
}
END_TEST

START_TEST(a_client_of_the_loopback_is_local)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    open_tcp();
    in.sin_port = htons((uint16_t)listen_settings.port);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    turns_for(5);
    client_interface.each(note_client, NULL);
    NOTED("tcp,local ");
    close(fd);
}
END_TEST

START_TEST(listening_nowhere_is_an_error)
{
    ck_assert(!listen_open(error, sizeof(error)));
    ck_assert_str_eq(error, "Configured to not listen anywhere, exiting.");
}
END_TEST

START_TEST(an_address_that_is_not_ours_may_be_optional)
{
    listen_settings.binds = "127.0.0.1 -192.0.2.1";
    open_tcp();
    ck_assert(tcp_answers(listen_settings.port));
    listen_close();
    listen_settings.binds = "127.0.0.1 192.0.2.1";
    ck_assert(!listen_open(error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "192.0.2.1"));
    ck_assert(!tcp_answers(listen_settings.port)); /* nothing is open */
    listen_settings.binds = "-192.0.2.1";
    ck_assert(!listen_open(error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "none of the addresses"));
}
END_TEST

START_TEST(a_path_that_cannot_be_had_closes_the_rest)
{
    char longer[200];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    listen_settings.unix_path = longer;
    listen_settings.port = free_port();
    ck_assert(!listen_open(error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "the path is too long"));
    ck_assert(!tcp_answers(listen_settings.port));
    listen_settings.unix_path = "/nonexistent/socket";
    ck_assert(!listen_open(error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "cannot listen on /nonexistent"));
    listen_settings.unix_path = "";
}
END_TEST

START_TEST(another_port_takes_the_place_of_the_old_one)
{
    int64_t old;

    open_tcp();
    old = listen_settings.port;
    listen_settings.port = free_port();
    ck_assert_msg(listen_reopen(error, sizeof(error)), "%s", error);
    ck_assert(tcp_answers(listen_settings.port));
    ck_assert(!tcp_answers(old));
    /* What fails leaves nothing open; whoever asked goes back to the old. */
    listen_settings.binds = "192.0.2.1";
    ck_assert(!listen_reopen(error, sizeof(error)));
    listen_settings.binds = "127.0.0.1";
    ck_assert_msg(listen_reopen(error, sizeof(error)), "%s", error);
    ck_assert(tcp_answers(listen_settings.port));
}
END_TEST

Suite *listen_suite(void)
{
    Suite *suite = suite_create("listen");
    TCase *tcase = dispatch_case(suite, "listen");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_path_is_listened_on_with_its_permissions);
    tcase_add_test(tcase, a_client_of_the_loopback_is_local);
    tcase_add_test(tcase, listening_nowhere_is_an_error);
    tcase_add_test(tcase, an_address_that_is_not_ours_may_be_optional);
    tcase_add_test(tcase, a_path_that_cannot_be_had_closes_the_rest);
    tcase_add_test(tcase, another_port_takes_the_place_of_the_old_one);
    return suite;
}
