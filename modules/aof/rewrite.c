/* SPDX-License-Identifier: BSD-3-Clause */
/* rewrite - the log begins anew, while it goes on.
 *
 *   base 1, incr 1             what there is
 *   base 1, incr 1, incr 2     begun: a new increment, and a child that writes
 *                              all that was there at this moment
 *   base 2, incr 2             done: the child's file is the base, what it
 *                              holds already is history, and removed
 *
 * At each step the manifest names files that give the whole data set, so the
 * server may be killed at any of them.  Until there is a first base (the log
 * was switched on just now) the increment has a name of its own that no
 * manifest has, and the files of an earlier time stand. */
#include "aof.h"

#include "commands.h"
#include "processors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define FAILURES_FREE  3 /* then pauses: 1 min, 2, 4 ... */
#define DELAY_MOST_MIN 60

static const char rewrite_name[] = "aof";

static void rewrite_temp_name(int32_t pid, char name[PATH_MAX])
{
    snprintf(name, PATH_MAX, "temp-rewriteaof-bg-%d.aof", (int)pid);
}

/* --- In the child -------------------------------------------------------- */

static int32_t rewrite_run(void *ctx)
{
    struct aof *aof = ctx;
    char temp[PATH_MAX];

    if (aof_settings.cpulist[0])
        (void)processors_bind(aof_settings.cpulist);
    rewrite_temp_name((int32_t)getpid(), temp);
    if (!base_write_file(aof, NULL, temp, aof->rewrite_rdb))
        return 1;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Successfully created the temporary AOF base file %s", temp);
    return 0;
}

/* --- Its end ------------------------------------------------------------- */

static bool rewrite_rename(struct aof *aof, const char *what, const char *from,
                           const char *to)
{
    int64_t begin_ns = kr_loop->monotonic_ns();

    if (rename(from, to) < 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Error trying to rename the temporary AOF %s file %s into %s: "
                "%s",
                what, from, to, strerror(errno));
        return false;
    }
    if (kr_loop->monotonic_ns() - begin_ns >= 1000000)
        kr_info->latency("aof-rename",
                         (kr_loop->monotonic_ns() - begin_ns) / 1000000);
    return true;
}

/* The increment gets the name by which a manifest knows it.  `path` is where it
 * then is. */
static bool rewrite_name_increment(struct aof *aof, struct manifest *next,
                                   char path[PATH_MAX])
{
    const struct manifest_file *increment =
        manifest_new_increment(aof->self, next, aof_settings.filename);
    char temp[PATH_MAX], temp_path[PATH_MAX];

    folder_temp_increment(temp);
    if (!rewrite_rename(aof, "incr", folder_path(temp, temp_path),
                        folder_path(increment->name, path)))
        return false;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Successfully renamed the temporary AOF incr file %s into %s", temp,
            increment->name);
    return true;
}

/* The child's file and what is written since are the log, from the moment at
 * which the manifest says so. */
static bool rewrite_install(struct aof *aof, struct manifest *next,
                            const char *temp)
{
    const struct manifest_file *base =
        manifest_new_base(aof->self, next, aof_settings.filename,
                          aof->rewrite_rdb ? ".base.rdb" : ".base.aof");
    char path[PATH_MAX], increment[PATH_MAX] = "";
    bool fine = true;

    if (!rewrite_rename(aof, "base", temp, folder_path(base->name, path)))
        return false;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Successfully renamed the temporary AOF base file %s into %s", temp,
            base->name);
    if (aof->state == AOF_STARTING)
        fine = rewrite_name_increment(aof, next, increment);
    if (fine) {
        manifest_retire(next, aof->fd >= 0 ? 1 : 0);
        /* What the old manifest named is all there; what the new one names has
         * to be on the disk before it. */
        if (aof->state == AOF_STARTING)
            file_flush(aof, true);
        fine = folder_write_manifest(aof, next);
        if (fine)
            return true;
        if (increment[0])
            folder_remove(aof, increment);
    }
    folder_remove(aof, path);
    return false;
}

static bool rewrite_succeeded(struct aof *aof, const char *temp)
{
    int64_t begin_us = kr_loop->wall_us();
    struct manifest next;
    int64_t base_size;

    kr_logf(aof->self, KR_LOG_NOTICE,
            "Background AOF rewrite terminated with success");
    manifest_copy(aof->self, &next, &aof->manifest);
    if (!rewrite_install(aof, &next, temp)) {
        manifest_clear(aof->self, &next);
        return false;
    }
    manifest_clear(aof->self, &aof->manifest);
    aof->manifest = next;
    if (aof->state != AOF_OFF) {
        base_size = folder_size(aof, manifest_base(&aof->manifest)->name);
        aof->total_size = (base_size > 0 ? base_size : 0) + aof->size;
        aof->base_size = aof->total_size;
    }
    folder_drop_history(aof);
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Background AOF rewrite finished successfully");
    if (aof->state == AOF_STARTING)
        aof->state = AOF_ON;
    kr_logf(aof->self, KR_LOG_VERBOSE,
            "Background AOF rewrite signal handler took %lldus",
            (long long)(kr_loop->wall_us() - begin_us));
    return true;
}

/* true: it counts as a failure. */
static bool rewrite_report(struct aof *aof, const struct kr_child_end *end)
{
    if (end->signal == 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Background AOF rewrite terminated with error");
        return true;
    }
    kr_logf(aof->self, KR_LOG_WARNING,
            "Background AOF rewrite terminated by signal %d", end->signal);
    return end->signal != SIGUSR1; /* told to end it has not failed */
}

/* The log is still to begin: what has gathered is worth nothing without the
 * base, and the attempt is made again. */
static void rewrite_begin_again(struct aof *aof)
{
    char temp[PATH_MAX], path[PATH_MAX];

    log_drop(aof);
    folder_temp_increment(temp);
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Removing the temp incr aof file %s in the background", temp);
    folder_remove(aof, folder_path(temp, path));
    aof->scheduled = true;
}

void rewrite_done(void *ctx, const struct kr_child_end *end)
{
    bool failed = false, fine = end->signal == 0 && end->code == 0;
    struct aof *aof = aof_of_module();
    char temp[PATH_MAX];

    (void)ctx;
    rewrite_temp_name(end->pid, temp);
    aof->child_copied = end->copied_bytes;
    if (fine)
        failed = !(fine = rewrite_succeeded(aof, temp));
    else
        failed = rewrite_report(aof, end);
    if (failed) {
        aof->rewrite_failed = true;
        aof->failures++;
    } else if (fine) {
        aof->rewrite_failed = false;
        aof->failures = 0;
    }
    if (!fine)
        folder_remove(aof, temp);
    aof->rewriting = false;
    if (aof->state == AOF_STARTING)
        rewrite_begin_again(aof);
    aof->took_sec = aof_now_sec() - aof->began_sec;
    aof->began_sec = -1;
    wait_serve(aof);
}

void rewrite_kill(struct aof *aof)
{
    if (!aof->rewriting)
        return;
    kr_logf(aof->self, KR_LOG_NOTICE, "Killing running AOF rewrite child: %ld",
            (long)kr_children->pid());
    kr_children->kill(true);
}

/* --- Its beginning ------------------------------------------------------- */

bool rewrite_must_wait(void)
{
    const struct kr_call *call = kr_calls->current();

    return call && call->flags & (KR_CALL_TRANSACTION | KR_CALL_SCRIPT);
}

static int rewrite_open(struct aof *aof, const char *name)
{
    char path[PATH_MAX];
    int fd = open(folder_path(name, path),
                  O_WRONLY | O_TRUNC | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0)
        kr_logf(aof->self, KR_LOG_WARNING,
                "Can't open the append-only file %s: %s", name,
                strerror(errno));
    return fd;
}

static bool rewrite_use(struct aof *aof, int fd, const char *name)
{
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Creating AOF incr file %s on background rewrite", name);
    file_switch(aof, fd, 0);
    return true;
}

static bool rewrite_open_temp(struct aof *aof)
{
    char name[PATH_MAX];
    int fd;

    folder_temp_increment(name);
    fd = rewrite_open(aof, name);
    return fd >= 0 && rewrite_use(aof, fd, name);
}

/* From here on it is another file that grows.  The one before holds all that
 * happened until now, and is named as long as the child may fail. */
static bool rewrite_open_next(struct aof *aof)
{
    struct manifest next;
    const char *name;
    int fd;

    manifest_copy(aof->self, &next, &aof->manifest);
    name =
        manifest_new_increment(aof->self, &next, aof_settings.filename)->name;
    fd = rewrite_open(aof, name);
    if (fd >= 0 && folder_write_manifest(aof, &next)) {
        (void)rewrite_use(aof, fd, name);
        manifest_clear(aof->self, &aof->manifest);
        aof->manifest = next;
        return true;
    }
    if (fd >= 0)
        close(fd);
    manifest_clear(aof->self, &next);
    return false;
}

static bool rewrite_prepare(struct aof *aof)
{
    if (!folder_make(aof))
        return false;
    aof->selected = -1;
    file_flush(aof, true);
    switch (aof->state) {
    case AOF_STARTING:
        log_drop(aof);
        return rewrite_open_temp(aof);
    case AOF_ON:
        /* What could not be written would come into the wrong file. */
        return aof->buffer.size == 0 && rewrite_open_next(aof);
    case AOF_OFF:
        return true;
    }
    return false;
}

bool rewrite_begin(struct aof *aof)
{
    struct kr_child_work work = {.size = sizeof(work),
                                 .name = rewrite_name,
                                 .run = rewrite_run,
                                 .done = rewrite_done,
                                 .ctx = aof};

    if (kr_children->running())
        return false;
    if (!rewrite_prepare(aof)) {
        aof->rewrite_failed = true;
        return false;
    }
    aof->rewrites++;
    aof->rewrite_rdb = aof_settings.rdb_preamble && kr_snapshot;
    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        work.keys_total += kr_keyspace->count(kr_keyspace->db(i));
    if (kr_children->fork(aof->self, &work) != KR_OK) {
        aof->rewrite_failed = true;
        kr_logf(aof->self, KR_LOG_WARNING,
                "Can't rewrite append only file in background: fork: %s",
                strerror(errno));
        return false;
    }
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Background append only file rewriting started by pid %ld",
            (long)kr_children->pid());
    aof->rewriting = true;
    aof->scheduled = false;
    aof->began_sec = aof_now_sec();
    return true;
}

/* --- When ---------------------------------------------------------------- */

/* After some failures in a row pauses grow: each attempt leaves an increment
 * behind. */
static bool rewrite_is_limited(struct aof *aof)
{
    if (aof->failures < FAILURES_FREE) {
        aof->retry_sec = aof->retry_delay_min = 0;
        return false;
    }
    if (aof->retry_sec != 0) {
        if (aof_now_sec() < aof->retry_sec)
            return true;
        aof->retry_sec = 0;
        return false;
    }
    aof->retry_delay_min = aof->retry_delay_min ? aof->retry_delay_min * 2 : 1;
    if (aof->retry_delay_min > DELAY_MOST_MIN)
        aof->retry_delay_min = DELAY_MOST_MIN;
    aof->retry_sec = aof_now_sec() + aof->retry_delay_min * 60;
    kr_logf(aof->self, KR_LOG_WARNING,
            "Background AOF rewrite has repeatedly failed and triggered the "
            "limit, will retry in %lld minutes",
            (long long)aof->retry_delay_min);
    return true;
}

/* In percent of what it was after the last rewrite. */
static int64_t rewrite_growth(const struct aof *aof)
{
    double base = aof->base_size > 0 ? (double)aof->base_size : 1;

    return (int64_t)((double)aof->total_size * 100 / base) - 100;
}

static bool rewrite_is_due(struct aof *aof)
{
    int64_t growth = rewrite_growth(aof);

    if (aof->state != AOF_ON || aof_settings.rewrite_percentage == 0 ||
        aof->total_size <= aof_settings.rewrite_min_size ||
        growth < aof_settings.rewrite_percentage || rewrite_is_limited(aof))
        return false;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Starting automatic rewriting of AOF on %lld%% growth",
            (long long)growth);
    return true;
}

void rewrite_on_tick(struct aof *aof)
{
    /* A tick may come while a script runs: not all of it is done. */
    if (kr_children->running() || kr_loading->active() || kr_calls->current())
        return;
    if ((aof->scheduled && !rewrite_is_limited(aof)) || rewrite_is_due(aof))
        (void)rewrite_begin(aof);
}

/* --- The command --------------------------------------------------------- */

void aof_bgrewriteaof(struct kr_call *call)
{
    struct aof *aof = call->state;

    if (aof->rewriting) {
        kr_reply_error(call->reply, "ERR Background append only file rewriting "
                                    "already in progress");
    } else if (kr_children->running() || rewrite_must_wait()) {
        aof->scheduled = true;
        aof->failures = 0; /* it is wanted, so it is tried at once */
        kr_reply_status(call->reply,
                        "Background append only file rewriting scheduled");
    } else if (rewrite_begin(aof)) {
        kr_reply_status(call->reply,
                        "Background append only file rewriting started");
    } else {
        kr_reply_error(call->reply,
                       "ERR Can't execute an AOF background rewriting. Please "
                       "check the server logs for more information.");
    }
}
