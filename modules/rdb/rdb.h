/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb - what the rooms of this module share.
 *
 *   write.c    databases -> bytes        load.c       bytes -> databases
 *   file.c     the file: made aside, synced, renamed; found at the start
 *   background.c  BGSAVE in a child      points.c     when to save by itself
 *   part.c     what other modules add    reload.c     DEBUG RELOAD
 *   status.c   INFO, and writes refused while saving fails */
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
    int64_t save_delay_us; /* a key, for tests */
    int64_t load_delay_us;
    int64_t process_interval;
};
extern struct rdb_settings rdb_settings;

/* A save point: so many changes within so many seconds. */
struct rdb_point {
    int64_t seconds;
    int64_t changes;
};

/* A record that belongs to a module which is not here; it is kept and written
 * again.  It stands behind the struct. */
struct rdb_carried {
    struct rdb_carried *next;
    size_t size;
    char bytes[];
};

struct rdb_part {
    struct rdb_part *next;
    const struct kr_snapshot_part *row;
    char module[64]; /* whose it is */
};

#define RDB_LAYOUT 1u /* of all above and below: kr_descriptor.layout */

struct rdb {
    kr_module *self;

    /* Saving. */
    int64_t saved_sec;      /* wall clock, when the file was last written */
    int64_t tried_sec;      /* when a child was last begun */
    uint64_t saved_changes; /* kr_calls->changes() that are in the file */
    uint64_t child_changes; /* and in the one being written */
    bool failed;            /* the last attempt in a child */
    bool scheduled;
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

/* --- file.c -------------------------------------------------------------- */

/* Write the file anew.  false: the old one stands, the log says why. */
bool rdb_save_file(struct rdb *rdb, bool child);
/* Read it.  KR_ENOENT: there is none. */
kr_status rdb_load_file(struct rdb *rdb, uint32_t flags);
/* Remove what the process `pid` has left behind. */
void rdb_remove_temp(struct rdb *rdb, int32_t pid);
void rdb_close_later(void *ctx);
void rdb_closed(void *ctx);
/* Saved in this process: from here on nothing has changed. */
void rdb_saved(struct rdb *rdb);
void rdb_on_load(void *ctx, const void *payload);

/* --- background.c -------------------------------------------------------- */

/* KR_OK, or why there is no child. */
kr_status rdb_begin_background(struct rdb *rdb);
/* It has ended; `ctx` is not looked at: it may be the state of the version
 * before. */
void rdb_background_done(void *ctx, const struct kr_child_end *end);
/* Is the child that is there ours? */
bool rdb_is_saving(const struct rdb *rdb);
void rdb_on_shutdown(void *ctx, const void *payload);

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
/* Those of a module, or all with NULL. */
void rdb_forget_parts(struct rdb *rdb, const struct kr_str *module);
void rdb_write_parts(struct rdb *rdb, kr_writer *out, uint32_t when);
/* The same as commands. */
void rdb_rewrite_parts(struct rdb *rdb, kr_writer *out, uint32_t when);
/* Read a record whose opcode has been read.  false: refused. */
bool rdb_load_part(struct rdb *rdb, kr_reader *in, uint8_t opcode);
void rdb_clear_parts(struct rdb *rdb);

/* --- reload.c, status.c -------------------------------------------------- */

void rdb_on_debug(void *ctx, const void *payload);
void rdb_fill_info(void *ctx, struct kr_info_out *out);
int32_t rdb_gate(struct kr_call *call, const struct kr_outcome *outcome,
                 void *ctx);
/* Something has changed that decides whether writes are refused. */
void rdb_settle_gate(struct rdb *rdb);

#endif
