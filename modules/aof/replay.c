/* SPDX-License-Identifier: BSD-3-Clause */
/* replay - one file's commands are run again, in place in the bytes read.
 *
 * Commands (pieces.h) are gathered into batches, whose keys are looked for
 * together.  No answer is kept.
 *
 * A transaction is run when its EXEC has been seen: until then the window keeps
 * all of it.  So a file that ends early has had whole transactions run only,
 * and is cut behind the last of them, or refused. */
#include "aof.h"

#include "nobody.h"
#include "pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH         16u
#define PROGRESS_EACH (64 * 1024) /* bytes */

#define RUN_FLAGS (KR_RUN_NO_JOURNAL | KR_RUN_NO_GATES | KR_RUN_NO_STATS)

/* Words of the commands of a batch stand behind each other. */
struct batch {
    uint32_t count;
    struct kr_run runs[BATCH];
    const kr_cmd *commands[BATCH];
    uint32_t first[BATCH]; /* of its words in `words` */
    struct kr_str *words;
    uint32_t word_count, word_room;
};

struct replay {
    struct aof *aof;
    const char *name;
    struct pieces text;
    uint64_t sound;       /* up to here whole commands have been run */
    uint64_t before;      /* bytes of the files before this one */
    uint64_t progress_at; /* where to tell next */
    size_t transaction;   /* its end in the window; 0: none is being run */
    kr_db *db;
    const kr_cmd *last; /* most often it is the same again */
    struct kr_str last_name;
    char last_text[32];
    struct nobody nobody;
    struct batch batch;
    enum load_result result;
};

static uint64_t replay_offset(const struct replay *replay)
{
    return pieces_offset(&replay->text);
}

static bool replay_fail(struct replay *replay, const char *reason)
{
    kr_logf(replay->aof->self, KR_LOG_WARNING, "%s, offset %llu: %s",
            replay->name, (unsigned long long)replay_offset(replay), reason);
    replay->result = LOAD_FAILED;
    return false;
}

static bool replay_bad_format(struct replay *replay, const char *reason)
{
    (void)replay_fail(replay, reason);
    kr_logf(replay->aof->self, KR_LOG_WARNING,
            "Bad file format reading the append only file %s: make a backup of "
            "your AOF file, then use ./redis-check-aof --fix "
            "<filename.manifest>",
            replay->name);
    return false;
}

/* --- Pieces -------------------------------------------------------------- */

/* More bytes, behind those from `begin` on.  false: it has failed. */
static bool replay_fill(struct replay *replay)
{
    if (pieces_fill(&replay->text))
        return true;
    if (errno == ENOMEM)
        return replay_fail(replay, "not enough memory");
    kr_logf(replay->aof->self, KR_LOG_WARNING,
            "Unrecoverable error reading the append only file %s: %s",
            replay->name, strerror(errno));
    replay->result = LOAD_FAILED;
    return false;
}

/* The head of a command, remarks before it included. */
static enum piece replay_head(struct replay *replay, size_t *at, uint64_t *argc)
{
    enum piece piece = pieces_remarks(&replay->text, at);

    return piece == PIECE_WHOLE ? pieces_head(&replay->text, at, argc) : piece;
}

/* Step over one command; `name` is its first word. */
static enum piece replay_skip(struct replay *replay, size_t *at,
                              struct kr_str *name, uint64_t *argc)
{
    enum piece piece = replay_head(replay, at, argc);

    for (uint64_t i = 0; i < *argc && piece == PIECE_WHOLE; i++) {
        struct kr_str word;

        piece = pieces_word(&replay->text, at, &word);
        if (i == 0)
            *name = word;
    }
    return piece;
}

/* --- Running ------------------------------------------------------------- */

static void batch_run(struct replay *replay)
{
    struct batch *batch = &replay->batch;

    for (uint32_t i = 0; i < batch->count; i++)
        batch->runs[i].argv = batch->words + batch->first[i];
    if (KR_HAS(kr_calls, run_batch))
        kr_calls->run_batch(batch->count, batch->commands, batch->runs);
    else
        for (uint32_t i = 0; i < batch->count; i++)
            (void)kr_calls->run_command(batch->commands[i], &batch->runs[i]);
    batch->count = batch->word_count = 0;
}

/* The words at *at, parsed into the batch.  They are run later. */
static enum piece batch_read(struct replay *replay, size_t *at, uint32_t *argc)
{
    struct batch *batch = &replay->batch;
    uint32_t first = batch->word_count;
    uint64_t count = 0;
    enum piece piece = replay_head(replay, at, &count);

    for (uint64_t i = 0; i < count && piece == PIECE_WHOLE; i++) {
        if (batch->word_count == batch->word_room) {
            uint32_t room = batch->word_room ? batch->word_room * 2 : 256;
            struct kr_str *words = kr_memory->try_realloc(
                replay->aof->self, batch->words, (size_t)room * sizeof(*words));

            if (!words)
                return PIECE_BAD;
            batch->words = words;
            batch->word_room = room;
        }
        piece =
            pieces_word(&replay->text, at, &batch->words[batch->word_count]);
        batch->word_count += piece == PIECE_WHOLE;
    }
    *argc = batch->word_count - first;
    if (piece != PIECE_WHOLE)
        batch->word_count = first;
    return piece;
}

/* SELECT is ours to do: nobody is connected. */
static bool replay_select(struct replay *replay, const struct kr_str *argv,
                          uint32_t argc)
{
    kr_db *db = NULL;
    int64_t index;

    if (argc == 2 && kr_text->to_int64(argv[1], &index) && index >= 0 &&
        index <= INT32_MAX)
        db = kr_keyspace->db((int32_t)index);
    if (!db)
        return replay_fail(replay, "SELECT: there is no such database");
    replay->db = db;
    return true;
}

static const kr_cmd *replay_find(struct replay *replay, uint32_t argc,
                                 const struct kr_str *argv)
{
    const kr_cmd *command;

    if (replay->last && kr_str_equal(replay->last_name, argv[0]))
        return replay->last;
    command = kr_commands->match(argc, argv);
    replay->last = NULL;
    if (command && !kr_commands->parent(command) &&
        argv[0].size <= sizeof(replay->last_text)) {
        memcpy(replay->last_text, argv[0].data, argv[0].size);
        replay->last_name = kr_str(replay->last_text, argv[0].size);
        replay->last = command;
    }
    return command;
}

/* The words that have just been read are a command of the batch, or are done
 * with at once. */
static bool replay_take(struct replay *replay, uint32_t argc)
{
    struct batch *batch = &replay->batch;
    uint32_t first = batch->word_count - argc;
    struct kr_str *argv = batch->words + first;
    const kr_cmd *command;

    if (kr_str_equal_nocase(argv[0], KR_STR("select"))) {
        batch->word_count = first;
        return replay_select(replay, argv, argc);
    }
    command = replay_find(replay, argc, argv);
    if (!command) {
        kr_logf(replay->aof->self, KR_LOG_WARNING,
                "Unknown command '%.*s' reading the append only file %s",
                (int)(argv[0].size < 128 ? argv[0].size : 128), argv[0].data,
                replay->name);
        replay->result = LOAD_FAILED;
        return false;
    }
    batch->commands[batch->count] = command;
    batch->first[batch->count] = first;
    batch->runs[batch->count++] =
        (struct kr_run){.size = sizeof(struct kr_run),
                        .argc = argc,
                        .reply = &replay->nobody.reply,
                        .db = replay->db,
                        .flags = RUN_FLAGS,
                        .call_flags = KR_CALL_REPLICA | KR_CALL_NO_BLOCK};
    return true;
}

/* --- Transactions -------------------------------------------------------- */

static bool replay_is_word(struct kr_str name, uint64_t argc, const char *word)
{
    return argc == 1 && kr_str_equal_nocase(name, kr_cstr(word));
}

/* A transaction begins at `at`: is all of it there?  Its words in front and
 * behind are no commands to run. */
static enum piece replay_find_exec(struct replay *replay, size_t at,
                                   size_t *exec)
{
    enum piece piece = PIECE_WHOLE;
    struct kr_str name = {0};
    uint64_t argc = 0;

    while (piece == PIECE_WHOLE) {
        *exec = at;
        argc = 0;
        piece = replay_skip(replay, &at, &name, &argc);
        if (piece == PIECE_WHOLE && replay_is_word(name, argc, "exec"))
            return PIECE_WHOLE;
    }
    return piece;
}

/* Does a transaction begin here?  Then it is made sure that it ends. */
static enum piece replay_enter(struct replay *replay, size_t *at, uint32_t argc)
{
    struct batch *batch = &replay->batch;
    enum piece piece;
    size_t exec;

    if (!replay_is_word(batch->words[batch->word_count - argc], argc, "multi"))
        return PIECE_WHOLE;
    batch->word_count -= argc;
    piece = replay_find_exec(replay, *at, &exec);
    if (piece == PIECE_WHOLE)
        replay->transaction = exec;
    return piece;
}

/* --- One after the other ------------------------------------------------- */

/* Whole commands up to here have been taken; run them and say so. */
static bool replay_settle(struct replay *replay)
{
    batch_run(replay);
    if (replay->nobody.errors > 0)
        nobody_report(&replay->nobody, replay->aof->self);
    if (replay->transaction == 0)
        replay->sound = replay_offset(replay);
    if (replay_offset(replay) < replay->progress_at)
        return true;
    replay->progress_at = replay_offset(replay) + PROGRESS_EACH;
    if (kr_loading->progress(replay->before + replay_offset(replay)))
        return true;
    replay->result = LOAD_STOPPED;
    return false;
}

/* The next command of the window.  SHORT: not all of it (or of the transaction
 * that it begins) is there. */
static enum piece replay_next(struct replay *replay)
{
    size_t at = replay->text.at;
    enum piece piece;
    uint32_t argc;

    if (replay->transaction > 0 && at >= replay->transaction) {
        struct kr_str name;
        uint64_t words;

        piece = replay_skip(replay, &at, &name, &words);
        replay->transaction = 0;
        replay->text.at = at;
        return piece;
    }
    /* Remarks stand for themselves: nothing need follow them. */
    piece = pieces_remarks(&replay->text, &at);
    if (piece != PIECE_WHOLE)
        return piece;
    replay->text.at = at;
    if (at == replay->text.end)
        return PIECE_WHOLE;
    piece = batch_read(replay, &at, &argc);
    if (piece != PIECE_WHOLE)
        return piece;
    if (replay->transaction == 0) {
        uint32_t words = replay->batch.word_count;

        piece = replay_enter(replay, &at, argc);
        if (piece == PIECE_WHOLE && replay->batch.word_count < words) {
            replay->text.at = at;
            return piece;
        }
    }
    if (piece == PIECE_WHOLE) {
        replay->text.at = at;
        if (!replay_take(replay, argc))
            return PIECE_BAD;
    }
    return piece;
}

/* false: over, well or not; replay->result says which. */
static bool replay_window(struct replay *replay)
{
    enum piece piece = PIECE_WHOLE;

    replay->result = LOAD_OK;
    while (piece == PIECE_WHOLE && replay->text.at < replay->text.end) {
        piece = replay_next(replay);
        if (piece == PIECE_WHOLE && replay->batch.count == BATCH &&
            !replay_settle(replay))
            return false;
    }
    if (!replay_settle(replay))
        return false;
    if (piece == PIECE_BAD)
        return replay->result == LOAD_FAILED
                   ? false
                   : replay_bad_format(replay, "this is no command");
    /* What is left in the window begins a command. */
    replay->text.begin = replay->text.at;
    if (!replay->text.at_end)
        return replay_fill(replay);
    replay->result =
        replay->text.at < replay->text.end ? LOAD_TRUNCATED : LOAD_OK;
    return false;
}

/* --- The end of a file --------------------------------------------------- */

static bool replay_was_in_transaction(struct replay *replay)
{
    struct kr_str name = {0};
    size_t at = replay->text.at;
    uint64_t argc = 0;

    return replay_skip(replay, &at, &name, &argc) == PIECE_WHOLE &&
           replay_is_word(name, argc, "multi");
}

/* It ended within a command: cut there, or refused. */
static enum load_result replay_truncate(struct replay *replay)
{
    kr_module *self = replay->aof->self;
    char path[PATH_MAX];

    if (replay_was_in_transaction(replay))
        kr_logf(self, KR_LOG_WARNING,
                "Revert incomplete MULTI/EXEC transaction in AOF file %s",
                replay->name);
    if (aof_settings.load_truncated) {
        kr_logf(self, KR_LOG_WARNING,
                "!!! Warning: short read while loading the AOF file %s!!!",
                replay->name);
        kr_logf(self, KR_LOG_WARNING,
                "!!! Truncating the AOF %s at offset %llu !!!", replay->name,
                (unsigned long long)replay->sound);
        if (truncate(folder_path(replay->name, path), (off_t)replay->sound) ==
            0) {
            kr_logf(self, KR_LOG_WARNING,
                    "AOF %s loaded anyway because aof-load-truncated is "
                    "enabled",
                    replay->name);
            return LOAD_TRUNCATED;
        }
        kr_logf(self, KR_LOG_WARNING, "Error truncating the AOF file %s: %s",
                replay->name, strerror(errno));
    }
    kr_logf(self, KR_LOG_WARNING,
            "Unexpected end of file reading the append only file %s. You can: "
            "1) Make a backup of your AOF file, then use ./redis-check-aof "
            "--fix <filename.manifest>. 2) Alternatively you can set the "
            "'aof-load-truncated' configuration option to yes and restart the "
            "server.",
            replay->name);
    return LOAD_FAILED;
}

/* --- The beginning of one ------------------------------------------------ */

/* A snapshot in front; what follows it are commands. */
static bool replay_preamble(struct replay *replay, bool old_style)
{
    struct kr_snapshot_end end = {.size = sizeof(end)};
    kr_module *self = replay->aof->self;
    char magic[5];
    kr_status status;

    if (pread(replay->text.fd, magic, sizeof(magic), 0) != sizeof(magic) ||
        memcmp(magic, "REDIS", sizeof(magic)) != 0)
        return true;
    if (!kr_snapshot)
        return replay_fail(replay, "it begins with a snapshot, which module "
                                   "rdb could read");
    kr_logf(self, KR_LOG_NOTICE, "%s",
            old_style ? "Reading RDB preamble from AOF file..."
                      : "Reading RDB base file on AOF loading...");
    status = kr_snapshot->load(replay->text.fd, replay->name,
                               KR_SNAPSHOT_EXPIRED, &end);
    if (status == KR_OK) {
        replay->text.offset = replay->sound = end.bytes;
        if (old_style)
            kr_logf(self, KR_LOG_NOTICE, "Reading the remaining AOF tail...");
        return true;
    }
    replay->result = status == KR_EFAIL ? LOAD_STOPPED : LOAD_FAILED;
    if (status != KR_EFAIL)
        kr_logf(self, KR_LOG_WARNING, "%s: %s", replay->name, end.error);
    kr_logf(self, KR_LOG_WARNING,
            old_style ? "Error reading the RDB preamble of the AOF file %s, "
                        "AOF loading aborted"
                      : "Error reading the RDB base file %s, AOF loading "
                        "aborted",
            replay->name);
    return false;
}

static enum load_result replay_open(struct replay *replay)
{
    char path[PATH_MAX];
    struct stat status;

    replay->text.fd =
        open(folder_path(replay->name, path), O_RDONLY | O_CLOEXEC);
    if (replay->text.fd < 0) {
        bool absent = errno == ENOENT;

        kr_logf(replay->aof->self, KR_LOG_WARNING,
                absent ? "The append log file %s doesn't exist: %s"
                       : "Fatal error: can't open the append log file %s for "
                         "reading: %s",
                replay->name, strerror(errno));
        return absent ? LOAD_ABSENT : LOAD_FAILED;
    }
    if (fstat(replay->text.fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        (void)replay_fail(replay, "it is no file");
        return LOAD_FAILED;
    }
    replay->text.file_size = (uint64_t)status.st_size;
    return status.st_size == 0 ? LOAD_EMPTY : LOAD_OK;
}

enum load_result replay_file(struct aof *aof, const char *name, bool old_style,
                             uint64_t before)
{
    struct replay replay = {
        .aof = aof,
        .name = name,
        .text = {.self = aof->self},
        .before = before,
        .db = kr_keyspace->db(0),
    };

    nobody_init(&replay.nobody);
    replay.result = replay_open(&replay);
    if (replay.result == LOAD_OK && replay_preamble(&replay, old_style) &&
        replay_fill(&replay)) {
        while (replay_window(&replay))
            ;
        if (replay.result == LOAD_TRUNCATED)
            replay.result = replay_truncate(&replay);
    }
    if (replay.text.fd >= 0)
        close(replay.text.fd);
    pieces_free(&replay.text);
    kr_memory->free(aof->self, replay.batch.words);
    return replay.result;
}
