/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb - what the rooms of this module share.
 *
 *   write.c    databases -> bytes        load.c       bytes -> databases
 *   file.c     the file: made aside, synced, renamed; found at the start
 *   background.c  BGSAVE in a child      points.c     when to save by itself
 *   walk.c     BGSAVE by steps           outlet.c     a file, on another thread
 *   part.c     what other modules add    reload.c     DEBUG RELOAD
 *   status.c   INFO, and writes refused while saving fails
 *   check.c    keyrack-check-rdb */
#ifndef RDB_RDB_H
#define RDB_RDB_H

#include <kr/kr.h>
#include <kr/snapshot.h>

/* Settings: slots that the host writes. */
struct rdb_settings {
    const char *filename;
    bool compress;
    bool checksum;
    bool del_sync_files;
    bool incremental_fsync;
    bool stop_writes;
    int32_t sanitize;
    int32_t method; /* enum rdb_method */
    int64_t walk_effort;
    bool carry;            /* what modules that are not here have left */
    int64_t save_delay_us; /* a key, for tests */
    int64_t load_delay_us;
    int64_t process_interval;
};
extern struct rdb_settings rdb_settings;

/* How BGSAVE gets at the keys as they are at one moment. */
enum rdb_method {
    RDB_FORK, /* a child has them */
    RDB_WALK, /* they are written before they change */
};

/* A save point: so many changes within so many seconds. */
struct rdb_point {
    int64_t seconds;
    int64_t changes;
};

/* A record that belongs to a module which is not here; it is kept and written
 * again.  What it holds stands behind the struct. */
struct rdb_carried {
    struct rdb_carried *next;
    uint32_t opcode; /* KR_SNAPSHOT_FUNCTION: bytes are a string's;
                      * KR_SNAPSHOT_AUX: tagged items and their end */
    uint32_t when;   /* KR_SNAPSHOT_BEFORE or AFTER the keys */
    uint64_t id;     /* of AUX */
    size_t size;
    char bytes[];
};

struct rdb_part {
    struct rdb_part *next;
    const struct kr_snapshot_part *row;
    char module[64]; /* whose it is */
    /* As in the row, which may have gone with a version that was replaced, until
     * the next one brings its own. */
    uint32_t opcode;
    char file_name[12];
    bool renewed; /* just now: see rdb_parts_settle() */
};

#define RDB_LAYOUT 5u /* of all above and below: kr_descriptor.layout */
struct rdb_walk;

struct rdb {
    kr_module *self;

    /* Saving. */
    int64_t saved_sec;      /* wall clock, when the file was last written */
    int64_t tried_sec;      /* when a child was last begun */
    uint64_t saved_changes; /* kr_calls->changes() that are in the file */
    uint64_t child_changes; /* and in the one being written */
    bool failed;            /* the last attempt in a child */
    bool scheduled;
    struct rdb_walk *walk;   /* in place of a child, or NULL */
    int64_t child_began_sec; /* -1: none is there */
    int64_t child_took_sec;  /* the last one; -1: none yet */
    uint64_t child_copied;
    uint64_t saves;
    bool points_due_off; /* DEBUG RELOAD empties the databases: no matter */
    kr_gate *gate;       /* refuses writes while saving fails */
    bool gate_armed;

    /* Loading. */
    uint64_t loaded_keys, loaded_expired; /* the last time */

    /* Records that are no keys. */
    kr_event *parts_wanted; /* KR_EVENT_SNAPSHOT_PARTS */
    struct rdb_part *parts;
    struct rdb_carried *carried, **carried_end;
};

extern kr_module *rdb_self;

static inline struct rdb *rdb_of_module(void)
{
    return kr_modules->state(rdb_self);
}

int64_t rdb_now_sec(void);

/* --- write.c, load.c ----------------------------------------------------- */

/* kr_snapshot's functions; `shared`: in a child, which tells how far it is. */
kr_status rdb_write(struct rdb *rdb, int fd, uint32_t flags, bool child,
                    struct kr_snapshot_end *end);
kr_status rdb_load(struct rdb *rdb, int fd, const char *name, uint32_t flags,
                   struct kr_snapshot_end *end);

/* What is being read. */
enum rdb_stage { /* ORDER: check_stages */
                 RDB_READS_BEGIN,
                 RDB_READS_CODE,
                 RDB_READS_EXPIRY,
                 RDB_READS_KEY,
                 RDB_READS_VALUE,
                 RDB_READS_SUM,
                 RDB_READS_NUMBER,
                 RDB_READS_FIELD,
                 RDB_READS_MODULE,
                 RDB_READS_FUNCTION,
};

/* Who wants to know whether a snapshot is sound, and not to have it. */
struct rdb_check {
    enum rdb_stage stage;
    int32_t code;   /* of the value in turn; -1: none is */
    bool has_key;   /* one is in turn */
    char key[1024]; /* its beginning */
    uint64_t keys, expiring, expired;
    char error[256];
};

/* Read as rdb_load() does, tell `check`, and drop what was read. */
kr_status rdb_pass(struct rdb *rdb, int fd, struct rdb_check *check,
                   struct kr_snapshot_end *end);

/* Keys being written: to what, and what of them. */
struct rdb_keys {
    kr_writer *out;
    bool child;
    bool idle, frequency; /* which age is kept */
    uint64_t written, total;
};

/* Which age is to be kept. */
void rdb_choose_age(struct rdb_keys *keys);
/* The key, all that is known of it and its value; nothing if its type is never
 * saved. */
void rdb_write_key(struct rdb_keys *keys, struct kr_str key,
                   const struct kr_cell *cell);
/* What stands before the first part. */
void rdb_write_begin(kr_writer *out, uint32_t flags);

/* --- file.c -------------------------------------------------------------- */

/* Write the file anew.  false: the old one stands, the log says why. */
bool rdb_save_file(struct rdb *rdb, bool child);
/* Read it.  KR_ENOENT: there is none. */
kr_status rdb_load_file(struct rdb *rdb, uint32_t flags);
/* Tell the log; false. */
bool rdb_write_error(struct rdb *rdb, const char *what, int error);
/* The same, of the step that has failed. */
bool rdb_aside_failed(struct rdb *rdb, const struct kr_aside *aside,
                      const char *temp);
/* As rdb-save-incremental-fsync has it. */
uint32_t rdb_aside_flags(void);
/* Remove what the process `pid` has left behind. */
void rdb_remove_temp(struct rdb *rdb, int32_t pid);
void rdb_close_later(void *ctx);
void rdb_closed(void *ctx);
/* Saved in this process: from here on nothing has changed. */
void rdb_saved(struct rdb *rdb);
void rdb_on_load(void *ctx, const void *payload);

/* --- background.c -------------------------------------------------------- */

/* KR_OK, or why nothing has begun. */
kr_status rdb_begin_background(struct rdb *rdb);
/* The same, by a child. */
kr_status rdb_fork(struct rdb *rdb);
/* The child has ended; `ctx` is not looked at: it may be the state of the
 * version before. */
void rdb_background_done(void *ctx, const struct kr_child_end *end);
/* It has ended. */
void rdb_background_over(struct rdb *rdb, bool fine);
/* Is the child that is there ours, or is there a walk? */
bool rdb_is_saving(const struct rdb *rdb);
/* End it; `wait`: until a child is gone.  The file stays as it was. */
void rdb_stop_background(struct rdb *rdb, bool wait);
void rdb_on_shutdown(void *ctx, const void *payload);

/* --- walk.c -------------------------------------------------------------- */

/* KR_OK, or the log says why not. */
kr_status rdb_walk_begin(struct rdb *rdb);
/* Give it up, and what it has written; nothing without one. */
void rdb_walk_stop(struct rdb *rdb);
void rdb_walk_on_flush_before(void *ctx, const void *payload);
void rdb_walk_on_swap(void *ctx, const void *payload);

/* --- points.c ------------------------------------------------------------ */

bool rdb_points_check(void *state, uint32_t argc, const struct kr_str *argv,
                      const char **error);
bool rdb_points_apply(void *state, uint32_t argc, const struct kr_str *argv,
                      const char **error);
void rdb_points_print(void *state, struct kr_reply *out);
bool rdb_has_points(void);
void rdb_on_tick(void *ctx, const void *payload);
void rdb_on_flush(void *ctx, const void *payload);

/* --- part.c -------------------------------------------------------------- */

kr_status rdb_add_part(kr_module *self, const struct kr_snapshot_part *part);
void rdb_leave_parts(kr_module *self);
/* The module has been upgraded: parts that its new version has not registered
 * again are gone, with the code that they stood on. */
void rdb_renew_parts(struct rdb *rdb, struct kr_str module);
/* Posted: from now on a part has to be registered again by a next version. */
void rdb_parts_settle(void *ctx);
/* Those of a module, or all with NULL. */
void rdb_forget_parts(struct rdb *rdb, const struct kr_str *module);
void rdb_write_parts(struct rdb *rdb, kr_writer *out, uint32_t when);
/* The same as commands. */
void rdb_rewrite_parts(struct rdb *rdb, kr_writer *out, uint32_t when);
/* Read a record whose opcode has been read; flags: of the load
 * (KR_SNAPSHOT_MERGE).  false: refused. */
bool rdb_load_part(struct rdb *rdb, kr_reader *in, uint8_t opcode,
                   uint32_t flags);
/* Step over it. */
bool rdb_pass_part(kr_reader *in, uint8_t opcode, struct rdb_check *check);
void rdb_clear_parts(struct rdb *rdb);

/* --- check.c ------------------------------------------------------------- */

/* A line about what has just been read. */
void rdb_check_say(const kr_reader *in, const char *format, ...)
    KR_PRINTF(2, 3);
kr_status rdb_check_snapshot(int fd, const char *name,
                             struct kr_snapshot_end *end);
void rdb_on_program(void *ctx, const void *payload);

/* --- reload.c, status.c -------------------------------------------------- */

void rdb_on_debug(void *ctx, const void *payload);
void rdb_fill_info(void *ctx, struct kr_info_out *out);
int32_t rdb_gate(struct kr_call *call, const struct kr_outcome *outcome,
                 void *ctx);
/* Something has changed that decides whether writes are refused. */
void rdb_settle_gate(struct rdb *rdb);

#endif
