/* SPDX-License-Identifier: BSD-3-Clause */
/* faults - a disk that fails, put in front of the C library by LD_PRELOAD.
 *
 * The file that FAULTS names says what goes wrong with files whose path has the
 * text of FAULTS_FILES in it (".rdb" if that is not set), from now on:
 *
 *   write 28      write(2) fails with that errno (28: no space)
 *   short 0       write(2) takes one byte in two calls, and is interrupted in
 *                 between
 *   part 28       write(2) takes half, and then fails with that errno
 *   fsync 5       fsync(2) and fdatasync(2) fail
 *   stall 0       fdatasync(2) takes as long as the file says so
 *   rename 5      rename(2) fails
 *   open 24       open(2) of a file to be made fails
 *   kill 3        the process ends by SIGKILL at the third write(2)
 *   killat 3      ... at the third fsync(2) or rename(2) of them
 *
 * An empty or absent file: all is well. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fault_is(const char *what, int *number)
{
    const char *path = getenv("FAULTS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[64] = "", word[32] = "";
    ssize_t size;

    if (fd < 0)
        return 0;
    size = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    return sscanf(text, "%31s %d", word, number) == 2 &&
           strcmp(word, what) == 0;
}

static int fault_names(const char *path)
{
    const char *files = getenv("FAULTS_FILES");

    return strstr(path, files ? files : ".rdb") != NULL;
}

/* The disk's state is about to change in one step. */
static void fault_step(void)
{
    static int steps;
    int number;

    if (fault_is("killat", &number) && ++steps >= number)
        raise(SIGKILL);
}

static int fault_concerns(int fd)
{
    char link[64], path[512] = "";

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof(path) - 1) > 0 && fault_names(path);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    static int calls;
    int number;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (!fault_concerns(fd))
        return real(fd, bytes, size);
    calls++;
    if (fault_is("write", &number)) {
        errno = number;
        return -1;
    }
    if (fault_is("kill", &number) && calls >= number)
        raise(SIGKILL);
    if (fault_is("part", &number)) {
        if (size > 1)
            return real(fd, bytes, size / 2);
        errno = number;
        return -1;
    }
    if (fault_is("short", &number)) {
        if (calls % 2 == 0) {
            errno = EINTR;
            return -1;
        }
        return real(fd, bytes, size > 4096 ? size / 2 : 1);
    }
    return real(fd, bytes, size);
}

int fsync(int fd)
{
    static int (*real)(int);
    int number;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    if (!fault_concerns(fd))
        return real(fd);
    fault_step();
    if (fault_is("fsync", &number)) {
        errno = number;
        return -1;
    }
    return real(fd);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    int number;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    if (!fault_concerns(fd))
        return real(fd);
    while (fault_is("stall", &number))
        usleep(5000);
    if (fault_is("fsync", &number)) {
        errno = number;
        return -1;
    }
    return real(fd);
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    int number;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "rename");
    if (!fault_names(to))
        return real(from, to);
    fault_step();
    if (fault_is("rename", &number)) {
        errno = number;
        return -1;
    }
    return real(from, to);
}

int open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    int number, mode = 0;
    va_list args;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "open");
    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, int);
    va_end(args);
    if (flags & O_CREAT && fault_names(path) && fault_is("open", &number)) {
        errno = number;
        return -1;
    }
    return real(path, flags, mode);
}
