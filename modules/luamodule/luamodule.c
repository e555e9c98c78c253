/* SPDX-License-Identifier: BSD-3-Clause */
/* luamodule - MODULE LOAD x.lua: modules written in Lua.
 *
 *   program.c   a file is loaded, upgraded, unloaded
 *   row.c       tables of Lua as rows of commands     command.c   their handlers
 *   kind.c      types                value.c, handle.c  their values
 *   timer.c     timers               event.c            events
 *   setting.c   parameters           work.c             what a run has changed
 *   field.c     reading the tables   arena.c            where what they say is
 *
 * A file runs once when it is loaded, in a Lua state of its own, closed as that
 * of scripts is (../lua/), and says what it has by the functions of `keyrack`.
 * What it registers is registered with the host as any module's is, so
 * everything that is known of modules and commands is known of these. */
#include "luamodule.h"

#include "command.h"
#include "event.h"
#include "judge.h"
#include "kind.h"
#include "program.h"
#include "setting.h"
#include "timer.h"
#include "work.h"

#include "../lua/lib.h"
#include "../lua/run.h"

#include <kr/client.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/gate.h>
#include <kr/journal.h>
#include <kr/keyspace.h>
#include <kr/loader.h>
#include <kr/loading.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>
#include <kr/text.h>
#include <kr/type.h>

#include <lauxlib.h>
#include <stdio.h>

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_config);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_loaders);
KR_USES(kr_loading);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_scripts);
KR_USES(kr_text);
KR_USES(kr_types);

kr_module *luamodule_self;
int64_t luamodule_callback_ms;
int64_t luamodule_memory_limit;

#define BUSY_MS 5000 /* while nobody has busy-reply-threshold */

/* --- What a file finds --------------------------------------------------------- */

/* The table `keyrack`, into the globals on the stack. */
static void luamodule_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"args", program_args},      {"command", command_register},
        {"journal", work_journal},   {"module", program_module},
        {"now", work_now},           {"on", event_register},
        {"param", setting_register}, {"timer", timer_register},
        {"type", kind_register},     {NULL, NULL},
    };

    lua_newtable(L);
    luaL_register(L, NULL, functions);
    lua_setfield(L, -2, "keyrack");
    kinds_open(L);
    judge_open(L);
}

/* --- Slow runs ------------------------------------------------------------------ */

static bool slow_wrote(void *ctx)
{
    const struct luamodule *state = ctx;

    return run_wrote(state->owner.running);
}

static void slow_kill(void *ctx)
{
    struct luamodule *state = ctx;

    run_kill_all(state->owner.running);
}

/* The owner is within the state. */
static void luamodule_on_slow(struct owner *owner, bool slow)
{
    struct luamodule *state =
        (struct luamodule *)(void *)((char *)owner -
                                     offsetof(struct luamodule, owner));

    if (!kr_scripts)
        return;
    if (slow)
        kr_scripts->slow(&state->slow);
    else
        kr_scripts->over(&state->slow);
}

/* How long is slow?  A parameter of the module that runs scripts.  And what may
 * files not use by now? */
static void luamodule_read_config(void *ctx, const void *unused)
{
    struct luamodule *state = ctx;

    (void)unused;
    judge_look_all(state);
    if (!kr_config_int64(KR_STR("busy-reply-threshold"), &state->busy_ms))
        state->busy_ms = BUSY_MS;
}

/* --- A module's life -------------------------------------------------------------- */

static bool luamodule_recognise(kr_module *self, const struct kr_file *file)
{
    size_t size = strlen(file->path);

    (void)self;
    return size >= 4 && strcmp(file->path + size - 4, ".lua") == 0;
}

static kr_status luamodule_create(kr_module *self,
                                  const struct kr_load_args *args, void **out)
{
    static const char *const suffixes[] = {".lua"};
    static const struct kr_loader loader = {.size = sizeof(loader),
                                            .rank = 100,
                                            .name = "lua",
                                            .suffixes = KR_ROWS(suffixes),
                                            .recognise = luamodule_recognise,
                                            .load = program_load,
                                            .flags = KR_LOADER_JUDGES};
    struct luamodule *state = kr_memory->calloc(self, 1, sizeof(*state));

    state->self = self;
    state->main = pthread_self();
    state->busy_ms = BUSY_MS;
    state->slow = (struct kr_slow_run){.size = sizeof(state->slow),
                                       .wrote = slow_wrote,
                                       .kill = slow_kill,
                                       .ctx = state};
    if (!owner_init(&state->owner, self, "luamodule.busy", &state->busy_ms) ||
        kr_loaders->add(self, &loader) != KR_OK) {
        snprintf(args->error, args->error_size,
                 "there are too many gates, or a loader called 'lua'");
        kr_memory->free(self, state);
        return KR_EFAIL;
    }
    state->owner.on_slow = luamodule_on_slow;
    state->owner.open = luamodule_open;
    *out = state;
    return KR_OK;
}

static void luamodule_activate(kr_module *self, void *state)
{
    static const char *const when[] = {KR_EVENT_CONFIG_CHANGED,
                                       KR_EVENT_MODULE_LOADED, KR_EVENT_READY};

    owner_activate(&((struct luamodule *)state)->owner);
    luamodule_read_config(state, NULL);
    for (size_t i = 0; i < KR_COUNT(when); i++)
        (void)kr_events->subscribe(self, when[i], luamodule_read_config, state);
}

static void luamodule_destroy(kr_module *self, void *state)
{
    kr_memory->free(self, state);
}

/* --- What the host learns --------------------------------------------------------- */
/* clang-format off */

static const struct kr_param params[] = {
    /* Of a timer, a handler of events, a function of a type, a load: ms. */
    {.name = "lua-module-callback-limit", .type = KR_PARAM_INT,
     .slot = &luamodule_callback_ms, .initial = "1000", .min = 1,
     .max = INT32_MAX},
    /* Of each module's Lua state; 0: half of the machine's. */
    {.name = "lua-module-memory-limit", .type = KR_PARAM_MEMORY,
     .slot = &luamodule_memory_limit, .initial = "0", .min = 0,
     .max = INT64_MAX},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_config),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_loaders),
    KR_WANT(kr_loading),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_WANT(kr_scripts),
    KR_NEED(kr_text),
    KR_NEED(kr_types),
};

/* clang-format on */

KR_MODULE(.name = "luamodule", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Loads modules that are written in Lua",
          .flags = KR_MODULE_CAN_UNLOAD, .self = &luamodule_self,
          .imports = KR_ROWS(imports), .params = KR_ROWS(params),
          .create = luamodule_create, .activate = luamodule_activate,
          .destroy = luamodule_destroy);
