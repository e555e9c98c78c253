/* SPDX-License-Identifier: BSD-3-Clause */
/* file - the snapshot's file: whole and new, or whole and old.
 *
 *   temp-PID.rdb  written, fsync  --rename-->  dump.rdb, fsync of the folder
 *
 * Whatever fails, or whoever is killed, the file under its own name is never a
 * part of one.  A file that cannot be read at the start ends the server: what
 * it would go on with is not what it had. */
#include "rdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_NAME_MAX 64

static void file_temp_name(int32_t pid, char name[TEMP_NAME_MAX])
{
    snprintf(name, TEMP_NAME_MAX, "temp-%d.rdb", (int)pid);
}

static const char *file_folder(char room[PATH_MAX])
{
    return getcwd(room, PATH_MAX) ? room : "unknown";
}

void rdb_saved(struct rdb *rdb)
{
    rdb->saved_changes = kr_calls->changes();
    rdb->saved_sec = rdb_now_sec();
    rdb->failed = false;
    rdb_settle_gate(rdb);
}

/* --- Writing ------------------------------------------------------------- */

uint32_t rdb_aside_flags(void)
{
    return rdb_settings.incremental_fsync ? KR_ASIDE_STEADY : 0;
}

bool rdb_write_error(struct rdb *rdb, const char *what, int error)
{
    kr_logf(rdb->self, KR_LOG_WARNING, "Write error saving DB on disk(%s): %s",
            what, strerror(error));
    return false;
}

bool rdb_aside_failed(struct rdb *rdb, const struct kr_aside *aside,
                      const char *temp)
{
    static const char *const names[] = {[KR_ASIDE_WRITE] = "write",
                                        [KR_ASIDE_SYNC] = "fsync",
                                        [KR_ASIDE_CLOSE] = "fclose",
                                        [KR_ASIDE_FOLDER] = "fsyncFileDir"};
    char folder[PATH_MAX];

    switch (aside->failed) {
    case KR_ASIDE_OPEN:
        kr_logf(rdb->self, KR_LOG_WARNING,
                "Failed opening the temp RDB file %s (in server root dir %s) "
                "for saving: %s",
                temp, file_folder(folder), strerror(aside->error));
        return false;
    case KR_ASIDE_NAME:
        kr_logf(rdb->self, KR_LOG_WARNING,
                "Error moving temp DB file %s on the final destination %s (in "
                "server root dir %s): %s",
                temp, rdb_settings.filename, file_folder(folder),
                strerror(aside->error));
        return false;
    default:
        return rdb_write_error(rdb, names[aside->failed], aside->error);
    }
}

static bool file_fill(struct rdb *rdb, const struct kr_aside *aside, bool child)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};

    return rdb_write(rdb, aside->fd, 0, child, &end) == KR_OK ||
           rdb_write_error(rdb, "write", end.error_code);
}

static bool file_save_as(struct rdb *rdb, const char *temp, bool child)
{
    struct kr_aside aside = {.size = sizeof(aside)};

    if (!kr_files->begin(&aside, temp, 0666))
        return rdb_aside_failed(rdb, &aside, temp);
    if (!file_fill(rdb, &aside, child)) {
        kr_files->abandon(&aside);
        return false;
    }
    return kr_files->commit(&aside, rdb_settings.filename) ||
           rdb_aside_failed(rdb, &aside, temp);
}

bool rdb_save_file(struct rdb *rdb, bool child)
{
    char temp[TEMP_NAME_MAX];
    bool fine;

    file_temp_name((int32_t)getpid(), temp);
    kr_loading->save_begin(0);
    fine = file_save_as(rdb, temp, child);
    kr_loading->save_end(0, fine);
    if (!fine)
        return false;
    kr_logf(rdb->self, KR_LOG_NOTICE, "DB saved on disk");
    rdb_saved(rdb);
    return true;
}

/* Freeing a large file's blocks takes time: the last descriptor does it, on
 * another thread. */
void rdb_close_later(void *ctx)
{
    close((int)(intptr_t)ctx);
}

void rdb_closed(void *ctx)
{
    (void)ctx;
}

void rdb_remove_temp(struct rdb *rdb, int32_t pid)
{
    char temp[TEMP_NAME_MAX];
    int fd;

    file_temp_name(pid, temp);
    fd = open(temp, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)unlink(temp);
    kr_loop->job(rdb->self, rdb_close_later, rdb_closed, (void *)(intptr_t)fd);
}

/* --- Reading ------------------------------------------------------------- */

static kr_status file_load(struct rdb *rdb, int fd, uint32_t flags)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    struct stat status = {0};
    kr_status answer;

    (void)fstat(fd, &status);
    if (kr_loading->begin(rdb->self, (uint64_t)status.st_size, 0) != KR_OK)
        return KR_EBUSY;
    answer = rdb_load(rdb, fd, rdb_settings.filename, flags, &end);
    kr_loading->end(answer == KR_OK);
    if (answer == KR_OK || answer == KR_EFAIL)
        return answer;
    kr_logf(rdb->self, KR_LOG_WARNING,
            "Internal error in RDB reading %s, %s: Unrecoverable error, "
            "aborting now.",
            rdb_settings.filename, end.error);
    kr_logf(rdb->self, KR_LOG_WARNING,
            "Terminating server after rdb file reading failure.");
    return answer;
}

kr_status rdb_load_file(struct rdb *rdb, uint32_t flags)
{
    int fd = open(rdb_settings.filename, O_RDONLY | O_CLOEXEC);
    kr_status answer;

    if (fd < 0 && errno == ENOENT)
        return KR_ENOENT;
    if (fd < 0) {
        kr_logf(rdb->self, KR_LOG_WARNING, "Fatal error loading the DB: %s.",
                strerror(errno));
        return KR_EIO;
    }
    answer = file_load(rdb, fd, flags);
    close(fd);
    return answer;
}

void rdb_on_load(void *ctx, const void *payload)
{
    const struct kr_load_event *event = payload;
    struct rdb *rdb = ctx;
    int64_t begin_us = kr_loop->wall_us();

    if (event->rank != KR_LOAD_RANK_SNAPSHOT || *event->taken)
        return;
    switch (rdb_load_file(rdb, 0)) {
    case KR_OK:
        kr_logf(rdb->self, KR_LOG_NOTICE, "DB loaded from disk: %.3f seconds",
                (double)(kr_loop->wall_us() - begin_us) / 1e6);
        *event->taken = true;
        break;
    case KR_ENOENT:
    case KR_EFAIL: /* the server ends, with what is in the file */
        break;
    default:
        kr_logf(rdb->self, KR_LOG_WARNING,
                "Fatal error loading the DB, check server logs. Exiting.");
        *event->failed = true;
    }
    rdb->saved_changes = kr_calls->changes();
}
