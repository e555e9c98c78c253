/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine.h"

#include "call.h"
#include "lib.h"
#include "lib_format.h"
#include "lib_sort.h"
#include "library.h"
#include "owner.h"
#include "run.h"
#include "weave.h"

#include <kr/memory.h>
#include <kr/text.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <unistd.h>

#define ENGINE_COLLECT_EVERY 50    /* runs between two steps of the collector */
#define ENGINE_COLLECT_FROM  65536 /* bytes more than what is in use */

/* --- Memory -------------------------------------------------------------- */

/* What a state may take: half of the machine's memory. */
static size_t engine_limit(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    return pages > 0 && page > 0 ? (size_t)pages / 2 * (size_t)page
                                 : SIZE_MAX / 2;
}

static void engine_give_back(struct engine *engine, void *block, size_t size)
{
    if (!block)
        return;
    engine->bytes -= size;
    if (!spare_keep(&engine->spare, block, size))
        kr_memory->free(engine->self, block);
}

/* A new block; NULL: no memory. */
static void *engine_get(struct engine *engine, size_t size)
{
    void *block = spare_take(&engine->spare, size);

    if (!block)
        block = engine->must
                    ? kr_memory->alloc(engine->self, spare_size(size))
                    : kr_memory->try_alloc(engine->self, spare_size(size));
    return block;
}

static void *engine_resize(struct engine *engine, void *block, size_t size)
{
    return engine->must
               ? kr_memory->realloc(engine->self, block, spare_size(size))
               : kr_memory->try_realloc(engine->self, block, spare_size(size));
}

static void *engine_allocate(void *ctx, void *block, size_t old, size_t size)
{
    struct engine *engine = ctx;
    void *fresh;

    if (size == 0) {
        engine_give_back(engine, block, old);
        return NULL;
    }
    if (!block)
        old = 0;
    if (!engine->must && size > old &&
        engine->bytes + (size - old) > engine->limit)
        return NULL; /* an error of Lua's, before the machine has none left */
    if (block && spare_size(old) == spare_size(size))
        fresh = block;
    else
        fresh = block ? engine_resize(engine, block, size)
                      : engine_get(engine, size);
    if (fresh)
        engine->bytes += size - old;
    return fresh;
}

/* --- Compiling ----------------------------------------------------------- */

/* Lua reads a source in pieces; this one is a piece of its own. */
static const char *engine_read(lua_State *L, void *ctx, size_t *size)
{
    struct kr_str *rest = ctx;
    const char *piece = rest->data;

    (void)L;
    *size = rest->size;
    rest->size = 0;
    return *size ? piece : NULL;
}

/* Push a function, or a text that says why not.  false: a text. */
static bool engine_load(lua_State *L, struct kr_str source, const char *name)
{
    return lua_loadx(L, engine_read, &source, name, "t") == 0;
}

/* Where `source` goes on at a byte that no script may have there, or NULL. */
static const char *engine_refused(const struct engine *engine,
                                  struct kr_str source, int *line)
{
    const char *at = weave_foreign(source, line);

    if (at)
        return at;
    /* Nothing else may have the tick's name. */
    at = memmem(source.data, source.size, engine->tick, strlen(engine->tick));
    *line = 1;
    return at;
}

bool engine_compile(lua_State *L, struct kr_str source, const char *name,
                    uint32_t named)
{
    struct engine *engine = engine_of(L);
    struct kr_str tick = kr_cstr(engine->tick);
    struct kr_str woven = {.size = weave_size(source, tick, named)};
    char *bytes = lua_newuserdata(L, woven.size + 1); /* Lua's to free */
    const char *refused;
    int line;
    bool good;

    refused = engine_refused(engine, source, &line);
    if (refused) {
        lua_pop(L, 1);
        lua_pushfstring(L, "%s:%d: unexpected symbol near '%c'",
                        *name == '@' ? name + 1 : name, line, *refused);
        return false;
    }
    weave(source, tick, named, bytes);
    woven.data = bytes;
    good = engine_load(L, woven, name);
    lua_remove(L, -2);
    if (good)
        return true;
    /* The original's text: this one may name what has been woven in. */
    if (!engine_load(L, source, name)) {
        lua_remove(L, -2);
    } else {
        lua_pop(L, 2);
        lua_pushfstring(L, "%s: it is too large",
                        *name == '@' ? name + 1 : name);
    }
    return false;
}

/* compile(source, name): a function, or nil and why not. */
static int engine_lua_compile(lua_State *L)
{
    struct kr_str source;

    source.data = luaL_checklstring(L, 1, &source.size);
    if (engine_compile(L, source, luaL_checkstring(L, 2), 0))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* --- Errors -------------------------------------------------------------- */

void engine_push_error(lua_State *L, struct kr_str text)
{
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, text.data, text.size);
    lua_setfield(L, -2, "err");
}

int engine_raise(lua_State *L, const char *text)
{
    lua_createtable(L, 0, 1);
    lua_pushfstring(L, "ERR %s", text);
    lua_setfield(L, -2, "err");
    return lua_error(L);
}

/* text_of(error): what pcall() of a script shows of it. */
static int engine_text_of(lua_State *L)
{
    run_check(L); /* nobody survives its end by catching it */
    lua_settop(L, 1);
    if (lua_istable(L, 1)) {
        lua_getfield(L, 1, "err");
        if (lua_isstring(L, -1))
            return 1;
        lua_settop(L, 1);
    }
    return 1;
}

/* Where the script was: the first level that is a line of it. */
static bool engine_find_line(lua_State *L, lua_Debug *at)
{
    for (int level = 1; lua_getstack(L, level, at); level++) {
        lua_getinfo(L, "Sl", at);
        if (at->currentline > 0 && strcmp(at->source, "=prelude") != 0)
            return true;
    }
    return false;
}

/* An error that a module's code has made for the client to see. */
static bool engine_is_said(lua_State *L)
{
    const struct run *run = engine_of(L)->run;

    return run && run->flags & RUN_COMMAND;
}

/* Makes {err, source, line} of an error, before the stack unwinds. */
static int engine_on_error(lua_State *L)
{
    lua_Debug at;

    lua_settop(L, 1);
    if (!lua_istable(L, 1)) {
        const char *text = lua_tostring(L, 1);

        if (lua_isboolean(L, 1))
            text = lua_toboolean(L, 1) ? "true" : "false";
        lua_createtable(L, 0, 3);
        lua_pushfstring(L, "ERR %s", text ? text : luaL_typename(L, 1));
        lua_setfield(L, 2, "err");
        lua_replace(L, 1);
    } else if (engine_is_said(L) ||
               lua_getmetatable(L, 1)) { /* a front: nobody writes on it */
        lua_settop(L, 1);
        return 1;
    }
    if (engine_find_line(L, &at)) {
        lua_pushstring(L, at.source);
        lua_setfield(L, 1, "source");
        lua_pushinteger(L, at.currentline);
        lua_setfield(L, 1, "line");
    }
    return 1;
}

/* The collector allocates, too, for tables that become smaller, and nobody would
 * catch its error. */
static int engine_gc(struct engine *engine, int what, int data)
{
    bool must = engine->must;
    int answer;

    engine->must = true;
    answer = lua_gc(engine->L, what, data);
    engine->must = must;
    return answer;
}

bool engine_collect_step(struct engine *engine)
{
    if (engine_gc(engine, LUA_GCSTEP, ENGINE_COLLECT_EVERY) != 1)
        return false;
    engine->settled = engine->bytes;
    return true;
}

/* Now and then a step, so that what runs have left goes although they are short;
 * but not while there is little more than what is in use: who keeps a lot would
 * have all of it looked at again and again. */
static void engine_collect_some(struct engine *engine)
{
    engine->since_collected = 0;
    if (engine->bytes < engine->settled)
        engine->settled = engine->bytes;
    if (engine->bytes - engine->settled <
        engine->settled / 4 + ENGINE_COLLECT_FROM)
        return;
    (void)engine_collect_step(engine);
}

bool engine_call(struct engine *engine, int arguments)
{
    lua_State *L = engine->L;
    int function = lua_gettop(L) - arguments;
    int result;

    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->on_error);
    lua_insert(L, function);
    result = lua_pcall(L, arguments, 1, function);
    lua_remove(L, function);
    /* What has been left behind stands against the limit, and the collector
     * would wait until there is twice as much. */
    if (result == LUA_ERRMEM)
        (void)engine_gc(engine, LUA_GCCOLLECT, 0);
    if (++engine->since_collected >= ENGINE_COLLECT_EVERY)
        engine_collect_some(engine);
    return result == 0;
}

/* --- A new one ----------------------------------------------------------- */

/* The globals of a script, as far as they are Lua's own; prelude.c replaces
 * some of them. */
static const char *const engine_allowed[] = {
    "_VERSION", "assert", "bit",      "coroutine", "error", "gcinfo",
    "ipairs",   "math",   "rawequal", "select",    "table", "tonumber",
    "tostring", "type",   "unpack",   "xpcall"};

static void engine_open(lua_State *L, lua_CFunction open, const char *name)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

/* `os` has nothing but the clock. */
static void engine_open_os(lua_State *L)
{
    engine_open(L, luaopen_os, LUA_OSLIBNAME);
    lua_createtable(L, 0, 1);
    lua_getglobal(L, LUA_OSLIBNAME);
    lua_getfield(L, -1, "clock");
    lua_setfield(L, -3, "clock");
    lua_pop(L, 1);
    lua_setfield(L, -2, "os");
}

/* A trace is not to go on behind a call of C (stitching): what string.gmatch
 * answers is a new function each time, for which the same loop was compiled
 * again and again. */
static void engine_tune(lua_State *L)
{
    lua_getglobal(L, LUA_JITLIBNAME);
    lua_getfield(L, -1, "opt");
    lua_getfield(L, -1, "start");
    lua_pushliteral(L, "minstitch=100000");
    lua_call(L, 1, 0);
    lua_pop(L, 2);
}

/* Libraries, and the table of the globals on the stack. */
static void engine_open_all(lua_State *L)
{
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } ours[] = {{"cjson", lib_cjson_open},
                {"cmsgpack", lib_cmsgpack_open},
                {"string", lib_string_open},
                {"struct", lib_struct_open},
                {"redis", library_open}};

    engine_open(L, luaopen_base, "");
    engine_open(L, luaopen_table, LUA_TABLIBNAME);
    engine_open(L, luaopen_math, LUA_MATHLIBNAME);
    engine_open(L, luaopen_bit, LUA_BITLIBNAME);
    engine_open(L, luaopen_jit, LUA_JITLIBNAME); /* switches it on */
    engine_tune(L);
    lua_newtable(L);
    for (size_t i = 0; i < KR_COUNT(ours); i++) {
        ours[i].open(L);
        lua_setfield(L, -2, ours[i].name);
    }
    for (size_t i = 0; i < KR_COUNT(engine_allowed); i++) {
        lua_getglobal(L, engine_allowed[i]);
        lua_setfield(L, -2, engine_allowed[i]);
    }
    engine_open_os(L);
    lua_getfield(L, -1, "table");
    lua_pushnil(L);
    lua_setfield(L, -2, "move");
    lua_pop(L, 1);
    lua_getfield(L, -1, "math");
    library_replace_random(L);
    lua_pop(L, 1);
    if (engine_of(L)->owner->open)
        engine_of(L)->owner->open(L);
}

/* A reference to the name of the tick with `suffix` behind it. */
static int engine_new_name(lua_State *L, const char *suffix)
{
    lua_pushfstring(L, "%s%s", engine_of(L)->tick, suffix);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The value on top gets such a name. */
static void engine_name(lua_State *L, const char *suffix)
{
    lua_pushfstring(L, "%s%s", engine_of(L)->tick, suffix);
    lua_insert(L, -2);
    lua_rawset(L, LUA_GLOBALSINDEX);
}

void engine_set_words(lua_State *L, const char *global, int name)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->globals);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, global);
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, name);
    lua_insert(L, -2);
    lua_rawset(L, LUA_GLOBALSINDEX);
}

/* Run the prelude with the globals on the stack, and put its tick on the front,
 * which becomes the globals of the state. */
static int engine_build(lua_State *L)
{
    struct engine *engine = engine_of(L);

    engine_open_all(L);
    lua_pushvalue(L, -1);
    engine->globals = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L); /* stack: globals, front */
    if (luaL_loadbuffer(L, engine_prelude, engine_prelude_size, "=prelude") !=
        0)
        return lua_error(L);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_pushcfunction(L, run_spend);
    lua_pushcfunction(L, engine_lua_compile);
    lua_pushcfunction(L, engine_text_of);
    lua_pushcfunction(L, lib_sort_plain);
    lua_pushcfunction(L, lib_format_shape);
    lua_getfield(L, LUA_REGISTRYINDEX, LIB_STRING_NATIVE);
    lua_call(L, 8, 3); /* stack: globals, front, tick, put_front, keep */
    lua_pushvalue(L, -4);
    lua_replace(L, LUA_GLOBALSINDEX);
    engine_name(L, WEAVE_KEEP);
    engine->put_front = luaL_ref(L, LUA_REGISTRYINDEX);
    engine_name(L, "");
    lua_pushcfunction(L, call_call);
    engine_name(L, WEAVE_CALL);
    lua_pushcfunction(L, call_pcall);
    engine_name(L, WEAVE_PCALL);
    engine->keys_name = engine_new_name(L, WEAVE_KEYS);
    engine->argv_name = engine_new_name(L, WEAVE_ARGV);
    lua_pushcfunction(L, engine_on_error);
    engine->on_error = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

struct engine *engine_new(kr_module *self, struct owner *owner)
{
    struct engine *engine = kr_memory->calloc(self, 1, sizeof(*engine));
    uint64_t secret[2];

    engine->self = self;
    engine->owner = owner;
    engine->limit = engine_limit();
    engine->random = UINT64_C(0x1234abcd330e); /* where lrand48() begins */
    kr_text->secure_random(secret, sizeof(secret));
    snprintf(engine->tick, sizeof(engine->tick), "t%016llx%016llx",
             (unsigned long long)secret[0], (unsigned long long)secret[1]);
    engine->must = true; /* LuaJIT crashes when it has half a state to free */
    engine->L = lua_newstate(engine_allocate, engine);
    engine->must = false;
    if (engine->L && lua_cpcall(engine->L, engine_build, NULL) == 0) {
        lua_settop(engine->L, 0);
        engine->settled = engine->bytes;
        return engine;
    }
    engine_free(engine);
    return NULL;
}

void engine_drop_spare(struct engine *engine)
{
    void *block;

    for (size_t size = SPARE_STEP; size <= SPARE_MOST; size += SPARE_STEP)
        while ((block = spare_take(&engine->spare, size)))
            kr_memory->free(engine->self, block);
}

void engine_free(struct engine *engine)
{
    if (engine->L)
        lua_close(engine->L);
    engine_drop_spare(engine);
    kr_memory->free(engine->self, engine);
}
