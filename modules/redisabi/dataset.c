/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset - all databases at once: emptied, written to a file, read from one.
 *
 * The log of writes learns nothing of what is read or emptied here; where there
 * is one it is begun anew, from what there is then. */
#include "context.h"
#include "denied.h"

#include <kr/snapshot.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct RedisModuleRdbStream {
    char path[1]; /* and the rest of it */
};

RedisModuleRdbStream *rm_RdbStreamCreateFromFile(const char *path)
{
    size_t size = strlen(path) + 1;
    RedisModuleRdbStream *stream =
        kr_memory->alloc(redisabi_self, sizeof(*stream) + size);

    memcpy(stream->path, path, size);
    return stream;
}

void rm_RdbStreamFree(RedisModuleRdbStream *stream)
{
    kr_memory->free(redisabi_self, stream);
}

static void dataset_begin_log(void)
{
    struct kr_str word = KR_STR("bgrewriteaof");
    struct kr_run run = {.size = sizeof(run),
                         .argc = 1,
                         .argv = &word,
                         .flags = KR_RUN_NO_JOURNAL | KR_RUN_NO_GATES |
                                  KR_RUN_NO_STATS};

    if (rm_GetContextFlags(NULL) & REDISMODULE_CTX_FLAGS_AOF)
        (void)kr_calls->run(&run);
}

void rm_ResetDataset(int restart_log, int async)
{
    kr_keyspace->flush(NULL, async != 0);
    if (restart_log)
        dataset_begin_log();
}

/* --- To a file ------------------------------------------------------------ */

/* Beside it, and then in its place.  errno: what failed, or 0. */
static int dataset_save(const char *path)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    struct kr_aside aside = {.size = sizeof(aside)};
    char temp[64];
    int error = 0;

    snprintf(temp, sizeof(temp), "temp-module-%d.rdb", (int)getpid());
    if (!kr_files->begin(&aside, temp, 0666))
        return aside.error;
    kr_loading->save_begin(0);
    if (kr_snapshot->write(aside.fd, 0, &end) != KR_OK) {
        error = end.error_code ? end.error_code : EIO;
        kr_files->abandon(&aside);
    } else if (!kr_files->commit(&aside, path)) {
        error = aside.error;
    }
    kr_loading->save_end(0, error == 0);
    return error;
}

static int dataset_answer(int error)
{
    errno = error;
    return error ? REDISMODULE_ERR : REDISMODULE_OK;
}

/* `flags` are for later releases: 0. */
static int dataset_check(const RedisModuleRdbStream *stream, int flags)
{
    if (!stream || flags != 0)
        return EINVAL;
    return kr_snapshot ? 0 : ENOTSUP;
}

static bool dataset_is_denied(const RedisModuleCtx *ctx, const char *function)
{
    return guest_is_denied(ctx->guest, LENT_SNAPSHOT, function) ||
           guest_is_denied(ctx->guest, LENT_FILES, function);
}

int rm_RdbSave(RedisModuleCtx *ctx, RedisModuleRdbStream *stream, int flags)
{
    int error = dataset_check(stream, flags);

    if (dataset_is_denied(ctx, "RdbSave"))
        error = EACCES;
    return dataset_answer(error ? error : dataset_save(stream->path));
}

/* --- From a file ---------------------------------------------------------- */

/* What was there is gone in any case, as in Redis. */
static int dataset_load(const char *path)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    bool fine;

    kr_keyspace->flush(NULL, false);
    if (fd < 0)
        return errno == ENOENT ? ENOENT : EIO;
    (void)fstat(fd, &status);
    if (kr_loading->begin(redisabi_self, (uint64_t)status.st_size, 0) !=
        KR_OK) {
        close(fd);
        return EBUSY;
    }
    fine = kr_snapshot->load(fd, path, 0, &end) == KR_OK;
    kr_loading->end(fine);
    close(fd);
    if (!fine)
        kr_logf(redisabi_self, KR_LOG_WARNING, "%s: %s", path, end.error);
    return fine ? 0 : EIO;
}

int rm_RdbLoad(RedisModuleCtx *ctx, RedisModuleRdbStream *stream, int flags)
{
    int error = dataset_check(stream, flags);

    if (dataset_is_denied(ctx, "RdbLoad"))
        error = EACCES;
    if (!error) {
        error = kr_loading->active() ? EBUSY : dataset_load(stream->path);
        dataset_begin_log();
    }
    return dataset_answer(error);
}
