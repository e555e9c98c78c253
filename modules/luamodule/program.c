/* SPDX-License-Identifier: BSD-3-Clause */
#include "program.h"

#include "event.h"
#include "field.h"
#include "judge.h"
#include "kind.h"
#include "timer.h"

#include "../lua/weave.h"

#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>

#include <lauxlib.h>
#include <stdio.h>

#define PROGRAM_LAYOUT 1u /* of struct program, for handover */
#define PROGRAM_NAME   128
#define COLLECT_MS     1
#define LOAD_OVERDUE   "it has run for too long while it is loaded"

/* --- Homes ------------------------------------------------------------------ */

void home_retain(struct home *home)
{
    atomic_fetch_add(&home->uses, 1);
}

void home_release(struct home *home)
{
    if (atomic_fetch_sub(&home->uses, 1) == 1)
        kr_memory->free(luamodule_self, home);
}

/* NULL: no memory for Lua.  The caller has a use of it. */
static struct home *home_new(struct luamodule *owner, kr_module *self)
{
    struct home *home = kr_memory->calloc(luamodule_self, 1, sizeof(*home));

    home->owner = owner;
    home->self = self;
    atomic_init(&home->uses, 1);
    home->engine = engine_new(self, &owner->owner);
    if (home->engine) {
        home->limit = home->engine->limit;
        home->engine->context = home;
        home->next = owner->homes;
        home->at = &owner->homes;
        if (home->next)
            home->next->at = &home->next;
        owner->homes = home;
        return home;
    }
    home_release(home);
    return NULL;
}

/* The last program is gone, and no value is left but those that nobody needs. */
static void home_close(struct home *home)
{
    struct engine *engine = home->engine;

    *home->at = home->next;
    if (home->next)
        home->next->at = home->at;
    home->program = NULL;
    home->engine = NULL;
    engine_free(engine);
    home_release(home);
}

/* --- Programs --------------------------------------------------------------- */

static struct program *program_new(struct home *home)
{
    struct program *program =
        kr_memory->calloc(home->self, 1, sizeof(*program));

    program->home = home;
    program->self = home->self;
    program->arena.self = home->self;
    program->queue_end = &program->queue;
    return program;
}

int program_keep(struct program *program, lua_State *L)
{
    if (program->ref_count == program->ref_room) {
        program->ref_room = program->ref_room ? program->ref_room * 2 : 16;
        program->refs =
            kr_memory->realloc(program->self, program->refs,
                               program->ref_room * sizeof(*program->refs));
    }
    program->refs[program->ref_count] = luaL_ref(L, LUA_REGISTRYINDEX);
    return program->refs[program->ref_count++];
}

static void program_free(struct program *program)
{
    struct home *home = program->home;
    kr_module *self = program->self;

    if (program->before)
        program_free(program->before);
    events_forget(program);
    timers_forget(program);
    kinds_forget(program);
    for (uint32_t i = 0; i < program->ref_count; i++)
        luaL_unref(home->engine->L, LUA_REGISTRYINDEX, program->refs[i]);
    kr_memory->free(self, program->refs);
    arena_fini(&program->arena);
    kr_memory->free(self, program);
}

/* --- Those that have been replaced -------------------------------------------- */

/* A step for each.  Their garbage is little beside what a module has, but it would
 * stay until as much again has come. */
static void homes_collect(void *ctx)
{
    struct luamodule *owner = ctx;
    bool any = false;

    for (struct home *home = owner->homes; home; home = home->next) {
        if (home->cycles > 0 && engine_collect_step(home->engine) &&
            --home->cycles == 0)
            engine_drop_spare(home->engine);
        any |= home->cycles > 0;
    }
    if (any)
        return;
    kr_loop->cancel(owner->collector);
    owner->collector = NULL;
}

/* Two cycles: what dies in the middle of one goes with the next. */
static void home_collect(struct home *home)
{
    struct luamodule *owner = home->owner;

    home->cycles = 2;
    if (!owner->collector)
        owner->collector = kr_loop->timer(luamodule_self, COLLECT_MS,
                                          COLLECT_MS, homes_collect, owner);
}

static void home_drop_old(struct home *home)
{
    struct program **at = &home->program->before, *old;
    bool any = false;

    while ((old = *at)) {
        if (kinds_are_needed(old)) {
            at = &old->before;
            continue;
        }
        *at = old->before;
        old->before = NULL;
        program_free(old);
        any = true;
    }
    if (any)
        home_collect(home);
}

static void home_drop_old_posted(void *ctx)
{
    struct home *home = ctx;

    home->looking = false;
    if (home->program)
        home_drop_old(home);
    home_release(home);
}

void home_look_behind(struct home *home)
{
    if (home->looking || !home->program || !home->program->before)
        return;
    home->looking = true;
    home_retain(home);
    kr_loop->post(luamodule_self, home_drop_old_posted, home);
}

/* --- Its life ---------------------------------------------------------------- */

static void program_activate(kr_module *child, void *state)
{
    struct program *program = state;

    (void)child;
    program->home->program = program;
    program->active = true;
    if (program->before) {
        events_forget(program->before);
        timers_forget(program->before);
        home_drop_old(program->home);
    }
    timers_start(program);
    events_start(program);
}

static void program_deactivate(kr_module *child, void *state)
{
    struct program *program = state;

    (void)child;
    program->active = false;
    program->leaving = true;
}

static void program_destroy(kr_module *child, void *state)
{
    struct program *program = state;
    struct home *home = program->home;
    bool last = !home->program || home->program == program;

    (void)child;
    kinds_reap(home);
    program_free(program);
    if (last)
        home_close(home);
}

static kr_status program_handover(kr_module *child, void *state,
                                  struct kr_handover *out)
{
    (void)child;
    out->layout = PROGRAM_LAYOUT;
    out->state = state;
    return KR_OK;
}

static kr_status program_takeover(kr_module *child, void *state,
                                  const struct kr_handover *in)
{
    struct program *program = state;

    (void)child;
    if (in->layout != PROGRAM_LAYOUT)
        return KR_EVERSION;
    kinds_take(program);
    program->before = in->state;
    program->before->active = false;
    return KR_OK;
}

/* --- What it is --------------------------------------------------------------- */

/* "1.2.3" as 10203; a number as it is. */
static uint32_t module_version(lua_State *L)
{
    unsigned part[3] = {0};
    const char *text;
    uint32_t version;
    int end = 0;

    if (!field_push(L, 1, "version"))
        return 0;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        lua_pop(L, 1);
        return (uint32_t)field_int(L, 1, "version", 0, 0, UINT32_MAX);
    }
    text = luaL_checkstring(L, -1);
    if (sscanf(text, "%5u.%2u.%2u%n", &part[0], &part[1], &part[2], &end) !=
            3 ||
        text[end] != '\0')
        luaL_error(L, "field 'version': '%s' is not of the form 1.2.3", text);
    version = part[0] * 10000 + part[1] * 100 + part[2];
    lua_pop(L, 1);
    return version;
}

int program_module(lua_State *L)
{
    static const char *const known[] = {"name",   "version", "licence",
                                        "author", "summary", NULL};
    struct program *program = field_program(L, "module");
    struct kr_child about = {.size = sizeof(about),
                             .flags =
                                 KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
                             .state = program,
                             .activate = program_activate,
                             .deactivate = program_deactivate,
                             .destroy = program_destroy,
                             .handover = program_handover,
                             .takeover = program_takeover,
                             .uses = judge_uses};

    field_check(L, 1, "module", known);
    if (program->described)
        return luaL_error(L, "the module has said what it is already");
    about.name = field_text_needed(L, 1, "module", "name");
    about.version = module_version(L);
    about.licence = field_text(L, 1, "licence");
    about.author = field_text(L, 1, "author");
    about.summary = field_text(L, 1, "summary");
    if (kr_loaders->describe(program->self, &about) != KR_OK)
        return luaL_error(L, "the server refuses the name '%s'", about.name);
    program->described = true;
    snprintf(program->home->name, sizeof(program->home->name), "%s",
             about.name);
    judge_look(program->home);
    judge_keep(L, program, LENT_MEMORY, "Lua's state");
    return 0;
}

int program_args(lua_State *L)
{
    struct program *program = engine_of(L)->loading;

    if (!program)
        program = home_of(L)->program;
    lua_createtable(L, (int)program->argc, 0);
    for (uint32_t i = 0; i < program->argc; i++) {
        lua_pushlstring(L, program->argv[i].data, program->argv[i].size);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* --- Loading ------------------------------------------------------------------ */

/* "@queue.lua": what errors call the file. */
static void load_name(const char *path, char name[PROGRAM_NAME])
{
    const char *slash = strrchr(path, '/');

    snprintf(name, PROGRAM_NAME, "@%s", slash ? slash + 1 : path);
}

/* A first line for the shell is none for Lua; its end stays, for lines count. */
static struct kr_str load_source(const struct kr_file *file)
{
    struct kr_str source = file->bytes;
    const char *end;

    if (source.size < 2 || memcmp(source.data, "#!", 2) != 0)
        return source;
    end = memchr(source.data, '\n', source.size);
    if (!end)
        return kr_str("", 0);
    return kr_str(end, source.size - (size_t)(end - source.data));
}

static void load_keep_args(struct program *program,
                           const struct kr_load_args *args)
{
    struct kr_str *argv =
        arena_alloc(&program->arena, (args->argc + 1) * sizeof(*argv));

    for (uint32_t i = 0; i < args->argc; i++)
        argv[i] = kr_str(arena_text(&program->arena, args->argv[i]),
                         args->argv[i].size);
    program->argc = args->argc;
    program->argv = argv;
}

/* The error on top, as a text. */
static void load_explain(lua_State *L, const struct kr_load_args *args)
{
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "err");
        lua_rawget(L, -2);
    }
    snprintf(args->error, args->error_size, "%s",
             lua_isstring(L, -1) ? lua_tostring(L, -1)
                                 : "an error that is no text");
}

static bool load_run(struct program *program, const struct kr_file *file,
                     const struct kr_load_args *args)
{
    struct engine *engine = program->home->engine;
    lua_State *L = engine->L;
    int top = lua_gettop(L);
    char name[PROGRAM_NAME];
    bool good;

    load_name(file->path, name);
    load_keep_args(program, args);
    engine->must = true; /* what is not protected may not fail */
    good = engine_compile(L, load_source(file), name, WEAVE_CALLS);
    if (good) {
        engine->loading = program;
        engine->deadline_ns =
            kr_loop->monotonic_ns() + luamodule_callback_ms * 1000000;
        engine->deadline_text = LOAD_OVERDUE;
        engine->must = false;
        good = lua_pcall(L, 0, 0, 0) == 0;
        engine->must = true;
        engine->deadline_ns = 0;
        engine->loading = NULL;
    }
    if (!good) {
        load_explain(L, args);
    } else if (!program->described) {
        snprintf(args->error, args->error_size,
                 "it has not said its name by keyrack.module{name = ...}");
        good = false;
    }
    lua_settop(L, top);
    engine->must = false;
    return good;
}

kr_status program_load(kr_module *self, kr_module *child,
                       const struct kr_file *file,
                       const struct kr_load_args *args)
{
    struct luamodule *owner = kr_modules->state(self);
    struct program *before = kr_modules->state(child); /* it is an upgrade */
    struct home *home = before ? before->home : home_new(owner, child);
    struct program *program;
    bool good;

    if (!home) {
        snprintf(args->error, args->error_size, "no memory for Lua");
        return KR_ENOMEM;
    }
    program = program_new(home);
    good = load_run(program, file, args);
    if (!program->described) {
        program_free(program);
        if (!before)
            home_close(home);
    }
    return good ? KR_OK : KR_EFORMAT;
}
