/* SPDX-License-Identifier: BSD-3-Clause */
/* scripting - Lua in the server: EVAL and SCRIPT.
 *
 *   eval.c      the commands                scripts.c   what is compiled
 *   prepare.c   what they look at first     flags.c     what a script says of
 *   kill.c      SCRIPT KILL                             itself
 *   functions.c libraries that stay         function_commands.c  FUNCTION, FCALL
 *   shelf.c     where they stand            function_save.c      as bytes
 *   commands.c  what is known of the commands
 *
 * How Lua runs is in ../lua/, which luamodule shares.
 *
 * A command that a script runs is a call within EVAL's, on behalf of its client,
 * so gates, statistics and the journal of effects see it as any other.  EVAL
 * itself changes nothing, and is not journalled. */
#include "scripting.h"

#include "commands.h"
#include "function_save.h"
#include "kill.h"

#include "../structure/module_host.h"

#include <kr/args.h>
#include <kr/client.h>
#include <kr/codec.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/info.h>
#include <kr/journal.h>
#include <kr/log.h>
#include <kr/loop.h>

#include <stdio.h>

#define SETTLE_MS 1000

KR_USES(kr_calls);
KR_USES(kr_clients);
KR_USES(kr_codec);
KR_USES(kr_commands);
KR_USES(kr_events);
KR_USES(kr_gates);
KR_USES(kr_info);
KR_USES(kr_journal);
KR_USES(kr_keyspace);
KR_USES(kr_log);
KR_USES(kr_loop);
KR_USES(kr_memory);
KR_USES(kr_modules);
KR_USES(kr_snapshot);
KR_USES(kr_text);

kr_module *scripting_self;
const struct structure_host scripting_host = STRUCTURE_HOST(scripting_self);
int64_t scripting_busy_ms;
static bool scripting_deprecated; /* it cannot be true */
static bool scripting_undenied;   /* DEBUG SET-DISABLE-DENY-SCRIPTS */

/* --- INFO ---------------------------------------------------------------- */

static void scripting_info(void *ctx, struct kr_info_out *out)
{
    const struct scripting *state = ctx;
    const struct functions *functions = &state->functions;
    uint64_t lua = state->scripts.engine->bytes;
    uint64_t other = functions->engine ? functions->engine->bytes : 0;
    uint64_t cached = state->scripts.bytes;
    uint64_t shelf = shelf_size(&functions->shelf);

    out->field_int(out, "used_memory_lua", (int64_t)lua);
    out->field_int(out, "used_memory_vm_eval", (int64_t)lua);
    kr_info_human(out, "used_memory_lua_human", lua);
    out->field_int(out, "used_memory_scripts_eval", (int64_t)cached);
    out->field_int(out, "number_of_cached_scripts",
                   (int64_t)scripts_count(&state->scripts));
    out->field_int(out, "number_of_functions",
                   (int64_t)functions->shelf.functions.count);
    out->field_int(out, "number_of_libraries",
                   (int64_t)functions->shelf.libraries.count);
    out->field_int(out, "used_memory_vm_functions", (int64_t)other);
    out->field_int(out, "used_memory_vm_total", (int64_t)(lua + other));
    kr_info_human(out, "used_memory_vm_total_human", lua + other);
    out->field_int(out, "used_memory_functions", (int64_t)shelf);
    out->field_int(out, "used_memory_scripts", (int64_t)(cached + shelf));
    kr_info_human(out, "used_memory_scripts_human", cached + shelf);
}

/* --- Parameters ---------------------------------------------------------- */

/* A front of the globals is no protection against who may replace it. */
static bool deprecated_check(void *state, uint32_t argc,
                             const struct kr_str *argv, const char **error)
{
    (void)state, (void)argc;
    *error = "this server has no setfenv, getfenv and newproxy";
    return kr_str_equal_nocase(argv[0], KR_STR("no"));
}

/* --- A module's life ----------------------------------------------------- */

/* Opening a state of Lua takes longer than all the rest of a load, and needs no
 * more than memory.  Also on another thread.  NULL: no memory. */
static struct scripting *scripting_new(kr_module *self)
{
    struct scripting *state = kr_memory->calloc(self, 1, sizeof(*state));

    state->self = self;
    functions_init(&state->functions, self, &state->owner);
    if (scripts_init(&state->scripts, &state->owner))
        return state;
    kr_memory->free(self, state);
    return NULL;
}

static void scripting_destroy(kr_module *self, void *ctx)
{
    struct scripting *state = ctx;

    functions_fini(&state->functions);
    scripts_fini(&state->scripts);
    kr_memory->free(self, state);
}

/* Whether there are libraries only the old version knows. */
static void *scripting_prepare(kr_module *self)
{
    struct scripting *state = scripting_new(self);

    if (state)
        (void)functions_open(&state->functions);
    return state;
}

static kr_status scripting_create(kr_module *self,
                                  const struct kr_load_args *args, void **out)
{
    struct scripting *state = args->prepared;

    if (!state)
        state = scripting_new(self);
    if (!state) {
        snprintf(args->error, args->error_size, "no memory for Lua");
        return KR_ENOMEM;
    }
    if (!owner_init(&state->owner, self, "scripting.busy",
                    &scripting_busy_ms)) {
        snprintf(args->error, args->error_size, "there are too many gates");
        scripting_destroy(self, state);
        return KR_EFAIL;
    }
    state->owner.undenied = &scripting_undenied;
    state->part = (struct kr_snapshot_part){
        .size = sizeof(state->part),
        .opcode = KR_SNAPSHOT_FUNCTION,
        .when = KR_SNAPSHOT_BEFORE,
        .save = function_part_save,
        .rewrite = function_part_rewrite,
        .load = function_part_load,
        .replace = function_part_replace,
        .clear = function_part_clear,
        .ctx = &state->functions,
    };
    *out = state;
    return KR_OK;
}

/* The functions are a part of snapshots. */
static void scripting_give_part(void *ctx, const void *payload)
{
    const struct scripting *state = ctx;

    (void)payload;
    if (kr_snapshot)
        (void)kr_snapshot->part(state->self, &state->part);
}

/* A state for libraries was prepared, and there are none. */
static void scripting_settle(void *ctx)
{
    struct scripting *state = ctx;

    functions_settle(&state->functions);
}

static void scripting_activate(kr_module *self, void *ctx)
{
    struct scripting *state = ctx;

    if (state->functions.engine && state->functions.shelf.libraries.count == 0)
        (void)kr_loop->timer(self, SETTLE_MS, 0, scripting_settle, state);
    scripting_give_part(state, NULL);
    kr_events->await(self, KR_EVENT_SNAPSHOT_PARTS, scripting_give_part, state);
    /* Clients look for "used_memory", which some of these begin with. */
    (void)kr_info->provide(self, "memory", KR_INFO_WEAK | KR_INFO_LAST,
                           scripting_info, state);
    owner_activate(&state->owner);
}

/* The libraries stay in the files, for the next time. */
static void scripting_deactivate(kr_module *self, void *ctx)
{
    (void)ctx;
    if (kr_snapshot)
        kr_snapshot->leave(self);
}

/* --- The next version ---------------------------------------------------- */

static kr_status scripting_handover(kr_module *self, void *state,
                                    struct kr_handover *out)
{
    (void)self;
    out->layout = SCRIPTING_LAYOUT;
    out->state = state;
    return KR_OK;
}

/* Compiled code calls functions of the version that has compiled it, so what
 * passes is text: of scripts, which are compiled when they are next run, and of
 * libraries, which are loaded here. */
static kr_status scripting_takeover(kr_module *self, void *state,
                                    const struct kr_handover *in)
{
    struct scripting *now = state, *then = in->state;
    char error[FUNCTIONS_TEXT];

    if (in->layout != SCRIPTING_LAYOUT)
        return KR_EVERSION;
    if (then->owner.running) {
        snprintf(in->error, in->error_size, "a script is running");
        return KR_EFAIL;
    }
    if (!functions_copy(&now->functions, &then->functions, error)) {
        snprintf(in->error, in->error_size, "%s", error);
        return KR_EFAIL;
    }
    scripts_adopt(&now->scripts, &then->scripts);
    scripting_destroy(self, then);
    return KR_OK;
}

/* --- What the host learns ------------------------------------------------ */
/* clang-format off */

static const struct kr_param params[] = {
    {.name = "busy-reply-threshold", .alias = "lua-time-limit",
     .type = KR_PARAM_INT, .slot = &scripting_busy_ms, .initial = "5000",
     .min = 0, .max = INT64_MAX},
    {.name = "lua-enable-deprecated-api", .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_IMMUTABLE | KR_PARAM_HIDDEN,
     .slot = &scripting_deprecated, .initial = "no",
     .check = deprecated_check},
    {.name = "debug-set-disable-deny-scripts", .type = KR_PARAM_BOOL,
     .flags = KR_PARAM_HIDDEN | KR_PARAM_VOLATILE,
     .slot = &scripting_undenied, .initial = "no"},
};

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),
    KR_NEED(kr_clients),
    KR_NEED(kr_codec),
    KR_NEED(kr_commands),
    KR_NEED(kr_events),
    KR_NEED(kr_gates),
    KR_NEED(kr_info),
    KR_NEED(kr_journal),
    KR_NEED(kr_keyspace),
    KR_NEED(kr_log),
    KR_NEED(kr_loop),
    KR_NEED(kr_memory),
    KR_NEED(kr_modules),
    KR_WANT(kr_snapshot),
    KR_NEED(kr_text),
};

static const struct kr_offer offers[] = {
    {kr_scripts_id, &kill_offer},
};

/* clang-format on */

KR_MODULE(.name = "scripting", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "EVAL and SCRIPT: Lua, compiled as it runs",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &scripting_self, .imports = KR_ROWS(imports),
          .offers = KR_ROWS(offers), .params = KR_ROWS(params),
          .commands = {scripting_commands, SCRIPTING_COMMAND_COUNT,
                       sizeof(struct kr_command)},
          .create = scripting_create, .activate = scripting_activate,
          .deactivate = scripting_deactivate, .destroy = scripting_destroy,
          .handover = scripting_handover, .takeover = scripting_takeover,
          .prepare = scripting_prepare, .discard = scripting_destroy);
