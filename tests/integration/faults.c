/* SPDX-License-Identifier: BSD-3-Clause */
/* faults - a disk that fails, put in front of the C library by LD_PRELOAD.
 *
 * The file that FAULTS names says what goes wrong with files whose path has
 * ".rdb" in it, from now on:
 *
 *   write 28      write(2) fails with that errno (28: no space)
 *   short 0       write(2) takes one byte in two calls, and is interrupted in
 *                 between
 *   fsync 5       fsync(2) fails
 *   rename 5      rename(2) fails
 *   kill 3        the process ends by SIGKILL at the third write(2)
 *
 * An empty or absent file: all is well. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

static int fault_concerns(int fd)
{
    char link[64], path[512] = "";

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof(path) - 1) > 0 &&
           strstr(path, ".rdb") != NULL;
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
    if (fault_concerns(fd) && fault_is("fsync", &number)) {
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
    if (strstr(to, ".rdb") && fault_is("rename", &number)) {
        errno = number;
        return -1;
    }
    return real(from, to);
}
