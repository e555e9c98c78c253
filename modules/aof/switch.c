/* SPDX-License-Identifier: BSD-3-Clause */
/* switch - the log is begun and ended: at the start, by CONFIG SET, at the end.
 *
 *   OFF --switch_on()--> STARTING --the first base is there--> ON
 *    ^ `--switch_on_at_start(): the files are the data set------^ |
 *    `-------------------------switch_off()-----------------------' */
#include "aof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* --- At the start -------------------------------------------------------- */

/* An empty data set gets an empty base: a log without one would be taken for
 * that of an older version. */
static bool switch_make_base(struct aof *aof)
{
    bool rdb = aof_settings.rdb_preamble && kr_snapshot;
    const char *name =
        manifest_new_base(aof->self, &aof->manifest, aof_settings.filename,
                          rdb ? ".base.rdb" : ".base.aof")
            ->name;
    char path[PATH_MAX], temp[64];

    snprintf(temp, sizeof(temp), "temp-rewriteaof-%d.aof", (int)getpid());
    if (!base_write_file(aof, folder_path(name, path), temp, rdb))
        return false;
    aof->base_size = folder_size(aof, name);
    aof->total_size += aof->base_size;
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Creating AOF base file %s on server start", name);
    return true;
}

/* The last increment goes on, or a first one begins. */
static bool switch_open(struct aof *aof)
{
    const struct manifest_file *file = manifest_last_increment(&aof->manifest);
    bool is_new = file == NULL;
    char path[PATH_MAX];
    const char *name;
    int64_t size;
    int fd;

    if (!file)
        file = manifest_new_increment(aof->self, &aof->manifest,
                                      aof_settings.filename);
    name = file->name;
    fd = open(folder_path(name, path),
              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Can't open the append-only file %s: %s", name,
                strerror(errno));
        return false;
    }
    size = folder_size(aof, name);
    file_switch(aof, fd, size > 0 ? size : 0);
    if (is_new && !folder_write_manifest(aof, &aof->manifest))
        return false;
    kr_logf(aof->self, KR_LOG_NOTICE, "%s AOF incr file %s on server start",
            is_new ? "Creating" : "Opening", name);
    return true;
}

bool switch_on_at_start(struct aof *aof)
{
    if (!folder_make(aof))
        return false;
    if (!manifest_base(&aof->manifest) &&
        !manifest_last_increment(&aof->manifest) && !switch_make_base(aof))
        return false;
    if (!switch_open(aof))
        return false;
    aof->synced_sec = aof_now_sec();
    aof->state = AOF_ON;
    log_open(aof);
    return true;
}

/* --- At run time --------------------------------------------------------- */

/* true: the rewrite that it takes has begun, or will as soon as it can. */
static bool switch_begin(struct aof *aof)
{
    if (kr_children->running() || kr_loading->active()) {
        aof->scheduled = true;
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF was enabled but there is already another background "
                "operation. An AOF background was scheduled to start when "
                "possible.");
        return true;
    }
    if (rewrite_must_wait()) {
        aof->scheduled = true;
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF was enabled during a transaction. An AOF background was "
                "scheduled to start when possible.");
        return true;
    }
    return rewrite_begin(aof);
}

bool switch_on(struct aof *aof)
{
    if (aof->rewriting && !rewrite_must_wait()) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF was enabled but there is already an AOF rewriting in "
                "background. Stopping background AOF and starting a rewrite "
                "now.");
        rewrite_kill(aof);
    }
    aof->state = AOF_STARTING;
    log_open(aof);
    if (!switch_begin(aof)) {
        aof->state = AOF_OFF;
        log_close(aof);
        file_end(aof);
        kr_logf(aof->self, KR_LOG_WARNING,
                "Redis needs to enable the AOF but can't trigger a background "
                "AOF rewrite operation. Check the above logs for more info "
                "about the error.");
        return false;
    }
    aof->synced_sec = aof_now_sec();
    if (sync_error(aof->sync) != 0)
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF reopen, just ignore the AOF fsync error in bio job");
    if (aof->write_error != 0)
        kr_logf(aof->self, KR_LOG_WARNING,
                "AOF reopen, just ignore the last error.");
    sync_forgive(aof->sync);
    aof->write_error = 0;
    status_settle(aof);
    return true;
}

void switch_off(struct aof *aof)
{
    enum aof_state was = aof->state;
    char temp[PATH_MAX], path[PATH_MAX];

    file_end(aof);
    log_close(aof);
    aof->state = AOF_OFF;
    aof->scheduled = false;
    rewrite_kill(aof);
    if (was == AOF_STARTING) {
        folder_temp_increment(temp);
        folder_remove(aof, folder_path(temp, path));
    }
    status_settle(aof);
    wait_serve(aof);
}

bool switch_apply(void *state, uint32_t argc, const struct kr_str *argv,
                  const char **error)
{
    struct aof *aof = state;

    (void)argc, (void)argv;
    if (!aof || !aof->met)
        return true; /* the start will look */
    if (aof_settings.enabled && aof->state == AOF_OFF && !switch_on(aof)) {
        *error = "Unable to turn on AOF. Check server logs.";
        return false;
    }
    if (!aof_settings.enabled && aof->state != AOF_OFF)
        switch_off(aof);
    return true;
}

/* --- The end of the server ----------------------------------------------- */

void switch_on_shutdown(void *ctx, const void *payload)
{
    struct kr_shutdown_event *event =
        (struct kr_shutdown_event *)(uintptr_t)payload;
    struct aof *aof = ctx;

    if (aof->rewriting && aof->state == AOF_STARTING) {
        if (!(event->flags & KR_SHUTDOWN_FORCE)) {
            kr_logf(aof->self, KR_LOG_WARNING,
                    "Writing initial AOF, can't exit.");
            if (!event->veto)
                event->veto = "the first base of the log is being written";
            return;
        }
        kr_logf(aof->self, KR_LOG_WARNING, "Writing initial AOF. Exit anyway.");
    }
    if (aof->rewriting) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "There is a child rewriting the AOF. Killing it!");
        rewrite_kill(aof);
    }
    if (aof->state == AOF_OFF || aof->fd < 0)
        return;
    kr_logf(aof->self, KR_LOG_NOTICE, "Calling fsync() on the AOF file.");
    file_flush(aof, true);
    if (fsync(aof->fd) < 0)
        kr_logf(aof->self, KR_LOG_WARNING, "Fail to fsync the AOF file: %s.",
                strerror(errno));
}
