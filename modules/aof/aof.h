/* SPDX-License-Identifier: BSD-3-Clause */
/* aof - what the rooms of this module share.
 *
 *   log.c      effects -> bytes            folder.c   names, manifest, files
 *   file.c     bytes -> the last file      sync.c     the thread that syncs
 *   rewrite.c  a new beginning, in a child
 *   base.c     what the child writes       load.c     files -> data set
 *   replay.c   one file's commands         switch.c   on and off
 *   status.c   INFO, refusing writes       wait.c     WAITAOF
 *   pieces.c   a file's text               check.c    keyrack-check-aof
 *
 * Where the bytes are, counted from when the module began:
 *
 *   ------------------------------+------------------+------------->
 *     on the disk                 | in the file      | in the buffer
 *                               synced             written        fed
 */
#ifndef AOF_AOF_H
#define AOF_AOF_H

#include "manifest.h"

#include <kr/child.h>
#include <kr/kr.h>
#include <kr/loading.h>
#include <kr/snapshot.h>

#include <limits.h>

#define AOF_SYNC_NO       0
#define AOF_SYNC_EVERYSEC 1
#define AOF_SYNC_ALWAYS   2

/* Settings: slots that the host writes. */
struct aof_settings {
    bool enabled;
    const char *filename;
    const char *dirname;
    int32_t sync; /* AOF_SYNC_ */
    bool no_sync_on_rewrite;
    int64_t rewrite_percentage;
    int64_t rewrite_min_size;
    bool load_truncated;
    bool rdb_preamble;
    bool timestamps;
    bool incremental_sync;
    bool keep_history;
    const char *cpulist;
};
extern struct aof_settings aof_settings;

enum aof_state {
    AOF_OFF,
    AOF_STARTING, /* the first base is yet to be written */
    AOF_ON
};

/* Of struct aof and all that hangs on it, of what waits, of the word that
 * clients have: kr_descriptor.layout. */
#define AOF_LAYOUT 2u

struct aof_buffer {
    char *bytes;
    size_t size, capacity;
};

struct sync;
struct waiting;

struct aof {
    kr_module *self;
    enum aof_state state;
    bool met; /* the data set has been loaded, or there was none */
    struct manifest manifest;

    /* log.c */
    kr_journal_reader *reader;
    struct aof_buffer buffer;
    int32_t selected; /* database of the last command; -1: say it again */
    int64_t stamped_sec;
    kr_client_slot *slot; /* `fed` behind a client's last write */

    /* file.c */
    int fd;           /* -1: none is open */
    int64_t size;     /* of that file, as far as it is known to be sound */
    uint64_t fed;     /* the three marks drawn above */
    uint64_t written; /* fed == written + buffer.size */
    uint64_t synced;
    struct sync *sync;
    uint64_t sync_asked;      /* `written` when a sync was last asked for */
    int64_t synced_sec;       /* and when */
    int64_t postponed_ms;     /* a write waits for the disk since; 0: none */
    int write_error;          /* errno of the last write; 0: it went well */
    int64_t error_logged_sec; /* such lines come seldom */
    uint64_t delayed;         /* writes that did not wait any longer */
    int64_t total_size;       /* of all files */
    int64_t flush_sleep_us;   /* DEBUG AOF-FLUSH-SLEEP */

    /* rewrite.c */
    bool scheduled;
    bool rewriting; /* the child that is there is ours */
    bool rewrite_failed;
    bool rewrite_rdb;  /* what the child writes */
    int64_t began_sec; /* -1: none is there */
    int64_t took_sec;  /* -1: none yet */
    int64_t base_size; /* of all files, after the last one */
    uint64_t rewrites;
    uint64_t failures; /* in a row */
    int64_t retry_sec; /* not by itself before; 0: any time */
    int64_t retry_delay_min;
    uint64_t child_copied;

    kr_gate *gate; /* refuses writes that would not be kept */
    bool gate_armed;
    struct waiting *waiting;
};

extern kr_module *aof_self;

static inline struct aof *aof_of_module(void)
{
    return kr_modules->state(aof_self);
}

static inline int64_t aof_now_sec(void)
{
    return kr_loop->wall_ms() / 1000;
}

/* --- log.c --------------------------------------------------------------- */

/* Read the journal, or no longer; log_attach(): going on, in place of the
 * version before. */
void log_attach(struct aof *aof);
void log_open(struct aof *aof);
void log_close(struct aof *aof);
/* Drop what has not been written. */
void log_drop(struct aof *aof);

/* --- sync.c -------------------------------------------------------------- */

/* `done` is called on the main thread after a sync, once or more; its name is in
 * kr_descriptor.carried. */
struct sync *sync_new(kr_module *self, void (*done)(void *ctx), void *ctx);
/* Finish what has been asked for, and end the thread; a new one begins when it
 * is needed.  Takes as long as the disk does. */
void sync_end(struct sync *sync);
void sync_free(struct sync *sync);
/* What `before`, which an earlier version of the module has made, has done. */
void sync_take(struct sync *sync, struct sync *before);
/* Bring `fd` to the disk; then all before `mark` is there. */
void sync_ask(struct sync *sync, int fd, uint64_t mark);
/* The same, if `first`, and close it. */
void sync_close(struct sync *sync, int fd, bool first, uint64_t mark);
/* Do something there, behind what has been asked for before. */
void sync_call(struct sync *sync, void (*call)(void *ctx), void *ctx);
/* Is there such a thing that is not over?  Wait for all of them. */
bool sync_is_calling(struct sync *sync);
void sync_wait_for_calls(struct sync *sync);
/* Syncs asked for by sync_ask() that are not over. */
uint64_t sync_pending(struct sync *sync);
uint64_t sync_mark(struct sync *sync);
/* errno of the last one, 0 if it went well; forget it. */
int sync_error(struct sync *sync);
void sync_forgive(struct sync *sync);

/* --- folder.c ------------------------------------------------------------ */

/* A path in the folder, as long as the answer is not used up: the caller's
 * room. */
const char *folder_path(const char *name, char room[PATH_MAX]);
bool folder_make(struct aof *aof);
/* The manifest, if there is one.  false: it is no good, the log says why. */
bool folder_read_manifest(struct aof *aof);
/* All of a file that can be a manifest; the caller frees the text. */
bool folder_read_text(kr_module *self, int fd, struct kr_str *text);
/* Replace it on the disk by `manifest`.  false: the old one stands, or
 * (folder) the new one, and the log says why. */
bool folder_write_manifest(struct aof *aof, const struct manifest *manifest);
bool folder_has(const char *name);
bool folder_there(void);
/* Bytes of a file in it; -1 and errno. */
int64_t folder_size(struct aof *aof, const char *name);
/* Remove a file; the blocks are freed on the other thread. */
void folder_remove(struct aof *aof, const char *path);
/* Remove the files that are history, and their names; the manifest without them
 * is written on the other thread, and until then the one with them will do. */
void folder_drop_history(struct aof *aof);
/* The name that an increment has until the first base is there. */
void folder_temp_increment(char room[PATH_MAX]);

/* --- file.c -------------------------------------------------------------- */

/* Write what is in the buffer, and sync as configured.  `force`: do not wait
 * for the disk to be idle. */
void file_flush(struct aof *aof, bool force);
/* Go on in `fd`, `size` bytes long.  The old one is synced and closed. */
void file_switch(struct aof *aof, int fd, int64_t size);
/* All to the disk, and close. */
void file_end(struct aof *aof);
void file_on_sleep(void *ctx, const void *payload);
/* `ctx` is not looked at: it may be the state of the version before. */
void file_on_synced(void *ctx);

/* --- rewrite.c, base.c --------------------------------------------------- */

bool rewrite_begin(struct aof *aof);
void rewrite_kill(struct aof *aof);
void rewrite_on_tick(struct aof *aof);
/* The child has ended; `ctx` is not looked at, either. */
void rewrite_done(void *ctx, const struct kr_child_end *end);
/* Is somebody's transaction or script under way?  A child would see half. */
bool rewrite_must_wait(void);
/* Write a base as the file `path`, or with NULL as a finished one that is still
 * named `temp`.  false: there is none, the log says why.  [main], [child] */
bool base_write_file(struct aof *aof, const char *path, const char *temp,
                     bool rdb);

/* --- load.c, replay.c ---------------------------------------------------- */

enum load_result {
    LOAD_OK,
    LOAD_TRUNCATED, /* it ended early and has been cut */
    LOAD_EMPTY,
    LOAD_ABSENT,
    LOAD_FAILED,
    LOAD_STOPPED /* the server is about to end */
};

void load_on_load(void *ctx, const void *payload);
void load_on_debug(void *ctx, const void *payload);
/* Run what stands in a file of the folder; `before`: bytes of those read. */
enum load_result replay_file(struct aof *aof, const char *name, bool old_style,
                             uint64_t before);

/* --- check.c ------------------------------------------------------------- */

void check_on_program(void *ctx, const void *payload);

/* --- switch.c ------------------------------------------------------------ */

/* On, without a rewrite: the data set is what the files hold. */
bool switch_on_at_start(struct aof *aof);
bool switch_on(struct aof *aof);
void switch_off(struct aof *aof);
bool switch_apply(void *state, uint32_t argc, const struct kr_str *argv,
                  const char **error);
void switch_on_shutdown(void *ctx, const void *payload);

/* --- status.c ------------------------------------------------------------ */

void status_fill_info(void *ctx, struct kr_info_out *out);
int32_t status_gate(struct kr_call *call, const struct kr_outcome *outcome,
                    void *ctx);
/* Something has changed that decides whether writes are refused. */
void status_settle(struct aof *aof);

/* --- wait.c -------------------------------------------------------------- */

/* `synced` has moved. */
void wait_serve(struct aof *aof);
/* They wait in another state now. */
void wait_take(struct aof *aof, struct aof *before);
bool wait_wake(struct kr_call *call, uint32_t why, struct kr_str key,
               void *ctx);
void wait_free(void *ctx);
void wait_end(struct aof *aof);

#endif
