/* SPDX-License-Identifier: BSD-3-Clause */
#include "functions.h"

#include "flags.h"
#include <kr/args.h>
#include <kr/loop.h>

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LOAD_NSEC    500000000 /* that a library may take to register */
#define LOAD_GLOBALS "kr.load" /* in the registry: what a library finds then */
#define NAME_RULE                                                              \
    "Library names can only contain letters, numbers, or underscores(_) and "  \
    "must be at least one character long"

/* --- The state, while there are libraries ---------------------------------- */

static int register_function(lua_State *L);

/* On the stack: a table.  What it lacks is an error, as it is for globals. */
static void functions_guard(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->globals);
    lua_getmetatable(L, -1);
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
}

/* The globals that a library finds while it is loaded:
 * {redis = {register_function, log, LOG_*, REDIS_VERSION*}} */
static int functions_build(lua_State *L)
{
    static const char *const kept[] = {
        "log",         "LOG_DEBUG",     "LOG_VERBOSE",       "LOG_NOTICE",
        "LOG_WARNING", "REDIS_VERSION", "REDIS_VERSION_NUM", NULL};
    const struct engine *engine = engine_of(L);

    lua_settop(L, 0);
    lua_newtable(L);
    lua_createtable(L, 0, 8);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->globals);
    lua_getfield(L, -1, "redis");
    for (const char *const *name = kept; *name; name++) {
        lua_getfield(L, -1, *name);
        lua_setfield(L, 2, *name);
    }
    lua_settop(L, 2);
    lua_pushcfunction(L, register_function);
    lua_setfield(L, 2, "register_function");
    functions_guard(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine->put_front);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1); /* what libraries get of `redis` */
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "redis");
    lua_setfield(L, 1, "server");
    lua_settop(L, 1);
    functions_guard(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LOAD_GLOBALS);
    return 0;
}

bool functions_open(struct functions *functions)
{
    struct engine *engine = functions->engine;

    if (engine)
        return true;
    engine = engine_new(functions->shelf.self, functions->owner);
    if (!engine)
        return false;
    if (lua_cpcall(engine->L, functions_build, NULL) != 0) {
        engine_free(engine);
        return false;
    }
    functions->engine = engine;
    return true;
}

void functions_settle(struct functions *functions)
{
    if (!functions->engine || functions->shelf.libraries.count > 0)
        return;
    engine_free(functions->engine);
    functions->engine = NULL;
}

void functions_init(struct functions *functions, kr_module *self,
                    struct owner *owner)
{
    functions->owner = owner;
    functions->engine = NULL;
    functions->shelf = (struct shelf){.self = self};
}

void functions_fini(struct functions *functions)
{
    functions_clear(functions, &functions->shelf);
    functions_settle(functions);
}

static void functions_free(struct functions *functions, struct library *library)
{
    for (uint32_t i = 0; i < library->functions.count; i++)
        luaL_unref(functions->engine->L, LUA_REGISTRYINDEX,
                   library_at(library, i)->code);
    library_free(functions->shelf.self, library);
}

void functions_drop(struct functions *functions, struct shelf *shelf,
                    struct library *library)
{
    shelf_take(shelf, library);
    functions_free(functions, library);
}

void functions_clear(struct functions *functions, struct shelf *shelf)
{
    for (uint32_t i = 0; i < shelf->libraries.count; i++)
        functions_free(functions, shelf_at(shelf, i));
    shelf_fini(shelf);
}

/* --- redis.register_function ------------------------------------------------ */

static bool name_is_right(struct kr_str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return name.size > 0;
}

/* The text at `index`, which may be a number.  It stays in the slot `keep`, as
 * long as the function runs. */
static struct kr_str register_text(lua_State *L, int index, int keep)
{
    struct kr_str text = {NULL, 0};

    if (!lua_isstring(L, index))
        return text;
    lua_pushvalue(L, index);
    lua_replace(L, keep);
    text.data = lua_tolstring(L, keep, &text.size);
    return text;
}

/* The flags in the array on top; false: one is unknown. */
static bool register_flags(lua_State *L, uint32_t *flags)
{
    for (int i = 1;; i++) {
        uint32_t flag;

        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1))
            break;
        flag = lua_isstring(L, -1)
                   ? script_flag(kr_cstr(lua_tostring(L, -1)), true)
                   : 0;
        if (flag == 0)
            return false;
        *flags |= flag;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return true;
}

/* Slots of Lua's stack: the arguments are in the first two. */
#define REGISTER_CODE        2
#define REGISTER_NAME        3
#define REGISTER_DESCRIPTION 4

/* What register_function was told. */
struct registration {
    struct kr_str name;
    struct kr_str description;
    uint32_t flags;
    int code; /* place of the function on the stack, or 0 */
};

/* A field of the table at 1; its value is on top and stays where it is.  The
 * answer is an error, or NULL. */
static const char *register_field(lua_State *L, const char *key,
                                  struct registration *registration)
{
    if (strcasecmp(key, "function_name") == 0) {
        registration->name = register_text(L, -1, REGISTER_NAME);
        return registration->name.data
                   ? NULL
                   : "function_name argument given to redis.register_function "
                     "must be a string";
    }
    if (strcasecmp(key, "description") == 0) {
        registration->description = register_text(L, -1, REGISTER_DESCRIPTION);
        return registration->description.data
                   ? NULL
                   : "description argument given to redis.register_function "
                     "must be a string";
    }
    if (strcasecmp(key, "callback") == 0) {
        if (!lua_isfunction(L, -1))
            return "callback argument given to redis.register_function must "
                   "be a function";
        lua_pushvalue(L, -1);
        lua_replace(L, REGISTER_CODE);
        registration->code = REGISTER_CODE;
        return NULL;
    }
    if (strcasecmp(key, "flags") == 0) {
        if (!lua_istable(L, -1))
            return "flags argument to redis.register_function must be a table "
                   "representing function flags";
        return register_flags(L, &registration->flags) ? NULL
                                                       : "unknown flag given";
    }
    return "unknown argument given to redis.register_function";
}

static const char *register_named(lua_State *L,
                                  struct registration *registration)
{
    const char *error = NULL;

    if (!lua_istable(L, 1))
        return "calling redis.register_function with a single argument is only "
               "applicable to Lua table (representing named arguments).";
    lua_settop(L, REGISTER_DESCRIPTION);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        if (!lua_isstring(L, -2))
            return "named argument key given to redis.register_function is not "
                   "a string";
        error = register_field(
            L, lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "",
            registration);
        if (error)
            return error;
        lua_pop(L, 1); /* the table keeps the value */
    }
    if (!registration->name.data)
        return "redis.register_function must get a function name argument";
    if (registration->code == 0)
        return "redis.register_function must get a callback argument";
    return NULL;
}

static const char *register_read(lua_State *L,
                                 struct registration *registration)
{
    int count = lua_gettop(L);

    if (count < 1 || count > 2)
        return "wrong number of arguments to redis.register_function";
    if (count == 1)
        return register_named(L, registration);
    registration->name = register_text(L, 1, 1);
    registration->code = REGISTER_CODE;
    if (!registration->name.data)
        return "first argument to redis.register_function must be a string";
    if (!lua_isfunction(L, 2))
        return "second argument to redis.register_function must be a function";
    return NULL;
}

static int register_function(lua_State *L)
{
    struct engine *engine = engine_of(L);
    struct registration registration = {0};
    struct function *function;
    const char *error;

    if (!engine->loading)
        return engine_raise(L, "redis.register_function can only be called on "
                               "FUNCTION LOAD command");
    error = register_read(L, &registration);
    if (!error && !name_is_right(registration.name))
        error = NAME_RULE;
    if (error)
        return engine_raise(L, error);
    lua_pushvalue(L, registration.code);
    registration.code = luaL_ref(L, LUA_REGISTRYINDEX);
    function = library_add(engine->self, engine->loading, registration.name,
                           registration.description);
    if (!function) {
        luaL_unref(L, LUA_REGISTRYINDEX, registration.code);
        return engine_raise(L, "Function already exists in the library");
    }
    function->flags = registration.flags;
    function->code = registration.code;
    return 0;
}

/* --- A library's first line -------------------------------------------------- */

struct head {
    struct kr_str engine;
    struct kr_str name;
    struct kr_str code; /* from the newline on: lines count from the first */
};

static bool head_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word before `end`, quotes around a word taken off; size 0: none. */
static struct kr_str head_word(const char **at, const char *end)
{
    const char *begin;

    while (*at < end && head_is_blank(**at))
        (*at)++;
    begin = *at;
    while (*at < end && !head_is_blank(**at))
        (*at)++;
    return kr_str(begin, (size_t)(*at - begin));
}

static bool head_read(struct kr_str source, struct head *head,
                      char error[FUNCTIONS_TEXT])
{
    const char *at = source.data;
    const char *end;
    struct kr_str word;

    *head = (struct head){0};
    if (source.size < 2 || memcmp(source.data, "#!", 2) != 0) {
        snprintf(error, FUNCTIONS_TEXT, "Missing library metadata");
        return false;
    }
    end = memchr(source.data, '\n', source.size);
    if (!end) {
        snprintf(error, FUNCTIONS_TEXT, "Invalid library metadata");
        return false;
    }
    head->code = kr_str(end, source.size - (size_t)(end - source.data));
    word = head_word(&at, end);
    head->engine = kr_str(word.data + 2, word.size - 2);
    while ((word = head_word(&at, end)).size > 0) {
        bool name = word.size >= 5 && strncasecmp(word.data, "name=", 5) == 0;

        if (name && head->name.data)
            snprintf(error, FUNCTIONS_TEXT,
                     "Invalid metadata value, name argument was given multiple "
                     "times");
        else if (!name)
            snprintf(error, FUNCTIONS_TEXT,
                     "Invalid metadata value given: %.*s",
                     KR_QUOTE(word, FUNCTIONS_TEXT));
        if (!name || head->name.data)
            return false;
        head->name = kr_str(word.data + 5, word.size - 5);
    }
    if (!head->name.data)
        snprintf(error, FUNCTIONS_TEXT, "Library name was not given");
    return head->name.data != NULL;
}

/* --- Loading ------------------------------------------------------------------ */

/* What libraries find as globals: when they load, and afterwards. */
static void load_set_globals(lua_State *L, bool loading)
{
    lua_getmetatable(L, LUA_GLOBALSINDEX);
    if (loading)
        lua_getfield(L, LUA_REGISTRYINDEX, LOAD_GLOBALS);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, engine_of(L)->globals);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* The text of the error on top. */
static void load_explain(lua_State *L, char error[FUNCTIONS_TEXT])
{
    const char *text = NULL;
    const char *code = "";

    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "err");
        lua_rawget(L, -2);
        text = lua_tostring(L, -1);
    } else if (lua_isstring(L, -1)) {
        text = lua_tostring(L, -1);
        code = "ERR ";
    }
    snprintf(error, FUNCTIONS_TEXT, "Error registering functions: %s%s", code,
             text ? text : "(null)");
}

/* Run the code, which registers the library's functions. */
static bool load_run(struct functions *functions, struct library *library,
                     struct kr_str code, bool hurried,
                     char error[FUNCTIONS_TEXT])
{
    struct engine *engine = functions->engine;
    lua_State *L = engine->L;
    bool done = false;

    engine->must = true; /* what is not protected may not fail */
    if (!engine_compile(L, code, "@user_function", 0)) {
        snprintf(error, FUNCTIONS_TEXT, "Error compiling function: %s",
                 lua_tostring(L, -1));
        goto end;
    }
    load_set_globals(L, true);
    engine->loading = library;
    engine->deadline_ns = hurried ? kr_loop->monotonic_ns() + LOAD_NSEC : 0;
    engine->deadline_text = "FUNCTION LOAD timeout";
    engine->must = false;
    if (lua_pcall(L, 0, 0, 0) != 0)
        load_explain(L, error);
    else if (library->functions.count == 0)
        snprintf(error, FUNCTIONS_TEXT, "No functions registered");
    else
        done = true;
    engine->must = true;
    engine->loading = NULL;
    engine->deadline_ns = 0;
    load_set_globals(L, false);
end:
    lua_settop(L, 0);
    engine->must = false;
    return done;
}

/* May a library of that first line be loaded at all? */
static bool load_allowed(struct shelf *shelf, const struct head *head,
                         bool replace, char error[FUNCTIONS_TEXT])
{
    if (!name_is_right(head->name))
        snprintf(error, FUNCTIONS_TEXT, NAME_RULE);
    else if (!kr_str_equal_nocase(head->engine, KR_STR("lua")))
        snprintf(error, FUNCTIONS_TEXT, "Engine '%.*s' not found",
                 KR_QUOTE(head->engine, FUNCTIONS_TEXT));
    else if (!replace && shelf_library(shelf, head->name))
        snprintf(error, FUNCTIONS_TEXT, "Library '%.*s' already exists",
                 KR_QUOTE(head->name, FUNCTIONS_TEXT));
    else
        return true;
    return false;
}

struct library *functions_load(struct functions *functions, struct shelf *shelf,
                               struct kr_str source, bool replace, bool hurried,
                               char error[FUNCTIONS_TEXT])
{
    const struct function *clash;
    struct library *library;
    struct library *old;
    struct shelf replaced = {.self = functions->shelf.self};
    struct head head;

    if (!head_read(source, &head, error) ||
        !load_allowed(shelf, &head, replace, error))
        return NULL;
    if (!functions_open(functions)) {
        snprintf(error, FUNCTIONS_TEXT, "no Lua state can be made");
        return NULL;
    }
    library = library_new(functions->shelf.self, head.name, source);
    if (!load_run(functions, library, head.code, hurried, error))
        goto refuse;
    old = shelf_library(shelf, head.name);
    if (old)
        shelf_put(&replaced, old);
    clash = shelf_clash(shelf, library, &replaced);
    shelf_fini(&replaced);
    if (clash) {
        snprintf(error, FUNCTIONS_TEXT, "Function %.*s already exists",
                 KR_QUOTE(clash->name, FUNCTIONS_TEXT));
        goto refuse;
    }
    if (old)
        functions_drop(functions, shelf, old);
    shelf_put(shelf, library);
    return library;

refuse:
    functions_free(functions, library);
    return NULL;
}

bool functions_copy(struct functions *functions, const struct functions *from,
                    char error[FUNCTIONS_TEXT])
{
    for (uint32_t i = 0; i < from->shelf.libraries.count; i++) {
        if (functions_load(functions, &functions->shelf,
                           shelf_at(&from->shelf, i)->source, false, true,
                           error))
            continue;
        functions_clear(functions, &functions->shelf);
        functions_settle(functions);
        return false;
    }
    return true;
}
