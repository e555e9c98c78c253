/* SPDX-License-Identifier: BSD-3-Clause */
#include "field.h"

#include "program.h"

#include <lauxlib.h>
#include <math.h>

struct program *field_program(lua_State *L, const char *function)
{
    struct program *program = engine_of(L)->loading;

    if (!program)
        luaL_error(L, "keyrack.%s can only be called while the file is loaded",
                   function);
    return program;
}

void field_check(lua_State *L, int table, const char *what,
                 const char *const *known)
{
    if (!lua_istable(L, table))
        luaL_error(L, "%s: a table is expected, not a %s", what,
                   luaL_typename(L, table));
    lua_pushnil(L);
    while (lua_next(L, table)) {
        const char *const *name = known;

        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "%s: a field has no name", what);
        while (*name && strcmp(*name, lua_tostring(L, -1)) != 0)
            name++;
        if (!*name)
            luaL_error(L, "%s: unknown field '%s'", what, lua_tostring(L, -1));
    }
}

bool field_push(lua_State *L, int table, const char *name)
{
    table = FIELD_ABSOLUTE(L, table);
    luaL_checkstack(L, 8, "a description that is nested too deeply");
    lua_pushstring(L, name);
    lua_rawget(L, table);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

const char *field_text(lua_State *L, int table, const char *name)
{
    struct program *program = engine_of(L)->loading;
    struct kr_str text;
    const char *copy;

    if (!field_push(L, table, name))
        return NULL;
    if (!lua_isstring(L, -1))
        luaL_error(L, "field '%s': a string is expected, not a %s", name,
                   luaL_typename(L, -1));
    text.data = lua_tolstring(L, -1, &text.size);
    if (memchr(text.data, '\0', text.size))
        luaL_error(L, "field '%s' has a NUL in it", name);
    copy = arena_text(&program->arena, text);
    lua_pop(L, 1);
    return copy;
}

const char *field_text_needed(lua_State *L, int table, const char *what,
                              const char *name)
{
    const char *text = field_text(L, table, name);

    if (!text || !*text)
        luaL_error(L, "%s: field '%s' is missing", what, name);
    return text;
}

int64_t field_int(lua_State *L, int table, const char *name, int64_t otherwise,
                  int64_t min, int64_t max)
{
    double number;

    if (!field_push(L, table, name))
        return otherwise;
    if (!lua_isnumber(L, -1))
        luaL_error(L, "field '%s': a number is expected, not a %s", name,
                   luaL_typename(L, -1));
    number = lua_tonumber(L, -1);
    if (number != floor(number) || number < (double)min || number > (double)max)
        luaL_error(L, "field '%s' is out of its range", name);
    lua_pop(L, 1);
    return number >= 0x1p63 ? INT64_MAX : (int64_t)number;
}

bool field_flag(lua_State *L, int table, const char *name)
{
    bool set;

    if (!field_push(L, table, name))
        return false;
    set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

/* --- Words ------------------------------------------------------------------ */

static uint64_t word_value(lua_State *L, const char *name, struct kr_str word,
                           const struct field_word *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kr_str_equal_nocase(word, kr_cstr(words[i].word)))
            return words[i].value;
    lua_pushlstring(L, word.data, word.size);
    luaL_error(L, "field '%s': unknown word '%s'", name, lua_tostring(L, -1));
    return 0;
}

static uint64_t words_of_text(lua_State *L, const char *name,
                              const struct field_word *words, size_t count)
{
    const char *at = lua_tostring(L, -1);
    uint64_t all = 0;

    while (*(at += strspn(at, " ,"))) {
        size_t size = strcspn(at, " ,");

        all |= word_value(L, name, kr_str(at, size), words, count);
        at += size;
    }
    return all;
}

uint64_t field_words(lua_State *L, int table, const char *name,
                     const struct field_word *words, size_t count)
{
    uint64_t all = 0;

    if (!field_push(L, table, name))
        return 0;
    if (lua_type(L, -1) == LUA_TSTRING) {
        all = words_of_text(L, name, words, count);
    } else if (lua_istable(L, -1)) {
        for (int i = 1;; i++) {
            lua_rawgeti(L, -1, i);
            if (lua_type(L, -1) != LUA_TSTRING)
                break;
            all |= words_of_text(L, name, words, count);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    } else {
        luaL_error(L, "field '%s': words are expected, not a %s", name,
                   luaL_typename(L, -1));
    }
    lua_pop(L, 1);
    return all;
}

/* --- Functions -------------------------------------------------------------- */

int field_function(lua_State *L, int table, const char *name)
{
    if (!field_push(L, table, name))
        return LUA_NOREF;
    if (!lua_isfunction(L, -1))
        luaL_error(L, "field '%s': a function is expected, not a %s", name,
                   luaL_typename(L, -1));
    return program_keep(engine_of(L)->loading, L);
}

int field_function_needed(lua_State *L, int table, const char *what,
                          const char *name)
{
    int function = field_function(L, table, name);

    if (function == LUA_NOREF)
        luaL_error(L, "%s: field '%s' is missing", what, name);
    return function;
}
