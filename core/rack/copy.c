/* SPDX-License-Identifier: BSD-3-Clause */
/* copy - a file that is to be loaded: is it fit, and the bytes of it.
 *
 *   path --open()--> hygiene --read()--> sealed memory --mmap()--> bytes
 *
 * What was checked is what is used: the file is copied into sealed memory
 * first, and whoever looks at it or maps it looks at the copy.  So what happens
 * to the path afterwards (overwritten, cut short, removed) harms nobody.
 * Without memfd_create() the copy is an unlinked temporary file.
 *
 * Cost: the file's size in memory, until the last user of the descriptor is
 * gone. */
#include "core/rack/copy.h"

#include "core/memory/memory.h"
#include "core/rack/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_FILE_MAX  ((off_t)1 << 30) /* bytes */
#define COPY_ROOTS_MAX 16u

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u /* Linux 6.3: may be mapped executable */
#endif

/* The wing's state: where files may come from. */
static struct {
    char *paths[COPY_ROOTS_MAX];
    uint32_t count;
} copy_roots;

void copy_fini(void)
{
    while (copy_roots.count > 0)
        memory_free(copy_roots.paths[--copy_roots.count]);
}

/* --- Hygiene ------------------------------------------------------------- */

bool copy_allow_directory(const char *directory)
{
    char path[PATH_MAX];

    if (copy_roots.count == COPY_ROOTS_MAX || !realpath(directory, path))
        return false;
    copy_roots.paths[copy_roots.count++] = memory_strdup(path);
    return true;
}

/* The path that an open file really has: links resolved, and no race with who
 * changes them. */
static bool copy_true_path(int fd, char *path, size_t room)
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, room - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return true;
}

static bool copy_allowed(int fd)
{
    char path[PATH_MAX];

    if (copy_roots.count == 0)
        return true;
    if (!copy_true_path(fd, path, sizeof(path)))
        return false;
    for (uint32_t i = 0; i < copy_roots.count; i++) {
        const char *root = copy_roots.paths[i];
        size_t n = strlen(root);

        if (strncmp(path, root, n) == 0 &&
            (path[n] == '/' || (n > 0 && root[n - 1] == '/')))
            return true;
    }
    return false;
}

static bool copy_check_file(const char *path, int fd, struct stat *st,
                            char *error, size_t error_size)
{
    if (fstat(fd, st) != 0)
        return refuse(error, error_size, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return refuse(error, error_size,
                      "%s: not a regular file; give the path of a module's .so "
                      "file",
                      path);
    if (st->st_mode & S_IWOTH)
        return refuse(
            error, error_size,
            "%s: everybody may write it (mode %03o), so anybody could "
            "run code here; chmod o-w it",
            path, (unsigned)st->st_mode & 0777);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return refuse(
            error, error_size,
            "%s: owned by user %u, expected root or user %u; chown it", path,
            (unsigned)st->st_uid, (unsigned)geteuid());
    if (!copy_allowed(fd))
        return refuse(error, error_size,
                      "%s: outside of the directories that modules may be "
                      "loaded from (%s%s); move it there",
                      path, copy_roots.paths[0],
                      copy_roots.count > 1 ? ", ..." : "");
    if (st->st_size > COPY_FILE_MAX)
        return refuse(error, error_size, "%s: larger than 1 GiB", path);
    return true;
}

/* --- The private copy ---------------------------------------------------- */

/* An empty file that nobody else can reach. */
static int copy_new(const char *path)
{
    const char *base = strrchr(path, '/');
    const char *where = getenv("TMPDIR");
    char name[PATH_MAX];
    int fd;

    snprintf(name, sizeof(name), "keyrack:%.200s", base ? base + 1 : path);
    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0)
        return fd;
    snprintf(name, sizeof(name), "%s/keyrack-module-XXXXXX",
             where && where[0] == '/' ? where : "/tmp");
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

/* Copy all of `from`; answers the size, -1 with errno. */
static off_t copy_fill(int to, int from)
{
    char buffer[65536];
    off_t total = 0;

    for (;;) {
        ssize_t n = read(from, buffer, sizeof(buffer));
        ssize_t done = 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : total;
        while (done < n) {
            ssize_t w = write(to, buffer + done, (size_t)(n - done));

            if (w < 0 && errno == EINTR)
                continue;
            if (w < 0)
                return -1;
            done += w;
        }
        total += n;
        if (total > COPY_FILE_MAX) {
            errno = EFBIG;
            return -1;
        }
    }
}

/* The copy's descriptor, or -1. */
static int copy_make(const char *path, int from, off_t *size, char *error,
                     size_t error_size)
{
    int fd = copy_new(path);

    if (fd < 0 || (*size = copy_fill(fd, from)) < 0) {
        refuse(error, error_size, "%s: cannot make a private copy: %s", path,
               strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    /* A temporary file cannot be sealed; it has no name, which must do. */
    (void)fcntl(fd, F_ADD_SEALS,
                F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return fd;
}

/* --- Open and close ------------------------------------------------------ */

static bool copy_map(struct copy *copy, size_t size, char *error,
                     size_t error_size)
{
    void *bytes;

    copy->pub.bytes = KR_STR("");
    if (size == 0)
        return true;
    bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, copy->fd, 0);
    if (bytes == MAP_FAILED)
        return refuse(error, error_size, "%s: cannot read it: %s",
                      copy->pub.path, strerror(errno));
    copy->pub.bytes = kr_str(bytes, size);
    return true;
}

struct copy *copy_open(const char *path, char *error, size_t error_size)
{
    struct copy *copy = NULL;
    struct stat st;
    off_t size = 0;
    int from, fd;

    /* O_NONBLOCK: a pipe's name must not hang the server. */
    from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (from < 0) {
        refuse(error, error_size, "%s: %s; check the path", path,
               strerror(errno));
        return NULL;
    }
    if (!copy_check_file(path, from, &st, error, error_size))
        goto close_file;
    fd = copy_make(path, from, &size, error, error_size);
    if (fd < 0)
        goto close_file;
    copy = memory_calloc(1, sizeof(*copy));
    copy->pub.size = sizeof(copy->pub);
    copy->pub.path = memory_strdup(path);
    copy->fd = fd;
    if (!copy_map(copy, (size_t)size, error, error_size)) {
        copy_close(copy);
        copy = NULL;
    }
close_file:
    close(from);
    return copy;
}

void copy_close(struct copy *copy)
{
    if (copy->pub.bytes.size > 0)
        munmap((void *)(uintptr_t)copy->pub.bytes.data, copy->pub.bytes.size);
    close(copy->fd);
    memory_free((char *)(uintptr_t)copy->pub.path);
    memory_free(copy);
}
