/* SPDX-License-Identifier: BSD-3-Clause */
/* unit - tests that are built into a module's file: <kr/test.h>.
 *
 * The host is the server itself, assembled as always, with nothing that leads
 * outside: its clients are ends of socket pairs, whose other ends are here. */
#include "sdk/unit.h"

#include "core/clock/clock.h"
#include "core/net/client.h"
#include "core/rack/rack.h"
#include "core/server/server.h"
#include "core/text/buffer.h"
#include "sdk/picture.h"

#include <kr/test.h>

#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNIT_PATIENCE 100 /* turns in which a client neither reads nor writes */

struct peer {
    int fd; /* our end; -1: not connected */
    struct buffer got;
    size_t told; /* of it, bytes that a test has been given */
};

/* The functions of struct kr_test get no context of ours. */
static struct {
    kr_module *module;
    pid_t pid; /* of the host: a framework may run tests in children of it */
    struct peer peers[KR_TEST_CLIENTS];
} unit;

/* What LeakSanitizer asks before it looks.  A child ends amid its work, and what
 * the host keeps by tagged pointers would be called lost; the host itself frees
 * all it has and is looked at. */
KR_EXPORT int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return unit.pid != 0 && unit.pid != getpid();
}

static void unit_fail(const char *what)
{
    fprintf(stderr, "unit: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- Clients -------------------------------------------------------------- */

static struct peer *peer_find(uint32_t who)
{
    struct peer *peer = &unit.peers[who % KR_TEST_CLIENTS];
    int fds[2];

    if (peer->fd >= 0)
        return peer;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   fds) != 0)
        unit_fail("socketpair");
    peer->fd = fds[1];
    if (!client_new(fds[0], KR_CLIENT_LOCAL))
        unit_fail("the host refuses the client");
    return peer;
}

/* false: nothing has come. */
static bool peer_read(struct peer *peer)
{
    char bytes[16384];
    bool any = false;
    ssize_t n;

    while ((n = recv(peer->fd, bytes, sizeof(bytes), 0)) > 0) {
        buffer_append(&peer->got, kr_str(bytes, (size_t)n));
        any = true;
    }
    return any;
}

/* Bytes of ours that the host has not read. */
static int peer_unread(const struct peer *peer)
{
    int bytes = 0;

    return ioctl(peer->fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/* Turns, until nothing goes either way any more; who waits goes on waiting. */
static void peer_settle(struct peer *peer)
{
    int unread = peer_unread(peer), idle = 0;

    do {
        int before = unread;

        server_turn();
        unread = peer_unread(peer);
        idle = peer_read(peer) || unread < before ? 0 : idle + 1;
    } while (idle == 0 || (unread > 0 && idle < UNIT_PATIENCE));
}

static void peer_send(struct peer *peer, const struct buffer *bytes)
{
    size_t sent = 0;

    while (sent < bytes->size) {
        ssize_t n = send(peer->fd, bytes->data + sent, bytes->size - sent,
                         MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return; /* it has been hung up on */
        else
            peer_settle(peer);
    }
}

static struct kr_str peer_news(struct peer *peer)
{
    struct kr_str news =
        kr_str(peer->got.data + peer->told, peer->got.size - peer->told);

    peer->told = peer->got.size;
    return news;
}

/* What was told is not borrowed any more. */
static void peer_forget_told(struct peer *peer)
{
    size_t rest = peer->got.size - peer->told;

    if (rest > 0)
        memmove(peer->got.data, peer->got.data + peer->told, rest);
    peer->got.size = rest;
    peer->told = 0;
}

static void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer->got.size = peer->told = 0;
}

/* --- What the tests call -------------------------------------------------- */

static struct kr_str unit_hear(uint32_t who)
{
    struct peer *peer = peer_find(who);

    peer_forget_told(peer);
    peer_settle(peer);
    return peer_news(peer);
}

static struct kr_str unit_say(uint32_t who, uint32_t argc,
                              const struct kr_str *argv)
{
    struct peer *peer = peer_find(who);
    struct buffer bytes = {0};

    peer_forget_told(peer);
    buffer_printf(&bytes, "*%u\r\n", argc);
    for (uint32_t i = 0; i < argc; i++) {
        buffer_printf(&bytes, "$%zu\r\n", argv[i].size);
        buffer_append(&bytes, argv[i]);
        buffer_append(&bytes, KR_STR("\r\n"));
    }
    peer_send(peer, &bytes);
    buffer_free(&bytes);
    peer_settle(peer);
    return peer_news(peer);
}

static void unit_leave(uint32_t who)
{
    peer_close(&unit.peers[who % KR_TEST_CLIENTS]);
    server_turn();
}

static void unit_turn(uint32_t ms)
{
    int64_t until_ns = clock_monotonic_ns() + (int64_t)ms * 1000000;

    server_turn();
    while (clock_monotonic_ns() < until_ns) {
        usleep(500);
        server_turn();
    }
}

static uint64_t unit_memory(void)
{
    return unit.module->memory;
}

static void unit_limit_memory(uint64_t bytes)
{
    unit.module->memory_max =
        bytes == UINT64_MAX ? 0 : unit.module->memory + (size_t)bytes;
}

/* --- The host ------------------------------------------------------------- */

static int unit_call(void *ctx)
{
    const char *name = ctx;
    int (*tests)(const struct kr_test *test);
    struct kr_test test = {.size = sizeof(test),
                           .run = unit_say,
                           .hear = unit_hear,
                           .leave = unit_leave,
                           .turn = unit_turn,
                           .memory = unit_memory,
                           .limit_memory = unit_limit_memory};
    int status;

    unit.pid = getpid();
    unit.module = rack_find(kr_cstr(name));
    tests = (int (*)(const struct kr_test *))(uintptr_t)rack_symbol(
        unit.module, KR_TEST_NAME);
    if (!tests) {
        fprintf(stderr,
                "module '%s' has no tests: its file does not export %s (see "
                "KR_TEST_MAIN in <kr/test.h>)\n",
                name, KR_TEST_NAME);
        return 2;
    }
    for (uint32_t i = 0; i < KR_TEST_CLIENTS; i++)
        unit.peers[i].fd = -1;
    test.self = unit.module;
    test.state = unit.module->state;
    status = tests(&test);
    for (uint32_t i = 0; i < KR_TEST_CLIENTS; i++) {
        peer_close(&unit.peers[i]);
        buffer_free(&unit.peers[i].got);
    }
    return status;
}

/* Its name, as the descriptor says it; freed by the caller.  NULL: the reason was
 * printed. */
static char *unit_name(const char *path)
{
    struct picture picture;
    char error[1024];
    char *name = NULL;

    if (!picture_open(&picture, path, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return NULL;
    }
    if (picture.image.descriptor)
        name = strdup(picture.image.descriptor->name);
    else
        fprintf(stderr, "%s: only modules with a descriptor have such tests\n",
                path);
    picture_close(&picture);
    return name;
}

int unit_run(const char *path)
{
    char *file = realpath(path, NULL), *name = NULL;
    struct buffer modules = {0};
    int status = 2;

    if (!file)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    else
        name = unit_name(file);
    if (name) {
        char program[] = "keyrack-module", port[] = "--port", none[] = "0",
             level[] = "--loglevel", nothing[] = "nothing",
             load[] = "--load-modules", one[] = "--loadmodule";
        char *argv[10] = {program, port, none, level, nothing, load};

        buffer_printf(&modules, "* -%s", name);
        argv[6] = modules.data;
        argv[7] = one;
        argv[8] = file;
        status = server_host(9, argv, unit_call, name);
    }
    buffer_free(&modules);
    free(name);
    free(file);
    return status;
}
