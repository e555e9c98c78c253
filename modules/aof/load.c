/* SPDX-License-Identifier: BSD-3-Clause */
/* load - the data set out of the log: its base, then its increments in order.
 *
 * Only the last file may end early: a crash does that to no other.  Whatever
 * else is wrong ends the server, for what it would go on with is not what it
 * had.
 *
 * Older versions had one file, `appendfilename` itself.  It becomes the base of
 * a manifest that is written before the file is moved, so that a start which is
 * interrupted is begun again by the next. */
#include "aof.h"

#include <errno.h>
#include <kr/debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static double load_seconds(int64_t begin_us)
{
    return (double)(kr_loop->wall_us() - begin_us) / 1e6;
}

/* --- Of an older version ------------------------------------------------- */

static bool upgrade_is_due(const struct aof *aof)
{
    const struct manifest_file *base = manifest_base(&aof->manifest);
    struct stat status;

    if (stat(aof_settings.filename, &status) < 0)
        return false;
    if (!folder_there())
        return true;
    if (manifest_last_increment(&aof->manifest))
        return false;
    return !base || (strcmp(base->name, aof_settings.filename) == 0 &&
                     !folder_has(aof_settings.filename));
}

static bool upgrade(struct aof *aof)
{
    char path[PATH_MAX];

    if (!folder_make(aof))
        return false;
    manifest_clear(aof->self, &aof->manifest);
    (void)manifest_add(aof->self, &aof->manifest, aof_settings.filename, 1,
                       MANIFEST_BASE);
    aof->manifest.base_sequence = 1;
    if (!folder_write_manifest(aof, &aof->manifest))
        return false;
    if (rename(aof_settings.filename,
               folder_path(aof_settings.filename, path)) < 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Error trying to move the old AOF file %s into dir %s: %s",
                aof_settings.filename, aof_settings.dirname, strerror(errno));
        return false;
    }
    kr_logf(aof->self, KR_LOG_NOTICE,
            "Successfully migrated an old-style AOF file (%s) into the AOF "
            "directory (%s).",
            aof_settings.filename, aof_settings.dirname);
    return true;
}

/* --- File after file ----------------------------------------------------- */

/* Bytes of all files that count; -1: one is not there. */
static int64_t load_total_size(struct aof *aof)
{
    int64_t total = 0;

    for (size_t i = 0; i < aof->manifest.count; i++) {
        const struct manifest_file *file = &aof->manifest.files[i];
        int64_t size;

        if (file->type == MANIFEST_HISTORY)
            continue;
        size = folder_size(aof, file->name);
        if (size < 0)
            return -1;
        total += size;
    }
    return total;
}

static enum load_result load_file(struct aof *aof,
                                  const struct manifest_file *file, bool last,
                                  uint64_t *done)
{
    bool is_base = file->type == MANIFEST_BASE;
    bool old_style = strcmp(file->name, aof_settings.filename) == 0;
    int64_t begin_us = kr_loop->wall_us();
    enum load_result result;
    int64_t size = folder_size(aof, file->name);

    result = replay_file(aof, file->name, old_style, *done);
    *done += size > 0 ? (uint64_t)size : 0;
    if (is_base)
        aof->base_size = size > 0 ? size : 0;
    switch (result) {
    case LOAD_TRUNCATED:
        if (!last) {
            kr_logf(aof->self, KR_LOG_WARNING,
                    "Fatal error: the truncated file is not the last file");
            return LOAD_FAILED;
        }
        break;
    case LOAD_EMPTY: /* others are not */
        return LOAD_OK;
    case LOAD_ABSENT:
        return LOAD_FAILED;
    case LOAD_OK:
        break;
    case LOAD_FAILED:
    case LOAD_STOPPED:
        return result;
    }
    kr_logf(aof->self, KR_LOG_NOTICE, "DB loaded from %s file %s: %.3f seconds",
            is_base ? "base" : "incr", file->name, load_seconds(begin_us));
    return result;
}

static enum load_result load_each(struct aof *aof)
{
    const struct manifest_file *base = manifest_base(&aof->manifest);
    const struct manifest_file *last = manifest_last_increment(&aof->manifest);
    enum load_result result = LOAD_OK;
    uint64_t done = 0;

    aof->base_size = 0;
    if (base)
        result = load_file(aof, base, !last, &done);
    for (size_t i = 0; i < aof->manifest.count && result == LOAD_OK; i++) {
        const struct manifest_file *file = &aof->manifest.files[i];

        if (file->type == MANIFEST_INCREMENT)
            result = load_file(aof, file, file == last, &done);
    }
    return result;
}

/* `flush`: in place of what is there. */
static enum load_result load_all(struct aof *aof, bool flush)
{
    enum load_result result;
    int64_t total;

    if (upgrade_is_due(aof) && !upgrade(aof))
        return LOAD_FAILED;
    total = load_total_size(aof);
    if (total < 0)
        return LOAD_FAILED;
    if (kr_loading->begin(aof->self, (uint64_t)total, KR_LOADING_LOG) != KR_OK)
        return LOAD_FAILED;
    if (flush)
        kr_keyspace->flush(NULL, false);
    if (!manifest_base(&aof->manifest) &&
        !manifest_last_increment(&aof->manifest))
        result = LOAD_ABSENT;
    else
        result = total == 0 ? LOAD_EMPTY : load_each(aof);
    kr_loading->end(result != LOAD_FAILED);
    if (result == LOAD_TRUNCATED)
        total = load_total_size(aof);
    aof->total_size = total;
    return result;
}

/* --- At the start -------------------------------------------------------- */

void load_on_load(void *ctx, const void *payload)
{
    const struct kr_load_event *event = payload;
    struct aof *aof = ctx;
    int64_t begin_us = kr_loop->wall_us();
    enum load_result result;

    if (event->rank != KR_LOAD_RANK_LOG || *event->taken)
        return;
    aof->met = true;
    if (!folder_read_manifest(aof)) {
        *event->failed = true;
        return;
    }
    if (!aof_settings.enabled)
        return;
    *event->taken = true;
    result = load_all(aof, false);
    if (result == LOAD_STOPPED)
        return;
    if (result == LOAD_FAILED) {
        *event->failed = true;
        return;
    }
    if (result != LOAD_ABSENT)
        kr_logf(aof->self, KR_LOG_NOTICE,
                "DB loaded from append only file: %.3f seconds",
                load_seconds(begin_us));
    if (aof_settings.enabled && !switch_on_at_start(aof))
        *event->failed = true;
    else
        folder_drop_history(aof);
}

/* --- DEBUG LOADAOF, AOF-FLUSH-SLEEP -------------------------------------- */

static void load_again(struct aof *aof, struct kr_call *call)
{
    enum load_result result;
    bool reads = aof->reader != NULL;
    int32_t selected = aof->selected;

    if (aof->state == AOF_ON)
        file_flush(aof, true);
    log_close(aof);
    if (!folder_read_manifest(aof))
        exit(1);
    folder_drop_history(aof);
    result = load_all(aof, true);
    if (result == LOAD_FAILED)
        exit(1);
    if (reads)
        log_open(aof);
    aof->selected = selected;
    if (aof->fd >= 0 && result == LOAD_TRUNCATED)
        aof->size =
            folder_size(aof, manifest_last_increment(&aof->manifest)->name);
    kr_logf(aof->self, KR_LOG_WARNING,
            "Append Only File loaded by DEBUG LOADAOF");
    kr_reply_ok(call->reply);
}

static void load_set_sleep(struct aof *aof, struct kr_call *call)
{
    int64_t us;

    if (!kr_arg_int64_in(call, 2, 0, 10000000, &us, NULL))
        return;
    aof->flush_sleep_us = us;
    kr_reply_ok(call->reply);
}

void load_on_debug(void *ctx, const void *payload)
{
    const struct kr_debug_event *event = payload;
    struct kr_call *call = event->call;

    if (kr_arg_is(call, 1, "LOADAOF") && call->argc == 2) {
        *event->taken = true;
        load_again(ctx, call);
    } else if (kr_arg_is(call, 1, "AOF-FLUSH-SLEEP") && call->argc == 3) {
        *event->taken = true;
        load_set_sleep(ctx, call);
    }
}
