/* SPDX-License-Identifier: BSD-3-Clause */
/* file - the buffer's bytes go to the last file, and to the disk.
 *
 *   end of a turn:  buffer --write()--> file     (always:) --fdatasync()--> disk
 *                                         `-- everysec: the other thread does
 *
 * It is called before the replies of the turn are sent.  With `always` what a
 * client has been told is on the disk, and one sync serves all clients of the
 * turn; when that fails the server ends, for what it has done cannot be undone
 * and must not be told.  With the others a failed write leaves the buffer as it
 * is, and writes are refused until one goes well.
 *
 * A write to a file that is being synced may wait for that.  So with `everysec`
 * it is put off as long as a sync is under way, but by no more than 2 s. */
#include "aof.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define POSTPONED_MAX_MS 2000
#define LOG_ERROR_EACH_S 30

/* --- Errors -------------------------------------------------------------- */

static bool error_may_log(struct aof *aof)
{
    int64_t now_sec = aof_now_sec();

    if (now_sec - aof->error_logged_sec <= LOG_ERROR_EACH_S)
        return false;
    aof->error_logged_sec = now_sec;
    return true;
}

/* The server ends without a further word to anybody. */
static _Noreturn void error_ends_all(struct aof *aof, const char *line)
{
    kr_logf(aof->self, KR_LOG_WARNING, "%s", line);
    _exit(1);
}

/* Only `done` bytes of the buffer were written.  Half a command at the end of
 * the file would be in the way of what follows. */
static size_t error_take_back(struct aof *aof, size_t done, bool may_log)
{
    if (may_log)
        kr_logf(aof->self, KR_LOG_WARNING,
                "Short write while writing to the AOF file: (nwritten=%lld, "
                "expected=%lld)",
                (long long)done, (long long)aof->buffer.size);
    if (ftruncate(aof->fd, (off_t)aof->size) == 0)
        return 0;
    if (may_log)
        kr_logf(aof->self, KR_LOG_WARNING,
                "Could not remove short write from the append-only file.  "
                "Redis may refuse to load the AOF the next time it starts.  "
                "ftruncate: %s",
                strerror(errno));
    return done;
}

static void file_advance(struct aof *aof, size_t done)
{
    aof->size += (int64_t)done;
    aof->total_size += (int64_t)done;
    aof->written += done;
    if (done < aof->buffer.size) {
        memmove(aof->buffer.bytes, aof->buffer.bytes + done,
                aof->buffer.size - done);
        aof->buffer.size -= done;
    } else {
        log_drop(aof);
    }
}

static void file_failed(struct aof *aof, size_t done, int error)
{
    bool may_log = error_may_log(aof);

    aof->write_error = error;
    if (done > 0) {
        done = error_take_back(aof, done, may_log);
        aof->write_error = ENOSPC;
    } else if (may_log) {
        kr_logf(aof->self, KR_LOG_WARNING, "Error writing to the AOF file: %s",
                strerror(error));
    }
    if (aof_settings.sync == AOF_SYNC_ALWAYS)
        error_ends_all(aof, "Can't recover from AOF write error when the AOF "
                            "fsync policy is 'always'. Exiting...");
    if (done > 0)
        file_advance(aof, done);
    status_settle(aof);
}

/* --- Writing ------------------------------------------------------------- */

static void file_note_latency(int64_t begin_ns, bool syncing)
{
    int64_t ms = (kr_loop->monotonic_ns() - begin_ns) / 1000000;

    if (ms == 0)
        return;
    kr_info->latency(syncing                  ? "aof-write-pending-fsync"
                     : kr_children->running() ? "aof-write-active-child"
                                              : "aof-write-alone",
                     ms);
    kr_info->latency("aof-write", ms);
}

static bool file_write(struct aof *aof, bool syncing)
{
    struct kr_aside last = {.size = sizeof(last), .fd = aof->fd};
    int64_t begin_ns;

    if (aof->flush_sleep_us > 0)
        usleep((useconds_t)aof->flush_sleep_us);
    begin_ns = kr_loop->monotonic_ns();
    (void)kr_files->put(&last, kr_str(aof->buffer.bytes, aof->buffer.size));
    file_note_latency(begin_ns, syncing);
    aof->postponed_ms = 0;
    if (last.failed) {
        file_failed(aof, (size_t)last.written, last.error);
        return false;
    }
    if (aof->write_error != 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF write error looks solved, Redis can write again.");
        aof->write_error = 0;
        status_settle(aof);
    }
    file_advance(aof, (size_t)last.written);
    return true;
}

/* --- Syncing ------------------------------------------------------------- */

static void file_sync_now(struct aof *aof)
{
    int64_t begin_ns = kr_loop->monotonic_ns();
    int64_t ms;

    if (fdatasync(aof->fd) < 0) {
        char line[256];

        snprintf(line, sizeof(line),
                 "Can't persist AOF for fsync error when the AOF fsync policy "
                 "is 'always': %s. Exiting...",
                 strerror(errno));
        error_ends_all(aof, line);
    }
    ms = (kr_loop->monotonic_ns() - begin_ns) / 1000000;
    if (ms > 0)
        kr_info->latency("aof-fsync-always", ms);
    aof->sync_asked = aof->synced = aof->written;
    aof->synced_sec = aof_now_sec();
    wait_serve(aof);
}

static void file_sync_soon(struct aof *aof)
{
    int64_t now_sec = aof_now_sec();

    if (now_sec <= aof->synced_sec)
        return;
    aof->synced_sec = now_sec;
    if (sync_pending(aof->sync) > 0)
        return;
    aof->sync_asked = aof->written;
    sync_ask(aof->sync, aof->fd, aof->written);
}

static void file_sync(struct aof *aof)
{
    if (aof->sync_asked == aof->written ||
        (aof_settings.no_sync_on_rewrite && kr_children->running()))
        return;
    switch (aof_settings.sync) {
    case AOF_SYNC_ALWAYS:
        file_sync_now(aof);
        break;
    case AOF_SYNC_EVERYSEC:
        file_sync_soon(aof);
        break;
    default:
        break;
    }
}

/* true: the write is put off. */
static bool file_postpones(struct aof *aof)
{
    int64_t now_ms = kr_loop->wall_ms();

    if (aof->postponed_ms == 0)
        aof->postponed_ms = now_ms;
    if (now_ms - aof->postponed_ms < POSTPONED_MAX_MS)
        return true;
    aof->delayed++;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Asynchronous AOF fsync is taking too long (disk is busy?). "
            "Writing the AOF buffer without waiting for fsync to complete, "
            "this may slow down Redis.");
    return false;
}

void file_flush(struct aof *aof, bool force)
{
    if (aof->fd < 0)
        return;
    if (aof->buffer.size > 0) {
        bool syncing = aof_settings.sync == AOF_SYNC_EVERYSEC &&
                       sync_pending(aof->sync) > 0;

        if (syncing && !force && file_postpones(aof))
            return;
        if (!file_write(aof, syncing))
            return;
    }
    file_sync(aof);
}

void file_on_sleep(void *ctx, const void *payload)
{
    struct aof *aof = ctx;

    (void)payload;
    /* Nothing to write and nothing to sync is the usual case. */
    if (aof->buffer.size > 0 || aof->sync_asked != aof->written)
        file_flush(aof, false);
}

void file_on_synced(void *ctx)
{
    struct aof *aof = aof_of_module();
    uint64_t mark = sync_mark(aof->sync);

    (void)ctx;
    if (mark > aof->synced)
        aof->synced = mark;
    status_settle(aof);
    if (aof->postponed_ms != 0)
        file_flush(aof, false);
    wait_serve(aof);
}

/* --- From file to file --------------------------------------------------- */

void file_switch(struct aof *aof, int fd, int64_t size)
{
    if (aof->fd >= 0) {
        sync_close(aof->sync, aof->fd, true, aof->written);
        aof->sync_asked = aof->written;
        aof->synced_sec = aof_now_sec();
    }
    aof->fd = fd;
    aof->size = size;
}

void file_end(struct aof *aof)
{
    if (aof->fd < 0)
        return;
    file_flush(aof, true);
    if (fsync(aof->fd) < 0)
        kr_logf(aof->self, KR_LOG_WARNING, "Fail to fsync the AOF file: %s",
                strerror(errno));
    else
        aof->synced = aof->written;
    /* The other thread may be at it still. */
    sync_close(aof->sync, aof->fd, false, 0);
    aof->fd = -1;
    aof->size = 0;
    aof->sync_asked = aof->written;
    aof->postponed_ms = 0;
}
