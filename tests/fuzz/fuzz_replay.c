/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_replay - any bytes as a log of commands: refused, cut or run.
 *
 * What was cut is whole: run again, it runs the same commands, so nothing of a
 * transaction that does not end has been run.  keyrack-check-aof is of the same
 * opinion.  The window begins with 64 bytes (PIECES_WINDOW in fuzz.am), so that
 * it moves and grows all the time.
 *
 *   +------+----------+
 *   | how  | a file   |     bit 0: the host has no run_batch()
 *   +------+----------+
 *
 * The module's code reads; commands are whatever has a name, and do nothing. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/module/memory_interface.h"
#include "core/rack/rack.h"
#include "core/text/hash.h"
#include "core/text/text_interface.h"
#include "modules/aof/aof.h"

#include <kr/program.h>

const struct kr_memory *kr_memory = &memory_interface;
const struct kr_text *kr_text = &text_interface;
const struct kr_snapshot *kr_snapshot;
struct aof_settings aof_settings;

static kr_module fuzz_module = {.name = "fuzz"};
static struct aof fuzz_aof = {.self = &fuzz_module};

/* What has been run, and said, since the last look. */
static struct {
    uint64_t words;
    uint64_t sum; /* of them, in order */
    bool bad_select;
} seen;

static void fuzz_claim(bool claim)
{
    if (!claim)
        abort();
}

/* --- The host ------------------------------------------------------------ */

static void host_log(kr_module *self, uint32_t level, struct kr_str line)
{
    (void)self, (void)level;
    seen.bad_select |= memmem(line.data, line.size, "SELECT: ", 8) != NULL;
}

static bool host_log_enabled(uint32_t level)
{
    (void)level;
    return true;
}

static const struct kr_log host_log_interface = {.size = sizeof(struct kr_log),
                                                 .write = host_log,
                                                 .enabled = host_log_enabled};
const struct kr_log *kr_log = &host_log_interface;

static bool host_progress(uint64_t loaded_bytes)
{
    (void)loaded_bytes;
    return true;
}

static const struct kr_loading host_loading = {
    .size = sizeof(struct kr_loading), .progress = host_progress};
const struct kr_loading *kr_loading = &host_loading;

static kr_db *host_db(int32_t index)
{
    static char room[16];

    return index < 16 ? (kr_db *)(room + index) : NULL;
}

static const struct kr_keyspace host_keyspace = {
    .size = sizeof(struct kr_keyspace), .db = host_db};
const struct kr_keyspace *kr_keyspace = &host_keyspace;

static const kr_cmd *host_match(uint32_t argc, const struct kr_str *argv)
{
    static const char command;

    fuzz_claim(argc > 0 && argv[0].data);
    return (const kr_cmd *)&command;
}

static const kr_cmd *host_parent(const kr_cmd *command)
{
    (void)command;
    return NULL;
}

static const struct kr_commands host_commands = {.size =
                                                     sizeof(struct kr_commands),
                                                 .match = host_match,
                                                 .parent = host_parent};
const struct kr_commands *kr_commands = &host_commands;

static void host_note(uint64_t number)
{
    seen.sum = (seen.sum ^ number) * 0x9e3779b97f4a7c15u;
    seen.sum ^= seen.sum >> 29;
}

static kr_status host_run_command(const kr_cmd *command,
                                  const struct kr_run *run)
{
    fuzz_claim(command && run->argc > 0 && run->db);
    host_note(run->argc);
    host_note((uint64_t)((char *)run->db - (char *)host_db(0)));
    for (uint32_t i = 0; i < run->argc; i++) {
        struct kr_str word = run->argv[i];

        host_note(word.size);
        for (size_t at = 0; at < word.size; at++)
            host_note((unsigned char)word.data[at]);
    }
    seen.words += run->argc;
    return KR_OK;
}

static void host_run_batch(uint32_t count, const kr_cmd *const *commands,
                           const struct kr_run *runs)
{
    for (uint32_t i = 0; i < count; i++)
        (void)host_run_command(commands[i], &runs[i]);
}

static struct kr_calls host_calls = {.size = sizeof(struct kr_calls),
                                     .run_command = host_run_command,
                                     .run_batch = host_run_batch};
const struct kr_calls *kr_calls = &host_calls;

/* --- The folder ---------------------------------------------------------- */

/* Its one file, which a program finds by the same path. */
static char fuzz_path[64];

const char *folder_path(const char *name, char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, "%s", name);
    return room;
}

bool folder_read_text(kr_module *self, int fd, struct kr_str *text)
{
    (void)self, (void)fd, (void)text;
    return false;
}

static int fuzz_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(fuzz_path, sizeof(fuzz_path), "/proc/self/fd/%d", fd);
    return fd;
}

/* --- Runs ---------------------------------------------------------------- */

static enum load_result fuzz_replay(bool cut)
{
    memset(&seen, 0, sizeof(seen));
    aof_settings.load_truncated = cut;
    return replay_file(&fuzz_aof, fuzz_path, false, 0);
}

/* keyrack-check-aof of it; is it valid? */
static bool fuzz_check(void)
{
    const char *argv[] = {"keyrack-check-aof", fuzz_path, NULL};
    bool taken = false;
    int32_t status = 1;
    struct kr_program_event event = {.size = sizeof(event),
                                     .argc = 2,
                                     .name = KR_STR("check-aof"),
                                     .argv = argv,
                                     .taken = &taken,
                                     .status = &status};

    check_on_program(&fuzz_aof, &event);
    fuzz_claim(taken);
    return status == 0;
}

/* Does it open or end a transaction, or claim to be another kind of file?  Then
 * the two may differ: MULTI within MULTI is what replay leaves to commands. */
static bool fuzz_is_plain(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 4 <= size; i++) {
        const char *at = (const char *)data + i;

        if (strncasecmp(at, "mult", 4) == 0 ||
            strncasecmp(at, "exec", 4) == 0 || strncmp(at, "file", 4) == 0)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum load_result strict, loose;
    uint64_t words, sum;
    bool valid;
    int fd;

    if (size < 1)
        return 0;
    if (!freopen("/dev/null", "w", stdout))
        abort();
    host_calls.size =
        data[0] & 1 ? offsetof(struct kr_calls, run_batch) : sizeof(host_calls);
    fd = fuzz_file(data + 1, size - 1);
    valid = fuzz_check();
    strict = fuzz_replay(false);
    fuzz_claim(lseek(fd, 0, SEEK_END) == (off_t)(size - 1));
    if (fuzz_is_plain(data + 1, size - 1) && !seen.bad_select)
        fuzz_claim(valid == (strict == LOAD_OK || strict == LOAD_EMPTY));
    words = seen.words;
    sum = seen.sum;
    loose = fuzz_replay(true);
    fuzz_claim(seen.words == words && seen.sum == sum);
    fuzz_claim(loose == strict || loose == LOAD_TRUNCATED);
    if (loose == LOAD_TRUNCATED) {
        fuzz_claim(lseek(fd, 0, SEEK_END) < (off_t)(size - 1));
        loose = fuzz_replay(false);
        fuzz_claim(loose == LOAD_OK || loose == LOAD_EMPTY);
        fuzz_claim(seen.words == words && seen.sum == sum);
    }
    close(fd);
    return 0;
}
