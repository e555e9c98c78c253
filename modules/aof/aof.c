/* SPDX-License-Identifier: BSD-3-Clause */
/* aof - the log of writes: what was acknowledged is there after a crash. */
#include "aof.h"

#include "commands.h"

#include <kr/debug.h>

#include <assert.h>

KR_USES(kr_block);
KR_USES(kr_calls);
KR_USES(kr_children);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_files);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loading);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_snapshot);
KR_USES(kr_text);
KR_USES(kr_types);

kr_module *aof_self;
struct aof_settings aof_settings;

/* --- What is heard ------------------------------------------------------- */

static void aof_on_tick(void *ctx, const void *payload)
{
    (void)payload;
    rewrite_on_tick(ctx);
}

static void aof_on_reset(void *ctx, const void *payload)
{
    struct aof *aof = ctx;

    (void)payload;
    aof->rewrites = aof->failures = aof->delayed = 0;
}

/* Loaded into a server that runs already: there was no start to load at. */
static void aof_settle(void *ctx)
{
    struct aof *aof = aof_of_module();

    (void)ctx;
    if (aof->met)
        return;
    aof->met = true;
    if (folder_read_manifest(aof) && aof_settings.enabled)
        (void)switch_on(aof);
}

static bool aof_is_path(struct kr_str text)
{
    return memchr(text.data, '/', text.size) ||
           memchr(text.data, '\\', text.size);
}

static bool filename_check(void *state, uint32_t argc,
                           const struct kr_str *argv, const char **error)
{
    (void)state, (void)argc;
    *error = argv[0].size == 0
                 ? "appendfilename can't be empty"
                 : "appendfilename can't be a path, just a filename";
    return argv[0].size > 0 && !aof_is_path(argv[0]);
}

static bool dirname_check(void *state, uint32_t argc, const struct kr_str *argv,
                          const char **error)
{
    (void)state, (void)argc;
    *error = argv[0].size == 0
                 ? "appenddirname can't be empty"
                 : "appenddirname can't be a path, just a dirname";
    return argv[0].size > 0 && !aof_is_path(argv[0]);
}

/* What was kept so far goes when it is no longer to be kept. */
static bool history_apply(void *state, uint32_t argc, const struct kr_str *argv,
                          const char **error)
{
    struct aof *aof = state;

    (void)argc, (void)argv, (void)error;
    if (aof && aof->met) {
        folder_drop_history(aof);
        sync_wait_for_calls(aof->sync); /* who asked for it may look */
    }
    return true;
}

/* --- Life ---------------------------------------------------------------- */

static kr_status aof_create(kr_module *self, const struct kr_load_args *args,
                            void **state)
{
    struct aof *aof = kr_memory->calloc(self, 1, sizeof(*aof));

    (void)args;
    aof->self = self;
    aof->fd = -1;
    aof->selected = -1;
    aof->began_sec = aof->took_sec = -1;
    aof->sync = sync_new(self, file_on_synced, NULL);
    aof->slot = kr_clients->new_slot(self, NULL);
    aof->gate = kr_gates->add(self, "misconf-aof", KR_STAGE_ADMIT, 51,
                              status_gate, aof);
    kr_info->provide(self, "persistence", 0, status_fill_info, aof);
    *state = aof;
    return aof->gate && aof->slot ? KR_OK : KR_EFAIL;
}

static void aof_activate(kr_module *self, void *state)
{
    kr_events->subscribe(self, KR_EVENT_LOAD, load_on_load, state);
    kr_events->subscribe(self, KR_EVENT_PROGRAM, check_on_program, state);
    kr_events->subscribe(self, KR_EVENT_TICK, aof_on_tick, state);
    kr_events->subscribe(self, KR_EVENT_SLEEP, file_on_sleep, state);
    kr_events->subscribe(self, KR_EVENT_SHUTDOWN, switch_on_shutdown, state);
    kr_events->subscribe(self, KR_EVENT_INFO_RESET, aof_on_reset, state);
    kr_events->await(self, KR_EVENT_DEBUG, load_on_debug, state);
    kr_loop->post(self, aof_settle, state);
}

static void aof_deactivate(kr_module *self, void *state)
{
    struct aof *aof = state;

    (void)self;
    wait_end(aof);
    if (aof->state != AOF_OFF)
        switch_off(aof);
    /* Its end is posted to code that is still there. */
    sync_end(aof->sync);
}

static void aof_destroy(kr_module *self, void *state)
{
    struct aof *aof = state;

    sync_free(aof->sync);
    manifest_clear(self, &aof->manifest);
    kr_memory->free(self, aof->buffer.bytes);
    kr_memory->free(self, aof);
}

/* The log goes on where it is: file, buffer, marks and a rewrite under way are
 * the next version's.  Only the thread that syncs is a new one, for it runs in
 * the old code: the switch waits for a sync that has begun. */
static kr_status aof_takeover(kr_module *self, void *state,
                              const struct kr_handover *in)
{
    struct aof *now = state, *then = in->state;
    struct aof own = *now;

    *now = *then;
    now->sync = own.sync;
    now->slot = own.slot;
    now->gate = own.gate;
    now->reader = NULL;
    if (then->reader)
        log_attach(now);
    wait_take(now, then);
    sync_take(now->sync, then->sync);
    kr_memory->free(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_word sync_words[] = {
    {"everysec", AOF_SYNC_EVERYSEC}, {"always", AOF_SYNC_ALWAYS},
    {"no", AOF_SYNC_NO},
};

#define SWITCH(label, member, text)                                            \
    {.name = (label), .type = KR_PARAM_BOOL, .slot = &aof_settings.member,     \
     .initial = (text)}

static const struct kr_param params[] = {
    {.name = "appendonly", .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_SETTLED, .slot = &aof_settings.enabled, .initial = "no",
     .apply = switch_apply},
    {.name = "appendfilename", .type = KR_PARAM_STRING,
     .flags = KR_PARAM_IMMUTABLE, .slot = &aof_settings.filename,
     .initial = "appendonly.aof", .check = filename_check},
    {.name = "appenddirname", .type = KR_PARAM_STRING,
     .flags = KR_PARAM_IMMUTABLE, .slot = &aof_settings.dirname,
     .initial = "appendonlydir", .check = dirname_check},
    {.name = "appendfsync", .type = KR_PARAM_ENUM, .slot = &aof_settings.sync,
     .initial = "everysec", .words = KR_ROWS(sync_words)},
    SWITCH("no-appendfsync-on-rewrite", no_sync_on_rewrite, "no"),
    {.name = "auto-aof-rewrite-percentage", .type = KR_PARAM_INT,
     .slot = &aof_settings.rewrite_percentage, .initial = "100", .min = 0,
     .max = INT_MAX},
    {.name = "auto-aof-rewrite-min-size", .type = KR_PARAM_MEMORY,
     .slot = &aof_settings.rewrite_min_size, .initial = "64mb", .min = 0,
     .max = INT64_MAX},
    SWITCH("aof-load-truncated", load_truncated, "yes"),
    SWITCH("aof-use-rdb-preamble", rdb_preamble, "yes"),
    SWITCH("aof-timestamp-enabled", timestamps, "no"),
    SWITCH("aof-rewrite-incremental-fsync", incremental_sync, "yes"),
    {.name = "aof-disable-auto-gc", .type = KR_PARAM_BOOL,
     .slot = &aof_settings.keep_history, .initial = "no",
     .apply = history_apply},
    {.name = "aof_rewrite_cpulist", .type = KR_PARAM_STRING,
     .flags = KR_PARAM_IMMUTABLE, .slot = &aof_settings.cpulist,
     .initial = ""},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_block),
    KR_NEED(kr_calls),
    KR_NEED(kr_children),
    KR_NEED(kr_clients),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_files),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_loading),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_WANT(kr_snapshot),
    KR_NEED(kr_text),
    KR_NEED(kr_types),
};

static const struct kr_carried carried[] = {
    KR_CARRIES(aof_settle),   KR_CARRIES(file_on_synced),
    KR_CARRIES(rewrite_done), KR_CARRIES(wait_wake),
    KR_CARRIES(wait_free),
};

/* clang-format on */

KR_MODULE(.name = "aof", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "The log of writes: appendonly, BGREWRITEAOF, and loading "
                     "at the start",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &aof_self, .imports = KR_ROWS(imports),
          .commands = {aof_commands, AOF_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .params = KR_ROWS(params), .create = aof_create,
          .activate = aof_activate, .deactivate = aof_deactivate,
          .destroy = aof_destroy, .takeover = aof_takeover,
          .carried = KR_ROWS(carried), .layout = AOF_LAYOUT);
