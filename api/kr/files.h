/* SPDX-License-Identifier: BSD-3-Clause */
/* files - a file that is replaced as a whole, or not at all.
 *
 *   begin()          put()                 seal()        name()   sync_folder()
 *   temp, empty  --> bytes, bytes ... --> fsync, close -> rename -> fsync of the
 *                                                                   folder
 *                                        `------------- commit() ----------'
 *
 * Whoever is killed at whatever moment, the file under its own name is the old
 * one or the new one.  What a killed process leaves stands under the name aside,
 * which the caller chooses so that it can be found and removed.
 *
 * The first step that fails is kept in struct kr_aside, with its errno.  The steps
 * behind it then do nothing and answer false: a writer looks once, at the end.
 *
 * All functions may be called on any thread and in a child, one at a time for
 * one file.  They allocate and log nothing.  They wait for the disk: what may
 * take long on the main thread belongs into a job, a child or a thread, and so
 * the steps can be made one by one, each where it fits. */
#ifndef KR_FILES_H
#define KR_FILES_H

#include <kr/base.h>
#include <kr/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A step. */
#define KR_ASIDE_OPEN   1u
#define KR_ASIDE_WRITE  2u
#define KR_ASIDE_SYNC   3u
#define KR_ASIDE_CLOSE  4u
#define KR_ASIDE_NAME   5u
#define KR_ASIDE_FOLDER 6u

/* Have the kernel begin to bring the bytes to the disk while they come, each few
 * MiB, so that seal() does not find all of them still to be done. */
#define KR_ASIDE_STEADY (1u << 0)

/* The caller's; begin with size and flags.  It holds no memory.  With `fd` set
 * by hand as well, put() writes to a descriptor that somebody else has opened
 * and closes. */
struct kr_aside {
    uint32_t size;    /* sizeof(struct kr_aside) */
    uint32_t flags;   /* KR_ASIDE_STEADY */
    int32_t fd;       /* open for writing; -1: sealed, or not begun */
    int32_t error;    /* errno of what failed, or 0 */
    uint32_t failed;  /* at which step, or 0 */
    uint32_t renamed; /* 1: it has its own name, and is there to stay */
    uint64_t written; /* bytes; of a put() that failed, what it has done, too */
    uint64_t started; /* of them, those that STEADY has asked for */
    const char *temp; /* the name aside: the caller's, until the end */
};

struct kr_files {
    uint32_t size;
    uint32_t reserved;
    /* Create `temp`, with `mode` but for the umask.  A file, or a link, that has
     * this name is removed and not followed. */
    bool (*begin)(struct kr_aside *aside, const char *temp, uint32_t mode);
    /* Write all of it; interrupted and short writes go on.  It is a kr_codec_put
     * whose ctx is the kr_aside. */
    bool (*put)(void *aside, struct kr_str bytes);
    /* All of it to the disk, and close.  Nothing for a file with fd -1, so that
     * what another process has sealed can be named: {.size, .fd = -1, .temp}. */
    bool (*seal)(struct kr_aside *aside);
    /* Rename it to `path`, in place of what is there.  The name is on the disk
     * when its folder is. */
    bool (*name)(struct kr_aside *aside, const char *path);
    /* The three steps at the end.  When one fails that comes before the new
     * name, the file aside is removed and the old one stands. */
    bool (*commit)(struct kr_aside *aside, const char *path);
    /* Close it and remove what stands aside; nothing if it has its name. */
    void (*abandon)(struct kr_aside *aside);
    /* The entries of the folder in which `path` is to the disk: 0, or errno.
     * File systems that have no such thing are none the worse for it. */
    int32_t (*sync_folder)(const char *path);
};
KR_INTERFACE(kr_files, "kr.files/1");

#ifdef __cplusplus
}
#endif
#endif
