/* SPDX-License-Identifier: BSD-3-Clause */
/* image - a module's file: from its private copy to mapped code.
 *
 *   copy --elf_check()--> dlopen() --dlsym()--> a symbol that it must have
 *
 * The bytes that were checked are those that are mapped: see copy.c.
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
#include <link.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_LISTED_MAX 512u

/* One loaded module for the crash report.  A row is free while `start` is 0;
 * it is published by writing `start` last.  Rows never move or go, so a signal
 * handler may read them at any moment. */
struct image_row {
    _Atomic uintptr_t start;
    _Atomic uintptr_t end;
    char name[64];
};

/* The wing's state: what is mapped where. */
static struct {
    bool in_place;
    struct image_row rows[IMAGE_LISTED_MAX];
} image_state;

void image_in_place(bool on)
{
    image_state.in_place = on;
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

/* `symbol` must be in it. */
static bool image_map(struct image *image, const char *path, const char *symbol,
                      char *error, size_t error_size)
{
    const char *why;
    void *inside;

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
    snprintf(image->symbol, sizeof(image->symbol), "%s", symbol);
    inside = dlsym(image->handle, symbol);
    if (!inside || !image_survey(image, inside))
        return refuse(error, error_size, "%s: not a module: no %s is in it",
                      path, symbol);
    if (strcmp(symbol, KR_DESCRIPTOR_NAME) == 0)
        image->descriptor = inside;
    return true;
}

struct image *image_open_copy(const struct copy *copy, const char *symbol,
                              char *error, size_t error_size)
{
    const char *path = copy->pub.path;
    const struct kr_str *bytes = &copy->pub.bytes;
    struct image *image;

    if (bytes->size == 0) {
        refuse(error, error_size, "%s: empty; build or copy the file again",
               path);
        return NULL;
    }
    if (symbol ? !elf_check_for(path, bytes->data, bytes->size, symbol, error,
                                error_size)
               : !elf_check(path, bytes->data, bytes->size, error, error_size))
        return NULL;
    image = memory_calloc(1, sizeof(*image));
    image->fd = fcntl(copy->fd, F_DUPFD_CLOEXEC, 0);
    if (image->fd < 0)
        refuse(error, error_size, "%s: %s", path, strerror(errno));
    else if (image_map(image, path, symbol ? symbol : KR_DESCRIPTOR_NAME, error,
                       error_size))
        return image;
    image_close(image);
    return NULL;
}

struct image *image_open(const char *path, char *error, size_t error_size)
{
    struct copy *copy = copy_open(path, error, error_size);
    struct image *image = NULL;

    if (copy) {
        image = image_open_copy(copy, NULL, error, error_size);
        copy_close(copy);
    }
    return image;
}

void image_unlist(struct image *image)
{
    for (uint32_t i = 0; image->listed && i < IMAGE_LISTED_MAX; i++) {
        if (atomic_load(&image_state.rows[i].start) == image->segments[0].start)
            atomic_store(&image_state.rows[i].start, 0);
    }
    image->listed = false;
}

void *image_symbol(const struct image *image, const char *name)
{
    return dlsym(image->handle, name);
}

void image_close(struct image *image)
{
    void *still;

    image_unlist(image);
    if (image->handle && !image->keep)
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
