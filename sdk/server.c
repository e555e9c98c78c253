/* SPDX-License-Identifier: BSD-3-Clause */
/* server - a server for the length of a test: a free port of the loopback, a
 * temporary directory, a log that is shown when it breaks.
 *
 * It ends with the process that started it, however that ends. */
#include "sdk/server.h"

#include "core/config/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER_START_MS 30000u
#define SERVER_STOP_MS  30000u

static void server_sleep_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* $KEYRACK_SERVER, or what stands beside this program. */
static bool server_find(struct server *server)
{
    const char *given = getenv("KEYRACK_SERVER");
    ssize_t n;
    char *slash;

    if (given) {
        snprintf(server->binary, sizeof(server->binary), "%s", given);
    } else {
        n = readlink("/proc/self/exe", server->binary,
                     sizeof(server->binary) - 32);
        server->binary[n > 0 ? n : 0] = '\0';
        slash = strrchr(server->binary, '/');
        strcpy(slash ? slash + 1 : server->binary, "keyrack-server");
    }
    if (access(server->binary, X_OK) == 0)
        return true;
    fprintf(stderr, "no server at %s; set KEYRACK_SERVER\n", server->binary);
    return false;
}

bool server_init(struct server *server, const char *module)
{
    *server = (struct server){.dir = "/tmp/keyrack-module.XXXXXX"};
    if (!server_find(server))
        return false;
    if (module && !realpath(module, server->module)) {
        fprintf(stderr, "%s: %s\n", module, strerror(errno));
        return false;
    }
    if (!mkdtemp(server->dir)) {
        fprintf(stderr, "%s: %s\n", server->dir, strerror(errno));
        server->dir[0] = '\0';
        return false;
    }
    return true;
}

/* --- Ports ---------------------------------------------------------------- */

static struct sockaddr_in server_address(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t server_free_port(void)
{
    struct sockaddr_in address = server_address(0);
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

int server_connect(const struct server *server)
{
    struct sockaddr_in address = server_address(server->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* --- Life ----------------------------------------------------------------- */

#define SERVER_WORDS_MAX 64u

static void server_exec(const struct server *server)
{
    const char *words[SERVER_WORDS_MAX] = {server->binary, "--bind",
                                           "127.0.0.1"};
    const char *const *more = server->arguments;
    char port[8], log[128];
    size_t count = 3;
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(port, sizeof(port), "%u", server->port);
    snprintf(log, sizeof(log), "%s/server.log", server->dir);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    words[count++] = "--port";
    words[count++] = port;
    words[count++] = "--dir";
    words[count++] = server->dir;
    if (server->module[0]) {
        words[count++] = "--loadmodule";
        words[count++] = server->module;
    }
    while (more && *more && count < SERVER_WORDS_MAX - 1)
        words[count++] = *more++;
    execv(server->binary, (char *const *)words);
    _exit(127);
}

static void server_show_log(const struct server *server)
{
    struct buffer log = {0};
    char path[128];

    snprintf(path, sizeof(path), "%s/server.log", server->dir);
    if (file_load(path, &log))
        fprintf(stderr, "--- the server's log\n%s---\n", log.data);
    buffer_free(&log);
}

/* Has it ended?  Then `pid` is 0. */
static bool server_has_ended(struct server *server, int *status)
{
    if (waitpid(server->pid, status, WNOHANG) != server->pid)
        return false;
    server->pid = 0;
    return true;
}

static bool server_answers(const struct server *server)
{
    char reply[512] = "";
    int fd = server_connect(server);
    bool good;

    if (fd < 0)
        return false;
    /* While it loads it answers that; without the module that knows PING it
     * says so, and is there. */
    good = write(fd, "PING\r\n", 6) == 6 &&
           read(fd, reply, sizeof(reply)) > 0 &&
           memcmp(reply, "-LOADING", 8) != 0;
    close(fd);
    return good;
}

static bool server_wait(struct server *server)
{
    int status;

    for (uint32_t ms = 0; ms < SERVER_START_MS; ms += 10) {
        if (server_has_ended(server, &status)) {
            fprintf(stderr, "%s ended at its start\n", server->binary);
            break;
        }
        if (server_answers(server))
            return true;
        server_sleep_ms(10);
    }
    server_show_log(server);
    return false;
}

bool server_start(struct server *server)
{
    if (server->port == 0)
        server->port = server_free_port();
    fflush(stdout);
    server->pid = fork();
    if (server->pid == 0)
        server_exec(server);
    if (server->pid < 0) {
        server->pid = 0;
        perror("fork");
        return false;
    }
    return server_wait(server);
}

/* The lines of the log that tell of a crash: signal, assertion, and the module
 * that is held to be the cause. */
static void server_read_crash(const struct server *server, struct buffer *why)
{
    static const char *const marks[] = {"crashed by signal",
                                        "module:",
                                        "Assertion",
                                        "ASSERTION",
                                        "ERROR: AddressSanitizer",
                                        "runtime error:",
                                        "out of memory"};
    struct buffer log = {0};
    char path[128], *line, *rest;

    snprintf(path, sizeof(path), "%s/server.log", server->dir);
    rest = file_load(path, &log) ? log.data : NULL;
    while ((line = strsep(&rest, "\n")) != NULL)
        for (size_t i = 0; i < KR_COUNT(marks); i++)
            if (strstr(line, marks[i])) {
                buffer_printf(why, "%s\n", line);
                break;
            }
    buffer_free(&log);
}

bool server_has_crashed(struct server *server, struct buffer *why)
{
    int status = 0;

    if (server->pid == 0)
        return false;
    /* A report takes its time. */
    for (uint32_t ms = 0; ms < SERVER_STOP_MS && !server_answers(server);
         ms += 10) {
        if (server_has_ended(server, &status)) {
            if (WIFSIGNALED(status))
                buffer_printf(why, "ended by signal %d\n", WTERMSIG(status));
            else
                buffer_printf(why, "ended with status %d\n",
                              WEXITSTATUS(status));
            server_read_crash(server, why);
            return true;
        }
        server_sleep_ms(10);
    }
    return false;
}

bool server_stop(struct server *server)
{
    int status = 0;

    if (server->pid == 0)
        return true;
    if (server_has_ended(server, &status)) {
        fprintf(stderr, "the server is not there any more\n");
    } else {
        kill(server->pid, SIGTERM);
        for (uint32_t ms = 0; ms < SERVER_STOP_MS; ms += 10) {
            if (server_has_ended(server, &status))
                break;
            server_sleep_ms(10);
        }
        if (server->pid == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return true;
        fprintf(stderr, "the server did not end well\n");
    }
    if (server->pid != 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, &status, 0);
        server->pid = 0;
    }
    server_show_log(server);
    return false;
}

static int server_remove(const char *path, const struct stat *st, int flag,
                         struct FTW *ftw)
{
    (void)st, (void)flag;
    if (ftw->level > 0)
        remove(path);
    return 0;
}

void server_forget(const struct server *server)
{
    if (server->dir[0])
        nftw(server->dir, server_remove, 16, FTW_DEPTH | FTW_PHYS);
}

void server_fini(struct server *server)
{
    (void)server_stop(server);
    server_forget(server);
    if (server->dir[0])
        rmdir(server->dir);
}
