/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb - snapshots: SAVE, BGSAVE, and the file that the server begins with. */
#include "rdb.h"

#include "commands.h"

#include <kr/debug.h>

#include <assert.h>
#include <limits.h>
#include <stdio.h>

KR_USES(kr_calls);
KR_USES(kr_children);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_files);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_keyspace);
KR_USES(kr_loading);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_text);
KR_USES(kr_types);

kr_module *rdb_self;
struct rdb_settings rdb_settings;

int64_t rdb_now_sec(void)
{
    return kr_loop->wall_ms() / 1000;
}

/* --- What is offered ----------------------------------------------------- */

static kr_status snapshot_write(int fd, uint32_t flags,
                                struct kr_snapshot_end *end)
{
    return rdb_write(rdb_of_module(), fd, flags, false, end);
}

static kr_status snapshot_load(int fd, const char *name, uint32_t flags,
                               struct kr_snapshot_end *end)
{
    return rdb_load(rdb_of_module(), fd, name, flags, end);
}

static void snapshot_rewrite_parts(kr_writer *out, uint32_t when)
{
    rdb_rewrite_parts(rdb_of_module(), out, when);
}

static const struct kr_snapshot snapshot_interface = {
    .size = sizeof(struct kr_snapshot),
    .write = snapshot_write,
    .load = snapshot_load,
    .part = rdb_add_part,
    .rewrite_parts = snapshot_rewrite_parts,
    .check = rdb_check_snapshot,
    .leave = rdb_leave_parts,
};

/* --- What is heard ------------------------------------------------------- */

/* The data set is what was saved, in whichever file: nothing has changed. */
static void rdb_on_ready(void *ctx, const void *payload)
{
    struct rdb *rdb = ctx;

    (void)payload;
    rdb->saved_changes = kr_calls->changes();
}

/* DEBUG LOADAOF: what is there now is what a log holds. */
static void rdb_on_loading_end(void *ctx, const void *payload)
{
    const struct kr_loading_event *event = payload;

    if (event->flags & KR_LOADING_LOG && event->ok)
        rdb_on_ready(ctx, NULL);
}

static void rdb_on_module_unloaded(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    rdb_forget_parts(ctx, &event->name);
}

static void rdb_on_module_changed(void *ctx, const void *payload)
{
    const struct kr_name_event *event = payload;

    rdb_renew_parts(ctx, event->name);
}

static bool settings_changed(void *state, uint32_t argc,
                             const struct kr_str *argv, const char **error)
{
    (void)argc, (void)argv, (void)error;
    if (state)
        rdb_settle_gate(state);
    return true;
}

static bool filename_check(void *state, uint32_t argc,
                           const struct kr_str *argv, const char **error)
{
    (void)state, (void)argc;
    *error = "dbfilename can't be a path, just a filename";
    return argv[0].size == 0 || !memchr(argv[0].data, '/', argv[0].size);
}

static void rdb_on_reset(void *ctx, const void *payload)
{
    struct rdb *rdb = ctx;

    (void)payload;
    rdb->saves = 0;
}

/* --- Life ---------------------------------------------------------------- */

static kr_status rdb_create(kr_module *self, const struct kr_load_args *args,
                            void **state)
{
    struct rdb *rdb = kr_memory->calloc(self, 1, sizeof(*rdb));

    (void)args;
    rdb->self = self;
    rdb->saved_sec = rdb_now_sec();
    rdb->saved_changes = kr_calls->changes();
    rdb->child_began_sec = rdb->child_took_sec = -1;
    rdb->carried_end = &rdb->carried;
    rdb->gate =
        kr_gates->add(self, "misconf", KR_STAGE_ADMIT, 50, rdb_gate, rdb);
    rdb->parts_wanted = kr_events->declare(self, KR_EVENT_SNAPSHOT_PARTS);
    kr_info->provide(self, "persistence", 0, rdb_fill_info, rdb);
    *state = rdb;
    return rdb->gate && rdb->parts_wanted ? KR_OK : KR_EFAIL;
}

/* Modules that were there before have to be asked for their parts. */
static void rdb_activate(kr_module *self, void *state)
{
    const struct rdb *rdb = state;

    kr_events->subscribe(self, KR_EVENT_LOAD, rdb_on_load, state);
    kr_events->subscribe(self, KR_EVENT_PROGRAM, rdb_on_program, state);
    kr_events->subscribe(self, KR_EVENT_READY, rdb_on_ready, state);
    kr_events->subscribe(self, KR_EVENT_LOADING_END, rdb_on_loading_end, state);
    kr_events->subscribe(self, KR_EVENT_TICK, rdb_on_tick, state);
    kr_events->subscribe(self, KR_EVENT_FLUSH, rdb_on_flush, state);
    kr_events->subscribe(self, KR_EVENT_FLUSH_BEFORE, rdb_walk_on_flush_before,
                         state);
    kr_events->subscribe(self, KR_EVENT_SWAP, rdb_walk_on_swap, state);
    kr_events->subscribe(self, KR_EVENT_SHUTDOWN, rdb_on_shutdown, state);
    kr_events->subscribe(self, KR_EVENT_INFO_RESET, rdb_on_reset, state);
    kr_events->subscribe(self, KR_EVENT_MODULE_UNLOADED, rdb_on_module_unloaded,
                         state);
    kr_events->subscribe(self, KR_EVENT_MODULE_CHANGED, rdb_on_module_changed,
                         state);
    kr_events->await(self, KR_EVENT_DEBUG, rdb_on_debug, state);
    kr_events->publish(rdb->parts_wanted, NULL);
}

static void rdb_destroy(kr_module *self, void *state)
{
    struct rdb *rdb = state;

    rdb_walk_stop(rdb);
    rdb_forget_parts(rdb, NULL);
    rdb_clear_parts(rdb);
    kr_memory->free(self, rdb);
}

/* A snapshot that is being written beside the commands ends in the code in which
 * it has begun; a child's may end in the next. */
static kr_status rdb_handover(kr_module *self, void *state,
                              struct kr_handover *out)
{
    const struct rdb *rdb = state;

    (void)self;
    if (rdb->walk) {
        snprintf(out->error, out->error_size, "a snapshot is being written");
        return KR_EBUSY;
    }
    out->layout = RDB_LAYOUT;
    out->state = state;
    return KR_OK;
}

/* What is known of the file, parts of other modules and a child under way pass;
 * the save points are a parameter, and the gate is the new version's own. */
static kr_status rdb_takeover(kr_module *self, void *state,
                              const struct kr_handover *in)
{
    struct rdb *now = state, *then = in->state;
    kr_gate *gate = now->gate;
    kr_event *parts_wanted = now->parts_wanted;

    if (in->layout != RDB_LAYOUT)
        return KR_EVERSION;
    *now = *then;
    now->gate = gate;
    now->parts_wanted = parts_wanted;
    if (!now->carried)
        now->carried_end = &now->carried;
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_word sanitize_words[] = {
    {"no", 0}, {"yes", 1}, {"clients", 2},
};

static const struct kr_word method_words[] = {
    {"fork", RDB_FORK}, {"walk", RDB_WALK},
};

#define SWITCH(label, member, text, ...)                                       \
    {.name = (label), .type = KR_PARAM_BOOL, .slot = &rdb_settings.member,     \
     .initial = (text), __VA_ARGS__}
#define DELAY(label, member)                                                   \
    {.name = (label), .type = KR_PARAM_INT, .flags = KR_PARAM_HIDDEN,          \
     .slot = &rdb_settings.member, .initial = "0", .min = INT_MIN,             \
     .max = INT_MAX}

static const struct kr_param params[] = {
    {.name = "save", .type = KR_PARAM_SPECIAL, .flags = KR_PARAM_MULTI,
     .initial = "3600 1 300 100 60 10000", .check = rdb_points_check,
     .apply = rdb_points_apply, .print = rdb_points_print},
    {.name = "dbfilename", .type = KR_PARAM_STRING,
     .flags = KR_PARAM_PROTECTED, .slot = &rdb_settings.filename,
     .initial = "dump.rdb", .check = filename_check},
    SWITCH("rdbcompression", compress, "yes",),
    SWITCH("rdbchecksum", checksum, "yes", .flags = KR_PARAM_IMMUTABLE),
    SWITCH("rdb-del-sync-files", del_sync_files, "no",),
    SWITCH("rdb-save-incremental-fsync", incremental_fsync, "yes",),
    SWITCH("stop-writes-on-bgsave-error", stop_writes, "yes",
           .apply = settings_changed),
    {.name = "sanitize-dump-payload", .type = KR_PARAM_ENUM,
     .slot = &rdb_settings.sanitize, .initial = "no",
     .words = KR_ROWS(sanitize_words)},
    SWITCH("load-absent-modules", carry, "yes",),
    {.name = "snapshot-method", .type = KR_PARAM_ENUM,
     .slot = &rdb_settings.method, .initial = "fork",
     .words = KR_ROWS(method_words)},
    {.name = "snapshot-walk-effort", .type = KR_PARAM_INT,
     .slot = &rdb_settings.walk_effort, .initial = "2048", .min = 0,
     .max = INT_MAX},
    DELAY("rdb-key-save-delay", save_delay_us),
    DELAY("key-load-delay", load_delay_us),
    {.name = "loading-process-events-interval-bytes", .type = KR_PARAM_INT,
     .flags = KR_PARAM_HIDDEN, .slot = &rdb_settings.process_interval,
     .initial = "2097152", .min = 1024, .max = INT_MAX},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_children),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_config),
    KR_NEED(kr_events),
    KR_NEED(kr_files),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_loading),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_NEED(kr_text),
    KR_NEED(kr_types),
};

static const struct kr_offer offers[] = {
    {"kr.snapshot/1", &snapshot_interface},
};

static const struct kr_carried carried[] = {
    KR_CARRIES(rdb_background_done), KR_CARRIES(rdb_close_later),
    KR_CARRIES(rdb_closed), KR_CARRIES(rdb_parts_settle),
};

/* clang-format on */

KR_MODULE(.name = "rdb", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Snapshots of the data set in files: SAVE, BGSAVE, and "
                     "loading at the start",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &rdb_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers),
          .commands = {rdb_commands, RDB_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .params = KR_ROWS(params), .create = rdb_create,
          .activate = rdb_activate, .destroy = rdb_destroy,
          .handover = rdb_handover, .takeover = rdb_takeover,
          .carried = KR_ROWS(carried));
