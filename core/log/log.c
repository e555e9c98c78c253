/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/log/log.h"

#include "core/clock/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* Other threads write lines, too, and without a lock: a child of fork() would
 * inherit one that they held.  So a new path stands beside the old one, which a
 * line may still be using. */
static struct {
    _Atomic(enum log_level) level;
    char paths[2][4096]; /* empty: standard output */
    atomic_uint path;    /* which of the two */
    atomic_bool syslog;
    bool child;
    char ident[128]; /* syslog keeps the pointer */
} logger = {.level = LOG_NOTICE_};

/* localtime_r() and syslog() hold locks of the C library's while they run.  A
 * child must not find one held by a thread that it does not have, so fork()
 * waits for a lock of ours around them. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t log_once = PTHREAD_ONCE_INIT;

static void log_before_fork(void)
{
    pthread_mutex_lock(&log_lock);
}

static void log_after_fork(void)
{
    pthread_mutex_unlock(&log_lock);
}

static void log_guard_fork(void)
{
    pthread_atfork(log_before_fork, log_after_fork, log_after_fork);
}

void log_become_child(void)
{
    logger.child = true;
}

void log_open(enum log_level level, const char *path)
{
    unsigned next = 1 - logger.path;

    logger.level = level;
    snprintf(logger.paths[next], sizeof(logger.paths[next]), "%s",
             path ? path : "");
    logger.path = next;
}

void log_set_level(enum log_level level)
{
    logger.level = level;
}

bool log_enabled(enum log_level level)
{
    return level >= logger.level;
}

void log_syslog(bool on, const char *ident, int facility)
{
    if (logger.syslog)
        closelog();
    logger.syslog = on;
    if (!on)
        return;
    snprintf(logger.ident, sizeof(logger.ident), "%s", ident);
    openlog(logger.ident, LOG_PID | LOG_NDELAY | LOG_NOWAIT, facility);
}

/* "1234:M 23 Nov 2026 04:00:00.000 * ": what tools that read Redis's log
 * expect at the beginning of a line. */
static int log_prefix(char *text, size_t size, enum log_level level)
{
    static const char marks[] = ".-*#";
    int64_t now_us = clock_wall_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;
    char date[64];

    pthread_once(&log_once, log_guard_fork);
    pthread_mutex_lock(&log_lock);
    localtime_r(&seconds, &tm);
    pthread_mutex_unlock(&log_lock);
    strftime(date, sizeof(date), "%d %b %Y %H:%M:%S.", &tm);
    return snprintf(text, size, "%d:%c %s%03d %c ", (int)getpid(),
                    logger.child ? 'C' : 'M', date, (int)(now_us / 1000 % 1000),
                    marks[level]);
}

/* The file is opened for each line, as Redis does, so that a log rotated by
 * renaming it goes on in a new file without a signal. */
static void log_put(const char *line, size_t size)
{
    const char *path = logger.paths[logger.path];
    int fd = STDOUT_FILENO;

    if (path[0]) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
            return;
    }
    while (size > 0) {
        ssize_t n = write(fd, line, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        line += n;
        size -= (size_t)n;
    }
    if (fd != STDOUT_FILENO)
        close(fd);
}

void log_line(enum log_level level, const char *format, ...)
{
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE,
                                     LOG_WARNING};
    char line[2048];
    int saved_errno = errno;
    int head, body;
    va_list args;

    if (!log_enabled(level))
        return;
    head = log_prefix(line, sizeof(line), level);
    va_start(args, format);
    body =
        vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
    va_end(args);
    if (body < 0)
        return;
    if ((size_t)body > sizeof(line) - (size_t)head - 2)
        body = (int)(sizeof(line) - (size_t)head - 2);
    line[head + body] = '\n';
    log_put(line, (size_t)(head + body) + 1);
    if (logger.syslog) {
        pthread_mutex_lock(&log_lock);
        syslog(priorities[level], "%.*s", body, line + head);
        pthread_mutex_unlock(&log_lock);
    }
    errno = saved_errno;
}
