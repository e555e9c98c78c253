/* SPDX-License-Identifier: BSD-3-Clause */
/* folder - the directory that holds the log's files and their manifest.
 *
 *   appendonlydir/appendonly.aof.manifest        what counts
 *                 appendonly.aof.1.base.rdb      what it names
 *                 temp-appendonly.aof.manifest   the next one, being written
 *
 * A manifest is written aside, synced, renamed over the old one, and the
 * directory synced: whoever is killed when, there is a whole one, and the files
 * that it names are there.  Files that none names are litter, and harmless. */
#include "aof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_SUFFIX ".manifest"
#define TEMP_PREFIX     "temp-"
#define MANIFEST_MOST   (64 << 20) /* bytes; no honest one is as long */

const char *folder_path(const char *name, char room[PATH_MAX])
{
    /* A name that is too long names nothing. */
    if (snprintf(room, PATH_MAX, "%s/%s", aof_settings.dirname, name) >=
        PATH_MAX)
        room[0] = '\0';
    return room;
}

void folder_temp_increment(char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, TEMP_PREFIX "%s.incr", aof_settings.filename);
}

static void folder_manifest_name(bool temp, char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, "%s%s" MANIFEST_SUFFIX, temp ? TEMP_PREFIX : "",
             aof_settings.filename);
}

/* --- What is there ------------------------------------------------------- */

bool folder_there(void)
{
    struct stat status;

    return stat(aof_settings.dirname, &status) == 0 && S_ISDIR(status.st_mode);
}

bool folder_has(const char *name)
{
    char path[PATH_MAX];
    struct stat status;

    return stat(folder_path(name, path), &status) == 0;
}

static bool folder_create(void)
{
    struct stat status;

    if (mkdir(aof_settings.dirname, 0755) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    if (stat(aof_settings.dirname, &status) < 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

bool folder_make(struct aof *aof)
{
    if (folder_create())
        return true;
    kr_logf(aof->self, KR_LOG_WARNING,
            "Can't open or create append-only dir %s: %s", aof_settings.dirname,
            strerror(errno));
    return false;
}

int64_t folder_size(struct aof *aof, const char *name)
{
    char path[PATH_MAX];
    struct stat status;

    if (stat(folder_path(name, path), &status) == 0)
        return (int64_t)status.st_size;
    kr_logf(aof->self, KR_LOG_WARNING,
            "Unable to obtain the AOF file %s length. stat: %s", name,
            strerror(errno));
    return -1;
}

/* --- Reading the manifest ------------------------------------------------ */

bool folder_read_text(kr_module *self, int fd, struct kr_str *text)
{
    struct stat status;
    size_t size = 0;
    char *bytes;

    if (fstat(fd, &status) < 0 || status.st_size > MANIFEST_MOST ||
        !S_ISREG(status.st_mode))
        return false;
    bytes = kr_memory->alloc(self, (size_t)status.st_size + 1);
    while (size < (size_t)status.st_size) {
        ssize_t n = read(fd, bytes + size, (size_t)status.st_size - size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            kr_memory->free(self, bytes);
            return false;
        }
        if (n == 0)
            break;
        size += (size_t)n;
    }
    *text = kr_str(bytes, size);
    return true;
}

static bool folder_manifest_is_bad(struct aof *aof,
                                   const struct manifest_error *error)
{
    kr_logf(aof->self, KR_LOG_WARNING,
            "\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
    if (error->text.size > 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Reading the manifest file, at line %llu\n",
                (unsigned long long)error->line);
        kr_logf(aof->self, KR_LOG_WARNING, ">>> '%.*s'\n",
                (int)(error->text.size < 900 ? error->text.size : 900),
                error->text.data);
    }
    kr_logf(aof->self, KR_LOG_WARNING, "%s\n", error->reason);
    return false;
}

bool folder_read_manifest(struct aof *aof)
{
    struct manifest_error error = {.reason = "Read AOF manifest failed"};
    char name[PATH_MAX], path[PATH_MAX];
    struct kr_str text = {0};
    bool fine;
    int fd;

    sync_wait_for_calls(aof->sync);
    manifest_clear(aof->self, &aof->manifest);
    folder_manifest_name(false, name);
    fd = open(folder_path(name, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (fd < 0) {
        kr_logf(aof->self, KR_LOG_WARNING,
                "Fatal error: can't open the AOF manifest file %s for reading: "
                "%s",
                path, strerror(errno));
        return false;
    }
    fine = folder_read_text(aof->self, fd, &text) &&
           manifest_parse(aof->self, &aof->manifest, text, &error);
    close(fd);
    if (!fine)
        (void)folder_manifest_is_bad(aof, &error);
    kr_memory->free(aof->self, (void *)(uintptr_t)text.data);
    return fine;
}

/* --- Replacing it -------------------------------------------------------- */

/* All that it takes to write a manifest on either thread. */
struct draft {
    kr_module *self;
    struct kr_str text;
    char name[PATH_MAX], temp[PATH_MAX];
    char path[PATH_MAX], temp_path[PATH_MAX];
};

static void draft_say(const struct draft *draft, const struct kr_aside *aside)
{
    const char *why = strerror(aside->error);

    switch (aside->failed) {
    case KR_ASIDE_OPEN:
        kr_logf(draft->self, KR_LOG_WARNING,
                "Can't open the AOF manifest file %s: %s", draft->temp, why);
        break;
    case KR_ASIDE_SYNC:
        kr_logf(draft->self, KR_LOG_WARNING,
                "Fail to fsync the temp AOF file %s: %s.", draft->temp, why);
        break;
    case KR_ASIDE_NAME:
        kr_logf(draft->self, KR_LOG_WARNING,
                "Error trying to rename the temporary AOF manifest file %s "
                "into %s: %s",
                draft->temp, draft->name, why);
        break;
    case KR_ASIDE_FOLDER:
        kr_logf(draft->self, KR_LOG_WARNING,
                "Fail to fsync AOF directory %s: %s.", draft->name, why);
        break;
    default:
        kr_logf(draft->self, KR_LOG_WARNING,
                "Error trying to write the temporary AOF manifest file %s: %s",
                draft->temp, why);
    }
}

static struct draft *draft_new(struct aof *aof, const struct manifest *manifest)
{
    struct draft *draft = kr_memory->alloc(aof->self, sizeof(*draft));

    draft->self = aof->self;
    draft->text = manifest_format(aof->self, manifest);
    folder_manifest_name(false, draft->name);
    folder_manifest_name(true, draft->temp);
    (void)folder_path(draft->name, draft->path);
    (void)folder_path(draft->temp, draft->temp_path);
    return draft;
}

/* Put it in place, and free it. */
static bool draft_put(struct draft *draft)
{
    struct kr_aside aside = {.size = sizeof(aside)};

    if (kr_files->begin(&aside, draft->temp_path, 0644)) {
        (void)kr_files->put(&aside, draft->text);
        (void)kr_files->commit(&aside, draft->path);
    }
    if (aside.failed)
        draft_say(draft, &aside);
    kr_memory->free(draft->self, (void *)(uintptr_t)draft->text.data);
    kr_memory->free(draft->self, draft);
    return !aside.failed;
}

static void draft_put_there(void *ctx)
{
    (void)draft_put(ctx);
}

bool folder_write_manifest(struct aof *aof, const struct manifest *manifest)
{
    /* An older one must not come behind this one. */
    sync_wait_for_calls(aof->sync);
    return draft_put(draft_new(aof, manifest));
}

/* --- Removing ------------------------------------------------------------ */

void folder_remove(struct aof *aof, const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (unlink(path) < 0 && errno != ENOENT)
        kr_logf(aof->self, KR_LOG_WARNING, "Can't remove %s: %s", path,
                strerror(errno));
    if (fd >= 0)
        sync_close(aof->sync, fd, false, 0);
}

void folder_drop_history(struct aof *aof)
{
    char path[PATH_MAX];

    if (aof_settings.keep_history ||
        manifest_count(&aof->manifest, MANIFEST_HISTORY) == 0)
        return;
    for (size_t i = 0; i < aof->manifest.count; i++) {
        const struct manifest_file *file = &aof->manifest.files[i];

        if (file->type != MANIFEST_HISTORY)
            continue;
        kr_logf(aof->self, KR_LOG_NOTICE,
                "Removing the history file %s in the background", file->name);
        folder_remove(aof, folder_path(file->name, path));
    }
    manifest_drop_history(aof->self, &aof->manifest);
    sync_call(aof->sync, draft_put_there, draft_new(aof, &aof->manifest));
}
