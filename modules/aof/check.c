/* SPDX-License-Identifier: BSD-3-Clause */
/* check - keyrack-check-aof: is this a log that a server would load whole?
 *
 *   FILE.manifest      the base, then the increments in order
 *   FILE.aof           one file, as older versions had it, with a snapshot in
 *                      front or without
 *   --fix              the last file is cut behind its last whole command
 *   --truncate-to-timestamp T      and before the first remark "#TS:" after T
 *
 * The text is read by pieces.c, as the server reads it, the manifest by
 * manifest.c, a snapshot by the module rdb; commands are not run.  The lines
 * told are those of redis-check-aof, which scripts look for. */
#include "aof.h"

#include "pieces.h"

#include <kr/program.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum verdict {
    CHECK_VALID,
    CHECK_EMPTY,
    CHECK_CUT,
    CHECK_CUT_IN_TIME,
    CHECK_FAILED, /* all has been said */
};

/* What was asked for, and what goes on from file to file. */
struct job {
    kr_module *self;
    bool fix;
    int64_t until_sec; /* 0: all of it */
    uint64_t line;     /* where the next one begins; remarks do not count */
};

/* One file. */
struct check {
    struct job *job;
    const char *name; /* that is told */
    const char *path;
    bool last; /* of the log: others are not cut */
    struct pieces text;
    uint64_t sound;    /* up to here it is whole */
    uint64_t piece_at; /* where the last piece began */
    uint64_t lines;    /* of the item in turn */
    bool in_transaction;
    bool cut;    /* in time */
    bool failed; /* it has been said why */
    bool told;   /* `error` has been filled, or said */
    char error[1024 + PATH_MAX];
};

/* --- What is wrong ------------------------------------------------------- */

static enum piece check_bad(struct check *check, uint64_t at, const char *what,
                            const char *name)
{
    check->told = true;
    snprintf(check->error, sizeof(check->error), "0x%16llx: %s%s",
             (unsigned long long)at, what, name);
    return PIECE_BAD;
}

static enum piece check_fail(struct check *check)
{
    check->failed = true;
    return PIECE_BAD;
}

/* That the text just ends is said by the sum alone. */
static void check_explain(struct check *check)
{
    const struct piece_fault *fault = &check->text.fault;
    char what[128] = "";

    switch (fault->reason) {
    case PIECE_ENDS:
        return;
    case PIECE_PREFIX:
        snprintf(what, sizeof(what), "Expected prefix '%c', got: '%c'",
                 fault->wanted, fault->found[0]);
        break;
    case PIECE_NEWLINE:
        snprintf(what, sizeof(what), "Expected \\r\\n, got: %02x%02x",
                 (unsigned char)fault->found[0],
                 (unsigned char)fault->found[1]);
        break;
    case PIECE_BYTES:
        snprintf(
            what, sizeof(what), "Expected to read %llu bytes, got %llu bytes",
            (unsigned long long)fault->number, (unsigned long long)fault->got);
        break;
    case PIECE_COUNT:
        snprintf(what, sizeof(what),
                 "Expected a number of words that can be there, got: %llu",
                 (unsigned long long)fault->number);
        break;
    case PIECE_REMARK:
        snprintf(what, sizeof(what), "Expected the end of a remark");
        break;
    }
    (void)check_bad(check, check->text.offset + fault->at, what, "");
}

/* --- Items --------------------------------------------------------------- */

/* The log is wanted up to a moment: here is one. */
static enum piece check_time(struct check *check, size_t at)
{
    const char *digits = check->text.bytes + at + 4;
    uint64_t offset = check->text.offset + at;
    long until_sec = (long)check->job->until_sec, sec;
    char *end;

    errno = 0;
    sec = strtol(digits, &end, 10);
    if (errno != 0 || *end != '\r') {
        puts("Invalid timestamp annotation");
        return check_fail(check);
    }
    if (sec <= until_sec)
        return PIECE_WHOLE;
    if (offset == 0) {
        printf("AOF %s has nothing before timestamp %ld, aborting...\n",
               check->path, until_sec);
        return check_fail(check);
    }
    if (!check->last) {
        printf("Failed to truncate AOF %s to timestamp %ld to offset %llu "
               "because it is not the last file.\n"
               "If you insist, please delete all files after this file "
               "according to the manifest file and delete the corresponding "
               "records in manifest file manually. Then re-run "
               "redis-check-aof.\n",
               check->path, until_sec, (unsigned long long)offset);
        return check_fail(check);
    }
    if (ftruncate(check->text.fd, (off_t)offset) < 0) {
        printf("Failed to truncate AOF %s to timestamp %ld\n", check->path,
               until_sec);
        return check_fail(check);
    }
    check->cut = true;
    return PIECE_BAD;
}

static enum piece check_remark(struct check *check)
{
    size_t at = check->text.at, from = at;
    enum piece piece = pieces_remark(&check->text, &at);

    if (piece != PIECE_WHOLE)
        return piece;
    check->piece_at = check->text.offset + from;
    if (check->job->until_sec != 0 && at - from > 4 &&
        memcmp(check->text.bytes + from, "#TS:", 4) == 0)
        piece = check_time(check, from);
    if (piece == PIECE_WHOLE)
        check->text.at = at;
    return piece;
}

/* MULTI and EXEC come in turn. */
static enum piece check_name(struct check *check, struct kr_str name)
{
    bool begins = kr_str_equal_nocase(name, KR_STR("multi"));

    if (!begins && !kr_str_equal_nocase(name, KR_STR("exec")))
        return PIECE_WHOLE;
    if (begins == check->in_transaction)
        return check_bad(check, check->piece_at,
                         begins ? "Unexpected MULTI in AOF "
                                : "Unexpected EXEC in AOF ",
                         check->path);
    return PIECE_WHOLE;
}

static enum piece check_command(struct check *check)
{
    struct pieces *text = &check->text;
    size_t at = text->at;
    struct kr_str word, name = {0};
    uint64_t argc = 0;
    enum piece piece = pieces_head(text, &at, &argc);

    if (piece == PIECE_WHOLE)
        check->lines++;
    for (uint64_t i = 0; i < argc && piece == PIECE_WHOLE; i++) {
        size_t from = at;

        piece = pieces_word(text, &at, &word);
        if (piece == PIECE_WHOLE || at > from) /* the number is sound */
            check->lines++;
        if (piece != PIECE_WHOLE)
            break;
        check->lines++;
        check->piece_at = text->offset + at - word.size - 2;
        if (i == 0) {
            name = word;
            piece = check_name(check, name);
        }
    }
    if (piece != PIECE_WHOLE)
        return piece;
    if (kr_str_equal_nocase(name, KR_STR("multi")))
        check->in_transaction = true;
    else if (kr_str_equal_nocase(name, KR_STR("exec")))
        check->in_transaction = false;
    text->at = at;
    return PIECE_WHOLE;
}

static enum piece check_item(struct check *check)
{
    struct pieces *text = &check->text;

    check->lines = 0;
    text->fault = (struct piece_fault){.reason = PIECE_ENDS, .at = text->at};
    if (text->at == text->end)
        return PIECE_SHORT;
    if (text->bytes[text->at] == '#')
        return check_remark(check);
    if (text->bytes[text->at] == '*')
        return check_command(check);
    printf("AOF %s format error\n", check->name);
    check->told = true;
    return PIECE_BAD;
}

/* Item after item, until one is not whole, or there is none. */
static void check_items(struct check *check)
{
    struct pieces *text = &check->text;
    enum piece piece = PIECE_WHOLE;

    while (piece == PIECE_WHOLE) {
        if (!check->in_transaction)
            check->sound = pieces_offset(text);
        piece = check_item(check);
        while (piece == PIECE_SHORT && !text->at_end) {
            text->begin = text->at;
            if (!pieces_fill(text)) {
                printf("Failed to read from AOF %s, aborting...\n",
                       check->name);
                check->failed = true;
                return;
            }
            piece = check_item(check);
        }
        check->job->line += check->lines;
    }
    if (check->failed || check->cut || check->told)
        return;
    check_explain(check);
    if (!check->told && check->in_transaction)
        (void)check_bad(check,
                        text->at < text->end ? text->offset + text->fault.at
                                             : check->piece_at,
                        "Reached EOF before reading EXEC for MULTI", "");
}

/* --- A file -------------------------------------------------------------- */

static enum verdict check_shrink(struct check *check)
{
    uint64_t size = check->text.file_size;
    char answer[2];

    if (!check->last) {
        printf("Failed to truncate AOF %s because it is not the last file\n",
               check->name);
        return CHECK_FAILED;
    }
    printf("This will shrink the AOF %s from %llu bytes, with %llu bytes, to "
           "%llu bytes\nContinue? [y/N]: ",
           check->name, (unsigned long long)size,
           (unsigned long long)(size - check->sound),
           (unsigned long long)check->sound);
    fflush(stdout);
    if (!fgets(answer, sizeof(answer), stdin) ||
        strncasecmp(answer, "y", 1) != 0) {
        puts("Aborting...");
        return CHECK_FAILED;
    }
    if (ftruncate(check->text.fd, (off_t)check->sound) < 0) {
        printf("Failed to truncate AOF %s\n", check->name);
        return CHECK_FAILED;
    }
    return CHECK_CUT;
}

static enum verdict check_judge(struct check *check)
{
    uint64_t size = check->text.file_size;

    if (check->failed)
        return CHECK_FAILED;
    if (check->cut)
        return CHECK_CUT_IN_TIME;
    if (check->error[0])
        puts(check->error);
    if (check->job->until_sec != 0 && check->sound == size) {
        printf("Truncate nothing in AOF %s to timestamp %lld\n", check->name,
               (long long)check->job->until_sec);
        return CHECK_VALID;
    }
    printf("AOF analyzed: filename=%s, size=%llu, ok_up_to=%llu, "
           "ok_up_to_line=%llu, diff=%llu\n",
           check->name, (unsigned long long)size,
           (unsigned long long)check->sound,
           (unsigned long long)check->job->line,
           (unsigned long long)(size - check->sound));
    if (check->sound == size)
        return CHECK_VALID;
    if (check->job->fix)
        return check_shrink(check);
    printf("AOF %s is not valid. Use the --fix option to try fixing it.\n",
           check->name);
    return CHECK_FAILED;
}

/* The snapshot in front; what follows it are commands. */
static bool check_preamble(struct check *check)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    bool fine = false;

    if (!kr_snapshot || !KR_HAS(kr_snapshot, check))
        puts("It begins with a snapshot, which module rdb could read");
    else
        fine = kr_snapshot->check(check->text.fd, check->name, &end) == KR_OK;
    check->text.offset = end.bytes;
    puts(fine ? "RDB preamble is OK, proceeding with AOF tail..."
              : "RDB preamble of AOF file is not sane, aborting.");
    return fine;
}

static enum verdict check_file(struct job *job, const char *name,
                               const char *path, bool last, bool preamble)
{
    struct check check = {.job = job, .name = name, .path = path, .last = last};
    enum verdict verdict = CHECK_FAILED;
    struct stat status;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        printf("Cannot open file %s: %s, aborting...\n", path, strerror(errno));
        return CHECK_FAILED;
    }
    check.text = (struct pieces){.self = job->self, .fd = fd};
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        printf("Cannot stat file: %s, aborting...\n", name);
    } else if (status.st_size == 0) {
        verdict = CHECK_EMPTY;
    } else if (!preamble || check_preamble(&check)) {
        check.text.file_size = (uint64_t)status.st_size;
        check_items(&check);
        verdict = check_judge(&check);
    }
    pieces_free(&check.text);
    close(fd);
    return verdict;
}

/* false: it has failed. */
static bool check_say(const struct job *job, enum verdict verdict,
                      const char *kind, const char *name)
{
    switch (verdict) {
    case CHECK_VALID:
        printf("%s %s is valid\n", kind, name);
        break;
    case CHECK_EMPTY:
        printf("%s %s is empty\n", kind, name);
        break;
    case CHECK_CUT:
        printf("Successfully truncated AOF %s\n", name);
        break;
    case CHECK_CUT_IN_TIME:
        printf("Successfully truncated AOF %s to timestamp %lld\n", name,
               (long long)job->until_sec);
        break;
    case CHECK_FAILED:
        return false;
    }
    return true;
}

/* --- A log --------------------------------------------------------------- */

enum kind { KIND_COMMANDS, KIND_SNAPSHOT, KIND_MANIFEST, KIND_NONE };

/* What a file is, by its first line that is no remark. */
static enum kind check_kind(const char *path)
{
    FILE *stream = fopen(path, "re");
    enum kind kind = KIND_COMMANDS;
    char line[MANIFEST_LINE_MAX + 1] = "#";

    if (!stream) {
        printf("Cannot open file %s: %s\n", path, strerror(errno));
        return KIND_NONE;
    }
    while (line[0] == '#' && fgets(line, sizeof(line), stream))
        ;
    if (strncmp(line, "file", 4) == 0)
        kind = KIND_MANIFEST;
    else if (strncmp(line, "REDIS", 5) == 0)
        kind = KIND_SNAPSHOT;
    fclose(stream);
    return kind;
}

static bool check_listed(struct job *job, const char *folder, const char *name,
                         bool is_base, bool last)
{
    enum kind kind = KIND_COMMANDS;
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= PATH_MAX) {
        printf("Cannot open file %s: %s, aborting...\n", name,
               strerror(ENAMETOOLONG));
        return false;
    }
    if (is_base) {
        kind = check_kind(path);
        if (kind == KIND_NONE)
            return false;
        printf("Start to check BASE AOF (%s format).\n",
               kind == KIND_SNAPSHOT ? "RDB" : "RESP");
    }
    return check_say(job,
                     check_file(job, name, path, last, kind == KIND_SNAPSHOT),
                     is_base ? "BASE AOF" : "INCR AOF", name);
}

static bool check_manifest(struct job *job, const char *folder,
                           const struct manifest *manifest)
{
    const struct manifest_file *base = manifest_base(manifest);
    const struct manifest_file *last = manifest_last_increment(manifest);
    bool fine = true;

    if (base)
        fine = check_listed(job, folder, base->name, true, !last);
    if (fine && last)
        puts("Start to check INCR files.");
    for (size_t i = 0; i < manifest->count && fine; i++) {
        const struct manifest_file *file = &manifest->files[i];

        if (file->type == MANIFEST_INCREMENT)
            fine = check_listed(job, folder, file->name, false, file == last);
    }
    if (fine)
        puts("All AOF files and manifest are valid");
    return fine;
}

static void check_say_manifest(const struct manifest_error *error)
{
    printf("\n*** FATAL AOF MANIFEST FILE ERROR ***\n\n");
    if (error->text.size > 0)
        printf("Reading the manifest file, at line %llu\n\n>>> '%.*s'\n\n",
               (unsigned long long)error->line,
               (int)(error->text.size < 900 ? error->text.size : 900),
               error->text.data);
    printf("%s\n\n", error->reason);
}

static bool check_parts(struct job *job, const char *path)
{
    struct manifest_error error = {.reason = "Read AOF manifest failed"};
    struct manifest manifest = {0};
    struct kr_str text = {0};
    char folder[PATH_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool fine;

    puts("Start checking Multi Part AOF");
    fine = fd >= 0 && folder_read_text(job->self, fd, &text) &&
           manifest_parse(job->self, &manifest, text, &error);
    if (fine) {
        snprintf(folder, sizeof(folder), "%s", path);
        fine = check_manifest(job, dirname(folder), &manifest);
    } else {
        check_say_manifest(&error);
    }
    if (fd >= 0)
        close(fd);
    manifest_clear(job->self, &manifest);
    kr_memory->free(job->self, (void *)(uintptr_t)text.data);
    return fine;
}

static bool check_log(struct job *job, const char *path)
{
    enum kind kind = check_kind(path);

    if (kind == KIND_NONE)
        return false;
    if (kind == KIND_MANIFEST)
        return check_parts(job, path);
    puts("Start checking Old-Style AOF");
    return check_say(job,
                     check_file(job, path, path, true, kind == KIND_SNAPSHOT),
                     "AOF", path);
}

/* --- The program --------------------------------------------------------- */

static bool check_read_time(const char *text, int64_t *sec)
{
    char *end;

    errno = 0;
    *sec = strtol(text, &end, 10);
    if (errno == 0 && *end == '\0')
        return true;
    puts("Invalid timestamp, aborting...");
    return false;
}

static bool check_run(struct job *job, int argc, const char *const *argv)
{
    const char *path = argc > 1 ? argv[argc - 1] : "";
    bool fine = argc == 2;

    if (argc == 3 && strcmp(argv[1], "--fix") == 0)
        job->fix = fine = true;
    if (argc == 4 && strcmp(argv[1], "--truncate-to-timestamp") == 0) {
        if (!check_read_time(argv[2], &job->until_sec))
            return false;
        fine = true;
    }
    if (fine && strlen(path) >= PATH_MAX) {
        puts("Error: filepath is too long (exceeds PATH_MAX)");
        fine = false;
    }
    if (fine)
        return check_log(job, path);
    printf("Usage: %s [--fix|--truncate-to-timestamp $timestamp] "
           "<file.manifest|file.aof>\n",
           argv[0]);
    return false;
}

void check_on_program(void *ctx, const void *payload)
{
    const struct kr_program_event *event = payload;
    struct aof *aof = ctx;
    struct job job = {.self = aof->self, .line = 1};

    if (!kr_str_equal(event->name, KR_STR("check-aof")))
        return;
    *event->taken = true;
    *event->status = check_run(&job, event->argc, event->argv) ? 0 : 1;
}
