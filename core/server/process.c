/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/server/process.h"

#include "core/config/file.h"
#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/net/listen.h"
#include "core/server/directives.h"
#include "core/text/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <kr/base.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_PIDFILE "/var/run/keyrack.pid"

static struct {
    char *title; /* argv and the environment behind it, as one piece */
    size_t title_size;
    char *program;
    bool pidfile_written;
} process;

/* --- The title in ps ----------------------------------------------------- */

extern char **environ;

/* ps reads the bytes in which the kernel laid out argv and the environment.
 * Copy the environment away and all of them can hold a title. */
void process_init(int argc, char **argv)
{
    char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;

    process.program = memory_strdup(argv[0]);
    for (char **at = environ; *at; at++)
        if (*at == end)
            end += strlen(*at) + 1;
    for (char **at = environ; *at; at++)
        *at = memory_strdup(*at);
    process.title = argv[0];
    process.title_size = (size_t)(end - argv[0]);
}

/* The words of proc-title-template. */
static void process_expand(struct buffer *to, struct kr_str word)
{
    char address[64] = "";

    if (listen_settings.port > 0)
        snprintf(address, sizeof(address), "%.*s:%lld",
                 (int)strcspn(listen_settings.binds, " "),
                 listen_settings.binds, (long long)listen_settings.port);
    if (kr_str_equal(word, KR_STR("title")))
        buffer_append(to, kr_cstr(process.program));
    else if (kr_str_equal(word, KR_STR("listen-addr")))
        buffer_append(to, address[0] ? kr_cstr(address)
                                     : kr_cstr(listen_settings.unix_path));
    else if (kr_str_equal(word, KR_STR("port")))
        buffer_append_int64(to, listen_settings.port);
    else if (kr_str_equal(word, KR_STR("tls-port")))
        buffer_append_int64(to, 0);
    else if (kr_str_equal(word, KR_STR("unixsocket")))
        buffer_append(to, kr_cstr(listen_settings.unix_path));
    else if (kr_str_equal(word, KR_STR("config-file")))
        buffer_append(to, kr_cstr(file_path()));
}

static void process_set_title(void)
{
    const char *at = directives.proc_title_template;
    struct buffer title = {0};

    while (*at) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;

        if (at[0] == '{' && at[1] == '{') {
            buffer_append_char(&title, '{');
            at += 2;
        } else if (close) {
            process_expand(&title, kr_str(at + 1, (size_t)(close - at - 1)));
            at = close + 1;
        } else {
            buffer_append_char(&title, *at++);
        }
    }
    while (title.size > 0 && title.data[title.size - 1] == ' ')
        title.size--;
    if (title.size >= process.title_size)
        title.size = process.title_size - 1;
    memset(process.title, 0, process.title_size);
    if (title.size > 0)
        memcpy(process.title, title.data, title.size);
    buffer_free(&title);
}

/* --- Alone in the background --------------------------------------------- */

static void process_daemonize(void)
{
    int null;

    if (fork() != 0)
        exit(0);
    setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (null > STDERR_FILENO)
        close(null);
}

static const char *process_pidfile(void)
{
    if (directives.pidfile[0])
        return directives.pidfile;
    return directives.daemonize ? DEFAULT_PIDFILE : "";
}

static void process_write_pidfile(void)
{
    const char *path = process_pidfile();
    FILE *file;

    if (!path[0])
        return;
    file = fopen(path, "we");
    if (!file) {
        log_warning("process: cannot write the pid file %s: %s", path,
                    strerror(errno));
        return;
    }
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
    process.pidfile_written = true;
}

/* --- A supervised service ------------------------------------------------ */

/* systemd's protocol is one datagram to the socket that it names. */
static bool process_notify(const char *message)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd;
    bool sent;

    if (!path || (path[0] != '@' && path[0] != '/') ||
        strlen(path) >= sizeof(to.sun_path))
        return false;
    strcpy(to.sun_path, path);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL,
                  (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                              strlen(path))) >= 0;
    close(fd);
    return sent;
}

static bool process_is_supervised(void)
{
    switch ((enum supervised)directives.supervised) {
    case SUPERVISED_SYSTEMD:
        return true;
    case SUPERVISED_AUTO:
        return getenv("NOTIFY_SOCKET") != NULL;
    case SUPERVISED_NO:
    case SUPERVISED_UPSTART:
        break;
    }
    return false;
}

void process_begin(void)
{
    if (directives.daemonize && !process_is_supervised())
        process_daemonize();
    if (directives.supervised == SUPERVISED_UPSTART && getenv("UPSTART_JOB"))
        raise(SIGSTOP);
}

void process_retitle(void)
{
    if (directives.set_proc_title)
        process_set_title();
}

void process_name_child(const char *name)
{
    if (!directives.set_proc_title || process.title_size == 0)
        return;
    memset(process.title, 0, process.title_size);
    snprintf(process.title, process.title_size, "keyrack-%s", name);
}

void process_listening(void)
{
    process_write_pidfile();
    process_retitle();
}

void process_ready(void)
{
    if (process_is_supervised() &&
        !process_notify("STATUS=Ready to accept connections\nREADY=1\n"))
        log_warning("process: the supervisor cannot be told that we are ready "
                    "(NOTIFY_SOCKET)");
}

void process_end(void)
{
    if (process_is_supervised())
        (void)process_notify("STOPPING=1\n");
    if (process.pidfile_written)
        unlink(process_pidfile());
    memory_free(process.program);
}
