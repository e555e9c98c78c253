/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEADY_EACH (4u << 20) /* bytes */

/* Names of files that stand aside, for who ends the process at once.  More at a
 * time than there is room for stand unnoted. */
static _Atomic(const char *) files_aside[16];

static bool files_swap_note(const char *from, const char *to)
{
    for (size_t i = 0; i < KR_COUNT(files_aside); i++) {
        const char *seen = from;

        if (atomic_compare_exchange_strong(&files_aside[i], &seen, to))
            return true;
    }
    return false;
}

void files_remove_asides(void)
{
    for (size_t i = 0; i < KR_COUNT(files_aside); i++) {
        const char *temp = atomic_load(&files_aside[i]);

        if (temp)
            (void)unlink(temp);
    }
}

static bool files_fail(struct kr_aside *aside, uint32_t step, int error)
{
    aside->failed = step;
    aside->error = error;
    return false;
}

/* --- Bytes --------------------------------------------------------------- */

static bool files_begin(struct kr_aside *aside, const char *temp, uint32_t mode)
{
    aside->fd = -1;
    aside->error = 0;
    aside->failed = aside->renamed = 0;
    aside->written = aside->started = 0;
    aside->temp = NULL;
    (void)unlink(temp);
    aside->fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (aside->fd < 0)
        return files_fail(aside, KR_ASIDE_OPEN, errno);
    aside->temp = temp;
    (void)files_swap_note(NULL, temp);
    return true;
}

/* Ask for what has come since the last time, and wait for what was asked for
 * then: there are never more than two pieces to be done. */
static void files_go_steady(struct kr_aside *aside)
{
    off64_t from = (off64_t)aside->started;
    off64_t size = (off64_t)(aside->written - aside->started);

    (void)sync_file_range(aside->fd, from, size, SYNC_FILE_RANGE_WRITE);
    if (from >= size)
        (void)sync_file_range(aside->fd, from - size, size,
                              SYNC_FILE_RANGE_WAIT_BEFORE |
                                  SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
    aside->started = aside->written;
}

static bool files_put(void *ctx, struct kr_str bytes)
{
    struct kr_aside *aside = ctx;

    if (aside->failed)
        return false;
    while (bytes.size > 0) {
        ssize_t n = write(aside->fd, bytes.data, bytes.size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return files_fail(aside, KR_ASIDE_WRITE, n < 0 ? errno : EIO);
        bytes = kr_str(bytes.data + n, bytes.size - (size_t)n);
        aside->written += (uint64_t)n;
    }
    if (aside->flags & KR_ASIDE_STEADY &&
        aside->written - aside->started >= STEADY_EACH)
        files_go_steady(aside);
    return true;
}

/* --- To the disk, and in its place --------------------------------------- */

static bool files_seal(struct kr_aside *aside)
{
    int fd = aside->fd;

    if (aside->failed)
        return false;
    if (fd < 0)
        return true;
    if (fsync(fd) < 0)
        return files_fail(aside, KR_ASIDE_SYNC, errno);
    aside->fd = -1;
    /* Interrupted or not, it is closed. */
    if (close(fd) < 0 && errno != EINTR)
        return files_fail(aside, KR_ASIDE_CLOSE, errno);
    return true;
}

static bool files_name(struct kr_aside *aside, const char *path)
{
    if (aside->failed)
        return false;
    if (rename(aside->temp, path) < 0)
        return files_fail(aside, KR_ASIDE_NAME, errno);
    (void)files_swap_note(aside->temp, NULL);
    aside->renamed = 1;
    return true;
}

static int32_t files_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    char folder[PATH_MAX];
    int error = 0, fd;

    if (size >= sizeof(folder))
        return ENAMETOOLONG;
    snprintf(folder, sizeof(folder), "%.*s", (int)size, path);
    if (size == 0)
        strcpy(folder, slash ? "/" : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fsync(fd) < 0 && errno != EINVAL && errno != EBADF)
        error = errno;
    close(fd);
    return error;
}

static void files_abandon(struct kr_aside *aside)
{
    int saved = errno;

    if (aside->fd >= 0)
        close(aside->fd);
    aside->fd = -1;
    if (aside->temp && !aside->renamed) {
        (void)unlink(aside->temp);
        (void)files_swap_note(aside->temp, NULL);
    }
    aside->temp = NULL;
    errno = saved;
}

static bool files_commit(struct kr_aside *aside, const char *path)
{
    int error;

    if (!files_seal(aside) || !files_name(aside, path)) {
        files_abandon(aside);
        return false;
    }
    error = files_sync_folder(path);
    return error == 0 || files_fail(aside, KR_ASIDE_FOLDER, error);
}

const struct kr_files files_interface = {
    .size = sizeof(struct kr_files),
    .begin = files_begin,
    .put = files_put,
    .seal = files_seal,
    .name = files_name,
    .commit = files_commit,
    .abandon = files_abandon,
    .sync_folder = files_sync_folder,
};
