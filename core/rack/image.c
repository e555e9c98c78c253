/* SPDX-License-Identifier: BSD-3-Clause */
/* image - a module's file: from a path to mapped code.
 *
 *   path --open()--> hygiene --read()--> private copy --elf_check()--> dlopen()
 *
 * The file that was checked is the file that is mapped: it is copied into
 * sealed memory first, and both steps use the copy.  So what happens to the
 * path afterwards (overwritten, cut short, removed) harms nobody.  Without
 * memfd_create() the copy is an unlinked temporary file.
 *
 * The linker knows the copy as /proc/PID/fd/N.  With the number and not "self"
 * a debugger finds the symbols as well.  The linker also recognises what it has
 * already mapped by that name, hence
 *
 *   Invariant: fd stays open as long as the linker may have the name in its
 *   list, so no two images ever share a name.
 *
 * Scope is local and binding immediate: a module sees no symbols of another
 * one, and a missing symbol is an error now and not a crash later.  $ORIGIN in
 * a module's library path does not work, for the copy has no directory.
 *
 * Cost: the file's size in private memory, once. */
#include "core/rack/image.h"

#include "core/log/log.h"
#include "core/memory/memory.h"
#include "core/rack/elf.h"
#include "core/rack/refuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_FILE_MAX   ((off_t)1 << 30) /* bytes */
#define IMAGE_LISTED_MAX 512u
#define IMAGE_ROOTS_MAX  16u

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u /* Linux 6.3: may be mapped executable */
#endif

/* One loaded module for the crash report.  A row is free while `start` is 0;
 * it is published by writing `start` last.  Rows never move or go, so a signal
 * handler may read them at any moment. */
struct image_row {
    _Atomic uintptr_t start;
    _Atomic uintptr_t end;
    char name[64];
};

/* The wing's state: where files may come from, and what is mapped where. */
static struct {
    char *roots[IMAGE_ROOTS_MAX];
    uint32_t root_count;
    bool in_place;
    struct image_row rows[IMAGE_LISTED_MAX];
} image_state;

/* --- Hygiene ------------------------------------------------------------- */

bool image_allow_directory(const char *directory)
{
    char path[PATH_MAX];

    if (image_state.root_count == IMAGE_ROOTS_MAX || !realpath(directory, path))
        return false;
    image_state.roots[image_state.root_count++] = memory_strdup(path);
    return true;
}

void image_in_place(bool on)
{
    image_state.in_place = on;
}

void image_fini(void)
{
    while (image_state.root_count > 0)
        memory_free(image_state.roots[--image_state.root_count]);
}

/* The path that an open file really has: links resolved, and no race with who
 * changes them. */
static bool image_true_path(int fd, char *path, size_t room)
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

static bool image_allowed(int fd)
{
    char path[PATH_MAX];

    if (image_state.root_count == 0)
        return true;
    if (!image_true_path(fd, path, sizeof(path)))
        return false;
    for (uint32_t i = 0; i < image_state.root_count; i++) {
        const char *root = image_state.roots[i];
        size_t n = strlen(root);

        if (strncmp(path, root, n) == 0 &&
            (path[n] == '/' || (n > 0 && root[n - 1] == '/')))
            return true;
    }
    return false;
}

static bool image_check_file(const char *path, int fd, struct stat *st,
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
    if (!image_allowed(fd))
        return refuse(error, error_size,
                      "%s: outside of the directories that modules may be "
                      "loaded from (%s%s); move it there",
                      path, image_state.roots[0],
                      image_state.root_count > 1 ? ", ..." : "");
    if (st->st_size > IMAGE_FILE_MAX)
        return refuse(error, error_size, "%s: larger than 1 GiB", path);
    return true;
}

/* --- The private copy ---------------------------------------------------- */

/* An empty file that nobody else can reach. */
static int image_new_copy(const char *path)
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
static off_t image_fill(int to, int from)
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
        if (total > IMAGE_FILE_MAX) {
            errno = EFBIG;
            return -1;
        }
    }
}

/* The copy's descriptor, or -1. */
static int image_copy(const char *path, int from, off_t *size, char *error,
                      size_t error_size)
{
    int fd = image_new_copy(path);

    if (fd < 0 || (*size = image_fill(fd, from)) < 0) {
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

static bool image_check_bytes(const char *path, int fd, off_t size, char *error,
                              size_t error_size)
{
    void *bytes;
    bool good;

    if (size == 0)
        return refuse(error, error_size,
                      "%s: empty; build or copy the file again", path);
    bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return refuse(error, error_size, "%s: cannot read it: %s", path,
                      strerror(errno));
    good = elf_check(path, bytes, (size_t)size, error, error_size);
    munmap(bytes, (size_t)size);
    return good;
}

/* --- Mapping ------------------------------------------------------------- */

struct image_search {
    struct image *image;
    uintptr_t inside;
    bool found;
};

static int image_survey_object(struct dl_phdr_info *info, size_t size,
                               void *ctx)
{
    struct image_search *search = ctx;
    struct image *image = search->image;

    (void)size;
    image->segment_count = 0;
    image->sealed_start = image->sealed_end = 0;
    for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + p->p_vaddr;

        if (p->p_type == PT_GNU_RELRO) {
            image->sealed_start = start;
            image->sealed_end = start + p->p_memsz;
        }
        if (p->p_type != PT_LOAD || image->segment_count == IMAGE_SEGMENTS_MAX)
            continue;
        image->segments[image->segment_count++] =
            (struct image_segment){start, start + p->p_memsz,
                                   (p->p_flags & PF_R ? IMAGE_READ : 0) |
                                       (p->p_flags & PF_W ? IMAGE_WRITE : 0) |
                                       (p->p_flags & PF_X ? IMAGE_CODE : 0)};
        if (search->inside >= start && search->inside - start < p->p_memsz)
            search->found = true;
    }
    return search->found;
}

bool image_survey(struct image *image, const void *inside)
{
    struct image_search search = {image, (uintptr_t)inside, false};

    dl_iterate_phdr(image_survey_object, &search);
    if (!search.found)
        image->segment_count = 0;
    return search.found;
}

static size_t image_extent_here(const struct image *image, uintptr_t at,
                                uint32_t access)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *s = &image->segments[i];
        uintptr_t end = s->end;

        if (at < s->start || at >= end || (s->access & access) != access)
            continue;
        if (access & IMAGE_WRITE) {
            if (at >= image->sealed_start && at < image->sealed_end)
                return 0;
            if (at < image->sealed_start && image->sealed_start < end)
                end = image->sealed_start;
        }
        return end - at;
    }
    return 0;
}

size_t image_extent(const struct image *image, const void *address,
                    uint32_t access, bool anywhere)
{
    size_t n = image_extent_here(image, (uintptr_t)address, access);
    struct image other = {0};

    if (n != 0 || !anywhere || !image_survey(&other, address))
        return n;
    return image_extent_here(&other, (uintptr_t)address, access);
}

/* The copy's name for the linker.  Where /proc belongs to another process
 * namespace only "self" is right. */
static void image_set_name(struct image *image, const char *path)
{
    struct stat by_name, by_fd;

    if (image_state.in_place) {
        /* A name without a slash would be searched for elsewhere. */
        snprintf(image->name, sizeof(image->name), "%s%s",
                 strchr(path, '/') ? "" : "./", path);
        return;
    }
    snprintf(image->name, sizeof(image->name), "/proc/%ld/fd/%d",
             (long)getpid(), image->fd);
    if (stat(image->name, &by_name) != 0 || fstat(image->fd, &by_fd) != 0 ||
        by_name.st_dev != by_fd.st_dev || by_name.st_ino != by_fd.st_ino)
        snprintf(image->name, sizeof(image->name), "/proc/self/fd/%d",
                 image->fd);
}

static bool image_map(struct image *image, const char *path, char *error,
                      size_t error_size)
{
    const char *why;

    if (image_state.in_place && strlen(path) + 2 >= sizeof(image->name))
        return refuse(error, error_size,
                      "%s: too long a path to load in place; the limit is %zu",
                      path, sizeof(image->name) - 3);
    image_set_name(image, path);
    image->handle = dlopen(image->name, RTLD_NOW | RTLD_LOCAL);
    if (!image->handle) {
        size_t n = strlen(image->name);

        why = dlerror();
        why = why ? why : "no reason given";
        /* The copy's name tells nobody anything. */
        if (strncmp(why, image->name, n) == 0 && strncmp(why + n, ": ", 2) == 0)
            why += n + 2;
        return refuse(error, error_size,
                      "%s: the dynamic linker refuses it: %s; install what is "
                      "missing, or build it against this system",
                      path, why);
    }
    image->descriptor = dlsym(image->handle, KR_DESCRIPTOR_NAME);
    if (!image->descriptor || !image_survey(image, image->descriptor))
        return refuse(error, error_size,
                      "%s: not a module: it does not export " KR_DESCRIPTOR_NAME
                      "; declare it by KR_MODULE()",
                      path);
    return true;
}

struct image *image_open(const char *path, char *error, size_t error_size)
{
    struct image *image = NULL;
    struct stat st;
    off_t size = 0;
    int from, copy = -1;

    /* O_NONBLOCK: a pipe's name must not hang the server. */
    from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (from < 0) {
        refuse(error, error_size, "%s: %s; check the path", path,
               strerror(errno));
        return NULL;
    }
    if (!image_check_file(path, from, &st, error, error_size))
        goto close_file;
    copy = image_copy(path, from, &size, error, error_size);
    if (copy < 0 || !image_check_bytes(path, copy, size, error, error_size))
        goto close_copy;
    image = memory_calloc(1, sizeof(*image));
    image->fd = copy;
    if (image_map(image, path, error, error_size))
        copy = -1;
    else {
        if (image->handle)
            copy = -1; /* image_close() does it */
        else
            image->fd = -1;
        image_close(image);
        image = NULL;
    }
close_copy:
    if (copy >= 0)
        close(copy);
close_file:
    close(from);
    return image;
}

void image_close(struct image *image)
{
    void *still;

    for (uint32_t i = 0; image->listed && i < IMAGE_LISTED_MAX; i++) {
        if (atomic_load(&image_state.rows[i].start) == image->segments[0].start)
            atomic_store(&image_state.rows[i].start, 0);
    }
    if (image->handle)
        dlclose(image->handle);
    /* Some objects stay mapped (unique symbols, "nodelete"): then the name is
     * still the linker's, and the descriptor must not be used again. */
    still = image->handle
                ? dlopen(image->name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)
                : NULL;
    if (still) {
        dlclose(still);
        log_notice("rack: %s stays mapped after its module was unloaded",
                   image->name);
    } else if (image->fd >= 0) {
        close(image->fd);
    }
    memory_free(image);
}

/* --- Whose code is this? ------------------------------------------------- */

void image_list(struct image *image, const char *name)
{
    const struct image_segment *last =
        &image->segments[image->segment_count - 1];

    for (uint32_t i = 0; i < IMAGE_LISTED_MAX; i++) {
        struct image_row *row = &image_state.rows[i];

        if (atomic_load(&row->start) != 0)
            continue;
        snprintf(row->name, sizeof(row->name), "%s", name);
        atomic_store(&row->end, last->end);
        atomic_store(&row->start, image->segments[0].start);
        image->listed = true;
        return;
    }
    log_warning("rack: %s: a crash in it will not be told apart from one of "
                "the server: too many modules",
                name);
}

const char *image_name_at(const void *address)
{
    uintptr_t at = (uintptr_t)address;

    for (uint32_t i = 0; i < IMAGE_LISTED_MAX; i++) {
        const struct image_row *row = &image_state.rows[i];
        uintptr_t start = atomic_load(&row->start);

        if (start != 0 && at >= start && at < atomic_load(&row->end))
            return row->name;
    }
    return NULL;
}
